//! Writing what an archive holds, and nothing else than files and folders below one folder.
//!
//! Two walls: every path is checked before it is used, and every file is opened through `cap-std`, which leaves the folder on no
//! path, not through a symbolic link that was there before either. Links and devices are never made.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::{Copied, Limits};
use crate::Result;
use crate::error::{Error, Kind, excerpt};

/// The most that a header may say about the entry that follows it: names and attributes.
const MAX_EXTENSION: u64 = 64 << 10;
/// The deepest path.
const MAX_DEPTH: usize = 256;
const PIECE: usize = 64 << 10;

/// Unpacks an archive of `name` into `local`.
pub(super) fn unpack(archive: impl Read, name: &str, local: &Path, limits: Limits) -> Result<Copied> {
    std::fs::create_dir_all(local).map_err(|error| cannot("be made", local, &error))?;
    let folder = Dir::open_ambient_dir(local, ambient_authority())
        .map_err(|error| cannot("be opened", local, &error))?;
    let mut archive = Archive::new(archive);
    let mut unpacking = Unpacking { folder, local, name, limits, entries: 0, copied: Copied::default() };
    // Raw: what stands before an entry is read here, with a bound.
    let entries = archive.entries().map_err(|error| unreadable(&error))?.raw(true);
    let mut long_name = None;
    for entry in entries {
        let mut entry = entry.map_err(|error| unreadable(&error))?;
        match entry.header().entry_type() {
            EntryType::GNULongName => long_name = Some(os_path(trim(&extension(&mut entry)?))),
            EntryType::GNULongLink | EntryType::XGlobalHeader => drop(extension(&mut entry)?),
            EntryType::XHeader => {
                if let Some(path) = pax_path(&extension(&mut entry)?)? {
                    long_name = Some(path);
                }
            }
            _ => {
                let path = match long_name.take() {
                    Some(path) => path,
                    None => entry.path().map_err(|error| unreadable(&error))?.into_owned(),
                };
                unpacking.entry(&path, &mut entry)?;
            }
        }
    }
    if unpacking.entries == 0 {
        return Err(Error::new(Kind::Truncated, "", "the archive is empty"));
    }
    Ok(unpacking.copied)
}

struct Unpacking<'a> {
    folder: Dir,
    local: &'a Path,
    name: &'a str,
    limits: Limits,
    entries: u64,
    copied: Copied,
}

impl Unpacking<'_> {
    fn entry<R: Read>(&mut self, path: &Path, entry: &mut Entry<'_, R>) -> Result<()> {
        self.entries += 1;
        if self.entries > self.limits.entries {
            return Err(Error::new(
                Kind::TooLarge,
                "",
                format!("the archive has more than {} entries", self.limits.entries),
            ));
        }
        let path = confined(path, self.name)?;
        let header = entry.header();
        let mode = header.mode().unwrap_or(0o644);
        match header.entry_type() {
            EntryType::Directory => self.directory(&path),
            EntryType::Regular | EntryType::Continuous => self.file(&path, mode, entry),
            EntryType::Symlink => self.skip(&path, "symbolic link"),
            EntryType::Link => self.skip(&path, "hard link"),
            EntryType::Fifo => self.skip(&path, "pipe"),
            EntryType::Char | EntryType::Block => self.skip(&path, "device"),
            // What follows such a header cannot be told from the next one.
            _ => Err(Error::new(
                Kind::Decode,
                "",
                format!("the archive has an entry of an unknown type: {}", shown(&path)),
            )),
        }
    }

    fn skip(&mut self, path: &Path, what: &str) -> Result<()> {
        self.copied.skip(path, what);
        Ok(())
    }

    fn directory(&mut self, path: &Path) -> Result<()> {
        match self.folder.create_dir(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let there = self.folder.symlink_metadata(path).map_err(|error| self.cannot(path, &error))?;
                if !there.is_dir() {
                    return Err(self.cannot(path, &error));
                }
            }
            Err(error) => return Err(self.cannot(path, &error)),
        }
        self.copied.directories += 1;
        Ok(())
    }

    fn file<R: Read>(&mut self, path: &Path, mode: u32, entry: &mut Entry<'_, R>) -> Result<()> {
        // Replaced, not written into: what is there may be a link to somewhere, or read-only.
        match self.folder.remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.cannot(path, &error)),
        }
        let mut options = OpenOptions::new();
        let mut file = self
            .folder
            .open_with(path, options.write(true).create_new(true))
            .map_err(|error| self.cannot(path, &error))?;
        let written = self
            .fill(path, &mut file, entry.size(), entry)
            .and_then(|()| permit(&file, mode).map_err(|error| self.cannot(path, &error)));
        drop(file);
        if written.is_err() {
            // Half a file looks like a whole one.
            let _ = self.folder.remove_file(path);
        }
        written?;
        self.copied.files += 1;
        Ok(())
    }

    fn fill(&mut self, path: &Path, file: &mut impl Write, size: u64, entry: &mut impl Read) -> Result<()> {
        let mut left = size;
        let mut buffer = vec![0; PIECE];
        loop {
            let length = entry.read(&mut buffer).map_err(|error| unreadable(&error))?;
            if length == 0 {
                return match left {
                    0 => Ok(()),
                    _ => Err(unreadable(&io::ErrorKind::UnexpectedEof.into())),
                };
            }
            left = left.saturating_sub(length as u64);
            self.copied.bytes += length as u64;
            if self.copied.bytes > self.limits.bytes {
                let message = format!("the files have more than {} bytes", self.limits.bytes);
                return Err(Error::new(Kind::TooLarge, "", message).with_help("raise `max_bytes`"));
            }
            file.write_all(buffer.get(..length).unwrap_or_default())
                .map_err(|error| self.cannot(path, &error))?;
        }
    }

    fn cannot(&self, path: &Path, error: &io::Error) -> Error {
        cannot("be written", &self.local.join(path), error)
    }
}

