//! The steps that people who work here wait for, against the time that the project allows itself: checking the whole
//! generated crate, and generating it.

use std::process::Command;
use std::time::Instant;

use super::commands::{cargo, scratch};
use super::report::Row;
use crate::failure::{Context, Result};
use crate::progress::Step;
use crate::{process, workspace};

/// Seconds for `cargo check` of the generated crate alone, every group-version, on two cores.
const CHECK_BAR: f64 = 10.0;
/// Seconds for generating the whole API.
const GENERATE_BAR: f64 = 2.0;

/// `cargo check` of `clientset` alone: its dependencies are checked before, and nothing is incremental.
pub(super) fn check(runs: u32) -> Result<Row> {
    let target = scratch("check");
    let command = |arguments: &[&str]| {
        let mut command = cargo(&workspace::root(), arguments);
        command
            .args(["--quiet", "--package", "clientset", "--target-dir"])
            .arg(&target)
            .env("CARGO_INCREMENTAL", "0");
        command
    };
    let check = || command(&["check", "--all-features"]);
    let step = Step::begin("checking the dependencies of clientset");
    process::output(&mut check())?;
    step.done("");
    // Only this folder's own copy is cleaned, never the workspace's.
    timed(
        "cargo check of clientset, every feature",
        runs,
        || process::output(&mut command(&["clean"])),
        check,
    )
    .map(|samples| Row::new("check", "s", &samples, ("bar", &[CHECK_BAR]), Some(1.0)))
}

/// `cargo xtask generate` once built, and with nothing to write: this very program, so that cargo is not measured.
pub(super) fn generate(runs: u32) -> Result<Row> {
    let program = std::env::current_exe().context(|| "cannot find this program".to_owned())?;
    let generate = || {
        let mut command = Command::new(&program);
        command.args(["generate", "--check"]).current_dir(workspace::root());
        command
    };
    timed("cargo xtask generate --check", runs, || Ok(Vec::new()), generate)
        .map(|samples| Row::new("generate", "s", &samples, ("bar", &[GENERATE_BAR]), Some(1.0)))
}

fn timed(
    what: &str,
    runs: u32,
    before: impl Fn() -> Result<Vec<u8>>,
    command: impl Fn() -> Command,
) -> Result<Vec<f64>> {
    let step = Step::begin(format!("{what}, {runs} runs"));
    let mut samples = Vec::new();
    for run in 1..=runs {
        step.detail(format!("run {run}"));
        before()?;
        let begun = Instant::now();
        process::output(&mut command())?;
        samples.push(begun.elapsed().as_secs_f64());
    }
    step.done("");
    Ok(samples)
}
