//! The locks of kubeconfig files: a file beside each, made by whoever writes and removed when it is done. The same that
//! client-go and kubectl use, so that all keep clear of one another.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::config::exec::clean;
use crate::config::tls::read_limited;
use crate::error::Kind;
use crate::{Error, Result};

/// How often it is looked whether a lock has gone.
const POLL: Duration = Duration::from_millis(20);

/// How much of what a lock says of its holder is shown.
const SHOWN: u64 = 200;

/// One lock, held until it is dropped.
pub(super) struct Lock {
    path: PathBuf,
}

/// Locks files, in sorted order: two programs that want the same ones cannot wait for each other.
pub(super) fn all(files: &[PathBuf], timeout: Duration) -> Result<Vec<Lock>> {
    // None is a wait without an end.
    let deadline = Instant::now().checked_add(timeout);
    let mut files: Vec<&PathBuf> = files.iter().collect();
    files.sort();
    files.into_iter().map(|file| Lock::take(file, timeout, deadline)).collect()
}

impl Lock {
    fn take(file: &Path, timeout: Duration, deadline: Option<Instant>) -> Result<Lock> {
        let mut path = file.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let context = || format!("locking kubeconfig {}", file.display());
        let fail = |error: std::io::Error| {
            let message = format!("{} cannot be made: {error}", path.display());
            let error = Error::new(Kind::Config, context(), message).with_source(error);
            error.with_help("its folder has to be writable, as for kubectl")
        };
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(fail)?;
        }
        loop {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&path) {
                Ok(mut file) => {
                    // Who it is, for the message of somebody who waits; the lock holds without.
                    let program = std::env::args_os().next().map(PathBuf::from);
                    let program = program.as_deref().and_then(Path::file_name).unwrap_or_default();
                    let _ = write!(file, "process {} ({})", std::process::id(), program.display());
                    return Ok(Lock { path });
                }
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(fail(error)),
                Err(_) if deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                    std::thread::sleep(POLL)
                }
                Err(_) => {
                    let message = format!(
                        "{} has been there for {timeout:?} while it was waited for it to go: {} holds it",
                        path.display(),
                        holder(&path)
                    );
                    let help = "if no program is writing the kubeconfig, one was ended while it was: delete the lock file";
                    return Err(Error::new(Kind::Config, context(), message).with_help(help));
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What a lock says of who made it, and when that was.
fn holder(path: &Path) -> String {
    let said =
        read_limited(path, SHOWN).map(|bytes| clean(&String::from_utf8_lossy(&bytes))).unwrap_or_default();
    let who = if said.is_empty() { "a program that does not say which".to_owned() } else { said };
    let age = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    match age.and_then(|made| made.elapsed().ok()) {
        Some(age) => format!("{who}, since {} seconds,", age.as_secs()),
        None => who,
    }
}

/// A folder as kubectl makes it: everybody may look, only the owner may write.
pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(folder)
}
