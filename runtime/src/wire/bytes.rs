//! Bytes that travel as base64, as Go's `[]byte` does: the data of Secrets, certificate bundles.
//!
//! Nothing here ever shows the content: not `Debug`, and no error.

use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DecodeError, Reader, Value, Writer, plain};

/// Go's standard encoding: padding is required, and what the last bits are is not asked.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

/// Bytes, base64 on the wire.
///
/// ```
/// # use clientset_runtime::{codec, wire::Bytes};
/// let password: Bytes = codec::from_str(r#""c2VjcmV0""#)?;
/// assert_eq!(&*password, b"secret");
/// assert_eq!(format!("{password:?}"), "Bytes(6 bytes)");
/// # Ok::<(), codec::DecodeError>(())
/// ```
///
/// `Debug` shows the length only. `null` reads as empty.
///
/// A text that is no base64 is kept, and written as it was: a server may hold one in a custom resource whose definition came
/// to say `format: byte` later, and one such object must not make a list unreadable. As bytes it is empty;
/// [`undecoded`](Bytes::undecoded) tells. Servers refuse new ones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Content);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Content {
    Decoded(Vec<u8>),
    /// What was read and is no base64.
    Text(Box<str>),
}

impl Bytes {
    /// The bytes themselves.
    pub fn into_vec(self) -> Vec<u8> {
        match self.0 {
            Content::Decoded(bytes) => bytes,
            Content::Text(_) => Vec::new(),
        }
    }

    /// The text that was read, where it is no base64.
    ///
    /// ```
    /// # use clientset_runtime::{codec, wire::Bytes};
    /// let bundle: Bytes = codec::from_str(r#""${CA_BUNDLE}""#)?;
    /// assert_eq!(bundle.undecoded(), Some("${CA_BUNDLE}"));
    /// assert!(bundle.is_empty());
    /// # Ok::<(), codec::DecodeError>(())
    /// ```
    pub fn undecoded(&self) -> Option<&str> {
        match &self.0 {
            Content::Decoded(_) => None,
            Content::Text(text) => Some(text),
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Bytes(Content::Decoded(Vec::new()))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Content::Decoded(bytes) => bytes,
            Content::Text(_) => &[],
        }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(Content::Decoded(bytes))
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.into_vec()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Content::Decoded(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Content::Text(text) => write!(f, "Bytes({} bytes of text that is no base64)", text.len()),
        }
    }
}

impl Value for Bytes {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if reader.null()? {
            *self = Bytes::default();
            return Ok(());
        }
        let text = reader.string()?;
        // Go skips line breaks wherever they stand; whoever pastes a file in has them.
        let decoded = if text.contains(['\r', '\n']) {
            BASE64.decode(text.replace(['\r', '\n'], ""))
        } else {
            BASE64.decode(text.as_bytes())
        };
        self.0 = match decoded {
            Ok(bytes) => Content::Decoded(bytes),
            Err(_) => Content::Text(text.into()),
        };
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        // Nothing in this alphabet needs escaping, but the writer's separators are its own affair.
        match &self.0 {
            Content::Decoded(bytes) => writer.string(&BASE64.encode(bytes)),
            Content::Text(text) => writer.string(text),
        }
    }

    plain!();
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(json: &str) -> Result<Bytes, DecodeError> {
        codec::from_str(json)
    }

    #[test]
    fn base64_is_read_and_written_as_go_does() {
        // What Go 1.26's encoding/json does with a []byte.
        for (json, bytes) in [
            (r#""""#, &b""[..]),
            ("null", b""),
            (r#""Zg==""#, b"f"),
            (r#""Zm8=""#, b"fo"),
            (r#""Zm9v""#, b"foo"),
            (r#""+/+/""#, b"\xfb\xff\xbf"),
            (r#""Zm9v\nYmFy\r\n""#, b"foobar"),
            (r#""Zh==""#, b"f"),
        ] {
            assert_eq!(&*decode(json).unwrap(), bytes, "{json}");
        }
        assert_eq!(codec::to_string(&Bytes::from(b"\xfb\xff\xbff")), r#""+/+/Zg==""#);
        assert_eq!(codec::to_string(&Bytes::default()), r#""""#);
    }

    #[test]
    fn what_a_server_stores_in_a_custom_resource_is_read() {
        let rows: Vec<(String, Option<Vec<u8>>)> = crate::wire::fixtures::read("stored/bytes.json");
        let mut stored = 0;
        for (text, bytes) in rows {
            let Some(bytes) = bytes else { continue };
            stored += 1;
            let ours = decode(&serde_json::to_string(&text).unwrap()).unwrap();
            assert_eq!(*ours, *bytes, "{text:?}");
            assert_eq!(decode(&codec::to_string(&ours)).unwrap(), ours);
        }
        assert!(stored > 30, "{stored}");
    }

    #[test]
    fn what_is_no_base64_is_given_back_and_never_shown() {
        for json in [r#""Zg""#, r#""Zg=""#, r#""hunter2!""#, r#""-_-_""#, r#""Zm9v ""#, r#""${A}\n""#] {
            let bytes = decode(json).unwrap();
            assert!(bytes.is_empty() && bytes.undecoded().is_some(), "{json}");
            assert_eq!(codec::to_string(&bytes), json);
            assert_eq!(
                serde_json::from_str::<Bytes>(&serde_json::to_string(&bytes).unwrap()).unwrap(),
                bytes
            );
            assert!(bytes != Bytes::default() && !bytes.is_default() && bytes.clone().into_vec().is_empty());
            assert!(!format!("{bytes:?}").contains("hunter"), "{bytes:?}");
        }
        assert_eq!(decode(r#""Zg==""#).unwrap().undecoded(), None);
        assert_eq!(size_of::<Bytes>(), size_of::<Vec<u8>>());
    }

    #[test]
    fn what_is_no_string_is_refused() {
        for json in ["5", "[102]", "{}", "true", r#""\x""#] {
            assert!(decode(json).unwrap_err().to_string().contains("expected"), "{json}");
        }
    }

    #[test]
    fn serde_reads_what_it_wrote() {
        let bytes = Bytes::from("hunter2");
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json, r#""aHVudGVyMg==""#);
        assert_eq!(serde_json::from_str::<Bytes>(&json).unwrap(), bytes);
    }
}
