//! JSON values into messages. What a message does not have is left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::table::{self, Field, Type};
use super::{PREFIX, values};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// An object in its envelope; `None` for a kind that has no message.
pub(crate) fn object(value: &Value) -> Option<Vec<u8>> {
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let raw = match kind {
        "PartialObjectMetadata" => partial(value),
        "PartialObjectMetadataList" => partial_list(value),
        "Status" => message(&format!("{META}Status"), value),
        _ => members(super::message_of(api_version, kind)?, value),
    };
    let mut head = Vec::new();
    put_bytes(1, api_version.as_bytes(), &mut head);
    put_bytes(2, kind.as_bytes(), &mut head);
    let mut out = PREFIX.to_vec();
    put_bytes(1, &head, &mut out);
    put_bytes(2, &raw, &mut out);
    put_bytes(3, &[], &mut out);
    put_bytes(4, &[], &mut out);
    Some(out)
}

/// An event of a watch in its frame: length, then type and object.
pub(crate) fn event(value: &Value) -> Option<Vec<u8>> {
    let object = object(&value["object"])?;
    let (mut raw, mut event) = (Vec::new(), Vec::new());
    put_bytes(1, &object, &mut raw);
    put_bytes(1, value["type"].as_str().unwrap_or_default().as_bytes(), &mut event);
    put_bytes(2, &raw, &mut event);
    let mut out = u32::try_from(event.len()).ok()?.to_be_bytes().to_vec();
    out.extend(event);
    Some(out)
}

/// The metadata of an object: of a kind that no document has.
fn partial(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(1, &message(&format!("{META}ObjectMeta"), &value["metadata"]), &mut out);
    out
}

fn partial_list(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put_bytes(1, &message(&format!("{META}ListMeta"), &value["metadata"]), &mut out);
    for item in value["items"].as_array().into_iter().flatten() {
        put_bytes(2, &partial(item), &mut out);
    }
    out
}

fn message(name: &str, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    if own(name, value, &mut out) {
        return out;
    }
    match table::message(name) {
        Some(message) if values::is_list(message) => {
            let items = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            items.for_each(|it| put_bytes(1, it.as_bytes(), &mut out));
            out
        }
        Some(message) => members(message, value),
        None => out,
    }
}

fn members(message: &table::Message, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    for field in &message.fields {
        let member = if field.name.is_empty() { value } else { &value[field.name] };
        put(field, member, &mut out);
    }
    out
}

fn put(field: &Field, value: &Value, out: &mut Vec<u8>) {
    match (&field.of, value) {
        (_, Value::Null) => {}
        (Type::Map(of), value) => {
            for (key, value) in value.as_object().into_iter().flatten() {
                let mut entry = Vec::new();
                put_bytes(1, key.as_bytes(), &mut entry);
                single(2, of, value, &mut entry);
                put_bytes(field.number, &entry, out);
            }
        }
        (of, Value::Array(all)) if field.repeated => {
            all.iter().for_each(|it| single(field.number, of, it, out))
        }
        (of, value) => single(field.number, of, value, out),
    }
}

fn single(number: u64, of: &Type, value: &Value, out: &mut Vec<u8>) {
    let text = value.as_str().unwrap_or_default();
    match of {
        Type::String => put_bytes(number, text.as_bytes(), out),
        Type::Bytes => put_bytes(number, &STANDARD.decode(text).unwrap_or_default(), out),
        Type::Boolean => put_number(number, u64::from(value.as_bool().unwrap_or(false)), out),
        Type::Integer => put_number(number, value.as_i64().unwrap_or(0).cast_unsigned(), out),
        Type::Double => {
            put_varint(number << 3 | 1, out);
            out.extend_from_slice(&value.as_f64().unwrap_or(0.0).to_le_bytes());
        }
        Type::Message(name) => put_bytes(number, &message(name, value), out),
        // There are no maps of maps.
        Type::Map(_) => {}
    }
}

/// Types that write their JSON themselves in Go; false for all others.
fn own(name: &str, value: &Value, out: &mut Vec<u8>) -> bool {
    let (package, short) = name.rsplit_once('.').unwrap_or(("", name));
    let schema = |value: &Value| message(&format!("{package}.JSONSchemaProps"), value);
    match (short, value) {
        ("Time" | "MicroTime", value) if package.ends_with("apis.meta.v1") => {
            if let Some(time) = value.as_str().and_then(|it| it.parse::<jiff::Timestamp>().ok()) {
                put_number(1, time.as_second().cast_unsigned(), out);
                put_number(2, i64::from(time.subsec_nanosecond()).cast_unsigned(), out);
            }
        }
        ("Quantity", Value::String(text)) => put_bytes(1, text.as_bytes(), out),
        ("Quantity", value) => put_bytes(1, value.to_string().as_bytes(), out),
        ("IntOrString", Value::String(text)) => {
            put_number(1, 1, out);
            put_number(2, 0, out);
            put_bytes(3, text.as_bytes(), out);
        }
        ("IntOrString", value) => {
            put_number(1, 0, out);
            put_number(2, value.as_i64().unwrap_or(0).cast_unsigned(), out);
            put_bytes(3, &[], out);
        }
        ("RawExtension" | "FieldsV1" | "JSON", value) => put_bytes(1, value.to_string().as_bytes(), out),
        ("JSONSchemaPropsOrArray", Value::Array(all)) => {
            all.iter().for_each(|it| put_bytes(2, &schema(it), out))
        }
        ("JSONSchemaPropsOrBool", Value::Bool(allows)) => put_number(1, u64::from(*allows), out),
        ("JSONSchemaPropsOrBool", value) => {
            put_number(1, 1, out);
            put_bytes(2, &schema(value), out);
        }
        ("JSONSchemaPropsOrStringArray", Value::Array(all)) => {
            all.iter().for_each(|it| put_bytes(2, it.as_str().unwrap_or_default().as_bytes(), out));
        }
        ("JSONSchemaPropsOrArray" | "JSONSchemaPropsOrStringArray", value) => {
            put_bytes(1, &schema(value), out)
        }
        _ => return false,
    }
    true
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_number(number: u64, value: u64, out: &mut Vec<u8>) {
    put_varint(number << 3, out);
    put_varint(value, out);
}

fn put_bytes(number: u64, bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(number << 3 | 2, out);
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}
