//! Building the multi-call binary and caching it by what it was built from: the name of the file has the hash of that, so
//! that checkouts of different states can share a cache. It never runs it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Release, folder, gomodule};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// How many builds of a release are kept; each has more than 100 MB.
const KEPT: usize = 3;

/// The binary of a release, if it is built and up to date.
pub(crate) fn cached(release: Release) -> Result<Option<PathBuf>> {
    // Asking for the sources of another release would download them; for the cache the program's text suffices.
    let binary = binary(release)?;
    Ok(binary.is_file().then_some(binary))
}

/// Builds the binary of a release unless the cached one is made from the same sources.
pub(crate) fn ensure(release: Release) -> Result<PathBuf> {
    if let Some(binary) = cached(release)? {
        return Ok(binary);
    }
    gomodule::require_go()?;
    let folder = folder(release);
    files::make_folder(&folder)?;
    let lock_path = folder.join("lock");
    let lock =
        File::create(&lock_path).context(|| format!("cannot write {}", workspace::shown(&lock_path)))?;
    let step = Step::begin(format!(
        "building the control plane of Kubernetes {release} (the first time takes some 10 minutes)"
    ));
    lock.lock().context(|| format!("cannot lock {}", workspace::shown(&lock_path)))?;
    // Another process may have built it while this one waited for the lock.
    if let Some(binary) = cached(release)? {
        step.done("built meanwhile");
        return Ok(binary);
    }
    let module = gomodule::prepare(release)?;
    let fresh = folder.join("controlplane.new");
    go_build(&module, &fresh, release, &step)?;
    let binary = binary(release)?;
    // A rename leaves running servers their own file.
    std::fs::rename(&fresh, &binary).context(|| format!("cannot replace {}", workspace::shown(&binary)))?;
    remove_old(&folder)?;
    step.done(&workspace::shown(&binary));
    Ok(binary)
}

/// Removes all but the newest builds in a folder.
fn remove_old(folder: &Path) -> Result<()> {
    let mut builds = Vec::new();
    for name in files::names(folder)?.iter().filter(|name| name.starts_with(PREFIX)) {
        let path = folder.join(name);
        let made = path.metadata().and_then(|it| it.modified());
        builds.push((made.context(|| format!("cannot read {}", workspace::shown(&path)))?, path));
    }
    builds.sort();
    for (_, path) in builds.iter().rev().skip(KEPT) {
        std::fs::remove_file(path).context(|| format!("cannot remove {}", workspace::shown(path)))?;
    }
    Ok(())
}

fn go_build(module: &Path, binary: &Path, release: Release, step: &Step) -> Result<()> {
    let mut command = Command::new("go");
    command
        .args(["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", &link_flags(release), "-o"])
        .arg(binary)
        .arg(".")
        .current_dir(module)
        .env("CGO_ENABLED", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context(|| format!("cannot run `{}`", process::shown(&command)))?;
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines().map_while(|line| line.ok()) {
            step.detail(line.clone());
            said.push(line);
        }
    }
    let status = child.wait().context(|| "cannot wait for `go build`".to_owned())?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "`{}` in {} ended with {status}\n{}",
        process::shown(&command),
        workspace::shown(module),
        process::tail(&said.join("\n"), 20)
    )))
}

/// Without these the servers call themselves v0.0.0.
fn link_flags(release: Release) -> String {
    let variable = |name: &str, value: &str| format!("-X k8s.io/component-base/version.{name}={value}");
    [
        "-s -w".to_owned(),
        variable("gitVersion", &release.module_version()),
        variable("gitMajor", "1"),
        variable("gitMinor", &release.minor.to_string()),
    ]
    .join(" ")
}

const PREFIX: &str = "controlplane-";

fn binary(release: Release) -> Result<PathBuf> {
    let key = key_of(release)?;
    let short = key.get(..16).unwrap_or(&key);
    Ok(folder(release).join(format!("{PREFIX}{short}")))
}

/// What a binary was made from: our Go sources, the release and the way it is linked.
fn key_of(release: Release) -> Result<String> {
    let mut all = Vec::new();
    let mut sources = gomodule::sources(release)?;
    if release == Release::newest()? {
        sources.extend(["go.mod", "go.sum"].map(PathBuf::from));
    }
    for name in sources {
        all.extend(files::read(&gomodule::committed().join(name))?);
        all.push(0);
    }
    all.extend(link_flags(release).into_bytes());
    Ok(files::sha256(&all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_builds_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        for (age, name) in ["controlplane-a", "controlplane-b", "controlplane-c", "controlplane-d", "lock"]
            .iter()
            .enumerate()
        {
            let file = File::create(folder.path().join(name)).unwrap();
            let made = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age as u64);
            file.set_modified(made).unwrap();
        }
        remove_old(folder.path()).unwrap();
        let left = files::names(folder.path()).unwrap();
        assert_eq!(left, ["controlplane-b", "controlplane-c", "controlplane-d", "lock"]);
    }
}
