//! Gives each set of known strings or integers a type of its own: an open enum. Its name is the property's where that
//! says enough in the group-version, else struct and property; names.toml pins it, and may pin several properties (of
//! one value set) to one type. What the values of documents are called is in `variants`.

use std::collections::{BTreeMap, BTreeSet};

use super::Tables;
use super::names::{Pins, RESERVED};
use super::variants::{prose, variants};
use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Module, Shape, Ty, Type, id};
use crate::names;

/// A property with known values.
struct Site {
    /// `schema#property`.
    id: String,
    place: Place,
    module: Module,
    owner: String,
    base: String,
    description: String,
    /// Integers are decimal text.
    values: Vec<String>,
    are_integers: bool,
}

pub(super) fn run(api: &mut Api, tables: &Tables<'_>, pins: &mut Pins, report: &mut Report) {
    let sites = sites(api, tables);
    let mut taken: BTreeMap<&Module, BTreeSet<&str>> = BTreeMap::new();
    for ty in api.types.values().filter(|ty| !ty.external) {
        taken.entry(&ty.module).or_default().insert(&ty.name);
    }
    let mut value_sets: BTreeMap<(&Module, &str), BTreeSet<&[String]>> = BTreeMap::new();
    for site in &sites {
        value_sets.entry((&site.module, &site.base)).or_default().insert(&site.values);
    }
    let mut enums: BTreeMap<String, (Type, BTreeSet<String>)> = BTreeMap::new();
    let mut paths: BTreeMap<&str, String> = BTreeMap::new();
    for site in sites.iter().filter(|site| id::is_custom(&site.id)) {
        // Named by the pass `nested_names`.
        let ty = Type {
            place: site.place.clone(),
            module: site.module.clone(),
            name: site.base.clone(),
            description: described(site),
            shape: shape(site, report),
            ..Type::default()
        };
        enums.insert(site.id.clone(), (ty, BTreeSet::new()));
        paths.insert(&site.id, site.id.clone());
    }
    for site in sites.iter().filter(|site| !id::is_custom(&site.id)) {
        let path = match tables.names.enums.get(&site.id) {
            Some(path) => path.clone(),
            None => {
                let is_clear = value_sets[&(&site.module, site.base.as_str())].len() == 1
                    && !RESERVED.contains(&site.base.as_str())
                    && !taken.get(&site.module).is_some_and(|taken| taken.contains(site.base.as_str()));
                let name = if is_clear { site.base.clone() } else { format!("{}{}", site.owner, site.base) };
                format!("{}::{name}", site.module)
            }
        };
        // What people pinned has to be right as it is; CRDs bring what they bring.
        let is_pinned = tables.names.enums.contains_key(&site.id);
        let path = if is_pinned && !id::is_custom(&site.id) { path } else { free(path, &enums, site) };
        let Some((module, name)) =
            path.rsplit_once("::").and_then(|(module, name)| Some((Module::parse(module)?, name)))
        else {
            report.error(
                Code::BadTable,
                &Place::new(tables.names_name, site.id.clone()),
                format!("`{path}` is no Rust path"),
                "",
            );
            continue;
        };
        match enums.get(&path) {
            None => {
                let ty = Type {
                    place: site.place.clone(),
                    module,
                    name: name.to_owned(),
                    description: described(site),
                    shape: shape(site, report),
                    ..Type::default()
                };
                enums.insert(path.clone(), (ty, known(site)));
            }
            Some((ty, values)) if *values != known(site) => {
                let what = format!("`{path}` has other values here than in {}", ty.place);
                report.error(
                    Code::NameTaken,
                    &site.place,
                    what,
                    "pin the two to different names in [enums] of names.toml",
                );
            }
            Some(_) => {}
        }
        pins.enums.insert(site.id.clone(), path.clone());
        paths.insert(&site.id, path);
    }
    for (owner, ty) in &mut api.types {
        if let Shape::Object(fields) = &mut ty.shape {
            for field in fields.iter_mut().filter(|field| is_one_of(field.ty.leaf())) {
                if let Some(path) = paths.get(id::member(owner, &field.json).as_str()) {
                    *field.ty.leaf_mut() = Ty::Named(path.clone());
                    field.description = prose(&field.description).to_owned();
                    continue;
                }
                let leaf = field.ty.leaf_mut();
                *leaf = if matches!(leaf, Ty::OneOfInt(_)) { Ty::I64 } else { Ty::String };
            }
        }
    }
    for (path, (ty, _)) in enums {
        api.types.insert(path, ty);
    }
}

fn shape(site: &Site, report: &mut Report) -> Shape {
    let variants = variants(&site.place, &site.description, &site.values, report);
    if site.are_integers { Shape::IntEnum(variants) } else { Shape::Enum(variants) }
}

fn is_one_of(ty: &Ty) -> bool {
    matches!(ty, Ty::OneOf(_) | Ty::OneOfInt(_))
}

/// The path, or with a number behind it where an enum with other values has it.
fn free(path: String, enums: &BTreeMap<String, (Type, BTreeSet<String>)>, site: &Site) -> String {
    let values = known(site);
    let mut candidate = path.clone();
    let mut count = 1;
    while enums.get(&candidate).is_some_and(|(_, known)| *known != values) {
        count += 1;
        candidate = format!("{path}{count}");
    }
    candidate
}

/// The values that become variants; those of integers are none of strings.
fn known(site: &Site) -> BTreeSet<String> {
    let sign = if site.are_integers { "#" } else { "" };
    site.values.iter().filter(|value| !value.is_empty()).map(|value| format!("{sign}{value}")).collect()
}

/// What the type's documentation says: the property's description, or whose values they are.
fn described(site: &Site) -> String {
    let description = prose(&site.description);
    let mut text = match id::describe(&site.id) {
        Some(known) if description.is_empty() => format!("The values of {known}"),
        _ => description.to_owned(),
    };
    if site.values.iter().any(String::is_empty) && id::is_custom(&site.id) {
        text.push_str("\n\nIt may be empty too: `Other` with an empty string.");
    }
    text
}

fn sites(api: &Api, tables: &Tables<'_>) -> Vec<Site> {
    let mut sites = Vec::new();
    for (owner, ty) in &api.types {
        let Shape::Object(fields) = &ty.shape else { continue };
        for field in fields {
            let (values, are_integers) = match field.ty.leaf() {
                Ty::OneOf(values) => (values.clone(), false),
                Ty::OneOfInt(values) => (values.iter().map(i64::to_string).collect(), true),
                _ => continue,
            };
            let is_plural = matches!(field.ty, Ty::List(_) | Ty::Map(_));
            let word = if is_plural { names::singular(&field.json) } else { field.json.clone() };
            sites.push(Site {
                id: id::member(owner, &field.json),
                place: field.place.clone(),
                module: ty.module.clone(),
                owner: ty.name.clone(),
                base: names::type_word(&word, &tables.names.words),
                description: field.description.clone(),
                values,
                are_integers,
            });
        }
    }
    sites
}
