//! Header fields, checked where they come from callers.
//!
//! In the form that HTTP connections take and give, so that nothing is copied on the way.

use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::Result;
use crate::error::{Error, Kind};

/// Header fields. Names are in lower case; fields of one name stay in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(HeaderMap);

impl Headers {
    /// Sets `name`, dropping what it was before. The value is one of ours: what is no header value is left out.
    pub(crate) fn set(&mut self, name: &'static str, value: impl AsRef<str>) {
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value_of(value.as_ref())) {
            self.0.insert(name, value);
        }
    }

    /// Sets a field whose value nobody may see.
    ///
    /// # Errors
    ///
    /// When it is no header value. The error does not repeat it.
    pub(crate) fn set_secret(&mut self, name: &'static str, value: &str) -> Result<()> {
        let refuse =
            |_| Error::new(Kind::Auth, "", format!("the credentials cannot stand in the header {name}"));
        let mut value = HeaderValue::from_str(value).map_err(refuse)?;
        value.set_sensitive(true);
        self.0.insert(HeaderName::from_static(name), value);
        Ok(())
    }

    /// Adds one more field of this name. False where it is no header: then nothing is added.
    pub(crate) fn add(&mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> bool {
        let (name, value) = (HeaderName::from_bytes(name.as_ref().as_bytes()), value_of(value.as_ref()));
        let (Ok(name), Some(value)) = (name, value) else { return false };
        self.0.append(name, value);
        true
    }

    /// Adds all fields of `others`, in place of those of the same names.
    pub(crate) fn extend(&mut self, others: &Headers) {
        // That of a map to a map would keep only the last of several.
        for name in others.0.keys() {
            self.0.remove(name);
        }
        for (name, value) in &others.0 {
            self.0.append(name.clone(), value.clone());
        }
    }

    /// Adds a field that a caller named, after checking it.
    ///
    /// # Errors
    ///
    /// Refuses what is no header name or value, and the fields that this crate sets itself.
    pub(crate) fn add_checked(&mut self, name: &str, value: &str) -> Result<()> {
        let refuse = |why: &str| Err(Error::new(Kind::Request, "", format!("the header {name:?} {why}")));
        let Ok(field) = HeaderName::from_bytes(name.as_bytes()) else {
            return refuse("is no valid header name");
        };
        if value.bytes().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return refuse("has a control character in its value");
        }
        let Some(value) = value_of(value) else { return refuse("has a value that cannot be sent") };
        if OURS.contains(&field.as_str()) || field.as_str().starts_with("impersonate-") {
            return refuse("is set by the client itself");
        }
        if matches!(field.as_str(), "accept" | "content-type" | "user-agent") {
            self.0.insert(field, value);
        } else {
            self.0.append(field, value);
        }
        Ok(())
    }

    /// Drops every field of this name.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The first field of this name, in any case; none where it is no text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(text)
    }

    /// Every field of this name that is text, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get_all(name).into_iter().filter_map(text)
    }

    /// Every field that is text.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| Some((name.as_str(), text(value)?)))
    }

    /// As connections take them.
    pub(crate) fn into_map(self) -> HeaderMap {
        self.0
    }
}

impl From<HeaderMap> for Headers {
    fn from(map: HeaderMap) -> Self {
        Headers(map)
    }
}

/// The fields that callers do not set.
const OURS: [&str; 11] = [
    "authorization",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "accept-encoding",
    "te",
    "upgrade",
];

/// Not `to_str`: that takes ASCII only, and servers warn in any language.
fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}

fn value_of(text: &str) -> Option<HeaderValue> {
    // What nearly every request has needs no copy.
    Some(match text {
        super::JSON => HeaderValue::from_static(super::JSON),
        "gzip" => HeaderValue::from_static("gzip"),
        "identity" => HeaderValue::from_static("identity"),
        "*/*" => HeaderValue::from_static("*/*"),
        text => HeaderValue::from_str(text).ok()?,
    })
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|(name, value)| {
            let secret = value.is_sensitive() || secret(name.as_str());
            (name.as_str(), if secret { "<redacted>" } else { text(value).unwrap_or("<no text>") })
        });
        f.debug_map().entries(shown).finish()
    }
}

/// Whether the value of this header must not be shown.
fn secret(name: &str) -> bool {
    matches!(name, "authorization" | "proxy-authorization" | "cookie" | "set-cookie")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_callers_cannot_split_lines_or_replace_credentials() {
        let mut headers = Headers::default();
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:b", "x"),
            ("x", "a\r\nY: z"),
            ("x", "\0"),
            ("Authorization", "Bearer x"),
            ("Impersonate-User", "root"),
            ("Host", "elsewhere"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Connection", "close"),
            ("Proxy-Authorization", "Basic eDp5"),
        ] {
            assert!(headers.add_checked(name, value).is_err(), "{name:?}: {value:?}");
        }
        headers.add_checked("X-Trace", "a\tb").unwrap();
        headers.add_checked("x-trace", "ü").unwrap();
        headers.add_checked("accept", "text/plain").unwrap();
        headers.add_checked("Accept", "*/*").unwrap();
        assert_eq!(
            headers.iter().collect::<Vec<_>>(),
            [("x-trace", "a\tb"), ("x-trace", "ü"), ("accept", "*/*")]
        );
    }

    #[test]
    fn fields_replace_those_of_the_same_name_and_several_stay_several() {
        let mut headers = Headers::default();
        headers.set("user-agent", "a/1");
        let mut more = Headers::default();
        more.add("User-Agent", "b/1");
        more.add("impersonate-group", "x");
        more.add("impersonate-group", "y");
        headers.extend(&more);
        headers.extend(&more);
        assert_eq!(headers.all("impersonate-group").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!((headers.get("USER-AGENT"), headers.iter().count()), (Some("b/1"), 3));
        headers.remove("impersonate-group");
        assert!(!headers.add("no\nheader", "x") && !headers.add("x", "no\nvalue"));
        assert_eq!(headers.iter().count(), 1);
    }

    #[test]
    fn debug_never_shows_credentials() {
        let mut headers = Headers::default();
        headers.set_secret("authorization", "Bearer canary").unwrap();
        headers.set("cookie", "canary");
        assert_eq!(format!("{headers:?}"), r#"{"authorization": "<redacted>", "cookie": "<redacted>"}"#);
        let error = headers.set_secret("authorization", "canary\n").unwrap_err();
        assert!(error.is_auth() && !error.to_string().contains("canary"), "{error}");
    }
}
