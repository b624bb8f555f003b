//! What the server serves, told in both forms of discovery, and its version.
//!
//! OpenAPI documents are made in `openapi`.

use std::sync::PoisonError;

use bytes::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::catalog::{Resource, group_version};
use crate::failure::{Failure, Outcome};
use crate::represent::{Form, order};
use crate::request::Incoming;
use crate::server::Shared;
use crate::{health, openapi};

const AGGREGATED: &str = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// An answer about the server itself.
pub(crate) struct Told {
    pub(crate) code: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Told {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Told { code: 200, content_type, body: body.into(), headers: Vec::new() }
    }

    /// Text of which no browser is to make anything else.
    fn report(body: impl Into<Bytes>) -> Self {
        let mut told = Told::new(TEXT, body);
        told.headers.push((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
        told
    }

    /// What is answered to a path that cannot be read.
    pub(crate) fn bad_request() -> Self {
        Told { code: 400, ..Told::new(TEXT, &b"400 Bad Request"[..]) }
    }

    pub(crate) fn text(body: impl Into<Bytes>) -> Self {
        Told::new(TEXT, body)
    }

    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Told::new("application/json", body)
    }

    pub(crate) fn empty(code: u16) -> Self {
        Told { code, ..Told::new("", Bytes::new()) }
    }

    /// What is answered where there is nothing at all.
    pub(crate) fn no_page() -> Self {
        Told { code: 404, ..Told::report(&b"404 page not found\n"[..]) }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

/// Answers a path that is about the server; `None` where there is nothing.
pub(crate) fn answer(shared: &Shared, incoming: &Incoming) -> Outcome<Option<Told>> {
    if let Some((body, report)) = health::answer(incoming) {
        return Ok(Some(if report { Told::report(body) } else { Told::new(TEXT, body) }));
    }
    if let Some(told) = openapi::answer(shared, incoming) {
        return Ok(Some(told));
    }
    let parts: Vec<&str> = incoming.path.trim_matches('/').split('/').collect();
    let accept = &incoming.accept;
    let document = match parts.as_slice() {
        ["api"] if wants_aggregated(accept) => return Ok(aggregated(shared, true)),
        ["apis"] if wants_aggregated(accept) => return Ok(aggregated(shared, false)),
        ["version"] => Some(version()),
        ["api"] => Some(json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0", "serverAddress": shared.address.to_string()},
            ],
        })),
        ["apis"] => {
            let all: Vec<Value> = groups(shared).iter().filter(|it| !it.name.is_empty()).map(group).collect();
            Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all}))
        }
        ["api", "v1"] => resources(shared, "", "v1"),
        ["apis", name] => groups(shared).iter().find(|it| it.name == *name).map(|found| {
            let mut value = group(found);
            value["kind"] = "APIGroup".into();
            value["apiVersion"] = "v1".into();
            value
        }),
        ["apis", name, version] => resources(shared, name, version),
        _ => None,
    };
    let Some(document) = document else { return Ok(None) };
    // Groups and their list are told by handlers of their own, which look at no method and at no router's types.
    let by_router = !matches!(parts.as_slice(), ["apis"] | ["apis", _]);
    if incoming.method != "GET" && by_router {
        return Err(Failure::method_not_allowed());
    }
    if parts == ["version"] {
        return Ok(Some(Told::new("application/json", order::write(&document, true))));
    }
    let form = Form::of_document(incoming, by_router)?;
    Ok(Some(Told::new(form.content_type(), form.encode(&document))))
}

fn wants_aggregated(accept: &str) -> bool {
    accept.split(',').next().unwrap_or_default().replace(' ', "").contains(AGGREGATED)
}

