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
        let names = workspace::path("specs/names.toml");
        let begun = Instant::now();
        let generated = inputs::generate(&inputs::of_repository(&crate_folder)?)?;
        let plan = output::Plan::make(&crate_folder, &generated.files)?;
        let names_change = std::fs::read(&names).ok().as_deref() != Some(generated.names.as_bytes());
        if self.check {
            return check(&plan, names_change, generated.files.len());
        }
        let summary = plan.carry_out()?;
        if files::write_if_changed(&names, generated.names.as_bytes())? {
            println!("specs/names.toml: new names pinned; commit it");
        }
        println!("{summary} in {}", seconds(begun.elapsed()));
        Ok(ExitCode::SUCCESS)
    }
}

fn check(plan: &output::Plan, names_change: bool, files: usize) -> Result<ExitCode> {
    if plan.is_empty() && !names_change {
        println!("generated/ is what specs/ says: {files} files");
        return Ok(ExitCode::SUCCESS);
    }
    print!("{plan}");
    if names_change {
        println!("M specs/names.toml");
    }
    Err(Failure::new("generated/ is not what specs/ says")
        .help("run `cargo xtask generate` and commit the result"))
}

fn other_release(release: Release) -> Result<ExitCode> {
    let step = Step::begin(format!("generating the clients of Kubernetes {release}"));
    let folder = workspace::path(&format!("target/generated/{release}"));
    let crate_folder = sandbox::prepare(&folder)?;
    let generated = inputs::generate(&inputs::of_release(release, &crate_folder)?)?;
    let summary = output::Plan::make(&crate_folder, &generated.files)?.carry_out()?;
    step.done(&summary);
    let manifest = workspace::shown(&folder.join("Cargo.toml"));
    println!("{}\n  cargo check --manifest-path {manifest} --all-features", workspace::shown(&crate_folder));
    Ok(ExitCode::SUCCESS)
}
