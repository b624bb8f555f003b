//! What a program's flags say on top of a kubeconfig. Deliberately no flag parser: fill it from whichever you use, or use
//! `Flags` of the feature `clap`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::{ExecPlugin, SecretText, server};

/// Settings that win over a kubeconfig's, as `kubectl`'s flags do. Everything is optional.
///
/// What is weaker than the kubeconfig is in `cluster_defaults`; all else is stronger. Where a setting is wrong, the
/// message calls it by `kubectl`'s flag.
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
    /// What holds where neither the kubeconfig nor these overrides say anything.
    pub cluster_defaults: ClusterDefaults,
    /// The name in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Whether the server is not checked. `true` replaces the kubeconfig's authority too; `false` keeps it.
    pub insecure_skip_tls_verify: Option<bool>,
    /// The authorities' PEM file. Replaces the kubeconfig's `insecure-skip-tls-verify` too.
    pub certificate_authority: Option<PathBuf>,
    /// The authorities as PEM text, instead of a file.
    pub certificate_authority_data: Option<String>,
    /// The client certificate's PEM file.
    pub client_certificate: Option<PathBuf>,
    /// The client certificate as PEM text, instead of a file.
    pub client_certificate_data: Option<String>,
    /// The client key's PEM file.
    pub client_key: Option<PathBuf>,
    /// The client key as PEM text, instead of a file.
    pub client_key_data: Option<SecretText>,
    /// A bearer token.
    pub token: Option<SecretText>,
    /// A file with a bearer token.
    pub token_file: Option<PathBuf>,
    /// A user name, for basic authentication.
    pub username: Option<String>,
    /// A password, for basic authentication.
    pub password: Option<SecretText>,
    /// The program that gives the credentials, instead of the user's.
    pub exec: Option<ExecPlugin>,
    /// The user to act as.
    pub impersonate_user: Option<String>,
    /// The uid to act as.
    pub impersonate_uid: Option<String>,
    /// The groups to act as; replaces the kubeconfig's where not empty.
    pub impersonate_groups: Vec<String>,
    /// Anything else about the user to act as; replaces the kubeconfig's where not empty.
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    /// The proxy to go through; it may hold a password.
    pub proxy_url: Option<SecretText>,
    /// Whether the server's answers are left uncompressed.
    pub disable_compression: Option<bool>,
    /// How long a request may take: a number of seconds or a duration such as `1m30s`; `0` is without limit.
    pub request_timeout: Option<String>,
}

/// Settings of a cluster that lose to the kubeconfig's, setting by setting.
///
/// The server is used where nothing names one. An authority and `insecure_skip_tls_verify` are one setting: how the server
/// is trusted.
#[derive(Clone, Default)]
pub struct ClusterDefaults {
    /// The server's URL.
    pub server: Option<String>,
    /// The name in the server's certificate.
    pub tls_server_name: Option<String>,
    /// Whether the server is not checked.
    pub insecure_skip_tls_verify: bool,
    /// The authorities' PEM file.
    pub certificate_authority: Option<PathBuf>,
    /// The proxy to go through; it may hold a password.
    pub proxy_url: Option<SecretText>,
    /// Whether the server's answers are left uncompressed.
    pub disable_compression: bool,
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

    /// Whether it has an authority of its own, as a file or as text.
    pub(crate) fn has_authority(&self) -> bool {
        self.certificate_authority.is_some() || self.certificate_authority_data.is_some()
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.as_deref().map(server::without_userinfo);
        f.debug_struct("Overrides")
            .field("context", &self.context)
            .field("cluster", &self.cluster)
            .field("user", &self.user)
            .field("namespace", &self.namespace)
            .field("server", &server)
            .field("cluster_defaults", &self.cluster_defaults)
            .field("token", &self.token)
            .field("username", &self.username)
            .field("password", &self.password)
            .field("exec", &self.exec)
            .field("impersonate_user", &self.impersonate_user)
            .field("proxy_url", &self.proxy_url)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClusterDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterDefaults")
            .field("server", &self.server.as_deref().map(server::without_userinfo))
            .field("certificate_authority", &self.certificate_authority)
            .field("proxy_url", &self.proxy_url)
            .finish_non_exhaustive()
    }
}
