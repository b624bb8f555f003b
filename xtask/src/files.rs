//! Reading and writing files so that no half-written file is ever seen: what `cargo clientset` uses, and files for secrets.

use std::fs;
use std::io::Write;
use std::path::Path;

pub(crate) use cargo_clientset::files::{make_folder, names, read, read_text, sha256, write_if_changed};

use crate::failure::{Context, Result};
use crate::workspace::shown;

/// Writes a file that only its owner may read: keys and tokens.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .context(|| format!("cannot write {}", shown(path)))
}
