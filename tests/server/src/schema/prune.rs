//! Removing what a schema does not know, and naming it.
//!
//! It removes and reports; whether that is an error, a warning or nothing is the caller's to say.

use std::sync::Arc;

use serde_json::Value;

use super::{Schema, builtin};

/// Drops unknown members in place and returns their paths: those of the schema by name, then those of embedded metadata.
pub(crate) fn prune(value: &mut Value, schema: &Arc<Schema>) -> Vec<String> {
    let mut found = Found::default();
    walk(value, schema, "", false, &mut found);
    if schema.resolved().custom {
        found.unknown.sort();
    }
    found.unknown.extend(found.in_metadata);
    found.unknown
}

#[derive(Default)]
struct Found {
    unknown: Vec<String>,
    in_metadata: Vec<String>,
}

/// `open`: what is around preserves what it does not know.
fn walk(value: &mut Value, schema: &Arc<Schema>, path: &str, open: bool, found: &mut Found) {
    let schema = schema.resolved();
    // A built-in type without members is an opaque one (raw JSON, FieldsV1); in a CRD it is an empty object.
    let open = open || schema.preserve_unknown || (!schema.custom && schema.is_opaque());
    match value {
        Value::Object(all) => {
            let names: Vec<String> = all.keys().cloned().collect();
            for name in names {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let Some(inner) = all.get_mut(&name) else { continue };
                if schema.embedded && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
                    if let (Some(meta), "metadata") = (builtin::named(builtin::OBJECT_META), name.as_str()) {
                        let mut inside = Found::default();
                        walk(inner, &meta, &at, false, &mut inside);
                        found.in_metadata.extend(inside.unknown);
                    }
                    continue;
                }
                match schema.properties.get(&name).or(schema.additional.as_ref()) {
                    Some(it) => walk(inner, it, &at, false, found),
                    None if open => {}
                    None => {
                        all.remove(&name);
                        found.unknown.push(at);
                    }
                }
            }
        }
        Value::Array(items) => {
            let nothing = || (schema.custom && !open).then(|| Arc::new(Schema::nothing()));
            if let Some(inner) = schema.items.clone().or_else(nothing) {
                for (index, item) in items.iter_mut().enumerate() {
                    let open = open && schema.custom;
                    walk(item, &inner, &format!("{path}[{index}]"), open, found);
                }
            }
        }
        _ => {}
    }
}
