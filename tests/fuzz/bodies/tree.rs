//! Any JSON as a tree, built through the codec's public reader: what serde_json's tree is compared with.

use std::fmt;

use clientset::Map;
use clientset::runtime::codec::{DecodeError, Peek, Reader, Value, Writer};
use serde_json::Value as Json;

/// Numbers keep their text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Tree {
    #[default]
    Null,
    Bool(bool),
    Number(String),
    String(String),
    List(Vec<Tree>),
    Map(Map<Tree>),
}

impl Value for Tree {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        *self = match reader.peek()? {
            Peek::Null => {
                reader.null()?;
                Tree::Null
            }
            Peek::Bool => Tree::Bool(reader.bool()?),
            Peek::Number => Tree::Number(reader.number()?.to_owned()),
            Peek::String => Tree::String(reader.string()?.into_owned()),
            Peek::Array => {
                let mut items = Vec::new();
                items.decode(reader)?;
                Tree::List(items)
            }
            Peek::Object => {
                let mut members = Map::new();
                members.decode(reader)?;
                Tree::Map(members)
            }
        };
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        match self {
            Tree::Null => writer.raw("null"),
            Tree::Bool(value) => value.encode(writer),
            Tree::Number(text) => writer.raw(text),
            Tree::String(text) => writer.string(text),
            Tree::List(items) => items.encode(writer),
            Tree::Map(members) => members.encode(writer),
        }
    }

    fn reset(&mut self) {
        *self = Tree::Null;
    }

    fn is_default(&self) -> bool {
        *self == Tree::Null
    }

    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Tree {
    /// As serde_json's tree; numbers are parsed by serde_json too, so that only the reader differs. `None` where one is
    /// beyond its range.
    pub(super) fn to_json(&self) -> Option<Json> {
        Some(match self {
            Tree::Null => Json::Null,
            Tree::Bool(value) => (*value).into(),
            Tree::Number(text) => Json::Number(text.parse().ok()?),
            Tree::String(text) => text.as_str().into(),
            Tree::List(items) => Json::Array(items.iter().map(Tree::to_json).collect::<Option<_>>()?),
            Tree::Map(members) => {
                let members = members.iter().map(|(name, value)| Some((name.to_owned(), value.to_json()?)));
                Json::Object(members.collect::<Option<_>>()?)
            }
        })
    }
}
