//! Custom resources: what a CustomResourceDefinition must be, serving what it declares, and the rules of its objects.
//!
//! `check` judges definitions, `accept` gives out names, `serve` makes resources of versions, `objects` judges objects, `ending` is
//! deletion. Conversion between versions is `None` only.

mod accept;
pub(crate) mod check;
mod ending;
pub(crate) mod objects;
mod serve;

use serde_json::{Value, json};

use crate::kinds::Change;
use crate::kinds::causes::Causes;
use crate::meta;
use crate::store::Place;

pub(crate) use accept::register;
pub(crate) use ending::{finish_deletion, is_terminating, mark_terminating, object_is_gone};

fn place() -> Place {
    ("apiextensions.k8s.io".to_owned(), "customresourcedefinitions".to_owned())
}

/// The names that follow from others, and no conversion.
pub(crate) fn fill_defaults(crd: &mut Value) {
    if !crd["spec"].is_object() {
        return;
    }
    if !crd["spec"]["names"].is_object() {
        crd["spec"]["names"] = json!({"plural": "", "kind": ""});
    }
    let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
    let names = &mut crd["spec"]["names"];
    if names["singular"].as_str().unwrap_or_default().is_empty() && !kind.is_empty() {
        names["singular"] = kind.to_lowercase().into();
    }
    if names["listKind"].as_str().unwrap_or_default().is_empty() && !kind.is_empty() {
        names["listKind"] = format!("{kind}List").into();
    }
    if !crd["spec"]["conversion"].is_object() {
        crd["spec"]["conversion"] = json!({});
    }
    if crd["spec"]["conversion"]["strategy"].as_str().unwrap_or_default().is_empty() {
        crd["spec"]["conversion"]["strategy"] = "None".into();
    }
}

fn storage_version(crd: &Value) -> Option<Value> {
    let versions = crd["spec"]["versions"].as_array()?;
    versions.iter().find(|it| it["storage"] == true).map(|it| it["name"].clone())
}

pub(crate) fn prepare_create(crd: &mut Value) {
    let stored = storage_version(crd).map_or(Value::Null, |it| json!([it]));
    crd["status"] = json!({
        "conditions": null,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": stored,
    });
}

/// An update of the definition keeps its status, but a new storage version is one of those that are stored.
pub(crate) fn prepare_update(crd: &mut Value, _old: &Value, subresource: &str) {
    if !subresource.is_empty() {
        return;
    }
    let Some(name) = storage_version(crd) else { return };
    if let Some(stored) = crd["status"]["storedVersions"].as_array_mut()
        && !stored.contains(&name)
    {
        stored.push(name);
    }
}

/// What is wrong with a definition that is written.
pub(crate) fn check_change(change: &Change<'_>, causes: &mut Causes) {
    let found = match (change.old, change.subresource) {
        (_, "status") => check::status_update(change.new),
        (None, _) => check::create(change.new),
        (Some(old), _) => check::update(change.new, old),
    };
    causes.0.extend(found);
}

/// What is warned of in a definition and was not before.
pub(crate) fn warn(change: &Change<'_>, warnings: &mut Vec<String>) {
    let before = change.old.map(check::warnings).unwrap_or_default();
    warnings.extend(check::warnings(change.new).into_iter().filter(|it| !before.contains(it)));
}

fn condition(kind: &str, status: bool, reason: &str, message: &str) -> Value {
    json!({
        "type": kind,
        "status": if status { "True" } else { "False" },
        "lastTransitionTime": meta::now(0),
        "reason": reason,
        "message": message,
    })
}

/// Puts a condition in its place; the time stays where the status does.
fn set_condition(crd: &mut Value, mut new: Value) {
    let mut all = crd["status"]["conditions"].as_array().cloned().unwrap_or_default();
    match all.iter_mut().find(|it| it["type"] == new["type"]) {
        Some(old) => {
            if old["status"] == new["status"] {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = new;
        }
        None => all.push(new),
    }
    crd["status"]["conditions"] = all.into();
}

fn has_condition(crd: &Value, kind: &str) -> bool {
    let all = crd["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().any(|it| it["type"] == kind && it["status"] == "True")
}
