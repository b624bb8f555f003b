//! Credentials that a program gives. Clients of one process that would run the same program for the same cluster share
//! its credential, so that it runs once.
//!
//! Deliberately not when it runs (`renewed`), how it runs (`run`) nor what is said between it and us (`credential`).

mod credential;
mod group;
mod locate;
mod run;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};

use super::renewed::{Failure, Fresh, Inner, Renewed, Source};
use crate::config::{Config, ExecPlugin, ExecPolicy, PemSource};
use crate::error::Kind;
use crate::{Error, Metrics, Result};
pub(super) use credential::fuzz;
use credential::{Answer, ClusterInfo};
use run::Runner;

/// One plugin as it is called for one cluster.
pub(super) struct Exec {
    runner: Runner,
    cluster: Option<ClusterInfo>,
    /// Those of the client that came first.
    metrics: Option<Arc<dyn Metrics>>,
}

impl Exec {
    /// The credential of this plugin: the one that other clients use already, where there is one.
    pub(super) fn shared(plugin: &ExecPlugin, config: &Config) -> Result<Renewed<Exec>> {
        Ok(Registry::share(Exec::new(plugin, config)?))
    }

    fn new(plugin: &ExecPlugin, config: &Config) -> Result<Exec> {
        let runner = Runner::new(plugin, config.exec_policy_value(), config.surroundings());
        if matches!(config.exec_policy_value(), ExecPolicy::Deny) {
            let denied = Failure::new("it is not run: the policy for exec plugins is Deny").with_help(
                "give another credential, or allow this program with `Config::exec_policy` and ExecPolicy::Allowlist",
            );
            return Err(Exec { runner, cluster: None, metrics: None }.error(&denied));
        }
        let cluster = plugin.provide_cluster_info.then(|| ClusterInfo::new(plugin, config)).transpose()?;
        Ok(Exec { runner, cluster, metrics: config.calls().metrics.clone() })
    }

    async fn run(&self) -> std::result::Result<Answer, Failure> {
        let interactive = self.runner.is_interactive()?;
        let info = credential::request(self.runner.api_version(), self.cluster.as_ref(), interactive);
        let mut call = None;
        let output = self.runner.run(&info, interactive, &mut call).await;
        if let (Some(metrics), Some(call)) = (&self.metrics, call) {
            metrics.exec_plugin_call(call.code, call.status);
        }
        let output = output?;
        credential::read(output.expose_secret(), self.runner.api_version())
            .map_err(|message| Failure::new(message).with_help("run it by hand to see what it prints"))
    }

    /// All that makes one call of a plugin differ from another. It holds secrets.
    fn key(&self) -> SecretString {
        let cluster = self.cluster.as_ref().map(|cluster| cluster.key());
        let cluster = cluster.as_ref().map(|cluster| cluster.expose_secret());
        SecretString::from(format!("{:?} {:?}", self.runner.key().expose_secret(), cluster))
    }
}

impl Source for Exec {
    const KEEPS_THE_LAST: bool = false;

    async fn obtain(&self) -> std::result::Result<Fresh, Failure> {
        let command = self.runner.command();
        let begun = Instant::now();
        tracing::debug!(command, "running the exec plugin");
        let answer = self.run().await;
        let elapsed = begun.elapsed().as_millis() as u64;
        match &answer {
            Ok(answer) => tracing::debug!(
                command,
                elapsed_ms = elapsed,
                token = answer.token.is_some(),
                certificate = answer.identity.is_some(),
                "the exec plugin gave a credential"
            ),
            Err(failure) => {
                tracing::debug!(
                    command,
                    elapsed_ms = elapsed,
                    failure = failure.message,
                    "the exec plugin failed"
                );
            }
        }
        let Answer { token, identity, expires } = answer?;
        Ok(Fresh { header: token.as_ref().map(super::bearer), identity, expires })
    }

    /// Nobody answers what a program asks for a request that was given up.
    fn needs_somebody(&self) -> bool {
        self.runner.is_interactive().unwrap_or(false)
    }

    fn error(&self, failure: &Failure) -> Error {
        let context = format!("exec plugin {:?}", self.runner.command());
        let error = Error::new(Kind::Auth, context, failure.message.as_str());
        match &failure.help {
            Some(help) => error.with_help(help.as_str()),
            None => error,
        }
    }
}

impl ClusterInfo {
    fn new(plugin: &ExecPlugin, config: &Config) -> Result<Self> {
        let tls = config.tls();
        Ok(ClusterInfo {
            server: config.server().to_owned(),
            tls_server_name: tls.server_name.clone(),
            insecure: tls.insecure,
            authority: tls.ca.as_ref().map(|ca: &PemSource| ca.read("certificate authority")).transpose()?,
            proxy: config.proxy().map(SecretString::from),
            disable_compression: config.compression_disabled(),
            config: plugin.cluster_config.clone(),
        })
    }
}

/// The plugins that clients of this process use now. It keeps none of them: a credential goes with its last client.
struct Registry {
    hasher: RandomState,
    /// By the hash of the key; those whose keys only hash the same stand together.
    plugins: HashMap<u64, Vec<Weak<Inner<Exec>>>>,
    /// At this many the dead are cleared out.
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 16;

impl Registry {
    fn share(exec: Exec) -> Renewed<Exec> {
        static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(|| {
            Mutex::new(Registry {
                hasher: RandomState::new(),
                plugins: HashMap::new(),
                sweep_at: FIRST_SWEEP,
            })
        });
        REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).find(exec)
    }

    fn find(&mut self, exec: Exec) -> Renewed<Exec> {
        let key = exec.key();
        let hash = self.hasher.hash_one(key.expose_secret());
        let alike = self.plugins.entry(hash).or_default();
        alike.retain(|plugin| plugin.strong_count() > 0);
        let mut living = alike.iter().filter_map(Renewed::upgrade);
        if let Some(same) = living.find(|plugin| plugin.source().key().expose_secret() == key.expose_secret())
        {
            return same;
        }
        let plugin = Renewed::new(exec);
        alike.push(plugin.downgrade());
        if self.plugins.len() > self.sweep_at {
            self.plugins.retain(|_, alike| alike.iter().any(|plugin| plugin.strong_count() > 0));
            self.sweep_at = (2 * self.plugins.len()).max(FIRST_SWEEP);
        }
        plugin
    }
}

#[cfg(all(test, unix))]
mod tests;
