//! From a kubeconfig and overrides to a [`Config`]: which context, what wins over what, and everything that is wrong.
//! Deliberately without the user's credentials: those are in `build/user.rs`.

mod user;

use secrecy::SecretSlice;

use super::model::{Cluster, Named};
use super::names::alternatives;
use super::{KubeContext, Kubeconfig};
use crate::config::duration::parse_duration;
use crate::config::places::stanza;
use crate::config::validate::{failure, report};
use crate::config::{Config, Overrides, PemSource, in_cluster};
use crate::error::Kind;
use crate::{Error, Result};

impl Kubeconfig {
    /// The configuration that a context means, with what flags say on top.
    ///
    /// # Errors
    ///
    /// One error with all that is wrong, each with its place: the context, cluster or user is not there (with those that
    /// are), options contradict each other, a file that is named cannot be read.
    pub fn config_for(&self, overrides: &Overrides) -> Result<Config> {
        let chosen = overrides.context.as_deref().filter(|name| !name.is_empty());
        let asked = chosen.is_some();
        let chosen = chosen.or(self.current_context.as_deref());
        let mut origin = self.sources.describe();
        if let Some(name) = chosen.filter(|_| self.sources.label.is_none()) {
            origin = format!("{origin}, context {name:?}");
        }
        let context = match chosen {
            Some(name) => match self.contexts.iter().find(|entry| entry.name == name) {
                Some(context) => context.clone(),
                // Whatever else is said would follow from this.
                None => return Err(self.no_such_context(name, asked)),
            },
            None if self.chooses(overrides) || overrides.cluster_defaults.server.is_some() => {
                Named::default()
            }
            None if self.is_empty() => {
                let message = "there is no cluster, user or context in it; is it the right file?".to_owned();
                return Err(failure(&origin, vec![message]));
            }
            None => {
                let others = alternatives("", self.context_names());
                let message = format!(
                    "current-context: missing, and no context was asked for; choose one (`kubectl config use-context` \
                     writes it){others}"
                );
                return Err(failure(&origin, vec![message]));
            }
        };
        let mut build = Build { overrides, several: self.sources.read.len() > 1, problems: Vec::new() };
        let cluster =
            build.entry("cluster", &overrides.cluster, &context, &context.value.cluster, &self.clusters);
        let user = build.entry("user", &overrides.user, &context, &context.value.user, &self.users);
        let mut config = build.cluster(cluster, &context);
        build.user(&mut config, user, cluster.and_then(|cluster| cluster.value.exec_config.as_deref()));
        config.environment = self.environment.clone();
        config.origin = origin;
        config.places.context = Some(build.stanza("context", &context)).filter(|_| !context.name.is_empty());
        let namespace = self.namespace(overrides, &context.value, &mut config, &mut build.problems);
        config.default_namespace = namespace;
        if let Some(timeout) = &overrides.request_timeout {
            match parse_duration(timeout) {
                Ok(timeout) => config = config.request_timeout(timeout),
                Err(problem) => build.problems.push(format!("override --request-timeout: {problem}")),
            }
        }
        let config = config.settled();
        let mut problems = build.problems;
        problems.extend(config.problems());
        report(&config.origin, problems).map(|()| config)
    }

    fn no_such_context(&self, name: &str, asked: bool) -> Error {
        if self.sources.read.is_empty() && !self.sources.explicit {
            let places: String = self.places().iter().map(|place| format!("\n  - {place}")).collect();
            let message = format!("there is no context {name:?}; looked at:{places}");
            return Error::new(Kind::NoContext, "no kubeconfig was found", message);
        }
        let others = alternatives(name, self.context_names());
        let member = if asked { "" } else { "current-context: " };
        let message = format!("{member}there is no context {name:?}{others}");
        Error::new(Kind::NoContext, self.sources.describe(), message)
    }

    /// Asked for, the context's, the pod's where nothing was asked for explicitly, `default`.
    fn namespace(
        &self,
        overrides: &Overrides,
        context: &KubeContext,
        config: &mut Config,
        problems: &mut Vec<String>,
    ) -> String {
        let asked = overrides.namespace_name();
        if asked.is_some() {
            config.places.overridden("namespace");
        }
        let pods = || (!self.sources.explicit).then(|| in_cluster::namespace(&self.environment)).flatten();
        let Some(said) = asked.map(str::to_owned).or_else(|| context.namespace.clone()) else {
            return pods().unwrap_or_else(|| "default".to_owned());
        };
        if !is_dns_label(&said) {
            let message = format!(
                "{said:?} is no namespace; write at most 63 lower-case letters, digits and `-`, with a letter or a digit \
                 first and last"
            );
            problems.push(config.places.problem("namespace", &message));
        }
        said
    }
}

fn is_dns_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= 63
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

struct Build<'a> {
    overrides: &'a Overrides,
    /// There is more than one file, so that a name does not tell which.
    several: bool,
    problems: Vec<String>,
}

