//! `cargo xtask diff`: what changed between two specification folders. The comparing is in `crate::specs::diff`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Result;
use crate::specs::diff::compare;
use crate::specs::model::Model;

/// Say what changed between two folders of OpenAPI documents, breaking changes marked.
///
/// Compared are group-versions, verbs, kinds, types, fields, their types, required members, enums and merge rules.
/// Breaking is what can stop code from compiling or working that was written against OLD.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask specs pull --kubernetes 1.36.3
  cargo xtask diff target/specs/1.36.3/kubernetes target/specs/1.37.1/kubernetes
  cargo xtask diff --breaking OLD NEW

Exit code: 0 nothing breaking, 1 something breaking, 2 the folders could not be compared.")]
pub(crate) struct Diff {
    /// The folder that code was written against.
    old: PathBuf,
    /// The folder to move to.
    new: PathBuf,
    /// Print breaking changes only.
    #[arg(long)]
    breaking: bool,
}

impl Diff {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let read = || -> Result<_> { Ok((Model::of_folder(&self.old)?, Model::of_folder(&self.new)?)) };
        let (old, new) = match read() {
            Ok(both) => both,
            Err(failure) => {
                eprintln!("error: {failure}");
                return Ok(ExitCode::from(2));
            }
        };
        let changes = compare(&old, &new);
        for change in changes.iter().filter(|change| change.breaking || !self.breaking) {
            println!("{change}");
        }
        let breaking = changes.iter().filter(|change| change.breaking).count();
        println!("{} changes, {breaking} of them breaking", changes.len());
        Ok(if breaking == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
