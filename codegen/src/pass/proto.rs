//! Finds each property in the .proto files: the field numbers on the way to it, since what is inline in JSON may
//! be a message of its own there (`Volume.volumeSource`, `Probe.handler`). Fields then stand in that order, which is
//! that of the Go structs. What does not match either way has to be a row of names.toml, [proto].

use std::collections::{BTreeMap, BTreeSet};

use super::Tables;
use crate::diag::{Code, Place, Report};
use crate::emit::wire;
use crate::ir::{Api, Field, Shape, Ty};
use crate::spec::proto::{Message, Messages, ProtoField, ProtoKind};

/// How deep inline messages may be nested.
const DEPTH: usize = 3;

pub(super) fn run(api: &mut Api, tables: &Tables<'_>, report: &mut Report) {
    if api.messages.is_empty() {
        return;
    }
    let messages = &api.messages;
    let mut known = Known { rows: &tables.names.proto, used: BTreeSet::new() };
    let packages: BTreeSet<&str> =
        messages.keys().filter_map(|name| Some(name.rsplit_once('.')?.0)).collect();
    let enums: BTreeSet<String> = api
        .types
        .iter()
        .filter(|(_, ty)| matches!(ty.shape, Shape::Enum(_)))
        .map(|(id, _)| id.clone())
        .collect();
    for (id, ty) in &mut api.types {
        let Shape::Object(fields) = &mut ty.shape else { continue };
        let Some(name) = message_name(id) else { continue };
        let Some(message) = messages.get(&name) else {
            let package = name.rsplit_once('.').map_or("", |(package, _)| package);
            if packages.contains(package) && !known.has(&name) {
                report.error(Code::Contradiction, &ty.place, format!("there is no message `{name}`"), HELP);
            }
            continue;
        };
        let found = numbers(messages, message, fields);
        for field in fields.iter_mut() {
            let row = format!("{name}.{}", field.json);
            match found.get(&field.json) {
                Some((path, proto)) => {
                    field.number = path.clone();
                    if !agrees(field, proto, &enums) && !known.has(&row) {
                        let what = format!("`{}` is {:?} in the message `{name}`", field.json, proto.kind);
                        report.error(Code::Contradiction, &field.place, what, HELP);
                    }
                }
                None if known.has(&row) => {}
                None => report.error(
                    Code::Contradiction,
                    &field.place,
                    format!("`{}` is not in the message `{name}`", field.json),
                    HELP,
                ),
            }
        }
        // Fields without a number keep their place behind the others.
        fields.sort_by(|a, b| (a.number.is_empty(), &a.number).cmp(&(b.number.is_empty(), &b.number)));
        let mapped: BTreeSet<&Vec<u32>> = fields.iter().map(|field| &field.number).collect();
        for (path, proto) in leaves(messages, message, fields) {
            if !mapped.contains(&path) && !known.has(&format!("{name}.{}", proto.name)) {
                let what = format!("the field `{}` of `{name}` is no property", proto.name);
                report.error(Code::Contradiction, &message.place, what, HELP);
            }
        }
    }
    if tables.strict {
        for (row, _) in known.rows.iter().filter(|(row, _)| !known.used.contains(*row)) {
            let place = Place::new(tables.names_name, row.clone());
            report.error(Code::StaleRow, &place, "the row of [proto] applies to nothing", "remove it");
        }
    }
}

const HELP: &str = "if that is so upstream, write it into [proto] of names.toml with the reason";

/// The known differences, and which of them were met.
struct Known<'a> {
    rows: &'a BTreeMap<String, String>,
    used: BTreeSet<String>,
}

impl Known<'_> {
    fn has(&mut self, row: &str) -> bool {
        let has = self.rows.contains_key(row);
        if has {
            self.used.insert(row.to_owned());
        }
        has
    }
}

/// `io.k8s.kube-aggregator.pkg.x.v1.Y` -> `k8s.io.kube_aggregator.pkg.x.v1.Y`.
fn message_name(schema: &str) -> Option<String> {
    Some(format!("k8s.io.{}", schema.strip_prefix("io.k8s.")?.replace('-', "_")))
}

/// Names compare without case and signs: `$ref` is `ref`, `x-kubernetes-map-type` is `xKubernetesMapType`.
fn fold(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The number path and the field of each property.
fn numbers<'a>(
    messages: &'a Messages,
    message: &'a Message,
    fields: &[Field],
) -> BTreeMap<String, (Vec<u32>, &'a ProtoField)> {
    let wanted: BTreeMap<String, &Field> = fields.iter().map(|field| (fold(&field.json), field)).collect();
    let mut found = BTreeMap::new();
    walk(messages, message, &wanted, &mut Vec::new(), &mut |path, proto| {
        if let Some(field) = wanted.get(&fold(&proto.name)) {
            found.entry(field.json.clone()).or_insert((path.to_vec(), proto));
        }
    });
    found
}

/// The fields of a message that are properties or should be: all but the messages that are inline in JSON.
fn leaves<'a>(
    messages: &'a Messages,
    message: &'a Message,
    fields: &[Field],
) -> Vec<(Vec<u32>, &'a ProtoField)> {
    let wanted: BTreeMap<String, &Field> = fields.iter().map(|field| (fold(&field.json), field)).collect();
    let mut leaves = Vec::new();
    walk(messages, message, &wanted, &mut Vec::new(), &mut |path, proto| leaves.push((path.to_vec(), proto)));
    leaves
}

/// Visits the fields of a message; a message that is no property but holds some is visited in its place.
fn walk<'a>(
    messages: &'a Messages,
    message: &'a Message,
    wanted: &BTreeMap<String, &Field>,
    path: &mut Vec<u32>,
    visit: &mut dyn FnMut(&[u32], &'a ProtoField),
) {
    for field in &message.fields {
        path.push(field.number);
        let inline = match &field.kind {
            ProtoKind::Named(name) if !field.repeated && !wanted.contains_key(&fold(&field.name)) => {
                messages.get(name)
            }
            _ => None,
        };
        let inline = inline.filter(|inline| {
            path.len() < DEPTH && inline.fields.iter().any(|inner| wanted.contains_key(&fold(&inner.name)))
        });
        match inline {
            Some(inline) => walk(messages, inline, wanted, path, visit),
            None => visit(path, field),
        }
        path.pop();
    }
}

/// Whether the type of the property and that of the proto field are two forms of one thing.
fn agrees(field: &Field, proto: &ProtoField, enums: &BTreeSet<String>) -> bool {
    let (name, is_map) = match &proto.kind {
        ProtoKind::Named(name) => (name.as_str(), false),
        ProtoKind::Map(value) => (value.as_str(), true),
    };
    let (repeated, inner) = match &field.ty {
        Ty::List(inner) => (true, inner.as_ref()),
        Ty::Map(inner) if is_map => (false, inner.as_ref()),
        ty => (false, ty),
    };
    if matches!(field.ty, Ty::Map(_)) != is_map || repeated != proto.repeated {
        return false;
    }
    match wire(inner, &|id| enums.contains(id)) {
        "Varint" => ["bool", "int32", "int64", "uint32", "uint64"].contains(&name),
        "Double" => name == "double",
        "String" if matches!(inner, Ty::List(_)) => name.contains('.'),
        "String" => name == "string",
        "Bytes" => name == "bytes",
        "Time" => name.ends_with(".Time"),
        "MicroTime" => name.ends_with(".MicroTime"),
        "Quantity" => name.ends_with(".Quantity"),
        "IntOrString" => name.ends_with(".IntOrString"),
        _ => name.contains('.'),
    }
}
