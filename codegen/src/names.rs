//! Names: splitting into words, snake_case, PascalCase, keywords. Knows rules and the tables it is given, and no
//! name of the API.

use std::collections::{BTreeMap, BTreeSet};

use crate::spec::tables::Words;

/// The strict and reserved keywords of Rust, and those that no raw identifier can stand for.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield", "Self",
];

/// Appends `_` to what cannot stand as an identifier.
pub(crate) fn keyword_safe(name: String) -> String {
    if KEYWORDS.contains(&name.as_str()) { name + "_" } else { name }
}

/// Appends `_` to what cannot be the name of a module and its file: keywords, and what Windows takes for a device.
pub(crate) fn file_safe(name: String) -> String {
    if is_device(&name) { name + "_" } else { keyword_safe(name) }
}

/// Whether Windows takes a file of this name, whatever its ending, for a device.
fn is_device(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_port = |stem: &str| {
        name.strip_prefix(stem)
            .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    ["con", "prn", "aux", "nul"].contains(&name.as_str()) || is_port("com") || is_port("lpt")
}

/// Names that are taken, and how far each was counted on, so that a thousand equal names cost no million questions.
#[derive(Default)]
pub(crate) struct Taken {
    names: BTreeSet<String>,
    counts: BTreeMap<String, usize>,
}

impl Taken {
    /// Takes names that nothing may get.
    pub(crate) fn reserving(names: &[&str]) -> Taken {
        Taken { names: names.iter().map(|name| (*name).to_owned()).collect(), counts: BTreeMap::new() }
    }

    /// The name itself, or the first of `name2`, `name3` … that is free; `gap` stands before the number.
    pub(crate) fn take(&mut self, first: &str, gap: &str) -> String {
        let mut name = first.to_owned();
        let count = self.counts.entry(name.clone()).or_insert(1);
        while !self.names.insert(name.clone()) {
            *count += 1;
            name = format!("{first}{gap}{count}");
        }
        name
    }
}

/// Whether the text is a plain identifier that can be written into code as it is.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text != "_"
        && !KEYWORDS.contains(&text)
}

/// Splits a name at its humps: `podIPs` is `pod`, `IPs` and `HTTPGetAction` is `HTTP`, `Get`, `Action`.
pub(crate) fn words(name: &str, table: &Words) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut rest = part;
        while !rest.is_empty() {
            let length = word_length(rest, table);
            words.push(rest[..length].to_owned());
            rest = &rest[length..];
        }
    }
    words
}

/// The length of the first word of a text of ASCII letters and digits.
fn word_length(text: &str, table: &Words) -> usize {
    let bytes = text.as_bytes();
    let ends = |at: usize| bytes.get(at).is_none_or(|byte| !byte.is_ascii_lowercase());
    let acronym = table
        .plural_acronyms
        .iter()
        .find(|acronym| text.starts_with(acronym.as_str()) && ends(acronym.len()));
    if let Some(acronym) = acronym {
        return acronym.len();
    }
    let upper = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let after = bytes[upper..].iter().take_while(|byte| !byte.is_ascii_uppercase()).count();
    match upper {
        0 | 1 => upper + after,
        // The last capital of a run opens the next word, unless digits or nothing follow.
        _ if bytes.get(upper).is_some_and(u8::is_ascii_lowercase) => upper - 1,
        _ => upper + after,
    }
}

/// `podIPs` -> `pod_ips`.
pub(crate) fn snake(name: &str, table: &Words) -> String {
    words(name, table).join("_").to_ascii_lowercase()
}

/// Whether a snake_case name has a piece like `ps` in `pod_i_ps`: a plural acronym that the table does not know.
pub(crate) fn looks_torn(snake: &str) -> bool {
    snake
        .split('_')
        .skip(1)
        .any(|piece| piece.len() == 2 && piece.ends_with('s') && !WORDS_IN_S.contains(&piece))
}

/// Two-letter words that end in s and are no torn plural.
const WORDS_IN_S: [&str; 10] = ["as", "is", "us", "fs", "os", "gs", "ds", "ns", "vs", "ms"];

/// `dnsPolicy` -> `DNSPolicy`, `cert sign` -> `CertSign`.
pub(crate) fn pascal(name: &str, table: &Words) -> String {
    let mut pascal = String::new();
    for word in words(name, table) {
        if table.acronyms.contains(&word) {
            pascal.push_str(&word.to_ascii_uppercase());
            continue;
        }
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            pascal.push(first.to_ascii_uppercase());
            pascal.push_str(letters.as_str());
        }
    }
    pascal
}

/// A name in PascalCase that can begin the name of a type, whatever it is made of: `é` -> `Value`, `1st` -> `V1st`.
pub(crate) fn type_word(name: &str, table: &Words) -> String {
    let mut word = pascal(name, table);
    if word.is_empty() {
        word.push_str("Value");
    }
    if word.starts_with(|first: char| first.is_ascii_digit()) {
        word.insert(0, 'V');
    }
    word
}

