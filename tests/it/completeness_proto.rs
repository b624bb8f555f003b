//! Completeness, protobuf: the number path and the form of each row are those of the .proto files, and no field is left out.

use std::collections::{BTreeMap, BTreeSet};

use clientset::codec::Wire;

use crate::completeness_types::{paths, tables};
use crate::proto_reader::{Field, messages};
use crate::spec_reader::table;

/// `io.k8s.api.core.v1.Pod` -> `k8s.io.api.core.v1.Pod`.
fn message_of(schema: &str) -> Option<String> {
    let rest = schema.strip_prefix("io.k8s.")?;
    Some(format!("k8s.io.{}", rest.replace('-', "_")))
}

/// A name without what the two languages write differently: `x-kubernetes-list-type`, `xKubernetesListType`.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
}

fn wire(of: &str) -> Wire {
    match of.rsplit('.').next().expect("a word") {
        "int32" | "int64" | "bool" | "uint32" | "uint64" => Wire::Varint,
        "double" => Wire::Double,
        "string" => Wire::String,
        "bytes" => Wire::Bytes,
        "map" => Wire::Map,
        "Quantity" => Wire::Quantity,
        "Time" => Wire::Time,
        "MicroTime" => Wire::MicroTime,
        "IntOrString" => Wire::IntOrString,
        "RawExtension" | "FieldsV1" | "JSON" => Wire::Raw,
        name if name.starts_with("JSONSchemaPropsOr") => Wire::Raw,
        _ => Wire::Message,
    }
}

/// The field at the end of a number path, and the message that holds it.
fn follow<'a>(
    all: &'a BTreeMap<String, Vec<Field>>,
    message: &'a str,
    path: &[u32],
) -> Option<(&'a str, &'a Field)> {
    let (first, rest) = path.split_first()?;
    let field = all.get(message)?.iter().find(|field| field.number == *first)?;
    if rest.is_empty() { Some((message, field)) } else { follow(all, &field.of, rest) }
}

#[test]
fn every_row_has_the_number_and_the_form_that_protobuf_gives_it() {
    let (all, tables, names) = (messages(), tables(), table("names.toml"));
    let excused: BTreeSet<&str> =
        names["proto"].as_table().expect("a table").keys().map(String::as_str).collect();
    let (mut problems, mut count) = (Vec::new(), 0);
    for (schema, path) in paths() {
        let (Some(table), Some(message)) = (tables.get(path.as_str()), message_of(&schema)) else { continue };
        let Some(fields) = all.get(&message) else {
            problems.push(format!("{message} is in no .proto file"));
            continue;
        };
        let mut used = BTreeSet::new();
        for row in table.fields {
            count += 1;
            match follow(&all, &message, row.number) {
                Some((_, field))
                    if letters(&field.name) == letters(row.json) && wire(&field.of) == row.wire =>
                {
                    used.insert(row.number[0]);
                }
                _ if excused.contains(format!("{message}.{}", row.json).as_str()) => {}
                Some((of, field)) => problems.push(format!(
                    "{path}#{}: {:?} as {:?} is {of}.{}, {}",
                    row.json, row.number, row.wire, field.name, field.of
                )),
                None => problems.push(format!("{path}#{}: {:?} leads nowhere", row.json, row.number)),
            }
        }
        let left = fields.iter().filter(|field| !used.contains(&field.number));
        let left = left.filter(|field| !excused.contains(format!("{message}.{}", field.name).as_str()));
        problems.extend(left.map(|field| format!("{message}.{} has no row", field.name)));
    }
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    assert!(count > 2500, "only {count} rows");
}
