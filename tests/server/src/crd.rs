//! Custom resources: what a CustomResourceDefinition must be, and serving what it declares.
//!
//! Conversion is `None` only; the structural rules are checked as far as they are common, CEL rules are not evaluated yet.

use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use crate::catalog::{CrdParts, Custom, Resource, ScalePaths, Subresource};
use crate::failure::Cause;
use crate::meta;
use crate::schema::{Schema, strings};
use crate::server::Shared;
use crate::store::{Place, Store};

const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

fn place() -> Place {
    ("apiextensions.k8s.io".to_owned(), "customresourcedefinitions".to_owned())
}

/// The names that follow from others, and no conversion.
pub(crate) fn fill_defaults(crd: &mut Value) {
    let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default().to_owned();
    let names = &mut crd["spec"]["names"];
    if names["singular"].as_str().unwrap_or_default().is_empty() && !kind.is_empty() {
        names["singular"] = kind.to_lowercase().into();
    }
    if names["listKind"].as_str().unwrap_or_default().is_empty() && !kind.is_empty() {
        names["listKind"] = format!("{kind}List").into();
    }
    if crd["spec"]["conversion"]["strategy"].as_str().unwrap_or_default().is_empty() {
        crd["spec"]["conversion"]["strategy"] = "None".into();
    }
}

pub(crate) fn prepare_create(crd: &mut Value) {
    let versions = crd["spec"]["versions"].as_array().cloned().unwrap_or_default();
    let stored: Vec<Value> =
        versions.iter().filter(|it| it["storage"] == true).map(|it| it["name"].clone()).collect();
    crd["status"] = json!({
        "conditions": null,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": if stored.is_empty() { Value::Null } else { stored.into() },
    });
}

/// What is wrong with a CRD.
pub(crate) fn check(crd: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let spec = &crd["spec"];
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    if meta::name(crd) != format!("{plural}.{group}") {
        let say = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid("metadata.name", &meta::name(crd).into(), say));
    }
    if group.is_empty() {
        causes.push(Cause::required("spec.group", ""));
    } else if group.split('.').count() < 2 {
        let say = "should be a domain with at least one dot";
        causes.push(Cause::invalid("spec.group", &group.as_str().into(), say));
    }
    match spec["scope"].as_str().unwrap_or_default() {
        "" => causes.push(Cause::required("spec.scope", "")),
        "Namespaced" | "Cluster" => {}
        other => {
            let supported = &["Cluster", "Namespaced"];
            causes.push(Cause::unsupported("spec.scope", &format!("\"{other}\""), supported));
        }
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let storing = versions.iter().filter(|it| it["storage"] == true).count();
    for (index, version) in versions.iter().enumerate() {
        let schema = &version["schema"]["openAPIV3Schema"];
        if !schema.is_object() {
            let path = format!("spec.versions[{index}].schema.openAPIV3Schema");
            causes.push(Cause::required(path, "schemas are required"));
        }
    }
    if storing != 1 {
        let say = "must have exactly one version marked as storage version";
        causes.push(Cause::invalid("spec.versions", &spec["versions"], say));
    }
    for name in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"][name]).is_empty() {
            causes.push(Cause::required(format!("spec.names.{name}"), ""));
        }
    }
    for (index, version) in versions.iter().enumerate() {
        let schema = &version["schema"]["openAPIV3Schema"];
        if !schema.is_object() {
            continue;
        }
        // With one schema for all versions the real server moves it to `spec.validation` before it looks.
        let same = versions.iter().all(|it| it["schema"] == version["schema"]);
        let path = match same {
            true if index > 0 => continue,
            true => "spec.validation.openAPIV3Schema".to_owned(),
            false => format!("spec.versions[{index}].schema.openAPIV3Schema"),
        };
        structural(schema, &path, true, &mut causes);
    }
    if crd["status"]["storedVersions"].as_array().is_none_or(Vec::is_empty) {
        let say = "must have at least one stored version";
        causes.push(Cause::invalid("status.storedVersions", &Value::Null, say));
    }
    causes
}

/// Every node of a structural schema has a type, unless it is an int-or-string or preserves what it does not know.
fn structural(schema: &Value, path: &str, root: bool, causes: &mut Vec<Cause>) {
    let flag = |key: &str| schema[key] == true;
    if let Some(properties) = schema["properties"].as_object() {
        for (name, inner) in properties {
            structural(inner, &format!("{path}.properties[{name}]"), false, causes);
        }
    }
    if schema["items"].is_object() {
        structural(&schema["items"], &format!("{path}.items"), false, causes);
    }
    if schema["additionalProperties"].is_object() {
        structural(&schema["additionalProperties"], &format!("{path}.additionalProperties"), false, causes);
    }
    let typed = !schema["type"].as_str().unwrap_or_default().is_empty();
    let excused =
        flag("x-kubernetes-int-or-string") || (flag("x-kubernetes-preserve-unknown-fields") && !root);
    if !typed && !excused {
        let say = match (root, path.ends_with(".items")) {
            (true, _) => "must not be empty at the root",
            (false, true) => "must not be empty for specified array items",
            (false, false) => "must not be empty for specified object fields",
        };
        causes.push(Cause::required(format!("{path}.type"), say));
    }
    if root && typed && schema["type"] != "object" {
        let say = "must be object at the root";
        causes.push(Cause::invalid(format!("{path}.type"), &schema["type"], say));
    }
}

