//! The variants of an open enum: a name for each value, whatever it holds, and what the description says about it.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Place, Report};
use crate::ir::Variant;
use crate::names;

/// The known values as variants. `""` is none: an absent string is `Other("")`.
pub(super) fn variants(
    place: &Place,
    description: &str,
    values: &[String],
    report: &mut Report,
) -> Vec<Variant> {
    let documented = documented_values(description);
    let mut variants: Vec<Variant> = Vec::new();
    let (mut known, mut taken) = (BTreeSet::new(), names::Taken::reserving(&["Other", "Self"]));
    for value in values {
        if value.is_empty() || !known.insert(value) {
            continue;
        }
        let first = variant_name(value);
        // `V1` and a count of 2 would read as `V12`.
        let gap = if first.ends_with(|last: char| last.is_ascii_digit()) { "_" } else { "" };
        let name = taken.take(&first, gap);
        if !names::is_identifier(&name) {
            report.error(
                Code::BadName,
                place,
                format!("the value `{}` has no Rust name", value.escape_default()),
                "",
            );
            continue;
        }
        let docs = documented.get(value.as_str()).map(|docs| vec![sentence(value, docs)]).unwrap_or_default();
        variants.push(Variant { name, value: value.clone(), docs });
    }
    variants
}

/// Upstream goes on after the value (`"Always"` means that …) or begins anew.
fn sentence(value: &str, docs: &str) -> String {
    match docs.strip_prefix("- ") {
        Some(docs) => format!("`{value}`: {docs}"),
        None if docs.starts_with(char::is_lowercase) && !value.contains('`') => format!("`{value}` {docs}"),
        None => docs.to_owned(),
    }
}

/// Letters of a value that its name is made of.
const LONGEST: usize = 100;

/// `cert sign` -> `CertSign`, `*` -> `All`, `301` -> `V301`, `-1` -> `Minus1`, `!=` -> `NotEquals`.
fn variant_name(value: &str) -> String {
    let mut spelled = String::new();
    let mut letters = value.chars().take(LONGEST).peekable();
    while let Some(letter) = letters.next() {
        let is_number_next = letters.peek().is_some_and(char::is_ascii_digit);
        let word = match letter {
            _ if letter.is_ascii_alphanumeric() => {
                spelled.push(letter);
                continue;
            }
            '*' => "All",
            '=' => "Equals",
            '!' => "Not",
            '<' => "Less",
            '>' => "Greater",
            '~' => "Tilde",
            '&' => "And",
            '|' => "Or",
            '%' => "Percent",
            '-' if spelled.is_empty() && is_number_next => "Minus",
            _ => "",
        };
        spelled.push(' ');
        spelled.push_str(word);
        spelled.push(' ');
    }
    names::type_word(spelled.trim(), &Default::default())
}

const SECTION: &str = "Possible enum values:";

/// A description without the section about values, which stands at the variants.
pub(super) fn prose(description: &str) -> &str {
    description.find(SECTION).map_or(description, |at| description[..at].trim_end())
}

/// What the description says about each value: lines of the form `` - `"Always"` means … ``.
fn documented_values(description: &str) -> BTreeMap<&str, &str> {
    let section = description.find(SECTION).map_or("", |at| &description[at + SECTION.len()..]);
    let lines = section.split("\n - `\"").skip(1);
    let values = lines.filter_map(|line| line.split_once("\"`"));
    values.map(|(value, docs)| (value, docs.trim())).filter(|(_, docs)| !docs.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_variants() {
        let cases = [
            ("Recreate", "Recreate"),
            ("cert sign", "CertSign"),
            ("*", "All"),
            ("301", "V301"),
            ("-1", "Minus1"),
            ("a-1", "A1"),
            ("!=", "NotEquals"),
            ("SIGRTMIN+1", "SIGRTMIN1"),
            ("IPv4", "IPv4"),
            ("-", "Value"),
            ("kubernetes.io/tls", "KubernetesIoTls"),
            ("null", "Null"),
            ("größe", "GrE"),
        ];
        for (value, name) in cases {
            assert_eq!(variant_name(value), name, "{value}");
        }
    }

    #[test]
    fn values_that_spell_the_same_are_numbered() {
        let values =
            ["replace", "Replace", "", "1", "v1", "Other", "replace", "日本", "-"].map(str::to_owned);
        let mut report = Report::default();
        let variants = variants(&Place::default(), "", &values, &mut report);
        let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!(names, ["Replace", "Replace2", "V1", "V1_2", "Other2", "Value", "Value2"]);
        assert!(!report.has_errors());
    }

    #[test]
    fn descriptions_tell_about_values() {
        let text =
            "What to do.\n\nPossible enum values:\n - `\"A\"` is first.\n - `\"B\"`\n - `\"C\"` - last";
        assert_eq!(prose(text), "What to do.");
        assert_eq!(documented_values(text), [("A", "is first."), ("C", "- last")].into());
    }
}
