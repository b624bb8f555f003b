//! The `Authorization` header of each request: where it comes from, how long it holds, when it is asked for again.
//!
//! Deliberately nothing of HTTP but the value: the transport sets it, replays after a 401 and presents certificates.

mod exec;
mod token_file;

use std::fmt;

use base64::Engine;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::Result;
use crate::config::Config;

/// Gives the credentials of one configuration; shared by all requests of a client.
pub(crate) struct Authenticator {
    source: Source,
}

enum Source {
    Nobody,
    Fixed(SecretString),
    TokenFile(token_file::TokenFile),
    Exec(Box<exec::Exec>),
}

/// A client certificate chain and its private key, both PEM, and which one it is: a higher generation replaces it.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: SecretSlice<u8>,
    pub(crate) key: SecretSlice<u8>,
    pub(crate) generation: u64,
}

impl Authenticator {
    /// Checks the configuration and prepares its credentials. Runs nothing; reads the token file, where there is one.
    ///
    /// A token file wins over a token; an exec plugin is used only where the configuration has no other credential.
    pub(crate) fn new(config: &Config) -> Result<Authenticator> {
        config.validate()?;
        let credentials = config.credentials();
        let source = if let Some(path) = &credentials.token_file {
            Source::TokenFile(token_file::TokenFile::open(path.clone())?)
        } else if let Some(token) = &credentials.token {
            Source::Fixed(bearer(token))
        } else if let Some((user, password)) = &credentials.basic {
            Source::Fixed(basic(user, password))
        } else if let Some(plugin) = credentials.exec.as_ref().filter(|_| config.tls().identity.is_none()) {
            Source::Exec(Box::new(exec::Exec::new(plugin, config)?))
        } else {
            Source::Nobody
        };
        Ok(Authenticator { source })
    }

    /// The whole value of the `Authorization` header, or `None` where the request goes without.
    ///
    /// May read a file or run the exec plugin; however many callers wait, that happens once.
    pub(crate) async fn authorization(&self) -> Result<Option<SecretString>> {
        match &self.source {
            Source::Nobody => Ok(None),
            Source::Fixed(value) => Ok(Some(value.clone())),
            Source::TokenFile(file) => file.authorization().await.map(Some),
            Source::Exec(exec) => exec.authorization().await,
        }
    }

    /// The client certificate that an exec plugin gave, where it gave one; the configuration's own is not repeated.
    ///
    /// Runs the plugin where it has not run yet.
    pub(crate) async fn client_identity(&self) -> Result<Option<Identity>> {
        match &self.source {
            Source::Exec(exec) => exec.identity().await,
            _ => Ok(None),
        }
    }

    /// The server answered 401: what was handed out is not to be handed out again. True where a new one may differ.
    pub(crate) fn invalidate(&self) -> bool {
        match &self.source {
            Source::Nobody | Source::Fixed(_) => false,
            Source::TokenFile(file) => file.invalidate(),
            Source::Exec(exec) => exec.invalidate(),
        }
    }

    /// As [`Authenticator::invalidate`], said of the header that was refused: where a younger one is there already, which
    /// happens when many requests are refused at once, nothing is asked for again.
    pub(crate) fn invalidate_header(&self, used: &SecretString) -> bool {
        match &self.source {
            Source::Exec(exec) => exec.invalidate_header(used),
            _ => self.invalidate(),
        }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.source {
            Source::Nobody => "nobody",
            Source::Fixed(_) => "fixed",
            Source::TokenFile(_) => "token file",
            Source::Exec(_) => "exec plugin",
        };
        f.debug_struct("Authenticator").field("source", &kind).finish_non_exhaustive()
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

/// Whether a token can stand in a header; no token has white space in it.
fn is_token(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExecPlugin;

    async fn header(config: Config) -> Option<String> {
        let authenticator = Authenticator::new(&config).unwrap();
        let header = authenticator.authorization().await.unwrap();
        header.map(|header| header.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn one_credential_is_used_and_the_strongest_wins() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, " from-file\r\n").unwrap();
        let config = || Config::new("https://example.com");
        // No such program: whoever runs it fails.
        let plugin = || ExecPlugin::new("/nowhere/login");
        for (config, expected) in [
            (config(), None),
            (config().bearer_token(" token\n"), Some("Bearer token")),
            (config().bearer_token("token").token_file(&file), Some("Bearer from-file")),
            (config().basic_auth("Aladdin", "open sesame"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
            (config().basic_auth("me", ""), Some("Basic bWU6")),
            (config().bearer_token("token").exec(plugin()), Some("Bearer token")),
            (config().basic_auth("me", "").exec(plugin()), Some("Basic bWU6")),
            (config().client_certificate_pem("PEM", "PEM").exec(plugin()), None),
            (config().exec(plugin()).without_credentials(), None),
        ] {
            let shown = format!("{config:?}");
            assert_eq!(header(config).await.as_deref(), expected, "{shown}");
        }
    }

    #[test]
    fn only_what_may_change_is_worth_another_try_after_a_401() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "one").unwrap();
        let authenticator = |config: Config| Authenticator::new(&config).unwrap();
        let config = || Config::new("https://example.com");
        assert!(!authenticator(config()).invalidate());
        assert!(!authenticator(config().bearer_token("token")).invalidate());
        assert!(!authenticator(config().basic_auth("me", "")).invalidate());
        assert!(authenticator(config().token_file(&file)).invalidate());
        assert!(authenticator(config().exec(ExecPlugin::new("login"))).invalidate());
    }

    #[test]
    fn a_wrong_configuration_is_refused_before_anything_is_read_or_run() {
        let config = Config::new("http://example.com").exec(ExecPlugin::new("login"));
        let error = Authenticator::new(&config).unwrap_err().to_string();
        assert!(error.contains("plain http"), "{error}");
    }
}
