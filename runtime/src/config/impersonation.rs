//! Acting as somebody else: the user, uid, groups and extra that go along as headers, escaped so that none can split.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Whom to act as. The server checks that the caller may.
///
/// ```
/// use clientset_runtime::config::{Config, Impersonation};
///
/// let who = Impersonation { groups: vec!["developers".into()], ..Impersonation::user("jane") };
/// let config = Config::new("https://example.com").impersonate(who);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impersonation {
    /// The user name; the other members need it.
    pub user: String,
    /// The user's uid.
    pub uid: Option<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// Anything else about the user; servers see the keys in lower case.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl Impersonation {
    /// Acts as this user, with the groups the server gives to everybody.
    pub fn user(name: impl Into<String>) -> Self {
        Impersonation { user: name.into(), ..Impersonation::default() }
    }

    /// Header names and values, in a fixed order.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let mut headers = vec![("Impersonate-User".to_owned(), self.user.clone())];
        headers.extend(self.uid.iter().map(|uid| ("Impersonate-Uid".to_owned(), uid.clone())));
        headers.extend(self.groups.iter().map(|group| ("Impersonate-Group".to_owned(), group.clone())));
        for (key, values) in &self.extra {
            let name = format!("Impersonate-Extra-{}", escape_key(key));
            headers.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
        headers
    }

    /// What no server would understand, or what a header cannot carry: the member, and what is wrong with it.
    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.user.is_empty() {
            let message = "missing, and a uid, groups or extra alone mean nothing; name the user to act as";
            problems.push(("as", message.to_owned()));
        }
        let values = [("as", &self.user)].into_iter();
        let values = values.chain(self.uid.iter().map(|uid| ("as-uid", uid)));
        let values = values.chain(self.groups.iter().map(|group| ("as-groups", group)));
        let values = values.chain(self.extra.values().flatten().map(|value| ("as-user-extra", value)));
        for (member, value) in values {
            if !is_header_value(value) {
                let message =
                    format!("{value:?} holds a control character or outer white space; take it out");
                problems.push((member, message));
            }
        }
        if self.extra.keys().any(String::is_empty) {
            problems.push(("as-user-extra", "a key is empty; give it a name".to_owned()));
        }
        problems
    }
}

/// Whether a header carries this text unchanged.
pub(crate) fn is_header_value(text: &str) -> bool {
    text.trim() == text && !text.chars().any(char::is_control)
}

/// The key as part of a header's name: bytes that are no token characters, and `%`, as `%XX`; the server undoes it.
fn escape_key(key: &str) -> String {
    let mut escaped = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'!' | b'#' | b'$' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|'
            | b'~' => {
                escaped.push(byte as char);
            }
            _ if byte.is_ascii_alphanumeric() => escaped.push(byte.to_ascii_lowercase() as char),
            _ => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}
