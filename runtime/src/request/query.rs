//! Query strings after RFC 3986: every byte that is not unreserved is escaped, in names and values alike.
//!
//! It deliberately knows no parameter by name; those are in the options.

use std::borrow::Cow;

use super::path::percent;

/// Query parameters in the order in which they were added; a name may stand more than once (`command`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(Cow<'static, str>, String)>);

impl Query {
    /// Adds one pair.
    pub(crate) fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> &mut Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds one pair unless the value is absent or empty, as Go's `omitempty` does.
    pub(crate) fn text(&mut self, name: &'static str, value: &Option<String>) -> &mut Self {
        match value.as_deref() {
            None | Some("") => self,
            Some(value) => self.push(name, value),
        }
    }

    /// Adds one pair unless the value is absent.
    pub(crate) fn number(&mut self, name: &'static str, value: Option<impl Into<i64>>) -> &mut Self {
        match value {
            None => self,
            Some(value) => self.push(name, value.into().to_string()),
        }
    }

    /// Adds `name=true` if `value` is true.
    pub(crate) fn flag(&mut self, name: &'static str, value: bool) -> &mut Self {
        if value { self.push(name, "true") } else { self }
    }

    /// `?a=b&c=d`, or nothing when there is no parameter.
    pub(crate) fn write(&self, out: &mut String) {
        for (index, (name, value)) in self.0.iter().enumerate() {
            out.push(if index == 0 { '?' } else { '&' });
            escape_into(out, name);
            out.push('=');
            escape_into(out, value);
        }
    }
}

fn escape_into(out: &mut String, text: &str) {
    for &byte in text.as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => percent(out, byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_not_unreserved_is_escaped() {
        let mut query = Query::default();
        query
            .push("labelSelector", "app in (a,b),x!=y")
            .push("command", "sh")
            .push("command", "-c")
            .push("command", "echo \"1&2=3\"; #\n✓+%");
        let mut out = String::new();
        query.write(&mut out);
        assert_eq!(
            out,
            "?labelSelector=app%20in%20%28a%2Cb%29%2Cx%21%3Dy&command=sh&command=-c&command=echo%20%221%262%3D3%22%3B%20%23%0A%E2%9C%93%2B%25"
        );
    }

    #[test]
    fn absent_and_empty_values_are_not_written() {
        let mut query = Query::default();
        query.text("a", &None).text("b", &Some(String::new())).number("c", None::<i64>).flag("d", false);
        let mut out = String::new();
        query.write(&mut out);
        assert_eq!(out, "");
        query.text("a", &Some("1".into())).number("c", Some(0i64)).flag("d", true).write(&mut out);
        assert_eq!(out, "?a=1&c=0&d=true");
    }
}
