//! CRDs to the same IR: nested objects become types of their own, named by the way to them. A structural schema
//! says everything in its properties, so its unions (which only restrict) are passed over.

use std::collections::BTreeMap;

use super::types::{OBJECT_META, field, module_of, scalar};
use crate::diag::Report;
use crate::ir::{Api, Field, Manifest, Module, Resource, Shape, Subresource, Ty, Type, Verb, Version};
use crate::names;
use crate::spec::crd::{Crd, CrdVersion};
use crate::spec::schema::{Additional, GroupVersionKind, Schema};
use crate::spec::tables::{Config, Words};

const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

/// Lowers the CRDs into `api`.
pub(crate) fn lower(crds: &[Crd], words: &Words, config: &Config, api: &mut Api, report: &mut Report) {
    for crd in crds {
        let (mut group, mut types) = (String::new(), Vec::new());
        for version in &crd.versions {
            let module = module_of(&crd.group, &version.name, config);
            if let Some(known) = api.versions.get(&module)
                && known.group != crd.group
            {
                report.add(
                    &crd.place,
                    format!(
                        "the groups `{}` and `{}` both want the module `{module}`",
                        known.group, crd.group
                    ),
                    format!("name another module: `\"{}\" = \"…\"` in [groups] of clientset.toml", crd.group),
                );
                continue;
            }
            let mut lowering = Lowering { crd, module, words, api, report };
            types.extend(lowering.version(version));
            group = lowering.module.group;
        }
        api.crds.push(Manifest {
            place: crd.place.clone(),
            group,
            kind: crd.kind.clone(),
            types,
            value: crd.manifest.clone(),
        });
    }
}

struct Lowering<'a> {
    crd: &'a Crd,
    module: Module,
    words: &'a Words,
    api: &'a mut Api,
    report: &'a mut Report,
}

impl Lowering<'_> {
    fn version(&mut self, version: &CrdVersion) -> Option<String> {
        let crd = self.crd;
        let kind = format!("{}/{}/{}", crd.group, version.name, crd.kind);
        if let Some(known) = self.api.types.get(&kind) {
            let what = format!("the kind `{kind}` is defined in {} too", known.place);
            self.report.add(&crd.place, what, "leave one of them out");
            return None;
        }
        let mut fields = Vec::new();
        for (json, property) in &version.schema.properties {
            if ["apiVersion", "kind", "metadata"].contains(&json.as_str()) {
                continue;
            }
            let required = version.schema.required.contains(json);
            let ty = self.ty(property, &kind, &crd.kind, json);
            fields.push(Field { required, ..field(json, property, ty) });
        }
        fields.insert(0, self.metadata(version));
        self.add(
            kind.clone(),
            Type {
                gvk: Some(GroupVersionKind {
                    group: crd.group.clone(),
                    version: version.name.clone(),
                    kind: crd.kind.clone(),
                }),
                ..self.object(&version.schema, &crd.kind, fields)
            },
        );
        let list = Type {
            shape: Shape::List(kind.clone()),
            description: format!("{} is a list of {}.", crd.list_kind, crd.kind),
            ..self.object(&version.schema, &crd.list_kind, Vec::new())
        };
        self.add(format!("{}/{}/{}", crd.group, version.name, crd.list_kind), list);
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
        Some(kind)
    }

    fn metadata(&self, version: &CrdVersion) -> Field {
        Field {
            place: version.schema.place.clone(),
            json: "metadata".to_owned(),
            description: "Standard object's metadata.".to_owned(),
            ty: Ty::Named(OBJECT_META.to_owned()),
            required: true,
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
            ..Type::default()
        }
    }

    fn add(&mut self, id: String, ty: Type) {
        self.api.types.insert(id, ty);
    }

    /// The type of a property; objects inside become types named `parent` + `json`.
    fn ty(&mut self, schema: &Schema, id: &str, parent: &str, json: &str) -> Ty {
        let opaque = schema.embedded_resource || (schema.preserve_unknown && schema.properties.is_empty());
        if let Some(scalar) = scalar(schema, self.report) {
            return scalar;
        }
        match (schema.kind.as_deref(), &schema.items, &schema.additional) {
            _ if opaque => Ty::runtime("RawJson"),
            (Some("array"), Some(items), _) => {
                let item = self.ty(items, id, parent, json);
                Ty::List(Box::new(nullable(items, item)))
            }
            (Some("object"), _, _) if !schema.properties.is_empty() => self.nested(schema, id, parent, json),
            (Some("object"), _, Some(Additional::Of(values))) => {
                let value = self.ty(values, id, parent, json);
                Ty::Map(Box::new(nullable(values, value)))
            }
            _ => Ty::runtime("RawJson"),
        }
    }

    fn nested(&mut self, schema: &Schema, id: &str, parent: &str, json: &str) -> Ty {
        let id = format!("{id}.{json}");
        let name = format!("{parent}{}", names::pascal(json, self.words));
        let mut fields = Vec::new();
        for (json, property) in &schema.properties {
            let ty = self.ty(property, &id, &name, json);
            fields.push(Field { required: schema.required.contains(json), ..field(json, property, ty) });
        }
        let object = self.object(schema, &name, fields);
        self.add(id.clone(), object);
        Ty::Named(id)
    }

    fn resource(&self, version: &CrdVersion, kind: String) -> Resource {
        use Verb::{Create, Delete, DeleteCollection, Get, List, Patch, Update, Watch};
        let mut subresources = BTreeMap::new();
        let mut subresource = |name: &str, ty: &str| {
            let verbs = [Get, Update, Patch].into_iter().map(|verb| (verb, Some(ty.to_owned()))).collect();
            subresources.insert(name.to_owned(), Subresource { verbs });
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

fn nullable(schema: &Schema, ty: Ty) -> Ty {
    if schema.nullable { Ty::Nullable(Box::new(ty)) } else { ty }
}
