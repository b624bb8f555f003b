//! Deleting one object: preconditions, grace, finalizers, and what is left of it.
//!
//! Whoever deletes comes here: a request, the garbage collector, the namespace controller. What is answered is decided in
//! `verbs::delete`; what follows for other objects, in `controllers`.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::Resource;
use crate::failure::{Failure, Outcome};
use crate::server::Shared;
use crate::store::{Place, Store, Stored};
use crate::{crd, kinds, meta};

pub(crate) const ORPHAN: &str = "orphan";
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    Orphan,
    Background,
    Foreground,
}

/// How something is deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) dry_run: bool,
    pub(crate) grace: Option<i64>,
    pub(crate) uid: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) policy: Option<Policy>,
    /// The old way to say it.
    pub(crate) orphan: Option<bool>,
}

/// What became of an object that was told to go.
pub(crate) enum Deleted {
    /// It is still there and waits for somebody.
    Kept(Arc<Stored>),
    /// It would be, were this not a dry run.
    WouldKeep(Value),
    /// It is gone, or would be; its last state.
    Gone(Value),
    /// It would be gone after its finalizers were; of that state nobody knows anything.
    WouldVanish,
}

/// Kinds whose dependents stay unless something else is asked for, for the sake of old clients.
pub(crate) fn orphans_by_default(resource: &Resource) -> bool {
    let is = |group, version, plural| resource.is(group, plural) && resource.version == version;
    is("", "v1", "replicationcontrollers") || is("batch", "v1", "jobs") || is("batch", "v1beta1", "cronjobs")
}

fn is_event(resource: &Resource) -> bool {
    resource.is("", "events") || resource.is("events.k8s.io", "events")
}

/// The finalizers with those of the garbage collector as they were asked for.
fn finalizers(resource: &Resource, object: &Value, options: &Options) -> Vec<String> {
    let mut all = meta::finalizers(object);
    let had = |name: &str| {
        all.iter().find(|it| matches!(it.as_str(), ORPHAN | FOREGROUND)).is_some_and(|it| it == name)
    };
    let policy = match (options.orphan, options.policy) {
        _ if is_event(resource) => Policy::Background,
        (Some(true), _) => Policy::Orphan,
        (Some(false), _) => Policy::Background,
        (None, Some(policy)) => policy,
        (None, None) if had(ORPHAN) => Policy::Orphan,
        (None, None) if had(FOREGROUND) => Policy::Foreground,
        (None, None) if orphans_by_default(resource) => Policy::Orphan,
        (None, None) => Policy::Background,
    };
    let wanted = match policy {
        Policy::Orphan => Some(ORPHAN),
        Policy::Foreground => Some(FOREGROUND),
        Policy::Background => None,
    };
    if wanted.is_some_and(|it| all.iter().any(|had| had == it))
        && all.iter().filter(|it| matches!(it.as_str(), ORPHAN | FOREGROUND)).count() == 1
    {
        return all;
    }
    all.retain(|it| !matches!(it.as_str(), ORPHAN | FOREGROUND));
    all.extend(wanted.map(str::to_owned));
    all
}

pub(crate) fn check(resource: &Resource, options: &Options, object: &Stored) -> Outcome<()> {
    let (group, kind, name) = (&resource.group, &resource.kind, meta::name(&object.value));
    let uid = meta::text(&object.value, "uid");
    if let Some(wanted) = options.uid.as_deref().filter(|it| *it != uid) {
        let why = format!(
            "the UID in the precondition ({wanted}) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
        );
        return Err(Failure::conflict(group, kind, name, &why));
    }
    let version = object.revision.to_string();
    if let Some(wanted) = options.version.as_deref().filter(|it| *it != version) {
        let why = format!(
            "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record ({version}). The object might have been modified"
        );
        return Err(Failure::conflict(group, kind, name, &why));
    }
    Ok(())
}

