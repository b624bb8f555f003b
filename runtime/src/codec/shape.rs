//! What the codec knows of a type: the [`Value`] and [`Object`] traits and the [`Table`] of facts behind them.
//!
//! Facts only: how they are walked is in `decode` and `encode`.

use std::fmt;

use super::{DecodeError, Reader, UnknownFields, Writer};
use crate::wire::{Map, RawJson};

/// What is called with each object of a value: see [`Value::objects_mut`].
pub type VisitObjects<'a> = dyn FnMut(&mut dyn Object) + 'a;

/// Anything that stands as a JSON value: scalars, lists, maps, wire types and generated objects.
///
/// Implemented by the runtime and, through [`object!`](crate::object) and [`open_enum!`](crate::open_enum), by generated
/// types; there is no need to implement it by hand.
pub trait Value: Send + Sync {
    /// Reads the next JSON value into `self`, in place.
    ///
    /// # Errors
    /// When the text is no JSON, nests deeper than [`MAX_DEPTH`](super::MAX_DEPTH) or is of another type.
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// Appends `self` as JSON. Objects need not say how.
    fn encode(&self, writer: &mut Writer) {
        if let Some(object) = self.as_object() {
            super::encode_object(object, writer);
        }
    }

    /// Back to the default, before a repeated member is read again: the last one wins, nothing merges.
    fn reset(&mut self);

    /// Whether an object leaves this member out.
    fn is_absent(&self) -> bool {
        false
    }

    /// Whether this is what a missing member of the type reads as: `""`, `0`, `false`, an empty list or object.
    ///
    /// Server-side apply leaves such members out where they are required, so that nobody comes to own a zero.
    fn is_default(&self) -> bool;

    /// Writes `self` for people. Objects need not say how.
    ///
    /// # Errors
    /// Those of the formatter.
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_object().map_or(Ok(()), |object| super::debug_object(object, f))
    }

    /// The value as a table-driven object, where it is one.
    fn as_object(&self) -> Option<&dyn Object> {
        None
    }

    /// Whether the type tells `null` from a missing value by itself.
    fn keeps_null() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Hands each table-driven object in the value to `visit`: itself, or those that lists and maps hold, but not those
    /// that lie deeper.
    fn objects_mut(&mut self, visit: &mut VisitObjects<'_>) {
        let _ = visit;
    }

    /// `apiVersion` and `kind`, where the value has them.
    fn type_meta(&self) -> Option<(&str, &str)> {
        None
    }

    /// Tells an item the `apiVersion` and `kind` that its list implies, since servers leave them out of items.
    fn inherit_type_meta(&mut self, api_version: &str, kind: &str) {
        let _ = (api_version, kind);
    }
}

/// A value with named members: what the generator emits, through [`object!`](crate::object).
pub trait Object: Value {
    /// The facts of this type.
    fn table(&self) -> &'static Table;

    /// The member in row `index` of the table.
    fn member(&self, index: usize) -> Option<&dyn Value>;

    /// The member in row `index` of the table, to be written to.
    fn member_mut(&mut self, index: usize) -> Option<&mut dyn Value>;

    /// The members that this build does not know, where the type keeps them.
    fn unknown(&self) -> Option<&UnknownFields> {
        None
    }

    /// The members that this build does not know, to be written to.
    fn unknown_mut(&mut self) -> Option<&mut UnknownFields> {
        None
    }

    /// The members that the schema does not name and keeps, where the type holds such.
    fn preserved(&self) -> Option<&Map<RawJson>> {
        None
    }

    /// The members that the schema does not name and keeps, to be written to.
    fn preserved_mut(&mut self) -> Option<&mut Map<RawJson>> {
        None
    }
}

/// The facts of one object type.
#[derive(Debug)]
pub struct Table {
    /// The type's name, for messages.
    pub name: &'static str,
    /// `apiVersion` and `kind`, for top-level kinds.
    pub type_meta: Option<TypeMeta>,
    /// Its members, in the order in which they are written.
    pub fields: &'static [Field],
}

/// `apiVersion` and `kind` of a top-level kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeMeta {
    /// `group/version`, or `version` for the core group.
    pub api_version: &'static str,
    /// The kind, in CamelCase.
    pub kind: &'static str,
}

/// The facts of one member.
#[derive(Debug)]
pub struct Field {
    /// Its name in JSON.
    pub json: &'static str,
    /// Its number in Kubernetes protobuf; more than one where the member lies in messages that JSON writes inline; none
    /// for types that have no protobuf form (custom resources).
    pub number: &'static [u32],
    /// Its form in protobuf.
    pub wire: Wire,
    /// How a list of it merges.
    pub list: ListKind,
    /// Whether it is always written.
    pub required: bool,
    /// What a server puts there when it is absent, as JSON text: see [`fill_defaults`](super::fill_defaults).
    pub default: Option<&'static str>,
    /// The first eight bytes of the name and its closing quote, and which of them count: one comparison tells most
    /// names apart. See `Reader::known_name`.
    pub(super) head: u64,
    pub(super) mask: u64,
}

/// How [`object!`](crate::object) spells a row: the words behind the wire kind are these methods.
impl Field {
    /// An optional member whose list, if it is one, merges in no stated way.
    pub const fn new(json: &'static str, number: &'static [u32], wire: Wire) -> Self {
        let (head, mask) = head(json.as_bytes());
        Field { json, number, wire, list: ListKind::Unspecified, required: false, default: None, head, mask }
    }

    /// Always written.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// A list that is replaced as a whole.
    pub const fn atomic(mut self) -> Self {
        self.list = ListKind::Atomic;
        self
    }

    /// A list that is a set of scalars.
    pub const fn set(mut self) -> Self {
        self.list = ListKind::Set;
        self
    }

    /// A list whose items have keys, which [`Field::keys`] names.
    pub const fn map(self) -> Self {
        self
    }

    /// The members that tell the items of a list apart.
    pub const fn keys(mut self, names: &'static [&'static str]) -> Self {
        self.list = ListKind::Map(names);
        self
    }

    /// What a server puts there when it is absent, as JSON text.
    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }
}

/// What [`Field`] holds of its name. A name that JSON has to escape never matches as it stands: it is read in full.
const fn head(name: &[u8]) -> (u64, u64) {
    let (mut head, mut mask, mut at) = (0, 0, 0);
    while at <= name.len() {
        let byte = if at < name.len() { name[at] } else { b'"' };
        if at < name.len() && (byte == b'"' || byte == b'\\' || byte < 0x20) {
            return (1, 0);
        }
        if at < 8 {
            head |= (byte as u64) << (8 * at);
            mask |= 0xff << (8 * at);
        }
        at += 1;
    }
    (head, mask)
}

/// The form of a member in protobuf. That it repeats, or is a map, is told by its Rust type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wire {
    /// Integers and booleans.
    Varint,
    /// 64-bit floats.
    Double,
    /// UTF-8 text.
    String,
    /// Bytes, base64 in JSON.
    Bytes,
    /// A nested message.
    Message,
    /// A map with string keys.
    Map,
    /// JSON text in a message of its own: `RawExtension`, `FieldsV1`, `JSON`.
    Raw,
    /// `meta/v1` Time.
    Time,
    /// `meta/v1` MicroTime.
    MicroTime,
    /// A resource quantity.
    Quantity,
    /// An integer or a string.
    IntOrString,
}

/// How server-side apply and strategic merge patch treat a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListKind {
    /// The specification does not say, or it is no list.
    Unspecified,
    /// Replaced as a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// Items are told apart by the values of these members.
    Map(&'static [&'static str]),
}
