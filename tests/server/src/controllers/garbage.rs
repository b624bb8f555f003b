//! The garbage collector: owners that are gone take their dependents with them, or leave them, or wait for them.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::{Queue, Work, resource_at, write};
use crate::catalog::Resource;
use crate::deletion::{self, FOREGROUND, ORPHAN, Options, Policy};
use crate::meta;
use crate::server::Shared;
use crate::store::{Change, Place, Store, Stored};

fn is_going_with(object: &Value, finalizer: &str) -> bool {
    meta::is_deleting(object) && meta::finalizers(object).iter().any(|it| it == finalizer)
}

fn blocks(reference: &Value) -> bool {
    reference["blockOwnerDeletion"] == true
}

/// Events own nothing and are owned by nobody.
fn is_ignored(place: &Place) -> bool {
    place.1 == "events" && matches!(place.0.as_str(), "" | "events.k8s.io")
}

/// Finds the work that a change makes.
pub(super) fn notice(shared: &Shared, store: &Store, place: &Place, change: &Change, queue: &mut Queue) {
    if is_ignored(place) {
        return;
    }
    let object = &change.object.value;
    let before = change.before.as_ref().map(|it| &it.value);
    let owners_before = before.map(meta::owners).unwrap_or_default();
    if change.deleted {
        for (place, key) in store.dependents(meta::text(object, "uid")) {
            queue.push(Work::Object(place, key));
        }
        wake_waiting(shared, store, &change.key, owners_before, queue);
        return;
    }
    let began = |finalizer| {
        is_going_with(object, finalizer) && !before.is_some_and(|it| is_going_with(it, finalizer))
    };
    if began(ORPHAN) {
        queue.push(Work::Orphan(place.clone(), change.key.clone()));
    }
    let owners = meta::owners(object);
    if began(FOREGROUND) || (!owners.is_empty() && owners != owners_before) {
        queue.push(Work::Object(place.clone(), change.key.clone()));
    }
    let blocking: HashSet<&str> =
        owners.iter().filter(|it| blocks(it)).filter_map(|it| it["uid"].as_str()).collect();
    let freed = |it: &&Value| blocks(it) && !it["uid"].as_str().is_some_and(|uid| blocking.contains(uid));
    let freed: Vec<Value> = owners_before.iter().filter(freed).cloned().collect();
    wake_waiting(shared, store, &change.key, &freed, queue);
}

/// Owners that wait for their dependents look again.
fn wake_waiting(shared: &Shared, store: &Store, key: &str, references: &[Value], queue: &mut Queue) {
    for reference in references {
        let Some((place, owner)) = place_of(shared, reference, namespace(key)) else { continue };
        if store.get(&place, &owner).is_some_and(|it| is_going_with(&it.value, FOREGROUND)) {
            queue.push(Work::Object(place, Arc::from(owner)));
        }
    }
}

fn namespace(key: &str) -> Option<&str> {
    key.split_once('/').map(|it| it.0)
}

/// Where the owner lies that a reference names, seen from a namespace; `None` where that cannot be told.
fn place_of(shared: &Shared, reference: &Value, namespace: Option<&str>) -> Option<(Place, String)> {
    let text = |key: &str| reference[key].as_str().unwrap_or_default();
    let (group, version) = text("apiVersion").rsplit_once('/').unwrap_or(("", text("apiVersion")));
    let kind = text("kind");
    let resource = {
        let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
        catalog.all().find(|it| it.group == group && it.version == version && it.kind == kind)?.clone()
    };
    let key = match (resource.namespaced, namespace) {
        (false, _) => text("name").to_owned(),
        (true, Some(namespace)) => format!("{namespace}/{}", text("name")),
        (true, None) => return None,
    };
    Some((deletion::place(&resource), key))
}

/// What a reference to an owner is worth.
enum Owner {
    Solid,
    Dangling,
    /// It is going and waits for its dependents.
    Waiting,
    /// Nobody serves such a kind, or it cannot own this.
    Unknown,
}

fn look_up(shared: &Shared, store: &Store, reference: &Value, namespace: Option<&str>) -> Owner {
    let Some((place, key)) = place_of(shared, reference, namespace) else { return Owner::Unknown };
    match store.get(&place, &key) {
        Some(owner) if reference["uid"] == owner.value["metadata"]["uid"] => {
            if is_going_with(&owner.value, FOREGROUND) { Owner::Waiting } else { Owner::Solid }
        }
        _ => Owner::Dangling,
    }
}

