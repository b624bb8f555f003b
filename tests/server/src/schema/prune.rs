//! Removing what a schema does not know, and naming it.
//!
//! It removes and reports; whether that is an error, a warning or nothing is the caller's to say.

use std::sync::Arc;

use serde_json::Value;

use super::{Schema, builtin};

/// Drops unknown members in place and returns their paths, in the order of the document's keys.
pub(crate) fn prune(value: &mut Value, schema: &Arc<Schema>) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(value, schema, "", &mut unknown);
    unknown
}

fn walk(value: &mut Value, schema: &Arc<Schema>, path: &str, unknown: &mut Vec<String>) {
    let schema = schema.resolved();
    match value {
        Value::Object(all) => {
            // A built-in type without members is an opaque one (raw JSON, FieldsV1); in a CRD it is an empty object.
            let open = schema.preserve_unknown || (!schema.custom && schema.is_opaque());
            let known = |name: &str| -> Option<Arc<Schema>> {
                if let Some(it) = schema.properties.get(name).or(schema.additional.as_ref()) {
                    return Some(it.clone());
                }
                match (schema.embedded, name) {
                    (true, "apiVersion" | "kind") => Some(Arc::new(Schema::default())),
                    (true, "metadata") => builtin::named(builtin::OBJECT_META),
                    _ => None,
                }
            };
            let names: Vec<String> = all.keys().cloned().collect();
            for name in names {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match known(&name) {
                    Some(it) => {
                        if let Some(inner) = all.get_mut(&name) {
                            walk(inner, &it, &at, unknown);
                        }
                    }
                    None if open => {}
                    None => {
                        all.remove(&name);
                        unknown.push(at);
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.items.clone() {
                for (index, item) in items.iter_mut().enumerate() {
                    walk(item, &schema, &format!("{path}[{index}]"), unknown);
                }
            }
        }
        _ => {}
    }
}
