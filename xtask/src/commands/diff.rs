//! `cargo xtask diff`: what changed between two folders of specifications. The comparing is `clientset_codegen`'s.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clientset_codegen::{Surface, compare};

use crate::failure::Result;
use crate::generate::inputs;

/// Say what changed between two folders of OpenAPI documents or CRDs (or two files), breaking changes marked.
///
/// Compared are group-versions, verbs, scopes, kinds, types, fields, their types, required members, enums, validations,
/// defaults and merge rules. Breaking is what can stop code from compiling or working that was written against OLD.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask specs pull --kubernetes 1.36.3
  cargo xtask diff target/specs/1.36.3/kubernetes target/specs/1.37.1/kubernetes
  cargo xtask diff --breaking OLD NEW

Exit code: 0 nothing breaking, 1 something breaking, 2 they could not be compared.")]
pub(crate) struct Diff {
    /// The folder or file that code was written against.
    old: PathBuf,
    /// The folder or file to move to.
    new: PathBuf,
    /// Print breaking changes only.
    #[arg(long)]
    breaking: bool,
}

impl Diff {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let surface = |path: &Path| -> Result<Surface> { inputs::surface(&inputs::of_path(path)?) };
        let read = || -> Result<_> { Ok((surface(&self.old)?, surface(&self.new)?)) };
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
