//! Gives types, fields and clients their Rust names. What names.toml pins is taken; what it does not pin is
//! computed and handed back, so that the caller can say that the table is out of date.

use std::collections::{BTreeMap, BTreeSet};

use super::Tables;
use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Field, Module, Shape, id};
use crate::names;

/// The names as they are: what names.toml has to pin.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pins {
    pub(crate) types: BTreeMap<String, String>,
    /// The types of CRDs, enums among them: their module and name by id.
    pub(crate) nested: BTreeMap<String, (Module, String)>,
    pub(crate) enums: BTreeMap<String, String>,
    pub(crate) clients: BTreeMap<String, String>,
}

/// Names that generated code writes without a path; a type of that name would take their place.
pub(super) const RESERVED: &[&str] = &[
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "Err",
    "Hash",
    "Into",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Self",
    "Some",
    "String",
    "Vec",
];

/// Whether a type can be called that: an identifier with a capital first letter, and nothing that generated code
/// writes without a path.
pub(super) fn is_type_name(name: &str) -> bool {
    names::is_identifier(name)
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && !RESERVED.contains(&name)
}

/// What stands at the root of the crate beside the groups.
const RESERVED_MODULES: &[&str] = &["clientset", "ext", "runtime", "std"];

pub(super) fn run(api: &mut Api, tables: &Tables<'_>, pins: &mut Pins, report: &mut Report) {
    check_pins(tables, report);
    types(api, tables, pins, report);
    for (id, ty) in api.types.iter_mut().filter(|(_, ty)| !ty.external) {
        // The members that hold what the schema does not name.
        let own = [(ty.gvk.is_some(), "unknown"), (ty.preserves, "preserved")];
        let own = own.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name.to_owned());
        if let Shape::Object(object) = &mut ty.shape {
            fields(object, own.collect(), is_upstream(id), tables, report);
        }
    }
    clients(api, tables, pins, report);
    for module in api.versions.keys() {
        let is_plain = names::is_identifier(&module.group) && names::is_identifier(&module.version);
        if !is_plain {
            no_module(api, module, report);
        }
    }
}

/// Reports the groups whose modules would take the place of what stands at the root of the crate `clientset`.
pub(crate) fn check_modules(api: &Api, report: &mut Report) {
    for module in api.versions.keys().filter(|module| RESERVED_MODULES.contains(&module.group.as_str())) {
        no_module(api, module, report);
    }
}

fn no_module(api: &Api, module: &Module, report: &mut Report) {
    let source = api.versions.get(module).map(|version| version.source.clone()).unwrap_or_default();
    report.error(
        Code::BadModule,
        &Place::new(&source, ""),
        format!("`{module}` cannot be the path of a module"),
        "name a module for the group in [groups] of clientset.toml",
    );
}

/// What a person wrote into names.toml has to be usable as it is.
fn check_pins(tables: &Tables<'_>, report: &mut Report) {
    let names = tables.names;
    let pinned = [&names.types, &names.enums, &names.packages];
    for (id, path) in pinned.into_iter().flatten() {
        if !path.split("::").all(names::is_identifier) {
            report.error(
                Code::BadTable,
                &Place::new(tables.names_name, id.clone()),
                format!("`{path}` is no Rust path"),
                "",
            );
        }
    }
    let pinned = [&names.clients, &names.fields, &names.subresources, &names.methods, &names.externs];
    for (id, name) in pinned.into_iter().flatten() {
        if !names::is_identifier(name) {
            report.error(
                Code::BadTable,
                &Place::new(tables.names_name, id.clone()),
                format!("`{name}` is no Rust name"),
                "",
            );
        }
    }
}

fn types(api: &mut Api, tables: &Tables<'_>, pins: &mut Pins, report: &mut Report) {
    let mut taken: BTreeSet<(Module, String)> = BTreeSet::new();
    // Those of CRDs have been named by the pass `nested_names`.
    for (id, ty) in api.types.iter_mut().filter(|(id, ty)| !ty.external && !id::is_custom(id)) {
        let is_enum = matches!(ty.shape, Shape::Enum(_) | Shape::IntEnum(_));
        if let Some(path) = tables.names.types.get(id) {
            match path.rsplit_once("::").and_then(|(module, name)| Some((Module::parse(module)?, name))) {
                Some((module, name)) if module == ty.module => ty.name = name.to_owned(),
                _ => {
                    let what = format!("`{path}` is not in the module `{}`", ty.module);
                    report.error(Code::BadTable, &Place::new(tables.names_name, id.clone()), what, "");
                }
            }
        }
        if !api.versions.contains_key(&ty.module) {
            let what = format!("there is no module `{}` for `{}`", ty.module, ty.name);
            report.error(
                Code::BadModule,
                &ty.place,
                what,
                format!("pin `{id}` to a module that there is, in names.toml"),
            );
        }
        if !names::is_identifier(&ty.name) || RESERVED.contains(&ty.name.as_str()) {
            let what = format!("`{}` cannot be the name of a type", ty.name.escape_default());
            report.error(
                Code::BadName,
                &ty.place,
                what,
                format!("pin another for `{id}` in [types] of names.toml"),
            );
            continue;
        }
        if !taken.insert((ty.module.clone(), ty.name.clone())) {
            let what = format!("a second type wants the name `{}::{}`", ty.module, ty.name);
            report.error(Code::NameTaken, &ty.place, what, format!("pin another for `{id}` in names.toml"));
        }
        if !is_enum {
            pins.types.insert(id.clone(), format!("{}::{}", ty.module, ty.name));
        }
    }
}

