//! For build scripts: the same as `cargo clientset generate`, and what cargo has to be told about it.

use std::path::Path;
use std::process::exit;

use crate::failure::Result;
use crate::project::Project;

/// Brings the output of a clientset.toml up to date; to be called from a build script.
///
/// ```no_run
/// // build.rs
/// fn main() {
///     cargo_clientset::build("clientset.toml");
/// }
/// ```
///
/// It runs again when clientset.toml or an input changes. It writes only what changes, so a crate that is up to date may be on a
/// read-only disk; what it writes is in the source folder and is committed, so that people see it in a review. In a crate that
/// was packaged (cargo has left a `Cargo.toml.orig` there) it does nothing: what was published is what is compiled.
///
/// Where something is wrong it prints all of it and ends the program with 1, which cargo shows as the failure of the build.
pub fn build(config: impl AsRef<Path>) {
    match try_build(config.as_ref()) {
        Ok(lines) => lines.iter().for_each(|line| println!("{line}")),
        Err(failure) => {
            eprintln!("error: {failure}");
            exit(1);
        }
    }
}

/// The same as [`build`], for build scripts that decide themselves what happens then: what it returns are lines for cargo, to be
/// printed.
///
/// # Errors
///
/// A file cannot be read or written, or the inputs are wrong.
pub fn try_build(config: impl AsRef<Path>) -> Result<Vec<String>> {
    let config = config.as_ref();
    let mut lines = Vec::new();
    let folder = config.parent().unwrap_or(Path::new(""));
    if folder.join("Cargo.toml.orig").exists() {
        lines.push(format!("cargo::rerun-if-changed={}", config.display()));
        return Ok(lines);
    }
    let project = Project::open(config)?;
    let watched = project.settings.inputs.iter().map(|input| project.root.join(input));
    for path in std::iter::once(config.to_path_buf()).chain(watched) {
        lines.push(format!("cargo::rerun-if-changed={}", path.display()));
    }
    let generated = project.generate(&Default::default())?;
    project.write(&generated)?;
    let mut warn = |text: &str| lines.push(format!("cargo::warning={}", text.replace('\n', " ")));
    for warning in &generated.package.warnings {
        warn(&warning.to_string());
    }
    if let Some((what, help)) = project.dependency()?.advice(&generated.package.features) {
        warn(&format!("{what}; {help}"));
    }
    Ok(lines)
}
