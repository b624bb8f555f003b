//! `Warning` headers (RFC 7234): what a server has to say beside its answer.
//!
//! Deliberately only code 299 with a text, the one that API servers send; what is malformed is passed over.

use std::fmt;

use crate::error;
use crate::request::Headers;

/// How many warnings of one answer are listened to.
const MOST: usize = 256;

/// What a server has to say beside its answer, as that a version will go away.
///
/// `Display` gives the text without what could steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What it says, as it came.
    pub text: String,
    /// Who says it; servers write `-`.
    pub agent: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error::excerpt(self.text.as_bytes(), 4096))
    }
}

/// All warnings, in order.
pub(crate) fn warnings(headers: &Headers) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for value in headers.all("warning") {
        let mut rest = value;
        while warnings.len() < MOST
            && let Some((warning, after)) = one(rest)
        {
            warnings.extend(warning);
            rest = after;
        }
    }
    warnings
}

/// The texts of all warnings, in order.
pub(crate) fn texts(headers: &Headers) -> Vec<String> {
    warnings(headers).into_iter().map(|warning| warning.text).collect()
}

/// The first warning of `299 agent "text" "date", …` and what follows it; only if it is one for us.
fn one(value: &str) -> Option<(Option<Warning>, &str)> {
    let value = value.trim_start_matches([' ', '\t', ',']);
    let (code, rest) = value.split_once(' ')?;
    let (agent, rest) = rest.trim_start().split_once(' ')?;
    let (text, mut rest) = quoted(rest.trim_start())?;
    // A date may follow; it says nothing that counts.
    if let Some((_, after)) = quoted(rest.trim_start()) {
        rest = after;
    }
    let rest = rest.trim_start();
    let wanted = code == "299" && !text.is_empty();
    // What is not followed by a comma is not a list, and what comes then is not to be trusted.
    let warning = Warning { text, agent: agent.to_owned() };
    Some((wanted.then_some(warning), rest.strip_prefix(',').unwrap_or("")))
}

/// A quoted string at the start of `value`, unescaped, and what follows it.
fn quoted(value: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = value.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &value[at + 2..])),
            '\\' => text.push(chars.next()?.1),
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_code_299_are_read_and_everything_else_is_passed_over() {
        for (value, wanted) in [
            (r#"299 - "v1beta1 is deprecated""#, &["v1beta1 is deprecated"][..]),
            (r#"299 - "a \"b\" \\ c" "Wed, 21 Oct 2026 07:28:00 GMT""#, &[r#"a "b" \ c"#]),
            (r#"299 - "one, two", 299 kube/1 "three""#, &["one, two", "three"]),
            (r#"199 - "not ours", 299 - "ours""#, &["ours"]),
            (r#"299 - """#, &[]),
            (r#"299 - "open"#, &[]),
            (r#"299 - "open\"#, &[]),
            (r#"299 - "a" and more 299 - "b""#, &["a"]),
            ("299", &[]),
            ("", &[]),
            (r#"299 - "ü✓""#, &["ü✓"]),
        ] {
            let mut headers = Headers::default();
            headers.add("Warning", value);
            assert_eq!(texts(&headers), wanted, "{value}");
        }
    }
}
