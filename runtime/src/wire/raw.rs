//! JSON kept as the text it came in.
//!
//! For what the types do not describe: `managedFields`, `RawExtension`, preserved objects. Parsed only when somebody asks.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DecodeError, Reader, Value, Writer};

/// Any JSON value, as its text.
///
/// ```
/// # use clientset_runtime::wire::RawJson;
/// let raw = RawJson::parse(r#"{"replicas": 3}"#)?;
/// assert_eq!(raw.get(), r#"{"replicas": 3}"#);
/// # Ok::<(), clientset_runtime::codec::DecodeError>(())
/// ```
///
/// Compared by value: white space and the order of members do not count. The default is `null`.
#[derive(Clone)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// JSON text, checked.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(json: &str) -> Result<Self, DecodeError> {
        codec::from_str(json)
    }

    /// Whatever serde can write as JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON, as a map with keys that are no strings.
    pub fn from_value(value: &impl Serialize) -> crate::Result<Self> {
        match serde_json::to_string(value) {
            Ok(json) => Ok(RawJson(json.into())),
            Err(error) => {
                Err(crate::Error::new(crate::error::Kind::Request, "writing JSON", error.to_string()))
            }
        }
    }

    /// The value, read into any type that serde can read.
    ///
    /// # Errors
    /// When it is of another shape. The error tells the place and never the value, which may be secret.
    pub fn to_value<T: DeserializeOwned>(&self) -> crate::Result<T> {
        serde_json::from_str(&self.0).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let message = format!("the value at {place} is not what {} wants", std::any::type_name::<T>());
            crate::Error::new(crate::error::Kind::Decode, "reading raw JSON", message)
        })
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }
}

impl Default for RawJson {
    fn default() -> Self {
        RawJson("null".into())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        self.0 == other.0 || parse(&self.0).is_some_and(|value| Some(value) == parse(&other.0))
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Value for RawJson {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.0 = reader.raw()?.into();
        Ok(())
    }
    fn encode(&self, writer: &mut Writer) {
        writer.raw(&self.0);
    }
    fn reset(&mut self) {
        *self = RawJson::default();
    }
    fn is_default(&self) -> bool {
        &*self.0 == "null"
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}
