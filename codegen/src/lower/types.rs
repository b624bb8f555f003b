//! Schemas of OpenAPI documents to types. One schema is one type; its Rust name is the last label of its name, its
//! module follows from the group-version of the kinds in its package.

use std::collections::BTreeMap;

use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Field, Module, Shape, Ty, Type, Version};
use crate::names;
use crate::spec::schema::{Additional, GroupVersionKind, Schema};
use crate::spec::tables::{Config, Names};

pub(crate) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// Lowers all schemas into `api`.
pub(crate) fn lower(
    schemas: &BTreeMap<String, Schema>,
    names: &Names,
    config: &Config,
    api: &mut Api,
    report: &mut Report,
) {
    let packages = packages(schemas, names, config, api, report);
    for (id, schema) in schemas {
        if names.externs.contains_key(id) {
            continue;
        }
        let (package, name) = id.rsplit_once('.').unwrap_or(("", id));
        let Some(module) = packages.get(package) else {
            report.error(
                Code::BadModule,
                &schema.place,
                format!("no kind tells the group-version of `{package}`"),
                format!("add `\"{package}\" = \"group::version\"` to [packages] of names.toml"),
            );
            continue;
        };
        let kind = top_level_kind(schema);
        let list_item = list_item(schema);
        let shape = match list_item {
            Some(item) => Shape::List(item),
            None => shape(schema, kind.is_some(), report),
        };
        api.types.insert(
            id.clone(),
            Type {
                place: schema.place.clone(),
                module: module.clone(),
                name: name.to_owned(),
                description: schema.description.clone(),
                gvk: kind,
                shape,
                ..Type::default()
            },
        );
    }
}

/// Reports the externs that no document has: a stale row would hide that a schema was renamed.
pub(crate) fn check_externs(
    schemas: &BTreeMap<String, Schema>,
    names: &Names,
    table: &str,
    report: &mut Report,
) {
    for id in names.externs.keys().filter(|id| !schemas.contains_key(*id)) {
        report.error(
            Code::StaleRow,
            &Place::new(table, id.clone()),
            "no document has this schema",
            "remove the row of [externs]",
        );
    }
}

/// The module of each package: the kinds in it tell the group and version, or names.toml does.
fn packages<'a>(
    schemas: &'a BTreeMap<String, Schema>,
    names: &Names,
    config: &Config,
    api: &mut Api,
    report: &mut Report,
) -> BTreeMap<&'a str, Module> {
    let mut packages: BTreeMap<&str, Module> = BTreeMap::new();
    for (id, schema) in schemas {
        let Some((package, _)) = id.rsplit_once('.') else { continue };
        if let Some(path) = names.packages.get(package) {
            if let Some(module) = Module::parse(path) {
                api.versions.entry(module.clone()).or_insert_with(|| Version {
                    version: module.version.clone(),
                    source: schema.place.source.clone(),
                    ..Version::default()
                });
                packages.insert(package, module);
            }
            continue;
        }
        let [kind] = schema.group_version_kinds.as_slice() else { continue };
        let module = module_of(&kind.group, &kind.version, config);
        if let Some(other) = packages.get(package)
            && *other != module
        {
            report.error(
                Code::Contradiction,
                &schema.place,
                format!("`{package}` holds kinds of `{other}` and of `{module}`"),
                "",
            );
        }
        packages.insert(package, module.clone());
        let version = api.versions.entry(module.clone()).or_insert_with(|| Version {
            group: kind.group.clone(),
            version: kind.version.clone(),
            source: schema.place.source.clone(),
            gated: true,
            ..Version::default()
        });
        if version.group != kind.group {
            report.error(
                Code::NameTaken,
                &schema.place,
                format!(
                    "the groups `{}` and `{}` both want the module `{module}`",
                    version.group, kind.group
                ),
                "name another module for one of them in [groups] of clientset.toml",
            );
        }
    }
    packages
}

/// The module of a group-version: the first label of the group, unless clientset.toml says otherwise. What servers allow
/// and Rust does not is mapped: `3scale.net` is `group3scale`, `type.example.com` is `type_`, `v1-beta` is `v1_beta`. A first
/// label that is a group of `clientset` itself brings the second along: `core.strimzi.io` is `core_strimzi`, as
/// `client.core_v1()` is there already.
pub(crate) fn module_of(group: &str, version: &str, config: &Config) -> Module {
    let mut labels = group.split('.');
    let label = match (config.groups.get(group), labels.next(), labels.next()) {
        (Some(module), ..) => module.clone(),
        (None, Some(first), Some(second)) if config.core.contains(first) => format!("{first}_{second}"),
        (None, Some(first), _) if !first.is_empty() => first.to_owned(),
        (None, ..) => "core".to_owned(),
    };
    let module = |label: &str, first: &str| {
        let label = label.replace('-', "_");
        let digit = label.starts_with(|letter: char| letter.is_ascii_digit());
        names::file_safe(if digit { format!("{first}{label}") } else { label })
    };
    let version = module(version, "v");
    // The manifests of a group stand beside its versions.
    let version = if version == "crds" { "crds_".to_owned() } else { version };
    Module { group: module(&label, "group"), version }
}

fn property<'a>(schema: &'a Schema, name: &str) -> Option<&'a Schema> {
    schema.properties.iter().find(|(property, _)| property == name).map(|(_, schema)| schema)
}

