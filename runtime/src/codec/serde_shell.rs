//! serde for every type with a [`Value`], written once: it goes through JSON text.
//!
//! The fast path is [`from_slice`](super::from_slice); this one is for `serde_json`, YAML and whoever speaks serde. It is
//! correct with serde_json's `arbitrary_precision` and `preserve_order`, and refuses formats that cannot describe
//! themselves, which would write what nobody can read back.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Deserializer, Serialize, Serializer};

use super::{Peek, Reader, Value, Writer};

/// Formats that write values without saying what they are. serde does not tell, so they are known by name.
const NOT_SELF_DESCRIBING: [&str; 6] = ["bincode", "postcard", "bcs", "borsh", "speedy", "ssz"];

/// The keys under which serde_json hands over numbers and raw JSON when other crates switch its features on.
const SERDE_JSON_NUMBER: &str = "$serde_json::private::Number";
const SERDE_JSON_RAW: &str = "$serde_json::private::RawValue";

/// `Serialize` for a value of the codec. What [`object!`](crate::object) forwards to.
///
/// # Errors
/// Those of the serializer; and for formats that cannot describe themselves.
pub fn serialize<S: Serializer>(value: &dyn Value, serializer: S) -> Result<S::Ok, S::Error> {
    if let Some(name) = not_self_describing(std::any::type_name::<S>()) {
        return Err(S::Error::custom(format_args!(
            "{name} does not describe itself, so Kubernetes objects cannot be read back from it: use JSON"
        )));
    }
    let text = super::to_string(value);
    Text(&RefCell::new(Reader::new(&text))).serialize(serializer)
}

/// The format's crate, where a serializer's type name says that it is one of those: a whole word, since a program may be
/// called `postcards`.
fn not_self_describing(serializer: &str) -> Option<&'static str> {
    let mut words = serializer.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.find_map(|word| NOT_SELF_DESCRIBING.into_iter().find(|name| *name == word))
}

/// The next JSON value of a reader, as something that serde can serialize: one pass, no tree.
struct Text<'r, 'a>(&'r RefCell<Reader<'a>>);

impl Serialize for Text<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reader = self.0;
        let kind = reader.borrow_mut().peek().map_err(S::Error::custom)?;
        match kind {
            Peek::Null => {
                reader.borrow_mut().null().map_err(S::Error::custom)?;
                serializer.serialize_unit()
            }
            Peek::Bool => {
                let value = reader.borrow_mut().bool().map_err(S::Error::custom)?;
                serializer.serialize_bool(value)
            }
            Peek::Number => {
                let text = reader.borrow_mut().number().map_err(S::Error::custom)?;
                // An integer has no -0; a float does.
                if let Some(value) = text.parse::<i64>().ok().filter(|_| text != "-0") {
                    serializer.serialize_i64(value)
                } else if let Ok(value) = text.parse::<u64>() {
                    serializer.serialize_u64(value)
                } else {
                    // serde has no larger numbers: what is beyond a 64-bit float's range would turn into no number at all.
                    match text.parse::<f64>() {
                        Ok(value) if value.is_finite() => serializer.serialize_f64(value),
                        _ => Err(S::Error::custom("a number beyond the range of 64-bit floats")),
                    }
                }
            }
            Peek::String => {
                let text = reader.borrow_mut().string().map_err(S::Error::custom)?;
                serializer.serialize_str(&text)
            }
            Peek::Array => {
                let mut list = serializer.serialize_seq(None)?;
                reader.borrow_mut().enter(b'[', "a list").map_err(S::Error::custom)?;
                let mut more = !reader.borrow_mut().close(b']');
                while more {
                    list.serialize_element(self)?;
                    more = reader.borrow_mut().more(b']').map_err(S::Error::custom)?;
                }
                list.end()
            }
            Peek::Object => {
                let mut map = serializer.serialize_map(None)?;
                reader.borrow_mut().enter(b'{', "an object").map_err(S::Error::custom)?;
                let mut more = !reader.borrow_mut().close(b'}');
                while more {
                    let name = reader.borrow_mut().name().map_err(S::Error::custom)?;
                    map.serialize_entry(&name, self)?;
                    more = reader.borrow_mut().more(b'}').map_err(S::Error::custom)?;
                }
                map.end()
            }
        }
    }
}

/// `Deserialize` for a value of the codec. What [`object!`](crate::object) forwards to.
///
/// # Errors
/// Those of the deserializer, and those of [`from_str`](super::from_str).
pub fn deserialize<'de, T: Value + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut writer = Writer::new();
    Collect(&mut writer).deserialize(deserializer)?;
    super::from_str(&writer.into_string()).map_err(D::Error::custom)
}

/// Collects whatever comes as JSON text.
struct Collect<'w>(&'w mut Writer);

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.raw(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.integer(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.raw(&value.to_string());
        Ok(())
    }

    // serde_json hands these over for large integers in a tree, with `arbitrary_precision` on.
    fn visit_i128<E>(self, value: i128) -> Result<(), E> {
        self.0.raw(&value.to_string());
        Ok(())
    }

    fn visit_u128<E>(self, value: u128) -> Result<(), E> {
        self.0.raw(&value.to_string());
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        if !value.is_finite() {
            return Err(E::custom("a number that is not finite has no JSON form"));
        }
        self.0.raw(&format!("{value:?}"));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.string(value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.raw("null");
        Ok(())
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.open('[');
        // Whether there is another item is only known once it is read: so the separator may have to be taken back.
        loop {
            let end = self.0.mark();
            self.0.next();
            if items.next_element_seed(Collect(self.0))?.is_none() {
                self.0.rewind(end);
                break;
            }
            self.0.written();
        }
        self.0.close(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut name = members.next_key::<String>()?;
        match name.as_deref() {
            Some(SERDE_JSON_NUMBER | SERDE_JSON_RAW) => {
                let text = members.next_value::<String>()?;
                let mut reader = Reader::new(&text);
                let valid = reader.raw().and_then(|raw| reader.end().map(|()| raw));
                self.0.raw(valid.map_err(A::Error::custom)?);
                return Ok(());
            }
            _ => self.0.open('{'),
        }
        while let Some(member) = name {
            self.0.name(&member);
            // Nested values set the separator state of their own level, and leave it as a closed value does.
            members.next_value_seed(Collect(self.0))?;
            self.0.written();
            name = members.next_key()?;
        }
        self.0.close('}');
        Ok(())
    }
}
