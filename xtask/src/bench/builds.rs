//! Cold builds of a program that lists pods: CPU seconds in all and without the shared stack, crates, binary size.
//!
//! CPU seconds, since they hardly depend on what else the machine does. What one crate takes is measured around its own
//! compiler processes by a wrapper; running build scripts counts in all, and for no single crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::commands::{KUBE, OURS, Side, cargo, children_cpu_seconds, scratch};
use super::report::Row;
use super::shared;
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// Runs the compiler and writes a file with the package and what `times` says: the shell's own line, its children's.
const WRAPPER: &str = r#"#!/bin/sh
"$@"
code=$?
if [ -n "$CARGO_PKG_NAME" ]; then
    { echo "$CARGO_PKG_NAME $CARGO_PKG_VERSION"; times; } > "$BENCH_COMPILER_TIMES/$CARGO_PKG_NAME-$$"
fi
exit $code
"#;

/// What one cold build took.
struct Build {
    cpu: f64,
    /// CPU seconds of the compiler for each package; the program's own hold its linking and what is generic.
    packages: BTreeMap<(String, String), f64>,
    binary: u64,
}

/// Builds both sides `runs` times from nothing, in the dev profile, which people wait for first, and in release.
pub(super) fn measure(runs: u32) -> Result<Vec<Row>> {
    OURS.fetch()?;
    KUBE.fetch()?;
    let stack: BTreeSet<String> =
        shared::stack(&OURS.folder())?.intersection(&shared::stack(&KUBE.folder())?).cloned().collect();
    let mut rows = Vec::new();
    for (profile, all, own) in
        [("dev", "build-dev", "build-dev-own"), ("release", "build-release", "build-release-own")]
    {
        let step = Step::begin(format!("cold {profile} builds, {runs} runs"));
        let (mut ours, mut kube) = (Vec::new(), Vec::new());
        for run in 1..=runs {
            step.detail(format!("run {run}, ours"));
            ours.push(cold(OURS, profile)?);
            step.detail(format!("run {run}, kube"));
            kube.push(cold(KUBE, profile)?);
        }
        step.done("");
        let row = |name, unit, bar, figure: &dyn Fn(&Build) -> f64| {
            let series = |builds: &[Build]| builds.iter().map(figure).collect::<Vec<_>>();
            Row::new(name, unit, &series(&ours), ("kube", &series(&kube)), Some(bar))
        };
        rows.push(row(all, "CPU s", 4.0 / 3.0, &|build| build.cpu));
        rows.push(row(own, "CPU s", 2.0, &|build| build.own(&stack)));
        if profile == "release" {
            rows.push(row("crates", "", 1.0, &|build| build.packages.len() as f64));
            rows.push(row("binary", "MiB", 1.0, &|build| build.binary as f64 / f64::from(1 << 20)));
        }
        explain(profile, &stack, ours.last(), kube.last());
    }
    Ok(rows)
}

impl Build {
    fn own(&self, stack: &BTreeSet<String>) -> f64 {
        self.packages.iter().filter(|((name, _), _)| !stack.contains(name)).map(|(_, cpu)| cpu).sum()
    }
}

/// Says which crates were left out and where the rest of the time went, for whoever wants to get it down.
fn explain(profile: &str, stack: &BTreeSet<String>, ours: Option<&Build>, kube: Option<&Build>) {
    let built = |build: &Build, name: &String| build.packages.keys().any(|(package, _)| package == name);
    let (Some(ours), Some(kube)) = (ours, kube) else { return };
    let shared: Vec<&str> =
        stack.iter().filter(|name| built(ours, name) && built(kube, name)).map(String::as_str).collect();
    eprintln!("shared by both and left out of build-*-own: {}", shared.join(" "));
    for (side, build) in [("ours", ours), ("kube", kube)] {
        let mut own: Vec<_> = build.packages.iter().filter(|((name, _), _)| !stack.contains(name)).collect();
        own.sort_by(|left, right| right.1.total_cmp(left.1));
        let heaviest: Vec<String> =
            own.iter().take(12).map(|((name, _), cpu)| format!("{name} {cpu:.1}")).collect();
        eprintln!("{side}, {profile} CPU s outside of it: {}", heaviest.join(", "));
    }
}

fn cold(side: Side, profile: &str) -> Result<Build> {
    let target = scratch(&format!("cold-{}", side.name));
    let times = scratch("compiler-times");
    for folder in [&target, &times] {
        remove(folder)?;
    }
    files::make_folder(&times)?;
    let package = side.package("hello");
    let mut command = cargo(&side.folder(), &["build", "--offline", "--quiet", "--profile", profile]);
    command.args(["--package", &package, "--target-dir"]).arg(&target);
    command.env("RUSTC_WRAPPER", wrapper()?).env("BENCH_COMPILER_TIMES", &times);
    let before = children_cpu_seconds()?;
    process::output(&mut command)?;
    let cpu = children_cpu_seconds()? - before;
    let packages = compiler_times(&times)?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let binary = target.join(folder).join(&package);
    let binary = fs::metadata(&binary).context(|| format!("no binary {}", workspace::shown(&binary)))?.len();
    remove(&target)?;
    Ok(Build { cpu, packages, binary })
}

fn wrapper() -> Result<PathBuf> {
    let path = scratch("compiler-times.sh");
    files::write_if_changed(&path, WRAPPER.as_bytes())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .context(|| format!("cannot make {} executable", workspace::shown(&path)))?;
    }
    Ok(path)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context(|| format!("cannot remove {}", workspace::shown(folder)))?;
    }
    Ok(())
}

fn compiler_times(folder: &Path) -> Result<BTreeMap<(String, String), f64>> {
    let mut packages = BTreeMap::new();
    let tried = || format!("cannot read {}", workspace::shown(folder));
    for entry in fs::read_dir(folder).context(tried)? {
        let path = entry.context(tried)?.path();
        let text = files::read_text(&path)?;
        let (package, cpu) = parse_times(&text).ok_or_else(|| {
            Failure::new(format!("{} has an unexpected form: {text:?}", workspace::shown(&path)))
        })?;
        *packages.entry(package).or_default() += cpu;
    }
    Ok(packages)
}

/// `name version`, then two lines of `times` with user and system time each: the shell's, and its children's.
fn parse_times(text: &str) -> Option<((String, String), f64)> {
    let mut lines = text.lines();
    let (name, version) = lines.next()?.split_once(' ')?;
    let (user, system) = lines.nth(1)?.split_once(' ')?;
    Some(((name.to_owned(), version.to_owned()), clock(user)? + clock(system)?))
}

/// `1m2.50s` in seconds.
fn clock(text: &str) -> Option<f64> {
    let (minutes, seconds) = text.trim().strip_suffix('s')?.split_once('m')?;
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_compiler_is_its_shell_s_children_s() {
        let text = "serde_json 1.0.154\n0m0.01s 0m0.02s\n1m2.50s 0m0.25s\n";
        let (package, cpu) = parse_times(text).expect("the form that shells print");
        assert_eq!(package, ("serde_json".to_owned(), "1.0.154".to_owned()));
        assert!((cpu - 62.75).abs() < 1e-9, "{cpu}");
        assert!(parse_times("serde_json 1.0.154\n0m0.01s 0m0.02s\n").is_none());
    }
}
