//! `cargo clientset init`: a commented clientset.toml, and the dependencies in Cargo.toml.

use std::path::{Path, PathBuf};

use clap::Args;

use super::cargo_toml::{CargoToml, Origin, workspace_dependencies};
use super::report::Report;
use super::{Outcome, here};
use crate::failure::{Failure, Result};
use crate::files::{self, shown};
use crate::project::CONFIG;

const TEMPLATE: &str = include_str!("clientset.toml");

/// Begin: write a clientset.toml beside Cargo.toml, and add the dependency.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo clientset init
  cargo clientset init --dev                      also what a test on the embedded API server needs
  cargo clientset init --path ../clientset        the crates of a checkout, in place of those of the registry
  cargo clientset init --git https://github.com/clientset-rs/clientset")]
pub(super) struct Init {
    /// Also add the dev-dependencies for tests on the embedded API server: clientset-testserver and tokio.
    #[arg(long)]
    dev: bool,
    /// Take the crates from a checkout of clientset's repository.
    #[arg(long, value_name = "DIR", conflicts_with = "git")]
    path: Option<PathBuf>,
    /// Take the crates from a git repository.
    #[arg(long, value_name = "URL")]
    git: Option<String>,
}

impl Init {
    pub(super) fn run(&self, report: &Report) -> Result<Outcome> {
        let folder = here()?;
        let config = folder.join(CONFIG);
        if config.exists() {
            return Err(Failure::new(format!("there is a {CONFIG} here already, and it stays as it is"))
                .help("add a CRD: cargo clientset add FILE"));
        }
        let mut manifest = CargoToml::read(&folder.join("Cargo.toml"))?;
        let origin = match (&self.path, &self.git) {
            (Some(path), _) => Origin::Path(checkout(path)?),
            (_, Some(url)) => Origin::Git(url.clone()),
            _ => Origin::Registry(workspace_dependencies(&folder, &manifest)?),
        };
        let mut added = manifest.add_clientset(&origin)?;
        if self.dev {
            added.extend(manifest.add_for_tests(&origin)?);
        }
        // The manifest first: a run that ends between the two can simply be made again.
        manifest.write()?;
        files::write_if_changed(&config, TEMPLATE.as_bytes())?;
        report.say(&format!("wrote {CONFIG}"));
        for name in &added {
            report.say(&format!("added the dependency {name} to Cargo.toml"));
        }
        report.say("next: cargo clientset add FILE, with the YAML of a CustomResourceDefinition");
        Ok(Outcome::Fine)
    }
}

/// The root of a checkout, which has the crates in known folders.
fn checkout(path: &Path) -> Result<String> {
    if !path.join("generated/Cargo.toml").is_file() || !path.join("tests/server/Cargo.toml").is_file() {
        return Err(Failure::new(format!(
            "{} is no checkout of clientset: it has no generated/Cargo.toml",
            shown(path)
        ))
        .help("--path wants the root of a checkout of clientset's repository"));
    }
    Ok(path.to_string_lossy().replace('\\', "/").trim_end_matches('/').to_owned())
}
