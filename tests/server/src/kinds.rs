//! What is particular to single built-in kinds: defaults, what a create sets, what fields select.
//!
//! A first, small set; most defaulting and validation of built-in kinds is not done yet.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalog::Resource;
use crate::meta;
use crate::schema::Schema;

/// Kinds whose deletion answers with the object instead of a Status.
const ANSWER_WITH_OBJECT: &[&str] = &[
    "pods",
    "podtemplates",
    "services",
    "serviceaccounts",
    "persistentvolumes",
    "persistentvolumeclaims",
    "resourcequotas",
];

/// Built-in kinds that count the changes of their spec.
const COUNT_GENERATIONS: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("apps", "daemonsets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "ingressclasses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("flowcontrol.apiserver.k8s.io", "flowschemas"),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("discovery.k8s.io", "endpointslices"),
    ("scheduling.k8s.io", "priorityclasses"),
    ("node.k8s.io", "runtimeclasses"),
];

pub(crate) fn answers_with_object(resource: &Resource) -> bool {
    resource.group.is_empty() && ANSWER_WITH_OBJECT.contains(&resource.plural.as_str())
}

pub(crate) fn counts_generations(resource: &Resource) -> bool {
    resource.is_custom() || COUNT_GENERATIONS.iter().any(|(group, plural)| resource.is(group, plural))
}

/// The fields besides name and namespace that a kind can be selected by.
pub(crate) fn selectable(resource: &Resource) -> &'static [&'static str] {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "namespaces") => &["status.phase"],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") | ("apps", "replicasets") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        ("certificates.k8s.io", "certificatesigningrequests") => &["spec.signerName"],
        _ => &[],
    }
}

/// Fills in what the server itself sets before anything is compared: what the schema says and the defaults known here.
pub(crate) fn fill_defaults(resource: &Resource, object: &mut Value) {
    if let Some(schema) = resource.schema() {
        if !resource.is_custom() {
            add_structs(object, &schema, true);
            drop_empty(object, &schema);
        }
        crate::schema::defaults::fill(object, &schema);
    }
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => {
            let name = meta::name(object).to_owned();
            if !name.is_empty() {
                object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
            }
        }
        ("", "secrets") => {
            fill_secret(object);
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => crate::crd::fill_defaults(object),
        _ => {}
    }
}

fn fill_secret(object: &mut Value) {
    use base64::Engine as _;
    if object.get("type").and_then(Value::as_str).unwrap_or_default().is_empty() {
        object["type"] = "Opaque".into();
    }
    let Some(plain) = object.as_object_mut().and_then(|it| it.remove("stringData")) else { return };
    for (key, value) in plain.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        object["data"][key.as_str()] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}

/// In Go a struct that nobody sets is there all the same, and is written as `{}`.
fn add_structs(value: &mut Value, schema: &Arc<Schema>, top: bool) {
    let schema = schema.resolved();
    match value {
        Value::Object(all) => {
            for (name, member) in &schema.properties {
                let is_struct = matches!(&member.default, Some(Value::Object(it)) if it.is_empty());
                let wanted = is_struct && name != "metadata" && !member.resolved().properties.is_empty();
                if wanted && all.get(name).is_none_or(Value::is_null) {
                    all.insert(name.clone(), Value::Object(Map::new()));
                }
            }
            let names: Vec<String> = all.keys().filter(|it| !top || *it != "metadata").cloned().collect();
            for name in names {
                let member = schema.properties.get(&name).or(schema.additional.as_ref());
                if let (Some(member), Some(inner)) = (member, all.get_mut(&name)) {
                    add_structs(inner, member, false);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = &schema.items {
                items.iter_mut().for_each(|it| add_structs(it, schema, false));
            }
        }
        _ => {}
    }
}

/// Go leaves out optional lists and maps that are empty.
fn drop_empty(value: &mut Value, schema: &Arc<Schema>) {
    let schema = schema.resolved();
    match value {
        Value::Object(all) => {
            all.retain(|name, inner| {
                let Some(member) = schema.properties.get(name).or(schema.additional.as_ref()) else {
                    return true;
                };
                drop_empty(inner, member);
                if schema.additional.is_some() || schema.required.contains(name) {
                    return true;
                }
                match inner {
                    Value::Array(it) => !it.is_empty(),
                    Value::Object(it) => !it.is_empty() || member.resolved().additional.is_none(),
                    _ => true,
                }
            });
        }
        Value::Array(items) => {
            if let Some(schema) = &schema.items {
                items.iter_mut().for_each(|it| drop_empty(it, schema));
            }
        }
        _ => {}
    }
}

/// What a create sets whatever was sent.
pub(crate) fn prepare_create(resource: &Resource, object: &mut Value) {
    let is = |group, plural| resource.is(group, plural);
    if resource.has("status") && !is("", "nodes") {
        let kept = object.get("status").is_some() && !resource.is_custom();
        if let Some(all) = object.as_object_mut() {
            all.remove("status");
        }
        if kept {
            object["status"] = json!({});
        }
    }
    if is("", "namespaces") {
        object["spec"]["finalizers"] = json!(["kubernetes"]);
        object["status"] = json!({"phase": "Active"});
    }
    if is("", "pods") {
        object["status"] = json!({"phase": "Pending", "qosClass": quality(object)});
    }
    if is("apiextensions.k8s.io", "customresourcedefinitions") {
        crate::crd::prepare_create(object);
    }
    if counts_generations(resource) {
        object["metadata"]["generation"] = 1.into();
    }
}

/// The quality-of-service class, as far as it follows from the containers alone.
fn quality(pod: &Value) -> &'static str {
    let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of =
        |container: &Value, key: &str| container["resources"][key].as_object().cloned().unwrap_or_default();
    if containers.iter().all(|it| of(it, "requests").is_empty() && of(it, "limits").is_empty()) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|it| {
        let (limits, requests) = (of(it, "limits"), of(it, "requests"));
        ["cpu", "memory"].iter().all(|key| {
            limits.contains_key(*key) && requests.get(*key).is_none_or(|it| Some(it) == limits.get(*key))
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}
