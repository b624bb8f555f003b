//! Completeness, types: each property of the specification is one member of the right type and one row of the right facts.
//!
//! Held against the specification by readers that share nothing with the generator: the source for Rust types, the tables
//! at run time for the facts.

use std::collections::{BTreeMap, BTreeSet};

use clientset::codec::{ListKind, Table, Wire};
use serde_json::Value;

use crate::registry::{KINDS, TYPES};
use crate::source_reader::{Struct, source};
use crate::spec_reader::{Schema, documents, reference, schema, strings, table};

/// Schema -> path of its type below the crate; the public names, which specs/names.toml pins.
pub(crate) fn paths() -> BTreeMap<String, String> {
    let names = table("names.toml");
    let rows = names["externs"].as_table().into_iter().chain(names["types"].as_table()).flatten();
    rows.map(|(schema, path)| (schema.clone(), path.as_str().expect("a path").to_owned())).collect()
}

/// Where a quirk says that a property is required or not, against the specification.
fn quirks() -> BTreeMap<String, bool> {
    let quirks = table("quirks.toml");
    let rows = quirks["quirk"].as_array().expect("rows").iter();
    rows.filter_map(|row| Some((row["target"].as_str()?.to_owned(), row["set"].get("required")?.as_bool()?)))
        .collect()
}

pub(crate) fn tables() -> BTreeMap<&'static str, &'static Table> {
    TYPES.iter().map(|of| (of.path, (of.make)().table())).collect()
}

/// One property, with what the tests know of the type that it belongs to.
struct Property {
    schema: Schema,
    name: &'static str,
    json: &'static Value,
    required: bool,
}

/// Calls back for each property of each schema that has a struct of its own, with the struct's path.
fn for_every_property(mut look: impl FnMut(&str, &Property)) -> usize {
    let (paths, quirks) = (paths(), quirks());
    let mut count = 0;
    for schema in documents().iter().flat_map(|document| document.schemas()) {
        let path =
            paths.get(schema.name).unwrap_or_else(|| panic!("{} has no name in names.toml", schema.name));
        if !source().structs.contains_key(path) {
            continue;
        }
        let required = schema.required();
        for (name, json) in schema.properties() {
            if constant(schema, name) {
                continue;
            }
            let quirk = quirks.get(&format!("{}#{name}", schema.name)).copied();
            let required = quirk.unwrap_or_else(|| required.contains(name));
            let required = required || (name == "metadata" && schema.kind().is_some());
            look(path, &Property { schema, name, json, required });
            count += 1;
        }
    }
    count
}

/// `apiVersion` and `kind` of a top-level kind are constants of its table.
fn constant(schema: Schema, property: &str) -> bool {
    matches!(property, "apiVersion" | "kind") && schema.kind().is_some()
}

#[test]
fn every_schema_has_its_type_and_every_kind_its_constants() {
    let paths = paths();
    let tables = tables();
    let mut kinds: BTreeSet<(String, &str)> = BTreeSet::new();
    for schema in documents().iter().flat_map(|document| document.schemas()) {
        let path = &paths[schema.name];
        let items = schema.properties().any(|(name, _)| name == "items");
        let Some((api_version, kind)) = schema.kind() else { continue };
        if kind.ends_with("List") && items || !path.contains("::") {
            continue;
        }
        let table = tables.get(path.as_str()).unwrap_or_else(|| panic!("{}: no type {path}", schema.name));
        let meta = table.type_meta.unwrap_or_else(|| panic!("{path} has no apiVersion and kind"));
        assert_eq!((meta.api_version, meta.kind), (api_version.as_str(), kind), "{path}");
        kinds.insert((api_version, kind));
    }
    let found: BTreeSet<(String, &str)> = KINDS
        .iter()
        .filter(|kind| kind.api_version != "example.com/v1")
        .map(|kind| (kind.api_version.to_owned(), kind.kind))
        .collect();
    assert_eq!(kinds, found);
    assert!(found.len() > 100, "only {} kinds", found.len());
}

#[test]
fn every_property_is_one_row_and_one_member_and_no_member_is_invented() {
    let tables = tables();
    let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let count = for_every_property(|path, property| {
        wanted.entry(path.to_owned()).or_default().insert(property.name);
    });
    assert!(count > 5000, "only {count} properties");
    for (path, wanted) in wanted {
        let rows: Vec<&str> = tables[path.as_str()].fields.iter().map(|field| field.json).collect();
        let once: BTreeSet<&str> = rows.iter().copied().collect();
        assert_eq!((rows.len(), &once), (wanted.len(), &wanted), "{path}");
        let Struct { members, rows, .. } = &source().structs[&path];
        let mut behind: BTreeSet<&str> = rows.iter().map(|(_, member)| member.as_str()).collect();
        assert_eq!(behind.len(), rows.len(), "{path}: two rows share a member");
        if tables[path.as_str()].type_meta.is_some() {
            behind.insert("unknown");
        }
        let members: BTreeSet<&str> = members.keys().map(String::as_str).collect();
        assert_eq!(members, behind, "{path}: a member without a row, or a row without a member");
    }
}

