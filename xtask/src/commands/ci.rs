//! `cargo xtask ci`: everything of `cargo xtask test`, and what is looked at before a release: documentation without a
//! warning, dependencies without known flaws, and packages that can be published.

use std::process::{ExitCode, Stdio};

use clap::Args;

use super::test::{Report, Test, cargo};
use crate::failure::{Context, Failure, Result};
use crate::{files, process, workspace};

/// The crates that are published.
const PUBLISHED: [&str; 5] =
    ["clientset-runtime", "clientset-codegen", "clientset", "clientset-testserver", "cargo-clientset"];
/// What crates.io takes.
const LARGEST_PACKAGE: u64 = 10 * 1024 * 1024;

/// Everything of `cargo xtask test`, then rustdoc with warnings denied, the dependencies and the packages.
///
/// The dependencies are looked at by cargo-deny (deny.toml), which is installed where it is missing and fetches the
/// RustSec database: this step needs the network.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask ci
  cargo xtask ci --keep-going")]
pub(crate) struct Ci {
    #[command(flatten)]
    test: Test,
}

impl Ci {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut report = Report::new(self.test.keep_going());
        self.test.steps(&mut report)?;
        report.step("docs", || {
            let mut command = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
            process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
        })?;
        report.step("dependencies", dependencies)?;
        report.step("packages", packages)?;
        report.end()
    }
}

/// Known flaws, licences, crates that are not wanted, and where crates come from.
fn dependencies() -> Result<()> {
    // Cargo looks here for what it installs, also where that is not on the PATH.
    let installed = || {
        let probe = cargo(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    if !installed() {
        eprintln!("installing cargo-deny, which takes some minutes");
        process::run(&mut cargo(["install", "--locked", "cargo-deny"]))?;
    }
    process::run(&mut cargo(["deny", "--all-features", "check"]))
        .map_err(|failure| failure.help("deny.toml says what is allowed, and why an exception is one"))
}

fn packages() -> Result<()> {
    let mut command = cargo(["package", "--allow-dirty"]);
    for name in PUBLISHED {
        command.args(["-p", name]);
    }
    process::run(&mut command)?;
    let folder = workspace::cargo_target().join("package");
    let mut count = 0;
    for name in files::names(&folder)?.iter().filter(|name| name.ends_with(".crate")) {
        let size = folder
            .join(name)
            .metadata()
            .context(|| format!("cannot read {}", workspace::shown(&folder.join(name))))?
            .len();
        println!("{name}: {} KiB", size / 1024);
        if size > LARGEST_PACKAGE {
            return Err(Failure::new(format!("{name} is larger than the 10 MiB that crates.io takes")));
        }
        count += 1;
    }
    if count < PUBLISHED.len() {
        return Err(Failure::new(format!("only {count} of {} packages were made", PUBLISHED.len())));
    }
    Ok(())
}
