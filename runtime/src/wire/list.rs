//! Lists of objects, and the metadata that lists have.
//!
//! One generic type stands for every `…List` kind: they differ in nothing but the kind of their items.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DebugValue, DecodeError, Reader, Value, Writer};
use crate::object;

/// `meta/v1` ListMeta: where a list stands in time, and how it goes on.
#[derive(Clone, Default, PartialEq)]
pub struct ListMeta {
    /// Deprecated: no server sets it.
    pub self_link: Option<String>,
    /// The version of the storage that the list was read at: watches start here.
    pub resource_version: Option<String>,
    /// A token for the next page, where there is one.
    pub continue_: Option<String>,
    /// How many items are left after this page, where the server counts them.
    pub remaining_item_count: Option<i64>,
    /// Which shard of the collection this is (alpha since 1.36).
    pub shard_info: Option<Box<ShardInfo>>,
}

object! {
    ListMeta {
        0 self_link "selfLink" [1] String;
        1 resource_version "resourceVersion" [2] String;
        2 continue_ "continue" [3] String;
        3 remaining_item_count "remainingItemCount" [4] Varint;
        4 shard_info "shardInfo" [5] Message;
    }
}

/// `meta/v1` ShardInfo: which shard of a collection a list holds.
#[derive(Clone, Default, PartialEq)]
pub struct ShardInfo {
    /// The selector that the server applied.
    pub selector: String,
}

object! {
    ShardInfo {
        0 selector "selector" [1] String required;
    }
}

/// A list of objects of one kind.
///
/// `apiVersion` and `kind` follow from the items' type: `PodList` for pods.
#[derive(Clone, Default, PartialEq)]
pub struct List<T> {
    /// Where the list stands in time, and how it goes on.
    pub metadata: ListMeta,
    /// The objects.
    pub items: Vec<T>,
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: Value + Default + PartialEq> Value for List<T> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if reader.null()? {
            return Ok(());
        }
        let mut api_version = String::new();
        let mut kind = String::new();
        let first_unknown = reader.unknown_mark();
        codec::decode_members(reader, "a list of objects", |reader, name| match name {
            "metadata" => {
                self.metadata.reset();
                self.metadata.decode(reader)
            }
            "items" => self.items.decode(reader),
            "apiVersion" => api_version.decode(reader),
            "kind" => kind.decode(reader),
            _ => reader.raw().map(drop),
        })?;
        // Lists are never written back, so what they do not know is nobody's.
        reader.forget_unknown(first_unknown);
        let probe = T::default();
        match probe.type_meta() {
            Some((_, item)) if !kind.is_empty() && !is_list_of(&kind, item) => {
                return Err(reader.error_after(format!("a list of {item}"), "a list of another kind"));
            }
            Some((version, _)) if !api_version.is_empty() && version != api_version && kind != "List" => {
                return Err(reader.error_after(format!("a list of {version}"), "a list of another version"));
            }
            Some(_) => {}
            None => {
                let item = kind.strip_suffix("List").unwrap_or(&kind);
                for object in &mut self.items {
                    object.inherit_type_meta(&api_version, item);
                }
            }
        }
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        let probe = T::default();
        let of = self.items.first().and_then(Value::type_meta).or_else(|| probe.type_meta());
        writer.open('{');
        if let Some((api_version, kind)) = of {
            writer.name("apiVersion");
            writer.string(api_version);
            writer.name("kind");
            writer.string(&format!("{kind}List"));
        }
        writer.name("metadata");
        self.metadata.encode(writer);
        writer.name("items");
        self.items.encode(writer);
        writer.close('}');
    }

    fn reset(&mut self) {
        self.metadata.reset();
        self.items.clear();
    }

    fn is_default(&self) -> bool {
        self.items.is_empty() && self.metadata.is_default()
    }

    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("metadata", &self.metadata)
            .field("items", &DebugValue(&self.items))
            .finish()
    }
}

/// `PodList` is a list of `Pod`; `List` is one of anything, as kubectl prints.
fn is_list_of(kind: &str, item: &str) -> bool {
    kind == "List" || kind.strip_suffix("List") == Some(item)
}

impl<T: Value + Default + PartialEq> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f)
    }
}

impl<T: Value + Default + PartialEq> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de, T: Value + Default + PartialEq> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}
