//! What a kubeconfig holds, as its files say it. Deliberately without defaults or checks across entries: `build` does those.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{SecretSlice, SecretString};

/// A named entry and the file it came from, which its relative paths are relative to.
#[derive(Clone, Default)]
pub(crate) struct Named<T> {
    pub(crate) name: String,
    pub(crate) value: T,
    pub(crate) file: Option<Arc<Path>>,
}

impl<T> Named<T> {
    /// A path of this entry, seen from the folder of its file.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        match self.file.as_deref().and_then(Path::parent) {
            Some(folder) => whole(folder).join(path),
            None => PathBuf::from(path),
        }
    }
}

/// A folder from the root on, so that it stays the same when the process goes elsewhere; the empty one is where it is now.
pub(super) fn whole(folder: &Path) -> PathBuf {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let whole = std::path::absolute(here).unwrap_or_else(|_| folder.to_path_buf());
    // On Unix a dot at the end stays one.
    whole.components().collect()
}

/// `clusters[].cluster`
#[derive(Clone, Default)]
pub(crate) struct Cluster {
    pub(crate) server: Option<String>,
    pub(crate) tls_server_name: Option<String>,
    pub(crate) insecure_skip_tls_verify: bool,
    pub(crate) certificate_authority: Option<String>,
    pub(crate) certificate_authority_data: Option<SecretSlice<u8>>,
    /// May hold a password.
    pub(crate) proxy_url: Option<SecretString>,
    pub(crate) disable_compression: bool,
    /// JSON text of the extension that exec plugins get.
    pub(crate) exec_config: Option<String>,
}

/// `users[].user`
#[derive(Clone, Default)]
pub(crate) struct User {
    pub(crate) client_certificate: Option<String>,
    pub(crate) client_certificate_data: Option<SecretSlice<u8>>,
    pub(crate) client_key: Option<String>,
    pub(crate) client_key_data: Option<SecretSlice<u8>>,
    pub(crate) token: Option<SecretString>,
    pub(crate) token_file: Option<String>,
    pub(crate) impersonate: Option<String>,
    pub(crate) impersonate_uid: Option<String>,
    pub(crate) impersonate_groups: Vec<String>,
    pub(crate) impersonate_extra: Vec<(String, Vec<String>)>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) auth_provider: Option<AuthProvider>,
    pub(crate) exec: Option<Exec>,
}

/// `users[].user.auth-provider`, and where what it gets is to be kept.
#[derive(Clone)]
pub(crate) struct AuthProvider {
    pub(crate) name: String,
    /// Values are secrets: tokens stand there.
    pub(crate) config: BTreeMap<String, SecretString>,
    /// `None` for a kubeconfig that is no file.
    pub(crate) stored: Option<StoredUser>,
}

/// The user of a file, where a refreshed token is written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredUser {
    pub(crate) file: PathBuf,
    pub(crate) user: String,
}

impl fmt::Debug for AuthProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthProvider")
            .field("name", &self.name)
            .field("config", &self.config.keys().collect::<Vec<_>>())
            .field("stored", &self.stored)
            .finish()
    }
}

/// `users[].user.exec`
#[derive(Clone, Default)]
pub(crate) struct Exec {
    pub(crate) command: Option<String>,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, SecretString)>,
    pub(crate) api_version: Option<String>,
    pub(crate) install_hint: Option<String>,
    pub(crate) provide_cluster_info: bool,
    pub(crate) interactive_mode: Option<String>,
}

/// `contexts[].context`: which cluster, as whom, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubeContext {
    /// The name of the cluster.
    pub cluster: Option<String>,
    /// The name of the user.
    pub user: Option<String>,
    /// The namespace that is meant when none is said.
    pub namespace: Option<String>,
}