/// `accessModes` -> `accessMode`, `ipFamilies` -> `ipFamily`, `statuses` -> `status`.
pub(crate) fn singular(plural: &str) -> String {
    if let Some(stem) = plural.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for ending in ["sses", "uses", "xes", "ches"] {
        if plural.ends_with(ending) {
            return plural[..plural.len() - 2].to_owned();
        }
    }
    plural.strip_suffix('s').unwrap_or(plural).to_owned()
}

/// The plural of a kind, spelled with the kind's capitals: `NetworkPolicy`, `networkpolicies` -> `NetworkPolicies`.
pub(crate) fn plural(kind: &str, resource: &str) -> String {
    let plain: String = resource.chars().filter(|letter| *letter != '-').collect();
    let same = kind.bytes().zip(plain.bytes()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    if same == 0 {
        return pascal(resource, &Words::default());
    }
    format!("{}{}", &kind[..same], &plain[same..])
}

/// The table with each acronym that a name ends in an s: `publicACLs` has `ACLs`. For names that nobody looks over.
pub(crate) fn with_plural_acronyms(name: &str, table: &Words) -> Words {
    let mut table = table.clone();
    let bytes = name.as_bytes();
    for (end, _) in name.match_indices('s') {
        let is_end = bytes.get(end + 1).is_none_or(|byte| !byte.is_ascii_lowercase());
        let capitals = name[..end].bytes().rev().take_while(u8::is_ascii_uppercase).count();
        if is_end && capitals >= 2 {
            table.plural_acronyms.push(name[end - capitals..=end].to_owned());
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Words {
        Words {
            plural_acronyms: ["CIDRs", "IPs", "URLs", "WWNs"].map(String::from).to_vec(),
            acronyms: vec!["dns".to_owned()],
        }
    }

    #[test]
    fn names_become_snake_case() {
        let cases = [
            ("podIPs", "pod_ips"),
            ("clusterIPs", "cluster_ips"),
            ("hostIP", "host_ip"),
            ("nonResourceURLs", "non_resource_urls"),
            ("serverAddressByClientCIDRs", "server_address_by_client_cidrs"),
            ("ServiceCIDRs", "service_cidrs"),
            ("awsElasticBlockStore", "aws_elastic_block_store"),
            ("insecureSkipTLSVerify", "insecure_skip_tls_verify"),
            ("targetCPUUtilizationPercentage", "target_cpu_utilization_percentage"),
            ("targetWWNs", "target_wwns"),
            ("x-kubernetes-list-type", "x_kubernetes_list_type"),
            ("fieldsV1", "fields_v1"),
            ("HTTPGetAction", "http_get_action"),
            ("CSIDrivers", "csi_drivers"),
            ("Port", "port"),
        ];
        for (name, expected) in cases {
            assert_eq!(snake(name, &table()), expected, "{name}");
            assert!(!looks_torn(expected), "{expected}");
        }
        assert!(
            looks_torn(&snake("nodeVIPs", &Words::default())),
            "{}",
            snake("nodeVIPs", &Words::default())
        );
    }

    #[test]
    fn acronyms_are_told_by_their_s_where_nobody_looks_over_the_names() {
        for (name, expected) in
            [("publicACLs", "public_acls"), ("apiVIPsOnly", "api_vips_only"), ("étéVIPs", "t_vips")]
        {
            assert_eq!(snake(name, &with_plural_acronyms(name, &table())), expected);
        }
    }

    #[test]
    fn modules_are_called_as_every_system_can_have_them() {
        for (name, expected) in
            [("con", "con_"), ("com1", "com1_"), ("type", "type_"), ("comx", "comx"), ("v1", "v1")]
        {
            assert_eq!(file_safe(name.to_owned()), expected);
        }
    }

    #[test]
    fn names_become_pascal_case() {
        let cases = [
            ("dnsPolicy", "DNSPolicy"),
            ("cert sign", "CertSign"),
            ("s/mime", "SMime"),
            ("Recreate", "Recreate"),
        ];
        for (name, expected) in cases {
            assert_eq!(pascal(name, &table()), expected, "{name}");
        }
    }

    #[test]
    fn plurals_keep_the_kinds_capitals() {
        let cases = [
            ("NetworkPolicy", "networkpolicies", "NetworkPolicies"),
            ("Endpoints", "endpoints", "Endpoints"),
            ("CSIDriver", "csidrivers", "CSIDrivers"),
            ("PodMetrics", "pods", "Pods"),
            ("Thing", "widgets", "Widgets"),
            ("IptablesDnatRule", "iptables-dnat-rules", "IptablesDnatRules"),
            ("X", "bgp-confs", "BgpConfs"),
        ];
        for (kind, resource, expected) in cases {
            assert_eq!(plural(kind, resource), expected);
        }
        let cases =
            [("accessModes", "accessMode"), ("ipFamilies", "ipFamily"), ("statuses", "status"), ("x", "x")];
        for (many, one) in cases {
            assert_eq!(singular(many), one);
        }
    }
}
