//! From messages to JSON values. Types that write their JSON themselves in Go (times, quantities, raw JSON …) do so here too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::reader::{Content, Reader};
use super::table::{self, Field, Message, Type};
use super::text;

/// How deep messages may be nested, far beyond what is meant.
const DEPTH: usize = 64;

/// The members of a message.
pub(super) fn object(bytes: &[u8], message: &Message) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    members(bytes, message, &mut all, 0)?;
    Ok(all)
}

fn members(
    bytes: &[u8],
    message: &Message,
    all: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), String> {
    if depth > DEPTH {
        return Err("proto: too deep".to_owned());
    }
    for field in Reader::new(bytes) {
        let (number, content) = field?;
        let Some(field) = message.field(number) else { continue };
        match (&field.of, content) {
            (Type::Message(name), Content::Bytes(inner)) if field.name.is_empty() => {
                if let Some(message) = table::message(name) {
                    members(inner, message, all, depth + 1)?;
                }
            }
            (Type::Map(value), Content::Bytes(entry)) => {
                let (name, value) = entry_of(entry, value, depth)?;
                if let Some(map) = slot(all, field, || Value::Object(Map::new())).as_object_mut() {
                    map.insert(name, value);
                }
            }
            (Type::Integer | Type::Boolean, Content::Bytes(packed)) if field.repeated => {
                let mut packed = Reader::new(packed);
                while !packed.is_empty() {
                    let value = scalar(&field.of, Content::Varint(packed.varint()?));
                    push(all, field, value);
                }
            }
            (_, content) => {
                let value = value(&field.of, content, depth)?;
                match field.repeated {
                    true => push(all, field, value),
                    // Nothing is the zero time.
                    false if value.is_null() => {}
                    false => *slot(all, field, || Value::Null) = value,
                }
            }
        }
    }
    Ok(())
}

fn slot<'a>(all: &'a mut Map<String, Value>, field: &Field, first: fn() -> Value) -> &'a mut Value {
    all.entry(field.name).or_insert_with(first)
}

fn push(all: &mut Map<String, Value>, field: &Field, value: Value) {
    if let Some(list) = slot(all, field, || Value::Array(Vec::new())).as_array_mut() {
        list.push(value);
    }
}

fn entry_of(entry: &[u8], of: &Type, depth: usize) -> Result<(String, Value), String> {
    let (mut name, mut found) = (String::new(), None);
    for field in Reader::new(entry) {
        match field? {
            (1, Content::Bytes(it)) => name = text(it),
            (2, content) => found = Some(value(of, content, depth)?),
            _ => {}
        }
    }
    let found = match found {
        Some(found) => found,
        None => value(of, Content::Bytes(&[]), depth)?,
    };
    Ok((name, found))
}

fn value(of: &Type, content: Content<'_>, depth: usize) -> Result<Value, String> {
    match (of, content) {
        (Type::Message(name), Content::Bytes(bytes)) => by_name(name, bytes, depth + 1),
        (of, content) => Ok(scalar(of, content)),
    }
}

fn scalar(of: &Type, content: Content<'_>) -> Value {
    match (of, content) {
        (Type::String, Content::Bytes(it)) => text(it).into(),
        (Type::Bytes, Content::Bytes(it)) => STANDARD.encode(it).into(),
        // A negative int32 is sign-extended on the wire.
        (Type::Integer, Content::Varint(it)) => it.cast_signed().into(),
        (Type::Boolean, Content::Varint(it)) => (it != 0).into(),
        (Type::Double, Content::Fixed64(it)) => f64::from_bits(it).into(),
        _ => Value::Null,
    }
}

fn by_name(name: &str, bytes: &[u8], depth: usize) -> Result<Value, String> {
    let (package, short) = name.rsplit_once('.').unwrap_or(("", name));
    let first = |number: u64| -> Result<Option<Content<'_>>, String> {
        for field in Reader::new(bytes) {
            let (found, content) = field?;
            if found == number {
                return Ok(Some(content));
            }
        }
        Ok(None)
    };
    let integer = |number: u64| -> Result<i64, String> {
        Ok(match first(number)? {
            Some(Content::Varint(it)) => it.cast_signed(),
            _ => 0,
        })
    };
    let string = |number: u64| -> Result<String, String> {
        Ok(match first(number)? {
            Some(Content::Bytes(it)) => text(it),
            _ => String::new(),
        })
    };
    Ok(match short {
        "Time" | "MicroTime" if package.ends_with("apis.meta.v1") => {
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            let nanos = i32::try_from(integer(2)?).unwrap_or_default();
            let Ok(time) = Timestamp::new(integer(1)?, nanos) else { return Ok(Value::Null) };
            match short {
                "Time" => format!("{:.0}", time).into(),
                _ => format!("{:.6}", time).into(),
            }
        }
        "Quantity" => string(1)?.into(),
        "IntOrString" => match integer(1)? {
            0 => integer(2)?.into(),
            _ => string(3)?.into(),
        },
        "RawExtension" | "FieldsV1" | "JSON" => {
            let raw = match first(1)? {
                Some(Content::Bytes(it)) => it,
                _ => &[],
            };
            // The real server takes it as it is; what is no JSON is found out by whoever looks into it.
            serde_json::from_slice(raw).unwrap_or_default()
        }
        "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrStringArray" => {
            let schema = format!("{package}.JSONSchemaProps");
            match first(1)? {
                Some(Content::Varint(allowed)) if short.ends_with("Bool") => match first(2)? {
                    Some(Content::Bytes(inner)) => nested(&schema, inner, depth)?,
                    _ => (allowed != 0).into(),
                },
                Some(Content::Bytes(inner)) => nested(&schema, inner, depth)?,
                _ => all_of(2, bytes, &schema, short.ends_with("StringArray"), depth)?,
            }
        }
        _ => match table::message(name) {
            // A list that has a name of its own: its items are its only field.
            Some(message) if is_list(message) => all_of(1, bytes, "", true, depth)?,
            _ => nested(name, bytes, depth)?,
        },
    })
}

/// `ExtraValue`, `Verbs`: in JSON a list of texts.
pub(super) fn is_list(message: &Message) -> bool {
    matches!(
        message.fields.as_slice(),
        [Field { number: 1, name: "items", repeated: true, of: Type::String }]
    )
}

fn nested(name: &str, bytes: &[u8], depth: usize) -> Result<Value, String> {
    let mut all = Map::new();
    if let Some(message) = table::message(name) {
        members(bytes, message, &mut all, depth)?;
    }
    Ok(Value::Object(all))
}

/// All fields with a number, as a list of texts or of messages.
fn all_of(number: u64, bytes: &[u8], message: &str, texts: bool, depth: usize) -> Result<Value, String> {
    let mut all = Vec::new();
    for field in Reader::new(bytes) {
        match field? {
            (found, Content::Bytes(it)) if found == number => {
                all.push(if texts { text(it).into() } else { nested(message, it, depth)? });
            }
            _ => {}
        }
    }
    Ok(Value::Array(all))
}
