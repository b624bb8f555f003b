//! Finding a configuration: which places, in which order, and what is said where none has one.

use std::path::{Path, PathBuf};

use super::validate::report;
use super::{Config, Environment, Kubeconfig, Overrides, in_cluster};
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
        let read = || Config::infer_in(&Environment::system(), None, &Overrides::default());
        // Files may be on a slow or absent network share; the executor's thread is not to wait for them.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => match runtime.spawn_blocking(read).await {
                Ok(result) => result,
                Err(error) => {
                    Err(crate::Error::new(Kind::Config, "reading the configuration", error.to_string()))
                }
            },
            Err(_) => read(),
        }
    }

    /// The same in another environment, with an explicit file, and with what flags say on top.
    ///
    /// With a file only that one is read. A server in the overrides needs no kubeconfig at all.
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
            return overridden(in_cluster::config(environment)?, overrides);
        }
        let master = environment.get("KUBERNETES_MASTER").map(|master| master.to_string_lossy().into_owned());
        if let Some(master) = overrides.default_server.clone().or(master) {
            return kubeconfig.config_for(&Overrides { default_server: Some(master), ..overrides.clone() });
        }
        let mut places = kubeconfig.places();
        places.push(in_cluster::why_not(environment));
        let list: String = places.iter().map(|place| format!("\n  - {place}")).collect();
        let error =
            crate::Error::new(Kind::Config, "", format!("no configuration was found; looked at:{list}"));
        Err(error.with_help("set KUBECONFIG to a kubeconfig, choose one of its contexts, or name a server"))
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
        let config = in_cluster::config(environment)?;
        report(&config.origin, config.problems()).map(|()| config)
    }
}

/// An in-cluster configuration with all that flags say, as if it stood in a kubeconfig.
fn overridden(mut config: Config, overrides: &Overrides) -> Result<Config> {
    let nothing = Kubeconfig::default().environment(config.environment.clone());
    let given = Overrides { server: Some(config.given_server.clone()), ..overrides.clone() };
    // Credentials are judged over the configuration as a whole, so the parts are only checked together below.
    let said = nothing.config_for(&given)?;
    if overrides.insecure_skip_tls_verify.is_some() || overrides.certificate_authority.is_some() {
        config.tls.insecure = said.tls.insecure;
        config.tls.ca = said.tls.ca;
    }
    config.tls.server_name = said.tls.server_name;
    config.tls.identity = said.tls.identity;
    let credentials = &said.credentials;
    if credentials.token.is_some() || credentials.token_file.is_some() || credentials.basic.is_some() {
        config.credentials = said.credentials;
    }
    config.impersonation = said.impersonation;
    config.proxy = said.proxy;
    config.disable_compression = said.disable_compression;
    config.request_timeout = said.request_timeout;
    if let Some(namespace) = overrides.namespace_name() {
        config.default_namespace = namespace.to_owned();
    }
    let config = config.settled();
    report(&config.origin, config.problems()).map(|()| config)
}