/// Whether an object goes with grace.
enum Grace {
    /// Its kind knows none, or it is used up.
    None,
    /// It is going already, and not later than asked for.
    Pending,
    /// It is marked to go after so many seconds.
    Given(i64),
}

fn seconds(object: &Value) -> i64 {
    object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0)
}

/// Pods alone get time to end: what they or the request say, none before they are on a node or after they ended.
fn grace(resource: &Resource, object: &mut Value, options: &Options) -> Grace {
    if !resource.is("", "pods") {
        return Grace::None;
    }
    let asked = options.grace.map(|it| if it < 0 { 1 } else { it });
    if meta::is_deleting(object) {
        let given = seconds(object);
        if given == 0 {
            return Grace::None;
        }
        let Some(mut period) = asked.filter(|it| *it < given) else { return Grace::Pending };
        let (at, expired) = meta::moved(meta::text(object, "deletionTimestamp"), period - given);
        if expired && period != 0 {
            period = 1;
        }
        object["metadata"]["deletionTimestamp"] = at.into();
        object["metadata"]["deletionGracePeriodSeconds"] = period.into();
        return Grace::Given(period);
    }
    let on_node = !object["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let ended = matches!(object["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
    let own = object["spec"]["terminationGracePeriodSeconds"].as_i64();
    let period = match asked.or(own) {
        _ if !on_node || ended => 0,
        Some(it) if it < 0 => 1,
        it => it.unwrap_or(30),
    };
    object["metadata"]["deletionTimestamp"] = meta::now(period).into();
    object["metadata"]["deletionGracePeriodSeconds"] = period.into();
    count(object);
    Grace::Given(period)
}

/// One generation more, where they are counted.
fn count(object: &mut Value) {
    if let Some(generation) = object["metadata"]["generation"].as_i64() {
        object["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Marks what waits for its finalizers alone.
fn mark(object: &mut Value) {
    if !meta::is_deleting(object) {
        count(object);
        object["metadata"]["deletionTimestamp"] = meta::now(0).into();
    } else if !meta::moved(meta::text(object, "deletionTimestamp"), 0).1 {
        object["metadata"]["deletionTimestamp"] = meta::now(0).into();
    }
    object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
}

/// Deleted and waiting for nobody: no finalizer, no grace left, and of a namespace no content.
pub(crate) fn is_finished(resource: &Resource, object: &Value) -> bool {
    let content = resource.is("", "namespaces")
        && object["spec"].get("finalizers").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    meta::is_deleting(object) && meta::finalizers(object).is_empty() && seconds(object) == 0 && !content
}

/// Where objects of a resource lie.
pub(crate) fn place(resource: &Resource) -> Place {
    (kinds::versions::group(resource).to_owned(), resource.plural.clone())
}

/// Deletes an object, or begins to.
///
/// # Errors
///
/// When a precondition does not hold, or the object may not be deleted.
pub(crate) fn delete(
    shared: &Arc<Shared>,
    store: &mut Store,
    resource: &Resource,
    key: &str,
    options: &Options,
) -> Outcome<Deleted> {
    if resource.is("scheduling.k8s.io", "priorityclasses") && kinds::is_system_class(key) {
        let why = "this is a system priority class and cannot be deleted";
        return Err(Failure::forbidden(&resource.group, &resource.plural, key, why));
    }
    let place = place(resource);
    let Some(old) = store.get(&place, key).cloned() else {
        return Err(Failure::not_found(
            &resource.group,
            &resource.plural,
            key.rsplit('/').next().unwrap_or(key),
        ));
    };
    if resource.is("", "namespaces") {
        return delete_namespace(store, resource, key, &old, options);
    }
    check(resource, options, &old)?;
    let mut object = old.value.clone();
    let is_crd = resource.is("apiextensions.k8s.io", "customresourcedefinitions");
    if is_crd && !meta::is_deleting(&object) {
        crd::mark_terminating(&mut object);
        object["metadata"]["deletionTimestamp"] = meta::now(0).into();
        let kept = keep(store, &place, key, &old, object, options);
        if matches!(kept, Deleted::Kept(_)) {
            crd::finish_deletion(shared, store, key);
        }
        return Ok(kept);
    }
    let grace = grace(resource, &mut object, options);
    if let Grace::Pending = grace {
        return Ok(Deleted::Kept(old));
    }
    let finalizers = finalizers(resource, &object, options);
    let waits = !finalizers.is_empty();
    meta::set_finalizers(&mut object, finalizers);
    match grace {
        Grace::Given(period) => {
            let kept = keep(store, &place, key, &old, object, options);
            if waits || period > 0 {
                return Ok(kept);
            }
            if let Deleted::WouldKeep(object) = kept {
                return Ok(Deleted::Gone(object));
            }
        }
        _ if waits => {
            mark(&mut object);
            return Ok(keep(store, &place, key, &old, object, options));
        }
        _ => {}
    }
    if options.dry_run {
        let had_finalizers = !meta::finalizers(&old.value).is_empty();
        return Ok(if had_finalizers { Deleted::WouldVanish } else { Deleted::Gone(old.value.clone()) });
    }
    Ok(Deleted::Gone(store.remove(&place, key).map_or_else(|| old.value.clone(), |it| it.value.clone())))
}

fn keep(
    store: &mut Store,
    place: &Place,
    key: &str,
    old: &Arc<Stored>,
    object: Value,
    options: &Options,
) -> Deleted {
    if options.dry_run {
        Deleted::WouldKeep(object)
    } else if object == old.value {
        Deleted::Kept(old.clone())
    } else {
        Deleted::Kept(store.put(place, key, object))
    }
}

/// A namespace only begins to go; the namespace controller ends it.
fn delete_namespace(
    store: &mut Store,
    resource: &Resource,
    name: &str,
    old: &Arc<Stored>,
    options: &Options,
) -> Outcome<Deleted> {
    let fail = |what: &str, wanted: &str, is: &str| {
        let why =
            format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}");
        Failure::conflict("", "namespaces", name, &why)
    };
    let uid = meta::text(&old.value, "uid");
    if let Some(wanted) = options.uid.as_deref().filter(|it| *it != uid) {
        return Err(fail("UID", wanted, uid));
    }
    let version = old.revision.to_string();
    if let Some(wanted) = options.version.as_deref().filter(|it| *it != version) {
        return Err(fail("ResourceVersion", wanted, &version));
    }
    if matches!(name, "default" | "kube-system" | "kube-public") {
        return Err(Failure::forbidden("", "namespaces", name, "this namespace may not be deleted"));
    }
    let place = place(resource);
    if meta::is_deleting(&old.value) {
        if !is_finished(resource, &old.value) {
            return Ok(Deleted::Kept(old.clone()));
        }
        if !options.dry_run {
            store.remove(&place, name);
        }
        return Ok(Deleted::Gone(old.value.clone()));
    }
    let mut object = old.value.clone();
    object["metadata"]["deletionTimestamp"] = meta::now(0).into();
    object["status"]["phase"] = "Terminating".into();
    let mut all = meta::finalizers(&object);
    let asked = match (options.orphan, options.policy) {
        (Some(orphan), _) => Some(if orphan { Some(ORPHAN) } else { Some(FOREGROUND) }),
        (None, Some(Policy::Orphan)) => Some(Some(ORPHAN)),
        (None, Some(Policy::Foreground)) => Some(Some(FOREGROUND)),
        (None, Some(Policy::Background)) => Some(None),
        (None, None) => None,
    };
    if let Some(wanted) = asked {
        all.retain(|it| !matches!(it.as_str(), ORPHAN | FOREGROUND) || wanted == Some(it.as_str()));
        if let Some(wanted) = wanted.filter(|wanted| !all.iter().any(|it| it == wanted)) {
            all.push(wanted.to_owned());
        }
    }
    meta::set_finalizers(&mut object, all);
    Ok(keep(store, &place, name, old, object, options))
}
