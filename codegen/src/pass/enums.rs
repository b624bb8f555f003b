//! Gives each set of known strings a type of its own: an open enum. Its name is the property's where that says
//! enough in the group-version, else struct and property; names.toml pins it, and may pin several properties (of one
//! value set) to one type.

use std::collections::{BTreeMap, BTreeSet};

use super::Tables;
use super::names::{Pins, RESERVED};
use crate::diag::{Place, Report};
use crate::ir::{Api, Module, Shape, Ty, Type, Variant};
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
    values: Vec<String>,
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
    for site in &sites {
        let path = match tables.names.enums.get(&site.id) {
            Some(path) => path.clone(),
            None => {
                let is_clear = value_sets[&(&site.module, site.base.as_str())].len() == 1
                    && !RESERVED.contains(&site.base.as_str())
                    && !taken.get(&site.module).is_some_and(|taken| taken.contains(site.base.as_str()));
                let name = if is_clear { site.base.clone() } else { format!("{}{}", site.owner, site.base) };
                free(format!("{}::{name}", site.module), &enums, site)
            }
        };
        let Some((module, name)) =
            path.rsplit_once("::").and_then(|(module, name)| Some((Module::parse(module)?, name)))
        else {
            report.add(
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
                    description: prose(&site.description).to_owned(),
                    shape: Shape::Enum(variants(site, report)),
                    ..Type::default()
                };
                enums.insert(path.clone(), (ty, known(&site.values)));
            }
            Some((ty, values)) if *values != known(&site.values) => {
                let what = format!("`{path}` has other values here than in {}", ty.place);
                report.add(&site.place, what, "pin the two to different names in [enums] of names.toml");
            }
            Some(_) => {}
        }
        pins.enums.insert(site.id.clone(), path.clone());
        paths.insert(&site.id, path);
    }
    for (id, ty) in &mut api.types {
        if let Shape::Object(fields) = &mut ty.shape {
            for field in fields {
                if let Some(path) = paths.get(format!("{id}#{}", field.json).as_str()) {
                    *field.ty.leaf_mut() = Ty::Named(path.clone());
                    field.description = prose(&field.description).to_owned();
                } else if matches!(field.ty.leaf(), Ty::OneOf(_)) {
                    *field.ty.leaf_mut() = Ty::String;
                }
            }
        }
    }
    for (path, (ty, _)) in enums {
        api.types.insert(path, ty);
    }
}

/// The path, or with a number behind it where an enum with other values has it.
fn free(path: String, enums: &BTreeMap<String, (Type, BTreeSet<String>)>, site: &Site) -> String {
    let values = known(&site.values);
    let mut candidate = path.clone();
    let mut count = 1;
    while enums.get(&candidate).is_some_and(|(_, known)| *known != values) {
        count += 1;
        candidate = format!("{path}{count}");
    }
    candidate
}

/// The values that become variants.
fn known(values: &[String]) -> BTreeSet<String> {
    values.iter().filter(|value| !value.is_empty()).cloned().collect()
}

fn sites(api: &Api, tables: &Tables<'_>) -> Vec<Site> {
    let mut sites = Vec::new();
    for (id, ty) in &api.types {
        let Shape::Object(fields) = &ty.shape else { continue };
        for field in fields {
            let Ty::OneOf(values) = field.ty.leaf() else { continue };
            let is_plural = matches!(field.ty, Ty::List(_) | Ty::Map(_));
            let word = if is_plural { names::singular(&field.json) } else { field.json.clone() };
            sites.push(Site {
                id: format!("{id}#{}", field.json),
                place: field.place.clone(),
                module: ty.module.clone(),
                owner: ty.name.clone(),
                base: names::pascal(&word, &tables.names.words),
                description: field.description.clone(),
                values: values.clone(),
            });
        }
    }
    sites
}

/// The known values as variants. `""` is none: an absent string is `Other("")`.
fn variants(site: &Site, report: &mut Report) -> Vec<Variant> {
    let documented = documented_values(&site.description);
    let mut variants: Vec<Variant> = Vec::new();
    for value in &site.values {
        if value.is_empty() || variants.iter().any(|variant| variant.value == *value) {
            continue;
        }
        let mut name = variant_name(value);
        let mut count = 1;
        while name == "Other" || name == "Self" || variants.iter().any(|variant| variant.name == name) {
            count += 1;
            name = format!("{}{count}", variant_name(value));
        }
        if !names::is_identifier(&name) {
            report.add(&site.place, format!("the value `{}` has no Rust name", value.escape_default()), "");
            continue;
        }
        let docs = documented.get(value.as_str()).map(|docs| vec![sentence(value, docs)]).unwrap_or_default();
        variants.push(Variant { name, value: value.clone(), docs });
    }
    variants
}

/// Upstream goes on after the value (`"Always"` means that …) or begins anew.
fn sentence(value: &str, docs: &str) -> String {
    match docs.strip_prefix("- ") {
        Some(docs) => format!("`{value}`: {docs}"),
        None if docs.starts_with(char::is_lowercase) && !value.contains('`') => format!("`{value}` {docs}"),
        None => docs.to_owned(),
    }
}

/// `cert sign` -> `CertSign`, `*` -> `All`, `301` -> `V301`, `!=` -> `NotEquals`.
fn variant_name(value: &str) -> String {
    let mut spelled = String::new();
    for letter in value.chars() {
        let word = match letter {
            _ if letter.is_ascii_alphanumeric() => {
                spelled.push(letter);
                continue;
            }
            '*' => "All",
            '=' => "Equals",
            '!' => "Not",
            '<' => "Less",
            '>' => "Greater",
            '~' => "Tilde",
            '&' => "And",
            '|' => "Or",
            '%' => "Percent",
            _ => "",
        };
        spelled.push(' ');
        spelled.push_str(word);
        spelled.push(' ');
    }
    let mut name = names::pascal(spelled.trim(), &Default::default());
    if name.is_empty() {
        name = "Value".to_owned();
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, 'V');
    }
    name
}

const SECTION: &str = "Possible enum values:";

/// A description without the section about values, which stands at the variants.
fn prose(description: &str) -> &str {
    description.find(SECTION).map_or(description, |at| description[..at].trim_end())
}

/// What the description says about each value: lines of the form `` - `"Always"` means … ``.
fn documented_values(description: &str) -> BTreeMap<&str, &str> {
    let section = description.find(SECTION).map_or("", |at| &description[at + SECTION.len()..]);
    let lines = section.split("\n - `\"").skip(1);
    let values = lines.filter_map(|line| line.split_once("\"`"));
    values.map(|(value, docs)| (value, docs.trim())).filter(|(_, docs)| !docs.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_variants() {
        let cases = [
            ("Recreate", "Recreate"),
            ("cert sign", "CertSign"),
            ("*", "All"),
            ("301", "V301"),
            ("!=", "NotEquals"),
            ("SIGRTMIN+1", "SIGRTMIN1"),
            ("IPv4", "IPv4"),
            ("-", "Value"),
            ("kubernetes.io/tls", "KubernetesIoTls"),
        ];
        for (value, name) in cases {
            assert_eq!(variant_name(value), name, "{value}");
        }
    }

    #[test]
    fn descriptions_tell_about_values() {
        let text =
            "What to do.\n\nPossible enum values:\n - `\"A\"` is first.\n - `\"B\"`\n - `\"C\"` - last";
        assert_eq!(prose(text), "What to do.");
        assert_eq!(documented_values(text), [("A", "is first."), ("C", "- last")].into());
    }
}
