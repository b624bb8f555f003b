//! CRDs to the same IR: a kind, its list and its resource for each version that is served. What becomes of a schema
//! is in `shape`, what a single value is in `scalar`; what a server only checks becomes documentation in `notes`.

mod default;
mod notes;
mod scalar;
mod shape;
mod union;

use std::collections::BTreeMap;

use super::types::{OBJECT_META, module_of};
use crate::diag::{Code, Report};
use crate::ir::{
    Api, Field, Manifest, ManifestVersion, Module, Resource, Shape, Subresource, Ty, Type, Verb, Version, id,
};
use crate::spec::crd::{Crd, CrdVersion};
use crate::spec::schema::{GroupVersionKind, Schema};
use crate::spec::tables::{Config, Words};

const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

/// Lowers the CRDs into `api`.
pub(crate) fn lower(crds: &[Crd], words: &Words, config: &Config, api: &mut Api, report: &mut Report) {
    let mut known: Known<'_> = BTreeMap::new();
    for crd in crds {
        if !is_new(crd, &mut known, report) {
            continue;
        }
        let mut group = String::new();
        let mut versions: Vec<ManifestVersion> = Vec::new();
        for version in &crd.versions {
            let module = module_of(&crd.group, &version.name, config);
            let mut others = api.versions.iter().filter(|(other, _)| other.group == module.group);
            if let Some((_, known)) = others.find(|(_, known)| known.group != crd.group) {
                report.error(
                    Code::NameTaken,
                    &crd.place,
                    format!(
                        "the groups `{}` and `{}` both want the module `{}`",
                        known.group, crd.group, module.group
                    ),
                    format!("name another module: `\"{}\" = \"…\"` in [groups] of clientset.toml", crd.group),
                );
                continue;
            }
            let mut lowering = Lowering { crd, module, words, api, report };
            versions.extend(lowering.version(version));
            group = lowering.module.group;
        }
        // A CRD of which nothing is served has no module to stand in.
        if versions.is_empty() {
            continue;
        }
        api.crds.push(Manifest {
            place: crd.place.clone(),
            group,
            kind: crd.kind.clone(),
            list_kind: crd.list_kind.clone(),
            singular: crd.singular.clone(),
            short_names: crd.short_names.clone(),
            categories: crd.categories.clone(),
            storage: crd.storage.clone(),
            versions,
            value: crd.manifest.clone(),
        });
    }
}

/// Group and kind, or group and plural, each with the CRD that has them.
type Known<'a> = BTreeMap<(&'a str, bool, &'a str), &'a Crd>;

/// Whether a CRD is the first of its group and kind, and of its group and plural. The same twice is worth a warning.
fn is_new<'a>(crd: &'a Crd, known: &mut Known<'a>, report: &mut Report) -> bool {
    let keys =
        [(crd.group.as_str(), true, crd.kind.as_str()), (crd.group.as_str(), false, crd.plural.as_str())];
    let Some(other) = keys.iter().find_map(|key| known.get(key).copied()) else {
        known.extend(keys.map(|key| (key, crd)));
        return true;
    };
    let name = format!("{}.{}", crd.plural, crd.group);
    let help = "leave one of the two out";
    if other.kind != crd.kind {
        let what = format!("`{name}` is of the kind `{}` in {}", other.kind, other.place);
        report.error(Code::DuplicateKind, &crd.place, what, help);
    } else if other.plural == crd.plural && other.manifest["spec"] == crd.manifest["spec"] {
        report.warn(Code::DuplicateKind, &crd.place, format!("`{name}` stands in {} too", other.place), help);
    } else {
        let what =
            format!("the kind `{}` of `{}` is defined otherwise in {}", crd.kind, crd.group, other.place);
        report.error(Code::DuplicateKind, &crd.place, what, help);
    }
    false
}

/// The way of one version of one CRD into the IR.
struct Lowering<'a> {
    crd: &'a Crd,
    module: Module,
    words: &'a Words,
    api: &'a mut Api,
    report: &'a mut Report,
}

