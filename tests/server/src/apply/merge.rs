//! Merging an applied configuration into an object, and removing fields from one.
//!
//! Who may do so is `managers`' to say.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::fields::{FieldSet, Shape, Step, item_step, shape};
use crate::schema::Schema;

/// The object with the configuration laid over it.
pub(crate) fn merge(live: &Value, config: &Value, schema: &Arc<Schema>) -> Value {
    node(live, config, Some(schema.clone()))
}

fn node(live: &Value, config: &Value, schema: Option<Arc<Schema>>) -> Value {
    let schema = schema.map(|it| it.resolved());
    match (shape(live, schema.as_deref()), shape(config, schema.as_deref())) {
        (Shape::Members(old), Shape::Members(new)) => {
            let mut out = old.clone();
            for (name, value) in new {
                let member = schema.as_ref().and_then(|it| it.member(name));
                let merged = match old.get(name) {
                    Some(before) => node(before, value, member),
                    None => value.clone(),
                };
                out.insert(name.clone(), merged);
            }
            Value::Object(out)
        }
        (Shape::Items(old, kind, items), Shape::Items(new, ..)) => {
            let steps = |list: &[Value]| -> Vec<Step> {
                let step = |(index, item)| item_step(item, kind, items.as_ref(), index);
                list.iter().enumerate().map(step).collect()
            };
            Value::Array(lists((old, &steps(old)), (new, &steps(new)), items.as_ref()))
        }
        _ => config.clone(),
    }
}

/// Items of both sides: those of the configuration in its order, the others where they stood before the item that follows them.
fn lists(
    (old, old_steps): (&[Value], &[Step]),
    (new, new_steps): (&[Value], &[Step]),
    schema: Option<&Arc<Schema>>,
) -> Vec<Value> {
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    let (mut i, mut j) = (0, 0);
    let merged = |j: usize| match old_steps.iter().position(|it| *it == new_steps[j]) {
        Some(i) => node(&old[i], &new[j], schema.cloned()),
        None => new[j].clone(),
    };
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old_steps[i] == new_steps[j] {
            out.push(merged(j));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && !new_steps.contains(&old_steps[i]) {
            out.push(old[i].clone());
            i += 1;
        } else if i < old.len() && new_steps[..j].contains(&old_steps[i]) {
            i += 1;
        } else if j < new.len() {
            out.push(merged(j));
            j += 1;
        } else {
            i += 1;
        }
    }
    out
}

/// Removes the members of a set from an object; containers left empty by that stay where someone else owns them.
pub(crate) fn remove(value: &mut Value, set: &FieldSet, schema: Option<Arc<Schema>>) {
    let schema = schema.map(|it| it.resolved());
    enum Plan {
        Members,
        Items(Vec<Step>, Option<Arc<Schema>>),
    }
    let plan = match shape(value, schema.as_deref()) {
        Shape::Leaf => return,
        Shape::Members(_) => Plan::Members,
        Shape::Items(items, kind, inner) => {
            let step = |(index, item)| item_step(item, kind, inner.as_ref(), index);
            Plan::Items(items.iter().enumerate().map(step).collect(), inner)
        }
    };
    match (plan, value) {
        (Plan::Members, Value::Object(all)) => {
            let mut kept = Map::new();
            for (name, mut inner) in std::mem::take(all) {
                let step = Step::Field(name.clone());
                if set.members.contains(&step) {
                    continue;
                }
                if let Some(below) = set.children.get(&step) {
                    let had = !is_empty(&inner);
                    remove(&mut inner, below, schema.as_ref().and_then(|it| it.member(&name)));
                    if had && is_empty(&inner) {
                        continue;
                    }
                }
                kept.insert(name, inner);
            }
            *all = kept;
        }
        (Plan::Items(steps, inner), Value::Array(all)) => {
            let mut kept = Vec::new();
            for (step, mut item) in steps.into_iter().zip(std::mem::take(all)) {
                if set.members.contains(&step) {
                    continue;
                }
                if let Some(below) = set.children.get(&step) {
                    remove(&mut item, below, inner.clone());
                }
                kept.push(item);
            }
            *all = kept;
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(all) => all.is_empty(),
        Value::Array(all) => all.is_empty(),
        _ => false,
    }
}
