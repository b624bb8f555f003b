//! Objects of any kind, for programs that learn at run time what they work on.
//!
//! Deliberately a tree of JSON and nothing more: it knows `apiVersion`, `kind` and `metadata`, and leaves the rest to JSON
//! pointers. Types that are known at build time are better served by generated code.

mod json;
mod metadata;
mod pointer;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::codec::{self, DecodeError, Reader, Value, Writer};
use crate::error::{Error, Kind};
use crate::rest::unfit;
use crate::{Api, Client, Entity, ObjectMetadata, ResourceInfo, Result, yaml};
pub(crate) use json::parse as parse_json;
use metadata::Parsed;

/// The client for objects of a kind that is known at run time only: all verbs of [`Api`], subresources included.
pub type DynamicApi = Api<DynamicObject>;

/// An object of any kind.
///
/// ```
/// use clientset_runtime::{DynamicObject, Entity};
///
/// let mut object = DynamicObject::new("apps/v1", "Deployment");
/// object.metadata_mut().set_name(Some("web".into()));
/// object.set("/spec/replicas", 3)?;
/// assert_eq!(object.get::<i32>("/spec/replicas")?, Some(3));
/// assert_eq!(object.get::<i32>("/spec/paused")?, None);
/// # Ok::<(), clientset_runtime::Error>(())
/// ```
///
/// Compared member by member as JSON. Numbers are what `serde_json` keeps: 64-bit integers, signed and unsigned, and
/// 64-bit floats; an integer beyond becomes the nearest float, and a number beyond floats is an error. (With serde_json's
/// feature `arbitrary_precision`, which any crate of a program can switch on, all digits stay.) `Debug` shows no more than
/// kind, namespace and name, since the object may be a Secret.
#[derive(Clone, Default)]
pub struct DynamicObject {
    members: Map<String, Json>,
    /// What [`ObjectMetadata`] lends out and JSON does not have in that form.
    parsed: Parsed,
}

impl DynamicObject {
    /// An empty object of a kind.
    pub fn new(api_version: impl Into<String>, kind: impl Into<String>) -> Self {
        let mut object = DynamicObject::default();
        object.members.insert("apiVersion".to_owned(), Json::String(api_version.into()));
        object.members.insert("kind".to_owned(), Json::String(kind.into()));
        object
    }

    /// An empty object of a resource's kind.
    pub fn of(resource: &ResourceInfo) -> Self {
        Self::new(resource.api_version(), resource.kind.clone())
    }

    /// An object from JSON text.
    ///
    /// # Errors
    ///
    /// When it is no JSON object, nests deeper than [`codec::MAX_DEPTH`], or `apiVersion` or `kind` is no string.
    pub fn from_json(json: &str) -> Result<Self> {
        codec::from_str(json)
            .map_err(|error| Error::new(Kind::Decode, "reading an object from JSON", error.to_string()))
    }

    /// An object from one YAML document.
    ///
    /// # Errors
    ///
    /// When it is no YAML mapping, holds a second document or nests deeper than 64 levels, or `apiVersion` or `kind` is no
    /// string.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let wrong = |message: String| Error::new(Kind::Decode, "reading an object from YAML", message);
        let node = yaml::parse(text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        let Json::Object(members) = json::from_yaml(node) else {
            return Err(wrong("it is no mapping".to_owned()));
        };
        let object = Self::holding(members);
        for name in ["apiVersion", "kind"] {
            if !matches!(object.members.get(name), None | Some(Json::Null | Json::String(_))) {
                return Err(wrong(format!("{name} is no string")));
            }
        }
        Ok(object)
    }

    /// The same object in another form, with all its members.
    ///
    /// # Errors
    ///
    /// When the value is no object, as a list or a number.
    pub fn from_typed(object: &impl Value) -> Result<Self> {
        codec::from_str(&codec::to_string(object))
            .map_err(|error| Error::new(Kind::Request, "making an object dynamic", error.to_string()))
    }

    /// The same object as a type that is known at build time.
    ///
    /// # Errors
    ///
    /// When it is of another kind or version, or a member is of another shape; the error says where, and not what.
    pub fn to_typed<T: Value + Default>(&self) -> Result<T> {
        codec::from_str(&self.to_json()).map_err(|error| {
            Error::new(Kind::Decode, format!("reading {self:?} as a type"), error.to_string())
        })
    }

    /// The object as JSON text.
    pub fn to_json(&self) -> String {
        codec::to_string(self)
    }

