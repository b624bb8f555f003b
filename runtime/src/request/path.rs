//! Path segments: what may be a name, a namespace or a subresource in a URL, and how it is escaped.
//!
//! It deliberately refuses instead of repairing: escaping alone is not enough, because URL libraries and proxies
//! normalise `..` and `%2e%2e` alike.

use crate::Result;
use crate::error::{Error, Kind};

/// No legal name of Kubernetes is longer than this; most end at 253.
const MAX_SEGMENT: usize = 1024;

/// A path under construction, always absolute and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    /// The empty path; the first segment brings the slash.
    pub(crate) fn root() -> Self {
        Path(String::with_capacity(96))
    }

    /// A whole path as a caller of the REST client gives it, for example `/apis/apps/v1/deployments`.
    ///
    /// Percent escapes are kept as they are; everything else that a URL does not allow is escaped.
    ///
    /// # Errors
    ///
    /// Refuses a path that does not begin with a slash, that has `.` or `..` segments in any spelling, empty segments
    /// (but for one slash at the end), `?`, `#` or control characters.
    pub(crate) fn absolute(path: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Err(refused("path", path, why, "query parameters are given with `.query(name, value)`"))
        };
        let Some(rest) = path.strip_prefix('/') else { return refuse("does not begin with `/`") };
        let mut out = String::with_capacity(path.len() + 8);
        let mut segments = rest.split('/').peekable();
        while let Some(segment) = segments.next() {
            if segment.is_empty() && segments.peek().is_some() {
                return refuse("has an empty segment");
            }
            if let Some(bad) = segment.chars().find(|c| c.is_control() || matches!(c, '?' | '#')) {
                return refuse(&format!("contains {}", name_of(bad)));
            }
            let Some(plain) = unescape(segment) else { return refuse("has a `%` that begins no escape") };
            if plain == b"."
                || plain == b".."
                || plain.iter().any(|byte| matches!(byte, b'/' | b'\\' | 0..=31 | 127))
            {
                return refuse("has a segment that would lead elsewhere");
            }
            out.push('/');
            escape_into(&mut out, segment, true);
        }
        Ok(Path(out))
    }

    /// Adds a segment that is a constant of this crate or of generated code, checked like any other.
    pub(crate) fn push(&mut self, what: &'static str, segment: &str) -> Result<&mut Self> {
        check(what, segment)?;
        self.0.push('/');
        escape_into(&mut self.0, segment, false);
        Ok(self)
    }

    /// Adds a path of its own behind this one, for what a proxied service answers to.
    pub(crate) fn append(&mut self, path: &str) -> Result<&mut Self> {
        let absolute =
            if path.starts_with('/') { Self::absolute(path)? } else { Self::absolute(&format!("/{path}"))? };
        self.0.push_str(&absolute.0);
        Ok(self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `segment` may stand in a path as `what` (a name, a namespace …).
fn check(what: &'static str, segment: &str) -> Result<()> {
    let help = "nothing was sent; a segment of a URL path must be a plain name";
    if segment.is_empty() {
        return Err(refused(what, segment, "is empty", help));
    }
    if segment == "." || segment == ".." {
        return Err(refused(what, segment, "would lead to another place", help));
    }
    if segment.len() > MAX_SEGMENT {
        let shown: String = segment.chars().take(32).collect();
        return Err(refused(
            what,
            &shown,
            &format!("is {} bytes long, more than {MAX_SEGMENT}", segment.len()),
            help,
        ));
    }
    match segment.chars().find(|c| c.is_control() || matches!(c, '/' | '%' | '?' | '#')) {
        Some(bad) => Err(refused(what, segment, &format!("contains {}", name_of(bad)), help)),
        None => Ok(()),
    }
}

fn refused(what: &str, value: &str, why: &str, help: &str) -> Error {
    Error::new(Kind::Request, "", format!("the {what} {value:?} {why}")).with_help(help)
}

fn name_of(c: char) -> String {
    if c.is_control() { format!("the control character U+{:04X}", c as u32) } else { format!("`{c}`") }
}

/// Escapes what RFC 3986 does not allow in a segment (`pchar`).
fn escape_into(out: &mut String, segment: &str, keep_escapes: bool) {
    for &byte in segment.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(byte as char),
            b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b','
            | b';' | b'=' | b':' | b'@' => out.push(byte as char),
            b'%' if keep_escapes => out.push('%'),
            _ => percent(out, byte),
        }
    }
}

/// `%XX` of one byte.
pub(super) fn percent(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(HEX[usize::from(byte >> 4)] as char);
    out.push(HEX[usize::from(byte & 15)] as char);
}

fn unescape(segment: &str) -> Option<Vec<u8>> {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digit = |i: usize| bytes.get(i).and_then(|b| (*b as char).to_digit(16));
            let (high, low) = (digit(at + 1)?, digit(at + 2)?);
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_that_could_change_the_path_are_refused_and_the_error_says_why() {
        let long = "x".repeat(10_000);
        for (segment, why) in [
            ("", "is empty"),
            (".", "another place"),
            ("..", "another place"),
            ("a/b", "`/`"),
            ("a%2fb", "`%`"),
            ("%2e%2e", "`%`"),
            ("a?dryRun=All", "`?`"),
            ("a#b", "`#`"),
            ("a\r\nX: y", "U+000D"),
            ("a\0", "U+0000"),
            ("a\u{7f}", "U+007F"),
            ("a\u{85}", "U+0085"),
            (long.as_str(), "10000 bytes"),
        ] {
            let error = Path::root().push("name", segment).unwrap_err();
            assert!(matches!(error.kind(), Kind::Request), "{segment:?}");
            let text = error.to_string();
            assert!(text.contains("the name") && text.contains(why), "{segment:?}: {text}");
            assert!(!text.contains('\r') && text.len() < 400, "{text}");
        }
    }

    #[test]
    fn legal_names_are_escaped_and_come_through() {
        for (segment, escaped) in [
            ("web-0", "/web-0"),
            ("system:node:x", "/system:node:x"),
            ("a@b.c", "/a@b.c"),
            ("a b", "/a%20b"),
            ("a\\b", "/a%5Cb"),
            ("ü", "/%C3%BC"),
            ("...", "/..."),
            ("{x}", "/%7Bx%7D"),
        ] {
            assert_eq!(Path::root().push("name", segment).unwrap().as_str(), escaped);
        }
    }

    #[test]
    fn absolute_paths_keep_escapes_and_refuse_detours() {
        for (path, out) in [
            ("/", "/"),
            ("/version", "/version"),
            ("/healthz/", "/healthz/"),
            (
                "/api/v1/namespaces/a/services/http:web:80/proxy/x%20y",
                "/api/v1/namespaces/a/services/http:web:80/proxy/x%20y",
            ),
            ("/a b", "/a%20b"),
        ] {
            assert_eq!(Path::absolute(path).unwrap().as_str(), out);
        }
        for path in [
            "",
            "version",
            "//x",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/a/%2e%2E/b",
            "/a/%2fb",
            "/a/%5Cb",
            "/a%",
            "/a%zz",
            "/a?b=c",
            "/a#b",
            "/a\nb",
            "/a/%00",
        ] {
            assert!(Path::absolute(path).is_err(), "{path:?}");
        }
    }
}
