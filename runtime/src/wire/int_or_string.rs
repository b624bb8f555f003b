//! An integer or a string: ports by number or name, counts or percentages.
//!
//! It deliberately does not guess: a string that looks like a number stays a string, as in Go.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DecodeError, Peek, Reader, Value, Writer, integer, plain};

/// An integer or a string, as it stands in JSON.
///
/// ```
/// # use clientset_runtime::wire::{IntOrString, Rounding};
/// let port = IntOrString::from("http");
/// assert_eq!(port.as_int(), None);
/// let unavailable = IntOrString::from("25%");
/// assert_eq!(unavailable.scaled(10, Rounding::Up)?, 3);
/// # Ok::<(), clientset_runtime::wire::NotAPercentage>(())
/// ```
///
/// Go keeps 32 bits of the integer, custom resources use 64: so it is 64 here. A number such as `1.0` is the integer 1;
/// one with a fraction, or beyond 64 bits, is an error. The default is `0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntOrString {
    /// A JSON number.
    Int(i64),
    /// A JSON string.
    String(String),
}

/// Which way a percentage of a total is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the next larger integer.
    Up,
    /// To the next smaller integer.
    Down,
}

impl IntOrString {
    /// The integer, or the text as an integer where the whole of it fits 32 bits, as Go's `intstr.Parse`.
    ///
    /// ```
    /// # use clientset_runtime::wire::IntOrString;
    /// assert_eq!(IntOrString::parse("80"), IntOrString::Int(80));
    /// assert_eq!(IntOrString::parse("http"), IntOrString::String("http".to_owned()));
    /// ```
    pub fn parse(text: &str) -> Self {
        match text.parse::<i32>() {
            Ok(value) => IntOrString::Int(value.into()),
            Err(_) => IntOrString::String(text.to_owned()),
        }
    }

    /// The integer, where it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            IntOrString::Int(value) => Some(*value),
            IntOrString::String(_) => None,
        }
    }

    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            IntOrString::Int(_) => None,
            IntOrString::String(text) => Some(text),
        }
    }

    /// The integer as it stands, or the percentage of `total`: what `maxUnavailable: 25%` means for so many replicas.
    ///
    /// # Errors
    /// When it is a string that is not an integer with a `%` behind it.
    pub fn scaled(&self, total: i64, rounding: Rounding) -> Result<i64, NotAPercentage> {
        let text = match self {
            IntOrString::Int(value) => return Ok(*value),
            IntOrString::String(text) => text,
        };
        let percent = text.strip_suffix('%').and_then(|number| number.parse::<i64>().ok());
        let percent = percent.ok_or_else(|| NotAPercentage { text: text.chars().take(40).collect() })?;
        let product = i128::from(percent) * i128::from(total);
        let down = product.div_euclid(100);
        let up = down + i128::from(product.rem_euclid(100) != 0);
        let scaled = if rounding == Rounding::Up { up } else { down };
        Ok(i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl Default for IntOrString {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

impl From<i32> for IntOrString {
    fn from(value: i32) -> Self {
        IntOrString::Int(value.into())
    }
}

impl From<i64> for IntOrString {
    fn from(value: i64) -> Self {
        IntOrString::Int(value)
    }
}

impl From<u16> for IntOrString {
    fn from(port: u16) -> Self {
        IntOrString::Int(port.into())
    }
}

impl From<&str> for IntOrString {
    fn from(text: &str) -> Self {
        IntOrString::String(text.to_owned())
    }
}

impl From<String> for IntOrString {
    fn from(text: String) -> Self {
        IntOrString::String(text)
    }
}

impl FromStr for IntOrString {
    type Err = Infallible;

    /// As [`IntOrString::parse`].
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(IntOrString::parse(text))
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(value) => fmt::Display::fmt(value, f),
            IntOrString::String(text) => f.pad(text),
        }
    }
}

impl Value for IntOrString {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        *self = match reader.peek()? {
            Peek::String => IntOrString::String(reader.string()?.into_owned()),
            Peek::Null => {
                reader.null()?;
                IntOrString::default()
            }
            _ => IntOrString::Int(integer(reader, "a 64-bit integer or a string")?),
        };
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        match self {
            IntOrString::Int(value) => writer.integer(*value),
            IntOrString::String(text) => writer.string(text),
        }
    }

    plain!();
}

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}

/// A string that is no percentage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAPercentage {
    text: String,
}

impl fmt::Display for NotAPercentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither an integer nor a percentage such as \"25%\"", self.text)
    }
}

impl std::error::Error for NotAPercentage {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::fixtures;

    #[test]
    fn percentages_scale_as_in_go() {
        let rows: Vec<(IntOrString, i64, Option<i64>, Option<i64>)> =
            fixtures::read("int_or_string/scaled.json");
        assert!(rows.len() > 300);
        for (value, total, up, down) in rows {
            assert_eq!(value.scaled(total, Rounding::Up).ok(), up, "{value:?} of {total}, up");
            assert_eq!(value.scaled(total, Rounding::Down).ok(), down, "{value:?} of {total}, down");
        }
    }

    #[test]
    fn texts_parse_as_in_go() {
        let rows: Vec<(String, IntOrString)> = fixtures::read("int_or_string/parse.json");
        for (text, value) in rows {
            assert_eq!(IntOrString::parse(&text), value, "{text}");
        }
    }

    #[test]
    fn json_keeps_integers_and_strings_apart() {
        for (json, value, written) in [
            ("80", IntOrString::Int(80), "80"),
            (r#""80""#, IntOrString::from("80"), r#""80""#),
            (r#""""#, IntOrString::from(""), r#""""#),
            ("null", IntOrString::Int(0), "0"),
            ("1.0", IntOrString::Int(1), "1"),
            ("1e3", IntOrString::Int(1000), "1000"),
            ("-5", IntOrString::Int(-5), "-5"),
            ("3000000000", IntOrString::Int(3_000_000_000), "3000000000"),
            ("9223372036854775807", IntOrString::Int(i64::MAX), "9223372036854775807"),
        ] {
            let read: IntOrString = codec::from_str(json).unwrap();
            assert_eq!(read, value, "{json}");
            assert_eq!(codec::to_string(&read), written, "{json}");
            assert_eq!(serde_json::from_str::<IntOrString>(json).unwrap(), value, "{json} by serde");
            assert_eq!(serde_json::to_string(&value).unwrap(), written, "{json} by serde");
        }
    }

    #[test]
    fn numbers_that_would_be_lost_are_refused() {
        for json in ["1.5", "9223372036854775808", "1e30", "1e999", "true", "[]", "{}"] {
            let error = codec::from_str::<IntOrString>(json).unwrap_err();
            assert!(error.to_string().contains("a 64-bit integer or a string"), "{json}: {error}");
        }
    }
}