/// Decides about an object that has owners, or goes on with one that waits for its dependents.
pub(super) fn attempt(
    shared: &Arc<Shared>,
    store: &mut Store,
    place: &Place,
    key: &Arc<str>,
    queue: &mut Queue,
) {
    let Some(item) = store.get(place, key).cloned() else { return };
    let Some(resource) = resource_at(shared, place) else { return };
    if is_going_with(&item.value, FOREGROUND) {
        return wait_for_dependents(store, &resource, key, &item, queue);
    }
    if meta::is_deleting(&item.value) {
        return;
    }
    let (mut solid, mut gone, mut waiting) = (false, Vec::new(), Vec::new());
    for reference in meta::owners(&item.value) {
        let uid = reference["uid"].as_str().unwrap_or_default().to_owned();
        match look_up(shared, store, reference, namespace(key)) {
            Owner::Solid => solid = true,
            Owner::Dangling => gone.push(uid),
            Owner::Waiting => waiting.push(uid),
            Owner::Unknown => return,
        }
    }
    if solid {
        gone.append(&mut waiting);
        return without_owners(store, &resource, key, &item, &gone);
    }
    if gone.is_empty() && waiting.is_empty() {
        return;
    }
    let dependents = store.dependents(meta::text(&item.value, "uid"));
    let finalizers = meta::finalizers(&item.value);
    let policy = if !waiting.is_empty() && !dependents.is_empty() {
        let circle = dependents
            .iter()
            .any(|(place, key)| store.get(place, key).is_some_and(|it| is_going_with(&it.value, FOREGROUND)));
        if circle {
            unblock(store, &resource, key, &item);
        }
        Policy::Foreground
    } else if finalizers.iter().any(|it| it == ORPHAN) {
        Policy::Orphan
    } else if finalizers.iter().any(|it| it == FOREGROUND) {
        Policy::Foreground
    } else {
        Policy::Background
    };
    let options = Options { policy: Some(policy), ..Options::default() };
    // Refused deletions are tried again at the next change, as the controller would.
    let _ = deletion::delete(shared, store, &resource, key, &options);
}

/// An owner in foreground deletion goes when nobody blocks it any more.
fn wait_for_dependents(store: &mut Store, resource: &Resource, key: &str, owner: &Stored, queue: &mut Queue) {
    let uid = meta::text(&owner.value, "uid");
    let mut blocked = false;
    for (place, key) in store.dependents(uid) {
        let Some(dependent) = store.get(&place, &key) else { continue };
        blocked |= meta::owners(&dependent.value).iter().any(|it| it["uid"] == uid && blocks(it));
        if !is_going_with(&dependent.value, FOREGROUND) && !meta::is_deleting(&dependent.value) {
            queue.push(Work::Object(place, key));
        }
    }
    if !blocked {
        drop_finalizer(store, resource, key, owner, FOREGROUND);
    }
}

/// Takes the owner out of its dependents and lets it go.
pub(super) fn orphan(shared: &Arc<Shared>, store: &mut Store, place: &Place, key: &str) {
    let Some(owner) = store.get(place, key).cloned() else { return };
    if !is_going_with(&owner.value, ORPHAN) {
        return;
    }
    let uid = meta::text(&owner.value, "uid").to_owned();
    for (place, key) in store.dependents(&uid) {
        let Some(dependent) = store.get(&place, &key).cloned() else { continue };
        let Some(resource) = resource_at(shared, &place) else { continue };
        without_owners(store, &resource, &key, &dependent, std::slice::from_ref(&uid));
    }
    if let Some(resource) = resource_at(shared, place) {
        drop_finalizer(store, &resource, key, &owner, ORPHAN);
    }
}

fn drop_finalizer(store: &mut Store, resource: &Resource, key: &str, object: &Stored, finalizer: &str) {
    let mut new = object.value.clone();
    let mut all = meta::finalizers(&new);
    all.retain(|it| it != finalizer);
    meta::set_finalizers(&mut new, all);
    write(store, resource, key, new, "");
}

fn without_owners(store: &mut Store, resource: &Resource, key: &str, object: &Stored, uids: &[String]) {
    if uids.is_empty() {
        return;
    }
    let mut new = object.value.clone();
    if let Some(all) = new["metadata"]["ownerReferences"].as_array_mut() {
        let uids: HashSet<&str> = uids.iter().map(String::as_str).collect();
        all.retain(|it| !it["uid"].as_str().is_some_and(|uid| uids.contains(uid)));
    }
    write(store, resource, key, new, "");
}

/// Lets an object block none of its owners.
fn unblock(store: &mut Store, resource: &Resource, key: &str, object: &Stored) {
    let mut new = object.value.clone();
    for reference in new["metadata"]["ownerReferences"].as_array_mut().into_iter().flatten() {
        if blocks(reference) {
            reference["blockOwnerDeletion"] = false.into();
        }
    }
    write(store, resource, key, new, "");
}
