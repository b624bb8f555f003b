//! From a kubeconfig and overrides to a [`Config`]: which context, what wins over what, and everything that is wrong.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::model::{Cluster, Exec, Named, User};
use super::names::alternatives;
use super::{KubeContext, Kubeconfig};
use crate::config::overrides::parse_duration;
use crate::config::validate::report;
use crate::config::{
    Config, ExecApiVersion, ExecPlugin, Impersonation, InteractiveMode, Overrides, PemSource, in_cluster,
};
use crate::{Result, config};

impl Kubeconfig {
    /// The configuration that a context means, with what flags say on top.
    ///
    /// # Errors
    ///
    /// One error with all that is wrong: the context, cluster or user is not there (with those that are), options
    /// contradict each other, a file that is named cannot be read.
    pub fn config_for(&self, overrides: &Overrides) -> Result<Config> {
        let chosen = overrides.context.as_deref().filter(|name| !name.is_empty());
        let chosen = chosen.or(self.current_context.as_deref());
        let mut origin = self.sources.describe();
        if let Some(name) = chosen {
            origin = format!("{origin}, context {name:?}");
        }
        let mut build = Build { overrides, problems: Vec::new() };
        let context = match chosen {
            Some(name) => match self.context(name) {
                Some(context) => context.clone(),
                None => {
                    // Whatever else is said would follow from this.
                    let mut others = alternatives(name, self.context_names());
                    if self.sources.read.is_empty() && !self.sources.explicit {
                        others += &format!("; looked at: {}", self.places().join("; "));
                    }
                    return report(&origin, vec![format!("the context {name:?} does not exist{others}")])
                        .map(|()| Config::new(""));
                }
            },
            None if self.chooses(overrides) || overrides.default_server.is_some() => KubeContext::default(),
            None => {
                let others = alternatives("", self.context_names());
                let message = format!("there is no current-context, and none was asked for{others}");
                return report(&origin, vec![message]).map(|()| Config::new(""));
            }
        };
        let cluster = build.entry("cluster", &overrides.cluster, &context.cluster, &self.clusters);
        let user = build.entry("user", &overrides.user, &context.user, &self.users);
        let mut config = build.cluster(cluster);
        build.user(&mut config, user, cluster.and_then(|cluster| cluster.value.exec_config.as_deref()));
        config.environment = self.environment.clone();
        config.origin = origin;
        config.default_namespace = self.namespace(overrides, &context);
        if let Some(timeout) = &overrides.request_timeout {
            match parse_duration(timeout) {
                Ok(timeout) => config = config.request_timeout(timeout),
                Err(problem) => build.problems.push(format!("request timeout {problem}")),
            }
        }
        let config = config.settled();
        let mut problems = build.problems;
        problems.extend(config.problems());
        report(&config.origin, problems).map(|()| config)
    }

    /// Asked for, the context's, the pod's where nothing was asked for explicitly, `default`.
    fn namespace(&self, overrides: &Overrides, context: &KubeContext) -> String {
        let pods = || (!self.sources.explicit).then(|| in_cluster::namespace(&self.environment)).flatten();
        let said = overrides.namespace_name().map(str::to_owned).or_else(|| context.namespace.clone());
        said.or_else(pods).unwrap_or_else(|| "default".to_owned())
    }
}

struct Build<'a> {
    overrides: &'a Overrides,
    problems: Vec<String>,
}

