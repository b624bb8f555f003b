//! Strategic merge patch: lists merged by the keys that the schema names, and the directives that begin with `$`.
//!
//! Only documents are looked at: whether the outcome fits its type is for the caller to see.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::shown::plain;
use crate::failure::{Failure, Outcome};
use crate::schema::Schema;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_PREFIX: &str = "$deleteFromPrimitiveList/";
const ORDER_PREFIX: &str = "$setElementOrder/";

/// Merges in place.
pub(super) fn merge(document: &mut Value, patch: &Value, schema: Option<&Arc<Schema>>) -> Outcome<()> {
    let (Value::Object(all), Value::Object(patch)) = (&mut *document, patch) else {
        *document = patch.clone();
        return Ok(());
    };
    match patch.get(DIRECTIVE) {
        Some(Value::String(it)) if it == "replace" => {
            *all = patch.clone();
            all.remove(DIRECTIVE);
            return Ok(());
        }
        Some(Value::String(it)) if it == "delete" => {
            all.clear();
            return Ok(());
        }
        Some(other) => return Err(unknown_directive(other, patch)),
        None => {}
    }
    retain_keys(all, patch)?;
    for (name, value) in patch {
        if let Some(target) = name.strip_prefix(DELETE_PREFIX) {
            if let (Some(Value::Array(items)), Value::Array(gone)) = (all.get_mut(target), value) {
                items.retain(|it| !gone.contains(it));
            }
            continue;
        }
        if name.starts_with('$') {
            continue;
        }
        if value.is_null() {
            all.remove(name);
            continue;
        }
        let member = schema.and_then(|it| it.member(name));
        match (all.get_mut(name), value) {
            (Some(old @ Value::Object(_)), Value::Object(_)) => {
                let strategy =
                    member.as_ref().and_then(|it| it.patch_strategy.as_deref()).unwrap_or_default();
                if strategy.split(',').any(|it| it == "replace") {
                    *old = value.clone();
                } else {
                    merge(old, value, member.as_ref())?;
                }
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                let order = patch.get(&format!("{ORDER_PREFIX}{name}")).and_then(Value::as_array);
                *old = list(old, new, order, member.as_ref())?;
            }
            (None, value) => {
                if let Some(value) = without_directives(value) {
                    all.insert(name.clone(), value);
                }
            }
            (Some(old), value) => *old = value.clone(),
        }
    }
    for (name, order) in patch {
        let Some(target) = name.strip_prefix(ORDER_PREFIX).filter(|it| !patch.contains_key(*it)) else {
            continue;
        };
        let key = schema.and_then(|it| it.member(target)).and_then(|it| it.patch_merge_key.clone());
        if let (Some(Value::Array(items)), Value::Array(order)) = (all.get_mut(target), order) {
            *items = ordered(items, order, items, key.as_deref());
        }
    }
    Ok(())
}

fn unknown_directive(directive: &Value, patch: &Map<String, Value>) -> Failure {
    let shown = plain(&Value::Object(patch.clone()));
    Failure::plain(format!("unknown patch type: {} in map: {shown}", plain(directive)))
}

/// Clears the members of a union that are not to be kept.
fn retain_keys(all: &mut Map<String, Value>, patch: &Map<String, Value>) -> Outcome<()> {
    let Some(keep) = patch.get(RETAIN_KEYS) else { return Ok(()) };
    let kept = keep.as_array();
    let is_kept = |name: &str| kept.is_some_and(|it| it.iter().any(|it| it == name));
    let is_given = |(name, value): (&String, &Value)| !name.starts_with('$') && !value.is_null();
    if kept.is_none() || patch.iter().filter(|it| is_given(*it)).any(|(name, _)| !is_kept(name)) {
        return Err(Failure::bad_request("invalid patch format of retainKeys"));
    }
    all.retain(|name, _| is_kept(name));
    Ok(())
}

/// A part of a patch that meets nothing: what is left of it when nobody is there to be told.
fn without_directives(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(all) if all.contains_key(DIRECTIVE) => None,
        Value::Object(all) => {
            let kept = all.iter().filter(|it| !it.0.starts_with('$'));
            Some(Value::Object(
                kept.filter_map(|(name, it)| Some((name.clone(), without_directives(it)?))).collect(),
            ))
        }
        Value::Array(items) => Some(items.iter().filter_map(without_directives).collect()),
        other => Some(other.clone()),
    }
}

