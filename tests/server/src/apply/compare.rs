//! What differs between two states of an object, as field sets.
//!
//! It does not judge: conflicts are `managers`' to find.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::fields::{FieldSet, Shape, Step, item_step, shape};
use crate::schema::Schema;

/// Fields by what happened to them.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) added: FieldSet,
    pub(crate) removed: FieldSet,
    pub(crate) modified: FieldSet,
}

impl Comparison {
    /// Applies one function to each of the three.
    pub(crate) fn map(self, each: impl Fn(FieldSet) -> FieldSet) -> Self {
        Comparison { added: each(self.added), removed: each(self.removed), modified: each(self.modified) }
    }
}

/// Compares two objects under one schema.
pub(crate) fn compare(old: &Value, new: &Value, schema: &Arc<Schema>) -> Comparison {
    let mut out = Comparison::default();
    node(Some(old), Some(new), Some(schema.clone()), &mut Vec::new(), &mut out);
    out
}

/// The value with members by name, as Go writes maps, whatever order this build's `serde_json` keeps.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            let mut all: Vec<(String, Value)> =
                all.iter().map(|(name, it)| (name.clone(), sorted(it))).collect();
            all.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(all.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Numbers are equal by value: Go reads `1.0` into an integer field as 1.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|it| same(value, it)))
        }
        _ => one == other,
    }
}

/// What a member of a built-in kind is in Go when nobody has set it: structs and required members are there all the same.
fn zero(schema: &Schema, name: &str, member: &Schema, other: &Value) -> Option<Value> {
    if member.custom || schema.custom {
        return None;
    }
    let is_struct = matches!(&member.default, Some(Value::Object(it)) if it.is_empty());
    let is_zero = |it: &Value| matches!(it.as_f64(), Some(0.0)) || it == "" || it == false;
    match other {
        Value::Object(_) if is_struct => Some(Value::Object(Map::new())),
        Value::Array(it) if !it.is_empty() && crate::kinds::wire::writes_null(schema, name) => {
            Some(Value::Array(Vec::new()))
        }
        // Scalars that are always written.
        _ if member.default.as_ref().is_some_and(|it| it == other && is_zero(it)) => member.default.clone(),
        // What is written as null when nobody sets it.
        Value::Null => Some(Value::Null),
        _ => None,
    }
}

fn doubled(old: &[&Value], new: &[&Value], at: &[Step], out: &mut Comparison) {
    if old.is_empty() {
        out.added.insert(at);
    } else if new.is_empty() {
        out.removed.insert(at);
    } else if old.len() != new.len() || !old.iter().zip(new).all(|(one, other)| same(one, other)) {
        out.modified.insert(at);
    }
}

fn node(
    old: Option<&Value>,
    new: Option<&Value>,
    schema: Option<Arc<Schema>>,
    at: &mut Vec<Step>,
    out: &mut Comparison,
) {
    let schema = schema.map(|it| it.resolved());
    // To Go a null list or map is an empty one.
    let (no_items, no_members) = (Value::Array(Vec::new()), Value::Object(Map::new()));
    let filled = |it: Option<&Value>, other: Option<&Value>| match (it, other) {
        (Some(Value::Null), Some(Value::Array(_))) => Some(true),
        (Some(Value::Null), Some(Value::Object(_))) => Some(false),
        _ => None,
    };
    let pick = |list: bool| if list { &no_items } else { &no_members };
    let (old, new) = (filled(old, new).map(pick).or(old), filled(new, old).map(pick).or(new));
    match (old, new) {
        (None, None) => return,
        (None, Some(_)) => out.added.insert(at),
        (Some(_), None) => out.removed.insert(at),
        (Some(old), Some(new)) => {
            let (one, other) = (shape(old, schema.as_deref()), shape(new, schema.as_deref()));
            let alike = matches!(
                (one, other),
                (Shape::Members(_), Shape::Members(_)) | (Shape::Items(..), Shape::Items(..))
            );
            if !alike {
                if !same(old, new) {
                    out.modified.insert(at);
                }
                return;
            }
        }
    }
    let shapes = [old, new].map(|it| it.map(|it| shape(it, schema.as_deref())));
    if shapes.iter().flatten().any(|it| matches!(it, Shape::Members(_))) {
        let empty = Map::new();
        let members = |it: &Option<Shape<'_>>| match it {
            Some(Shape::Members(all)) => Some((*all).clone()),
            _ => None,
        };
        let old_members = members(&shapes[0]);
        let new_members = members(&shapes[1]);
        let (one, other) = (old_members.as_ref().unwrap_or(&empty), new_members.as_ref().unwrap_or(&empty));
        let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let member = schema.as_ref().and_then(|it| it.member(name));
            let (mut before, mut after) = (one.get(name).cloned(), other.get(name).cloned());
            if let (Some(schema), Some(member)) = (&schema, &member) {
                // Only where the struct around it exists on that side.
                if before.is_none() && old.is_some() {
                    before = after.as_ref().and_then(|it| zero(schema, name, member, it));
                } else if after.is_none() && new.is_some() {
                    after = before.as_ref().and_then(|it| zero(schema, name, member, it));
                }
            }
            at.push(Step::Field(name.clone()));
            node(before.as_ref(), after.as_ref(), member, at, out);
            at.pop();
        }
    } else {
        let mut items: [BTreeMap<Step, Vec<&Value>>; 2] = Default::default();
        let mut item_schema = None;
        for (side, shape) in shapes.iter().enumerate() {
            let Some(Shape::Items(list, kind, schema)) = shape else { continue };
            item_schema = schema.clone();
            for (index, item) in list.iter().enumerate() {
                items[side].entry(item_step(item, kind, schema.as_ref(), index)).or_default().push(item);
            }
        }
        let mut steps: Vec<&Step> = items[0].keys().chain(items[1].keys()).collect();
        steps.sort();
        steps.dedup();
        for step in steps {
            let [before, after] =
                [0, 1].map(|side: usize| items[side].get(step).map(Vec::as_slice).unwrap_or_default());
            at.push(step.clone());
            if before.len() > 1 || after.len() > 1 {
                // Which of several under one key is meant, nobody knows: they are compared as a whole.
                doubled(before, after, at, out);
            } else {
                node(before.first().copied(), after.first().copied(), item_schema.clone(), at, out);
            }
            at.pop();
        }
    }
}
