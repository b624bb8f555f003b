//! A quantity on the wire: a JSON string, or a JSON number, and the same through serde.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Stored;
use super::{Quantity, parse};
use crate::codec::{self, DecodeError, Peek, Reader, Value, Writer, plain};

const EXPECTED: &str = "a quantity such as 500m, 1.5, 2Gi or 1e3";

impl Value for Quantity {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let stored = match reader.peek()? {
            // As in Go: null is no quantity, which counts as zero.
            Peek::Null => {
                reader.null()?;
                *self = Quantity::default();
                return Ok(());
            }
            Peek::Number => {
                let text = reader.number()?;
                parse::validate(text).map(|()| Stored::new(text, true))
            }
            Peek::String => {
                let text = reader.string()?;
                let read = parse::validate(text.trim());
                read.or_else(|error| if parse::fits_pattern(&text) { Ok(()) } else { Err(error) })
                    .map(|()| Stored::new(&text, false))
            }
            _ => return Err(reader.error(EXPECTED)),
        };
        self.0 = stored.map_err(|_| reader.error_after(EXPECTED.to_owned(), "another text"))?;
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        if self.0.is_number() { writer.raw(self.as_str()) } else { writer.string(self.as_str()) }
    }

    plain!();
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({:?})", self.as_str())
    }
}
