//! What an earlier run has shown, a file a package: so that what was built and passed is not done again while nothing that
//! it depends on has changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::batch::PROGRAM;
use super::folder::Corpus;
use super::generate::Unit;
use crate::failure::{Context, Result};
use crate::{files, workspace};

/// What came of a package that compiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Of all that it depends on.
    hash: String,
    /// Whether its objects were taken through it.
    pub(crate) ran: bool,
    /// The objects that did not come back unchanged, and why.
    pub(crate) changed: BTreeMap<String, String>,
}

impl Outcome {
    /// Of a package that compiles.
    pub(crate) fn new(ran: bool, changed: BTreeMap<String, String>) -> Self {
        Self { hash: String::new(), ran, changed }
    }
}

/// Where outcomes are kept.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    /// Of everything that all packages depend on.
    common: String,
}

impl State {
    /// `folder` is where they are kept.
    pub(crate) fn open(folder: PathBuf) -> Result<Self> {
        let mut common = String::new();
        for folder in ["runtime/src", "generated/src"] {
            hash_folder(&workspace::path(folder), &mut common)?;
        }
        for file in ["runtime/Cargo.toml", "generated/Cargo.toml", "Cargo.lock"] {
            common.push_str(&files::sha256(&files::read(&workspace::path(file))?));
        }
        for text in [PROGRAM, include_str!("compare.rs"), include_str!("roundtrip.rs")] {
            common.push_str(&files::sha256(text.as_bytes()));
        }
        Ok(Self { folder, common: files::sha256(common.as_bytes()) })
    }

    /// What is known of a package, if it still holds.
    pub(crate) fn known(&self, corpus: &Corpus, unit: &Unit) -> Result<Option<Outcome>> {
        let path = self.path(unit);
        if !path.exists() {
            return Ok(None);
        }
        let hash = self.hash(corpus, unit)?;
        let known: Option<Outcome> = serde_json::from_slice(&files::read(&path)?).ok();
        Ok(known.filter(|outcome| outcome.hash == hash))
    }

    /// Keeps what came of a package.
    pub(crate) fn keep(&self, corpus: &Corpus, unit: &Unit, outcome: &Outcome) -> Result<()> {
        let outcome = Outcome { hash: self.hash(corpus, unit)?, ..outcome.clone() };
        let text = serde_json::to_string_pretty(&outcome).context(|| "cannot write JSON".to_owned())?;
        files::write_if_changed(&self.path(unit), text.as_bytes()).map(drop)
    }

    fn path(&self, unit: &Unit) -> PathBuf {
        self.folder.join(format!("{}.json", unit.name))
    }

    fn hash(&self, corpus: &Corpus, unit: &Unit) -> Result<String> {
        let mut all = format!("{}\n{}\n", self.common, unit.facts.hash);
        for index in &unit.crds {
            let crd = &corpus.crds[*index];
            // The schema is what objects are compared by.
            all.push_str(&files::sha256(&files::read(&corpus.folder.join(&crd.file))?));
            for object in &crd.objects {
                let hash = files::sha256(&files::read(&corpus.folder.join(&object.file))?);
                all.push_str(&format!("{} {} {hash}\n", object.file, object.status));
            }
        }
        Ok(files::sha256(all.as_bytes()))
    }
}

fn hash_folder(folder: &Path, all: &mut String) -> Result<()> {
    for name in files::names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            hash_folder(&path, all)?;
        } else {
            all.push_str(&format!("{name} {}\n", files::sha256(&files::read(&path)?)));
        }
    }
    Ok(())
}
