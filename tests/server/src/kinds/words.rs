//! Forms of text that only a few kinds know (wild cards, domain paths, shares), and reading members of JSON.
//!
//! The common forms are in `formats`.

use serde_json::{Map, Value};

use super::causes::{At, Causes};
use crate::names;

const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of \
                        lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', \
                        regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used \
                       for validation is '[0-9]+%')";
const DOMAIN_PATH: &str = "must be a domain-prefixed path (such as \"acme.io/foo\")";
const PATH: &str = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";

/// The complaint about a change of what stays.
pub(crate) const IMMUTABLE: &str = "field is immutable";

/// What has members: any value, and the members of an object.
pub(crate) trait Members {
    /// A member, or null.
    fn member(&self, key: &str) -> &Value;
}

static NULL: Value = Value::Null;

impl Members for Value {
    fn member(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NULL)
    }
}

impl Members for Map<String, Value> {
    fn member(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NULL)
    }
}

/// A member that is text; empty where there is none.
pub(crate) fn text<'a>(of: &'a impl Members, key: &str) -> &'a str {
    of.member(key).as_str().unwrap_or_default()
}

/// The items of a member that is a list.
pub(crate) fn items<'a>(of: &'a impl Members, key: &str) -> &'a [Value] {
    of.member(key).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a member that is a list of text.
pub(crate) fn texts<'a>(of: &'a impl Members, key: &str) -> Vec<&'a str> {
    items(of, key).iter().filter_map(Value::as_str).collect()
}

/// Whether a member is absent, null or empty.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(it) => it.is_empty(),
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
        _ => false,
    }
}

/// Takes a member away.
pub(crate) fn drop_member(value: &mut Value, key: &str) {
    if let Some(all) = value.as_object_mut() {
        all.remove(key);
    }
}

/// `*.` and a DNS name.
pub(crate) fn wildcard_problems(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    if text.len() > 253 {
        all.push("must be no more than 253 characters".to_owned());
    }
    if !text.strip_prefix("*.").is_some_and(|it| names::subdomain_problems(it).is_empty()) {
        all.push(WILDCARD.to_owned());
    }
    all
}

/// `25%`.
pub(crate) fn percent_problem(text: &str) -> Option<&'static str> {
    let digits = text.strip_suffix('%').unwrap_or_default();
    (digits.is_empty() || !digits.chars().all(|it| it.is_ascii_digit())).then_some(PERCENT)
}

/// A DNS name, a slash and a path: `example.com/ingress`.
pub(crate) fn check_domain_path(text: &str, at: &At, causes: &mut Causes) {
    if text.is_empty() {
        return causes.required(at, "");
    }
    let parts = text.split_once('/').filter(|(domain, path)| !domain.is_empty() && !path.is_empty());
    let Some((domain, path)) = parts else { return causes.invalid(at, text, DOMAIN_PATH) };
    for problem in names::subdomain_problems(domain) {
        causes.invalid(at, domain, &problem);
    }
    if !path.chars().all(|it| it.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:".contains(it)) {
        causes.invalid(at, path, PATH);
    }
}

/// One of a few words; anything else is a cause.
pub(crate) fn check_word(value: &Value, at: &At, supported: &[&str], causes: &mut Causes) {
    if let Some(text) = value.as_str().filter(|it| !supported.contains(it)) {
        causes.unsupported(at, text, supported);
    }
}

/// Text that has to fit a form.
pub(crate) fn check_form(text: &str, at: &At, form: fn(&str) -> Vec<String>, causes: &mut Causes) {
    for problem in form(text) {
        causes.invalid(at, text, &problem);
    }
}

/// A member that is what it was.
pub(crate) fn check_same(new: &Value, old: &Value, at: &At, causes: &mut Causes) {
    if new != old {
        causes.invalid(at, new.clone(), IMMUTABLE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_words() {
        assert!(wildcard_problems("*.example.com").is_empty());
        assert_eq!(wildcard_problems("*.*.example.com"), [WILDCARD]);
        assert_eq!(
            (percent_problem("5%"), percent_problem("5"), percent_problem("%")),
            (None, Some(PERCENT), Some(PERCENT))
        );
        let mut causes = Causes::default();
        check_domain_path("ingress", &At::new("spec.controller"), &mut causes);
        check_domain_path("example.com/ingress", &At::new("spec.controller"), &mut causes);
        assert_eq!(causes.0.len(), 1);
    }
}
