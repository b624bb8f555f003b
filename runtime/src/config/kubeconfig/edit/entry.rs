//! What stands in an entry of a kubeconfig, and how it is set: what contradicts the new setting goes.

use base64::Engine;
use secrecy::ExposeSecret;

use std::path::Path;

use super::document::{Entry, map_at, set, text};
use crate::config::{ExecPlugin, Impersonation, InteractiveMode, SecretText};
use crate::yaml::{Node, Value};

/// A cluster under change. What is not set here stays as it is.
pub struct ClusterEdit<'a>(Entry<'a>);

/// A user under change. What is not set here stays as it is.
pub struct UserEdit<'a>(Entry<'a>);

/// A context under change. What is not set here stays as it is.
pub struct ContextEdit<'a>(Entry<'a>);

impl<'a> ClusterEdit<'a> {
    pub(super) fn new(entry: Entry<'a>) -> Self {
        ClusterEdit(entry)
    }

    /// The server's URL.
    pub fn server(mut self, url: &str) -> Self {
        self.0.text("server", url);
        self
    }

    /// The authorities' PEM file; instead of PEM text, and of not checking the server.
    ///
    /// A relative path is seen from the process's working folder. It is written relative to the kubeconfig where the file
    /// lies below that one's folder, and absolute elsewhere.
    pub fn certificate_authority_file(mut self, path: impl AsRef<Path>) -> Self {
        self.0.remove(&["certificate-authority-data", "insecure-skip-tls-verify"]);
        self.0.path("certificate-authority", path.as_ref());
        self
    }

    /// The authorities as PEM text; instead of a file, and of not checking the server.
    pub fn certificate_authority_pem(mut self, bundle: impl AsRef<[u8]>) -> Self {
        self.0.remove(&["certificate-authority", "insecure-skip-tls-verify"]);
        self.0.data("certificate-authority-data", bundle.as_ref());
        self
    }

    /// Whether the server is not checked; `true` takes out the authorities.
    pub fn insecure_skip_tls_verify(mut self, insecure: bool) -> Self {
        if insecure {
            self.0.remove(&["certificate-authority", "certificate-authority-data"]);
        }
        self.0.flag("insecure-skip-tls-verify", insecure);
        self
    }

    /// The name in the server's certificate; an empty one is the URL's.
    pub fn tls_server_name(mut self, name: &str) -> Self {
        self.0.text("tls-server-name", name);
        self
    }

    /// The proxy to go through; an empty one leaves it to the environment.
    pub fn proxy_url(mut self, url: impl Into<SecretText>) -> Self {
        self.0.text("proxy-url", url.into().expose());
        self
    }

    /// Whether the server's answers are left uncompressed.
    pub fn disable_compression(mut self, disable: bool) -> Self {
        self.0.flag("disable-compression", disable);
        self
    }
}

/// What goes into the header of a request; there is only one of them.
const HEADER: &[&str] = &["token", "tokenFile", "username", "password"];

const CERTIFICATE: &[&str] =
    &["client-certificate", "client-certificate-data", "client-key", "client-key-data"];

impl<'a> UserEdit<'a> {
    pub(super) fn new(entry: Entry<'a>) -> Self {
        UserEdit(entry)
    }

    /// A bearer token; instead of a token file, and of a user name with password.
    pub fn token(mut self, token: impl Into<SecretText>) -> Self {
        self.0.remove(HEADER);
        self.0.text("token", token.into().expose());
        self
    }

    /// A file with a bearer token; instead of a token, and of a user name with password. Paths as for authorities.
    pub fn token_file(mut self, path: impl AsRef<Path>) -> Self {
        self.0.remove(HEADER);
        self.0.path("tokenFile", path.as_ref());
        self
    }

    /// A user name and a password; instead of a token.
    pub fn basic_auth(mut self, username: &str, password: impl Into<SecretText>) -> Self {
        self.0.remove(HEADER);
        self.0.text("username", username);
        self.0.text("password", password.into().expose());
        self
    }

