//! One map of schemas from many documents. Each group-version's document repeats what it refers to; repetitions
//! have to be equal, or the run fails with both places.

use std::collections::BTreeMap;

use crate::diag::{Code, Report};
use crate::spec::openapi::{Document, Operation};
use crate::spec::schema::{Additional, Schema};

/// What the documents say together.
#[derive(Default)]
pub(crate) struct Merged {
    pub(crate) schemas: BTreeMap<String, Schema>,
    pub(crate) operations: Vec<Operation>,
}

/// Merges the documents. Those that a server wrote carry its release; documents without one (`unversioned`, from
/// the module of another release) speak for their own schemas only, where both kinds are there.
pub(crate) fn merge(documents: Vec<Document>, report: &mut Report) -> Merged {
    let (versioned, unversioned): (Vec<_>, Vec<_>) =
        documents.into_iter().partition(|document| document.version != "unversioned");
    let only_one_kind = versioned.is_empty();
    let mut merged = Merged::default();
    for (document, speaks) in versioned
        .into_iter()
        .map(|document| (document, true))
        .chain(unversioned.into_iter().map(|d| (d, only_one_kind)))
    {
        for (name, schema) in document.schemas {
            match merged.schemas.get_mut(&name) {
                None => {
                    merged.schemas.insert(name, schema);
                }
                Some(_) if !speaks => {}
                Some(known) => {
                    if let Some(what) = difference(known, &schema) {
                        report.error(
                            Code::Contradiction,
                            &schema.place,
                            format!("`{name}` differs in {what} from {}", known.place),
                            "all documents have to come from one server",
                        );
                    }
                    known.group_version_kinds.extend(schema.group_version_kinds);
                    known.group_version_kinds.sort();
                    known.group_version_kinds.dedup();
                }
            }
        }
        merged.operations.extend(document.operations);
    }
    merged
}

/// What differs between two readings of one schema. Places differ, of course; kinds do too (shared schemas list
/// those of the group at hand) and are joined.
fn difference(a: &Schema, b: &Schema) -> Option<String> {
    let Schema {
        place: _,
        group_version_kinds: _,
        description,
        reference,
        kind,
        format,
        values,
        properties,
        required,
        items,
        additional,
        nullable,
        list_type,
        list_map_keys,
        int_or_string,
        preserve_unknown,
        embedded_resource,
        union,
        // Nothing that is generated from documents depends on these.
        default: _,
        constraints: _,
    } = a;
    let same = [
        ("description", *description == b.description),
        ("$ref", *reference == b.reference),
        ("type", *kind == b.kind),
        ("format", *format == b.format),
        ("enum", *values == b.values),
        ("required", *required == b.required),
        ("nullable", *nullable == b.nullable),
        ("list type", (list_type, list_map_keys) == (&b.list_type, &b.list_map_keys)),
        (
            "x-kubernetes flags",
            (int_or_string, preserve_unknown, embedded_resource)
                == (&b.int_or_string, &b.preserve_unknown, &b.embedded_resource),
        ),
        ("oneOf, anyOf, not", *union == b.union),
        (
            "the names of its properties",
            properties.iter().map(|(n, _)| n).eq(b.properties.iter().map(|(n, _)| n)),
        ),
    ];
    if let Some((what, _)) = same.iter().find(|(_, same)| !same) {
        return Some((*what).to_owned());
    }
    let members = properties.iter().zip(&b.properties);
    if let Some(found) = members
        .into_iter()
        .find_map(|((name, a), (_, b))| difference(a, b).map(|what| format!("`{name}`: {what}")))
    {
        return Some(found);
    }
    match (items, &b.items) {
        (None, None) => {}
        (Some(a), Some(b)) => return difference(a, b).map(|what| format!("items: {what}")),
        _ => return Some("items".to_owned()),
    }
    match (additional, &b.additional) {
        (None, None) | (Some(Additional::Anything), Some(Additional::Anything)) => None,
        (Some(Additional::Of(a)), Some(Additional::Of(b))) => {
            difference(a, b).map(|what| format!("values: {what}"))
        }
        _ => Some("additionalProperties".to_owned()),
    }
}
