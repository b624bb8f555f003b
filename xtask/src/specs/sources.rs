//! `specs/sources.toml`: where each pinned file comes from, with its hash. Written by `specs pull`, checked by
//! `specs verify`; it fetches nothing.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::control_plane::Release;
use crate::failure::{Context, Failure, Result};
use crate::{files, workspace};

/// The licence of everything that is fetched; NOTICE names its owners.
pub(crate) const LICENCE: &str = "Apache-2.0";

const HEADER: &str = "\
# Where every file of specs/kubernetes and specs/proto comes from. Written by `cargo xtask specs pull`, and checked by
# `cargo xtask specs verify`. By hand only: `older`, the releases beside the newest that are supported, newest first.
# A group-version that the newest does not serve is taken from the first of them that does.

";

/// The whole file.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sources {
    /// The release whose server serves specs/kubernetes.
    newest: String,
    /// The older supported releases, newest first.
    older: Vec<String>,
    #[serde(default)]
    pub(crate) source: Vec<Source>,
}

/// Some files of one origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// How the files were had.
    pub(crate) origin: String,
    /// The Go module.
    pub(crate) module: String,
    /// Its version.
    pub(crate) version: String,
    /// Its checksum in the public checksum database.
    pub(crate) sum: String,
    /// SPDX.
    pub(crate) licence: String,
    /// Path below specs/ -> SHA-256.
    pub(crate) files: BTreeMap<String, String>,
}

impl Sources {
    /// Reads specs/sources.toml; an absent one is empty.
    pub(crate) fn read() -> Result<Self> {
        let path = workspace::path("specs/sources.toml");
        if !path.exists() {
            return Ok(Self::default());
        }
        toml::from_str(&files::read_text(&path)?)
            .context(|| format!("cannot read {}", workspace::shown(&path)))
    }

    /// Writes specs/sources.toml, in an order that depends on nothing but the content.
    pub(crate) fn write(mut self, newest: Release) -> Result<()> {
        self.newest = newest.to_string();
        self.source.retain(|source| !source.files.is_empty());
        self.source
            .sort_by(|a, b| (&a.origin, &a.module, &a.version).cmp(&(&b.origin, &b.module, &b.version)));
        let text = toml::to_string(&self).context(|| "cannot write specs/sources.toml".to_owned())?;
        files::write_if_changed(
            &workspace::path("specs/sources.toml"),
            format!("{HEADER}{text}").as_bytes(),
        )?;
        Ok(())
    }

    /// The older supported releases, newest first.
    pub(crate) fn older(&self) -> Result<Vec<Release>> {
        let mut older: Vec<Release> = self.older.iter().map(|text| text.parse()).collect::<Result<_>>()?;
        older.sort();
        older.reverse();
        Ok(older)
    }

    /// Forgets a file wherever it came from.
    pub(crate) fn forget(&mut self, file: &str) {
        for source in &mut self.source {
            source.files.remove(file);
        }
    }

    /// Notes a file's origin and hash in place of what was known of it.
    pub(crate) fn note(&mut self, origin: &Source, file: &str, bytes: &[u8]) {
        self.forget(file);
        let same = |source: &&mut Source| {
            source.origin == origin.origin
                && source.module == origin.module
                && source.version == origin.version
        };
        let hash = files::sha256(bytes);
        match self.source.iter_mut().find(same) {
            Some(source) => drop(source.files.insert(file.to_owned(), hash)),
            None => self.source.push(Source { files: [(file.to_owned(), hash)].into(), ..origin.clone() }),
        }
    }

    /// Compares the files with their hashes; the error lists every difference.
    pub(crate) fn verify(&self, specs: &Path) -> Result<usize> {
        let mut wrong = Vec::new();
        let mut known = BTreeMap::new();
        for source in &self.source {
            known.extend(source.files.iter().map(|(file, hash)| (file.as_str(), hash.as_str())));
        }
        for (file, hash) in &known {
            match std::fs::read(specs.join(file)) {
                Ok(bytes) if files::sha256(&bytes) == **hash => {}
                Ok(_) => wrong.push(format!("specs/{file} is not what was pinned")),
                Err(error) => wrong.push(format!("specs/{file}: {error}")),
            }
        }
        for folder in ["kubernetes", "proto"] {
            for name in files::names(&specs.join(folder))? {
                let file = format!("{folder}/{name}");
                if !known.contains_key(file.as_str()) {
                    wrong.push(format!("specs/{file} has no source"));
                }
            }
        }
        if wrong.is_empty() {
            return Ok(known.len());
        }
        Err(Failure::new(format!("specs/ and specs/sources.toml disagree:\n  {}", wrong.join("\n  ")))
            .help("inputs are never edited by hand: `cargo xtask specs pull --all` fetches and pins them"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(version: &str) -> Source {
        Source {
            origin: "module".to_owned(),
            module: "m".to_owned(),
            version: version.to_owned(),
            sum: String::new(),
            licence: LICENCE.to_owned(),
            files: BTreeMap::new(),
        }
    }

    #[test]
    fn a_file_has_one_source_and_a_changed_one_is_found() {
        let specs = tempfile::tempdir().unwrap();
        files::write_if_changed(&specs.path().join("proto/a.proto"), b"a").unwrap();
        let mut sources = Sources::default();
        sources.note(&source("v1"), "proto/a.proto", b"a");
        sources.note(&source("v2"), "proto/a.proto", b"a");
        assert_eq!(sources.verify(specs.path()).unwrap(), 1);
        assert!(sources.source[0].files.is_empty() && sources.source[1].files.len() == 1);

        files::write_if_changed(&specs.path().join("proto/a.proto"), b"edited").unwrap();
        files::write_if_changed(&specs.path().join("kubernetes/b.json"), b"{}").unwrap();
        let error = sources.verify(specs.path()).unwrap_err().to_string();
        assert!(error.contains("specs/proto/a.proto is not what was pinned"), "{error}");
        assert!(error.contains("specs/kubernetes/b.json has no source"), "{error}");
    }
}
