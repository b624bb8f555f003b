//! What a schema of one value becomes. A format that says nothing about the Rust type, known or not, is documentation;
//! so is a set of values that a type of Rust has no room for.

use serde_json::Value;

use super::default::integer;
use crate::diag::{Code, Report};
use crate::ir::Ty;
use crate::spec::schema::{Schema, is_integer_or_string};

/// The pattern with which Kubernetes' tools write resource quantities.
pub(super) const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// The type of a schema of one value; none for lists and objects, and for what may be anything.
pub(super) fn of(schema: &Schema, report: &mut Report) -> Option<Ty> {
    if is_int_or_string(schema) {
        return Some(Ty::runtime(if is_quantity(schema) { "Quantity" } else { "IntOrString" }));
    }
    match schema.kind.as_deref() {
        None => one_of(schema),
        Some("string") => Some(string(schema)),
        Some("integer") => Some(match integers(schema) {
            Some(values) => Ty::OneOfInt(values),
            None => width(schema),
        }),
        Some("number") => Some(Ty::F64),
        Some("boolean") => Some(Ty::Bool),
        Some("array" | "object") => None,
        Some(kind) => {
            report.error(
                Code::UnknownType,
                &schema.place,
                format!("the type `{}` is not known", kind.escape_default()),
                "a schema is of type `object`, `array`, `string`, `integer`, `number` or `boolean`",
            );
            Some(Ty::runtime("RawJson"))
        }
    }
}

/// The flag, the format, and the unions that say the same without either.
fn is_int_or_string(schema: &Schema) -> bool {
    if schema.int_or_string || schema.format.as_deref() == Some("int-or-string") {
        return true;
    }
    let Some(constraints) = schema.constraints.as_ref().filter(|_| schema.kind.is_none()) else {
        return false;
    };
    [&constraints.any_of, &constraints.one_of].into_iter().any(|union| is_integer_or_string(union))
}

fn is_quantity(schema: &Schema) -> bool {
    schema.constraints.as_ref().is_some_and(|constraints| constraints.pattern.as_deref() == Some(QUANTITY))
}

fn string(schema: &Schema) -> Ty {
    let is_default =
        |check: fn(&str) -> bool| schema.default.as_ref().and_then(Value::as_str).is_none_or(check);
    // Servers pass over the dashes in the name of a format.
    match schema.format.as_deref().map(|format| format.replace('-', "")).as_deref() {
        Some("datetime") if is_default(looks_like_time) => Ty::runtime("Time"),
        Some("byte") if is_default(looks_like_base64) => Ty::runtime("Bytes"),
        _ if is_quantity(schema) && schema.values.is_none() => Ty::runtime("Quantity"),
        _ => one_of_strings(schema).unwrap_or(Ty::String),
    }
}

fn looks_like_base64(text: &str) -> bool {
    text.len().is_multiple_of(4)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

fn looks_like_time(text: &str) -> bool {
    text.len() >= 20 && text.is_ascii() && text.contains(['T', 't'])
}

/// The type of known values without a type beside them, where they are all of one.
fn one_of(schema: &Schema) -> Option<Ty> {
    let values = known(schema)?;
    if values.iter().all(|value| value.is_string()) {
        one_of_strings(schema)
    } else if values.iter().all(|value| value.is_boolean()) {
        Some(Ty::Bool)
    } else if values.iter().all(|value| integer(value).is_some()) {
        integers(schema).map(Ty::OneOfInt)
    } else if values.iter().all(|value| value.is_number()) {
        Some(Ty::F64)
    } else {
        None
    }
}

/// The values without null, which `nullable` tells of; none if there are none.
fn known(schema: &Schema) -> Option<Vec<&Value>> {
    let values: Vec<&Value> = schema.values.as_ref()?.iter().filter(|value| !value.is_null()).collect();
    (!values.is_empty()).then_some(values)
}

/// The known strings. Other values cannot be met, since the type would refuse them; `""` alone makes no type.
fn one_of_strings(schema: &Schema) -> Option<Ty> {
    let strings: Vec<String> =
        known(schema)?.into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
    strings.iter().any(|value| !value.is_empty()).then_some(Ty::OneOf(strings))
}

fn integers(schema: &Schema) -> Option<Vec<i64>> {
    let values: Vec<i64> = known(schema)?.into_iter().filter_map(integer).collect();
    (!values.is_empty()).then_some(values)
}

/// 32 bits where the format says so and nothing beside it says otherwise: a server does not check the format.
fn width(schema: &Schema) -> Ty {
    if !matches!(schema.format.as_deref(), Some("int32" | "int16" | "int8" | "uint16" | "uint8")) {
        return Ty::I64;
    }
    let bounds = schema.constraints.as_ref().map(|bounds| [bounds.minimum.clone(), bounds.maximum.clone()]);
    let bounds = bounds.into_iter().flatten().flatten().map(Value::Number);
    let is_wide = |value: Value| integer(&value).is_some_and(|value| i32::try_from(value).is_err());
    if bounds.chain(schema.default.clone()).any(is_wide) { Ty::I64 } else { Ty::I32 }
}
