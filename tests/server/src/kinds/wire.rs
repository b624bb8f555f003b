//! What reading a document into Go's types and writing it again does to it.
//!
//! Nulls and empty optional members go, structs and members that are always written come, quantities take their canonical form.
//! Which values are allowed is not looked at here.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::quantity::{NOT_A_QUANTITY, Quantity};
use crate::schema::Schema;

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/// What `data/wire.tsv` says of a type.
#[derive(Default)]
struct Facts {
    pointers: Vec<&'static str>,
    nulls: Vec<&'static str>,
    /// Members that have a zero as their default and are not written for all that.
    unwritten: Vec<&'static str>,
}

fn facts(name: Option<&str>) -> Option<&'static Facts> {
    static ALL: OnceLock<HashMap<&'static str, Facts>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let words = |cell: Option<&'static str>| {
            cell.unwrap_or_default().split(',').filter(|it| !it.is_empty()).collect()
        };
        let lines = include_str!("../../data/wire.tsv").lines().filter(|it| !it.starts_with('#'));
        let read = |line: &'static str| {
            let mut cells = line.split('\t');
            let name = cells.next()?;
            Some((
                name,
                Facts {
                    pointers: words(cells.next()),
                    nulls: words(cells.next()),
                    unwritten: words(cells.next()),
                },
            ))
        };
        lines.filter_map(read).collect()
    });
    all.get(name?)
}

/// What Go reads a null in a map as.
fn zero(member: &Schema) -> Value {
    match (member.kind.as_deref(), member.format.as_deref()) {
        (Some("string"), format) if format != Some("byte") => Value::from(""),
        (Some("integer" | "number"), _) => Value::from(0),
        (Some("boolean"), _) => Value::from(false),
        (Some("object"), _) if !member.properties.is_empty() => Value::Object(Map::new()),
        _ => Value::Null,
    }
}

/// Whether a member of a type is written as null when nobody sets it.
pub(crate) fn writes_null(schema: &Schema, member: &str) -> bool {
    facts(schema.name).is_some_and(|it| it.nulls.contains(&member))
}

/// Gives an object the form that a round trip through Go's types gives it.
pub(crate) fn round_trip(object: &mut Value, schema: &Arc<Schema>) {
    walk(object, schema, 0);
}

fn walk(value: &mut Value, schema: &Arc<Schema>, depth: usize) {
    let target = schema.resolved();
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(all) if !target.properties.is_empty() => fields(all, &target, depth),
        Value::Object(all) => {
            let Some(member) = &target.additional else { return };
            for inner in all.values_mut() {
                if inner.is_null() {
                    *inner = zero(&member.resolved());
                }
                walk(inner, member, depth + 1);
                if is_quantity(member) {
                    quantity(inner, true);
                }
            }
        }
        Value::Array(items) => {
            let Some(member) = &target.items else { return };
            items.iter_mut().for_each(|it| walk(it, member, depth + 1));
        }
        // Bytes are read from base64 with line breaks too, and written without.
        Value::String(it) if target.format.as_deref() == Some("byte") && it.contains(['\n', '\r']) => {
            it.retain(|it| !matches!(it, '\n' | '\r'));
        }
        _ => {}
    }
}

/// In storage empty lists and maps are none, also where that is written.
pub(crate) fn as_stored(object: &mut Value, schema: &Arc<Schema>) {
    nothing_for_empty(object, schema, 0);
}

fn nothing_for_empty(value: &mut Value, schema: &Arc<Schema>, depth: usize) {
    let schema = schema.resolved();
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(all) => {
            let facts = facts(schema.name);
            for (name, inner) in all.iter_mut() {
                let Some(member) = schema.properties.get(name).or(schema.additional.as_ref()) else {
                    continue;
                };
                let empty = match &*inner {
                    Value::Array(it) => it.is_empty(),
                    // A struct without members is still one.
                    Value::Object(it) => it.is_empty() && member.resolved().properties.is_empty(),
                    _ => false,
                };
                if empty && facts.is_some_and(|it| it.nulls.contains(&name.as_str())) {
                    *inner = Value::Null;
                } else {
                    nothing_for_empty(inner, member, depth + 1);
                }
            }
        }
        Value::Array(items) => {
            let Some(member) = &schema.items else { return };
            items.iter_mut().for_each(|it| nothing_for_empty(it, member, depth + 1));
        }
        _ => {}
    }
}

