//! Which file a plugin's command is, and whether the policy lets it run. Deliberately blocking: called where that is fine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::config::{Environment, ExecPolicy};

/// Why a program is not run.
pub(super) enum Refusal {
    /// It is not there.
    NotFound(String),
    /// The policy does not let it run.
    NotAllowed(String),
}

/// Where programs are looked for, and what is allowed.
#[derive(Clone)]
pub(super) struct Lookup {
    environment: Environment,
    policy: ExecPolicy,
}

impl Lookup {
    pub(super) fn new(environment: &Environment, policy: &ExecPolicy) -> Self {
        Lookup { environment: environment.clone(), policy: policy.clone() }
    }

    pub(super) fn policy(&self) -> &ExecPolicy {
        &self.policy
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The program to run. Its path is absolute, so that what was checked is what runs.
    pub(super) fn locate(&self, command: &str) -> Result<PathBuf, Refusal> {
        let program = self.find(command).map_err(Refusal::NotFound)?;
        match &self.policy {
            ExecPolicy::Allow => Ok(program),
            ExecPolicy::Deny => Err(Refusal::NotAllowed("the policy for exec plugins is Deny".to_owned())),
            ExecPolicy::Allowlist(entries) => {
                let allowed = |entry: &String| self.find(entry).is_ok_and(|allowed| allowed == program);
                if entries.iter().any(allowed) {
                    return Ok(program);
                }
                Err(Refusal::NotAllowed(format!(
                    "{} is not on the list of allowed programs",
                    program.display()
                )))
            }
        }
    }

    /// The program's file. Bare names are looked up in `PATH`, in whose relative entries nothing is run from.
    fn find(&self, command: &str) -> Result<PathBuf, String> {
        if command.contains(std::path::is_separator) {
            let path = PathBuf::from(command);
            let path = std::path::absolute(&path).unwrap_or(path);
            return if path.exists() { Ok(path) } else { Err(format!("{command} does not exist")) };
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
        Err(format!("{command:?} is not in PATH; searched: {searched}"))
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
