//! What a client needs to know before it can speak to a server: where, how, and as whom.
//!
//! [`Config`] is the settled answer; `kubeconfig`, `in_cluster` and `infer` are the ways to get one from outside.
//! Nothing here opens a connection or runs a program: loading a configuration and using it are separate steps.

mod accessors;
mod calls;
mod connection;
mod duration;
mod environment;
mod exec;
#[cfg(feature = "clap")]
mod flags;
mod impersonation;
mod in_cluster;
mod infer;
mod kubeconfig;
mod overrides;
mod places;
mod secret;
mod server;
mod tls;
mod validate;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::UnknownFieldPolicy;

use connection::ConnectionOptions;
pub(crate) use connection::ConnectionSettings;
pub use environment::Environment;
pub(crate) use exec::clean;
pub use exec::{ExecApiVersion, ExecPlugin, ExecPolicy, InteractiveMode};
#[cfg(feature = "clap")]
pub use flags::Flags;
pub use impersonation::Impersonation;
pub(crate) use kubeconfig::AuthProvider;
#[cfg(feature = "oidc")]
pub(crate) use kubeconfig::StoredUser;
pub use kubeconfig::{
    ClusterEdit, ContextEdit, EditOptions, KubeContext, Kubeconfig, KubeconfigEdit, UserEdit,
};
pub use overrides::{ClusterDefaults, Overrides};
pub use secret::SecretText;
pub(crate) use server::Server;
pub(crate) use tls::{PemSource, TlsOptions, read_limited};

/// Where the API server is, how to reach it and who is asking.
///
/// A plain value: `Clone`, comparable to client-go's `rest.Config`. Build one by hand with [`Config::new`], or let
/// [`Config::infer`] find it. Secrets are kept out of `Debug`, of every error and of the process's arguments, and are
/// wiped from memory when the last copy goes.
///
/// ```
/// use clientset_runtime::config::Config;
///
/// let config = Config::new("https://203.0.113.7:6443").bearer_token("s3cr3t").default_namespace("web");
/// assert!(!format!("{config:?}").contains("s3cr3t"));
/// ```
#[derive(Clone)]
pub struct Config {
    /// As given; what it means depends on whether TLS is asked for, so `server` is settled after every change.
    given_server: String,
    server: Result<Server, String>,
    tls: TlsOptions,
    credentials: Credentials,
    impersonation: Option<Impersonation>,
    proxy: Option<SecretString>,
    disable_compression: bool,
    default_namespace: String,
    user_agent: String,
    connection: ConnectionOptions,
    request_timeout: Option<Duration>,
    allow_credentials_over_http: bool,
    unknown_fields: UnknownFieldPolicy,
    environment: Environment,
    calls: calls::Calls,
    exec_policy: ExecPolicy,
    /// Where it came from, for messages: `kubeconfig /home/me/.kube/config, context "dev"`.
    origin: String,
    /// Where its settings were written, for messages.
    places: places::Places,
}

/// Who is asking. At most one of the kinds is used; `validate` refuses the mixtures that have no meaning.
#[derive(Clone, Default)]
pub(crate) struct Credentials {
    pub(crate) token: Option<SecretString>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) basic: Option<(String, SecretString)>,
    pub(crate) exec: Option<ExecPlugin>,
    /// Only what is refreshed by this crate itself; every other kind is refused when the configuration is made.
    pub(crate) auth_provider: Option<AuthProvider>,
}

impl Config {
    /// The origin of a configuration that came from nowhere: there is no file to look at.
    const IN_CODE: &str = "configuration built in code";

