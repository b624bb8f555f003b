//! What each request presents: where header and certificate come from, how long they hold, when they are asked for again.
//!
//! Deliberately nothing of HTTP but the values: the client sets the header and replays after a 401, the transport
//! presents the certificate.

mod clock;
mod exec;
#[cfg(feature = "oidc")]
mod oidc;
mod plugin;
mod renewed;
mod token_file;

use std::fmt;
#[cfg(feature = "oidc")]
use std::sync::Arc;

use base64::Engine;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::Result;
use crate::config::{AuthProvider, Config};
#[cfg(not(feature = "oidc"))]
use crate::{Error, error::Kind};
use clock::Clock;
pub use plugin::{ExecPluginAnswer, ExecPluginRequest};
use renewed::Renewed;

/// What the reader of plugins' answers makes of these bytes: for its fuzz target.
#[doc(hidden)]
pub fn fuzz(
    output: &[u8],
    version: crate::config::ExecApiVersion,
) -> std::result::Result<(Option<String>, bool), String> {
    exec::fuzz(output, version)
}

/// Gives the credentials of one configuration; shared by all requests of a client.
pub(crate) struct Authenticator {
    source: Source,
}

enum Source {
    Nobody,
    Fixed(SecretString),
    TokenFile(Renewed<token_file::TokenFile>),
    Exec(Renewed<exec::Exec>),
    #[cfg(feature = "oidc")]
    Oidc(Renewed<oidc::Oidc>),
}

/// A client certificate chain and its private key, both PEM, and which one it is: a higher generation replaces it.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: SecretSlice<u8>,
    pub(crate) key: SecretSlice<u8>,
    pub(crate) generation: u64,
}

impl Source {
    #[cfg(feature = "oidc")]
    fn of_provider(provider: &AuthProvider, config: &Config) -> Result<Source> {
        let store = provider.stored.clone().map(|stored| Arc::new(stored) as Arc<dyn oidc::Store>);
        oidc::Oidc::open(&provider.config, config, store, Clock::default()).map(Source::Oidc)
    }

    /// Kubeconfigs with one are refused when they are read; this is for whoever comes here on another way.
    #[cfg(not(feature = "oidc"))]
    fn of_provider(provider: &AuthProvider, _: &Config) -> Result<Source> {
        let context = format!("auth-provider {:?}", provider.name);
        Err(Error::new(Kind::Config, context, "it is not supported by this build")
            .with_help("build with the feature `oidc`, or use an exec plugin"))
    }
}

/// What one request presents.
#[derive(Clone, Default)]
pub(crate) struct Presented {
    /// The whole value of the `Authorization` header; `None` where the request goes without.
    pub(crate) authorization: Option<SecretString>,
    /// The client certificate that an exec plugin gave; the configuration's own is not repeated.
    pub(crate) identity: Option<Identity>,
    /// Which credential this is, counted by whoever gave it.
    version: u64,
    /// Whether this caller waited for it, so that it cannot be older than the request.
    waited: bool,
}

impl Authenticator {
    /// Checks the configuration and prepares its credentials. Runs nothing; reads the token file, where there is one.
    ///
    /// A token file wins over a token; an exec plugin is used only where the configuration has no other credential.
    pub(crate) fn new(config: &Config) -> Result<Authenticator> {
        config.validate()?;
        let credentials = config.credentials();
        let source = if let Some(path) = &credentials.token_file {
            Source::TokenFile(token_file::TokenFile::open(path.clone(), Clock::default())?)
        } else if let Some(token) = &credentials.token {
            Source::Fixed(bearer(token))
        } else if let Some((user, password)) = &credentials.basic {
            Source::Fixed(basic(user, password))
        } else if let Some(plugin) = credentials.exec.as_ref().filter(|_| config.tls().identity.is_none()) {
            Source::Exec(exec::Exec::shared(plugin, config)?)
        } else if let Some(provider) =
            credentials.auth_provider.as_ref().filter(|_| config.tls().identity.is_none())
        {
            Source::of_provider(provider, config)?
        } else {
            Source::Nobody
        };
        Ok(Authenticator { source })
    }

    /// What the next request presents: header and certificate of one and the same credential.
    ///
    /// May read a file or run the exec plugin; however many callers wait, that happens once.
    pub(crate) async fn presented(&self) -> Result<Presented> {
        match &self.source {
            Source::Nobody => Ok(Presented::default()),
            Source::Fixed(value) => {
                Ok(Presented { authorization: Some(value.clone()), ..Presented::default() })
            }
            Source::TokenFile(file) => file.presented().await,
            Source::Exec(exec) => exec.presented().await,
            #[cfg(feature = "oidc")]
            Source::Oidc(oidc) => oidc.presented().await,
        }
    }

    /// The server answered 401 to this: it is not to be handed out again. True where the next one may differ.
    ///
    /// Where a younger one is there already, which happens when many requests are refused at once, nothing is asked
    /// for again.
    pub(crate) fn refuse(&self, refused: &Presented) -> bool {
        match &self.source {
            Source::Nobody | Source::Fixed(_) => false,
            Source::TokenFile(file) => file.refuse(refused),
            Source::Exec(exec) => exec.refuse(refused),
            #[cfg(feature = "oidc")]
            Source::Oidc(oidc) => oidc.refuse(refused),
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
            #[cfg(feature = "oidc")]
            Source::Oidc(_) => "auth-provider",
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
        let header = authenticator.presented().await.unwrap().authorization;
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
        let refused = Presented::default();
        assert!(!authenticator(config()).refuse(&refused));
        assert!(!authenticator(config().bearer_token("token")).refuse(&refused));
        assert!(!authenticator(config().basic_auth("me", "")).refuse(&refused));
        assert!(authenticator(config().token_file(&file)).refuse(&refused));
        assert!(authenticator(config().exec(ExecPlugin::new("login"))).refuse(&refused));
    }

    #[test]
    fn a_wrong_configuration_is_refused_before_anything_is_read_or_run() {
        let config = Config::new("http://example.com").exec(ExecPlugin::new("login"));
        let error = Authenticator::new(&config).unwrap_err().to_string();
        assert!(error.contains("plain http"), "{error}");
    }
}
