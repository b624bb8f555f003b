//! Building the multi-call binary and caching it by what it was built from. It never runs it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Release, folder, gomodule};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// The binary of a release, if it is built and up to date.
pub(crate) fn cached(release: Release) -> Result<Option<PathBuf>> {
    let binary = folder(release).join("controlplane");
    let Ok(key) = std::fs::read_to_string(key_path(release)) else { return Ok(None) };
    // Asking for the sources of another release would download them; for the cache the program's text suffices.
    Ok((binary.is_file() && key.trim() == key_of(release)?).then_some(binary))
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
    let binary = folder.join("controlplane");
    // A rename leaves running servers their own file.
    std::fs::rename(&fresh, &binary).context(|| format!("cannot replace {}", workspace::shown(&binary)))?;
    files::write_if_changed(&key_path(release), key_of(release)?.as_bytes())?;
    step.done(&workspace::shown(&binary));
    Ok(binary)
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

fn key_path(release: Release) -> PathBuf {
    folder(release).join("key")
}

/// What a binary was made from: our Go sources, the release and the way it is linked.
fn key_of(release: Release) -> Result<String> {
    let mut all = Vec::new();
    let newest = release == Release::newest()?;
    let sources: &[&str] = if newest { &["main.go", "go.mod", "go.sum"] } else { &["main.go"] };
    for name in sources {
        all.extend(files::read(&gomodule::committed().join(name))?);
        all.push(0);
    }
    all.extend(link_flags(release).into_bytes());
    Ok(files::sha256(&all))
}
