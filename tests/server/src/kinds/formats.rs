//! What text in built-in objects may look like, by the name of the format, with the real server's words.
//!
//! Names of objects, labels and annotations are judged in `names`; what it knows is used here.

use serde_json::Value;

use super::causes::{At, Causes};
use crate::names;

type Judge = fn(&str) -> Vec<String>;

const FORMATS: &[(&str, Judge)] = &[
    ("dns-label", names::label_problems),
    ("dns-subdomain", names::subdomain_problems),
    ("dns1035-label", dns1035_label),
    ("qualified-name", names::qualified_problems),
    ("label-value", |it| names::label_value_problem(it).map(str::to_owned).into_iter().collect()),
    ("port-name", port_name),
    ("env-name", env_name),
    ("config-key", config_key),
    ("uuid", |_| Vec::new()),
];

pub(crate) fn is_known(format: &str) -> bool {
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
    let mut all: Vec<String> =
        (text.len() > 15).then(|| "must be no more than 15 characters".to_owned()).into_iter().collect();
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