#[test]
fn every_member_has_the_type_of_its_property() {
    let paths = paths();
    let mut problems = Vec::new();
    for_every_property(|path, property| {
        let of = &source().structs[path];
        let Some((_, member)) = of.rows.iter().find(|(json, _)| json == property.name) else { return };
        let found = &of.members[member];
        let mut wanted = rust_type(property.json, &paths);
        let object = reference(property.json).is_some_and(|name| paths[name].contains("::"));
        if !property.required {
            wanted = if object { format!("Option<Box<{wanted}>>") } else { format!("Option<{wanted}>") };
        }
        let plain = without_modules(found).replace(",>", ">");
        let same = match wanted.contains("ENUM") {
            true => enum_is(&plain, &wanted, of, path, property),
            false => plain == wanted,
        };
        if !same {
            problems.push(format!("{}#{}: {found}, not {wanted}", property.schema.name, property.name));
        }
    });
    problems.dedup();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// The Rust type of a property; `ENUM` where it is an open enum, whose name the specification does not tell.
fn rust_type(json: &'static Value, paths: &BTreeMap<String, String>) -> String {
    if let Some(name) = reference(json) {
        return paths[name].rsplit("::").next().expect("a name").to_owned();
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("type"), text("format")) {
        ("string", "byte") => "Bytes".to_owned(),
        ("string", _) if json.get("enum").is_some() => "ENUM".to_owned(),
        ("string", _) => "String".to_owned(),
        ("boolean", _) => "bool".to_owned(),
        ("integer", "int32") => "i32".to_owned(),
        ("integer", _) => "i64".to_owned(),
        ("number", _) => "f64".to_owned(),
        ("array", _) => format!("Vec<{}>", rust_type(&json["items"], paths)),
        ("object", _) => format!("Map<{}>", rust_type(&json["additionalProperties"], paths)),
        other => panic!("a type that the tests do not know: {other:?}"),
    }
}

/// `Option<Box<core::v1::Pod>>` -> `Option<Box<Pod>>`.
fn without_modules(path: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in path.chars() {
        match c {
            ':' => word.clear(),
            '<' | '>' | ',' => out.extend([std::mem::take(&mut word).as_str(), c.encode_utf8(&mut [0; 4])]),
            c => word.push(c),
        }
    }
    out + &word
}

/// Whether the member's type is an open enum with exactly the values of the property.
fn enum_is(found: &str, wanted: &str, of: &Struct, path: &str, property: &Property) -> bool {
    let (before, after) = wanted.split_once("ENUM").expect("asked before");
    let Some(name) = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)) else {
        return false;
    };
    let module = path.rsplit_once("::").expect("a path").0;
    let at = of.imports.get(name).cloned().unwrap_or_else(|| format!("{module}::{name}"));
    let Some(values) = source().enums.get(&at) else { return false };
    let inner = [
        &property.json["enum"],
        &property.json["items"]["enum"],
        &property.json["additionalProperties"]["enum"],
    ];
    // The empty string stands for absent, and needs no variant.
    let wanted: BTreeSet<String> =
        inner.into_iter().flat_map(strings).filter(|value| !value.is_empty()).map(str::to_owned).collect();
    *values == wanted
}

#[test]
fn every_row_says_what_the_specification_says_of_lists_and_requiredness() {
    let tables = tables();
    let mut problems = Vec::new();
    for_every_property(|path, property| {
        let Some(field) = tables[path].fields.iter().find(|field| field.json == property.name) else {
            return;
        };
        let keys: Vec<&str> = strings(&property.json["x-kubernetes-list-map-keys"]).collect();
        // Bytes say that they are an atomic list, which is how Go sees them; in JSON they are a string.
        let array = property.json["type"] == "array";
        let list = property.json.get("x-kubernetes-list-type").filter(|_| array).and_then(Value::as_str);
        let list = match list {
            Some("atomic") => field.list == ListKind::Atomic,
            Some("set") => field.list == ListKind::Set,
            Some("map") => matches!(field.list, ListKind::Map(found) if found == keys),
            Some(other) => panic!("a list type that the tests do not know: {other}"),
            None => field.list == ListKind::Unspecified,
        };
        if !list || field.required != property.required {
            problems
                .push(format!("{path}#{}: {:?}, required: {}", property.name, field.list, field.required));
        }
        let wire = wire(property.json);
        if field.wire != wire {
            problems.push(format!("{path}#{}: {:?}, not {wire:?}", property.name, field.wire));
        }
    });
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

/// The form of a property in protobuf, as far as the specification tells it.
fn wire(json: &'static Value) -> Wire {
    if let Some(name) = reference(json) {
        let last = name.rsplit('.').next().expect("a name");
        return match last {
            "Quantity" => Wire::Quantity,
            "Time" => Wire::Time,
            "MicroTime" => Wire::MicroTime,
            "IntOrString" => Wire::IntOrString,
            "RawExtension" | "FieldsV1" | "JSON" => Wire::Raw,
            _ if schema(name).is_some_and(|schema| schema.json.get("properties").is_some()) => Wire::Message,
            _ if last.starts_with("JSONSchemaPropsOr") => Wire::Raw,
            _ => Wire::Message,
        };
    }
    let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("type"), text("format")) {
        ("string", "byte") => Wire::Bytes,
        ("string", _) => Wire::String,
        ("boolean" | "integer", _) => Wire::Varint,
        ("number", _) => Wire::Double,
        ("array", _) => wire(&json["items"]),
        _ => Wire::Map,
    }
}
