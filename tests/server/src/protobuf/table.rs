//! Which field of a message is which member in JSON: `data/protobuf.tsv`, read when first needed.

use std::collections::HashMap;
use std::sync::OnceLock;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Integer,
    Boolean,
    Bytes,
    Double,
    /// Another message, by its name in the schemas.
    Message(&'static str),
    /// Text by text.
    Map(&'static Type),
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u64,
    /// The member; empty where the members of the message stand in its place.
    pub(super) name: &'static str,
    pub(super) repeated: bool,
    pub(super) of: Type,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) fields: Vec<Field>,
}

impl Message {
    pub(super) fn field(&self, number: u64) -> Option<&Field> {
        self.fields.iter().find(|it| it.number == number)
    }
}

/// The message of a type of the schemas.
pub(super) fn message(schema: &str) -> Option<&'static Message> {
    static ALL: OnceLock<HashMap<&'static str, Message>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let lines = include_str!("../../data/protobuf.tsv").lines().filter(|it| !it.starts_with('#'));
        let read = |line: &'static str| {
            let (name, fields) = line.split_once('\t')?;
            Some((name, Message { fields: fields.split(' ').filter_map(field).collect() }))
        };
        lines.filter_map(read).collect()
    });
    all.get(schema)
}

/// `number:member:type`, the type with `*` before it where it is repeated and with `%` for a map.
fn field(cell: &'static str) -> Option<Field> {
    let mut parts = cell.splitn(3, ':');
    let (number, name, of) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    let single = of.strip_prefix('*');
    Some(Field { number, name, repeated: single.is_some(), of: type_of(single.unwrap_or(of)) })
}

fn type_of(text: &'static str) -> Type {
    if let Some(value) = text.strip_prefix('%') {
        return Type::Map(Box::leak(Box::new(type_of(value))));
    }
    match text {
        "string" => Type::String,
        "integer" => Type::Integer,
        "boolean" => Type::Boolean,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        message => Type::Message(message),
    }
}
