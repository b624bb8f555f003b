//! The resources that a definition makes: one of each served version.
//!
//! Names are those that were accepted, which may be older than those that are asked for.

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::{CrdParts, Custom, Resource, ScalePaths, Subresource};
use crate::cel;
use crate::schema::{Schema, strings};

pub(super) fn resources(crd: &Value) -> Vec<Arc<Resource>> {
    let versions = crd["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    versions.iter().filter(|it| it["served"] == true).map(|it| Arc::new(resource(crd, it))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The steps of a simple path: `.spec.replicas`.
fn path(value: &Value) -> Vec<String> {
    text(value).split('.').filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

fn resource(crd: &Value, version: &Value) -> Resource {
    let spec = &crd["spec"];
    let names = &crd["status"]["acceptedNames"];
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
    let paths = scale.is_object().then(|| ScalePaths {
        spec: path(&scale["specReplicasPath"]),
        status: path(&scale["statusReplicasPath"]),
        selector: Some(path(&scale["labelSelectorPath"])).filter(|it| !it.is_empty()),
    });
    let schema = Schema::read(&version["schema"]["openAPIV3Schema"], true).into_resource();
    let schema = Arc::new(schema);
    cel::rules::prepare(&schema);
    let list = |key: &str| version[key].as_array().cloned().unwrap_or_default();
    let custom = Custom {
        preserve_unknown: spec["preserveUnknownFields"] == true,
        scale: paths,
        selectable: list("selectableFields").iter().map(|it| path(&it["jsonPath"]).join(".")).collect(),
        storage: storage_schema(crd, version),
        has_older: spec["versions"].as_array().is_some_and(|it| it.len() > 1)
            || crd["metadata"]["generation"].as_i64().unwrap_or(1) > 1,
        deprecation: deprecation(crd, version),
    };
    let parts = CrdParts {
        group: text(&spec["group"]),
        version: text(&version["name"]),
        plural: text(&spec["names"]["plural"]),
        singular: text(&names["singular"]),
        list_kind: text(&names["listKind"]),
        namespaced: spec["scope"] == "Namespaced",
        short_names: strings(names.get("shortNames")),
        categories: strings(names.get("categories")),
        subresources,
        kind,
    };
    Resource::from_crd(parts, custom, Some(schema))
}

/// The schema by which objects are stored, where this version is not the one.
fn storage_schema(crd: &Value, version: &Value) -> Option<Arc<Schema>> {
    if version["storage"] == true {
        return None;
    }
    let stored = crd["spec"]["versions"].as_array()?.iter().find(|it| it["storage"] == true)?;
    Some(Arc::new(Schema::read(&stored["schema"]["openAPIV3Schema"], true).into_resource()))
}

/// What is warned of when a deprecated version is asked for.
fn deprecation(crd: &Value, version: &Value) -> Option<String> {
    if version["deprecated"] != true {
        return None;
    }
    let own = version["deprecationWarning"].as_str().map(str::to_owned);
    own.or_else(|| {
        let (group, kind) = (text(&crd["spec"]["group"]), text(&crd["spec"]["names"]["kind"]));
        Some(format!("{group}/{} {kind} is deprecated", text(&version["name"])))
    })
}
