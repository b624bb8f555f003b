//! The schemas of the built-in kinds, from `data/schemas.tsv`: read one at a time, when first needed.
//!
//! Reading all of them at start would cost every test process what few tests use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::Schema;

pub(crate) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

fn lines() -> &'static HashMap<&'static str, &'static str> {
    static LINES: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    LINES.get_or_init(|| {
        include_str!("../../data/schemas.tsv").lines().filter_map(|line| line.split_once('\t')).collect()
    })
}

/// The type of this name.
pub(crate) fn named(name: &str) -> Option<Arc<Schema>> {
    static READ: OnceLock<Mutex<HashMap<&'static str, Arc<Schema>>>> = OnceLock::new();
    let (&name, line) = lines().get_key_value(name)?;
    let mut read = READ.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(schema) = read.get(name) {
        return Some(schema.clone());
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let schema = Arc::new(Schema { name: Some(name), ..Schema::read(&value, false) });
    read.insert(name, schema.clone());
    Some(schema)
}

/// The type of this name where it is not atomic: one member of all asks for that.
pub(super) fn granular(name: &str) -> Option<Arc<Schema>> {
    static READ: OnceLock<Mutex<HashMap<&'static str, Arc<Schema>>>> = OnceLock::new();
    let (&name, line) = lines().get_key_value(name)?;
    let mut read = READ.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(schema) = read.get(name) {
        return Some(schema.clone());
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let schema = Arc::new(Schema { name: Some(name), atomic_map: false, ..Schema::read(&value, false) });
    read.insert(name, schema.clone());
    Some(schema)
}

/// The type of this kind.
pub(crate) fn of_kind(group: &str, version: &str, kind: &str) -> Option<Arc<Schema>> {
    static KINDS: OnceLock<HashMap<(String, String, String), &'static str>> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| {
        let mut kinds = HashMap::new();
        let marked = lines().iter().filter(|(_, line)| line.contains("x-kubernetes-group-version-kind"));
        for (&name, line) in marked {
            let Ok(value) = serde_json::from_str::<Value>(line) else { continue };
            let Some(all) = value["x-kubernetes-group-version-kind"].as_array() else { continue };
            for it in all {
                let part = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
                kinds.insert((part("group"), part("version"), part("kind")), name);
            }
        }
        kinds
    });
    named(kinds.get(&(group.to_owned(), version.to_owned(), kind.to_owned()))?)
}