impl Lowering<'_> {
    fn version(&mut self, version: &CrdVersion) -> Option<ManifestVersion> {
        let crd = self.crd;
        let kind = id::kind(&crd.group, &version.name, &crd.kind);
        if let Some(known) = self.api.types.get(&kind) {
            let what = format!("the kind `{kind}` is defined in {} too", known.place);
            self.report.error(Code::DuplicateKind, &crd.place, what, "leave one of them out");
            return None;
        }
        let mut fields = vec![self.metadata(version)];
        for (json, property) in &version.schema.properties {
            if !["apiVersion", "kind", "metadata"].contains(&json.as_str()) {
                fields.push(self.member(&version.schema, &kind, &crd.kind, json, property));
            }
        }
        let mut object = self.object(&version.schema, &crd.kind, fields);
        if object.description.is_empty() {
            object.description = format!("{} of {}/{}.", crd.kind, crd.group, version.name);
        }
        self.add(
            kind.clone(),
            Type {
                gvk: Some(GroupVersionKind {
                    group: crd.group.clone(),
                    version: version.name.clone(),
                    kind: crd.kind.clone(),
                }),
                notes: notes::of_kind(crd, version),
                ..object
            },
        );
        let list = Type {
            place: version.schema.place.clone(),
            module: self.module.clone(),
            name: crd.list_kind.clone(),
            description: format!("{} is a list of {}.", crd.list_kind, crd.kind),
            shape: Shape::List(kind.clone()),
            ..Type::default()
        };
        self.add(id::kind(&crd.group, &version.name, &crd.list_kind), list);
        let resource = self.resource(version, kind.clone());
        let source = crd.place.source.clone();
        let entry = self.api.versions.entry(self.module.clone()).or_insert_with(|| Version {
            group: crd.group.clone(),
            version: version.name.clone(),
            source,
            gated: true,
            ..Version::default()
        });
        entry.resources.push(resource);
        Some(ManifestVersion { ty: kind, columns: version.columns.clone() })
    }

    /// The metadata, which a CRD can restrict and not shape.
    fn metadata(&self, version: &CrdVersion) -> Field {
        let own = version.schema.properties.iter().find(|(json, _)| json == "metadata");
        Field {
            place: version.schema.place.clone(),
            json: "metadata".to_owned(),
            description: "Standard object's metadata.".to_owned(),
            ty: Ty::Named(OBJECT_META.to_owned()),
            required: true,
            notes: own.map(|(_, schema)| notes::of_metadata(schema)).unwrap_or_default(),
            ..Field::default()
        }
    }

    fn object(&self, schema: &Schema, name: &str, fields: Vec<Field>) -> Type {
        Type {
            place: schema.place.clone(),
            module: self.module.clone(),
            name: name.to_owned(),
            description: schema.description.clone(),
            shape: Shape::Object(fields),
            preserves: schema.preserve_unknown || schema.additional.is_some(),
            ..Type::default()
        }
    }

    fn add(&mut self, id: String, ty: Type) {
        self.api.types.insert(id, ty);
    }

    fn resource(&self, version: &CrdVersion, kind: String) -> Resource {
        use Verb::{Create, Delete, DeleteCollection, Get, List, Patch, Update, Watch};
        let mut subresources = BTreeMap::new();
        let mut subresource = |name: &str, ty: &str| {
            let verbs = [Get, Update, Patch].into_iter().map(|verb| (verb, Some(ty.to_owned()))).collect();
            subresources.insert(name.to_owned(), Subresource { verbs, connection: None });
        };
        if version.status {
            subresource("status", &kind);
        }
        if version.scale {
            subresource("scale", SCALE);
        }
        Resource {
            place: self.crd.place.clone(),
            plural: self.crd.plural.clone(),
            kind,
            namespaced: self.crd.namespaced,
            verbs: [Get, List, Watch, Create, Update, Patch, Delete, DeleteCollection].into(),
            all_verbs: if self.crd.namespaced { [List, Watch].into() } else { Default::default() },
            subresources,
            client: String::new(),
            accessor: String::new(),
        }
    }
}
