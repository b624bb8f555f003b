//! Reading and writing files so that no half-written file is ever seen, with errors that name the file. Knows nothing of what is
//! in them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Context, Result};

/// How many folders up a path is still shown with `..`.
const UP: usize = 3;

/// The path as a reader wants it: relative to where the program runs, if it is near.
pub fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    for (up, above) in here.ancestors().enumerate().take(UP + 1) {
        let Ok(rest) = path.strip_prefix(above) else { continue };
        // What is far from the root of the file system only by `..` is better named as a whole.
        if up > 0 && above.parent().is_none() {
            break;
        }
        let relative: PathBuf = std::iter::repeat_n(Path::new(".."), up).chain([rest]).collect();
        let text = relative.display().to_string();
        let text = text.trim_end_matches('/');
        return if text.is_empty() { ".".to_owned() } else { text.to_owned() };
    }
    path.display().to_string()
}

/// A number of things, in words.
#[cfg(feature = "cli")]
pub(crate) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Reads a file; the error names it.
///
/// # Errors
///
/// It cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).context(|| format!("cannot read {}", shown(path)))
}

/// Reads a file that may be absent.
///
/// # Errors
///
/// It is there and cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(|| format!("cannot read {}", shown(path))),
    }
}

/// Reads a UTF-8 file; the error names it.
///
/// # Errors
///
/// It cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).context(|| format!("cannot read {}", shown(path)))
}

/// Makes a folder and those above it.
///
/// # Errors
///
/// It cannot be made.
pub fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).context(|| format!("cannot make the folder {}", shown(path)))
}

/// Writes through a temporary file in the same folder and a rename; says whether anything changed.
///
/// Where the path is a symbolic link, the file that it leads to is written.
///
/// # Errors
///
/// It cannot be written; then what was there is still there.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let write = || -> std::io::Result<()> {
        let target: PathBuf = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".writing-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The mode that it had, or the usual one of a source file; tempfile's own default is for secrets.
            let mode = fs::metadata(&target).map_or(0o644, |old| old.permissions().mode());
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        let mut file = builder.tempfile_in(target.parent().unwrap_or(folder))?;
        file.write_all(bytes)?;
        file.persist(&target).map_err(|error| error.error)?;
        Ok(())
    };
    write().context(|| format!("cannot write {}", shown(path)))?;
    Ok(true)
}

/// The names of the files in a folder, sorted; an absent folder has none.
///
/// # Errors
///
/// The folder is there and cannot be listed.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
        Err(error) => return Err(error).context(|| format!("cannot list {}", shown(folder))),
    };
    for entry in entries {
        let entry = entry.context(|| format!("cannot list {}", shown(folder)))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_is_the_standard_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
    }

    #[test]
    fn writing_the_same_bytes_again_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(names(&folder.path().join("a")).unwrap(), ["b.txt"], "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_mode_stays() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "one").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_if_changed(&link, b"two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"two");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
