//! Delete and deletecollection: finalizers, grace, preconditions, and what is answered.
//!
//! Owner references and their garbage collection are not here yet.

use std::sync::Arc;

use serde_json::Value;

use crate::call::{Call, Reply};
use crate::failure::{Cause, Failure, Outcome};
use crate::store::{Place, Store, Stored};
use crate::{body, crd, kinds, meta};

/// The options of a deletion, from the body and from the query.
struct Options {
    dry_run: bool,
    grace: Option<i64>,
    uid: Option<String>,
    version: Option<String>,
    policy: Option<String>,
}

fn options(call: &Call<'_>) -> Outcome<Options> {
    let sent =
        if call.incoming.body.is_empty() { Value::Null } else { body::read(call.incoming, "DeleteOptions")? };
    let query = &call.incoming.query;
    let mut causes = Vec::new();
    let mut dry_run = query.dry_run().unwrap_or_else(|cause| {
        causes.push(cause);
        false
    });
    let listed = crate::schema::strings(sent.get("dryRun"));
    dry_run |= listed.iter().any(|it| it == "All");
    if listed.iter().any(|it| it != "All") {
        let shown: Vec<String> = listed.iter().map(|it| format!("\"{it}\"")).collect();
        causes.push(Cause::unsupported("dryRun", &format!("[{}]", shown.join(",")), &["All"]));
    }
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let policy = match query.get("propagationPolicy") {
        "" => text(&sent["propagationPolicy"]),
        asked => Some(asked.to_owned()),
    };
    if let Some(policy) =
        policy.as_deref().filter(|it| !matches!(*it, "Foreground" | "Background" | "Orphan"))
    {
        let supported = &["Foreground", "Background", "Orphan", "nil"];
        causes.push(Cause::unsupported("propagationPolicy", &format!("\"{policy}\""), supported));
    }
    if !causes.is_empty() {
        return Err(Failure::options("DeleteOptions", &causes));
    }
    Ok(Options {
        dry_run,
        grace: query.number("gracePeriodSeconds")?.or_else(|| sent["gracePeriodSeconds"].as_i64()),
        uid: text(&sent["preconditions"]["uid"]),
        version: text(&sent["preconditions"]["resourceVersion"]),
        policy,
    })
}

