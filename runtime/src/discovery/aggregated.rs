//! Aggregated discovery (`apidiscovery.k8s.io/v2`): everything in two answers.
//!
//! Pure. A group or version that cannot be read is a failure of its own and leaves the others as they are.

use super::model::{
    ApiGroup, ApiResource, ApiSubresource, ApiVersion, Discovered, GroupFailure, api_version,
};
use crate::codec::{self, DecodeError};
use crate::error::{Error, Kind};
use crate::wire::RawJson;
use crate::{ResourceInfo, object};

/// What is asked for: this form, or the old one from servers that do not have it.
pub(super) const ACCEPT: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// The same from the server that is asked, without what it has heard from its peers (1.36 on).
pub(super) const ACCEPT_WITHOUT_PEERS: &str = concat!(
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer,",
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
);

/// Whether an answer of this content type is in the aggregated form.
pub(super) fn is_aggregated(content_type: Option<&str>) -> bool {
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let json = parts.next() == Some("application/json");
    let parts: Vec<&str> = parts.collect();
    json && ["g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"]
        .iter()
        .all(|part| parts.contains(part))
}

/// Reads an answer; `context` says whose, for failures.
pub(super) fn read(core: bool, body: &[u8], context: &str) -> Result<Discovered, DecodeError> {
    let list: GroupList = codec::from_slice(body)?;
    let mut found = Discovered::default();
    for (index, item) in list.items.iter().flatten().enumerate() {
        match codec::from_str::<Group>(item.get()) {
            Ok(group) => {
                let name = group.metadata.unwrap_or_default().name;
                if name.is_empty() == core {
                    found.groups.extend(read_group(&name, &group.versions, context, &mut found.failures));
                } else {
                    let why = format!("item {index} is a group of the name {name:?}, which cannot be");
                    found.failures.push(GroupFailure::new(
                        &name,
                        None,
                        Error::new(Kind::Decode, context, why),
                    ));
                }
            }
            Err(error) => {
                let why = format!("item {index}, a group, cannot be read: {error}");
                found.failures.push(GroupFailure::new("", None, Error::new(Kind::Decode, context, why)));
            }
        }
    }
    Ok(found)
}

fn read_group(
    name: &str,
    versions: &Option<Vec<RawJson>>,
    context: &str,
    failures: &mut Vec<GroupFailure>,
) -> Option<ApiGroup> {
    let mut group = ApiGroup { name: name.to_owned(), ..ApiGroup::default() };
    for item in versions.iter().flatten() {
        let read = codec::from_str::<Version>(item.get());
        let version = match read {
            Ok(version) if !version.version.is_empty() => version,
            Ok(_) => {
                let why = "a version of this group has no name";
                failures.push(GroupFailure::new(name, None, Error::new(Kind::Decode, context, why)));
                continue;
            }
            Err(error) => {
                let why = format!("a version of this group cannot be read: {error}");
                let version = codec::from_str::<VersionName>(item.get()).unwrap_or_default().version;
                let version = Some(version.as_str()).filter(|version| !version.is_empty());
                failures.push(GroupFailure::new(name, version, Error::new(Kind::Decode, context, why)));
                continue;
            }
        };
        if version.freshness.as_deref() == Some("Stale") {
            failures.push(GroupFailure::new(name, Some(&version.version), stale(context)));
        }
        let resources = version.resources.unwrap_or_default();
        group.versions.push(ApiVersion {
            resources: resources.into_iter().map(|entry| resource(name, &version.version, entry)).collect(),
            version: version.version,
        });
    }
    group.preferred_version = group.versions.first()?.version.clone();
    Some(group)
}

fn stale(context: &str) -> Error {
    let message =
        "the server could not ask whoever serves this version; what it lists of it may be old, or nothing";
    Error::new(Kind::Stale, context, message)
        .with_help("look at the version's APIService and at the API server behind it")
}

fn resource(group: &str, version: &str, entry: Resource) -> ApiResource {
    let kind = entry.response_kind.map(|kind| kind.kind).unwrap_or_default();
    let subresources = entry.subresources.unwrap_or_default();
    ApiResource {
        info: ResourceInfo {
            group: group.to_owned().into(),
            version: version.to_owned().into(),
            kind: kind.into(),
            plural: entry.resource.into(),
            namespaced: entry.scope == "Namespaced",
        },
        singular: entry.singular_resource,
        verbs: entry.verbs.unwrap_or_default(),
        short_names: entry.short_names.unwrap_or_default(),
        categories: entry.categories.unwrap_or_default(),
        subresources: subresources
            .into_iter()
            .map(|entry| {
                let kind = entry.response_kind.unwrap_or_default();
                // Built-in groups leave out group and version where they are the resource's own.
                let own = kind.version.is_empty();
                ApiSubresource {
                    name: entry.subresource,
                    api_version: match own {
                        true => api_version(group, version),
                        false => api_version(&kind.group, &kind.version),
                    },
                    kind: kind.kind,
                    verbs: entry.verbs.unwrap_or_default(),
                }
            })
            .collect(),
    }
}

#[derive(Clone, Default, PartialEq)]
struct GroupList {
    items: Option<Vec<RawJson>>,
}

object! { GroupList { 0 items "items" [] Raw; } }

#[derive(Clone, Default, PartialEq)]
struct Group {
    metadata: Option<Named>,
    versions: Option<Vec<RawJson>>,
}

object! {
    Group {
        0 metadata "metadata" [] Message;
        1 versions "versions" [] Raw;
    }
}

#[derive(Clone, Default, PartialEq)]
struct Named {
    name: String,
}

object! { Named { 0 name "name" [] String; } }

#[derive(Clone, Default, PartialEq)]
struct Version {
    version: String,
    resources: Option<Vec<Resource>>,
    freshness: Option<String>,
}

object! {
    Version {
        0 version "version" [] String;
        1 resources "resources" [] Message;
        2 freshness "freshness" [] String;
    }
}

/// As much of a version as a failure can name.
#[derive(Clone, Default, PartialEq)]
struct VersionName {
    version: String,
}

object! { VersionName { 0 version "version" [] String; } }

#[derive(Clone, Default, PartialEq)]
struct Resource {
    resource: String,
    response_kind: Option<KindName>,
    scope: String,
    singular_resource: String,
    verbs: Option<Vec<String>>,
    short_names: Option<Vec<String>>,
    categories: Option<Vec<String>>,
    subresources: Option<Vec<Subresource>>,
}

object! {
    Resource {
        0 resource "resource" [] String;
        1 response_kind "responseKind" [] Message;
        2 scope "scope" [] String;
        3 singular_resource "singularResource" [] String;
        4 verbs "verbs" [] String;
        5 short_names "shortNames" [] String;
        6 categories "categories" [] String;
        7 subresources "subresources" [] Message;
    }
}

#[derive(Clone, Default, PartialEq)]
struct Subresource {
    subresource: String,
    response_kind: Option<KindName>,
    verbs: Option<Vec<String>>,
}

object! {
    Subresource {
        0 subresource "subresource" [] String;
        1 response_kind "responseKind" [] Message;
        2 verbs "verbs" [] String;
    }
}

#[derive(Clone, Default, PartialEq)]
struct KindName {
    group: String,
    version: String,
    kind: String,
}

object! {
    KindName {
        0 group "group" [] String;
        1 version "version" [] String;
        2 kind "kind" [] String;
    }
}
