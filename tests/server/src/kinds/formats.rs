//! What text in built-in objects may look like, by the name of the format, with the real server's words.
//!
//! Names of objects, labels and annotations are judged in `names`; what it knows is used here.

use serde_json::Value;

use super::causes::{At, Causes};
use crate::names;

type Judge = fn(&str) -> Vec<String>;

const FORMATS: &[(&str, Judge)] = &[
    ("config-key", config_key),
    ("csi-driver", csi_driver),
    ("dns-label", names::label_problems),
    ("dns-subdomain", names::subdomain_problems),
    ("dns-search", dns_search),
    ("dns1035-label", dns1035_label),
    ("env-name", env_name),
    ("http-header", http_header),
    ("ip", ip),
    ("label-value", |it| names::label_value_problem(it).map(str::to_owned).into_iter().collect()),
    ("path", no_backsteps),
    ("path-below", path_below),
    ("path-below-visible", path_below_visible),
    ("path-absolute", path_absolute),
    ("port-name", port_name),
    ("qualified-name", names::qualified_problems),
];

#[cfg(test)]
pub(super) fn is_known(format: &str) -> bool {
    FORMATS.iter().any(|(name, _)| *name == format)
}

/// What is wrong with text of this format.
pub(crate) fn problems(format: &str, text: &str) -> Vec<String> {
    FORMATS.iter().find(|(name, _)| *name == format).map(|(_, judge)| judge(text)).unwrap_or_default()
}

/// The keys and values of labels.
pub(crate) fn labels(value: &Value, at: &At, causes: &mut Causes) {
    for (key, value) in value.as_object().into_iter().flatten() {
        for problem in names::qualified_problems(key) {
            causes.invalid(at, key.as_str(), &problem);
        }
        if let Some(problem) = value.as_str().and_then(names::label_value_problem) {
            causes.invalid(at, value.clone(), problem);
        }
    }
}

/// The keys of annotations.
pub(crate) fn annotations(value: &Value, at: &At, causes: &mut Causes) {
    for key in value.as_object().into_iter().flatten().map(|(key, _)| key) {
        for problem in names::qualified_problems(&key.to_lowercase()) {
            causes.invalid(at, key.as_str(), &problem);
        }
    }
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} characters"))
}

pub(crate) fn dns1035_label(text: &str) -> Vec<String> {
    const SAY: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, \
                       and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
                       '[a-z]([-a-z0-9]*[a-z0-9])?')";
    let fits = text.starts_with(|it: char| it.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    too_long(text, 63).into_iter().chain((!fits).then(|| SAY.to_owned())).collect()
}

/// The name of a port of a container or a service.
pub(crate) fn port_name(text: &str) -> Vec<String> {
    let mut all: Vec<String> = too_long(text, 15).into_iter().collect();
    let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    if !text.chars().all(allowed) {
        all.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !text.chars().any(|it| it.is_ascii_lowercase()) {
        all.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        all.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        all.push("must not begin or end with a hyphen".to_owned());
    }
    all
}

fn env_name(text: &str) -> Vec<String> {
    let fits = !text.is_empty() && text.chars().all(|it| (' '..='~').contains(&it) && it != '=');
    if fits {
        return Vec::new();
    }
    vec![
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
            .to_owned(),
    ]
}

/// A key of a ConfigMap or Secret.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut all: Vec<String> = too_long(text, 253).into_iter().collect();
    if text.is_empty() || !text.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it)) {
        all.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or \
             'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match text {
        "." => all.push("must not be '.'".to_owned()),
        ".." => all.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => all.push("must not start with '..'".to_owned()),
        _ => {}
    }
    all
}

fn csi_driver(text: &str) -> Vec<String> {
    too_long(text, 63).into_iter().chain(names::subdomain_problems(&text.to_lowercase())).collect()
}

/// A domain to search in, which may have underscores and a dot at its end.
fn dns_search(text: &str) -> Vec<String> {
    const SAY: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and \
                       end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                       '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
    let inner = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let part = |it: &str| {
        let it = it.strip_prefix('_').unwrap_or(it);
        it.starts_with(inner) && it.ends_with(inner) && it.chars().all(|it| inner(it) || "-_".contains(it))
    };
    if text == "." || text.strip_suffix('.').unwrap_or(text).split('.').all(part) {
        return Vec::new();
    }
    vec![SAY.to_owned()]
}

fn http_header(text: &str) -> Vec<String> {
    if !text.is_empty() && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '-') {
        return Vec::new();
    }
    vec![
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is \
         '[-A-Za-z0-9]+')"
            .to_owned(),
    ]
}

fn ip(text: &str) -> Vec<String> {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return Vec::new();
    }
    vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()]
}

fn no_backsteps(text: &str) -> Vec<String> {
    let leaves = text.split('/').any(|it| it == "..");
    leaves.then(|| "must not contain '..'".to_owned()).into_iter().collect()
}

/// A path below another.
pub(crate) fn path_below(text: &str) -> Vec<String> {
    let absolute = text.starts_with('/').then(|| "must be a relative path".to_owned());
    absolute.into_iter().chain(no_backsteps(text)).collect()
}

/// A path below another whose name the kubelet does not keep for itself.
fn path_below_visible(text: &str) -> Vec<String> {
    let mut all = path_below(text);
    if text.starts_with("..") && !text.starts_with("../") {
        all.push("must not start with '..'".to_owned());
    }
    all
}

fn path_absolute(text: &str) -> Vec<String> {
    (!text.starts_with('/')).then(|| "must be an absolute path".to_owned()).into_iter().collect()
}
