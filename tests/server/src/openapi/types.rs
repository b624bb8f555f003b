//! The types and query parameters of the built-in documents, from `data/openapi.gz`: a line each, a name and JSON.
//!
//! `data/schemas.tsv` has the same types without their words, for the server's own use; this is for those who read documents.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use serde_json::Value;

const PREFIX: &str = "#/components/schemas/";

/// Unpacked when a document is first asked for.
fn lines() -> &'static BTreeMap<&'static str, &'static str> {
    static TEXT: OnceLock<String> = OnceLock::new();
    static LINES: OnceLock<BTreeMap<&'static str, &'static str>> = OnceLock::new();
    LINES.get_or_init(|| {
        let text = TEXT.get_or_init(|| {
            let mut text = String::new();
            let mut packed = GzDecoder::new(&include_bytes!("../../data/openapi.gz")[..]);
            // The table is part of the program; the tests read it.
            let _ = packed.read_to_string(&mut text);
            text
        });
        text.lines().filter_map(|line| line.split_once('\t')).collect()
    })
}

fn read(name: &str) -> Option<Value> {
    serde_json::from_str(lines().get(name)?).ok()
}

/// A type by its name.
pub(super) fn named(name: &str) -> Option<Value> {
    read(name)
}

/// A query parameter by its name.
pub(super) fn parameter(name: &str) -> Option<Value> {
    read(&format!("?{name}"))
}

/// The names of the types of a group and version: `(group, version, kind)` to name.
pub(super) fn of_kind(group: &str, version: &str, kind: &str) -> Option<String> {
    type Kinds = BTreeMap<(String, String, String), &'static str>;
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let mut kinds = Kinds::new();
        let marked = lines().iter().filter(|(_, line)| line.contains("\"x-kubernetes-group-version-kind\""));
        for (&name, line) in marked {
            let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
            for it in value["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
                let part = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
                kinds.entry((part("group"), part("version"), part("kind"))).or_insert(name);
            }
        }
        kinds
    });
    kinds.get(&(group.to_owned(), version.to_owned(), kind.to_owned())).map(|it| (*it).to_owned())
}

/// Adds the names that a value refers to.
pub(super) fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(all) => {
            for (key, inner) in all {
                match inner.as_str().and_then(|it| it.strip_prefix(PREFIX)) {
                    Some(name) if key == "$ref" => {
                        found.insert(name.to_owned());
                    }
                    _ => references(inner, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|it| references(it, found)),
        _ => {}
    }
}

/// A reference to a type.
pub(super) fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("{PREFIX}{name}") })
}