fn fields(all: &mut Map<String, Value>, schema: &Schema, depth: usize) {
    let facts = facts(schema.name);
    let is_pointer = |name: &str| facts.is_some_and(|it| it.pointers.contains(&name));
    let is_null = |name: &str| facts.is_some_and(|it| it.nulls.contains(&name));
    let is_written = |name: &str, member: &Schema| {
        always_written(member) && !facts.is_some_and(|it| it.unwritten.contains(&name))
    };
    // Metadata is tidied where it is made.
    let is_meta = |name: &str| depth == 0 && name == "metadata";
    all.retain(|name, inner| {
        let Some(member) = schema.properties.get(name) else { return true };
        if is_meta(name) {
            return true;
        }
        if is_quantity(member) {
            quantity(inner, false);
        }
        walk(inner, member, depth + 1);
        match inner {
            Value::Null => is_null(name) || member.is_raw(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                !is_zero(inner) || is_pointer(name) || is_written(name, member) || is_own_reading(member)
            }
            Value::Array(items) => !items.is_empty() || is_null(name),
            Value::Object(it) => !it.is_empty() || is_null(name) || member.resolved().additional.is_none(),
        }
    });
    for (name, member) in &schema.properties {
        if is_meta(name) || all.contains_key(name) {
            continue;
        }
        if let Some(zero) = member.default.as_ref().filter(|_| is_written(name, member)) {
            all.insert(name.clone(), zero.clone());
        } else if is_null(name) {
            all.insert(name.clone(), Value::Null);
        } else if is_struct(member) {
            let mut inner = Value::Object(Map::new());
            walk(&mut inner, member, depth + 1);
            all.insert(name.clone(), inner);
        }
    }
}

/// In Go a struct that nobody sets is there all the same, and is written as `{}`.
fn is_struct(member: &Arc<Schema>) -> bool {
    matches!(&member.default, Some(Value::Object(it)) if it.is_empty())
        && !member.resolved().properties.is_empty()
}

/// Raw JSON, and numbers that may be text: structs in Go, that are never left out.
fn is_own_reading(member: &Arc<Schema>) -> bool {
    let target = member.resolved();
    target.kind.is_none() || target.format.as_deref() == Some("int-or-string")
}

fn always_written(member: &Schema) -> bool {
    member.default.as_ref().is_some_and(is_zero)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_f64() == Some(0.0),
        Value::String(it) => it.is_empty(),
        _ => false,
    }
}

fn is_quantity(member: &Schema) -> bool {
    member.refers_to(QUANTITY)
}

fn quantity(value: &mut Value, of_resources: bool) {
    let text = match &*value {
        Value::String(it) => it.trim().to_owned(),
        Value::Number(it) => it.to_string(),
        _ => return,
    };
    if let Some(it) = Quantity::parse(&text) {
        let it = if of_resources { it.to_milli() } else { it };
        *value = it.canonical().into();
    }
}

/// Go's complaint about the first quantity that is none.
pub(crate) fn unreadable(value: &Value, schema: &Arc<Schema>) -> Option<String> {
    find(value, schema, 0)
}

fn find(value: &Value, schema: &Arc<Schema>, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    if is_quantity(schema) {
        let wrong = value.as_str().is_some_and(|it| Quantity::parse(it.trim()).is_none());
        return wrong.then(|| NOT_A_QUANTITY.to_owned());
    }
    let target = schema.resolved();
    match value {
        Value::Object(all) => all.iter().find_map(|(name, inner)| {
            find(inner, target.properties.get(name).or(target.additional.as_ref())?, depth + 1)
        }),
        Value::Array(items) => {
            let member = target.items.as_ref()?;
            items.iter().find_map(|it| find(it, member, depth + 1))
        }
        _ => None,
    }
}
