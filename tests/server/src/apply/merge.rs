//! Merging an applied configuration into an object, and removing fields from one.
//!
//! Who may do so is `managers`' to say.

use std::collections::{BTreeMap, BTreeSet};
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

/// Items of both sides: those of the configuration in its order, the others where they stood before the shared item that follows.
fn lists(
    (old, old_steps): (&[Value], &[Step]),
    (new, new_steps): (&[Value], &[Step]),
    schema: Option<&Arc<Schema>>,
) -> Vec<Value> {
    let places = |steps: &[Step]| -> BTreeMap<Step, usize> {
        // Of several with one key the first counts.
        steps.iter().enumerate().rev().map(|(at, step)| (step.clone(), at)).collect()
    };
    let (in_old, in_new) = (places(old_steps), places(new_steps));
    let mut shared = new_steps.iter().filter(|it| in_old.contains_key(it)).peekable();
    let mut done: BTreeSet<&Step> = BTreeSet::new();
    let mut out = Vec::with_capacity(old.len().max(new.len()));
    let (mut left, mut right) = (0, 0);
    while left < old.len() || right < new.len() {
        let here = old_steps.get(left);
        if let (Some(here), Some(there)) = (here, new_steps.get(right)) {
            let awaited = shared.peek().is_some_and(|it| *it != here);
            if here != there && in_new.contains_key(here) && awaited {
                left += 1;
                continue;
            }
        }
        if let Some(here) = here
            && new_steps.get(right) != Some(here)
        {
            if !in_new.contains_key(here) {
                out.push(old[left].clone());
                left += 1;
                continue;
            }
            if done.contains(here) {
                left += 1;
            }
        }
        let Some(there) = new_steps.get(right) else { continue };
        out.push(match in_old.get(there) {
            Some(at) => node(&old[*at], &new[right], schema.cloned()),
            None => new[right].clone(),
        });
        if here == Some(there) {
            left += 1;
        }
        done.insert(there);
        shared.next_if(|it| *it == there);
        right += 1;
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
