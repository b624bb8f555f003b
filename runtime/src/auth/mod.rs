//! The `Authorization` header of each request: where it comes from, how long it holds, when it is asked for again.
//!
//! Deliberately nothing of HTTP but the value: the transport sets it, replays after a 401 and presents certificates.

use std::fmt;

use base64::Engine;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::Result;
use crate::config::Config;

/// Gives the credentials of one configuration; shared by all requests of a client.
pub(crate) struct Authenticator {
    source: Source,
}

/// A client certificate chain and its private key, both PEM, and which one it is: a higher generation replaces it.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: SecretSlice<u8>,
    pub(crate) key: SecretSlice<u8>,
    pub(crate) generation: u64,
}

enum Source {
    Nobody,
    Fixed(SecretString),
}

impl Authenticator {
    /// Checks the configuration and prepares its credentials. Runs nothing.
    pub(crate) fn new(config: &Config) -> Result<Authenticator> {
        config.validate()?;
        let credentials = config.credentials();
        let source = if let Some(token) = &credentials.token {
            Source::Fixed(bearer(token))
        } else if let Some((user, password)) = &credentials.basic {
            Source::Fixed(basic(user, password))
        } else {
            Source::Nobody
        };
        Ok(Authenticator { source })
    }

    /// The whole value of the `Authorization` header, or `None` where the request goes without.
    pub(crate) async fn authorization(&self) -> Result<Option<SecretString>> {
        match &self.source {
            Source::Nobody => Ok(None),
            Source::Fixed(value) => Ok(Some(value.clone())),
        }
    }

    /// The client certificate that an exec plugin gave, where it gave one; the configuration's own is not repeated.
    pub(crate) async fn client_identity(&self) -> Result<Option<Identity>> {
        Ok(None)
    }

    /// The server answered 401: what was handed out is not to be handed out again. True where a new one may differ.
    pub(crate) fn invalidate(&self) -> bool {
        false
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

fn bearer(token: &SecretString) -> SecretString {
    SecretString::from(format!("Bearer {}", token.expose_secret()))
}

fn basic(user: &str, password: &SecretString) -> SecretString {
    let pair = SecretString::from(format!("{user}:{}", password.expose_secret()));
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
    SecretString::from(format!("Basic {encoded}"))
}
