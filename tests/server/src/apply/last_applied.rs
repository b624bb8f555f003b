//! What the server does for `kubectl apply --server-side` on objects that `kubectl apply` made before: fields that are as the annotation
//! `last-applied-configuration` says are no conflict, and the annotation follows what is applied.
//!
//! For the manager `kubectl` alone; everybody else applies without this.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::compare::{self, compare};
use super::fields::{self, FieldSet};
use super::managers::{self, Conflicts, Manager};
use crate::schema::Schema;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How something is applied, and to what kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) kind: &'a str,
    pub(crate) force: bool,
    pub(crate) ignored: &'a FieldSet,
    pub(crate) now: &'a str,
}

/// An apply as [`managers::apply`] does it.
///
/// # Errors
///
/// The conflicts that remain.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    schema: &Arc<Schema>,
    manager: Manager,
    terms: &Terms<'_>,
) -> Result<Value, Conflicts> {
    let Terms { kind, force, ignored, now } = *terms;
    let merge = |force: bool| managers::apply(live, config, schema, manager.clone(), force, ignored, now);
    if manager.name != "kubectl" {
        return merge(force);
    }
    let mut new = match merge(force) {
        Err(Conflicts(conflicts)) => {
            let allowed = unchanged_since(live, schema, &manager.api_version);
            let is_allowed = |path: &[fields::Step]| {
                let mut one = FieldSet::default();
                one.insert(path);
                one.difference(&allowed).is_empty()
            };
            let left: Vec<_> = conflicts.into_iter().filter(|(_, path)| !is_allowed(path)).collect();
            if !left.is_empty() {
                return Err(Conflicts(left));
            }
            merge(true)?
        }
        Ok(new) => new,
    };
    if let Some(annotation) = new.pointer_mut("/metadata/annotations").and_then(|it| it.get_mut(ANNOTATION))
        && annotation.as_str().is_some_and(|it| !it.is_empty())
    {
        *annotation = written(config, kind, &manager.api_version).into();
    }
    Ok(new)
}

/// The fields that are as the annotation says.
fn unchanged_since(live: &Value, schema: &Arc<Schema>, api_version: &str) -> FieldSet {
    let text = live["metadata"]["annotations"][ANNOTATION].as_str().unwrap_or_default();
    let Ok(last) = serde_json::from_str::<Value>(text) else { return FieldSet::default() };
    if last["apiVersion"] != api_version {
        return FieldSet::default();
    }
    let last = managers::stripped(&last);
    let since = compare(&last, &managers::stripped(live), schema);
    let changed = since.added.union(&since.modified).union(&since.removed);
    fields::of_object(&last, schema).difference(&changed)
}

/// The configuration as the annotation holds it: members by name, on a line.
fn written(config: &Value, kind: &str, api_version: &str) -> String {
    let mut all: Map<String, Value> = config.as_object().cloned().unwrap_or_default();
    all.insert("apiVersion".to_owned(), api_version.into());
    all.insert("kind".to_owned(), kind.into());
    if let Some(annotations) =
        all.get_mut("metadata").and_then(|it| it.get_mut("annotations")).and_then(Value::as_object_mut)
    {
        annotations.remove(ANNOTATION);
    }
    format!("{}\n", compare::sorted(&Value::Object(all)))
}
