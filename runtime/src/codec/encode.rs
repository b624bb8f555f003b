//! Writing objects, lists and maps as JSON, and for people.

use std::fmt;

use super::decode::is_type_meta;
use super::items::Items;
use super::restore::restore;
use super::{Field, Object, Value, Wire, Writer};
use crate::wire::Map;

/// The JSON text of a value, as bytes.
pub fn to_vec(value: &dyn Value) -> Vec<u8> {
    to_string(value).into_bytes()
}

/// The JSON text of a value.
pub fn to_string(value: &dyn Value) -> String {
    let mut writer = Writer::new();
    value.encode(&mut writer);
    writer.into_string()
}

/// The JSON text of a value, and which unknown members found no place in it.
#[derive(Debug)]
pub struct Encoded {
    /// The text.
    pub json: String,
    /// Paths of the members that were read, are not known to this build, and whose place is gone; the first hundred.
    pub lost: Vec<String>,
}

/// The JSON text of a value with the members that this build does not know put back where their place still exists.
///
/// [`to_string`] puts them back too, and is silent about those it cannot.
pub fn encode_restoring(value: &dyn Value) -> Encoded {
    let mut writer = Writer::new();
    value.encode(&mut writer);
    let lost = std::mem::take(&mut writer.lost);
    Encoded { json: writer.into_string(), lost }
}

/// The JSON text of a value without the required members that are at their default, at any depth.
///
/// For server-side apply, where a zero that is written is a zero that is owned.
pub fn to_sparse_string(value: &dyn Value) -> String {
    let mut writer = Writer::with_sparse(true);
    value.encode(&mut writer);
    writer.into_string()
}

/// Writes an object by its table. What [`object!`](crate::object) forwards to.
pub fn encode_object(object: &dyn Object, writer: &mut Writer) {
    match object.unknown() {
        Some(unknown) if !unknown.is_empty() => {
            let mut known = Writer::with_sparse(writer.sparse);
            encode_known(object, &mut known);
            writer.lost.append(&mut known.lost);
            let (json, mut lost) = restore(&known.into_string(), unknown);
            writer.raw(&json);
            writer.lost.append(&mut lost);
        }
        _ => encode_known(object, writer),
    }
}

fn encode_known(object: &dyn Object, writer: &mut Writer) {
    let table = object.table();
    writer.open('{');
    if let Some(meta) = &table.type_meta {
        writer.name("apiVersion");
        writer.string(meta.api_version);
        writer.name("kind");
        writer.string(meta.kind);
    }
    for (index, field) in table.fields.iter().enumerate() {
        let Some(member) = object.member(index) else { continue };
        if writer.sparse && field.required && member.is_default() {
            continue;
        }
        if member.is_absent() {
            // A required member that may be null is null, not missing.
            if !field.required {
                continue;
            }
            writer.name(field.json);
            writer.raw("null");
            continue;
        }
        writer.name(field.json);
        member.encode(writer);
    }
    for (name, value) in object.preserved().into_iter().flatten() {
        // What somebody put there under a name that the table has would stand twice.
        if !is_type_meta(table, name) && table.fields.iter().all(|field| field.json != name) {
            writer.name(name);
            value.encode(writer);
        }
    }
    writer.close('}');
}

pub(super) fn encode_list(list: &dyn Items, writer: &mut Writer) {
    writer.open('[');
    for item in items(list) {
        writer.next();
        item.encode(writer);
    }
    writer.close(']');
}

pub(super) fn debug_list(list: &dyn Items, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_list().entries(items(list).map(DebugValue)).finish()
}

fn items(list: &dyn Items) -> impl Iterator<Item = &dyn Value> {
    (0..).map_while(|index| list.item(index))
}

pub(crate) fn encode_map<V: Value>(map: &Map<V>, writer: &mut Writer) {
    writer.open('{');
    for (name, value) in map {
        writer.name(name);
        value.encode(writer);
    }
    writer.close('}');
}

/// Writes an object for people, without the members that are absent and the content of credentials. What [`object!`](crate::object) forwards to.
///
/// # Errors
/// Those of the formatter.
pub fn debug_object(object: &dyn Object, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let table = object.table();
    let mut out = f.debug_struct(table.name);
    for (index, field) in table.fields.iter().enumerate() {
        let Some(member) = object.member(index).filter(|member| !member.is_absent()) else { continue };
        if is_credential(field) && !member.is_default() {
            out.field(field.json, &format_args!("<redacted>"));
        } else {
            out.field(field.json, &DebugValue(member));
        }
    }
    for (name, value) in object.preserved().into_iter().flatten() {
        if CREDENTIALS.contains(&name) {
            out.field(name, &format_args!("<redacted>"));
        } else {
            out.field(name, value);
        }
    }
    if let Some(unknown) = object.unknown().filter(|unknown| !unknown.is_empty()) {
        out.field("unknown", unknown);
    }
    out.finish()
}

/// Whether a member holds what nobody is to find in a log: text that is called what credentials are called, in whatever
/// type. Names of Secrets that hold them (`secretName`, `tokenSecretRef`) are called otherwise, and are shown.
fn is_credential(field: &Field) -> bool {
    matches!(field.wire, Wire::String | Wire::Map) && CREDENTIALS.contains(&field.json)
}

const CREDENTIALS: [&str; 9] = [
    "stringData",
    "token",
    "password",
    "bearerToken",
    "accessToken",
    "refreshToken",
    "idToken",
    "clientSecret",
    "privateKey",
];

/// A value as `Debug`.
pub(crate) struct DebugValue<'a>(pub(crate) &'a dyn Value);

impl fmt::Debug for DebugValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(f)
    }
}
