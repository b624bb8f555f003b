//! Discovery as it was before it was aggregated: a list of groups, and a list of resources for each of their versions.
//!
//! Pure; the calls are in `mod`.

use super::model::{ApiResource, ApiSubresource, GroupFailure, GroupVersions, api_version};
use crate::codec::{self, DecodeError};
use crate::error::{Error, Kind};
use crate::wire::RawJson;
use crate::{ResourceInfo, object};

/// The versions of the core group, from `/api`.
pub(super) fn core(body: &[u8]) -> Result<Vec<GroupVersions>, DecodeError> {
    let versions = codec::from_slice::<CoreVersions>(body)?.versions.unwrap_or_default();
    let Some(first) = versions.first().cloned() else { return Ok(Vec::new()) };
    Ok(vec![GroupVersions { group: String::new(), versions, preferred_version: first }])
}

/// The groups of `/apis`, and those that cannot be read.
pub(super) fn groups(
    body: &[u8],
    context: &str,
) -> Result<(Vec<GroupVersions>, Vec<GroupFailure>), DecodeError> {
    let list: GroupList = codec::from_slice(body)?;
    let (mut groups, mut failures) = (Vec::new(), Vec::new());
    for (index, item) in list.groups.iter().flatten().enumerate() {
        let mut fail = |name: &str, why: String| {
            failures.push(GroupFailure::new(name, None, Error::new(Kind::Decode, context, why)));
        };
        let group = match codec::from_str::<Group>(item.get()) {
            Ok(group) => group,
            Err(error) => {
                fail("", format!("item {index}, a group, cannot be read: {error}"));
                continue;
            }
        };
        let listed = group.versions.unwrap_or_default();
        let versions: Vec<String> =
            listed.into_iter().map(|version| version.version).filter(|version| !version.is_empty()).collect();
        let Some(first) = versions.first().filter(|_| !group.name.is_empty()) else {
            fail(&group.name, format!("item {index} is a group without a name or a version"));
            continue;
        };
        let preferred = group.preferred_version.map(|version| version.version);
        let preferred_version =
            preferred.filter(|version| versions.contains(version)).unwrap_or_else(|| first.clone());
        groups.push(GroupVersions { group: group.name, versions, preferred_version });
    }
    Ok((groups, failures))
}

/// The resources of one version, with what belongs to them below them.
pub(super) fn resources(group: &str, version: &str, body: &[u8]) -> Result<Vec<ApiResource>, DecodeError> {
    let list: ResourceList = codec::from_slice(body)?;
    let mut found: Vec<ApiResource> = Vec::new();
    let (below, above): (Vec<Resource>, Vec<Resource>) =
        list.resources.unwrap_or_default().into_iter().partition(|entry| entry.name.contains('/'));
    let info = |plural: &str, kind: String, namespaced: bool| ResourceInfo {
        group: group.to_owned().into(),
        version: version.to_owned().into(),
        kind: kind.into(),
        plural: plural.to_owned().into(),
        namespaced,
    };
    for entry in above {
        found.push(ApiResource {
            info: info(&entry.name, entry.kind, entry.namespaced),
            singular: entry.singular_name,
            verbs: entry.verbs.unwrap_or_default(),
            short_names: entry.short_names.unwrap_or_default(),
            categories: entry.categories.unwrap_or_default(),
            subresources: Vec::new(),
        });
    }
    for entry in below {
        let Some((plural, name)) = entry.name.split_once('/') else { continue };
        let at = found.iter().position(|resource| resource.info.plural == plural).unwrap_or_else(|| {
            // Metrics have only this: something below a resource that the version itself does not have.
            found.push(ApiResource {
                info: info(plural, String::new(), entry.namespaced),
                singular: String::new(),
                verbs: Vec::new(),
                short_names: Vec::new(),
                categories: Vec::new(),
                subresources: Vec::new(),
            });
            found.len() - 1
        });
        found[at].subresources.push(ApiSubresource {
            name: name.to_owned(),
            api_version: match entry.version.is_empty() {
                true => api_version(group, version),
                false => api_version(&entry.group, &entry.version),
            },
            kind: entry.kind,
            verbs: entry.verbs.unwrap_or_default(),
        });
    }
    Ok(found)
}

#[derive(Clone, Default, PartialEq)]
struct CoreVersions {
    versions: Option<Vec<String>>,
}

object! { CoreVersions { 0 versions "versions" [] String; } }

#[derive(Clone, Default, PartialEq)]
struct GroupList {
    groups: Option<Vec<RawJson>>,
}

object! { GroupList { 0 groups "groups" [] Raw; } }

#[derive(Clone, Default, PartialEq)]
struct Group {
    name: String,
    versions: Option<Vec<GroupVersion>>,
    preferred_version: Option<GroupVersion>,
}

object! {
    Group {
        0 name "name" [] String;
        1 versions "versions" [] Message;
        2 preferred_version "preferredVersion" [] Message;
    }
}

#[derive(Clone, Default, PartialEq)]
struct GroupVersion {
    version: String,
}

object! { GroupVersion { 0 version "version" [] String; } }

#[derive(Clone, Default, PartialEq)]
struct ResourceList {
    resources: Option<Vec<Resource>>,
}

object! { ResourceList { 0 resources "resources" [] Message; } }

#[derive(Clone, Default, PartialEq)]
struct Resource {
    name: String,
    singular_name: String,
    namespaced: bool,
    group: String,
    version: String,
    kind: String,
    verbs: Option<Vec<String>>,
    short_names: Option<Vec<String>>,
    categories: Option<Vec<String>>,
}

object! {
    Resource {
        0 name "name" [] String;
        1 singular_name "singularName" [] String;
        2 namespaced "namespaced" [] Varint;
        3 group "group" [] String;
        4 version "version" [] String;
        5 kind "kind" [] String;
        6 verbs "verbs" [] String;
        7 short_names "shortNames" [] String;
        8 categories "categories" [] String;
    }
}