    /// The PEM files of a client certificate and its key. Paths as for authorities.
    pub fn client_certificate_files(mut self, chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Self {
        self.0.remove(CERTIFICATE);
        self.0.path("client-certificate", chain.as_ref());
        self.0.path("client-key", key.as_ref());
        self
    }

    /// A client certificate and its key as PEM text.
    pub fn client_certificate_pem(mut self, chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        self.0.remove(CERTIFICATE);
        self.0.data("client-certificate-data", chain.as_ref());
        self.0.data("client-key-data", key.as_ref());
        self
    }

    /// A program that gives the credentials; instead of all others, which would win over it.
    ///
    /// A command that is a path is written as paths of authorities are. What the cluster tells its plugins stays there.
    pub fn exec(mut self, plugin: &ExecPlugin) -> Self {
        self.0.remove(HEADER);
        self.0.remove(CERTIFICATE);
        self.0.remove(&["auth-provider"]);
        let list =
            |items: Vec<Node>| Some(items).filter(|items| !items.is_empty()).map(Value::List).map(Node::new);
        let args = list(plugin.args.iter().map(|arg| text(arg)).collect());
        let env = plugin.env.iter().map(|(name, value)| {
            let value = text(value.expose_secret());
            Node::new(Value::Map(vec![("name".to_owned(), text(name)), ("value".to_owned(), value)]))
        });
        let env = list(env.collect());
        let mode = match plugin.interactive_mode {
            InteractiveMode::Never => "Never",
            InteractiveMode::IfAvailable => "IfAvailable",
            InteractiveMode::Always => "Always",
        };
        let is_path = |command: &str| command.contains(std::path::is_separator);
        let command = match plugin.command.as_str() {
            bare if !is_path(bare) => bare.to_owned(),
            path => match self.0.relative(Path::new(path)) {
                path if is_path(&path) => path,
                // What is no bare name has to look like a path.
                beside => format!("./{beside}"),
            },
        };
        let exec = map_at(self.0.body, "exec");
        set(exec, "apiVersion", Some(text(plugin.api_version.as_str())));
        set(exec, "command", Some(text(&command)));
        set(exec, "args", args);
        set(exec, "env", env);
        set(exec, "installHint", plugin.install_hint.as_deref().map(text));
        set(exec, "interactiveMode", Some(text(mode)));
        let provide = Node::new(Value::Bool(plugin.provide_cluster_info));
        set(exec, "provideClusterInfo", Some(provide));
        self
    }

    /// Whom to act as; `None` is nobody else.
    pub fn impersonate(mut self, who: Option<&Impersonation>) -> Self {
        self.0.remove(&["as", "as-uid", "as-groups", "as-user-extra"]);
        let Some(who) = who else { return self };
        let texts = |items: &[String]| Node::new(Value::List(items.iter().map(|item| text(item)).collect()));
        self.0.text("as", &who.user);
        self.0.text("as-uid", who.uid.as_deref().unwrap_or_default());
        if !who.groups.is_empty() {
            set(self.0.body, "as-groups", Some(texts(&who.groups)));
        }
        if !who.extra.is_empty() {
            let extra = who.extra.iter().map(|(key, values)| (key.clone(), texts(values)));
            set(self.0.body, "as-user-extra", Some(Node::new(Value::Map(extra.collect()))));
        }
        self
    }

    /// One setting of the auth-provider's own configuration.
    #[allow(dead_code)] // What refreshes tokens is behind the feature `oidc`.
    pub(super) fn auth_provider_setting(self, name: &str, value: &str) {
        let config = map_at(map_at(self.0.body, "auth-provider"), "config");
        set(config, name, Some(text(value)));
    }
}

impl<'a> ContextEdit<'a> {
    pub(super) fn new(entry: Entry<'a>) -> Self {
        ContextEdit(entry)
    }

    /// The name of the cluster.
    pub fn cluster(mut self, name: &str) -> Self {
        self.0.text("cluster", name);
        self
    }

    /// The name of the user.
    pub fn user(mut self, name: &str) -> Self {
        self.0.text("user", name);
        self
    }

    /// The namespace that is meant when none is said; an empty one is none.
    pub fn namespace(mut self, name: &str) -> Self {
        self.0.text("namespace", name);
        self
    }
}

impl Entry<'_> {
    /// A text; an empty one is none.
    fn text(&mut self, member: &str, value: &str) {
        set(self.body, member, Some(value).filter(|value| !value.is_empty()).map(text));
    }

    fn flag(&mut self, member: &str, value: bool) {
        set(self.body, member, Some(Node::new(Value::Bool(value))).filter(|_| value));
    }

    fn data(&mut self, member: &str, value: &[u8]) {
        self.text(member, &base64::engine::general_purpose::STANDARD.encode(value));
    }

    fn path(&mut self, member: &str, path: &Path) {
        let path = self.relative(path);
        self.text(member, &path);
    }

    fn remove(&mut self, members: &[&str]) {
        for member in members {
            set(self.body, member, None);
        }
    }

    /// A path as it is written: from the kubeconfig's folder where it lies below, else from the root.
    fn relative(&self, path: &Path) -> String {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let below = whole.strip_prefix(&self.folder).ok();
        let steps_back = |path: &&Path| path.components().any(|part| part == std::path::Component::ParentDir);
        let below = below.filter(|path| !path.as_os_str().is_empty() && !steps_back(path));
        below.unwrap_or(&whole).to_string_lossy().into_owned()
    }
}
