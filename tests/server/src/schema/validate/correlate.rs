//! What a value was before an update, where that can be told: members by name, items of map lists by their keys.
//!
//! Nothing is judged here.

use std::sync::Arc;

use serde_json::Value;

use crate::schema::{ListKind, Schema};

/// A value and what it was.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) new: &'a Value,
    pub(crate) old: &'a Value,
}

impl<'a> Pair<'a> {
    /// A member that is in both.
    pub(crate) fn member(self, name: &str) -> Option<Pair<'a>> {
        Some(Pair { new: self.new.as_object()?.get(name)?, old: self.old.as_object()?.get(name)? })
    }

    /// An item of a map list by its keys; items of other lists have no identity.
    pub(crate) fn item(self, schema: &Schema, index: usize) -> Option<Pair<'a>> {
        let new = self.new.as_array()?.get(index)?;
        Some(Pair { new, old: same_item(new, self.old, schema)? })
    }

    /// Whether the value is what it was. The order in map lists does not count.
    pub(crate) fn is_same(self, schema: &Arc<Schema>) -> bool {
        match (self.new, self.old) {
            (Value::Array(new), Value::Array(old)) => {
                if !matches!(schema.list, ListKind::Map(_)) {
                    return new == old;
                }
                let Some(inner) = &schema.items else { return new == old };
                new.len() == old.len()
                    && (0..new.len()).all(|it| self.item(schema, it).is_some_and(|it| it.is_same(inner)))
            }
            (Value::Object(new), Value::Object(old)) => {
                new.len() == old.len()
                    && new.keys().all(|name| {
                        let Some(pair) = self.member(name) else { return false };
                        match schema.member(name) {
                            Some(inner) => pair.is_same(&inner),
                            None => pair.new == pair.old,
                        }
                    })
            }
            (new, old) => new == old,
        }
    }
}

/// The item of a list that has the keys of another.
pub(crate) fn same_item<'a>(item: &Value, list: &'a Value, schema: &Schema) -> Option<&'a Value> {
    let ListKind::Map(keys) = &schema.list else { return None };
    let key = |it: &'_ Value, name: &String| -> Option<Value> {
        let default = || schema.items.as_ref()?.properties.get(name)?.default.clone();
        it.as_object()?.get(name).cloned().or_else(default)
    };
    let list = list.as_array()?;
    item.as_object()?;
    list.iter().find(|it| it.is_object() && keys.iter().all(|name| key(it, name) == key(item, name)))
}
