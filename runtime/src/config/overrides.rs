//! What a program's flags say on top of a kubeconfig. Deliberately no flag parser: fill it from whichever you use.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::Redacted;

/// Settings that win over a kubeconfig's, as `kubectl`'s flags do. Everything is optional.
///
/// ```no_run
/// use clientset_runtime::config::{Kubeconfig, Overrides};
///
/// let kubeconfig = Kubeconfig::load()?;
/// let staging = kubeconfig.config_for(&Overrides { context: Some("staging".into()), ..Overrides::default() })?;
/// let prod = kubeconfig.config_for(&Overrides { context: Some("prod".into()), ..Overrides::default() })?;
/// # Ok::<(), clientset_runtime::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Overrides {
    /// The context to use instead of `current-context`. It has to exist.
    pub context: Option<String>,
    /// The cluster to use instead of the context's. It has to exist.
    pub cluster: Option<String>,
    /// The user to use instead of the context's. It has to exist.
    pub user: Option<String>,
    /// The namespace that is meant when none is said; `ns/`, `namespace/` and `namespaces/` before it are dropped.
    pub namespace: Option<String>,
    /// The server's URL. The kubeconfig's `tls-server-name` goes with the server it was for.
    pub server: Option<String>,
    /// The server's URL where neither the kubeconfig nor `server` has one.
    pub default_server: Option<String>,
    /// The name in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Whether the server is not checked. Replaces the kubeconfig's authority too.
    pub insecure_skip_tls_verify: Option<bool>,
    /// The authorities' PEM file. Replaces the kubeconfig's `insecure-skip-tls-verify` too.
    pub certificate_authority: Option<PathBuf>,
    /// The client certificate's PEM file.
    pub client_certificate: Option<PathBuf>,
    /// The client key's PEM file.
    pub client_key: Option<PathBuf>,
    /// A bearer token.
    pub token: Option<String>,
    /// A file with a bearer token.
    pub token_file: Option<PathBuf>,
    /// A user name, for basic authentication.
    pub username: Option<String>,
    /// A password, for basic authentication.
    pub password: Option<String>,
    /// The user to act as.
    pub impersonate_user: Option<String>,
    /// The uid to act as.
    pub impersonate_uid: Option<String>,
    /// The groups to act as; replaces the kubeconfig's where not empty.
    pub impersonate_groups: Vec<String>,
    /// The proxy to go through.
    pub proxy_url: Option<String>,
    /// Whether the server's answers are left uncompressed.
    pub disable_compression: Option<bool>,
    /// How long a request may take: a number of seconds or a duration such as `1m30s`; `0` is without limit.
    pub request_timeout: Option<String>,
}

impl Overrides {
    /// Overrides that choose a context.
    pub fn context(name: impl Into<String>) -> Self {
        Overrides { context: Some(name.into()), ..Overrides::default() }
    }

    pub(crate) fn namespace_name(&self) -> Option<&str> {
        let name = self.namespace.as_deref()?;
        let bare = ["namespaces/", "namespace/", "ns/"].iter().find_map(|prefix| name.strip_prefix(prefix));
        Some(bare.unwrap_or(name)).filter(|name| !name.is_empty())
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("context", &self.context)
            .field("cluster", &self.cluster)
            .field("user", &self.user)
            .field("namespace", &self.namespace)
            .field("server", &self.server)
            .field("token", &self.token.as_ref().map(|_| Redacted))
            .field("password", &self.password.as_ref().map(|_| Redacted))
            .finish_non_exhaustive()
    }
}

/// A duration as flags give it: bare seconds, or numbers with units (`h`, `m`, `s`, `ms`, `us`, `ns`).
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let fail = || format!("{text:?} is not a duration: write seconds (`30`) or units (`1m30s`)");
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return text.parse().map(Duration::from_secs).map_err(|_| fail());
    }
    let mut rest = text;
    let mut total = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(fail)?;
        let number: f64 = rest[..digits].parse().map_err(|_| fail())?;
        let units = &rest[digits..];
        let end = units.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(units.len());
        let seconds = match &units[..end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(fail()),
        };
        total += number * seconds;
        rest = &units[end..];
    }
    if text.is_empty() {
        return Err(fail());
    }
    Duration::try_from_secs_f64(total).map_err(|_| fail())
}
