//! The commands that the benchmarks run, and the CPU time that child processes took.
//!
//! Everything is built below `target/bench`, away from the workspace's own artifacts, so that a cold build can be cold.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// One of the Rust workspaces that are compared.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// The name that folders and packages begin with.
    pub(super) name: &'static str,
    folder: &'static str,
    /// Whether its lock file is committed: the peer's is, and ours follows the workspace's.
    locked: bool,
}

/// Our own programs.
pub(super) const OURS: Side = Side { name: "ours", folder: "tests/bench/ours", locked: false };
/// The Rust peer's programs.
pub(super) const KUBE: Side = Side { name: "kube", folder: "tests/bench/peers/kube", locked: true };

impl Side {
    pub(super) fn folder(&self) -> PathBuf {
        workspace::path(self.folder)
    }

    /// A package of this side: `model`, `hello`, `requests`.
    pub(super) fn package(&self, which: &str) -> String {
        format!("{}-{which}", self.name)
    }

    /// Downloads what the builds need, so that no measured build does. Ours is built with the versions of the
    /// workspace's lock file.
    pub(super) fn fetch(&self) -> Result<()> {
        if !self.locked {
            let lock = files::read(&workspace::path("Cargo.lock"))?;
            files::write_if_changed(&self.folder().join("Cargo.lock"), &lock)?;
        }
        let mut command = cargo(&self.folder(), &["fetch", "--quiet"]);
        if self.locked {
            command.arg("--locked");
        }
        process::output(&mut command).map(drop)
    }
}

/// reqwest alone, without a Kubernetes client.
pub(super) const REQWEST: Side = Side { name: "reqwest", folder: "tests/bench/peers/reqwest", locked: true };

/// Where the benchmarks keep what they make.
pub(super) fn scratch(name: &str) -> PathBuf {
    workspace::path("target/bench").join(name)
}

/// Cargo in `folder`, without the settings of the cargo that runs us.
pub(super) fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.args(arguments).current_dir(folder);
    for inherited in ["CARGO_PKG_NAME", "CARGO_PKG_VERSION", "CARGO_TARGET_DIR", "RUSTC_WRAPPER"] {
        command.env_remove(inherited);
    }
    command
}

/// Builds a program of one side in release: `model`, `requests` or `server`.
pub(super) fn build(side: Side, which: &str) -> Result<PathBuf> {
    side.fetch()?;
    let package = side.package(which);
    let target = scratch(side.name);
    let step = Step::begin(format!("building {package}"));
    let mut command = cargo(&side.folder(), &["build", "--release", "--quiet", "--package", &package]);
    process::output(command.arg("--target-dir").arg(&target))?;
    step.done("");
    Ok(target.join("release").join(package))
}

/// Builds a program of the Go peer as `name`.
pub(super) fn build_go(name: &str, package: &str) -> Result<PathBuf> {
    let program = scratch(name);
    let step = Step::begin(format!("building {name}"));
    let folder = workspace::path("tests/bench/peers/client-go");
    process::output(go(&folder, &["build", "-trimpath", "-o"])?.arg(&program).arg(package))?;
    step.done("");
    Ok(program)
}

/// Go in `folder`. Its absence is an error here: there is no comparison without the peer.
pub(super) fn go(folder: &Path, arguments: &[&str]) -> Result<Command> {
    if !process::exists("go", "version") {
        return Err(Failure::new("client-go is measured with Go, and `go` cannot be run").help(
            "install Go (https://go.dev/dl) or choose groups without it: --only build,check,generate",
        ));
    }
    let mut command = Command::new("go");
    command.args(arguments).current_dir(folder);
    Ok(command)
}

/// User and system seconds of all child processes that have ended so far.
pub(super) fn children_cpu_seconds() -> Result<f64> {
    let path = Path::new("/proc/self/stat");
    let stat = files::read_text(path)?;
    parse_children_cpu(&stat).ok_or_else(|| {
        Failure::new("/proc/self/stat has an unexpected form: CPU time is measured on Linux only")
    })
}

/// Sums `cutime` and `cstime`, the 16th and 17th fields, in ticks of 10 ms. The second field is a name in parentheses.
fn parse_children_cpu(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(13)? + ticks(14)?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_read_from_behind_the_name_of_the_process() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 11 12 250 50 15 16";
        assert_eq!(parse_children_cpu(stat), Some(3.0));
        assert_eq!(parse_children_cpu("nothing"), None);
    }
}