fn version() -> Value {
    json!({
        "major": "1",
        "minor": "37",
        "emulationMajor": "1",
        "emulationMinor": "37",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "36",
        "gitVersion": "v1.37.1",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

struct Group {
    name: String,
    /// In the order of preference.
    versions: Vec<(String, Vec<std::sync::Arc<Resource>>)>,
}

fn groups(shared: &Shared) -> Vec<Group> {
    let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
    let mut all: Vec<Group> = Vec::new();
    for resource in catalog.all() {
        let at = all.iter().position(|it| it.name == resource.group).unwrap_or_else(|| {
            all.push(Group { name: resource.group.clone(), versions: Vec::new() });
            all.len() - 1
        });
        let versions = &mut all[at].versions;
        match versions.iter_mut().find(|(it, _)| *it == resource.version) {
            Some((_, resources)) => resources.push(resource.clone()),
            None => versions.push((resource.version.clone(), vec![resource.clone()])),
        }
    }
    for group in &mut all {
        if group.versions.iter().any(|(_, it)| it.iter().any(|it| it.is_custom())) {
            group.versions.sort_by_key(|(it, _)| std::cmp::Reverse(rank(it)));
        }
    }
    all
}

/// How versions are preferred: stable before beta before alpha, the newer before the older, then by name backwards.
fn rank(version: &str) -> (u8, u64, u64, std::cmp::Reverse<String>) {
    let number = |text: &str| text.parse::<u64>().ok();
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let digits = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let major = number(&rest[..digits])?;
        match &rest[digits..] {
            "" => Some((3, major, 0)),
            rest => {
                let (stage, tail) = match rest.strip_prefix("beta") {
                    Some(tail) => (2, tail),
                    None => (1, rest.strip_prefix("alpha")?),
                };
                Some((stage, major, number(tail)?))
            }
        }
    });
    let (stage, major, minor) = parsed.unwrap_or((0, 0, 0));
    (stage, major, minor, std::cmp::Reverse(version.to_owned()))
}

fn group(group: &Group) -> Value {
    let version = |it: &String| json!({"groupVersion": group_version(&group.name, it), "version": it});
    let versions: Vec<Value> = group.versions.iter().map(|(it, _)| version(it)).collect();
    json!({"name": group.name, "versions": versions, "preferredVersion": versions.first()})
}

fn resources(shared: &Shared, name: &str, version: &str) -> Option<Value> {
    let all = groups(shared);
    let group = all.iter().find(|it| it.name == name)?;
    let (_, found) = group.versions.iter().find(|(it, _)| it == version)?;
    let mut list = Vec::new();
    for resource in found {
        let mut row = json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": resource.verbs,
        });
        if !resource.short_names.is_empty() {
            row["shortNames"] = json!(resource.short_names);
        }
        if !resource.categories.is_empty() {
            row["categories"] = json!(resource.categories);
        }
        if resource.allows("create") && resource.allows("get") {
            row["storageVersionHash"] = storage_hash(resource).into();
        }
        list.push(row);
        for sub in &resource.subresources {
            let mut row = json!({
                "name": format!("{}/{}", resource.plural, sub.name),
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": sub.kind,
                "verbs": sub.verbs,
            });
            if let Some((group, version)) = &sub.foreign {
                row["group"] = group.as_str().into();
                row["version"] = version.as_str().into();
            }
            list.push(row);
        }
    }
    let mut value = json!({
        "kind": "APIResourceList",
        "groupVersion": group_version(name, version),
        "resources": list,
    });
    if !name.is_empty() {
        value["apiVersion"] = "v1".into();
    }
    Some(value)
}

/// A hash of what objects are stored as: of kinds whose storage is another version or group, of that.
fn storage_hash(resource: &Resource) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    let stored = match (resource.group.as_str(), resource.plural.as_str()) {
        ("events.k8s.io", "events") => "/v1",
        ("autoscaling", "horizontalpodautoscalers") => "autoscaling/v2",
        ("certificates.k8s.io", "clustertrustbundles" | "podcertificaterequests") => {
            "certificates.k8s.io/v1beta1"
        }
        ("apiextensions.k8s.io", "customresourcedefinitions") => "apiextensions.k8s.io/v1beta1",
        ("resource.k8s.io", "devicetaintrules") => "resource.k8s.io/v1beta2",
        ("storagemigration.k8s.io", "storageversionmigrations") => "storagemigration.k8s.io/v1beta1",
        (group, _) => &format!("{group}/{}", resource.version),
    };
    let hash = sha2::Sha256::digest(format!("{stored}/{}", resource.kind));
    base64::engine::general_purpose::STANDARD.encode(&hash[..8])
}

fn aggregated(shared: &Shared, core: bool) -> Option<Told> {
    let items: Vec<Value> = groups(shared)
        .iter()
        .filter(|it| it.name.is_empty() == core)
        .map(|group| {
            let versions: Vec<Value> = group
                .versions
                .iter()
                .map(|(version, found)| {
                    let all: Vec<Value> = found.iter().map(|it| aggregated_resource(it)).collect();
                    json!({"version": version, "resources": all, "freshness": "Current"})
                })
                .collect();
            let metadata = if core { json!({}) } else { json!({ "name": group.name }) };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let value = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    let content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    Some(Told::new(content_type, value.to_string()))
}

fn aggregated_resource(resource: &Resource) -> Value {
    // Of a built-in kind in its own group and version both are left empty there.
    let own = |kind: &str| match resource.is_custom() {
        true => json!({"group": resource.group, "version": resource.version, "kind": kind}),
        false => json!({"group": "", "version": "", "kind": kind}),
    };
    let mut row = json!({
        "resource": resource.plural,
        "responseKind": own(&resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs,
    });
    if !resource.short_names.is_empty() {
        row["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        row["categories"] = json!(resource.categories);
    }
    let subresources: Vec<Value> = resource
        .subresources
        .iter()
        .map(|it| {
            let kind = match &it.foreign {
                Some((group, version)) => json!({"group": group, "version": version, "kind": it.kind}),
                None => own(&it.kind),
            };
            json!({"subresource": it.name, "responseKind": kind, "verbs": it.verbs})
        })
        .collect();
    if !subresources.is_empty() {
        row["subresources"] = subresources.into();
    }
    row
}
