//! What names, labels, annotations and finalizers may look like, with the real server's words.
//!
//! Rules of single kinds are not here.

use serde_json::Value;

use crate::failure::Cause;
use crate::meta;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
                         and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with \
                     an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                         alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
                           start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used \
                           for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

pub(crate) fn is_label(text: &str) -> bool {
    let inner = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    text.starts_with(inner) && text.ends_with(inner) && text.chars().all(|it| inner(it) || it == '-')
}

pub(crate) fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_qualified_part(text: &str) -> bool {
    let edge = |it: char| it.is_ascii_alphanumeric();
    text.starts_with(edge) && text.ends_with(edge) && text.chars().all(|it| edge(it) || "-_.".contains(it))
}

/// What is wrong with a DNS label.
pub(crate) fn label_problems(text: &str) -> Vec<String> {
    let long = (text.len() > 63).then(|| "must be no more than 63 characters".to_owned());
    let form = if is_subdomain(text) { "must not contain dots" } else { LABEL };
    long.into_iter().chain((!is_label(text)).then(|| form.to_owned())).collect()
}

/// What is wrong with a DNS subdomain.
pub(crate) fn subdomain_problems(text: &str) -> Vec<String> {
    let long = (text.len() > 253).then(|| "must be no more than 253 characters".to_owned());
    long.into_iter().chain((!is_subdomain(text)).then(|| SUBDOMAIN.to_owned())).collect()
}

/// What is wrong with the name of one path segment.
pub(crate) fn path_segment_problems(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    let found = ['/', '%'].into_iter().filter(|it| text.contains(*it));
    found.map(|it| format!("may not contain '{it}'")).collect()
}

/// The kinds whose names are DNS labels, and those whose names only have to be a path segment.
fn name_problems(kind: &str, name: &str) -> Vec<String> {
    match kind {
        "Namespace" | "Service" => label_problems(name),
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" | "APIService" => {
            path_segment_problems(name)
        }
        "CertificateSigningRequest" => Vec::new(),
        _ => subdomain_problems(name),
    }
}

/// What is wrong with a key of labels or annotations.
pub(crate) fn qualified_problems(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let part = match text.split_once('/') {
        None => text,
        Some((prefix, rest)) => {
            if rest.contains('/') {
                let say = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
                return vec![say.to_owned()];
            }
            if prefix.is_empty() {
                all.push("prefix part must be non-empty".to_owned());
            } else if prefix.len() > 253 {
                all.push("prefix part must be no more than 253 bytes".to_owned());
            } else if !is_subdomain(prefix) {
                all.push(format!("prefix part {SUBDOMAIN}"));
            }
            rest
        }
    };
    if part.is_empty() {
        all.push("name part must be non-empty".to_owned());
    } else if part.len() > 63 {
        all.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_qualified_part(part) {
        all.push(QUALIFIED.to_owned());
    }
    all
}

/// What is wrong with the value of a label.
pub(crate) fn label_value_problem(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 bytes");
    }
    (!text.is_empty() && !is_qualified_part(text)).then_some(LABEL_VALUE)
}

/// Everything that is wrong with the metadata of an object.
pub(crate) fn check(object: &Value, kind: &str) -> Vec<Cause> {
    check_named(object, kind == "CustomResourceDefinition", |name| name_problems(kind, name))
}

/// Everything that is wrong with the metadata of a custom resource, whose finalizers are warned of at most.
pub(crate) fn check_custom(object: &Value, old: Option<&Value>, warnings: &mut Vec<String>) -> Vec<Cause> {
    let before = old.map(meta::finalizers).unwrap_or_default();
    let mut added: Vec<String> =
        meta::finalizers(object).into_iter().filter(|it| !before.contains(it)).collect();
    added.sort();
    for it in added {
        if it.contains('/') || matches!(it.as_str(), "kubernetes" | "orphan" | "foregroundDeletion") {
            continue;
        }
        let path = if it.contains('.') { " including a path (/)" } else { "" };
        warnings.push(format!(
            "metadata.finalizers: \"{it}\": prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other finalizer writers"
        ));
    }
    check_named(object, true, |name| name_problems("", name))
}

/// Everything that is wrong with the metadata of a resource inside of another, whose name is not particular.
pub(crate) fn check_embedded(object: &Value) -> Vec<Cause> {
    check_named(object, true, |name| name_problems("Role", name))
}

fn check_named(object: &Value, is_free: bool, problems_of: impl Fn(&str) -> Vec<String>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let metadata = &object["metadata"];
    let name = meta::name(object);
    let prefix = meta::text(object, "generateName");
    // What is made of a prefix that ends in a dash ends in a letter.
    let made = prefix.strip_suffix('-').map_or_else(|| prefix.to_owned(), |it| format!("{it}a"));
    if !prefix.is_empty() {
        for problem in problems_of(&made) {
            causes.push(Cause::invalid("metadata.generateName", &prefix.into(), &problem));
        }
    }
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    }
    for problem in problems_of(name).iter().filter(|_| !name.is_empty()) {
        causes.push(Cause::invalid("metadata.name", &name.into(), problem));
    }
    if let Some(generation) = metadata["generation"].as_i64().filter(|it| *it < 0) {
        let say = "must be greater than or equal to 0";
        causes.push(Cause::invalid("metadata.generation", &generation.into(), say));
    }
    if let Some(labels) = metadata["labels"].as_object() {
        for (key, value) in labels {
            for problem in qualified_problems(key) {
                causes.push(Cause::invalid("metadata.labels", &key.as_str().into(), &problem));
            }
            if let Some(problem) = value.as_str().and_then(label_value_problem) {
                causes.push(Cause::invalid("metadata.labels", value, problem));
            }
        }
    }
    if let Some(annotations) = metadata["annotations"].as_object() {
        for key in annotations.keys() {
            for problem in qualified_problems(&key.to_lowercase()) {
                causes.push(Cause::invalid("metadata.annotations", &key.as_str().into(), &problem));
            }
        }
    }
    causes.extend(crate::owners::check(object));
    for (index, finalizer) in meta::finalizers(object).iter().enumerate() {
        let value = Value::from(finalizer.as_str());
        for problem in qualified_problems(finalizer) {
            causes.push(Cause::invalid("metadata.finalizers", &value, &problem));
        }
        if !is_free
            && !finalizer.contains('/')
            && !matches!(finalizer.as_str(), "kubernetes" | "orphan" | "foregroundDeletion")
        {
            let say = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid(format!("metadata.finalizers[{index}]"), &value, say));
        }
    }
    causes.extend(crate::owners::check_finalizers(object));
    causes
}
