//! `metadata.managedFields`: who manages what, after an update and after an apply.
//!
//! The rules are those of structured merge: an update takes over what it changed, an apply owns what it says and conflicts with
//! what others own and it would change.

use std::sync::Arc;

use serde_json::{Value, json};

use super::compare::{Comparison, compare, same};
use super::fields::{self, FieldSet, Step, shown};
use super::merge;
use crate::schema::Schema;

/// Who writes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Manager {
    pub(crate) name: String,
    pub(crate) applies: bool,
    pub(crate) api_version: String,
    pub(crate) subresource: String,
}

/// One entry.
#[derive(Debug, Clone)]
struct Entry {
    manager: Manager,
    time: Option<String>,
    set: FieldSet,
}

/// A conflict for each field and the manager that owns it.
#[derive(Debug)]
pub(crate) struct Conflicts(pub(crate) Vec<(Manager, Vec<Step>)>);

impl Conflicts {
    /// The real server's message.
    pub(crate) fn message(&self) -> String {
        let mut by_owner: Vec<(String, Vec<String>)> = Vec::new();
        for (manager, path) in &self.0 {
            let owner = owner(manager);
            match by_owner.iter_mut().find(|(it, _)| *it == owner) {
                Some((_, paths)) => paths.push(shown(path)),
                None => by_owner.push((owner, vec![shown(path)])),
            }
        }
        by_owner.sort();
        let count = self.0.len();
        let head = format!("Apply failed with {count} conflict{}: ", if count == 1 { "" } else { "s" });
        let parts: Vec<String> = by_owner
            .iter()
            .map(|(owner, paths)| match paths.as_slice() {
                [one] if count == 1 => format!("conflict with {owner}: {one}"),
                many => format!("conflicts with {owner}:\n- {}", many.join("\n- ")),
            })
            .collect();
        head + &parts.join("\n")
    }

    pub(crate) fn causes(&self) -> Value {
        let cause = |(manager, path): &(Manager, Vec<Step>)| {
            json!({
                "reason": "FieldManagerConflict",
                "message": format!("conflict with {}", owner(manager)),
                "field": shown(path),
            })
        };
        self.0.iter().map(cause).collect()
    }
}

fn owner(manager: &Manager) -> String {
    let mut out = format!("\"{}\"", manager.name);
    if !manager.subresource.is_empty() {
        out.push_str(&format!(" with subresource \"{}\"", manager.subresource));
    }
    if !manager.applies {
        out.push_str(&format!(" using {}", manager.api_version));
    }
    out
}

fn read(object: &Value) -> Vec<Entry> {
    let all = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|it| Entry {
            manager: Manager {
                name: text(it, "manager"),
                applies: it["operation"] == "Apply",
                api_version: text(it, "apiVersion"),
                subresource: text(it, "subresource"),
            },
            time: it["time"].as_str().map(str::to_owned),
            set: FieldSet::from_json(&it["fieldsV1"]),
        })
        .collect()
}

fn write(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|it| !it.set.is_empty() || it.manager.applies);
    entries.sort_by(|one, other| {
        let key = |it: &Entry| {
            (
                !it.manager.applies,
                it.time.clone().unwrap_or_default(),
                it.manager.name.clone(),
                it.manager.clone(),
            )
        };
        key(one).cmp(&key(other))
    });
    if entries.is_empty() {
        crate::meta::remove(object, "managedFields");
        return;
    }
    let entry = |it: &Entry| {
        let mut out = json!({
            "manager": it.manager.name,
            "operation": if it.manager.applies { "Apply" } else { "Update" },
            "apiVersion": it.manager.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": it.set.to_json(),
        });
        if let Some(time) = &it.time {
            out["time"] = time.as_str().into();
        }
        if !it.manager.subresource.is_empty() {
            out["subresource"] = it.manager.subresource.as_str().into();
        }
        out
    };
    object["metadata"]["managedFields"] = entries.iter().map(entry).collect();
}

/// The object without what nobody can own.
pub(crate) fn stripped(object: &Value) -> Value {
    let mut out = object.clone();
    if !out["metadata"].is_object() {
        out["metadata"] = json!({});
    }
    if let Some(all) = out.as_object_mut() {
        all.remove("apiVersion");
        all.remove("kind");
        if let Some(metadata) = all.get_mut("metadata").and_then(Value::as_object_mut) {
            for name in [
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "generation",
                "managedFields",
                "resourceVersion",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
            ] {
                metadata.remove(name);
            }
        }
    }
    out
}

/// Takes the fields of `set` away from everybody but one.
fn take(entries: &mut [Entry], from_all_but: &Manager, set: &FieldSet) {
    for entry in entries.iter_mut().filter(|it| it.manager != *from_all_but) {
        entry.set = entry.set.difference(set);
    }
}

