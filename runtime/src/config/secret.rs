//! Text that is nobody's business: a token or a password on its way into a configuration. Deliberately without `Display`.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::Redacted;

/// A token, a password, a URL with one in it. Never shown by `Debug`, and wiped from memory when it goes.
///
/// ```
/// use clientset_runtime::config::SecretText;
///
/// let token = SecretText::from("s3cr3t");
/// assert_eq!(format!("{token:?}"), "[REDACTED]");
/// assert_eq!(token.expose(), "s3cr3t");
/// ```
#[derive(Clone)]
pub struct SecretText(SecretString);

impl SecretText {
    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        SecretText(SecretString::from(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        SecretText(SecretString::from(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Redacted, f)
    }
}
