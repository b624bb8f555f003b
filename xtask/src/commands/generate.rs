//! `cargo xtask generate`: the clients of this repository from specs/. Reading the inputs and writing the files is in
//! `crate::generate`; what is generated is `clientset_codegen`'s business.

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::control_plane::Release;
use crate::failure::{Failure, Result};
use crate::generate::{inputs, output, sandbox};
use crate::progress::{Step, seconds};
use crate::{files, workspace};

/// Write generated/ from specs/.
///
/// Only files that changed are written, and only files that begin with `// @generated` are ever overwritten or
/// removed. Names that are new are added to specs/names.toml. With mistakes in the inputs nothing is written at all.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask generate
  cargo xtask generate --check                  for CI: fails when something would change, and says what
  cp my-crd.yaml specs/crds/ && cargo xtask generate
  cargo xtask specs pull --kubernetes 1.33.13
  cargo xtask generate --kubernetes 1.33.13     into target/generated/1.33.13, to compare or to compile")]
pub(crate) struct Generate {
    /// Write nothing: say what would change, and fail if anything would.
    #[arg(long)]
    check: bool,
    /// Generate from the files that `specs pull --kubernetes 1.N.P` fetched, into target/generated/1.N.P.
    #[arg(long, value_name = "1.N.P", conflicts_with = "check")]
    kubernetes: Option<Release>,
}

impl Generate {
    /// `cargo xtask generate --check`.
    pub(crate) fn check_only() -> Result<ExitCode> {
        Self { check: true, kubernetes: None }.run()
    }

    pub(crate) fn run(self) -> Result<ExitCode> {
        if let Some(release) = self.kubernetes {
            return other_release(release);
        }
        let crate_folder = workspace::path("generated");
        let begun = Instant::now();
        let generated = inputs::generate(&inputs::of_repository(&crate_folder)?)?;
        if !self.check {
            output::recover(&crate_folder, &output::CRATE)?;
        }
        let plan = output::Plan::make(&crate_folder, &generated.files, &output::CRATE)?;
        // What is generated beside the crate: the names that were given, and what packages know of core types.
        let tables =
            [("specs/names.toml", &generated.names), ("codegen/data/catalog.json", &generated.catalog)];
        if self.check {
            let stale = tables.into_iter().filter(|(path, text)| {
                std::fs::read(workspace::path(path)).ok().as_deref() != Some(text.as_bytes())
            });
            return check(&plan, &stale.map(|(path, _)| path).collect::<Vec<_>>(), generated.files.len());
        }
        let summary = plan.carry_out()?;
        for (path, text) in tables {
            if files::write_if_changed(&workspace::path(path), text.as_bytes())? {
                println!("{path} has changed; commit it");
            }
        }
        println!("{summary} in {}", seconds(begun.elapsed()));
        Ok(ExitCode::SUCCESS)
    }
}

fn check(plan: &output::Plan<'_>, stale: &[&str], files: usize) -> Result<ExitCode> {
    if plan.is_empty() && stale.is_empty() {
        println!("generated/ is what specs/ says: {files} files");
        return Ok(ExitCode::SUCCESS);
    }
    print!("{plan}");
    for path in stale {
        println!("M {path}");
    }
    Err(Failure::new("generated/ is not what specs/ says")
        .help("run `cargo xtask generate` and commit the result"))
}

fn other_release(release: Release) -> Result<ExitCode> {
    let step = Step::begin(format!("generating the clients of Kubernetes {release}"));
    let folder = workspace::path(&format!("target/generated/{release}"));
    let crate_folder = sandbox::prepare(&folder)?;
    let generated = inputs::generate(&inputs::of_release(release, &crate_folder)?)?;
    let summary = output::Plan::make(&crate_folder, &generated.files, &output::CRATE)?.carry_out()?;
    step.done(&summary);
    let manifest = workspace::shown(&folder.join("Cargo.toml"));
    println!("{}\n  cargo check --manifest-path {manifest} --all-features", workspace::shown(&crate_folder));
    Ok(ExitCode::SUCCESS)
}
