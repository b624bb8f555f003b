//! The end of a definition: its objects go first, and it waits for their finalizers.

use std::sync::{Arc, PoisonError};

use serde_json::Value;

use super::{accept, condition, place, set_condition};
use crate::catalog::Resource;
use crate::meta;
use crate::server::Shared;
use crate::store::{Place, Store};

const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Marks a CRD as going.
pub(crate) fn mark_terminating(crd: &mut Value) {
    let mut all = meta::finalizers(crd);
    if !all.iter().any(|it| it == CLEANUP) {
        all.push(CLEANUP.to_owned());
        crd["metadata"]["finalizers"] = all.into();
    }
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(crd, condition("Terminating", true, "InstanceDeletionPending", message));
}

/// Removes the objects of a CRD and then the CRD, unless finalizers hold some of them.
pub(crate) fn finish_deletion(shared: &Arc<Shared>, store: &mut Store, name: &str) {
    let Some(stored) = store.get(&place(), name).cloned() else { return };
    let spec = &stored.value["spec"];
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let objects: Place = (text(&spec["group"]), text(&spec["names"]["plural"]));
    let mut left = false;
    for (key, object) in store.list(&objects, "") {
        if meta::finalizers(&object.value).is_empty() {
            store.remove(&objects, &key);
            continue;
        }
        left = true;
        if !meta::is_deleting(&object.value) {
            let mut marked = object.value.clone();
            meta::mark_deleted(&mut marked);
            store.put(&objects, &key, marked);
        }
    }
    let others = meta::finalizers(&stored.value).iter().any(|it| it != CLEANUP);
    if left || others {
        return;
    }
    store.remove(&place(), name);
    shared.catalog.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    accept::others(shared, store, &objects.0, name);
}

/// Whether the definition of a resource is going.
pub(crate) fn is_terminating(store: &Store, resource: &Resource) -> bool {
    let name = format!("{}.{}", resource.plural, resource.group);
    resource.is_custom() && store.get(&place(), &name).is_some_and(|it| meta::is_deleting(&it.value))
}

/// Goes on with the deletion of the CRD of an object that is gone.
pub(crate) fn object_is_gone(shared: &Arc<Shared>, store: &mut Store, resource: &Resource) {
    let name = format!("{}.{}", resource.plural, resource.group);
    if store.get(&place(), &name).is_some_and(|it| meta::is_deleting(&it.value)) {
        finish_deletion(shared, store, &name);
    }
}
