//! Finding a configuration: which places, in which order, and what is said where none has one.

use std::path::{Path, PathBuf};

use super::{ClusterDefaults, Config, Environment, Kubeconfig, Overrides, in_cluster};
use crate::Result;
use crate::error::Kind;

impl Config {
    /// Finds a configuration: the files in `KUBECONFIG`, else `~/.kube/config`, else the pod this runs in.
    ///
    /// This is what a program wants that is to run on a desk and in a cluster alike.
    ///
    /// # Errors
    ///
    /// What was found is wrong, or nothing was found: then the error lists every place that was looked at.
    pub async fn infer() -> Result<Config> {
        off_the_executor(|| Config::infer_in(&Environment::system(), None, &Overrides::default())).await
    }

    /// The same in another environment, with an explicit file, and with what flags say on top.
    ///
    /// With a file only that one is read. A server in the overrides needs no kubeconfig at all, and the credentials of a
    /// pod are never sent to it: they are for the pod's own server.
    ///
    /// # Errors
    ///
    /// As [`Config::infer`].
    pub fn infer_in(environment: &Environment, file: Option<&Path>, overrides: &Overrides) -> Result<Config> {
        if let Some(file) = file {
            return Kubeconfig::read_in(file, environment)?.config_for(overrides);
        }
        let kubeconfig = Kubeconfig::load_from(environment)?;
        if kubeconfig.chooses(overrides) {
            return kubeconfig.config_for(overrides);
        }
        if in_cluster::is_possible(environment) {
            return in_cluster::kubeconfig(environment)?.config_for(overrides);
        }
        let master = environment.get("KUBERNETES_MASTER").map(|master| master.to_string_lossy().into_owned());
        if let Some(server) = overrides.cluster_defaults.server.clone().or(master) {
            let cluster_defaults =
                ClusterDefaults { server: Some(server), ..overrides.cluster_defaults.clone() };
            return kubeconfig.config_for(&Overrides { cluster_defaults, ..overrides.clone() });
        }
        let mut places = kubeconfig.places();
        places.push(in_cluster::why_not(environment));
        places.push("KUBERNETES_MASTER: not set".to_owned());
        let list: String = places.iter().map(|place| format!("\n  - {place}")).collect();
        let message = format!("no configuration was found; looked at:{list}");
        let help = "set KUBECONFIG to a kubeconfig, choose one of its contexts, or name a server";
        Err(crate::Error::new(Kind::NoConfig, "", message).with_help(help))
    }

    /// The configuration of a kubeconfig file's current context.
    ///
    /// # Errors
    ///
    /// The file does not exist, is malformed, or its current context is wrong.
    pub fn from_kubeconfig(path: impl AsRef<Path>) -> Result<Config> {
        Kubeconfig::read(path)?.config()
    }

    /// The configuration of the current context of a kubeconfig in memory (client-go's `RESTConfigFromKubeConfig`).
    ///
    /// # Errors
    ///
    /// It is malformed, or its current context is wrong.
    pub fn from_kubeconfig_str(yaml: impl AsRef<[u8]>) -> Result<Config> {
        Kubeconfig::parse(yaml)?.config()
    }

    /// What the flags `--master` and `--kubeconfig` mean (client-go's `BuildConfigFromFlags`); empty is not given.
    ///
    /// Unlike client-go it honours `KUBECONFIG` and `~/.kube/config` where no file is given, before it asks whether
    /// this is a pod. `master` replaces the server of whatever is found, and does alone where nothing is.
    ///
    /// # Errors
    ///
    /// As [`Config::infer`].
    pub fn from_flags(master: Option<&str>, kubeconfig: Option<&str>) -> Result<Config> {
        Config::from_flags_in(&Environment::system(), master, kubeconfig)
    }

    /// The same in another environment.
    ///
    /// # Errors
    ///
    /// As [`Config::infer`].
    pub fn from_flags_in(
        environment: &Environment,
        master: Option<&str>,
        kubeconfig: Option<&str>,
    ) -> Result<Config> {
        let file = kubeconfig.filter(|path| !path.is_empty()).map(PathBuf::from);
        let server = master.filter(|master| !master.is_empty()).map(str::to_owned);
        Config::infer_in(environment, file.as_deref(), &Overrides { server, ..Overrides::default() })
    }

    /// The configuration of the pod this runs in: its service account's token, authority and namespace.
    ///
    /// The token is read again as it is rotated. A missing namespace file is fine, and so is a missing authority: the
    /// platform's are trusted then.
    ///
    /// # Errors
    ///
    /// This is no pod, or its service account has no token that can be read.
    pub fn in_cluster() -> Result<Config> {
        Config::in_cluster_in(&Environment::system())
    }

    /// The same in another environment.
    ///
    /// # Errors
    ///
    /// As [`Config::in_cluster`].
    pub fn in_cluster_in(environment: &Environment) -> Result<Config> {
        in_cluster::kubeconfig(environment)?.config()
    }
}

/// Reads on a thread of its own where there is an executor: files may be on a slow or absent network share, and the
/// executor's thread is not to wait for them.
pub(super) async fn off_the_executor(
    read: impl FnOnce() -> Result<Config> + Send + 'static,
) -> Result<Config> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return read() };
    match runtime.spawn_blocking(read).await {
        Ok(result) => result,
        Err(error) => Err(crate::Error::new(Kind::Config, "reading the configuration", error.to_string())),
    }
}