/// The kind of a schema that is one top-level object.
fn top_level_kind(schema: &Schema) -> Option<GroupVersionKind> {
    let [kind] = schema.group_version_kinds.as_slice() else { return None };
    let metadata = property(schema, "metadata")?;
    (metadata.reference.as_deref() == Some(OBJECT_META)).then(|| kind.clone())
}

/// What a list schema lists.
fn list_item(schema: &Schema) -> Option<String> {
    let metadata = property(schema, "metadata")?;
    let items = property(schema, "items")?;
    let is_list = metadata.reference.as_deref() == Some(LIST_META) && schema.group_version_kinds.len() == 1;
    if is_list { items.items.as_ref()?.reference.clone() } else { None }
}

fn shape(schema: &Schema, is_kind: bool, report: &mut Report) -> Shape {
    if schema.union {
        report.error(
            Code::NotStructural,
            &schema.place,
            "a union has no generated type",
            "map the schema to a type of the runtime in [externs] of names.toml",
        );
    }
    let is_object = schema.kind.as_deref() == Some("object") && schema.additional.is_none();
    if !is_object {
        return Shape::Alias(ty(schema, report));
    }
    let mut fields = Vec::new();
    for (json, property) in &schema.properties {
        if is_kind && (json == "apiVersion" || json == "kind") {
            continue;
        }
        let is_metadata = is_kind && json == "metadata";
        fields.push(Field {
            required: is_metadata || schema.required.contains(json),
            ..field(json, property, ty(property, report))
        });
    }
    for name in &schema.required {
        if property(schema, name).is_none() {
            report.error(
                Code::BadRequired,
                &schema.place,
                format!("`{name}` is required, but no property"),
                "",
            );
        }
    }
    Shape::Object(fields)
}

/// The facts about a property that do not depend on what stands around it.
pub(crate) fn field(json: &str, schema: &Schema, ty: Ty) -> Field {
    Field {
        place: schema.place.clone(),
        json: json.to_owned(),
        description: schema.description.clone(),
        ty,
        nullable: schema.nullable,
        list_type: schema.list_type.clone(),
        list_map_keys: schema.list_map_keys.clone(),
        default: schema.default.as_ref().map(ToString::to_string),
        pruned: schema.kind.as_deref() == Some("object")
            && schema.properties.is_empty()
            && schema.additional.is_none()
            && !schema.preserve_unknown
            && !schema.embedded_resource,
        ..Field::default()
    }
}

/// The type of a property of an OpenAPI document.
fn ty(schema: &Schema, report: &mut Report) -> Ty {
    if let Some(reference) = &schema.reference {
        return Ty::Named(reference.clone());
    }
    if let Some(scalar) = scalar(schema, report) {
        return scalar;
    }
    match (schema.kind.as_deref(), &schema.items, &schema.additional) {
        (Some("array"), Some(items), _) => Ty::List(Box::new(ty(items, report))),
        (Some("object"), _, Some(Additional::Of(values))) => Ty::Map(Box::new(ty(values, report))),
        (Some("object"), _, Some(Additional::Anything)) => Ty::runtime("RawJson"),
        (Some("object"), _, None) if schema.properties.is_empty() => Ty::runtime("RawJson"),
        (None, _, _) => Ty::runtime("RawJson"),
        (Some(kind), _, _) => {
            report.error(
                Code::NotStructural,
                &schema.place,
                format!("an inline `{kind}` of this form has no type"),
                "documents of kube-apiserver name each object; CRDs go into specs/crds",
            );
            Ty::runtime("RawJson")
        }
    }
}

/// The type of a schema that is one value.
pub(crate) fn scalar(schema: &Schema, report: &mut Report) -> Option<Ty> {
    let format = schema.format.as_deref();
    if schema.int_or_string || format == Some("int-or-string") {
        return Some(Ty::runtime("IntOrString"));
    }
    Some(match (schema.kind.as_deref()?, format) {
        ("string", Some("date-time")) => Ty::runtime("Time"),
        ("string", Some("byte")) => Ty::runtime("Bytes"),
        ("string", _) => match &schema.values {
            Some(values) => one_of(schema, values, report),
            None => Ty::String,
        },
        ("integer", Some("int32" | "int16" | "int8" | "uint16" | "uint8")) => Ty::I32,
        ("integer", _) => Ty::I64,
        ("number", _) => Ty::F64,
        ("boolean", _) => Ty::Bool,
        ("array" | "object", _) => return None,
        (kind, _) => {
            report.error(Code::UnknownType, &schema.place, format!("the type `{kind}` is not known"), "");
            Ty::runtime("RawJson")
        }
    })
}

fn one_of(schema: &Schema, values: &[serde_json::Value], report: &mut Report) -> Ty {
    let mut strings = Vec::new();
    for value in values {
        match value.as_str() {
            Some(string) => strings.push(string.to_owned()),
            // `null` in a nullable enum says nothing that `nullable` does not.
            None if value.is_null() && schema.nullable => {}
            None => report.error(
                Code::BadValue,
                &schema.place,
                format!("`{value}` is a value of a string, but no string"),
                "",
            ),
        }
    }
    Ty::OneOf(strings)
}
