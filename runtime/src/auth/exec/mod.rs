//! Credentials that a program gives: when it runs, how long its answer holds, and that many callers start it once.
//!
//! Deliberately not how it runs (`run`) nor what is said between it and us (`credential`).

mod credential;
mod run;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex as Flight;

use super::{Identity, Presented};
use crate::config::{Config, ExecPlugin, PemSource};
use crate::error::Kind;
use crate::{Error, Result};
use credential::{Answer, ClusterInfo};
use run::Runner;

/// A credential is replaced this long before it expires, or at the last quarter of its life if that is shorter.
const LEEWAY: Duration = Duration::from_secs(60);

/// One plugin of one configuration.
pub(super) struct Exec {
    runner: Runner,
    cluster: Option<ClusterInfo>,
    current: Mutex<Current>,
    /// Held by whoever runs the program; the others wait for its answer.
    flight: Flight<()>,
}

#[derive(Default)]
struct Current {
    /// Counts the runs, so that whoever waited for one knows that its outcome is younger than its request.
    runs: u64,
    outcome: Option<Outcome>,
    refused: bool,
}

#[derive(Clone)]
enum Outcome {
    Credential(Arc<Credential>),
    Failure(Failure),
}

struct Credential {
    header: Option<SecretString>,
    identity: Option<Identity>,
    /// The run that it came from.
    version: u64,
    /// From then on the program is asked again. The wall clock's, as the program's answer is.
    refresh_at: Option<SystemTime>,
}

/// Why there is no credential. `Error` cannot be cloned, and each waiting caller needs its own.
#[derive(Clone, Debug)]
struct Failure {
    message: String,
    help: Option<String>,
}

impl Exec {
    pub(super) fn new(plugin: &ExecPlugin, config: &Config) -> Result<Exec> {
        let cluster = plugin.provide_cluster_info.then(|| ClusterInfo::new(plugin, config)).transpose()?;
        Ok(Exec {
            runner: Runner::new(plugin, config.surroundings()),
            cluster,
            current: Mutex::default(),
            flight: Flight::new(()),
        })
    }

    pub(super) async fn presented(&self) -> Result<Presented> {
        let credential = self.credential().await?;
        Ok(Presented {
            authorization: credential.header.clone(),
            identity: credential.identity.clone(),
            version: credential.version,
        })
    }

    /// The server refused this: the next caller runs the program, unless there is a younger one already.
    pub(super) fn refuse(&self, refused: &Presented) -> bool {
        let mut current = self.lock();
        if let Some(Outcome::Credential(credential)) = &current.outcome {
            current.refused |= credential.version == refused.version;
        }
        true
    }

    async fn credential(&self) -> Result<Arc<Credential>> {
        let runs_before = {
            let current = self.lock();
            if let Some(credential) = current.usable() {
                return Ok(credential);
            }
            current.runs
        };
        let _flight = self.flight.lock().await;
        {
            // Somebody ran the program while this caller waited. What came of that holds for it too, even if it was a
            // failure or has expired on arrival: a hundred callers must not become a hundred runs.
            let current = self.lock();
            if let Some(credential) = current.usable() {
                return Ok(credential);
            }
            if current.runs != runs_before {
                match &current.outcome {
                    Some(Outcome::Credential(credential)) if !current.refused => {
                        return Ok(credential.clone());
                    }
                    Some(Outcome::Failure(failure)) => return Err(self.error(failure.clone())),
                    _ => {}
                }
            }
        }
        let outcome = self.run().await;
        let mut current = self.lock();
        current.runs += 1;
        current.refused = false;
        let generation = current.runs;
        let previous = match current.outcome.take() {
            Some(Outcome::Credential(credential)) => credential.identity.clone(),
            _ => None,
        };
        let result = outcome.map(|answer| Arc::new(Credential::new(answer, generation, previous)));
        current.outcome = Some(match &result {
            Ok(credential) => Outcome::Credential(credential.clone()),
            Err(failure) => Outcome::Failure(failure.clone()),
        });
        drop(current);
        result.map_err(|failure| self.error(failure))
    }

    async fn run(&self) -> std::result::Result<Answer, Failure> {
        let interactive = self.runner.is_interactive()?;
        let info = credential::request(self.runner.api_version(), self.cluster.as_ref(), interactive);
        let output = self.runner.run(&info, interactive).await?;
        credential::read(output.expose_secret(), self.runner.api_version()).map_err(Failure::new)
    }

    fn error(&self, failure: Failure) -> Error {
        let context = format!("exec plugin {:?}", self.runner.command());
        let error = Error::new(Kind::Auth, context, failure.message);
        match failure.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // Nothing panics while it is held; and a half-written state cannot be: it is replaced as a whole.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn usable(&self) -> Option<Arc<Credential>> {
        match &self.outcome {
            Some(Outcome::Credential(credential)) if !self.refused && !credential.is_due() => {
                Some(credential.clone())
            }
            _ => None,
        }
    }
}

impl Credential {
    fn new(answer: Answer, generation: u64, previous: Option<Identity>) -> Self {
        let now = SystemTime::now();
        let refresh_at = answer.expires.map(|expires| {
            let life = expires.duration_since(now).unwrap_or_default();
            expires.checked_sub(LEEWAY.min(life / 4)).unwrap_or(expires)
        });
        Credential {
            header: answer.token.as_ref().map(super::bearer),
            identity: answer.identity.map(|(chain, key)| match previous {
                // The same certificate again is no reason to open new connections.
                Some(same) if same.chain.expose_secret() == chain.expose_secret() => same,
                _ => Identity { chain, key, generation },
            }),
            version: generation,
            refresh_at,
        }
    }

    fn is_due(&self) -> bool {
        self.refresh_at.is_some_and(|at| SystemTime::now() >= at)
    }
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), help: None }
    }

    fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
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

#[cfg(all(test, unix))]
mod tests;
