//! `cargo clientset diff`: what changed between two versions of CRDs, for those who use them. The comparing is the generator's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use clientset_codegen::{Part, Source, Surface, compare, locate};

use super::Outcome;
use super::report::Report;
use crate::failure::{Failure, Result};
use crate::files::{self, count, shown};
use crate::project::inputs_below;

/// Say what changed between two versions of CRDs: kinds, fields, types, enums, what is required, scopes and verbs.
///
/// Breaking is what can stop code from compiling, or from working, that was written against OLD.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo clientset diff crds/widgets.yaml ../operator/config/crd/widgets.yaml
  cargo clientset diff --breaking old-crds/ new-crds/

Exit codes: 0 nothing is breaking, 2 something is, 1 they could not be compared.")]
pub(super) struct Diff {
    /// The file or folder that code was written against.
    old: PathBuf,
    /// The file or folder to move to.
    new: PathBuf,
    /// Say breaking changes only.
    #[arg(long)]
    breaking: bool,
}

impl Diff {
    pub(super) fn run(&self, report: &Report) -> Result<Outcome> {
        let (old, new) = (sources(&self.old)?, sources(&self.new)?);
        let changes = compare(&surface(&old)?, &surface(&new)?);
        let breaking = changes.iter().filter(|change| change.breaking).count();
        for change in changes.iter().filter(|change| change.breaking || !self.breaking) {
            // What is gone is told at its old place; a file of one name in both is the new one.
            let place = change.place.as_ref().map(|place| {
                let source = new.iter().chain(&old).find(|source| source.name == place.source);
                let span = source.and_then(|source| locate(&source.bytes, &place.pointer, Part::Key));
                (place.source.as_str(), span)
            });
            report.api_change(change, place);
        }
        report.say(&format!("{}, {breaking} of them breaking", count(changes.len(), "change")));
        Ok(if breaking == 0 { Outcome::Fine } else { Outcome::Breaking })
    }
}

/// The files of a path, under the paths that they have.
fn sources(path: &Path) -> Result<Vec<Source>> {
    let mut found = BTreeMap::new();
    if path.is_dir() {
        found.extend(inputs_below(path)?.into_values().map(|file| (shown(&file), file)));
    } else {
        found.insert(shown(path), path.to_path_buf());
    }
    if found.is_empty() {
        return Err(Failure::new(format!("{} has no files with CRDs", shown(path)))
            .help("files that are looked at end in .yaml, .yml or .json"));
    }
    found.into_iter().map(|(name, path)| Ok(Source::new(name, files::read(&path)?))).collect()
}

fn surface(sources: &[Source]) -> Result<Surface> {
    Surface::read(sources).map_err(|found| Failure::mistakes(found, sources.to_vec(), Path::new("")))
}
