//! A reader of the OpenAPI documents for tests: plain serde_json values and the few questions that the tests ask.
//!
//! It deliberately shares nothing with the generator, so that a mistake there cannot hide behind the same mistake here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// The root of the repository: the first folder above this crate that holds the specification.
pub(crate) fn root() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above
        .into_iter()
        .find(|folder| folder.join("specs/kubernetes").is_dir())
        .expect("a repository")
        .to_owned()
}

/// One document of specs/kubernetes.
pub(crate) struct Document {
    pub(crate) file: String,
    json: Value,
}

/// All of them, in the order of their names.
pub(crate) fn documents() -> &'static [Document] {
    static DOCUMENTS: OnceLock<Vec<Document>> = OnceLock::new();
    DOCUMENTS.get_or_init(|| {
        let folder = root().join("specs/kubernetes");
        let mut documents: Vec<Document> = std::fs::read_dir(folder)
            .expect("specs/kubernetes is there")
            .map(|entry| {
                let path = entry.expect("specs/kubernetes can be read").path();
                let bytes = std::fs::read(&path).expect("a document can be read");
                let file = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
                Document { file, json: serde_json::from_slice(&bytes).expect("a document is JSON") }
            })
            .collect();
        documents.sort_by(|a, b| a.file.cmp(&b.file));
        documents
    })
}

/// A TOML file of specs/, as a tree of values.
pub(crate) fn table(file: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join("specs").join(file)).expect("a file of specs/");
    text.parse().expect("it is TOML")
}

/// One schema, as one document has it.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) json: &'static Value,
}

impl Document {
    /// The schemas of the document.
    pub(crate) fn schemas(&'static self) -> impl Iterator<Item = Schema> {
        let schemas = self.json["components"]["schemas"].as_object().expect("a document has schemas");
        schemas.iter().map(|(name, json)| Schema { name, json })
    }
}

/// The schema of this name in whatever document has it.
pub(crate) fn schema(name: &str) -> Option<Schema> {
    static SCHEMAS: OnceLock<BTreeMap<&'static str, Schema>> = OnceLock::new();
    let all = SCHEMAS.get_or_init(|| {
        documents().iter().flat_map(Document::schemas).map(|schema| (schema.name, schema)).collect()
    });
    all.get(name).copied()
}

impl Schema {
    /// The properties with their schemas, if it has any.
    pub(crate) fn properties(self) -> impl Iterator<Item = (&'static str, &'static Value)> {
        let properties = self.json.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, json)| (name.as_str(), json))
    }

    /// The names of the required properties.
    pub(crate) fn required(self) -> BTreeSet<&'static str> {
        strings(&self.json["required"]).collect()
    }

    /// `apiVersion` and `kind`, where the schema is one top-level kind. Those of meta/v1 belong to every group.
    pub(crate) fn kind(self) -> Option<(String, &'static str)> {
        if self.name.starts_with("io.k8s.apimachinery.") {
            return None;
        }
        let [one] = self.json.get("x-kubernetes-group-version-kind")?.as_array()?.as_slice() else {
            return None;
        };
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let api_version = match text("group") {
            "" => text("version").to_owned(),
            group => format!("{group}/{}", text("version")),
        };
        Some((api_version, one["kind"].as_str()?))
    }
}

/// The name of the schema that a property or operation refers to.
pub(crate) fn reference(json: &'static Value) -> Option<&'static str> {
    let of = |json: &'static Value| json.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/");
    of(json).or_else(|| json.get("allOf")?.get(0).and_then(of))
}

/// The strings of a list; none where it is missing.
pub(crate) fn strings(json: &'static Value) -> impl Iterator<Item = &'static str> {
    json.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Where a resource is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Namespace,
    AllNamespaces,
    Cluster,
}

/// One path and verb.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// As the paths have it: `apis/apps/v1`.
    pub(crate) group_version: String,
    pub(crate) plural: String,
    pub(crate) place: Place,
    pub(crate) named: bool,
    pub(crate) subresource: Option<String>,
    /// `x-kubernetes-action`.
    pub(crate) action: String,
    /// The schema of the body, else of the answer.
    pub(crate) of: Option<&'static str>,
}

/// Every operation of every document that has to do with a resource.
pub(crate) fn operations() -> Vec<Operation> {
    let mut operations: Vec<Operation> = documents().iter().flat_map(operations_of).collect();
    let namespaced: BTreeSet<_> = operations
        .iter()
        .filter(|operation| operation.place == Place::Namespace)
        .map(|operation| (operation.group_version.clone(), operation.plural.clone()))
        .collect();
    for operation in &mut operations {
        let resource = (operation.group_version.clone(), operation.plural.clone());
        if operation.place == Place::Cluster && namespaced.contains(&resource) {
            operation.place = Place::AllNamespaces;
        }
    }
    operations
}

fn operations_of(document: &'static Document) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, verbs) in document.json["paths"].as_object().expect("a document has paths") {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let depth = if segments[0] == "api" { 2 } else { 3 };
        let (group_version, mut rest) = segments.split_at(depth);
        if let ["watch", below @ ..] = rest {
            rest = below;
        }
        let mut place = Place::Cluster;
        if let ["namespaces", "{namespace}", below @ ..] = rest {
            (place, rest) = (Place::Namespace, below);
        }
        let [plural, rest @ ..] = rest else { continue };
        let subresource = match rest {
            [] | ["{name}"] => None,
            ["{name}", subresource] | ["{name}", subresource, "{path}"] => Some((*subresource).to_owned()),
            _ => panic!("{}: a path of a form that the tests do not know: {path}", document.file),
        };
        for (method, operation) in verbs.as_object().expect("a path has verbs") {
            let Some(action) = operation.get("x-kubernetes-action").and_then(Value::as_str) else {
                assert_eq!(method, "parameters", "{}: {method} {path} has no action", document.file);
                continue;
            };
            operations.push(Operation {
                group_version: group_version.join("/"),
                plural: (*plural).to_owned(),
                place,
                named: !rest.is_empty(),
                subresource: subresource.clone(),
                action: action.to_owned(),
                of: body_or_answer(operation),
            });
        }
    }
    operations
}

fn body_or_answer(operation: &'static Value) -> Option<&'static str> {
    let schema = |json: &'static Value| {
        json.get("content")?.as_object()?.values().find_map(|content| reference(&content["schema"]))
    };
    let body = operation.get("requestBody").and_then(schema);
    let answers = operation["responses"].as_object().expect("an operation has answers");
    let answer =
        answers.iter().filter(|(code, _)| code.starts_with('2')).find_map(|(_, answer)| schema(answer));
    body.filter(|name| !name.ends_with(".meta.v1.Patch")).or(answer)
}
