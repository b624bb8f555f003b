//! Filling in what a schema says is the default.
//!
//! For custom resources as the structural-schema rules have it; for built-in kinds only what their schema tells, which is less than
//! the real server's own defaulting functions do.

use std::sync::Arc;

use serde_json::Value;

use super::Schema;

/// Fills defaults in place.
pub(crate) fn fill(value: &mut Value, schema: &Arc<Schema>) {
    let schema = schema.resolved();
    match value {
        Value::Object(all) => {
            // A null where null is no value is no value at all, unless a default takes its place. Those of built-in kinds are as they
            // have to be: what they are written as is known by `kinds`.
            let gone = |name: &String| {
                let member = schema.properties.get(name).or(schema.additional.as_ref());
                member.is_some_and(|it| it.custom && !it.nullable && it.default.is_none())
            };
            all.retain(|name, value| !value.is_null() || !gone(name));
            for (name, member) in &schema.properties {
                let absent = match all.get(name) {
                    None => true,
                    // A null gives way to the default unless null is a value there; without a default it stays.
                    Some(Value::Null) => !member.nullable,
                    Some(_) => false,
                };
                if let Some(default) = member.default.as_ref().filter(|_| absent)
                    && (schema.custom || meaningful(default))
                {
                    all.insert(name.clone(), default.clone());
                }
            }
            let names: Vec<String> = all.keys().cloned().collect();
            for name in names {
                let member = schema.properties.get(&name).or(schema.additional.as_ref());
                if let (Some(member), Some(inner)) = (member, all.get_mut(&name)) {
                    fill(inner, member);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = &schema.items {
                for item in items {
                    fill(item, schema);
                }
            }
        }
        _ => {}
    }
}

/// The members of a custom resource that are null where null is no value and no default takes its place, with the type that
/// they should have. Other requests drop them with the defaults; in an applied configuration they are a mistake.
pub(crate) fn nulls(value: &Value, schema: &Arc<Schema>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect_nulls(value, schema, "", &mut found);
    found
}

fn collect_nulls(value: &Value, schema: &Arc<Schema>, path: &str, found: &mut Vec<(String, String)>) {
    let schema = schema.resolved();
    match value {
        Value::Object(all) => {
            for (name, inner) in all {
                let Some(member) = schema.properties.get(name).or(schema.additional.as_ref()) else {
                    continue;
                };
                let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match &member.kind {
                    Some(kind)
                        if inner.is_null()
                            && member.custom
                            && !member.nullable
                            && member.default.is_none() =>
                    {
                        found.push((at, kind.clone()));
                    }
                    _ => collect_nulls(inner, member, &at, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(schema) = &schema.items {
                    collect_nulls(item, schema, &format!("{path}[{index}]"), found);
                }
            }
        }
        _ => {}
    }
}

/// Go's zero values stand as defaults all over the built-in schemas and are not written.
fn meaningful(default: &Value) -> bool {
    match default {
        Value::Null => false,
        Value::Bool(it) => *it,
        Value::Number(it) => it.as_f64() != Some(0.0),
        Value::String(it) => !it.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}
