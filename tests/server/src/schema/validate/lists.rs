//! Sets and map lists: no item stands twice.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::failure::{Cause, shown};
use crate::schema::{ListKind, Schema};

/// The items that repeat, all over an object.
pub(crate) fn check(value: &Value, schema: &Arc<Schema>) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(value, schema, "", &mut causes);
    causes
}

fn walk(value: &Value, schema: &Arc<Schema>, path: &str, causes: &mut Vec<Cause>) {
    match value {
        Value::Object(all) => {
            for (name, inner) in all {
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match (schema.properties.get(name), &schema.additional) {
                    // Built-in types among them (metadata) have no lists of this kind that users fill.
                    (Some(it), _) if it.custom => walk(inner, it, &at, causes),
                    (None, Some(it)) => walk(inner, it, &format!("{path}[{name}]"), causes),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            repeated(items, schema, path, causes);
            if let Some(inner) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    walk(item, inner, &format!("{path}[{index}]"), causes);
                }
            }
        }
        _ => {}
    }
}

fn repeated(items: &[Value], schema: &Schema, path: &str, causes: &mut Vec<Cause>) {
    let keys: Vec<Value> = match &schema.list {
        ListKind::Atomic => return,
        ListKind::Set => items.to_vec(),
        ListKind::Map(names) => {
            for (index, item) in items.iter().enumerate() {
                if !item.is_object() && !item.is_null() {
                    let say = "must be an object for an array of list-type map";
                    causes.push(Cause::invalid(format!("{path}[{index}]"), item, say));
                    return;
                }
            }
            let key = |item: &Value| -> Map<String, Value> {
                names.iter().filter_map(|it| Some((it.clone(), item.get(it)?.clone()))).collect()
            };
            items.iter().map(|it| Value::Object(key(it))).collect()
        }
    };
    // Where an item stands thrice, its second appearance is told.
    let mut seen: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for (index, key) in keys.iter().enumerate() {
        let count = seen.entry(shown(key)).or_default();
        *count += 1;
        if *count == 2 {
            causes.push(Cause::duplicate(format!("{path}[{index}]"), key));
        }
    }
}