/// Whether a schema is one of Kubernetes' own, whose names are looked over by people.
fn is_upstream(id: &str) -> bool {
    id.starts_with("io.k8s.")
}

fn fields(
    fields: &mut [Field],
    mut taken: BTreeSet<String>,
    strict: bool,
    tables: &Tables<'_>,
    report: &mut Report,
) {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    // What clientset.toml names is called so.
    let mut given = BTreeSet::new();
    for field in fields.iter().filter(|field| !field.name.is_empty()) {
        given.insert(field.name.clone());
        if !taken.insert(field.name.clone()) {
            let what = format!("a second member would be called `{}`", field.name);
            report.error(
                Code::NameTaken,
                &field.place,
                what,
                "choose another name in [fields] of clientset.toml",
            );
        }
    }
    for field in fields.iter_mut().filter(|field| field.name.is_empty()) {
        let mut name = match tables.names.fields.get(&field.json) {
            Some(name) => name.clone(),
            None => field_name(field, strict, tables, report),
        };
        // Code that means this member would go on compiling, and mean the other.
        if given.contains(&name) {
            let what = format!(
                "`{name}` is the name of `{}`, and clientset.toml gives it to another member",
                field.json
            );
            report.error(
                Code::NameTaken,
                &field.place,
                what,
                "choose another name in [fields], or name both there",
            );
        }
        let first = name.clone();
        // Counted on from where it was, so that a thousand equal names cost no million questions.
        let count = counts.entry(first.clone()).or_insert(1);
        while !taken.insert(name.clone()) {
            *count += 1;
            name = format!("{first}_{count}");
        }
        field.name = name;
    }
}

fn field_name(field: &Field, strict: bool, tables: &Tables<'_>, report: &mut Report) -> String {
    let mut name = names::snake(&field.json, &tables.names.words);
    if names::looks_torn(&name) && !strict {
        name = names::snake(&field.json, &names::with_plural_acronyms(&field.json, &tables.names.words));
    } else if names::looks_torn(&name) {
        report.error(
            Code::BadName,
            &field.place,
            format!("`{}` would become `{name}`", field.json),
            "add its plural acronym to [words] of names.toml",
        );
    }
    if name.is_empty() {
        name = "field".to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    names::keyword_safe(name)
}

/// Whether a text is a lower-case DNS label: what resources are called, and harmless in any path.
fn is_label(text: &str) -> bool {
    let is_edge =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_edge(text.bytes().next())
        && is_edge(text.bytes().next_back())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The name, or with the first number behind it that nothing has.
fn unused(name: &str, is_used: impl Fn(&str) -> bool) -> String {
    let numbered = (2_u32..).map(|count| format!("{name}{count}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_used(name)).unwrap_or_default()
}

fn clients(api: &mut Api, tables: &Tables<'_>, pins: &mut Pins, report: &mut Report) {
    for (module, version) in &mut api.versions {
        let mut taken: BTreeSet<String> = api
            .types
            .values()
            .filter(|ty| ty.module == *module && !ty.external)
            .map(|ty| ty.name.clone())
            .chain(version.reexports.iter().map(|reexport| reexport.name.clone()))
            .collect();
        // The methods that the client of each group-version has.
        let mut methods: BTreeSet<String> = ["new", "client"].map(str::to_owned).into();
        if !version.group.split('.').all(is_label) && !version.group.is_empty() {
            let what = format!("`{}` cannot be an API group", version.group.escape_default());
            report.error(
                Code::BadPath,
                &Place::new(&version.source, ""),
                what,
                "groups are lower-case DNS names",
            );
        }
        for resource in &mut version.resources {
            for name in std::iter::once(&resource.plural).chain(resource.subresources.keys()) {
                if !is_label(name) {
                    let what = format!("`{}` cannot be a part of a path", name.escape_default());
                    report.error(
                        Code::BadPath,
                        &resource.place,
                        what,
                        "resources and subresources are lower-case DNS labels",
                    );
                }
            }
            let id = format!("{module}/{}", resource.plural);
            let kind = api.types.get(&resource.kind).map_or("", |ty| ty.name.as_str());
            let spelled = names::plural(kind, &resource.plural);
            let accessor = names::keyword_safe(names::snake(&spelled, &tables.names.words));
            let all = |name: &str| format!("all_{}", name.trim_end_matches('_'));
            resource.accessor =
                unused(&accessor, |name| methods.contains(name) || methods.contains(&all(name)));
            methods.extend([all(&resource.accessor), resource.accessor.clone()]);
            let is_taken = |name: &str| taken.contains(name) || taken.contains(&format!("All{name}"));
            resource.client = match tables.names.clients.get(&id) {
                Some(name) => name.clone(),
                None if is_taken(&spelled) => unused(&format!("{spelled}Client"), is_taken),
                None => spelled,
            };
            let usable = names::is_identifier(&resource.client) && names::is_identifier(&resource.accessor);
            let all = format!("All{}", resource.client);
            if !usable || RESERVED.contains(&resource.client.as_str()) {
                let what = format!("`{}` cannot be the name of a client", resource.client.escape_default());
                report.error(
                    Code::BadName,
                    &resource.place,
                    what,
                    format!("pin another for `{id}` in [clients] of names.toml"),
                );
            } else if !taken.insert(resource.client.clone()) || !taken.insert(all) {
                let what = format!("another type has the name of the client `{}`", resource.client);
                report.error(
                    Code::NameTaken,
                    &resource.place,
                    what,
                    format!("pin another for `{id}` in [clients] of names.toml"),
                );
            }
            pins.clients.insert(id, resource.client.clone());
        }
    }
}
