//! Running a plugin: standard error shown, standard output read up to a limit, ended in time.
//!
//! Its output and the values of its environment are secrets and stand in no message; the end of what it says on standard
//! error does, since that says what is wrong.

use std::io::{ErrorKind, IsTerminal};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select, try_join};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, Command};
use tokio::time::timeout;

use super::Failure;
use super::group::Group;
use super::locate::{Lookup, Refusal};
use crate::config::{Environment, ExecApiVersion, ExecPlugin, ExecPolicy, InteractiveMode, clean};

/// Where nobody is typing, a plugin that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Certificates and a token need a few kilobytes.
const OUTPUT_LIMIT: usize = 1 << 20;
/// How much of the end of standard error stands in an error.
const TAIL: usize = 1 << 10;
/// How much of it is kept until what must not be shown is taken out: a secret that is cut in two is not recognised.
const KEPT: usize = 16 << 10;
/// How long output may be read after the program has ended: a child of it may hold the pipe open for ever.
const GRACE: Duration = Duration::from_millis(500);
/// How often the hint on installing a plugin is given.
const HINTS: u32 = 10;
const HINTS_PERIOD: Duration = Duration::from_secs(3600);

/// How a run is counted, in the words of client-go's metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) code: i32,
    pub(super) status: &'static str,
}

impl Call {
    const OK: Call = Call { code: 0, status: "no_error" };
    const NOT_FOUND: Call = Call { code: 1, status: "plugin_not_found_error" };
    const INTERNAL: Call = Call { code: 1, status: "client_internal_error" };

    fn failed(code: Option<i32>) -> Call {
        Call { code: code.unwrap_or(-1), status: "plugin_execution_error" }
    }
}

/// How one plugin is run.
pub(super) struct Runner {
    plugin: ExecPlugin,
    lookup: Lookup,
    /// Since when hints are counted, and how many were given.
    hints: Mutex<Option<(Instant, u32)>>,
    pub(super) stdin_is_terminal: fn() -> bool,
}

impl Runner {
    pub(super) fn new(plugin: &ExecPlugin, policy: &ExecPolicy, environment: &Environment) -> Self {
        Runner {
            plugin: plugin.clone(),
            lookup: Lookup::new(environment, policy),
            hints: Mutex::default(),
            stdin_is_terminal: || std::io::stdin().is_terminal(),
        }
    }

    pub(super) fn command(&self) -> &str {
        &self.plugin.command
    }

    pub(super) fn api_version(&self) -> ExecApiVersion {
        self.plugin.api_version
    }

    /// All that decides what runs. It holds secrets.
    pub(super) fn key(&self) -> SecretString {
        let ExecPlugin {
            command,
            args,
            env,
            api_version,
            interactive_mode,
            install_hint,
            provide_cluster_info: _,
            cluster_config: _,
            timeout,
            stdin_unavailable,
        } = &self.plugin;
        let env: Vec<_> = env.iter().map(|(name, value)| (name, value.expose_secret())).collect();
        SecretString::from(format!(
            "{:?}",
            (
                (command, args, env, api_version, interactive_mode, install_hint, timeout, stdin_unavailable),
                self.lookup.policy(),
                self.lookup.environment().for_child(),
            )
        ))
    }

    /// Whether it gets our standard input; an error where it cannot do without.
    pub(super) fn is_interactive(&self) -> Result<bool, Failure> {
        let unavailable = self.plugin.stdin_unavailable.as_deref();
        match (self.plugin.interactive_mode, unavailable) {
            (InteractiveMode::Never, _) | (InteractiveMode::IfAvailable, Some(_)) => Ok(false),
            (InteractiveMode::IfAvailable, None) => Ok((self.stdin_is_terminal)()),
            (InteractiveMode::Always, None) if (self.stdin_is_terminal)() => Ok(true),
            (InteractiveMode::Always, None) => Err(Failure::new(
                "it has to ask the user (interactiveMode Always), and standard input is not a terminal",
            )
            .with_help("run this in a terminal, or use a plugin that does not ask")),
            (InteractiveMode::Always, Some(why)) => Err(Failure::new(format!(
                "it has to ask the user (interactiveMode Always), and standard input is unavailable: {why}"
            ))),
        }
    }

