//! The namespace controller: empties a namespace that is going and then lets it go.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Queue, Work, resource_at, write};
use crate::deletion::{self, Options, Policy};
use crate::meta;
use crate::server::Shared;
use crate::store::{Change, Place, Store};

fn place() -> Place {
    (String::new(), "namespaces".to_owned())
}

/// Finds the work that a change makes.
pub(super) fn notice(store: &Store, at: &Place, change: &Change, queue: &mut Queue) {
    if *at == place() {
        if !change.deleted && meta::is_deleting(&change.object.value) {
            queue.push(Work::Namespace(change.key.to_string()));
        }
        return;
    }
    let Some((namespace, _)) = change.key.split_once('/').filter(|_| change.deleted) else { return };
    if store.get(&place(), namespace).is_some_and(|it| meta::is_deleting(&it.value)) {
        queue.push(Work::Namespace(namespace.to_owned()));
    }
}

/// What is left in a namespace.
#[derive(Default)]
struct Left {
    /// `resource.group` and how many of them.
    resources: BTreeMap<String, usize>,
    finalizers: BTreeMap<String, usize>,
}

/// Removes what can be removed, says what cannot, and ends the namespace when nothing is left.
pub(super) fn go_on(shared: &Arc<Shared>, store: &mut Store, name: &str) {
    let Some(namespace) = store.get(&place(), name).cloned() else { return };
    let Some(resource) = resource_at(shared, &place()) else { return };
    let kept = |object: &Value| object["spec"]["finalizers"].as_array().map(Vec::len).unwrap_or_default();
    if !meta::is_deleting(&namespace.value) || kept(&namespace.value) == 0 {
        return;
    }
    let (pods, others): (Vec<Place>, Vec<Place>) = store
        .places()
        .into_iter()
        .filter(|it| *it != place())
        .partition(|it| it.0.is_empty() && it.1 == "pods");
    let mut left = Left::default();
    empty(shared, store, &pods, name, &mut left);
    // While there are pods nothing that they may use is taken away, and nothing is said about it.
    let has_pods = !left.resources.is_empty();
    let said = if has_pods {
        Left::default()
    } else {
        empty(shared, store, &others, name, &mut left);
        left
    };
    let done = !has_pods && said.resources.is_empty();
    let mut new = namespace.value.clone();
    let before = new["status"]["conditions"].as_array().cloned().unwrap_or_default();
    new["status"]["phase"] = "Terminating".into();
    new["status"]["conditions"] = conditions(&before, &said).into();
    write(store, &resource, name, new, "status");
    if !done {
        return;
    }
    let Some(now) = store.get(&place(), name).cloned() else { return };
    let mut new = now.value.clone();
    if let Some(all) = new["spec"]["finalizers"].as_array_mut() {
        all.retain(|it| it != "kubernetes");
    }
    if kept(&new) == 0
        && let Some(spec) = new["spec"].as_object_mut()
    {
        spec.remove("finalizers");
    }
    write(store, &resource, name, new, "finalize");
}

fn empty(shared: &Arc<Shared>, store: &mut Store, places: &[Place], namespace: &str, left: &mut Left) {
    let prefix = format!("{namespace}/");
    let options = Options { policy: Some(Policy::Background), ..Options::default() };
    for place in places {
        let all = store.list(place, &prefix);
        let Some(resource) = resource_at(shared, place).filter(|_| !all.is_empty()) else { continue };
        for (key, _) in all.iter().filter(|(_, it)| !meta::is_deleting(&it.value)) {
            // What refuses is counted among what is left.
            let _ = deletion::delete(shared, store, &resource, key, &options);
        }
        let rest = store.list(place, &prefix);
        if rest.is_empty() {
            continue;
        }
        left.resources.insert(format!("{}.{}", place.1, place.0), rest.len());
        for finalizer in rest.iter().flat_map(|(_, it)| meta::finalizers(&it.value)) {
            *left.finalizers.entry(finalizer).or_default() += 1;
        }
    }
}

/// The five conditions; times change with the status of a condition.
fn conditions(before: &[Value], left: &Left) -> Vec<Value> {
    let count = |all: &BTreeMap<String, usize>, say: &str| {
        let all: Vec<String> =
            all.iter().map(|(name, count)| format!("{name} {say} {count} resource instances")).collect();
        all.join(", ")
    };
    let content = (!left.resources.is_empty()).then(|| {
        ("SomeResourcesRemain", format!("Some resources are remaining: {}", count(&left.resources, "has")))
    });
    let finalizers = (!left.finalizers.is_empty()).then(|| {
        let say = "Some content in the namespace has finalizers remaining";
        ("SomeFinalizersRemain", format!("{say}: {}", count(&left.finalizers, "in")))
    });
    let all = [
        (
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
            None,
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
            None,
        ),
        (
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
            None,
        ),
        ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed", content),
        (
            "NamespaceFinalizersRemaining",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
            finalizers,
        ),
    ];
    let mut out = before.to_vec();
    for (kind, reason, message, failing) in all {
        let status = if failing.is_some() { "True" } else { "False" };
        let (reason, message) = failing.unwrap_or((reason, message.to_owned()));
        let old = out.iter_mut().find(|it| it["type"] == kind);
        let same = old.as_ref().is_some_and(|it| it["status"] == status);
        let time = old
            .as_ref()
            .filter(|_| same)
            .map_or_else(|| meta::now(0).into(), |it| it["lastTransitionTime"].clone());
        let new = json!({
            "type": kind, "status": status, "lastTransitionTime": time, "reason": reason, "message": message,
        });
        match old {
            Some(old) => *old = new,
            None => out.push(new),
        }
    }
    out
}
