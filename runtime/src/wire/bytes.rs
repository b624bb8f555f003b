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
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes themselves.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Self {
        Bytes(bytes.to_vec())
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Bytes(text.into_bytes())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Bytes(text.as_bytes().to_vec())
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

impl Value for Bytes {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.0.clear();
        if reader.null()? {
            return Ok(());
        }
        let text = reader.string()?;
        // Go skips line breaks wherever they stand; whoever pastes a file in has them.
        let decoded = if text.contains(['\r', '\n']) {
            BASE64.decode(text.replace(['\r', '\n'], ""))
        } else {
            BASE64.decode(text.as_bytes())
        };
        // The library's error names a byte of the content, so it goes no further.
        self.0 = decoded.map_err(|_| {
            reader.error_after("standard base64 with padding".to_owned(), "a string that is not")
        })?;
        Ok(())
    }

    fn encode(&self, writer: &mut Writer) {
        // Nothing in this alphabet needs escaping, but the writer's separators are its own affair.
        writer.string(&BASE64.encode(&self.0));
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
    fn what_is_no_base64_is_refused_without_being_shown() {
        for json in [r#""Zg""#, r#""Zg=""#, r#""hunter2!""#, r#""-_-_""#, r#""Zm9v ""#, "5", "[102]", "{}"] {
            let error = decode(json).unwrap_err();
            let (shown, debug) = (error.to_string(), format!("{error:?}"));
            assert!(!shown.contains("hunter") && !debug.contains("hunter"), "{shown} {debug}");
            assert!(shown.contains("expected"), "{shown}");
        }
    }

    #[test]
    fn serde_reads_what_it_wrote() {
        let bytes = Bytes::from("hunter2");
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json, r#""aHVudGVyMg==""#);
        assert_eq!(serde_json::from_str::<Bytes>(&json).unwrap(), bytes);
        let error = serde_json::from_str::<Bytes>(r#""hunter2!""#).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
}
