//! Whether a value has the types that Go would need to read it, with Go's complaint where it has not.
//!
//! Types only; which values are allowed is validation's.

use std::sync::Arc;

use serde_json::Value;

use super::{Schema, forms};
use crate::patch::go;

/// Go's complaint about the first member that has the wrong type.
pub(crate) fn check(value: &Value, schema: &Arc<Schema>, kind: &str) -> Result<(), String> {
    let mut at = Vec::new();
    walk(value, schema, kind, &mut at).map_err(|(got, wanted, owner)| match owner.as_str() {
        "" => got,
        _ => format!(
            "json: cannot unmarshal {got} into Go struct field {owner}.{} of type {wanted}",
            at.join(".")
        ),
    })
}

/// What was found, what was wanted and of which type the member is; without a type the first is the whole complaint.
type Mismatch = (String, String, String);

fn walk(value: &Value, schema: &Arc<Schema>, owner: &str, at: &mut Vec<String>) -> Result<(), Mismatch> {
    let inside = match &schema.reference {
        Some(name) => name.rsplit('.').next().unwrap_or(owner),
        None => owner,
    };
    let wanted = go_type(schema);
    let resolved = schema.resolved();
    let wrong = |got: String| Err((got, wanted.clone(), owner.to_owned()));
    match (value, resolved.kind.as_deref()) {
        (Value::Null, _) | (_, None) => Ok(()),
        // Types with a reading of their own: times, quantities, raw JSON.
        (Value::Object(_) | Value::Array(_), Some("object" | "array")) if resolved.is_opaque() => Ok(()),
        (Value::Object(all), Some("object")) => {
            for (name, inner) in all {
                if let Some(member) = resolved.properties.get(name) {
                    at.push(name.clone());
                    walk(inner, member, inside, at)?;
                    at.pop();
                } else if let Some(member) = &resolved.additional {
                    walk(inner, member, inside, at)?;
                }
            }
            Ok(())
        }
        (Value::Array(items), Some("array")) => match &resolved.items {
            Some(schema) => items.iter().try_for_each(|it| walk(it, schema, inside, at)),
            None => Ok(()),
        },
        (Value::String(text), Some("string")) => {
            let problem = match resolved.format.as_deref() {
                Some("byte") => forms::base64_problem(text),
                Some("date-time") => forms::time_problem(
                    text,
                    schema.refers_to("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime"),
                ),
                _ => None,
            };
            problem.map_or(Ok(()), |it| Err((it, String::new(), String::new())))
        }
        (Value::Bool(_), Some("boolean")) | (Value::Number(_), Some("number")) => Ok(()),
        // Int-or-string is a string of a format of its own.
        (Value::Number(_), Some("string")) if resolved.format.as_deref() == Some("int-or-string") => Ok(()),
        (Value::Number(it), Some("integer")) if it.is_i64() || it.is_u64() => Ok(()),
        (Value::Number(it), Some("integer")) => wrong(format!("number {it}")),
        (other, Some(_)) => wrong(go(other).to_owned()),
    }
}

/// What the type is called in Go.
fn go_type(schema: &Arc<Schema>) -> String {
    if let Some(name) = &schema.reference {
        let mut parts = name.rsplit('.');
        let (kind, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        return format!("{package}.{kind}");
    }
    match (schema.kind.as_deref(), schema.format.as_deref()) {
        (Some("integer"), Some(format)) => format.to_owned(),
        (Some("integer"), None) => "int".to_owned(),
        (Some("number"), _) => "float64".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        (Some("array"), _) => format!("[]{}", schema.items.as_ref().map(go_type).unwrap_or_default()),
        (Some("object"), _) => {
            format!("map[string]{}", schema.additional.as_ref().map(go_type).unwrap_or_default())
        }
        _ => "string".to_owned(),
    }
}
