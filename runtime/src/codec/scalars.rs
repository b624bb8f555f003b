//! [`Value`] for the standard library's types: scalars, `Option`, `Box` and `Vec`.

use std::fmt;

use super::decode::decode_list;
use super::encode::{debug_list, encode_list};
use super::{DecodeError, Object, Reader, Value, VisitObjects, Writer};

/// The methods that a plain type has in common: back to the default, and its own `Debug`.
macro_rules! plain {
    () => {
        fn reset(&mut self) {
            *self = Default::default();
        }
        fn is_default(&self) -> bool {
            *self == Self::default()
        }
        fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(self, f)
        }
    };
}
pub(crate) use plain;

impl Value for String {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if !reader.null()? {
            *self = reader.string()?.into_owned();
        }
        Ok(())
    }
    fn encode(&self, writer: &mut Writer) {
        writer.string(self);
    }
    plain!();
}

impl Value for bool {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if !reader.null()? {
            *self = reader.bool()?;
        }
        Ok(())
    }
    fn encode(&self, writer: &mut Writer) {
        writer.raw(if *self { "true" } else { "false" });
    }
    plain!();
}

impl Value for i64 {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if !reader.null()? {
            *self = integer(reader, "a 64-bit integer")?;
        }
        Ok(())
    }
    fn encode(&self, writer: &mut Writer) {
        writer.integer(*self);
    }
    plain!();
}

impl Value for i32 {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if !reader.null()? {
            let start = reader.position();
            let wide = integer(reader, "a 32-bit integer")?;
            *self = i32::try_from(wide)
                .map_err(|_| reader.error_at(start, "a 32-bit integer", "a number out of its range"))?;
        }
        Ok(())
    }
    fn encode(&self, writer: &mut Writer) {
        writer.integer(i64::from(*self));
    }
    plain!();
}

impl Value for f64 {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if !reader.null()? {
            let start = reader.position();
            let parsed = reader.number()?.parse::<f64>().ok().filter(|value| value.is_finite());
            *self = parsed
                .ok_or_else(|| reader.error_at(start, "a 64-bit float", "a number out of its range"))?;
        }
        Ok(())
    }
    fn encode(&self, writer: &mut Writer) {
        if self.is_finite() {
            // Debug keeps the exponent of large and small numbers, and always round-trips.
            writer.raw(&format!("{self:?}"));
        } else {
            // JSON has no such number; Go refuses to write it, null says that there is none.
            writer.raw("null");
        }
    }
    plain!();
}

/// An integer, also where it is written with a fraction or an exponent (`1.0`, `1e3`): integral floats are numbers too.
pub(crate) fn integer(reader: &mut Reader<'_>, expected: &str) -> Result<i64, DecodeError> {
    let start = reader.position();
    let text = match reader.number() {
        Ok(text) => text,
        Err(_) => return Err(reader.error(expected)),
    };
    if let Ok(value) = text.parse::<i64>() {
        return Ok(value);
    }
    // 2^63 is the first float beyond the range, and is exact.
    let float = text.parse::<f64>().unwrap_or(f64::NAN);
    let fractional = text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    if fractional && float.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(&float) {
        return Ok(float as i64);
    }
    let found = if fractional { "a number with a fraction" } else { "a number out of its range" };
    Err(reader.error_at(start, expected, found))
}

impl<T: Value + Default> Value for Option<T> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        // Of two that are nested, the outer says whether the member is there and the inner whether it is null.
        if !T::keeps_null() && reader.null()? {
            *self = None;
            return Ok(());
        }
        self.insert(T::default()).decode(reader)
    }
    fn encode(&self, writer: &mut Writer) {
        match self {
            Some(value) => value.encode(writer),
            None => writer.raw("null"),
        }
    }
    fn reset(&mut self) {
        *self = None;
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
    fn is_default(&self) -> bool {
        self.is_none()
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(value) => value.debug(f),
            None => f.write_str("None"),
        }
    }
    fn as_object(&self) -> Option<&dyn Object> {
        self.as_ref().and_then(Value::as_object)
    }
    fn objects_mut(&mut self, visit: &mut VisitObjects<'_>) {
        if let Some(value) = self {
            value.objects_mut(visit);
        }
    }
    fn keeps_null() -> bool {
        true
    }
}

impl<T: Value + Default> Value for Box<T> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        (**self).decode(reader)
    }
    fn encode(&self, writer: &mut Writer) {
        (**self).encode(writer);
    }
    fn reset(&mut self) {
        (**self).reset();
    }
    fn is_default(&self) -> bool {
        (**self).is_default()
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).debug(f)
    }
    fn as_object(&self) -> Option<&dyn Object> {
        (**self).as_object()
    }
    fn objects_mut(&mut self, visit: &mut VisitObjects<'_>) {
        (**self).objects_mut(visit);
    }
}

impl<T: Value + Default> Value for Vec<T> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        decode_list(self, reader)
    }
    fn encode(&self, writer: &mut Writer) {
        encode_list(self, writer);
    }
    fn reset(&mut self) {
        self.clear();
    }
    fn is_default(&self) -> bool {
        self.is_empty()
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_list(self, f)
    }
    fn objects_mut(&mut self, visit: &mut VisitObjects<'_>) {
        for item in self {
            item.objects_mut(visit);
        }
    }
}
