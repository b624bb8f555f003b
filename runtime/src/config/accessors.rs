//! What the transport and the authenticator read from a [`Config`]. Deliberately not public: users build, clients read.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::{Config, Credentials, Environment, TlsOptions};
use crate::UnknownFieldPolicy;
use crate::error::Error;

impl Config {
    /// The server's URL with its path prefix and without a trailing slash. Empty if malformed, which `validate` reports.
    pub(crate) fn server(&self) -> &str {
        self.server.as_ref().map_or("", |server| server.url())
    }

    /// Whether the server is reached over plain http.
    pub(crate) fn is_plain_http(&self) -> bool {
        self.server.as_ref().is_ok_and(|server| server.is_plain())
    }

    pub(crate) fn tls(&self) -> &TlsOptions {
        &self.tls
    }

    /// Where the proxy's URL was written, for messages.
    pub(crate) fn proxy_place(&self) -> String {
        self.places.of_proxy()
    }

    /// The proxy's URL, possibly with a password in it; `None` leaves it to the environment.
    pub(crate) fn proxy(&self) -> Option<&str> {
        self.proxy.as_ref().map(|proxy| proxy.expose_secret())
    }

    pub(crate) fn user_agent_header(&self) -> &str {
        &self.user_agent
    }

    pub(crate) fn request_timeout_value(&self) -> Option<Duration> {
        self.request_timeout
    }

    pub(crate) fn unknown_field_policy(&self) -> UnknownFieldPolicy {
        self.unknown_fields
    }

    pub(crate) fn compression_disabled(&self) -> bool {
        self.disable_compression
    }

    /// The namespace that is meant when none is said.
    pub fn namespace(&self) -> &str {
        &self.default_namespace
    }

    /// The server's URL, for messages.
    pub fn server_url(&self) -> &str {
        self.server()
    }

    /// Where this configuration came from, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The same as far as it is a place to look at: a configuration that was built in code has none.
    pub(crate) fn place(&self) -> Option<&str> {
        Some(self.origin()).filter(|origin| *origin != Config::IN_CODE)
    }

    /// The error with the file and the context that this configuration is from, where there is a file.
    pub(crate) fn named_in(&self, error: Error) -> Error {
        match self.place() {
            Some(place) => error.with_more_help(format!("configured by {place}")),
            None => error,
        }
    }

    /// Header names and values, ready to send: names are valid tokens, values hold no control characters.
    pub(crate) fn impersonation_headers(&self) -> Vec<(String, String)> {
        self.impersonation.as_ref().map(|who| who.headers()).unwrap_or_default()
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What a request shows of who asks, for messages; `None` where nobody is said to ask. Never the secret itself.
    pub(crate) fn credential_shown(&self) -> Option<String> {
        let Credentials { token, token_file, basic, exec, auth_provider } = &self.credentials;
        // In the order in which one of them is chosen.
        if let Some(path) = token_file {
            return Some(format!("the token in {}", path.display()));
        }
        if token.is_some() {
            return Some("the bearer token".to_owned());
        }
        if let Some((user, _)) = basic {
            return Some(format!("the password of user {user:?}"));
        }
        if self.tls.identity.is_some() {
            return Some("the client certificate".to_owned());
        }
        if let Some(plugin) = exec {
            return Some(format!("the credential of the exec plugin {:?}", plugin.command));
        }
        auth_provider.as_ref().map(|provider| format!("the token of the auth-provider {:?}", provider.name))
    }

    pub(crate) fn surroundings(&self) -> &Environment {
        &self.environment
    }
}
