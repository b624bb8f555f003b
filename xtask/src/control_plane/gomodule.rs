//! The Go module that a control plane is built from: the committed one for the newest release, and the same program
//! with a module file of its own for any other. It only reads and writes module files; `go` does the rest.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::Release;
use crate::failure::{Context, Failure, Result};
use crate::{files, process, workspace};

/// The committed Go module.
pub(crate) fn committed() -> PathBuf {
    workspace::path("tests/controlplane")
}

/// The first minor with `k8s.io/cri-streaming`, on which the kubelet of our own stands.
const KUBELET_SINCE: u32 = 37;

/// Whether the binary of a release has the kubelet of our own; an older release is tested with that of the newest.
pub(crate) fn has_kubelet(release: Release) -> bool {
    release.minor >= KUBELET_SINCE
}

/// The files of the committed module that the binary of a release is built from, in a fixed order.
pub(crate) fn sources(release: Release) -> Result<Vec<PathBuf>> {
    let mut sources = vec![PathBuf::from("main.go")];
    if has_kubelet(release) {
        sources.push(PathBuf::from("kubelet.go"));
        let mut names = files::names(&committed().join("kubelet"))?;
        names.sort();
        sources.extend(
            names
                .iter()
                .filter(|name| name.ends_with(".go") && !name.ends_with("_test.go"))
                .map(|name| Path::new("kubelet").join(name)),
        );
    }
    Ok(sources)
}

/// The version that a go.mod requires of a module.
pub(crate) fn required<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let line = line.trim().strip_prefix("require ").unwrap_or(line.trim());
        let mut words = line.split_whitespace();
        (words.next()? == module).then(|| words.next())?.filter(|version| version.starts_with('v'))
    })
}

/// A module on this machine, as `go mod download -json` tells of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Download {
    /// The module's path.
    pub(crate) path: String,
    /// Its version.
    #[serde(default)]
    pub(crate) version: String,
    /// The unpacked folder.
    #[serde(default)]
    pub(crate) dir: PathBuf,
    /// Its go.mod.
    #[serde(default)]
    pub(crate) go_mod: PathBuf,
    /// The checksum that the public checksum database vouches for.
    #[serde(default)]
    pub(crate) sum: String,
    #[serde(default)]
    error: String,
}

/// Downloads one module (or finds it in the module cache).
pub(crate) fn download(module: &str, version: &str) -> Result<Download> {
    require_go()?;
    let query = format!("{module}@{version}");
    let mut command = Command::new("go");
    // Outside any module, so that no go.mod of ours can steer the answer.
    command.args(["mod", "download", "-json", &query]).current_dir(std::env::temp_dir());
    let output = command.output().context(|| format!("cannot run `{}`", process::shown(&command)))?;
    let answer: Download = serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        Failure::new(format!("`{}` failed: {}", process::shown(&command), process::tail(&said, 5)))
    })?;
    if !answer.error.is_empty() {
        return Err(Failure::new(format!("cannot download {query}: {}", answer.error))
            .help("`go list -m -versions k8s.io/kubernetes` lists the releases"));
    }
    Ok(answer)
}

/// Fails with what to do when there is no Go.
pub(crate) fn require_go() -> Result<()> {
    if has_go() {
        return Ok(());
    }
    Err(Failure::new("the real control plane is built with Go, and there is no `go` on the PATH")
        .help("install Go (https://go.dev/dl), or use the embedded API server"))
}

/// Whether there is a Go.
pub(crate) fn has_go() -> bool {
    process::exists("go", "version")
}

