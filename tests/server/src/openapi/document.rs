//! One document: paths, and every type that they lead to; and of custom resources what their definition says about them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};
use sha2::Digest as _;

use super::{paths, types};
use crate::catalog::Resource;
use crate::server::Shared;
use crate::store::Stored;

fn resources(shared: &Shared, group: &str, version: &str) -> Vec<Arc<Resource>> {
    let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
    catalog.all().filter(|it| it.group == group && it.version == version).cloned().collect()
}

fn definition(shared: &Shared, resource: &Resource) -> Option<Arc<Stored>> {
    let place = ("apiextensions.k8s.io".to_owned(), "customresourcedefinitions".to_owned());
    let name = format!("{}.{}", resource.plural, resource.group);
    shared.store.lock().unwrap_or_else(PoisonError::into_inner).get(&place, &name).cloned()
}

/// What changes when the document does.
pub(super) fn hash(shared: &Shared, group: &str, version: &str) -> String {
    let mut hash = sha2::Sha512::new();
    hash.update(format!("{group}/{version}"));
    for resource in resources(shared, group, version).iter().filter(|it| it.is_custom()) {
        if let Some(definition) = definition(shared, resource) {
            let metadata = &definition.value["metadata"];
            hash.update(format!("{}{}", metadata["uid"], metadata["generation"]));
        }
    }
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// The document of a group and version.
pub(super) fn of(shared: &Shared, group: &str, version: &str) -> Value {
    let resources = resources(shared, group, version);
    let custom = resources.iter().any(|it| it.is_custom());
    let mut schemas = Map::new();
    for resource in resources.iter().filter(|it| it.is_custom()) {
        if let Some(definition) = definition(shared, resource) {
            custom_types(resource, &definition.value, &mut schemas);
        }
    }
    let paths = paths::of(&resources);
    let mut wanted = BTreeSet::new();
    types::references(&paths, &mut wanted);
    for schema in schemas.values() {
        types::references(schema, &mut wanted);
    }
    while let Some(name) = wanted.pop_first() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(mut schema) = types::named(&name) else { continue };
        if name.ends_with(".meta.v1.DeleteOptions") && !custom {
            // A kind of every group: each document names its own.
            let mut kinds = vec![json!({"group": "", "version": "v1", "kind": "DeleteOptions"})];
            if !group.is_empty() {
                kinds.push(json!({"group": group, "version": version, "kind": "DeleteOptions"}));
            }
            schema["x-kubernetes-group-version-kind"] = kinds.into();
        }
        types::references(&schema, &mut wanted);
        schemas.insert(name, schema);
    }
    let mut components = json!({ "schemas": schemas });
    let info = match custom {
        true => json!({"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}),
        false => {
            components["securitySchemes"] = json!({"BearerToken": {
                "type": "apiKey",
                "description": "Bearer Token authentication",
                "name": "authorization",
                "in": "header",
            }});
            json!({"title": "Kubernetes", "version": "1.37"})
        }
    };
    json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": components})
}

/// `com.example.v1.Widget`
pub(super) fn custom_name(resource: &Resource, kind: &str) -> String {
    let parts: Vec<&str> = resource.group.rsplit('.').collect();
    format!("{}.{}.{kind}", parts.join("."), resource.version)
}

/// The words and types that all objects share, as the built-in ones have them.
fn shared_member(kind: &str, name: &str) -> Value {
    let of = format!("io.k8s.api.core.v1.{kind}");
    types::named(&of).map(|it| it["properties"][name].clone()).unwrap_or_default()
}

fn metadata(kind: &str) -> Value {
    let of = if kind == "PodList" { "ListMeta" } else { "ObjectMeta" };
    json!({
        "description": shared_member(kind, "metadata")["description"],
        "allOf": [types::reference(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{of}"))],
    })
}

fn kind_marker(resource: &Resource, kind: &str) -> Value {
    json!([{"group": resource.group, "version": resource.version, "kind": kind}])
}

fn custom_types(resource: &Resource, definition: &Value, schemas: &mut Map<String, Value>) {
    let versions = definition["spec"]["versions"].as_array();
    let version = versions.into_iter().flatten().find(|it| it["name"] == resource.version.as_str());
    let mut schema = match version.map(|it| &it["schema"]["openAPIV3Schema"]) {
        Some(schema) if schema.is_object() && definition["spec"]["preserveUnknownFields"] != true => {
            schema.clone()
        }
        _ => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    };
    spread(&mut schema, 0);
    if !schema["properties"].is_object() {
        schema["properties"] = json!({});
    }
    for name in ["apiVersion", "kind"] {
        schema["properties"][name] = shared_member("Pod", name);
    }
    schema["properties"]["metadata"] = metadata("Pod");
    schema["x-kubernetes-group-version-kind"] = kind_marker(resource, &resource.kind);
    let name = custom_name(resource, &resource.kind);
    let list = json!({
        "description": format!("{} is a list of {}", resource.list_kind, resource.kind),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": shared_member("PodList", "apiVersion"),
            "kind": shared_member("PodList", "kind"),
            "metadata": metadata("PodList"),
            "items": {
                "description": format!(
                    "List of {}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md",
                    resource.plural
                ),
                "type": "array",
                "items": types::reference(&name),
            },
        },
        "x-kubernetes-group-version-kind": kind_marker(resource, &resource.list_kind),
    });
    schemas.insert(name, schema);
    schemas.insert(custom_name(resource, &resource.list_kind), list);
}

/// No definition nests deeper than what can be read from JSON; this holds all the same.
const DEEPEST: usize = 256;

/// Says in plain keywords what the markers of Kubernetes mean.
fn spread(schema: &mut Value, depth: usize) {
    if depth == DEEPEST || !schema.is_object() {
        return;
    }
    let says = |key: &str| schema.get(key).is_some_and(|it| !it.is_null());
    if schema["x-kubernetes-int-or-string"] == true && !says("anyOf") && !says("allOf") {
        schema["anyOf"] = json!([{"type": "integer"}, {"type": "string"}]);
    }
    if schema["x-kubernetes-embedded-resource"] == true {
        let words = |text: &str| json!({"description": text, "type": "string"});
        let (version, kind) = (
            "apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources",
            "kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds",
        );
        schema["properties"]["apiVersion"] = words(version);
        schema["properties"]["kind"] = words(kind);
        schema["properties"]["metadata"] = metadata("Pod");
        let mut required = crate::schema::strings(schema.get("required"));
        for name in ["kind", "apiVersion"] {
            if !required.iter().any(|it| it == name) {
                required.push(name.to_owned());
            }
        }
        schema["required"] = required.into();
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            spread(inner, depth + 1);
        }
    }
    let inner = schema.get_mut("properties").and_then(Value::as_object_mut);
    inner.into_iter().flatten().for_each(|(_, it)| spread(it, depth + 1));
}
