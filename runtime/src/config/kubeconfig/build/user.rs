//! From a user of a kubeconfig and overrides to credentials: certificates, tokens, passwords, plugins, impersonation.

use secrecy::{ExposeSecret, SecretString};

use super::super::model::{AuthProvider, Exec, Named, StoredUser, User};
use super::Build;
use crate::config;
use crate::config::{Config, ExecApiVersion, ExecPlugin, Impersonation, InteractiveMode, PemSource};

impl Build<'_> {
    pub(super) fn user(
        &mut self,
        config: &mut Config,
        entry: Option<&Named<User>>,
        exec_config: Option<&str>,
    ) {
        let overrides = self.overrides;
        let nothing = Named::default();
        config.places.user = entry.map(|entry| self.stanza("user", entry));
        let entry = entry.unwrap_or(&nothing);
        let user = &entry.value;

        self.identity(config, entry);
        self.header_credentials(config, entry);

        let who = Impersonation {
            user: overrides.impersonate_user.clone().or_else(|| user.impersonate.clone()).unwrap_or_default(),
            uid: overrides.impersonate_uid.clone().or_else(|| user.impersonate_uid.clone()),
            groups: match overrides.impersonate_groups.as_slice() {
                [] => user.impersonate_groups.clone(),
                groups => groups.to_vec(),
            },
            extra: match overrides.impersonate_extra.is_empty() {
                true => user.impersonate_extra.iter().cloned().collect(),
                false => overrides.impersonate_extra.clone(),
            },
        };
        config.impersonation = Some(who).filter(|who| *who != Impersonation::default());

        for (given, member) in [
            (overrides.impersonate_user.is_some(), "as"),
            (overrides.impersonate_uid.is_some(), "as-uid"),
            (!overrides.impersonate_groups.is_empty(), "as-groups"),
            (!overrides.impersonate_extra.is_empty(), "as-user-extra"),
        ] {
            if given {
                config.places.overridden(member);
            }
        }

        if let Some(exec) = &overrides.exec {
            config.places.overridden("exec");
            let mut plugin = exec.clone();
            plugin.cluster_config = plugin.cluster_config.or_else(|| exec_config.map(str::to_owned));
            config.credentials.exec = Some(plugin);
        } else if let Some(exec) = &user.exec {
            config.credentials.exec = Some(self.exec(config, entry, exec, exec_config));
        }
        self.auth_provider(entry, config);
    }

    /// A client certificate and its key: a pair, which the strongest place gives as a whole.
    fn identity(&mut self, config: &mut Config, entry: &Named<User>) {
        let (overrides, user) = (self.overrides, &entry.value);
        let given_key = overrides.client_key_data.as_ref().map(|key| key.expose().as_bytes());
        let given_chain = overrides.client_certificate_data.as_ref().map(|chain| chain.as_bytes());
        let asked_chain = overrides.client_certificate.is_some() || given_chain.is_some();
        let asked_key = overrides.client_key.is_some() || given_key.is_some();
        let (chain, key) = if asked_chain || asked_key {
            config.places.overridden("client-certificate");
            config.places.overridden("client-key");
            let source = |file: &Option<std::path::PathBuf>, data: Option<&[u8]>| {
                file.clone().map(PemSource::File).or_else(|| data.map(PemSource::inline))
            };
            (source(&overrides.client_certificate, given_chain), source(&overrides.client_key, given_key))
        } else {
            let chain = (user.client_certificate.as_ref(), user.client_certificate_data.as_ref());
            let key = (user.client_key.as_ref(), user.client_key_data.as_ref());
            // Where both forms are given that is said, and one more problem would mislead.
            let twice = (chain.0.is_some() && chain.1.is_some()) || (key.0.is_some() && key.1.is_some());
            let chain = self.pem("user", "client-certificate", entry, chain.0, chain.1);
            let key = self.pem("user", "client-key", entry, key.0, key.1);
            if twice { (None, None) } else { (chain, key) }
        };
        let problem = match (chain, key) {
            (Some(chain), Some(key)) => {
                config.tls.identity = Some((chain, key));
                return;
            }
            (None, None) => return,
            (Some(_), None) => ("client-certificate", "set without client-key; add the key"),
            (None, Some(_)) => ("client-key", "set without client-certificate; add the certificate"),
        };
        self.problems.push(config.places.problem(problem.0, problem.1));
    }

    /// What an override says replaces whatever the user has of the other kinds: one request carries one credential.
    fn header_credentials(&mut self, config: &mut Config, entry: &Named<User>) {
        let (overrides, user) = (self.overrides, &entry.value);
        let token = overrides.token.as_ref().filter(|token| !token.is_empty());
        let asked_basic = overrides.username.is_some() || overrides.password.is_some();
        let asked =
            token.is_some() || overrides.token_file.is_some() || asked_basic || overrides.exec.is_some();
        let trimmed = |token: &SecretString| config::trimmed_secret(token.expose_secret().to_owned());
        let credentials = &mut config.credentials;
        let basic = if asked {
            for member in ["token", "tokenFile", "username"] {
                config.places.overridden(member);
            }
            credentials.token = token.map(|token| trimmed(token.secret()));
            credentials.token_file = overrides.token_file.clone();
            (overrides.username.as_ref(), overrides.password.as_ref().map(|password| password.secret()))
        } else {
            credentials.token = user.token.as_ref().map(trimmed);
            credentials.token_file = user.token_file.as_ref().map(|file| entry.resolve(file));
            (user.username.as_ref(), user.password.as_ref())
        };
        if basic.0.is_some() || basic.1.is_some() {
            let password = basic.1.cloned().unwrap_or_else(|| SecretString::from(String::new()));
            credentials.basic = Some((basic.0.cloned().unwrap_or_default(), password));
        }
    }

    fn exec(
        &mut self,
        config: &Config,
        entry: &Named<User>,
        exec: &Exec,
        exec_config: Option<&str>,
    ) -> ExecPlugin {
        let mut problem =
            |member: &str, message: &str| self.problems.push(config.places.problem(member, message));
        let command = exec.command.clone().unwrap_or_default();
        // A bare name is looked up in PATH; anything with a separator is a file, seen from the kubeconfig.
        let is_path = command.contains(std::path::is_separator);
        let command = if is_path { entry.resolve(&command).to_string_lossy().into_owned() } else { command };
        let known = "write client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1, as the plugin speaks it";
        let version = match exec.api_version.as_deref() {
            Some("client.authentication.k8s.io/v1") => Some(ExecApiVersion::V1),
            Some("client.authentication.k8s.io/v1beta1") => Some(ExecApiVersion::V1Beta1),
            Some(other) => {
                problem("exec.apiVersion", &format!("{other:?} is not understood; {known}"));
                None
            }
            None => {
                problem("exec.apiVersion", &format!("missing; {known}"));
                None
            }
        };
        let modes = "write Never, IfAvailable or Always";
        let mode = match exec.interactive_mode.as_deref() {
            Some("Never") => InteractiveMode::Never,
            Some("IfAvailable") => InteractiveMode::IfAvailable,
            Some("Always") => InteractiveMode::Always,
            Some(other) => {
                problem("exec.interactiveMode", &format!("{other:?} is no mode; {modes}"));
                InteractiveMode::default()
            }
            None => {
                if version != Some(ExecApiVersion::V1Beta1) {
                    problem("exec.interactiveMode", &format!("missing, and v1 asks for it; {modes}"));
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
    fn auth_provider(&mut self, entry: &Named<User>, config: &mut Config) {
        let Some(provider) = &entry.value.auth_provider else { return };
        if entry.value.exec.is_some() {
            let message = "set together with exec; drop auth-provider";
            self.problems.push(config.places.problem("auth-provider", message));
            return;
        }
        let credentials = &config.credentials;
        let others = credentials.token.is_some()
            || credentials.token_file.is_some()
            || credentials.basic.is_some()
            || credentials.exec.is_some();
        if others || config.tls.identity.is_some() {
            return;
        }
        let instead = match provider.name.as_str() {
            "oidc" if cfg!(feature = "oidc") => {
                let stored = entry
                    .file
                    .as_deref()
                    .map(|file| StoredUser { file: file.to_path_buf(), user: entry.name.clone() });
                let mut provider = AuthProvider { stored, ..provider.clone() };
                // A path, which starts at the file as all others do.
                if let Some(path) = provider.config.get_mut("idp-certificate-authority") {
                    let whole = entry.resolve(path.expose_secret());
                    *path = SecretString::from(whole.to_string_lossy().into_owned());
                }
                config.credentials.auth_provider = Some(provider);
                return;
            }
            "gcp" => {
                "use the exec plugin gke-gcloud-auth-plugin (`gcloud container clusters get-credentials` writes it)"
            }
            "azure" => "use the exec plugin kubelogin (`kubelogin convert-kubeconfig` writes it)",
            "oidc" => {
                "build with the feature `oidc`, or use an exec plugin that logs in, such as kubelogin's `kubectl \
                 oidc-login`"
            }
            "" => "it has no name; use an exec plugin",
            _ => "use an exec plugin",
        };
        let message = format!("{:?} is not supported; {instead}", provider.name);
        self.problems.push(config.places.problem("auth-provider", &message));
    }
}
