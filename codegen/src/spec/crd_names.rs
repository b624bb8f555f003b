//! The names of a CustomResourceDefinition by the rules of the server that takes it: DNS names all of them, so that
//! whatever becomes a path or a part of a URL is harmless. Knows nothing of Rust; the passes judge names for that.

use serde_json::Value;

use super::cursor::Cursor;
use crate::diag::{Code, Report};

/// Reports each name that a server would not take.
pub(crate) fn check(root: &Cursor<'_>, report: &mut Report) {
    let mut names = Names { report };
    let Some(spec) = root.get("spec") else { return };
    if let Some(group) = spec.get("group") {
        names.name(&group, "an API group", is_subdomain, "groups are lower-case DNS names: `example.com`");
    }
    if let Some(given) = spec.get("names") {
        const LABEL: &str = "it is a lower-case DNS label: `widgets`, at most 63 letters, digits and dashes";
        const KIND: &str = "it has letters, digits and dashes, begins with a letter and has at most 63";
        for (key, what) in [("plural", "a plural"), ("singular", "a singular")] {
            // An empty one is as good as none, and the plural is asked for elsewhere.
            if let Some(name) = given.get(key).filter(|name| name.value.as_str() != Some("")) {
                names.name(&name, what, is_label, LABEL);
            }
        }
        for key in ["kind", "listKind"] {
            if let Some(name) = given.get(key).filter(|name| name.value.as_str() != Some("")) {
                names.name(&name, "a kind", |text| is_label(&text.to_ascii_lowercase()), KIND);
            }
        }
        for (key, what) in [("shortNames", "a short name"), ("categories", "a category")] {
            let Some(list) = given.get(key) else { continue };
            for (index, item) in list.value.as_array().into_iter().flatten().enumerate() {
                names.name(&list.index(index, item), what, is_label, LABEL);
            }
        }
    }
    if let Some(versions) = spec.get("versions") {
        for (index, version) in versions.value.as_array().into_iter().flatten().enumerate() {
            if let Some(name) = versions.index(index, version).get("name") {
                names.name(&name, "a version", is_label, "versions are DNS labels: `v1`, `v1alpha1`");
            }
        }
    }
}

struct Names<'a> {
    report: &'a mut Report,
}

impl Names<'_> {
    fn name(&mut self, at: &Cursor<'_>, what: &str, is_fine: impl Fn(&str) -> bool, help: &str) {
        // What is no text is reported by who reads it.
        let Value::String(text) = at.value else { return };
        if !is_fine(text) {
            let what = format!("`{}` cannot be {what}: a server would refuse it", text.escape_debug());
            self.report.error(Code::BadPath, &at.place(), what, help);
        }
    }
}

/// A DNS label (RFC 1035).
fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A DNS name (RFC 1123).
fn is_subdomain(text: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        part.bytes().next().is_some_and(is_plain)
            && part.bytes().next_back().is_some_and(is_plain)
            && part.bytes().all(|byte| is_plain(byte) || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_a_server_does() {
        for (text, label, subdomain) in [
            ("v1", true, true),
            ("a-b", true, true),
            ("1a", false, true),
            ("a.b", false, true),
            ("a..b", false, false),
            ("-a", false, false),
            ("a-", false, false),
            ("A", false, false),
            ("", false, false),
            ("é", false, false),
            ("a/b", false, false),
        ] {
            assert_eq!((is_label(text), is_subdomain(text)), (label, subdomain), "{text:?}");
        }
        assert!(is_label(&"a".repeat(63)) && !is_label(&"a".repeat(64)));
        assert!(!is_subdomain(&"a.".repeat(127)) && !is_subdomain(&format!("{}a", "a.".repeat(127))));
    }
}
