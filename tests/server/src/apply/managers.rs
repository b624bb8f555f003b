//! `metadata.managedFields`: who manages what, after an update and after an apply.
//!
//! The rules are those of structured merge: an update takes over what it changed, an apply owns what it says and conflicts with
//! what others own and it would change.

use std::collections::BTreeMap;
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

impl Manager {
    /// Who applies is the same in every version; who updates is somebody else in each.
    fn is(&self, other: &Manager) -> bool {
        let versions = self.applies || self.api_version == other.api_version;
        versions
            && self.applies == other.applies
            && self.name == other.name
            && self.subresource == other.subresource
    }
}

/// The time of an entry; none where nobody said what it is.
fn stamp(now: &str) -> Option<String> {
    (!now.is_empty()).then(|| now.to_owned())
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
    entries.retain(|it| !it.set.is_empty());
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
    for entry in entries.iter_mut().filter(|it| !it.manager.is(from_all_but)) {
        entry.set = entry.set.difference(set);
    }
}

/// Whether any manager has this field.
pub(crate) fn is_owned(object: &Value, path: &[Step]) -> bool {
    let mut field = FieldSet::default();
    field.insert(path);
    read(object).iter().any(|it| !it.set.intersection(&field).is_empty())
}

/// Records an update from one state to another: `new` gets its `managedFields`, made from those in `old`.
///
/// Without a time (`now` is empty) its entry has none. `ignored` are the fields that this request cannot change, so that it never owns them.
pub(crate) fn update(
    old: &Value,
    new: &mut Value,
    schema: &Arc<Schema>,
    manager: Manager,
    ignored: &FieldSet,
    now: &str,
) {
    let mut entries = sent_or_live(old, new, &manager);
    if entries.is_empty() && !crate::meta::text(old, "uid").is_empty() {
        // Of what nobody tracks so far, an update begins no record.
        crate::meta::remove(new, "managedFields");
        return;
    }
    let comparison: Comparison =
        compare(&stripped(old), &stripped(new), schema).map(|it| it.without(ignored));
    let changed = comparison.added.union(&comparison.modified);
    let gone = comparison.removed;
    take(&mut entries, &manager, &changed.union(&gone));
    let mine = entries.iter().position(|it| it.manager.is(&manager));
    let before = mine.map(|it| entries[it].set.clone()).unwrap_or_default();
    let set = before.union(&changed).difference(&gone);
    match mine {
        Some(at) if set != before => {
            entries[at] = Entry { manager, time: stamp(now), set };
        }
        Some(at) => entries[at].set = set,
        None => entries.push(Entry { manager, time: stamp(now), set }),
    }
    entries.retain(|it| !it.set.is_empty());
    cap(&mut entries);
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
    if entries.is_empty() {
        entries.extend(before_first_apply(live, schema, &manager, now));
    }
    let wanted = stripped(config);
    let mut set = fields::of_object(&wanted, schema).without(ignored);
    // Metadata as a whole belongs to nobody.
    set.members.remove(&Step::Field("metadata".to_owned()));
    let mut merged = merge::merge(live, &without_meta(config), schema);
    let mine = entries.iter().position(|it| it.manager.is(&manager));
    if let Some(before) = mine.map(|it| entries[it].set.clone()) {
        let others = entries.iter().filter(|it| !it.manager.is(&manager));
        let owned = others.fold(set.clone(), |all, it| all.union(&it.set));
        merged = prune(merged, &before, &owned, schema);
    }

    let comparison = compare(&stripped(live), &stripped(&merged), schema).map(|it| it.without(ignored));
    let changed = comparison.added.union(&comparison.modified);
    let mut conflicts = Vec::new();
    for entry in entries.iter().filter(|it| !it.manager.is(&manager)) {
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
        _ => stamp(now),
    };
    entries.retain(|it| !it.manager.is(&manager));
    entries.push(Entry { manager, time, set });
    write(&mut merged, entries);
    Ok(merged)
}

/// Removes what a manager applied before and no longer says, unless somebody else owns it.
///
/// A member of a struct goes as a whole when all that its last owner set in it goes, even with members that nobody owns.
fn prune(merged: Value, before: &FieldSet, owned: &FieldSet, schema: &Arc<Schema>) -> Value {
    let (before, owned) = (fields::with_named(before, schema), fields::with_named(owned, schema));
    let all = fields::with_named(&fields::of_object(&merged, schema), schema);
    let without = |set: &FieldSet| {
        let mut out = merged.clone();
        merge::remove(&mut out, set, Some(schema.clone()));
        out
    };
    let left = fields::with_named(&fields::of_object(&without(&before), schema), schema);
    let kept = without(&all.difference(&left.union(&owned)));
    let kept = fields::with_named(&fields::of_object(&kept, schema), schema);
    without(&all.difference(&kept).intersection(&before))
}

/// The entries that an update starts from: those in it, as clients may write them, else those of the object.
fn sent_or_live(old: &Value, new: &Value, manager: &Manager) -> Vec<Entry> {
    if !manager.subresource.is_empty() {
        return read(old);
    }
    match new["metadata"]["managedFields"].as_array().map(Vec::as_slice) {
        Some([]) => Vec::new(),
        Some([one]) if one == &json!({}) => Vec::new(),
        Some(all) if all.iter().all(is_entry) => read(new),
        _ => read(old),
    }
}

fn is_entry(entry: &Value) -> bool {
    matches!(entry["operation"].as_str(), Some("Apply" | "Update")) && entry["fieldsType"] == "FieldsV1"
}

/// Who owns all of an object that nobody tracked until somebody applied to it.
fn before_first_apply(live: &Value, schema: &Arc<Schema>, manager: &Manager, now: &str) -> Option<Entry> {
    let everything = compare(&json!({}), &stripped(live), schema);
    let mut set = everything.added.union(&everything.modified);
    set.members.remove(&Step::Field("metadata".to_owned()));
    let name = "before-first-apply".to_owned();
    let manager = Manager { name, applies: false, subresource: String::new(), ..manager.clone() };
    (!set.is_empty()).then(|| Entry { manager, time: stamp(now), set })
}

/// The most updating managers that an object keeps apart.
const MOST_UPDATERS: usize = 10;

/// Rolls the oldest updating managers of a version into one.
fn cap(entries: &mut Vec<Entry>) {
    let mut updaters: Vec<Manager> = {
        let mut all: Vec<&Entry> = entries.iter().filter(|it| !it.manager.applies).collect();
        all.sort_by(|one, other| (&one.time, &one.manager).cmp(&(&other.time, &other.manager)));
        all.into_iter().map(|it| it.manager.clone()).collect()
    };
    let mut count = updaters.len();
    updaters.reverse();
    let mut first: BTreeMap<String, Manager> = BTreeMap::new();
    while count > MOST_UPDATERS {
        let Some(manager) = updaters.pop() else { return };
        let version = manager.api_version.clone();
        let Some(earlier) = first.get(&version) else {
            first.insert(version, manager);
            continue;
        };
        let bucket = Manager {
            name: "ancient-changes".to_owned(),
            applies: false,
            api_version: version.clone(),
            subresource: String::new(),
        };
        let mut take =
            |who: &Manager| entries.iter().position(|it| it.manager == *who).map(|at| entries.remove(at));
        let (one, other) = (take(earlier), take(&manager));
        let time = other.as_ref().and_then(|it| it.time.clone());
        let sets = one.into_iter().chain(other).map(|it| it.set);
        let set = sets.fold(FieldSet::default(), |all, it| all.union(&it));
        first.insert(version, bucket.clone());
        entries.push(Entry { manager: bucket, time, set });
        count -= 1;
    }
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
