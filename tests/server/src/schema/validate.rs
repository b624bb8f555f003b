//! Validation of custom resources against their schema, with the real server's causes.
//!
//! Types, required members, enums and the plain keywords. CEL rules, formats and list sets are not judged here.

use std::sync::Arc;

use serde_json::Value;

use super::Schema;
use crate::failure::{Cause, shown};

/// Everything that is wrong with a value.
pub(crate) fn check(value: &Value, schema: &Arc<Schema>, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(value, schema, path, &mut causes);
    causes
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(it) if it.is_i64() || it.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fits(value: &Value, kind: &str) -> bool {
    match (kind, value) {
        ("number", Value::Number(_)) => true,
        ("integer", Value::Number(it)) => {
            it.is_i64() || it.is_u64() || it.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        _ => kind == type_name(value),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn walk(value: &Value, schema: &Arc<Schema>, path: &str, causes: &mut Vec<Cause>) {
    let schema = schema.resolved();
    if value.is_null() && schema.nullable {
        return;
    }
    if schema.int_or_string {
        if !matches!(type_name(value), "integer" | "string") {
            causes.push(wrong_type(path, "integer,string", value));
        }
    } else if let Some(kind) = schema.kind.as_deref()
        && !fits(value, kind)
    {
        causes.push(wrong_type(path, kind, value));
        if kind == "integer" && value.is_number() {
            // The second check of the real server's library, which forgets where it is.
            let say = format!("Checked value must be of type integer (default format) in {path}");
            causes.push(Cause::invalid("<nil>", &"".into(), &say));
        }
        return;
    }
    if !schema.values.is_empty() && !schema.values.contains(value) {
        let supported: Vec<String> = schema
            .values
            .iter()
            .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
            .collect();
        let supported: Vec<&str> = supported.iter().map(String::as_str).collect();
        causes.push(Cause::unsupported(path, &shown(value), &supported));
    }
    match value {
        Value::String(text) => string_rules(value, text, &schema, path, causes),
        Value::Number(_) => number_rules(value, &schema, path, causes),
        Value::Array(items) => {
            let counted = items.len() as u64;
            if let Some(least) = limit(&schema, "minItems").filter(|it| counted < *it) {
                let say = format!("{path} in body should have at least {least} items");
                causes.push(Cause::invalid(path, &Value::from(counted), &say));
            }
            if let Some(most) = limit(&schema, "maxItems").filter(|it| counted > *it) {
                causes.push(Cause {
                    reason: "FieldValueTooMany",
                    field: path.to_owned(),
                    message: format!("Too many: {counted}: must have at most {most} items"),
                });
            }
            if let Some(schema) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    walk(item, schema, &format!("{path}[{index}]"), causes);
                }
            }
            unique(items, &schema, path, causes);
        }
        Value::Object(all) => {
            for name in schema.required.iter().filter(|it| !all.contains_key(*it)) {
                causes.push(Cause::required(join(path, name), ""));
            }
            for (name, inner) in all {
                // Metadata is judged by rules of its own.
                if path.is_empty() && matches!(name.as_str(), "metadata" | "apiVersion" | "kind") {
                    continue;
                }
                if let Some(schema) = schema.properties.get(name) {
                    walk(inner, schema, &join(path, name), causes);
                } else if let Some(schema) = &schema.additional {
                    walk(inner, schema, &join(path, name), causes);
                }
            }
            let counted = all.len() as u64;
            if let Some(least) = limit(&schema, "minProperties").filter(|it| counted < *it) {
                let say = format!("{path} in body should have at least {least} properties");
                causes.push(Cause::invalid(path, &Value::from(counted), &say));
            }
            if let Some(most) = limit(&schema, "maxProperties").filter(|it| counted > *it) {
                causes.push(Cause {
                    reason: "FieldValueTooMany",
                    field: path.to_owned(),
                    message: format!("Too many: {counted}: must have at most {most} items"),
                });
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
    // Structural schemas keep value rules in allOf and anyOf; the branches of anyOf need the next level of machinery.
    if let Some(all) = schema.rules.get("allOf").and_then(Value::as_array) {
        for it in all {
            walk(value, &Arc::new(Schema::read(it, true)), path, causes);
        }
    }
}

fn wrong_type(path: &str, wanted: &str, value: &Value) -> Cause {
    let got = type_name(value);
    let at = if path.is_empty() { "" } else { path };
    Cause::wrong_type(
        path,
        &format!("\"{got}\""),
        &format!("{at} in body must be of type {wanted}: \"{got}\""),
    )
}

fn limit(schema: &Schema, key: &str) -> Option<u64> {
    schema.rules.get(key).and_then(Value::as_u64)
}

fn string_rules(value: &Value, text: &str, schema: &Schema, path: &str, causes: &mut Vec<Cause>) {
    let length = text.chars().count() as u64;
    if let Some(least) = limit(schema, "minLength").filter(|it| length < *it) {
        let say = format!("{path} in body should be at least {least} chars long");
        causes.push(Cause::invalid(path, value, &say));
    }
    if let Some(most) = limit(schema, "maxLength").filter(|it| length > *it) {
        let (reason, field) = ("FieldValueTooLong", path.to_owned());
        causes.push(Cause { reason, field, message: format!("Too long: may not be more than {most} bytes") });
        return;
    }
    if let Some(pattern) = schema.rules.get("pattern").and_then(Value::as_str)
        && regex::Regex::new(pattern).is_ok_and(|it| !it.is_match(text))
    {
        causes.push(Cause::invalid(path, value, &format!("{path} in body should match '{pattern}'")));
    }
}

fn number_rules(value: &Value, schema: &Schema, path: &str, causes: &mut Vec<Cause>) {
    let Some(number) = value.as_f64() else { return };
    let rule = |key: &str| schema.rules.get(key).and_then(Value::as_f64);
    let exclusive = |key: &str| schema.rules.get(key).and_then(Value::as_bool).unwrap_or(false);
    if let Some(least) = rule("minimum") {
        if exclusive("exclusiveMinimum") && number <= least {
            causes.push(Cause::invalid(
                path,
                value,
                &format!("{path} in body should be greater than {least}"),
            ));
        } else if number < least {
            let say = format!("{path} in body should be greater than or equal to {least}");
            causes.push(Cause::invalid(path, value, &say));
        }
    }
    if let Some(most) = rule("maximum") {
        if exclusive("exclusiveMaximum") && number >= most {
            causes.push(Cause::invalid(path, value, &format!("{path} in body should be less than {most}")));
        } else if number > most {
            let say = format!("{path} in body should be less than or equal to {most}");
            causes.push(Cause::invalid(path, value, &say));
        }
    }
    if let Some(step) = rule("multipleOf").filter(|it| *it > 0.0)
        && (number / step).fract().abs() > f64::EPSILON
    {
        causes.push(Cause::invalid(path, value, &format!("{path} in body should be a multiple of {step}")));
    }
}

/// Items of sets and maps may not repeat.
fn unique(items: &[Value], schema: &Schema, path: &str, causes: &mut Vec<Cause>) {
    let mut seen: Vec<Value> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let key = match &schema.list {
            super::ListKind::Atomic => return,
            super::ListKind::Set => item.clone(),
            super::ListKind::Map(keys) => {
                let part =
                    |key: &String| Some((key.clone(), item.get(key).filter(|it| !it.is_null())?.clone()));
                Value::Object(keys.iter().filter_map(part).collect())
            }
        };
        if seen.contains(&key) {
            causes.push(Cause::duplicate(format!("{path}[{index}]"), &key));
        } else {
            seen.push(key);
        }
    }
}
