//! The rules of custom resources' objects: the schema, scale, embedded resources, lists and CEL rules, in the real server's order.
//!
//! Metadata of the object itself is judged where all metadata is.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

use crate::catalog::{Resource, ScalePaths};
use crate::cel;
use crate::failure::{Cause, shown};
use crate::schema::validate::{self, embedded, lists};
use crate::schema::{Schema, defaults, prune};
use crate::store::Stored;

/// Everything that is wrong with an object, after what is wrong with its metadata.
pub(crate) fn check(
    resource: &Resource,
    new: &Value,
    old: Option<&Value>,
    subresource: &str,
    metadata: Vec<Cause>,
    warnings: &RefCell<Vec<String>>,
) -> Vec<Cause> {
    let mut causes = metadata;
    let (Some(custom), Some(schema)) = (&resource.custom, resource.schema()) else { return causes };
    // Objects are kept without what their place tells; rules may look at it.
    let has_rules = cel::rules::any(&schema);
    let whole = |object: &Value| {
        let mut object = object.clone();
        object["apiVersion"] = resource.api_version().into();
        object["kind"] = resource.kind.as_str().into();
        object
    };
    let sees_type = has_rules || !schema.declared.is_empty();
    let (whole_new, whole_old) = match sees_type {
        true => (Some(whole(new)), old.map(whole)),
        false => (None, None),
    };
    let (new, old) = (whole_new.as_ref().unwrap_or(new), whole_old.as_ref().or(old));
    let is_status = subresource == "status";
    causes.extend(match (old, is_status) {
        (None, _) => validate::check(new, &schema, ""),
        (Some(old), false) => validate::check_update(new, old, &schema, ""),
        (Some(old), true) => of_status(new, old, &schema),
    });
    if let Some(paths) = &custom.scale {
        causes.extend(scale(new, paths, is_status));
    }
    if !is_status {
        causes.extend(embedded::check(new, &schema, ""));
    }
    if old.is_none_or(|it| lists::check(it, &schema).is_empty()) {
        causes.extend(lists::check(new, &schema));
    }
    if !has_rules {
        return causes;
    }
    let blocks = |it: &Cause| {
        matches!(
            it.reason,
            "FieldValueNotSupported"
                | "FieldValueRequired"
                | "FieldValueTooLong"
                | "FieldValueTooMany"
                | "FieldValueTypeInvalid"
        )
    };
    if causes.iter().any(blocks) {
        let say = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
        causes.push(Cause::invalid("<nil>", &Value::Null, say));
    } else {
        let (found, unchanged) = cel::rules::check_object(new, old, &schema);
        causes.extend(found);
        warnings.borrow_mut().extend(unchanged);
    }
    causes
}

/// The status alone, by its own part of the schema.
fn of_status(new: &Value, old: &Value, schema: &Arc<Schema>) -> Vec<Cause> {
    let (Some(status), Some(schema)) = (new.get("status"), schema.properties.get("status")) else {
        return Vec::new();
    };
    match old.get("status") {
        Some(old) => validate::check_update(status, old, schema, "status"),
        None => validate::check(status, schema, "status"),
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(it) if it.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// The value at a path; the complaint where something on the way, or the value itself, is of the wrong type.
fn at<'a>(object: &'a Value, path: &[String]) -> Result<&'a Value, String> {
    let mut found = object;
    for name in path {
        match found {
            Value::Object(all) => match all.get(name) {
                Some(it) => found = it,
                None => return Ok(&Value::Null),
            },
            other => {
                let text = other.as_str().map_or_else(|| shown(other), str::to_owned);
                return Err(format!(
                    ".{} accessor error: {text} is of the type {}, expected map[string]interface{{}}",
                    path.join("."),
                    go_type(other)
                ));
            }
        }
    }
    Ok(found)
}

fn scale(object: &Value, paths: &ScalePaths, is_status: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut replicas = |path: &[String]| {
        let field = format!(".{}", path.join("."));
        let wrong = |it: &Value| {
            let text = it.as_str().map_or_else(|| shown(it), str::to_owned);
            format!(
                ".{} accessor error: {text} is of the type {}, expected int64",
                path.join("."),
                go_type(it)
            )
        };
        let number = match at(object, path) {
            Ok(Value::Null) => return,
            Ok(it) => it.as_i64().ok_or_else(|| wrong(it)),
            Err(why) => Err(why),
        };
        match number {
            Err(why) => causes.push(Cause::invalid(field, &0.into(), &why)),
            Ok(it) if it < 0 => {
                causes.push(Cause::invalid(field, &it.into(), "should be a non-negative integer"));
            }
            Ok(it) if it > i64::from(i32::MAX) => {
                let say = format!("should be less than or equal to {}", i32::MAX);
                causes.push(Cause::invalid(field, &it.into(), &say));
            }
            Ok(_) => {}
        }
    };
    if !is_status {
        replicas(&paths.spec);
    }
    replicas(&paths.status);
    if let Some(path) = &paths.selector {
        let found = match at(object, path) {
            Ok(Value::Null | Value::String(_)) => None,
            Ok(it) => Some(format!(
                ".{} accessor error: {} is of the type {}, expected string",
                path.join("."),
                shown(it),
                go_type(it)
            )),
            Err(why) => Some(why),
        };
        if let Some(why) = found {
            causes.push(Cause::invalid(format!(".{}", path.join(".")), &"".into(), &why));
        }
    }
    causes
}

/// An object as its version shows it, if that is not how it was stored: pruned and filled in by the schema of the version that is
/// stored, then pruned by its own.
pub(crate) fn seen(resource: &Resource, stored: &Stored) -> Option<Arc<Stored>> {
    let custom = resource.custom.as_ref().filter(|it| it.has_older && !it.preserve_unknown)?;
    let own = resource.schema()?;
    let mut value = stored.value.clone();
    let storage = custom.storage.as_ref().unwrap_or(&own);
    prune::prune(&mut value, storage);
    defaults::fill(&mut value, storage);
    if custom.storage.is_some() {
        prune::prune(&mut value, &own);
    }
    (value != stored.value).then(|| stored.seen_as(value))
}

/// Drops what the version that is stored does not know.
pub(crate) fn for_storage(resource: &Resource, object: &mut Value) {
    let Some(custom) = resource.custom.as_ref().filter(|it| !it.preserve_unknown) else { return };
    if let Some(storage) = &custom.storage {
        prune::prune(object, storage);
    }
}

/// Whole numbers that were written with a fraction are whole numbers, as Go writes them.
pub(crate) fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let Some(it) = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 9e15) else { return };
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
            let whole = it as i64;
            *value = whole.into();
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(all) => all.values_mut().for_each(whole_numbers),
        _ => {}
    }
}