/// The folder to run `go build` in for a release: the committed module, or one written below `target/`.
pub(crate) fn prepare(release: Release) -> Result<PathBuf> {
    if release == Release::newest()? {
        return Ok(committed());
    }
    let folder = super::folder(release).join("module");
    let kubernetes = download("k8s.io/kubernetes", &release.module_version())?;
    let own = files::read_text(&kubernetes.go_mod)?;
    let mut changed = false;
    for source in sources(release)? {
        changed |= files::write_if_changed(&folder.join(&source), &files::read(&committed().join(&source))?)?;
    }
    let template = template(&own, release);
    // `go mod tidy` rewrites go.mod, so what it was made from is kept beside it.
    changed |= files::write_if_changed(&folder.join("template"), template.as_bytes())?;
    if changed || !folder.join("go.sum").exists() {
        files::write_if_changed(&folder.join("go.mod"), template.as_bytes())?;
        tidy(&folder)?;
    }
    Ok(folder)
}

fn tidy(folder: &Path) -> Result<()> {
    let mut command = Command::new("go");
    command.args(["mod", "tidy"]).current_dir(folder);
    process::output(&mut command).map(drop)
}

/// The module file for a release: `k8s.io/kubernetes` replaces its staging modules by folders of its own source
/// tree, which do not exist in the downloaded module, so each is replaced by the published module instead.
fn template(kubernetes_go_mod: &str, release: Release) -> String {
    let go = kubernetes_go_mod.lines().find_map(|line| line.strip_prefix("go ")).unwrap_or("1.24.0");
    let staging = release.staging_version();
    let mut text = format!("module clientset.dev/controlplane\n\ngo {go}\n\nrequire (\n");
    if let Some(etcd) = required(kubernetes_go_mod, "go.etcd.io/etcd/server/v3") {
        let _ = writeln!(text, "\tgo.etcd.io/etcd/server/v3 {etcd}");
    }
    let _ = writeln!(text, "\tk8s.io/component-base {staging}\n\tk8s.io/kubectl {staging}");
    let _ = writeln!(text, "\tk8s.io/kubernetes {}\n)\n\nreplace (", release.module_version());
    for module in staging_modules(kubernetes_go_mod) {
        let _ = writeln!(text, "\t{module} => {module} {staging}");
    }
    text.push_str(")\n");
    text
}

/// The modules that a go.mod replaces by `./staging/…`.
fn staging_modules(go_mod: &str) -> impl Iterator<Item = &str> {
    go_mod.lines().filter_map(|line| {
        let line = line.trim();
        let (module, to) = line.strip_prefix("replace ").unwrap_or(line).split_once(" => ")?;
        to.starts_with("./staging/").then_some(module)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KUBERNETES: &str = "module k8s.io/kubernetes\n\ngo 1.25.0\n\nrequire (\n\tgo.etcd.io/etcd/server/v3 v3.6.5 // indirect\n)\n\n\
        replace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n\tk8s.io/kubectl => ./staging/src/k8s.io/kubectl\n)\n";

    #[test]
    fn every_staging_folder_becomes_the_published_module() {
        let text = template(KUBERNETES, Release { minor: 35, patch: 4 });
        assert!(text.contains("\tk8s.io/api => k8s.io/api v0.35.4\n"), "{text}");
        assert!(text.contains("\tk8s.io/kubernetes v1.35.4\n"), "{text}");
        assert!(text.contains("\tgo.etcd.io/etcd/server/v3 v3.6.5\n"), "{text}");
        assert!(!text.contains("./staging"), "{text}");
    }

    #[test]
    fn the_kubelet_is_built_into_releases_that_have_its_libraries() {
        let kubelet = |release| sources(release).unwrap().contains(&PathBuf::from("kubelet/pods.go"));
        assert!(kubelet(Release { minor: 37, patch: 1 }));
        assert!(!kubelet(Release { minor: 33, patch: 13 }));
    }

    #[test]
    fn a_requirement_is_found_on_its_own_line_and_in_a_block() {
        assert_eq!(required(KUBERNETES, "go.etcd.io/etcd/server/v3"), Some("v3.6.5"));
        assert_eq!(required("require k8s.io/kubernetes v1.37.1\n", "k8s.io/kubernetes"), Some("v1.37.1"));
        assert_eq!(required(KUBERNETES, "k8s.io/api"), None);
    }
}
