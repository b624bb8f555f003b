//! Defaults of built-in types: those of `data/defaults.tsv`, and those that depend on other members.
//!
//! They belong to types, not to kinds: what a container gets it gets wherever it stands. What a kind alone does is in its module.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::MAX_DEPTH;
use crate::schema::Schema;

/// A default that depends on more than its own absence.
pub(crate) type TypeDefault = fn(&mut Map<String, Value>);

/// By the name of the type.
pub(crate) type TypeDefaults = &'static [(&'static str, TypeDefault)];

type Table = HashMap<&'static str, Vec<(&'static str, Value)>>;

/// Of each type, the members and what they get when they are absent.
fn table() -> &'static Table {
    static ALL: OnceLock<Table> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Table::new();
        for line in include_str!("../../data/defaults.tsv").lines().filter(|it| !it.starts_with('#')) {
            let mut cells = line.split('\t');
            let (Some(name), Some(field), Some(json)) = (cells.next(), cells.next(), cells.next()) else {
                continue;
            };
            if let Ok(value) = serde_json::from_str(json) {
                all.entry(name).or_default().push((field, value));
            }
        }
        all
    })
}

/// Fills in the defaults of an object and of everything in it.
pub(crate) fn fill(object: &mut Value, schema: &Arc<Schema>) {
    walk(object, schema, 0);
}

fn walk(value: &mut Value, schema: &Arc<Schema>, depth: usize) {
    let schema = schema.resolved();
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(all) => {
            if let Some(name) = schema.name {
                for (field, default) in table().get(name).into_iter().flatten() {
                    let is_unset = |it: &Value| it.is_null() || it.as_str() == Some("");
                    if all.get(*field).is_none_or(is_unset) {
                        all.insert((*field).to_owned(), default.clone());
                    }
                }
                for (_, function) in super::TYPE_DEFAULTS
                    .iter()
                    .chain(super::others::TYPE_DEFAULTS)
                    .chain(super::workloads::TYPE_DEFAULTS)
                    .filter(|(it, _)| *it == name)
                {
                    function(all);
                }
            }
            for (name, member) in &schema.properties {
                let default = member.default.as_ref().filter(|it| is_meaningful(it));
                if let Some(default) = default.filter(|_| all.get(name).is_none_or(Value::is_null)) {
                    all.insert(name.clone(), default.clone());
                }
            }
            for (name, inner) in all.iter_mut() {
                if let Some(member) = schema.properties.get(name).or(schema.additional.as_ref()) {
                    walk(inner, member, depth + 1);
                }
            }
        }
        Value::Array(items) => {
            if let Some(member) = &schema.items {
                items.iter_mut().for_each(|it| walk(it, member, depth + 1));
            }
        }
        _ => {}
    }
}

/// Go's zero values stand as defaults all over the built-in schemas; they are a matter of writing.
fn is_meaningful(default: &Value) -> bool {
    match default {
        Value::Null | Value::Array(_) | Value::Object(_) => false,
        Value::Bool(it) => *it,
        Value::Number(it) => it.as_f64() != Some(0.0),
        Value::String(it) => !it.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::schema::builtin;

    #[test]
    fn every_default_is_of_a_member_that_exists() {
        for (name, fields) in table() {
            let schema = builtin::named(name).unwrap_or_else(|| panic!("{name} is no type"));
            for (field, _) in fields {
                assert!(schema.properties.contains_key(*field), "{name} has no {field}");
            }
        }
        for (name, _) in crate::kinds::TYPE_DEFAULTS.iter().chain(crate::kinds::others::TYPE_DEFAULTS) {
            assert!(builtin::named(name).is_some(), "{name} is no type");
        }
    }
}
