//! Which resources exist: the built-in ones from `data/resources.tsv` and those that CRDs add.
//!
//! Facts only: nothing here answers a request.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::schema::{Schema, builtin};

/// One resource of one version, with its subresources.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) namespaced: bool,
    pub(crate) served_by_default: bool,
    pub(crate) verbs: Vec<String>,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
    /// Set for what a CRD declares.
    pub(crate) custom: Option<Custom>,
    schema: OnceLock<Option<Arc<Schema>>>,
}

/// A subresource as discovery shows it.
#[derive(Debug, Clone)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// The group and version of the kind where they are not those of the resource.
    pub(crate) foreign: Option<(String, String)>,
    pub(crate) verbs: Vec<String>,
}

/// What only custom resources have.
#[derive(Debug, Clone)]
pub(crate) struct Custom {
    pub(crate) preserve_unknown: bool,
    pub(crate) scale: Option<ScalePaths>,
    /// The paths of `selectableFields`, without the first dot.
    pub(crate) selectable: Vec<String>,
    /// The schema of the version in which objects are stored, if that is another one.
    pub(crate) storage: Option<Arc<Schema>>,
    /// Whether there may be objects that were stored by another schema than this one.
    pub(crate) has_older: bool,
    /// What is warned of whenever this version is asked for.
    pub(crate) deprecation: Option<String>,
}

/// Where the scale subresource of a custom resource reads and writes.
#[derive(Debug, Clone)]
pub(crate) struct ScalePaths {
    pub(crate) spec: Vec<String>,
    pub(crate) status: Vec<String>,
    pub(crate) selector: Option<Vec<String>>,
}

impl Resource {
    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        group_version(&self.group, &self.version)
    }

    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|it| it.name == subresource)
    }

    pub(crate) fn allows(&self, verb: &str) -> bool {
        self.verbs.iter().any(|it| it == verb)
    }

    /// The schema of its objects, read when it is first needed.
    pub(crate) fn schema(&self) -> Option<Arc<Schema>> {
        self.schema.get_or_init(|| builtin::of_kind(&self.group, &self.version, &self.kind)).clone()
    }

    pub(crate) fn is_custom(&self) -> bool {
        self.custom.is_some()
    }

    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// A kind that is sent to a subresource of something else.
    pub(crate) fn of_kind(group: &str, version: &str, kind: &str) -> Self {
        Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: String::new(),
            singular: String::new(),
            kind: kind.to_owned(),
            list_kind: String::new(),
            namespaced: true,
            served_by_default: true,
            verbs: Vec::new(),
            short_names: Vec::new(),
            categories: Vec::new(),
            subresources: Vec::new(),
            custom: None,
            schema: OnceLock::new(),
        }
    }

    pub(crate) fn from_crd(parts: CrdParts, custom: Custom, schema: Option<Arc<Schema>>) -> Self {
        let verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
        Resource {
            group: parts.group,
            version: parts.version,
            plural: parts.plural,
            singular: parts.singular,
            kind: parts.kind,
            list_kind: parts.list_kind,
            namespaced: parts.namespaced,
            served_by_default: true,
            verbs: verbs.map(str::to_owned).to_vec(),
            short_names: parts.short_names,
            categories: parts.categories,
            subresources: parts.subresources,
            custom: Some(custom),
            schema: OnceLock::from(schema),
        }
    }
}

/// The names in a CRD that a resource is made of.
pub(crate) struct CrdParts {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) namespaced: bool,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
}

pub(crate) fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// Every built-in resource, in the order of discovery.
pub(crate) fn builtins() -> &'static [Arc<Resource>] {
    static ALL: OnceLock<Vec<Arc<Resource>>> = OnceLock::new();
    ALL.get_or_init(|| read(include_str!("../data/resources.tsv")))
}

fn read(table: &str) -> Vec<Arc<Resource>> {
    let words = |cell: &str| cell.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect();
    let mut all: Vec<Resource> = Vec::new();
    for line in table.lines().filter(|it| !it.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[group, version, name, kind, foreign, singular, scope, stage, verbs, short, categories] =
            cells.as_slice()
        else {
            continue;
        };
        if let Some((_, subresource)) = name.split_once('/') {
            if let Some(parent) = all.last_mut() {
                let foreign = foreign.split_once('/').map(|(g, v)| (g.to_owned(), v.to_owned()));
                parent.subresources.push(Subresource {
                    name: subresource.to_owned(),
                    kind: kind.to_owned(),
                    foreign,
                    verbs: words(verbs),
                });
            }
            continue;
        }
        all.push(Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: name.to_owned(),
            singular: singular.to_owned(),
            kind: kind.to_owned(),
            list_kind: format!("{kind}List"),
            namespaced: scope == "N",
            served_by_default: stage == "default",
            verbs: words(verbs),
            short_names: words(short),
            categories: words(categories),
            subresources: Vec::new(),
            custom: None,
            schema: OnceLock::new(),
        });
    }
    all.into_iter().map(Arc::new).collect()
}

/// What one server serves.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    everything: bool,
    /// Of each CRD, by its name.
    custom: BTreeMap<String, Vec<Arc<Resource>>>,
}

impl Catalog {
    pub(crate) fn new(everything: bool) -> Self {
        Catalog { everything, custom: BTreeMap::new() }
    }

    /// All served resources, in the order of discovery.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        let everything = self.everything;
        builtins()
            .iter()
            .filter(move |it| everything || it.served_by_default)
            .chain(self.custom.values().flatten())
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.all().find(|it| it.group == group && it.version == version && it.plural == plural).cloned()
    }

    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.all().any(|it| it.group == group && it.version == version)
    }

    pub(crate) fn put(&mut self, crd: &str, resources: Vec<Arc<Resource>>) {
        self.custom.insert(crd.to_owned(), resources);
    }

    pub(crate) fn remove(&mut self, crd: &str) {
        self.custom.remove(crd);
    }
}