/// Gives a file the permissions of the archive, but for those that let others be somebody else.
#[cfg(unix)]
fn permit(file: &cap_std::fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(mode & 0o755 | 0o600);
    file.set_permissions(cap_std::fs::Permissions::from_std(permissions))
}

#[cfg(not(unix))]
fn permit(_: &cap_std::fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

/// The path as it may be used: below the folder, and of what was asked for.
fn confined(path: &Path, name: &str) -> Result<PathBuf> {
    let refuse = |why: &str| {
        let message = format!("the archive holds {}, which {why}", shown(path));
        Err(Error::new(Kind::Decode, "", message)
            .with_help("nothing was written there; do not trust this container"))
    };
    let mut out = PathBuf::new();
    let mut depth = 0;
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) if part.as_encoded_bytes().contains(&0) => return refuse("is no name"),
            Component::Normal(part) => {
                if depth == 0 && part != OsStr::new(name) {
                    return refuse("was not asked for");
                }
                depth += 1;
                out.push(part);
            }
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return refuse("leads outside of the folder");
            }
        }
    }
    match depth {
        0 => refuse("has no name"),
        1..=MAX_DEPTH => Ok(out),
        _ => refuse("is too deep"),
    }
}

/// What a header says about the next entry.
fn extension<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_EXTENSION + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    match u64::try_from(bytes.len()) {
        Ok(0..=MAX_EXTENSION) => Ok(bytes),
        _ => {
            Err(Error::new(Kind::TooLarge, "", "the archive says more of one entry than there can be to say"))
        }
    }
}

/// The path in a pax header.
fn pax_path(bytes: &[u8]) -> Result<Option<PathBuf>> {
    let mut path = None;
    for record in PaxExtensions::new(bytes) {
        let record = record.map_err(|error| unreadable(&error))?;
        match record.key_bytes() {
            b"path" => path = Some(os_path(record.value_bytes())),
            // A size that the header has no room for; `tar` writes those in its own way, unless told otherwise.
            b"size" | b"GNU.sparse.major" => {
                return Err(Error::new(
                    Kind::Decode,
                    "",
                    "the archive has a file of more than 8 GiB, or with holes",
                )
                .with_help("such archives are not read; copy it in parts"));
            }
            _ => {}
        }
    }
    Ok(path)
}

/// Without the NUL at the end.
fn trim(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(unix)]
fn os_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn os_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

fn shown(path: &Path) -> String {
    format!("{:?}", excerpt(path.to_string_lossy().as_bytes(), 256))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(Kind::Local, "", format!("{} cannot {what}: {error}", shown(path)))
}

/// An archive that ends too early, or is none.
fn unreadable(error: &io::Error) -> Error {
    let kind = if error.kind() == io::ErrorKind::UnexpectedEof { Kind::Truncated } else { Kind::Decode };
    let text = excerpt(error.to_string().as_bytes(), 256);
    Error::new(kind, "", format!("the archive cannot be read: {text}"))
}