fn check(call: &Call<'_>, options: &Options, object: &Stored) -> Outcome<()> {
    let (group, kind, name) = (&call.resource.group, &call.resource.kind, meta::name(&object.value));
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

/// Deleted and waiting for nobody: no finalizer, no grace left, and of a namespace no content.
pub(super) fn is_finished(object: &Value) -> bool {
    let grace = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
    let finalizers =
        object["spec"].get("finalizers").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    meta::is_deleting(object) && meta::finalizers(object).is_empty() && grace == 0 && !finalizers
}

/// What became of an object that was told to go.
enum Gone {
    /// It is still there, marked.
    Marked(Arc<Stored>),
    Removed(Value),
    /// With dry run.
    Would(Value),
}

/// The grace that a pod gets: none before it is on a node.
fn grace_of(call: &Call<'_>, options: &Options, object: &Value) -> i64 {
    if !call.resource.is("", "pods") {
        return 0;
    }
    let on_node = !object["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let phase = object["status"]["phase"].as_str().unwrap_or_default();
    if !on_node || matches!(phase, "Failed" | "Succeeded") {
        return 0;
    }
    options.grace.or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or(30).max(0)
}

fn delete(call: &Call<'_>, store: &mut Store, key: &str, old: &Arc<Stored>, options: &Options) -> Gone {
    let place = call.place();
    let mut object = old.value.clone();
    let is_namespace = call.resource.is("", "namespaces");
    let is_crd = call.resource.is("apiextensions.k8s.io", "customresourcedefinitions");
    if is_crd && !meta::is_deleting(&object) {
        crd::mark_terminating(&mut object);
    }
    match options.policy.as_deref() {
        Some("Foreground") => add_finalizer(&mut object, "foregroundDeletion"),
        Some("Orphan") => add_finalizer(&mut object, "orphan"),
        _ => {}
    }
    // Nobody owns anything here yet, so what the garbage collector would do first is done at once.
    drop_finalizers(&mut object, &["foregroundDeletion", "orphan"]);

    let grace = grace_of(call, options, &object);
    let waits = !meta::finalizers(&object).is_empty() || is_namespace || grace > 0;
    if !waits {
        let mut object = old.value.clone();
        if call.resource.is("", "pods") && !meta::is_deleting(&object) {
            object["metadata"]["deletionTimestamp"] = meta::now(0).into();
            object["metadata"]["deletionGracePeriodSeconds"] = 0.into();
        }
        if options.dry_run {
            return Gone::Would(object);
        }
        return Gone::Removed(store.remove(&place, key).map_or(object, |it| it.value.clone()));
    }
    let already = meta::is_deleting(&object);
    let given = object["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
    if already && grace >= given {
        return Gone::Marked(old.clone());
    }
    object["metadata"]["deletionTimestamp"] = meta::now(grace).into();
    if !is_namespace && !is_crd {
        object["metadata"]["deletionGracePeriodSeconds"] = grace.into();
    }
    if kinds::counts_generations(&call.resource) && !is_crd {
        let generation = object["metadata"]["generation"].as_i64().unwrap_or(0);
        object["metadata"]["generation"] = (generation + 1).into();
    }
    if is_namespace {
        object["status"]["phase"] = "Terminating".into();
    }
    if options.dry_run {
        return Gone::Would(object);
    }
    let marked = store.put(&place, key, object);
    if is_namespace {
        remove_namespace_contents(store, key);
    }
    if is_crd {
        crd::finish_deletion(call.shared, store, key);
    }
    Gone::Marked(marked)
}

fn add_finalizer(object: &mut Value, name: &str) {
    let mut all = meta::finalizers(object);
    if !all.iter().any(|it| it == name) {
        all.push(name.to_owned());
    }
    object["metadata"]["finalizers"] = all.into();
}

fn drop_finalizers(object: &mut Value, names: &[&str]) {
    let mut all = meta::finalizers(object);
    all.retain(|it| !names.contains(&it.as_str()));
    if all.is_empty() {
        meta::remove(object, "finalizers");
    } else {
        object["metadata"]["finalizers"] = all.into();
    }
}

pub(super) fn one(call: &Call<'_>) -> Outcome<Reply> {
    let options = options(call)?;
    let mut store = call.store();
    let name = call.name();
    let old = call.find(&store)?;
    if call.resource.is("", "namespaces") && matches!(name, "default" | "kube-system" | "kube-public") {
        let why = "this namespace may not be deleted";
        return Err(Failure::forbidden("", "namespaces", name, why));
    }
    check(call, &options, &old)?;
    let with_object = kinds::answers_with_object(&call.resource);
    Ok(match delete(call, &mut store, &call.key(name), &old, &options) {
        Gone::Marked(object) => call.object(200, &object),
        Gone::Removed(object) | Gone::Would(object) if with_object || meta::is_deleting(&object) => {
            call.unstored(200, &object)
        }
        Gone::Removed(object) | Gone::Would(object) => call.deleted(&object),
    })
}

pub(super) fn collection(call: &Call<'_>) -> Outcome<Reply> {
    let options = options(call)?;
    let selector = super::read::selector(call)?;
    let limit =
        call.incoming.query.number("limit")?.filter(|it| *it > 0).map_or(usize::MAX, |it| it as usize);
    let mut store = call.store();
    let revision = store.revision();
    let mut all = store.list(&call.place(), &call.prefix());
    all.retain(|(_, it)| selector.matches(&it.value));
    all.truncate(limit);
    for (_, object) in &all {
        check(call, &options, object)?;
    }
    for (key, object) in &all {
        delete(call, &mut store, key, object, &options);
    }
    drop(store);
    let mut metadata = serde_json::json!({"resourceVersion": revision.to_string()});
    if call.resource.is_custom() {
        metadata["continue"] = "".into();
    }
    Ok(super::read::encode(call, &metadata, all.iter().map(|(_, it)| it.as_ref())))
}

/// Does a namespace controller's work: removes what lies in a terminating namespace, and then the namespace.
///
/// Objects with finalizers keep both in place.
fn remove_namespace_contents(store: &mut Store, namespace: &str) {
    let prefix = format!("{namespace}/");
    let namespaces: Place = (String::new(), "namespaces".to_owned());
    let mut left = false;
    for place in store.places().into_iter().filter(|it| *it != namespaces) {
        for (key, object) in store.list(&place, &prefix) {
            if meta::finalizers(&object.value).is_empty() {
                store.remove(&place, &key);
                continue;
            }
            left = true;
            if !meta::is_deleting(&object.value) {
                let mut marked = object.value.clone();
                meta::mark_deleted(&mut marked);
                store.put(&place, &key, marked);
            }
        }
    }
    let Some(object) = store.get(&namespaces, namespace).cloned() else { return };
    if left || !meta::is_deleting(&object.value) || !meta::finalizers(&object.value).is_empty() {
        return;
    }
    let others = object.value["spec"]["finalizers"]
        .as_array()
        .is_some_and(|it| it.iter().any(|it| it != "kubernetes"));
    if !others {
        store.remove(&namespaces, namespace);
    }
}

/// Goes on with a namespace that waited for an object.
pub(super) fn remove_namespace_contents_if_going(store: &mut Store, namespace: &str) {
    let namespaces: Place = (String::new(), "namespaces".to_owned());
    if store.get(&namespaces, namespace).is_some_and(|it| meta::is_deleting(&it.value)) {
        remove_namespace_contents(store, namespace);
    }
}

/// Deletes the pod of an eviction, with the options that it carries.
pub(super) fn evicted(call: &Call<'_>, store: &mut Store, sent: &Value) {
    let Ok(old) = call.find(store) else { return };
    let options = Options {
        dry_run: false,
        grace: sent["gracePeriodSeconds"].as_i64(),
        uid: None,
        version: None,
        policy: None,
    };
    delete(call, store, &call.key(call.name()), &old, &options);
}
