//! What a server offers, as it says itself: groups, versions, resources, and what could not be found out.
//!
//! Data only; how it is had is in the files beside.

use std::fmt;

use crate::{Error, ResourceInfo};

/// Everything that a server offers, and what could not be found out.
///
/// Failures are a part of the result: one aggregated API server that is down must not hide all the others.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Discovered {
    /// The groups in the server's order; the core group is first and has no name.
    pub groups: Vec<ApiGroup>,
    /// The groups and versions of which nothing, or nothing fresh, could be had.
    pub failures: Vec<GroupFailure>,
}

/// One API group.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApiGroup {
    /// The name; empty for the core group.
    pub name: String,
    /// The version that the server would have clients use.
    pub preferred_version: String,
    /// All versions that are served, in the server's order.
    pub versions: Vec<ApiVersion>,
}

/// One version of a group, with its resources.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApiVersion {
    /// The version, without the group.
    pub version: String,
    /// What is served in it.
    pub resources: Vec<ApiResource>,
}

/// One resource.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApiResource {
    /// Group, version, kind, plural name and scope: what [`Client::dynamic`](crate::Client::dynamic) needs.
    pub info: ResourceInfo,
    /// The name of one object, in lower case.
    pub singular: String,
    /// What can be done with it: `get`, `list`, `watch`, `create` …
    pub verbs: Vec<String>,
    /// Its abbreviations.
    pub short_names: Vec<String>,
    /// The words for several resources that it is counted to, as `all`.
    pub categories: Vec<String>,
    /// What lies below its objects.
    pub subresources: Vec<ApiSubresource>,
}

/// What lies below the objects of a resource.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApiSubresource {
    /// The name, as `scale`.
    pub name: String,
    /// The version of its kind: `autoscaling/v1` for a `Scale`.
    pub api_version: String,
    /// The kind that it takes and gives; empty where it is no object.
    pub kind: String,
    /// What can be done with it.
    pub verbs: Vec<String>,
}

/// A group, or a version of one, that could not be found out about.
#[derive(Debug)]
#[non_exhaustive]
pub struct GroupFailure {
    /// The group; empty for the core group.
    pub group: String,
    /// The version, where one is meant.
    pub version: Option<String>,
    /// Why.
    pub error: Error,
}

/// What a client is best to use: each resource once, in one version.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PreferredResources {
    /// The resources.
    pub resources: Vec<ApiResource>,
    /// The groups and versions of which nothing, or nothing fresh, could be had.
    pub failures: Vec<GroupFailure>,
}

/// A group and its versions, without its resources.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct GroupVersions {
    /// The group; empty for the core group.
    pub group: String,
    /// All versions, without the group, in the server's order.
    pub versions: Vec<String>,
    /// The version that the server would have clients use.
    pub preferred_version: String,
}

impl Discovered {
    /// The group of this name; `""` is the core group.
    pub fn group(&self, name: &str) -> Option<&ApiGroup> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// All resources of all versions.
    pub fn resources(&self) -> impl Iterator<Item = &ApiResource> {
        self.groups.iter().flat_map(|group| &group.versions).flat_map(|version| &version.resources)
    }

    /// Each resource once: in the preferred version of its group, or in the first that has it.
    pub fn preferred_resources(&self) -> impl Iterator<Item = &ApiResource> {
        self.groups.iter().flat_map(ApiGroup::preferred_resources)
    }

    /// The preferred resources that are counted to a category, as `all`.
    pub fn category(&self, name: &str) -> impl Iterator<Item = &ApiResource> {
        self.preferred_resources()
            .filter(move |resource| resource.categories.iter().any(|category| category == name))
    }
}

impl ApiGroup {
    /// The versions, the preferred one first.
    pub fn versions_by_preference(&self) -> impl Iterator<Item = &ApiVersion> {
        let preferred = |version: &&ApiVersion| version.version == self.preferred_version;
        self.versions
            .iter()
            .filter(preferred)
            .chain(self.versions.iter().filter(move |version| !preferred(version)))
    }

    /// Each resource once: in the preferred version, or in the first that has it.
    pub fn preferred_resources(&self) -> Vec<&ApiResource> {
        let mut found: Vec<&ApiResource> = Vec::new();
        for resource in self.versions_by_preference().flat_map(|version| &version.resources) {
            if found.iter().all(|other| other.info.plural != resource.info.plural) {
                found.push(resource);
            }
        }
        found
    }
}

impl ApiResource {
    /// Whether all of these verbs are offered.
    pub fn supports<'a>(&self, verbs: impl IntoIterator<Item = &'a str>) -> bool {
        verbs.into_iter().all(|verb| self.verbs.iter().any(|offered| offered == verb))
    }

    /// The subresource of this name.
    pub fn subresource(&self, name: &str) -> Option<&ApiSubresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }
}

impl GroupFailure {
    pub(super) fn new(group: &str, version: Option<&str>, error: Error) -> Self {
        GroupFailure { group: group.to_owned(), version: version.map(str::to_owned), error }
    }

    /// `group/version`, `group`, or `v1` of the core group.
    pub fn name(&self) -> String {
        match &self.version {
            Some(version) => api_version(&self.group, version),
            None => self.group.clone(),
        }
    }
}

impl fmt::Display for GroupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.name(), self.error)
    }
}

/// `group/version`, or `version` for the core group.
pub(super) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
