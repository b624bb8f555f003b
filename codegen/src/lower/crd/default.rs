//! Defaults: their JSON text, in one spelling of numbers, and whether they are of the type that they are a default of.

use serde_json::Value;

use crate::diag::{Code, Report};
use crate::spec::schema::{Additional, Schema, is_integer_or_string};

/// The default of a member as JSON text.
pub(super) fn text(schema: &Schema, report: &mut Report) -> Option<String> {
    let value = schema.default.as_ref()?;
    if !fits(value, schema) {
        report.error(
            Code::BadValue,
            &schema.place,
            format!("the default `{}` is not of the type of its member", value),
            "a kube-apiserver refuses it too",
        );
        return None;
    }
    Some(spelled(value).to_string())
}

/// An integer, also where it is written `1.0` or `1e2`.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
    })
}

/// The value with integers spelled as integers.
fn spelled(value: &Value) -> Value {
    match value {
        Value::Number(_) => integer(value).map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => Value::Array(items.iter().map(spelled).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), spelled(value))).collect())
        }
        other => other.clone(),
    }
}

/// Whether a value is of the type that a schema names, all the way down.
fn fits(value: &Value, schema: &Schema) -> bool {
    if value.is_null() {
        return schema.nullable;
    }
    if schema.int_or_string || schema.format.as_deref() == Some("int-or-string") {
        return value.is_string() || value.is_number();
    }
    match (schema.kind.as_deref(), value) {
        (Some("string"), _) => value.is_string(),
        (Some("integer"), _) => integer(value).is_some() || value.is_u64(),
        (Some("number"), _) => value.is_number(),
        (Some("boolean"), _) => value.is_boolean(),
        (Some("array"), Value::Array(items)) => {
            schema.items.as_ref().is_none_or(|of| items.iter().all(|item| fits(item, of)))
        }
        (Some("object"), Value::Object(members)) => members.iter().all(|(name, value)| {
            let own = schema.properties.iter().find(|(json, _)| json == name);
            match (own, &schema.additional) {
                (Some((_, own)), _) => fits(value, own),
                (None, Some(Additional::Of(values))) => fits(value, values),
                (None, _) => true,
            }
        }),
        (Some("array" | "object"), _) => false,
        (Some(_), _) => true,
        (None, _) => match &schema.constraints {
            Some(constraints) if is_integer_or_string(&constraints.any_of) => {
                value.is_string() || value.is_number()
            }
            _ => true,
        },
    }
}