    /// `group/version`, or `version` for the core group; empty where the object does not say.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion").unwrap_or_default()
    }

    /// The kind; empty where the object does not say.
    pub fn kind(&self) -> &str {
        self.text("/kind").unwrap_or_default()
    }

    /// The value at a JSON pointer (RFC 6901), as any type that serde can read; `None` where there is none, or `null`.
    ///
    /// In names, `~1` stands for `/` and `~0` for `~`: `/metadata/labels/app.kubernetes.io~1name`.
    ///
    /// # Errors
    ///
    /// When the value is of another shape. The error does not repeat it.
    pub fn get<T: DeserializeOwned>(&self, pointer: &str) -> Result<Option<T>> {
        let whole;
        let value = match pointer::find(&self.members, pointer) {
            Some(Json::Null) => return Ok(None),
            Some(value) => value,
            None if pointer.is_empty() => {
                whole = Json::Object(self.members.clone());
                &whole
            }
            None => return Ok(None),
        };
        T::deserialize(value).map(Some).map_err(|error| {
            let message =
                format!("{pointer:?} is {} that cannot be read: {}", json::sort(value), unfit(&error));
            Error::new(Kind::Decode, format!("reading {self:?}"), message)
        })
    }

    /// The text at a JSON pointer; `None` where there is no string.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        pointer::find(&self.members, pointer)?.as_str()
    }

    /// Whether there is a value at a JSON pointer, `null` included.
    pub fn has(&self, pointer: &str) -> bool {
        pointer.is_empty() || pointer::find(&self.members, pointer).is_some()
    }

    /// Sets the value at a JSON pointer. What is missing on the way is made; `-` adds to a list.
    ///
    /// # Errors
    ///
    /// When the value has no JSON form, or the pointer is malformed, leads through a value that is no object or list, or
    /// beyond the end of a list. Nothing is changed then.
    pub fn set(&mut self, pointer: &str, value: impl Serialize) -> Result<()> {
        let wrong = |object: &Self, why: &str| {
            Err(Error::new(Kind::Request, format!("setting {pointer:?} of {object:?}"), why))
        };
        let Ok(value) = serde_json::to_value(value) else { return wrong(self, "the value has no JSON form") };
        if pointer.is_empty() {
            let Json::Object(members) = value else { return wrong(self, "an object is no other value") };
            *self = Self::holding(members);
            return Ok(());
        }
        if let Err(why) = pointer::set(&mut self.members, pointer, value) {
            return wrong(self, why);
        }
        self.parsed = Parsed::of(&self.members);
        Ok(())
    }

    /// Removes the value at a JSON pointer; `true` if there was one.
    pub fn remove(&mut self, pointer: &str) -> bool {
        let removed = pointer::remove(&mut self.members, pointer);
        self.parsed = Parsed::of(&self.members);
        removed
    }

    fn holding(members: Map<String, Json>) -> Self {
        let parsed = Parsed::of(&members);
        DynamicObject { members, parsed }
    }
}

impl Value for DynamicObject {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if reader.null()? {
            return Ok(());
        }
        let mut members = Map::new();
        codec::decode_members(reader, "an object", |reader, name| {
            let value = match name {
                "apiVersion" | "kind" if !reader.null()? => Json::String(reader.string()?.into_owned()),
                "apiVersion" | "kind" => Json::Null,
                _ => json::read(reader)?,
            };
            members.insert(name.to_owned(), value);
            Ok(())
        })?;
        *self = Self::holding(members);
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        json::write_members(&self.members, writer);
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn is_default(&self) -> bool {
        self.members.is_empty()
    }

    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }

    fn type_meta(&self) -> Option<(&str, &str)> {
        let (api_version, kind) = (self.api_version(), self.kind());
        (!api_version.is_empty() && !kind.is_empty()).then_some((api_version, kind))
    }

    fn inherit_type_meta(&mut self, api_version: &str, kind: &str) {
        for (name, value) in [("apiVersion", api_version), ("kind", kind)] {
            let missing = self.members.get(name).and_then(Json::as_str).unwrap_or_default().is_empty();
            if missing && !value.is_empty() {
                self.members.insert(name.to_owned(), Json::String(value.to_owned()));
            }
        }
    }
}

impl Entity for DynamicObject {
    fn metadata(&self) -> &dyn ObjectMetadata {
        self
    }

    fn metadata_mut(&mut self) -> &mut dyn ObjectMetadata {
        self
    }
}

impl PartialEq for DynamicObject {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl fmt::Debug for DynamicObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.kind().is_empty() { "object of no kind" } else { self.kind() })?;
        match (self.metadata().namespace(), self.metadata().name()) {
            (Some(namespace), Some(name)) => write!(f, " {:?}", format!("{namespace}/{name}")),
            (None, Some(name)) => write!(f, " {name:?}"),
            (_, None) => Ok(()),
        }
    }
}

impl Serialize for DynamicObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for DynamicObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}

impl Client {
    /// The client for a resource whose facts are known at run time only: in all namespaces, or in the cluster.
    ///
    /// [`Client::mapper`] finds the facts.
    pub fn dynamic(&self, resource: ResourceInfo) -> DynamicApi {
        Api::dynamic(self, resource, None)
    }

    /// The client for such a resource in one namespace.
    pub fn dynamic_namespaced(&self, resource: ResourceInfo, namespace: impl Into<String>) -> DynamicApi {
        Api::dynamic(self, resource, Some(namespace.into()))
    }
}
