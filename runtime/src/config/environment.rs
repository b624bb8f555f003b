//! The process's surroundings as a value, so that a test hands in its own instead of changing the process's.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a pod finds its credentials.
const SERVICE_ACCOUNT_DIR: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Environment variables, home folder and service-account folder that configuration is read from.
///
/// ```
/// use clientset_runtime::config::Environment;
///
/// let environment = Environment::empty().var("KUBECONFIG", "/tmp/one:/tmp/two").home("/home/me");
/// ```
#[derive(Clone)]
pub struct Environment {
    /// `None` is the process's own, read when it is asked for.
    vars: Option<BTreeMap<OsString, OsString>>,
    home: Option<PathBuf>,
    service_account_dir: PathBuf,
}

impl Environment {
    /// The process's own.
    pub fn system() -> Self {
        Environment { vars: None, home: None, service_account_dir: SERVICE_ACCOUNT_DIR.into() }
    }

    /// No variables, no home, and no service account: nothing is found until something is set.
    pub fn empty() -> Self {
        Environment { vars: Some(BTreeMap::new()), home: None, service_account_dir: PathBuf::new() }
    }

    /// Sets a variable.
    ///
    /// On [`Environment::system`] this takes a copy of the process's variables first.
    pub fn var(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.vars.get_or_insert_with(|| std::env::vars_os().collect()).insert(name.into(), value.into());
        self
    }

    /// Sets the home folder.
    pub fn home(mut self, path: impl Into<PathBuf>) -> Self {
        self.home = Some(path.into());
        self
    }

    /// Sets the folder that holds `token`, `ca.crt` and `namespace` in a pod.
    pub fn service_account_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.service_account_dir = path.into();
        self
    }

    /// A variable that is set and not empty; an empty one counts as unset, as everywhere in Kubernetes.
    pub(crate) fn get(&self, name: &str) -> Option<OsString> {
        let value = match &self.vars {
            Some(vars) => vars.get(OsStr::new(name)).cloned(),
            None => std::env::var_os(name),
        };
        value.filter(|value| !value.is_empty())
    }

    pub(crate) fn home_dir(&self) -> Option<PathBuf> {
        let of_process = || self.vars.is_none().then(std::env::home_dir).flatten();
        self.home.clone().or_else(of_process).filter(|home| !home.as_os_str().is_empty())
    }

    pub(crate) fn service_account_file(&self, name: &str) -> Option<PathBuf> {
        let dir: &Path = &self.service_account_dir;
        (!dir.as_os_str().is_empty()).then(|| dir.join(name))
    }

    /// The variables a child process gets, or `None` where it just inherits.
    pub(crate) fn for_child(&self) -> Option<&BTreeMap<OsString, OsString>> {
        self.vars.as_ref()
    }
}

impl Default for Environment {
    fn default() -> Self {
        Environment::system()
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of variables may be secrets.
        f.debug_struct("Environment")
            .field("vars", &self.vars.as_ref().map(|vars| vars.keys().collect::<Vec<_>>()))
            .field("home", &self.home)
            .field("service_account_dir", &self.service_account_dir)
            .finish()
    }
}
