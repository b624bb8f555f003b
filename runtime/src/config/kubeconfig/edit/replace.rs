//! A file's content replaced as a whole: readers see the old or the new one, never a half. Deliberately without locks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// How many symbolic links are followed.
const LINKS: usize = 40;

/// Writes a file beside and renames it. A symbolic link stays one; owner and mode stay, and a new file is its owner's alone.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = followed(path)?;
    let old = match fs::metadata(&target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(folder) = target.parent() {
        super::lock::make_folder(folder)?;
    }
    let temporary = beside(&target);
    let outcome = written(&temporary, bytes, old.as_ref()).and_then(|()| fs::rename(&temporary, &target));
    let outcome = match outcome {
        // A file that is mounted by itself cannot be renamed over, and one of somebody else not be made anew.
        Err(error)
            if old.is_some()
                && matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::PermissionDenied) =>
        {
            fs::write(&target, bytes)
        }
        outcome => outcome,
    };
    let _ = fs::remove_file(&temporary);
    outcome?;
    // That the new name lasts is the folder's; not every system can be asked for it.
    if let Some(Ok(folder)) = target.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn written(temporary: &Path, bytes: &[u8], old: Option<&fs::Metadata>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(temporary)?;
    file.write_all(bytes)?;
    if let Some(old) = old {
        keep_owner(&file, old)?;
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()
}

#[cfg(unix)]
fn keep_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Where the symbolic links lead, also where nothing is there yet.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            // It is no link, or nothing.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other(format!("more than {LINKS} symbolic links lead to each other")))
}

/// A name in the same folder that nobody else uses: by chance, since in containers all programs have the same number, and one
/// that was killed leaves its file behind.
fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}-{:016x}.tmp", std::process::id(), fastrand::u64(..)))
}
