//! Strategic merge patch: lists merged by the keys that the schema names, and the `$patch` directives.
//!
//! `$retainKeys` and `$deleteFromPrimitiveList` are understood; `$setElementOrder` is accepted and orders what it names.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::schema::Schema;

/// Merges in place.
pub(super) fn merge(document: &mut Value, patch: &Value, schema: Option<&Arc<Schema>>) -> Outcome<()> {
    let (Value::Object(all), Value::Object(patch)) = (&mut *document, patch) else {
        *document = patch.clone();
        return Ok(());
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            let mut new = patch.clone();
            new.remove("$patch");
            *all = new;
            return Ok(());
        }
        Some("delete") => {
            all.clear();
            return Ok(());
        }
        _ => {}
    }
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        all.retain(|name, _| keep.iter().any(|it| it == name));
    }
    for (name, value) in patch {
        if let Some(target) = name.strip_prefix("$deleteFromPrimitiveList/") {
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
            (Some(old @ Value::Object(_)), Value::Object(_)) => merge(old, value, member.as_ref())?,
            (Some(Value::Array(old)), Value::Array(new)) => {
                *old = list(std::mem::take(old), new, member.as_ref())?;
            }
            (_, Value::Array(new)) => {
                all.insert(name.clone(), Value::Array(list(Vec::new(), new, member.as_ref())?));
            }
            (_, Value::Object(_)) => {
                let mut new = Value::Object(Map::new());
                merge(&mut new, value, member.as_ref())?;
                all.insert(name.clone(), new);
            }
            (_, value) => {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    for (name, order) in patch {
        let Some(target) = name.strip_prefix("$setElementOrder/") else { continue };
        let key = schema.and_then(|it| it.member(target)).and_then(|it| it.patch_merge_key.clone());
        if let (Some(Value::Array(items)), Value::Array(order)) = (all.get_mut(target), order) {
            reorder(items, order, key.as_deref());
        }
    }
    Ok(())
}

fn list(mut old: Vec<Value>, new: &[Value], schema: Option<&Arc<Schema>>) -> Outcome<Vec<Value>> {
    let strategy = schema.and_then(|it| it.patch_strategy.as_deref()).unwrap_or_default();
    let merges = strategy.split(',').any(|it| it == "merge");
    let directive = |it: &Value| it.get("$patch").and_then(Value::as_str).map(str::to_owned);
    if !merges || new.iter().any(|it| directive(it).as_deref() == Some("replace")) {
        return Ok(new.iter().filter(|it| directive(it).is_none()).cloned().collect());
    }
    let item_schema = schema.and_then(|it| it.item());
    let Some(key) = schema.and_then(|it| it.patch_merge_key.as_deref()) else {
        for item in new {
            if !old.contains(item) {
                old.push(item.clone());
            }
        }
        return Ok(old);
    };
    for item in new {
        let Some(id) = item.get(key) else {
            let say = format!("map: {item} does not contain declared merge key: {key}");
            return Err(Failure::bad_request(say));
        };
        let at = old.iter().position(|it| it.get(key) == Some(id));
        match (directive(item).as_deref(), at) {
            (Some("delete"), Some(_)) => old.retain(|it| it.get(key) != Some(id)),
            (Some("delete"), None) => {}
            (_, Some(at)) => merge(&mut old[at], item, item_schema.as_ref())?,
            (_, None) => {
                let mut fresh = Value::Object(Map::new());
                merge(&mut fresh, item, item_schema.as_ref())?;
                old.push(fresh);
            }
        }
    }
    Ok(old)
}

/// Puts what the order names in that order, and the rest after the item that it followed.
fn reorder(items: &mut [Value], order: &[Value], key: Option<&str>) {
    let place = |item: &Value| {
        order.iter().position(|it| match key {
            Some(key) => it.get(key).is_some() && it.get(key) == item.get(key),
            None => it == item,
        })
    };
    let mut named: Vec<Value> = items.iter().filter(|it| place(it).is_some()).cloned().collect();
    named.sort_by_key(&place);
    let mut named = named.into_iter();
    for item in items.iter_mut() {
        if place(item).is_some()
            && let Some(next) = named.next()
        {
            *item = next;
        }
    }
}
