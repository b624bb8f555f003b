//! The connection flags of `kubectl` as a group of arguments for a program that uses clap. Deliberately nothing but the
//! flags: what they mean is in `Overrides`, and where a configuration is looked for in `Config::infer`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{Config, Environment, Overrides, SecretText, duration, infer};
use crate::Result;

/// The flags with which `kubectl` says which cluster, as whom and where. Needs the feature `clap`.
///
/// Put it into a parser with `#[command(flatten)]`; the names, the short forms and the meaning are `kubectl`'s. A token
/// or a password on the command line can be read by every user of the machine: a kubeconfig is the better place.
///
/// ```
/// use clap::Parser;
/// use clientset_runtime::config::Flags;
///
/// #[derive(Parser)]
/// struct Cli {
///     #[command(flatten)]
///     kubernetes: Flags,
/// }
///
/// let cli = Cli::parse_from(["my-program", "--context=prod", "-n", "ns/web", "--request-timeout=30"]);
/// assert_eq!(cli.kubernetes.context.as_deref(), Some("prod"));
/// # async fn run(cli: Cli) -> clientset_runtime::Result<()> {
/// let config = cli.kubernetes.into_config().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Default, clap::Args)]
#[command(next_help_heading = "Kubernetes")]
#[non_exhaustive]
pub struct Flags {
    /// The kubeconfig to use; without it KUBECONFIG, ~/.kube/config, or the pod this runs in
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig to use
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// The cluster of the kubeconfig to use
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The user of the kubeconfig to use
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// The namespace to work in
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// The URL of the API server
    #[arg(short, long, value_name = "URL")]
    pub server: Option<String>,
    /// The name that the certificate of the server is checked against
    #[arg(long, value_name = "NAME")]
    pub tls_server_name: Option<String>,
    /// Do not check the certificate of the server: anybody on the way can read and change everything
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub insecure_skip_tls_verify: Option<bool>,
    /// A file with the authorities that the server is checked with
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub certificate_authority: Option<PathBuf>,
    /// A file with a client certificate
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub client_certificate: Option<PathBuf>,
    /// A file with the key of the client certificate
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub client_key: Option<PathBuf>,
    /// A bearer token
    #[arg(long)]
    pub token: Option<SecretText>,
    /// A user name for basic authentication
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// A password for basic authentication
    #[arg(long)]
    pub password: Option<SecretText>,
    /// The user to act as
    #[arg(long = "as", value_name = "USER")]
    pub impersonate_user: Option<String>,
    /// The uid to act as
    #[arg(long = "as-uid", value_name = "UID")]
    pub impersonate_uid: Option<String>,
    /// A group to act as; may be given again
    #[arg(long = "as-group", value_name = "GROUP")]
    pub impersonate_groups: Vec<String>,
    /// Something else about the user to act as; may be given again
    #[arg(long = "as-user-extra", value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub impersonate_extra: Vec<(String, String)>,
    /// The proxy to go through: http://, https:// or socks5://
    #[arg(long, value_name = "URL")]
    pub proxy_url: Option<SecretText>,
    /// Do not ask the server to compress its answers
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub disable_compression: Option<bool>,
    /// How long one request may take: seconds, or a duration such as 1m30s; 0 is without limit
    #[arg(long, value_name = "DURATION", value_parser = timeout)]
    pub request_timeout: Option<String>,
}

impl Flags {
    /// The configuration that these flags mean, with what they leave open from a kubeconfig or from the pod.
    ///
    /// # Errors
    ///
    /// As [`Config::infer`].
    pub async fn into_config(self) -> Result<Config> {
        infer::off_the_executor(move || self.config_in(&Environment::system())).await
    }

    /// The same in another environment, and without waiting.
    ///
    /// # Errors
    ///
    /// As [`Config::infer`].
    pub fn config_in(&self, environment: &Environment) -> Result<Config> {
        let file = self.kubeconfig.as_deref().filter(|path| !path.as_os_str().is_empty());
        Config::infer_in(environment, file, &self.to_overrides())
    }

    /// What these flags say on top of a kubeconfig: all but `--kubeconfig`. An empty flag is one that was not given.
    pub fn to_overrides(&self) -> Overrides {
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        let secret = |value: &Option<SecretText>| value.clone().filter(|text| !text.is_empty());
        let path = |value: &Option<PathBuf>| value.clone().filter(|path| !path.as_os_str().is_empty());
        let mut impersonate_extra = BTreeMap::<String, Vec<String>>::new();
        for (key, value) in &self.impersonate_extra {
            impersonate_extra.entry(key.clone()).or_default().push(value.clone());
        }
        Overrides {
            context: text(&self.context),
            cluster: text(&self.cluster),
            user: text(&self.user),
            namespace: text(&self.namespace),
            server: text(&self.server),
            tls_server_name: text(&self.tls_server_name),
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            certificate_authority: path(&self.certificate_authority),
            client_certificate: path(&self.client_certificate),
            client_key: path(&self.client_key),
            token: secret(&self.token),
            username: text(&self.username),
            password: secret(&self.password),
            impersonate_user: text(&self.impersonate_user),
            impersonate_uid: text(&self.impersonate_uid),
            impersonate_groups: self.impersonate_groups.clone(),
            impersonate_extra,
            proxy_url: secret(&self.proxy_url),
            disable_compression: self.disable_compression,
            request_timeout: text(&self.request_timeout),
            ..Overrides::default()
        }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flags")
            .field("kubeconfig", &self.kubeconfig)
            .field("overrides", &self.to_overrides())
            .finish_non_exhaustive()
    }
}

/// A path, also an empty one, which is not given: scripts write `--kubeconfig "$FILE"`.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Looked at while the flags are parsed, so that clap says it; kept as text, since `Overrides` has it so.
fn timeout(text: &str) -> std::result::Result<String, String> {
    duration::parse_duration(text).map(|_| text.to_owned())
}

fn key_and_value(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}
