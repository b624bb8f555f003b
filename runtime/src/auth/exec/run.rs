//! Running a plugin: found in `PATH`, standard error passed through, standard output read up to a limit, ended in time.
//!
//! Its output and the values of its environment are secrets and stand in no message.

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::{Either, select};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::Failure;
use crate::config::{Environment, ExecApiVersion, ExecPlugin, InteractiveMode};

/// Where nobody is typing, a plugin that takes longer hangs.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Certificates and a token need a few kilobytes.
const OUTPUT_LIMIT: usize = 1 << 20;
/// How long output may be read after the program has ended: a child of it may hold the pipe open for ever.
const GRACE: Duration = Duration::from_millis(500);

/// How one plugin is run.
pub(super) struct Runner {
    plugin: ExecPlugin,
    environment: Environment,
    pub(super) stdin_is_terminal: fn() -> bool,
}

impl Runner {
    pub(super) fn new(plugin: &ExecPlugin, environment: &Environment) -> Self {
        let stdin_is_terminal = || std::io::stdin().is_terminal();
        Runner { plugin: plugin.clone(), environment: environment.clone(), stdin_is_terminal }
    }

    pub(super) fn command(&self) -> &str {
        &self.plugin.command
    }

    pub(super) fn api_version(&self) -> ExecApiVersion {
        self.plugin.api_version
    }

    /// Whether it gets our standard input; an error where it cannot do without.
    pub(super) fn is_interactive(&self) -> Result<bool, Failure> {
        match self.plugin.interactive_mode {
            InteractiveMode::Never => Ok(false),
            InteractiveMode::IfAvailable => Ok((self.stdin_is_terminal)()),
            InteractiveMode::Always if (self.stdin_is_terminal)() => Ok(true),
            InteractiveMode::Always => Err(Failure::new(
                "it has to ask the user (interactiveMode Always), and standard input is not a terminal",
            )),
        }
    }

    /// Runs it once and gives what it printed.
    pub(super) async fn run(
        &self,
        info: &SecretString,
        interactive: bool,
    ) -> Result<SecretSlice<u8>, Failure> {
        let program = self.find()?;
        let mut command = Command::new(&program);
        command.args(&self.plugin.args).kill_on_drop(true);
        if let Some(vars) = self.environment.for_child() {
            command.env_clear().envs(vars);
        }
        command.envs(self.plugin.env.iter().map(|(name, value)| (name, value.expose_secret())));
        command.env("KUBERNETES_EXEC_INFO", info.expose_secret());
        command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => self.not_found(format!("{} does not exist", program.display())),
            _ => Failure::new(format!("{} cannot be run: {error}", program.display())),
        })?;
        drop(command);

        let limit = self.plugin.timeout.or((!interactive).then_some(TIMEOUT));
        let (output, status) = match limit {
            Some(limit) => timeout(limit, collect(&mut child)).await.map_err(|_| {
                Failure::new(format!("it did not end within {limit:?} and was stopped"))
                    .with_help("it may be waiting for a log-in: run it by hand")
            })??,
            None => collect(&mut child).await?,
        };
        if !status.success() {
            let how = match status.code() {
                Some(code) => format!("it failed with exit code {code}"),
                None => format!("it was ended: {status}"),
            };
            return Err(Failure::new(how)
                .with_help("its own messages are on standard error; run it by hand to see them"));
        }
        Ok(output)
    }

    /// The program's file. Bare names are looked up in `PATH`, in whose relative entries nothing is run from.
    fn find(&self) -> Result<PathBuf, Failure> {
        let command = &self.plugin.command;
        if command.contains(std::path::is_separator) {
            let path = PathBuf::from(command);
            return if path.exists() {
                Ok(path)
            } else {
                Err(self.not_found(format!("{command} does not exist")))
            };
        }
        let path = self.environment.get("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> =
            std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
        let names = self.file_names(command);
        let mut files = folders.iter().flat_map(|folder| names.iter().map(move |name| folder.join(name)));
        if let Some(found) = files.find(|file| is_executable(file)) {
            return Ok(found);
        }
        let searched: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        let searched = if searched.is_empty() { "PATH is empty".to_owned() } else { searched.join(", ") };
        Err(self.not_found(format!("{command:?} is not in PATH; searched: {searched}")))
    }

    fn file_names(&self, command: &str) -> Vec<OsString> {
        let mut names = vec![OsString::from(command)];
        if cfg!(windows) {
            let extensions = self.environment.get("PATHEXT").unwrap_or_else(|| ".COM;.EXE;.BAT;.CMD".into());
            let extensions = extensions.to_string_lossy().into_owned();
            names.extend(
                extensions.split(';').map(|extension| OsString::from(format!("{command}{extension}"))),
            );
        }
        names
    }

    fn not_found(&self, message: String) -> Failure {
        let hint = self.plugin.install_hint.clone();
        Failure::new(message)
            .with_help(hint.unwrap_or_else(|| "install it, or give its full path".to_owned()))
    }
}

/// What the program prints until it ends, and how it ended.
async fn collect(child: &mut Child) -> Result<(SecretSlice<u8>, ExitStatus), Failure> {
    let Some(mut stdout) = child.stdout.take() else {
        return Err(Failure::new("its standard output cannot be read"));
    };
    let mut output = Vec::with_capacity(4096);
    let cannot_wait = |error: std::io::Error| Failure::new(format!("its end cannot be awaited: {error}"));
    // `select` polls its first future first, so output that is there is read before the end is seen.
    let ended = match select(pin!(read_more(&mut stdout, &mut output)), pin!(child.wait())).await {
        Either::Left((read, _)) => {
            read?;
            None
        }
        Either::Right((status, _)) => Some(status.map_err(cannot_wait)?),
    };
    let status = match ended {
        None => child.wait().await.map_err(cannot_wait)?,
        Some(status) => {
            // Running out of grace is fine: what is there was printed before the program ended.
            match timeout(GRACE, read_more(&mut stdout, &mut output)).await {
                Ok(read) => read?,
                Err(_elapsed) => {}
            }
            status
        }
    };
    Ok((SecretSlice::from(output), status))
}

/// Reads to the end. Safe to drop and call again: what was read is in `output`.
async fn read_more(stdout: &mut ChildStdout, output: &mut Vec<u8>) -> Result<(), Failure> {
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

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}