/// Records an update from one state to another: `new` gets its `managedFields`, made from those in `old`.
///
/// `ignored` are the fields that this request cannot change, so that it never owns them.
pub(crate) fn update(
    old: &Value,
    new: &mut Value,
    schema: &Arc<Schema>,
    manager: Manager,
    ignored: &FieldSet,
    now: &str,
) {
    // Who sends managedFields without entries wants them reset; who sends none keeps them.
    let sent = new["metadata"]["managedFields"].as_array();
    let reset = sent.is_some_and(|it| it.len() == 1 && it[0] == json!({}));
    let mut entries = if reset { Vec::new() } else { read(old) };
    let comparison: Comparison =
        compare(&stripped(old), &stripped(new), schema).map(|it| it.without(ignored));
    let changed = comparison.added.union(&comparison.modified);
    let gone = comparison.removed;
    take(&mut entries, &manager, &changed.union(&gone));
    let mine = entries.iter().position(|it| it.manager == manager);
    let before = mine.map(|it| entries[it].set.clone()).unwrap_or_default();
    let set = before.union(&changed).difference(&gone);
    match mine {
        Some(at) if set != before => {
            entries[at] = Entry { manager, time: Some(now.to_owned()), set };
        }
        Some(at) => entries[at].set = set,
        None => entries.push(Entry { manager, time: Some(now.to_owned()), set }),
    }
    write(new, entries);
}

/// Merges an applied configuration into `live` and records it.
///
/// # Errors
///
/// The conflicts, unless `force` takes the fields over.
pub(crate) fn apply(
    live: &Value,
    config: &Value,
    schema: &Arc<Schema>,
    manager: Manager,
    force: bool,
    ignored: &FieldSet,
    now: &str,
) -> Result<Value, Conflicts> {
    let mut entries = read(live);
    let wanted = stripped(config);
    let mut set = fields::of_object(&wanted, schema).without(ignored);
    // Metadata as a whole belongs to nobody.
    set.members.remove(&Step::Field("metadata".to_owned()));
    let mut merged = merge::merge(live, &without_meta(config), schema);

    // What this manager applied before and no longer says goes, unless someone else owns it too.
    let mine = entries.iter().position(|it| it.manager == manager);
    let before = mine.map(|it| entries[it].set.clone()).unwrap_or_default();
    let mut given_up = before.difference(&set);
    for entry in entries.iter().filter(|it| it.manager != manager) {
        given_up = given_up.difference(&entry.set);
    }
    let given_up = keep_parents(given_up, &entries, &manager, &set);
    merge::remove(&mut merged, &given_up, Some(schema.clone()));

    let comparison = compare(&stripped(live), &stripped(&merged), schema).map(|it| it.without(ignored));
    let changed = comparison.added.union(&comparison.modified);
    let mut conflicts = Vec::new();
    for entry in entries.iter().filter(|it| it.manager != manager) {
        let shared = entry.set.intersection(&changed);
        conflicts.extend(shared.paths().into_iter().map(|path| (entry.manager.clone(), path)));
    }
    if !conflicts.is_empty() && !force {
        return Err(Conflicts(conflicts));
    }
    take(&mut entries, &manager, &changed.union(&comparison.removed));
    // As in the real server, an apply that changes nothing in the object brings no time of its own.
    let unchanged =
        [&comparison.added, &comparison.modified, &comparison.removed].iter().all(|it| it.is_empty());
    let time = match mine {
        Some(at) if unchanged => entries[at].time.clone(),
        None if unchanged => None,
        _ => Some(now.to_owned()),
    };
    entries.retain(|it| it.manager != manager);
    entries.push(Entry { manager, time, set });
    write(&mut merged, entries);
    Ok(merged)
}

/// A container given up stays as long as somebody owns something inside.
fn keep_parents(mut set: FieldSet, entries: &[Entry], manager: &Manager, applied: &FieldSet) -> FieldSet {
    fn prune(set: &mut FieldSet, others: &[&FieldSet]) {
        set.members
            .retain(|step| others.iter().all(|it| it.children.get(step).is_none_or(FieldSet::is_empty)));
        for (step, below) in &mut set.children {
            let inner: Vec<&FieldSet> = others.iter().filter_map(|it| it.children.get(step)).collect();
            prune(below, &inner);
        }
    }
    let others: Vec<&FieldSet> =
        entries.iter().filter(|it| it.manager != *manager).map(|it| &it.set).chain([applied]).collect();
    prune(&mut set, &others);
    set
}

/// The configuration without the metadata that only names the object.
fn without_meta(config: &Value) -> Value {
    let mut out = config.clone();
    for name in ["creationTimestamp", "uid", "generation", "managedFields", "resourceVersion"] {
        crate::meta::remove(&mut out, name);
    }
    out
}

/// Whether two states differ in nothing but the times of their managers.
pub(crate) fn nothing_changed(old: &Value, new: &Value) -> bool {
    let plain = |it: &Value| {
        let mut it = it.clone();
        crate::meta::remove(&mut it, "managedFields");
        it
    };
    if !same(&plain(old), &plain(new)) {
        return false;
    }
    let owned = |it: &Value| {
        let mut all: Vec<(Manager, String)> =
            read(it).into_iter().map(|it| (it.manager, it.set.to_json().to_string())).collect();
        all.sort();
        all
    };
    owned(old) == owned(new)
}