fn list(
    old: &[Value],
    new: &[Value],
    order: Option<&Vec<Value>>,
    schema: Option<&Arc<Schema>>,
) -> Outcome<Vec<Value>> {
    let strategy = schema.and_then(|it| it.patch_strategy.as_deref()).unwrap_or_default();
    if !strategy.split(',').any(|it| it == "merge") {
        return Ok(new.to_vec());
    }
    let is_map = old.iter().chain(new).next().is_some_and(Value::is_object);
    if old.iter().chain(new).any(|it| it.is_object() != is_map) {
        let shown = Value::Array(vec![old.into(), new.into()]);
        return Err(Failure::plain(format!("list element types are not identical: {}", plain(&shown))));
    }
    let key = schema.and_then(|it| it.patch_merge_key.as_deref()).filter(|_| is_map);
    if let Some(order) = order {
        check_order(new, order, key)?;
    }
    let item_schema = schema.and_then(|it| it.item());
    let merged = match key {
        Some(key) => match maps(old, new, key, item_schema.as_ref())? {
            Items::Merged(merged) => merged,
            Items::Replaced(all) => return Ok(all),
        },
        None => {
            let mut all = old.to_vec();
            for item in new {
                if !all.contains(item) {
                    all.push(item.clone());
                }
            }
            all
        }
    };
    Ok(ordered(&merged, order.map_or(new, Vec::as_slice), old, key))
}

enum Items {
    Merged(Vec<Value>),
    Replaced(Vec<Value>),
}

fn maps(old: &[Value], new: &[Value], key: &str, schema: Option<&Arc<Schema>>) -> Outcome<Items> {
    if new.iter().any(|it| it.get(DIRECTIVE).is_some_and(|it| it == "replace")) {
        let kept = new.iter().filter(|it| it.get(DIRECTIVE).is_none());
        return Ok(Items::Replaced(kept.cloned().collect()));
    }
    let mut all = old.to_vec();
    for item in new {
        let directive = item.get(DIRECTIVE);
        if let (Some(other), Value::Object(members)) = (directive.filter(|it| *it != "delete"), item) {
            return Err(unknown_directive(other, members));
        }
        let Some(id) = item.get(key) else {
            let shown = plain(item);
            return Err(Failure::plain(format!("map: {shown} does not contain declared merge key: {key}")));
        };
        if directive.is_some() {
            all.retain(|it| it.get(key) != Some(id));
            continue;
        }
        match all.iter_mut().find(|it| it.get(key) == Some(id)) {
            Some(found) => merge(found, item, schema)?,
            None => all.extend(without_directives(item)),
        }
    }
    Ok(Items::Merged(all))
}

/// Where an item stands in a list that orders: by its key, or as it is.
fn place(list: &[Value], item: &Value, key: Option<&str>) -> Option<usize> {
    list.iter().position(|it| match key {
        Some(key) => it.get(key).is_some() && it.get(key) == item.get(key),
        None => it == item,
    })
}

/// What is patched must stand in the order that is asked for.
fn check_order(new: &[Value], order: &[Value], key: Option<&str>) -> Outcome<()> {
    let kept: Vec<Value> = new.iter().filter(|it| it.get(DIRECTIVE).is_none()).cloned().collect();
    let mut from = 0;
    for item in &kept {
        let Some(at) = place(order.get(from..).unwrap_or_default(), item, key) else {
            let (list, order) = (plain(&kept.into()), plain(&order.into()));
            return Err(Failure::plain(format!(
                "The order in patch list:\n{list}\n doesn't match $setElementOrder list:\n{order}\n"
            )));
        };
        from += at + 1;
    }
    Ok(())
}

/// Puts what `order` names in its order; the others stand before the first of those that followed them on the server.
fn ordered(items: &[Value], order: &[Value], live: &[Value], key: Option<&str>) -> Vec<Value> {
    let in_order = |it: &&Value| place(order, it, key).is_some();
    let (mut named, mut others): (Vec<&Value>, Vec<&Value>) = items.iter().partition(in_order);
    named.sort_by_key(|it| place(order, it, key));
    others.sort_by_key(|it| place(live, it, key).unwrap_or(usize::MAX));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    let mut out = Vec::with_capacity(items.len());
    loop {
        let next = match (named.peek(), others.peek()) {
            (None, None) => return out,
            (Some(one), Some(other)) => match (place(live, other, key), place(live, one, key)) {
                (Some(other), Some(one)) if other < one => others.next(),
                _ => named.next(),
            },
            (Some(_), None) => named.next(),
            (None, Some(_)) => others.next(),
        };
        out.extend(next.cloned());
    }
}
