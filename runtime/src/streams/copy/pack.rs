//! Making the archive that goes into a container: files, folders and links, in the order of their names.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};

use super::bridge::Sender;
use super::{Copied, Limits};
use crate::Result;
use crate::error::{Error, Kind};

/// Packs `local` under its own name.
pub(super) fn pack(sender: Sender, local: &Path, limits: Limits) -> Result<Copied> {
    let absolute = local.canonicalize().map_err(|error| cannot(local, &error))?;
    let Some(name) = local.file_name().or_else(|| absolute.file_name()).map(PathBuf::from) else {
        return Err(Error::new(Kind::Request, "", format!("{local:?} has no name to copy it under")));
    };
    let mut packing = Packing { builder: Builder::new(sender), limits, copied: Copied::default() };
    // Not recursive: how deep folders are is not ours to say.
    let mut open = vec![(absolute, name)];
    while let Some((path, name)) = open.pop() {
        let metadata = fs::symlink_metadata(&path).map_err(|error| cannot(&path, &error))?;
        if metadata.is_dir() {
            packing.entry(&name, &metadata, EntryType::Directory, None, io::empty())?;
            packing.copied.directories += 1;
            let mut below = Vec::new();
            for entry in fs::read_dir(&path).map_err(|error| cannot(&path, &error))? {
                let entry = entry.map_err(|error| cannot(&path, &error))?;
                below.push((entry.path(), name.join(entry.file_name())));
            }
            below.sort_by(|one, other| other.1.cmp(&one.1));
            open.extend(below);
        } else if metadata.is_file() {
            packing.file(&path, &name, &metadata)?;
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path).map_err(|error| cannot(&path, &error))?;
            packing.entry(&name, &metadata, EntryType::Symlink, Some(&target), io::empty())?;
        } else {
            packing.copied.skip(&name, "device, pipe or socket");
        }
    }
    let sender = packing.builder.into_inner().map_err(|error| broken(&error))?;
    sender.finish_blocking().map_err(|error| broken(&error))?;
    Ok(packing.copied)
}

struct Packing {
    builder: Builder<Sender>,
    limits: Limits,
    copied: Copied,
}

impl Packing {
    fn file(&mut self, path: &Path, name: &Path, metadata: &Metadata) -> Result<()> {
        let size = metadata.len();
        self.copied.bytes = self.copied.bytes.saturating_add(size);
        if self.copied.bytes > self.limits.bytes {
            let message = format!("the files have more than {} bytes", self.limits.bytes);
            return Err(Error::new(Kind::TooLarge, "", message).with_help("raise `max_bytes`"));
        }
        let file = File::open(path).map_err(|error| cannot(path, &error))?;
        // The header is out before the file is read: one that grows is cut, one that shrinks is refused.
        let mut taken = Counted { inner: file.take(size), count: 0 };
        self.entry(name, metadata, EntryType::Regular, None, &mut taken)?;
        if taken.count != size {
            return Err(Error::new(Kind::Local, "", format!("{path:?} became shorter while it was read")));
        }
        self.copied.files += 1;
        Ok(())
    }

    fn entry(
        &mut self,
        name: &Path,
        metadata: &Metadata,
        kind: EntryType,
        link: Option<&Path>,
        content: impl Read,
    ) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(if kind == EntryType::Regular { metadata.len() } else { 0 });
        header.set_mode(mode(metadata));
        header.set_mtime(modified(metadata));
        let result = match link {
            Some(link) => self.builder.append_link(&mut header, name, link),
            None => self.builder.append_data(&mut header, name, content),
        };
        result.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => broken(&error),
            _ => cannot(name, &error),
        })
    }
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(out)?;
        self.count += length as u64;
        Ok(length)
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn mode(metadata: &Metadata) -> u32 {
    if metadata.is_dir() { 0o755 } else { 0o644 }
}

fn modified(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_secs())
}

fn cannot(path: &Path, error: &io::Error) -> Error {
    Error::new(Kind::Local, "", format!("{path:?} cannot be read: {error}"))
}

/// The other side takes no more: why, it says itself.
fn broken(error: &io::Error) -> Error {
    Error::new(Kind::Truncated, "", format!("the archive was not taken to its end: {error}"))
}