    /// A configuration for `server`: a URL (a path prefix is kept), or `host` or `host:port`.
    ///
    /// Without a scheme it is `https` when a certificate, an authority or `insecure_skip_tls_verify` is set, and
    /// `http` otherwise. Nothing is checked here: creating a client reports everything that is wrong at once.
    pub fn new(server: impl Into<String>) -> Self {
        let given_server = server.into();
        Config {
            server: Server::parse(&given_server, false),
            given_server,
            tls: TlsOptions::default(),
            credentials: Credentials::default(),
            impersonation: None,
            proxy: None,
            disable_compression: false,
            default_namespace: "default".to_owned(),
            user_agent: default_user_agent(),
            connection: ConnectionOptions::default(),
            request_timeout: None,
            allow_credentials_over_http: false,
            unknown_fields: UnknownFieldPolicy::default(),
            environment: Environment::system(),
            calls: calls::Calls::default(),
            exec_policy: ExecPolicy::default(),
            origin: Config::IN_CODE.to_owned(),
            places: places::Places::default(),
        }
    }

    /// Sends this bearer token. White space around it is dropped.
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.places.in_code("token");
        self.credentials.token = Some(trimmed_secret(token.into()));
        self
    }

    /// Sends the bearer token in this file, read again as it is rotated. Wins over [`Config::bearer_token`].
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.in_code("tokenFile");
        self.credentials.token_file = Some(path.into());
        self
    }

    /// Sends a user name and a password.
    pub fn basic_auth(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.places.in_code("username");
        self.credentials.basic = Some((username.into(), SecretString::from(password.into())));
        self
    }

    /// Presents this client certificate chain with this private key, both PEM.
    pub fn client_certificate_pem(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        self.places.in_code("client-certificate");
        self.tls.identity = Some((PemSource::inline(chain.as_ref()), PemSource::inline(key.as_ref())));
        self.settled()
    }

    /// Presents the client certificate chain and private key in these PEM files.
    pub fn client_certificate_files(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.places.in_code("client-certificate");
        self.tls.identity = Some((PemSource::File(chain.into()), PemSource::File(key.into())));
        self.settled()
    }

    /// Trusts these authorities (PEM, one or more) instead of the platform's.
    pub fn certificate_authority_pem(mut self, bundle: impl AsRef<[u8]>) -> Self {
        self.places.in_code("certificate-authority");
        self.tls.ca = Some(PemSource::inline(bundle.as_ref()));
        self.settled()
    }

    /// Trusts the authorities in this PEM file instead of the platform's.
    pub fn certificate_authority_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.in_code("certificate-authority");
        self.tls.ca = Some(PemSource::File(path.into()));
        self.settled()
    }

    /// Does not check the server's certificate, so that anybody on the way can read and change everything.
    ///
    /// Refused together with an authority. For a test cluster only.
    pub fn insecure_skip_tls_verify(mut self, insecure: bool) -> Self {
        self.places.in_code("insecure-skip-tls-verify");
        self.tls.insecure = insecure;
        self.settled()
    }

    /// Checks the server's certificate against this name instead of the URL's host.
    pub fn tls_server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.server_name = Some(name.into()).filter(|name: &String| !name.is_empty());
        self
    }

    /// Goes through this proxy (`http`, `https`, `socks5` or `socks5h`) instead of the environment's.
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.places.in_code("proxy-url");
        self.proxy = Some(SecretString::from(url.into()));
        self
    }

    /// Acts as somebody else; the server checks that the caller may.
    pub fn impersonate(mut self, impersonation: Impersonation) -> Self {
        self.places.in_code("as");
        self.impersonation = Some(impersonation);
        self
    }

    /// Gets the credentials from a program, as `kubectl` does. Used only where no other credential is set.
    pub fn exec(mut self, plugin: ExecPlugin) -> Self {
        self.places.in_code("exec");
        self.credentials.exec = Some(plugin);
        self
    }

    /// The namespace that a caller means when none is said. `default` unless set.
    pub fn default_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.default_namespace = namespace.into();
        self
    }

    /// Replaces the `User-Agent`.
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.user_agent = agent.into();
        self
    }

    /// Appends `/suffix` to the `User-Agent`, so that a component of a program can be told apart.
    pub fn add_user_agent(mut self, suffix: impl AsRef<str>) -> Self {
        self.user_agent = format!("{}/{}", self.user_agent, suffix.as_ref());
        self
    }

    /// How long a request may take as a whole; watches and logs that are streamed are not bound by it. Unlimited unless set.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        self
    }

    /// Does not ask the server to compress its answers.
    pub fn disable_compression(mut self, disable: bool) -> Self {
        self.disable_compression = disable;
        self
    }

    /// Lets credentials travel unencrypted, to an `http` server: whoever is on the way can take them.
    ///
    /// Without it, credentials together with an `http` URL are an error (client-go drops them silently).
    pub fn allow_credentials_over_http(mut self, allow: bool) -> Self {
        self.allow_credentials_over_http = allow;
        self
    }

    /// What updates do about members that were read, are not known to this build, and would be deleted.
    pub fn unknown_fields(mut self, policy: UnknownFieldPolicy) -> Self {
        self.unknown_fields = policy;
        self
    }

    /// The environment that exec plugins are found and run in. The process's own unless set.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// The same server without any credential, impersonation or middleware (client-go's `AnonymousClientConfig`).
    ///
    /// How the server is trusted, the proxy, time limits and names stay.
    pub fn without_credentials(mut self) -> Self {
        // A scheme that followed from the certificate stays too.
        if let Ok(server) = &self.server {
            self.given_server = server.url().to_owned();
        }
        self.credentials = Credentials::default();
        self.tls.identity = None;
        self.impersonation = None;
        self.calls.middleware.clear();
        self.settled()
    }

    /// Checks everything that can be checked without a connection, and says everything that is wrong.
    ///
    /// Creating a client does this too; call it to fail early.
    ///
    /// # Errors
    ///
    /// One error that lists every problem: contradicting options, files that cannot be read, a malformed URL,
    /// credentials that would travel unencrypted.
    pub fn validate(&self) -> crate::Result<()> {
        validate::report(&self.origin, self.problems())
    }

    fn settled(mut self) -> Self {
        self.server = Server::parse(&self.given_server, self.tls.is_set());
        self
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("origin", &self.origin)
            .field("server", &self.server.as_ref().map_or("(malformed)", |server| server.url()))
            .field("tls", &self.tls)
            .field("credentials", &self.credentials)
            .field("impersonation", &self.impersonation)
            .field("proxy", &self.proxy.as_ref().map(|proxy| server::without_userinfo(proxy.expose_secret())))
            .field("disable_compression", &self.disable_compression)
            .field("default_namespace", &self.default_namespace)
            .field("user_agent", &self.user_agent)
            .field("connection", &self.connection)
            .field("request_timeout", &self.request_timeout)
            .field("allow_credentials_over_http", &self.allow_credentials_over_http)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("token", &self.token.as_ref().map(|_| Redacted))
            .field("token_file", &self.token_file)
            .field("basic", &self.basic.as_ref().map(|(user, _)| (user, Redacted)))
            .field("exec", &self.exec)
            .field("auth_provider", &self.auth_provider)
            .finish()
    }
}

/// Stands where a secret would be printed.
pub(crate) struct Redacted;

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// A token as it goes over the wire: no token has white space around it, but files and YAML blocks do.
pub(crate) fn trimmed_secret(text: String) -> SecretString {
    let whole = SecretString::from(text);
    let trimmed = whole.expose_secret().trim();
    if trimmed.len() == whole.expose_secret().len() { whole } else { SecretString::from(trimmed) }
}

/// `program/version (os/arch) clientset/version`: servers take what is before the slash for the field manager.
fn default_user_agent() -> String {
    let program = std::env::args_os().next().map(PathBuf::from);
    let program =
        program.as_deref().and_then(|path| path.file_stem()).and_then(|name| name.to_str()).unwrap_or("");
    let program: String =
        program.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let program = if program.is_empty() { "unknown" } else { &program };
    let (os, arch, version) = (std::env::consts::OS, std::env::consts::ARCH, env!("CARGO_PKG_VERSION"));
    format!("{program}/unknown ({os}/{arch}) clientset/{version}")
}

#[cfg(test)]
mod tests;