impl Build<'_> {
    fn stanza<T>(&self, kind: &str, entry: &Named<T>) -> String {
        stanza(kind, &entry.name, entry.file.as_deref(), self.several)
    }

    /// The entry that the overrides or the context name; naming one that is not there is an error.
    fn entry<'k, T>(
        &mut self,
        what: &str,
        asked: &Option<String>,
        context: &Named<KubeContext>,
        of_context: &Option<String>,
        entries: &'k [Named<T>],
    ) -> Option<&'k Named<T>> {
        let asked = asked.as_deref().filter(|name| !name.is_empty());
        let name = asked.or(of_context.as_deref())?;
        let found = entries.iter().find(|entry| entry.name == name);
        if found.is_none() {
            let place = match asked {
                Some(_) => format!("override --{what}"),
                None => format!("{}: {what}", self.stanza("context", context)),
            };
            let others = alternatives(name, entries.iter().map(|entry| entry.name.as_str()));
            self.problems.push(format!("{place}: there is no {what} {name:?}{others}"));
        }
        found
    }

    /// Data or a file, not both.
    fn pem<T>(
        &mut self,
        kind: &str,
        member: &str,
        entry: &Named<T>,
        file: Option<&String>,
        data: Option<&SecretSlice<u8>>,
    ) -> Option<PemSource> {
        match (file, data) {
            (Some(_), Some(_)) => {
                let stanza = self.stanza(kind, entry);
                self.problems.push(format!("{stanza}: {member}: set together with {member}-data; keep one"));
                None
            }
            (Some(file), None) => Some(PemSource::File(entry.resolve(file))),
            (None, data) => data.map(|data| PemSource::Inline(data.clone())),
        }
    }

    fn cluster(&mut self, entry: Option<&Named<Cluster>>, context: &Named<KubeContext>) -> Config {
        let overrides = self.overrides;
        let defaults = &overrides.cluster_defaults;
        let nothing = Named::default();
        let entry_or_nothing = entry.unwrap_or(&nothing);
        let cluster = &entry_or_nothing.value;
        let asked_server = overrides.server.as_ref().filter(|server| !server.is_empty());
        let server = asked_server.or(cluster.server.as_ref()).or(defaults.server.as_ref());
        // Where the cluster does not exist, that has been said, and its server is a consequence.
        if server.is_none() && self.problems.is_empty() {
            let problem = match entry {
                Some(entry) => {
                    let stanza = self.stanza("cluster", entry);
                    format!("{stanza}: server: missing; write the API server's URL, https://host:port")
                }
                None => format!(
                    "{}: cluster: missing, and no server was given; name one of the clusters",
                    self.stanza("context", context)
                ),
            };
            self.problems.push(problem);
        }
        let mut config = Config::new(server.cloned().unwrap_or_default());
        config.places.cluster = entry.map(|entry| self.stanza("cluster", entry));
        if asked_server.is_some() {
            config.places.overridden("server");
        }
        // Without a server there is a problem already; that its credentials travel over http would be an invention.
        config.allow_credentials_over_http = server.is_none();
        let of_cluster = cluster.tls_server_name.as_ref().filter(|_| asked_server.is_none());
        let server_name =
            overrides.tls_server_name.as_ref().or(of_cluster).or(defaults.tls_server_name.as_ref());
        config.tls.server_name = server_name.cloned();
        self.trust(&mut config, entry_or_nothing);
        if overrides.proxy_url.is_some() || (cluster.proxy_url.is_none() && defaults.proxy_url.is_some()) {
            config.places.overridden("proxy-url");
        }
        config.proxy = match overrides.proxy_url.as_ref().filter(|proxy| !proxy.is_empty()) {
            Some(proxy) => Some(proxy.secret().clone()),
            None => cluster.proxy_url.clone().or_else(|| Some(defaults.proxy_url.as_ref()?.secret().clone())),
        };
        let compressed = overrides.disable_compression;
        config.disable_compression =
            compressed.unwrap_or(cluster.disable_compression || defaults.disable_compression);
        config
    }

    /// How the server is trusted: an authority and `insecure` are one setting, which the strongest place gives as a whole.
    fn trust(&mut self, config: &mut Config, entry: &Named<Cluster>) {
        let (overrides, cluster) = (self.overrides, &entry.value);
        let defaults = &overrides.cluster_defaults;
        if overrides.has_authority() || overrides.insecure_skip_tls_verify == Some(true) {
            config.tls.insecure = overrides.insecure_skip_tls_verify.unwrap_or(false);
            config.places.overridden("insecure-skip-tls-verify");
            config.places.overridden("certificate-authority");
            config.tls.ca = match (&overrides.certificate_authority, &overrides.certificate_authority_data) {
                (Some(_), Some(_)) => {
                    let message = "set together with certificate_authority_data; keep one";
                    self.problems.push(config.places.problem("certificate-authority", message));
                    None
                }
                (Some(file), None) => Some(PemSource::File(file.clone())),
                (None, data) => data.as_ref().map(|pem| PemSource::inline(pem.as_bytes())),
            };
            return;
        }
        let (file, data) =
            (cluster.certificate_authority.as_ref(), cluster.certificate_authority_data.as_ref());
        if file.is_some() || data.is_some() || cluster.insecure_skip_tls_verify {
            config.tls.insecure = cluster.insecure_skip_tls_verify;
            config.tls.ca = self.pem("cluster", "certificate-authority", entry, file, data);
        } else {
            config.tls.insecure = defaults.insecure_skip_tls_verify;
            config.tls.ca = defaults.certificate_authority.clone().map(PemSource::File);
        }
        // Asked for checking: what the file says of not checking does not hold, its authority does.
        if overrides.insecure_skip_tls_verify == Some(false) {
            config.tls.insecure = false;
        }
    }
}
