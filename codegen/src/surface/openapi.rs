//! OpenAPI v3 documents to a surface: verbs by path, schemas by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Field, Schema, Surface, members, required};
use crate::Source;
use crate::diag::Place;

/// How new a document is: servers write their version into it, the module's files do not.
type Rank = (u32, u32);

impl Surface {
    pub(super) fn add_documents(&mut self, documents: &[(&Source, Value)]) {
        // The same schema (ObjectMeta, say) stands in many documents, and in older ones an older form of it.
        let mut origin: BTreeMap<&String, Rank> = BTreeMap::new();
        for (source, document) in documents {
            let file = source.name.rsplit(['/', '\\']).next().unwrap_or(&source.name);
            let name = file.trim_end_matches(".json").to_owned();
            self.versions.insert(name, Place::new(&source.name, ""));
            for (path, item) in members(document.get("paths")) {
                let verbs = ["get", "put", "post", "delete", "patch", "head", "options"];
                for verb in verbs.into_iter().filter(|verb| item.get(verb).is_some()) {
                    self.verbs.insert(format!("{} {path}", verb.to_uppercase()));
                }
            }
            let rank = rank(document);
            let schemas = document.get("components").and_then(|components| components.get("schemas"));
            for (schema, value) in members(schemas) {
                if origin.get(schema).is_none_or(|known| *known < rank) {
                    origin.insert(schema, rank);
                    self.schemas.insert(schema.clone(), of(value));
                }
            }
        }
    }
}

fn rank(document: &Value) -> Rank {
    let version = document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default();
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

fn of(value: &Value) -> Schema {
    let kinds = value.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
    let kind = match kinds.map(Vec::as_slice) {
        Some([one]) => {
            let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
            let (group, version) = (text("group"), text("version"));
            let slash = if group.is_empty() { "" } else { "/" };
            Some(format!("{group}{slash}{version} {}", text("kind")))
        }
        _ => None,
    };
    let required = required(value);
    let fields = members(value.get("properties"))
        .map(|(name, field)| {
            // A default in a document tells what the server fills in, and changes no generated type.
            (name.clone(), Field { required: required.contains(name.as_str()), ..Field::of(field) })
        })
        .collect();
    Schema { kind, form: Field::of(value), fields }
}
