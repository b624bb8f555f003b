//! JSON trees from the codec's reader and back, with its depth limit and its errors.

use serde_json::{Map, Number, Value as Json};

use crate::codec::{self, DecodeError, Peek, Reader, Writer};
use crate::yaml;

/// A JSON text as a tree, as deep as the codec reads: serde_json stops at half of that.
pub(crate) fn parse(text: &str) -> Result<Json, DecodeError> {
    let mut reader = Reader::new(text);
    let value = read(&mut reader)?;
    reader.end().map(|()| value)
}

/// The next value as a tree. The reader's depth limit bounds the recursion.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Json, DecodeError> {
    Ok(match reader.peek()? {
        Peek::Null => {
            reader.null()?;
            Json::Null
        }
        Peek::Bool => Json::Bool(reader.bool()?),
        Peek::Number => {
            let text = reader.number()?;
            match number(text) {
                Some(number) => Json::Number(number),
                None => return Err(reader.error_after("a number".to_owned(), "one beyond 64-bit floats")),
            }
        }
        Peek::String => Json::String(reader.string()?.into_owned()),
        Peek::Array => {
            let mut items = Vec::new();
            reader.enter(b'[', "a list")?;
            let mut more = !reader.close(b']');
            while more {
                let item = read(reader).map_err(|error| error.at_index(items.len()))?;
                items.push(item);
                more = reader.more(b']')?;
            }
            items.shrink_to_fit();
            Json::Array(items)
        }
        Peek::Object => {
            let mut members = Map::new();
            codec::decode_members(reader, "an object", |reader, name| {
                members.insert(name.to_owned(), read(reader)?);
                Ok(())
            })?;
            Json::Object(members)
        }
    })
}

/// A number as near as 64 bits hold it.
///
/// serde_json reads floats fast and not always to the last bit; what was read would then drift when it is written back.
fn number(text: &str) -> Option<Number> {
    let number = text.parse::<Number>().ok()?;
    if !number.is_f64() || number.to_string() == text {
        return Some(number);
    }
    text.parse().ok().and_then(Number::from_f64)
}

pub(super) fn write(value: &Json, writer: &mut Writer) {
    match value {
        Json::Null => writer.raw("null"),
        Json::Bool(value) => writer.raw(if *value { "true" } else { "false" }),
        Json::Number(number) => writer.raw(&number.to_string()),
        Json::String(text) => writer.string(text),
        Json::Array(items) => {
            writer.open('[');
            for item in items {
                writer.next();
                write(item, writer);
            }
            writer.close(']');
        }
        Json::Object(members) => write_members(members, writer),
    }
}

pub(super) fn write_members(members: &Map<String, Json>, writer: &mut Writer) {
    writer.open('{');
    for (name, value) in members {
        writer.name(name);
        write(value, writer);
    }
    writer.close('}');
}

/// A YAML tree as a JSON one; its own depth limit bounds the recursion.
pub(super) fn from_yaml(node: yaml::Node) -> Json {
    match node.value {
        yaml::Value::Null => Json::Null,
        yaml::Value::Bool(value) => Json::Bool(value),
        yaml::Value::Number(number) => Json::Number(number),
        yaml::Value::String(text) => Json::String(text),
        yaml::Value::List(items) => Json::Array(items.into_iter().map(from_yaml).collect()),
        yaml::Value::Map(members) => {
            Json::Object(members.into_iter().map(|(name, node)| (name, from_yaml(node))).collect())
        }
    }
}

/// What sort of value it is, for messages that must not repeat it.
pub(super) fn sort(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn floats_are_read_to_the_last_bit(float in prop::num::f64::NORMAL, long: bool) {
            let text = if long { format!("{float:.25e}") } else { format!("{float:e}") };
            prop_assert_eq!(number(&text).and_then(|it| it.as_f64()), Some(float), "{}", text);
        }
    }
}