impl Build<'_> {
    /// The entry that the overrides or the context name; naming one that is not there is an error.
    fn entry<'k, T>(
        &mut self,
        what: &str,
        asked: &Option<String>,
        of_context: &Option<String>,
        entries: &'k [Named<T>],
    ) -> Option<&'k Named<T>> {
        let asked = asked.as_deref().filter(|name| !name.is_empty());
        let name = asked.or(of_context.as_deref())?;
        let found = entries.iter().find(|entry| entry.name == name);
        if found.is_none() {
            let by = if asked.is_some() { "" } else { " of this context" };
            let others = alternatives(name, entries.iter().map(|entry| entry.name.as_str()));
            self.problems.push(format!("the {what} {name:?}{by} does not exist{others}"));
        }
        found
    }

    /// Data or a file, not both.
    fn pem<T>(
        &mut self,
        what: &str,
        entry: &Named<T>,
        file: Option<&String>,
        data: Option<&SecretSlice<u8>>,
    ) -> Option<PemSource> {
        match (file, data) {
            (Some(_), Some(_)) => {
                self.problems.push(format!("{what} and {what}-data are both set: keep one"));
                None
            }
            (Some(file), None) => Some(PemSource::File(entry.resolve(file))),
            (None, data) => data.map(|data| PemSource::Inline(data.clone())),
        }
    }

    fn cluster(&mut self, entry: Option<&Named<Cluster>>) -> Config {
        let overrides = self.overrides;
        let nothing = Cluster::default();
        let cluster = entry.map_or(&nothing, |entry| &entry.value);
        let asked_server = overrides.server.as_ref().filter(|server| !server.is_empty());
        let server = asked_server.or(cluster.server.as_ref()).or(overrides.default_server.as_ref());
        if server.is_none() && self.problems.is_empty() {
            self.problems.push(match entry {
                Some(entry) => format!("the cluster {:?} has no server", entry.name),
                None => "the context names no cluster, and no server was given".to_owned(),
            });
        }
        let mut config = Config::new(server.cloned().unwrap_or_default());
        // Without a server there is a problem already; that its credentials travel over http would be an invention.
        config.allow_credentials_over_http = server.is_none();
        let of_cluster = cluster.tls_server_name.as_ref().filter(|_| asked_server.is_none());
        config.tls.server_name = overrides.tls_server_name.as_ref().or(of_cluster).cloned();
        if overrides.insecure_skip_tls_verify.is_some() || overrides.certificate_authority.is_some() {
            config.tls.insecure = overrides.insecure_skip_tls_verify.unwrap_or(false);
            config.tls.ca = overrides.certificate_authority.clone().map(PemSource::File);
        } else if let Some(entry) = entry {
            config.tls.insecure = cluster.insecure_skip_tls_verify;
            let (file, data) =
                (cluster.certificate_authority.as_ref(), cluster.certificate_authority_data.as_ref());
            config.tls.ca = self.pem("certificate-authority", entry, file, data);
        }
        config.proxy = match &overrides.proxy_url {
            Some(proxy) => Some(SecretString::from(proxy.as_str())),
            None => cluster.proxy_url.clone(),
        };
        config.disable_compression = overrides.disable_compression.unwrap_or(cluster.disable_compression);
        config
    }

    fn user(&mut self, config: &mut Config, entry: Option<&Named<User>>, exec_config: Option<&str>) {
        let overrides = self.overrides;
        let nothing = Named { name: String::new(), value: User::default(), file: None };
        let entry = entry.unwrap_or(&nothing);
        let user = &entry.value;

        let (chain, key) = if overrides.client_certificate.is_some() || overrides.client_key.is_some() {
            let file = |path: &Option<PathBuf>| path.clone().map(PemSource::File);
            (file(&overrides.client_certificate), file(&overrides.client_key))
        } else {
            let chain = (user.client_certificate.as_ref(), user.client_certificate_data.as_ref());
            let key = (user.client_key.as_ref(), user.client_key_data.as_ref());
            (
                self.pem("client-certificate", entry, chain.0, chain.1),
                self.pem("client-key", entry, key.0, key.1),
            )
        };
        match (chain, key) {
            (Some(chain), Some(key)) => config.tls.identity = Some((chain, key)),
            (None, None) => {}
            // Where both forms were given that has been said already, and one more problem would mislead.
            (Some(_), None) if user.client_key.is_some() && user.client_key_data.is_some() => {}
            (None, Some(_))
                if user.client_certificate.is_some() && user.client_certificate_data.is_some() => {}
            (Some(_), None) => {
                self.problems.push("a client certificate is set, but no client key".to_owned())
            }
            (None, Some(_)) => {
                self.problems.push("a client key is set, but no client certificate".to_owned())
            }
        }

        self.header_credentials(config, entry);

        let who = Impersonation {
            user: overrides.impersonate_user.clone().or_else(|| user.impersonate.clone()).unwrap_or_default(),
            uid: overrides.impersonate_uid.clone().or_else(|| user.impersonate_uid.clone()),
            groups: match overrides.impersonate_groups.as_slice() {
                [] => user.impersonate_groups.clone(),
                groups => groups.to_vec(),
            },
            extra: user.impersonate_extra.iter().cloned().collect(),
        };
        config.impersonation = Some(who).filter(|who| *who != Impersonation::default());

        if let Some(exec) = &user.exec {
            config.credentials.exec = Some(self.exec(entry, exec, exec_config));
        }
        self.auth_provider(user, config);
    }

    /// What an override says replaces whatever the user has of the other kinds: one request carries one credential.
    fn header_credentials(&mut self, config: &mut Config, entry: &Named<User>) {
        let (overrides, user) = (self.overrides, &entry.value);
        let credentials = &mut config.credentials;
        let asked_token = overrides.token.as_deref().filter(|token| !token.is_empty());
        let asked_basic = overrides.username.is_some() || overrides.password.is_some();
        if asked_token.is_some() || overrides.token_file.is_some() || asked_basic {
            credentials.token = asked_token.map(|token| config::trimmed_secret(token.to_owned()));
            credentials.token_file = overrides.token_file.clone();
        } else {
            credentials.token =
                user.token.as_ref().map(|token| config::trimmed_secret(token.expose_secret().to_owned()));
            credentials.token_file = user.token_file.as_ref().map(|file| entry.resolve(file));
        }
        let asked_bearer = asked_token.is_some() || overrides.token_file.is_some();
        let (name, password) = if asked_basic || asked_bearer {
            (overrides.username.as_deref(), overrides.password.as_deref())
        } else {
            (user.username.as_deref(), user.password.as_ref().map(|password| password.expose_secret()))
        };
        if name.is_some() || password.is_some() {
            let password = SecretString::from(password.unwrap_or_default());
            credentials.basic = Some((name.unwrap_or_default().to_owned(), password));
        }
    }

    fn exec(&mut self, entry: &Named<User>, exec: &Exec, exec_config: Option<&str>) -> ExecPlugin {
        let of = format!("the exec plugin of user {:?}", entry.name);
        let command = exec.command.clone().unwrap_or_default();
        // A bare name is looked up in PATH; anything with a separator is a file, seen from the kubeconfig.
        let is_path = command.contains(std::path::is_separator);
        let command = if is_path { entry.resolve(&command).to_string_lossy().into_owned() } else { command };
        let known = "client.authentication.k8s.io/v1 and client.authentication.k8s.io/v1beta1 are understood";
        let version = match exec.api_version.as_deref() {
            Some("client.authentication.k8s.io/v1") => Some(ExecApiVersion::V1),
            Some("client.authentication.k8s.io/v1beta1") => Some(ExecApiVersion::V1Beta1),
            Some(other) => {
                self.problems.push(format!("{of} has the apiVersion {other:?}; {known}"));
                None
            }
            None => {
                self.problems.push(format!("{of} has no apiVersion; {known}"));
                None
            }
        };
        let mode = match exec.interactive_mode.as_deref() {
            Some("Never") => InteractiveMode::Never,
            Some("IfAvailable") => InteractiveMode::IfAvailable,
            Some("Always") => InteractiveMode::Always,
            Some(other) => {
                let message =
                    format!("{of} has the interactiveMode {other:?}; it is Never, IfAvailable or Always");
                self.problems.push(message);
                InteractiveMode::default()
            }
            None => {
                if version != Some(ExecApiVersion::V1Beta1) {
                    let message = format!(
                        "{of} has no interactiveMode, which v1 asks for: Never, IfAvailable or Always"
                    );
                    self.problems.push(message);
                }
                InteractiveMode::default()
            }
        };
        let mut plugin = ExecPlugin::new(command)
            .args(exec.args.iter().cloned())
            .api_version(version.unwrap_or_default())
            .interactive_mode(mode)
            .provide_cluster_info(exec.provide_cluster_info);
        plugin.env = exec.env.clone();
        plugin.cluster_config = exec_config.map(str::to_owned);
        if let Some(hint) = &exec.install_hint {
            plugin = plugin.install_hint(hint);
        }
        plugin
    }

    /// The built-in providers are gone from Kubernetes: say what took their place.
    fn auth_provider(&mut self, user: &User, config: &Config) {
        let Some(name) = &user.auth_provider else { return };
        if user.exec.is_some() {
            self.problems.push("auth-provider and exec are both set: drop auth-provider".to_owned());
            return;
        }
        let credentials = &config.credentials;
        let others =
            credentials.token.is_some() || credentials.token_file.is_some() || credentials.basic.is_some();
        if others || config.tls.identity.is_some() {
            return;
        }
        let instead = match name.as_str() {
            "gcp" => {
                "use the exec plugin gke-gcloud-auth-plugin (`gcloud container clusters get-credentials` writes it)"
            }
            "azure" => "use the exec plugin kubelogin (`kubelogin convert-kubeconfig` writes it)",
            "oidc" => "use an exec plugin that logs in, such as kubelogin's `kubectl oidc-login`",
            _ => "use an exec plugin",
        };
        self.problems.push(format!("the auth-provider {name:?} is not supported: {instead}"));
    }
}