fn condition(kind: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind,
        "status": "True",
        "lastTransitionTime": meta::now(0),
        "reason": reason,
        "message": message,
    })
}

/// Serves what a CRD declares and says so in its status.
pub(crate) fn register(shared: &Arc<Shared>, store: &mut Store, name: &str) {
    let Some(stored) = store.get(&place(), name).cloned() else { return };
    let resources = resources(&stored.value);
    shared.catalog.write().unwrap_or_else(PoisonError::into_inner).put(name, resources);
    let mut crd = stored.value.clone();
    let conditions = crd["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let has = |kind: &str| conditions.iter().any(|it| it["type"] == kind);
    if !has("Established") {
        crd["status"]["conditions"] = json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]);
    }
    crd["status"]["acceptedNames"] = crd["spec"]["names"].clone();
    if crd["status"] != stored.value["status"] {
        let before = stored.value.clone();
        track(&before, &mut crd);
        store.put(&place(), name, crd);
    }
}

/// The status is the server's own, and it says so.
fn track(before: &Value, crd: &mut Value) {
    use crate::apply::fields::FieldSet;
    use crate::apply::managers::{Manager, update};
    let Some(schema) =
        crate::schema::builtin::of_kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    else {
        return;
    };
    let manager = Manager {
        name: "kube-apiserver".to_owned(),
        applies: false,
        api_version: "apiextensions.k8s.io/v1".to_owned(),
        subresource: "status".to_owned(),
    };
    update(before, crd, &schema, manager, &FieldSet::default(), &meta::now(0));
}

/// Marks a CRD as going.
pub(crate) fn mark_terminating(crd: &mut Value) {
    let mut all = meta::finalizers(crd);
    if !all.iter().any(|it| it == CLEANUP) {
        all.push(CLEANUP.to_owned());
        crd["metadata"]["finalizers"] = all.into();
    }
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    let mut conditions = crd["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.retain(|it| it["type"] != "Terminating");
    conditions.push(condition("Terminating", "InstanceDeletionPending", message));
    crd["status"]["conditions"] = conditions.into();
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

fn resources(crd: &Value) -> Vec<Arc<Resource>> {
    let versions = crd["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    versions.iter().filter(|it| it["served"] == true).map(|it| Arc::new(resource(crd, it))).collect()
}

fn resource(crd: &Value, version: &Value) -> Resource {
    let spec = &crd["spec"];
    let names = &spec["names"];
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let verbs = || vec!["get".to_owned(), "patch".to_owned(), "update".to_owned()];
    let kind = text(&names["kind"]);
    let mut subresources = Vec::new();
    if version["subresources"]["status"].is_object() {
        let (name, kind) = ("status".to_owned(), kind.clone());
        subresources.push(Subresource { name, kind, foreign: None, verbs: verbs() });
    }
    let scale = &version["subresources"]["scale"];
    if scale.is_object() {
        let foreign = Some(("autoscaling".to_owned(), "v1".to_owned()));
        let (name, kind) = ("scale".to_owned(), "Scale".to_owned());
        subresources.push(Subresource { name, kind, foreign, verbs: verbs() });
    }
    let path =
        |it: &Value| text(it).split('.').filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let paths = scale.is_object().then(|| ScalePaths {
        spec: path(&scale["specReplicasPath"]),
        status: path(&scale["statusReplicasPath"]),
        selector: Some(path(&scale["labelSelectorPath"])).filter(|it| !it.is_empty()),
    });
    let schema = Schema::read(&version["schema"]["openAPIV3Schema"], true).into_resource();
    let custom = Custom { preserve_unknown: spec["preserveUnknownFields"] == true, scale: paths };
    let parts = CrdParts {
        group: text(&spec["group"]),
        version: text(&version["name"]),
        plural: text(&names["plural"]),
        singular: text(&names["singular"]),
        list_kind: text(&names["listKind"]),
        namespaced: spec["scope"] == "Namespaced",
        short_names: strings(names.get("shortNames")),
        categories: strings(names.get("categories")),
        subresources,
        kind,
    };
    Resource::from_crd(parts, custom, Some(Arc::new(schema)))
}
