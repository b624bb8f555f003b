//! The paths of a document: from each resource's verbs the operations, their parameters, bodies and answers.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{document, types};
use crate::catalog::{Resource, group_version};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

const LIST: &[&str] = &[
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
    "watch",
];
const DELETE: &[&str] = &[
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
];
const DELETE_COLLECTION: &[&str] = &[
    "continue",
    "dryRun",
    "fieldSelector",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "labelSelector",
    "limit",
    "orphanDependents",
    "propagationPolicy",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
];
const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
const PATCH: &[&str] = &["dryRun", "patch.fieldManager", "fieldValidation", "force"];

const WHOLE: &[&str] = &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];
const STREAMED: &[&str] = &[
    "application/json",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf",
    "application/vnd.kubernetes.protobuf;stream=watch",
    "application/yaml",
];
const CUSTOM: &[&str] = &["application/json", "application/yaml"];

fn parameters(names: &[&str]) -> Vec<Value> {
    names.iter().filter_map(|it| types::parameter(it)).collect()
}

fn in_path(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "description": description,
        "required": true,
        "schema": {"type": "string", "uniqueItems": true},
    })
}

/// All paths of these resources, which are of one group and version.
pub(super) fn of(resources: &[Arc<Resource>]) -> Value {
    let mut paths = Map::new();
    let Some(first) = resources.first() else { return Value::Object(paths) };
    if !first.is_custom() {
        let root = format!("{}/", root(first));
        let operation = Operation { resource: first, id: format!("get{}APIResources", camel(first)) };
        let list = format!("{META}APIResourceList");
        let get = operation.with("get available resources", &[], None, &[(200, &list)], WHOLE);
        paths.insert(root, json!({ "get": get }));
    }
    resources.iter().for_each(|it| resource_paths(it, &mut paths));
    Value::Object(paths)
}

fn root(resource: &Resource) -> String {
    let place = if resource.group.is_empty() { "/api" } else { "/apis" };
    format!("{place}/{}", group_version(&resource.group, &resource.version))
}

/// `CoreV1`, `RbacAuthorizationV1`
fn camel(resource: &Resource) -> String {
    let group = match resource.group.as_str() {
        "" => "core",
        group => group.strip_suffix(".k8s.io").unwrap_or(group),
    };
    let words = group.split(['.', '-']).chain([resource.version.as_str()]);
    words.map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|it| it.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

struct Operation<'a> {
    resource: &'a Resource,
    id: String,
}

impl Operation<'_> {
    fn with(
        &self,
        description: &str,
        query: &[&str],
        body: Option<Value>,
        answers: &[(u16, &str)],
        media: &[&str],
    ) -> Value {
        let words = |code: u16| match code {
            200 => "OK",
            201 => "Created",
            _ => "Accepted",
        };
        let mut responses = json!({"401": {"description": "Unauthorized"}});
        for (code, name) in answers {
            let content: Map<String, Value> = media
                .iter()
                .map(|it| ((*it).to_owned(), json!({"schema": types::reference(name)})))
                .collect();
            responses[code.to_string()] = json!({"description": words(*code), "content": content});
        }
        let group = match self.resource.group.as_str() {
            "" => "core",
            group => group.strip_suffix(".k8s.io").unwrap_or(group),
        };
        let word = |(at, it): (usize, &str)| if at == 0 { it.to_owned() } else { capital(it) };
        let group: String = group.split('.').enumerate().map(word).collect();
        let mut operation = json!({
            "tags": [format!("{group}_{}", self.resource.version)],
            "description": description,
            "operationId": self.id,
            "responses": responses,
        });
        if !query.is_empty() {
            operation["parameters"] = parameters(query).into();
        }
        if let Some(body) = body {
            operation["requestBody"] = body;
        }
        operation
    }
}

fn body(name: &str, required: bool, media: &[&str]) -> Value {
    let content: Map<String, Value> =
        media.iter().map(|it| ((*it).to_owned(), json!({"schema": types::reference(name)}))).collect();
    let mut body = json!({ "content": content });
    if required {
        body["required"] = true.into();
    }
    body
}