    /// Runs it once and gives what it printed. What is not let run is no call.
    pub(super) async fn run(
        &self,
        info: &SecretString,
        interactive: bool,
        call: &mut Option<Call>,
    ) -> Result<SecretSlice<u8>, Failure> {
        let (lookup, name) = (self.lookup.clone(), self.plugin.command.clone());
        // Folders in PATH may be on a network.
        let looking = tokio::task::spawn_blocking(move || lookup.locate(&name));
        let program = timeout(TIMEOUT, looking)
            .await
            .map_err(|_| Failure::new(format!("looking for it in PATH took longer than {TIMEOUT:?}")))?
            .map_err(|_| Failure::new("looking for it was interrupted"))?
            .map_err(|refusal| match refusal {
                Refusal::NotFound(message) => {
                    *call = Some(Call::NOT_FOUND);
                    self.not_found(message)
                }
                Refusal::NotAllowed(message) => Failure::new(format!("it is not run: {message}")).with_help(
                    "if you trust it, put its path on the ExecPolicy::Allowlist of `Config::exec_policy`",
                ),
            })?;
        let mut command = Command::new(&program);
        command.args(&self.plugin.args);
        if let Some(vars) = self.lookup.environment().for_child() {
            command.env_clear().envs(vars);
        }
        command.envs(self.plugin.env.iter().map(|(name, value)| (name, value.expose_secret())));
        command.env("KUBERNETES_EXEC_INFO", info.expose_secret());
        command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
        // Who asks on a terminal looks whether it has one.
        command.stderr(if interactive { Stdio::inherit() } else { Stdio::piped() });
        command.stdout(Stdio::piped());
        *call = Some(Call::NOT_FOUND);
        let mut group = Group::spawn(command, !interactive).map_err(|error| match error.kind() {
            ErrorKind::NotFound => self.not_found(format!("{} does not exist", program.display())),
            kind => {
                let failure = Failure::new(format!("{} cannot be run: {error}", program.display()));
                match kind {
                    ErrorKind::PermissionDenied => failure.with_help("may it be run? `chmod +x` allows it"),
                    _ => failure,
                }
            }
        })?;

        *call = Some(Call::INTERNAL);
        let mut tail = Vec::new();
        let limit = self.plugin.timeout.or((!interactive).then_some(TIMEOUT));
        let collected = match limit {
            Some(limit) => timeout(limit, collect(&mut group, &mut tail)).await.unwrap_or_else(|_| {
                Err(Failure::new(format!("it did not end within {limit:?} and was stopped"))
                    .with_help("it may be waiting for a log-in: run it by hand"))
            }),
            None => collect(&mut group, &mut tail).await,
        };
        let (output, status) = match collected {
            Ok(collected) => collected,
            Err(failure) => {
                group.stop().await;
                return Err(self.with_tail(failure, &tail));
            }
        };
        *call = Some(if status.success() { Call::OK } else { Call::failed(status.code()) });
        if !status.success() {
            let how = match status.code() {
                Some(code) => format!("it failed with exit code {code}"),
                None => format!("it was ended: {status}"),
            };
            let failure = self.with_tail(Failure::new(how), &tail);
            return Err(failure.with_help("run it by hand to see more"));
        }
        Ok(output)
    }

    /// The failure with the last that was said on standard error, without the values that it was given to keep.
    fn with_tail(&self, mut failure: Failure, tail: &[u8]) -> Failure {
        let mut said = String::from_utf8_lossy(tail).into_owned();
        for (_, value) in &self.plugin.env {
            let value = value.expose_secret().trim();
            if value.len() >= 4 {
                said = said.replace(value, "[REDACTED]");
            }
        }
        let said = clean(&said);
        let start =
            (said.len().saturating_sub(TAIL)..).find(|at| said.is_char_boundary(*at)).unwrap_or_default();
        let last = said.get(start..).unwrap_or_default().trim();
        if !last.is_empty() {
            let cut = if start > 0 { "…" } else { "" };
            failure.message = format!("{}; it said: {cut}{last}", failure.message);
        }
        failure
    }

    fn not_found(&self, message: String) -> Failure {
        let failure = Failure::new(message);
        match &self.plugin.install_hint {
            Some(hint) if self.may_hint() => failure.with_help(hint.as_str()),
            Some(_) => failure,
            None => failure.with_help("install it, or give its full path"),
        }
    }

    /// A hint can be long, and logs of a program that keeps trying are read by people.
    fn may_hint(&self) -> bool {
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, given) =
            hints.filter(|(since, _)| now.duration_since(*since) < HINTS_PERIOD).unwrap_or((now, 0));
        *hints = Some((since, given.saturating_add(1)));
        given < HINTS
    }
}

/// What the program prints until it ends, and how it ended. The end of what it says goes to `tail`.
async fn collect(group: &mut Group, tail: &mut Vec<u8>) -> Result<(SecretSlice<u8>, ExitStatus), Failure> {
    let Some(stdout) = group.child.stdout.take() else {
        return Err(Failure::new("its standard output cannot be read"));
    };
    let stderr = group.child.stderr.take();
    let mut output = Vec::with_capacity(4096);
    let status = {
        let mut reading = pin!(try_join(read(stdout, &mut output), show(stderr, tail)));
        let cannot_wait = |error: std::io::Error| Failure::new(format!("its end cannot be awaited: {error}"));
        // `select` polls its first future first, so output that is there is read before the end is seen.
        let ended = match select(&mut reading, pin!(group.wait())).await {
            Either::Left((read, _)) => {
                read?;
                None
            }
            Either::Right((status, _)) => Some(status.map_err(cannot_wait)?),
        };
        match ended {
            None => group.wait().await.map_err(cannot_wait)?,
            Some(status) => {
                // Running out of grace is fine: what is there was printed before the program ended.
                if let Ok(read) = timeout(GRACE, reading).await {
                    read?;
                }
                status
            }
        }
    };
    Ok((SecretSlice::from(output), status))
}

/// Reads to the end or the limit.
async fn read(mut stdout: impl AsyncRead + Unpin, output: &mut Vec<u8>) -> Result<(), Failure> {
    loop {
        match stdout.read_buf(output).await {
            Ok(0) => return Ok(()),
            Ok(_) if output.len() > OUTPUT_LIMIT => {
                return Err(Failure::new(format!(
                    "it printed more than {OUTPUT_LIMIT} bytes and was stopped"
                )));
            }
            Ok(_) => {}
            Err(error) => return Err(Failure::new(format!("its standard output cannot be read: {error}"))),
        }
    }
}

/// Passes on what the program says to people, and keeps the end of it.
async fn show(stderr: Option<ChildStderr>, tail: &mut Vec<u8>) -> Result<(), Failure> {
    let Some(mut stderr) = stderr else { return Ok(()) };
    let mut ours = tokio::io::stderr();
    let mut piece = vec![0; 4096];
    // What cannot be read or shown is no reason to go without the credential.
    while let Ok(length @ 1..) = stderr.read(&mut piece).await {
        let said = piece.get(..length).unwrap_or_default();
        tail.extend_from_slice(said);
        let surplus = tail.len().saturating_sub(KEPT);
        tail.drain(..surplus);
        let _ = ours.write_all(said).await;
    }
    let _ = ours.flush().await;
    Ok(())
}