/// What all operations of a path take is said once, for the path.
fn shared_parameters(mut item: Map<String, Value>, mut shared: Vec<Value>) -> Value {
    let list = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut all = item.values().map(list);
    let first = all.next().unwrap_or_default();
    let others: Vec<Vec<Value>> = all.collect();
    let common: Vec<Value> =
        first.into_iter().filter(|it| others.iter().all(|other| other.contains(it))).collect();
    for (_, operation) in &mut item {
        let own: Vec<Value> = list(operation).into_iter().filter(|it| !common.contains(it)).collect();
        if let Some(all) = operation.as_object_mut() {
            all.remove("parameters");
            if !own.is_empty() {
                all.insert("parameters".to_owned(), own.into());
            }
        }
    }
    shared.extend(common);
    shared.sort_by_key(|it| it["name"].to_string());
    item.insert("parameters".to_owned(), shared.into());
    Value::Object(item)
}

/// `a Pod`, `an Event`, `Endpoints`
fn with_article(kind: &str) -> String {
    let plural = kind.ends_with('s') && !kind.ends_with("ss");
    match kind.chars().next().map(|it| it.to_ascii_lowercase()) {
        _ if plural => kind.to_owned(),
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn resource_paths(resource: &Resource, paths: &mut Map<String, Value>) {
    let custom = resource.is_custom();
    let (whole, streamed) = if custom { (CUSTOM, CUSTOM) } else { (WHOLE, STREAMED) };
    let name_of = |group: &str, version: &str, kind: &str| match custom && group == resource.group {
        true => document::custom_name(resource, kind),
        false => types::of_kind(group, version, kind).unwrap_or_default(),
    };
    let (group, version, kind) = (&resource.group, &resource.version, resource.kind.as_str());
    let own = name_of(group, version, kind);
    let list = name_of(group, version, &resource.list_kind);
    let status = format!("{META}Status");
    let place = if resource.namespaced { "Namespaced" } else { "" };
    let camel = camel(resource);
    let mark = |mut operation: Value, action: &str, group: &str, version: &str, kind: &str| {
        operation["x-kubernetes-action"] = action.into();
        operation["x-kubernetes-group-version-kind"] =
            json!({"group": group, "version": version, "kind": kind});
        operation
    };
    let operation = |id: String| Operation { resource, id };
    let listing = if custom || !resource.allows("watch") { "list" } else { "list or watch" };
    let writing: &[&str] = if custom { CUSTOM } else { &["*/*"] };

    let mut one = Map::new();
    let mut all = Map::new();
    if resource.allows("list") {
        let say = format!("{listing} objects of kind {kind}");
        let read =
            operation(format!("list{camel}{place}{kind}")).with(&say, LIST, None, &[(200, &list)], streamed);
        all.insert("get".to_owned(), mark(read, "list", group, version, kind));
    }
    if resource.allows("create") {
        let answers = [(200, own.as_str()), (201, own.as_str()), (202, own.as_str())];
        let made = operation(format!("create{camel}{place}{kind}"));
        let made = made.with(
            &format!("create {}", with_article(kind)),
            WRITE,
            Some(body(&own, true, writing)),
            &answers,
            whole,
        );
        all.insert("post".to_owned(), mark(made, "post", group, version, kind));
    }
    let options = format!("{META}DeleteOptions");
    if resource.allows("deletecollection") {
        let say = format!("delete collection of {kind}");
        let gone = operation(format!("delete{camel}Collection{place}{kind}"));
        let (query, sent) =
            if custom { (LIST, None) } else { (DELETE_COLLECTION, Some(body(&options, false, &["*/*"]))) };
        let gone = gone.with(&say, query, sent, &[(200, &status)], whole);
        all.insert("delete".to_owned(), mark(gone, "deletecollection", group, version, kind));
    }
    let reading: &[&str] = if custom { &["resourceVersion"] } else { &[] };
    if resource.allows("get") {
        let read = operation(format!("read{camel}{place}{kind}"));
        let read = read.with(&format!("read the specified {kind}"), reading, None, &[(200, &own)], whole);
        one.insert("get".to_owned(), mark(read, "get", group, version, kind));
    }
    if resource.allows("delete") {
        let gone = operation(format!("delete{camel}{place}{kind}"));
        let with_object = crate::kinds::answers_with_object(resource);
        let answer = if with_object { own.as_str() } else { status.as_str() };
        let media: &[&str] = if custom { CUSTOM } else { &["*/*"] };
        let sent = Some(body(&options, false, media));
        let gone = gone.with(
            &format!("delete {}", with_article(kind)),
            DELETE,
            sent,
            &[(200, answer), (202, answer)],
            whole,
        );
        one.insert("delete".to_owned(), mark(gone, "delete", group, version, kind));
    }
    let patches: &[&str] = if custom {
        &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
    } else {
        &[
            "application/apply-patch+yaml",
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/strategic-merge-patch+json",
        ]
    };
    let patch = format!("{META}Patch");
    let write =
        |id: &str, what: &str, name: &str, verbs: &[String]| -> Vec<(&'static str, &'static str, Value)> {
            let mut found = Vec::new();
            let answers = [(200, name), (201, name)];
            if verbs.iter().any(|it| it == "update") {
                let say = format!("replace {what}");
                let put = operation(format!("replace{id}"));
                found.push((
                    "put",
                    "put",
                    put.with(&say, WRITE, Some(body(name, true, writing)), &answers, whole),
                ));
            }
            if verbs.iter().any(|it| it == "patch") {
                let say = format!("partially update {what}");
                let answers = if custom { &answers[..1] } else { &answers[..] };
                let changed = operation(format!("patch{id}"));
                let changed = changed.with(&say, PATCH, Some(body(&patch, true, patches)), answers, whole);
                found.push(("patch", "patch", changed));
            }
            found
        };
    let id = format!("{camel}{place}{kind}");
    for (method, action, found) in write(&id, &format!("the specified {kind}"), &own, &resource.verbs) {
        one.insert(method.to_owned(), mark(found, action, group, version, kind));
    }
    let base = match resource.namespaced {
        true => format!("{}/namespaces/{{namespace}}/{}", root(resource), resource.plural),
        false => format!("{}/{}", root(resource), resource.plural),
    };
    let named = format!("{base}/{{name}}");
    let common = |with_name: Option<&str>| {
        let mut found: Vec<Value> =
            with_name.map(|kind| in_path("name", &format!("name of the {kind}"))).into_iter().collect();
        if resource.namespaced {
            found.push(in_path("namespace", "object name and auth scope, such as for teams and projects"));
        }
        found.extend(types::parameter("pretty"));
        found
    };
    let mut put = |path: String, item: Map<String, Value>, parameters: Vec<Value>| {
        if !item.is_empty() {
            paths.insert(path, shared_parameters(item, parameters));
        }
    };
    put(base, all, common(None));
    put(named.clone(), one, common(Some(kind)));
    if resource.namespaced && resource.allows("list") {
        let say = format!("{listing} objects of kind {kind}");
        let read = operation(format!("list{camel}{kind}ForAllNamespaces"));
        let read = read.with(&say, LIST, None, &[(200, &list)], streamed);
        let item = [("get".to_owned(), mark(read, "list", group, version, kind))].into_iter().collect();
        put(format!("{}/{}", root(resource), resource.plural), item, parameters(&["pretty"]));
    }
    for sub in &resource.subresources {
        let (sub_group, sub_version) = sub
            .foreign
            .as_ref()
            .map_or((group.as_str(), version.as_str()), |it| (it.0.as_str(), it.1.as_str()));
        let of = name_of(sub_group, sub_version, &sub.kind);
        // Streams are not told.
        if of.is_empty() || sub.name == "log" {
            continue;
        }
        // The scale of a custom resource goes by the name of the resource here.
        let (sub_group, sub_version, sub_kind) = match custom {
            true => (group.as_str(), version.as_str(), kind),
            false => (sub_group, sub_version, sub.kind.as_str()),
        };
        let id = format!("{id}{}", capital(&sub.name));
        let what = format!("{} of the specified {kind}", sub.name);
        let mut item = Map::new();
        if sub.verbs.iter().any(|it| it == "get") {
            let read = operation(format!("read{id}")).with(
                &format!("read {what}"),
                reading,
                None,
                &[(200, &of)],
                whole,
            );
            item.insert("get".to_owned(), mark(read, "get", sub_group, sub_version, sub_kind));
        }
        if sub.verbs.iter().any(|it| it == "create") {
            let answers = [(200, of.as_str()), (201, of.as_str()), (202, of.as_str())];
            let made = operation(format!("create{id}"));
            let made = made.with(
                &format!("create {} of {}", sub.name, with_article(kind)),
                WRITE,
                Some(body(&of, true, writing)),
                &answers,
                whole,
            );
            item.insert("post".to_owned(), mark(made, "post", sub_group, sub_version, sub_kind));
        }
        for (method, action, found) in write(&id, &what, &of, &sub.verbs) {
            item.insert(method.to_owned(), mark(found, action, sub_group, sub_version, sub_kind));
        }
        put(format!("{named}/{}", sub.name), item, common(Some(sub_kind)));
    }
}
