//! A workspace below target/ that holds a second copy of the generated crate's hand-written parts, so that code generated
//! from other inputs can be compiled without touching generated/.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::failure::{Context, Failure, Result};
use crate::{files, workspace};

/// Makes or refreshes the workspace and returns the folder of the crate in it.
pub(crate) fn prepare(folder: &Path) -> Result<PathBuf> {
    let crate_folder = folder.join("clientset");
    let own = workspace::path("generated");
    files::write_if_changed(&folder.join("Cargo.toml"), manifest(&[])?.as_bytes())?;
    // The same versions of everything; cargo adds and removes what is different here.
    let lock = folder.join("Cargo.lock");
    if !lock.exists() {
        files::write_if_changed(&lock, &files::read(&workspace::path("Cargo.lock"))?)?;
    }
    for name in ["Cargo.toml", "src/lib.rs"] {
        let target = crate_folder.join(name);
        // Later runs keep what the generator wrote between the marks, so that they change nothing either.
        if !target.exists() {
            files::write_if_changed(&target, &files::read(&own.join(name))?)?;
        }
    }
    copy(&own.join("src/ext"), &crate_folder.join("src/ext"))?;
    Ok(crate_folder)
}

/// Adds a crate to the workspace: a folder beside the generated crate.
pub(crate) fn add_member(folder: &Path, member: &str) -> Result<()> {
    files::write_if_changed(&folder.join("Cargo.toml"), manifest(&[member])?.as_bytes()).map(drop)
}

/// The root manifest with members of its own and with paths that still lead to the other crates.
fn manifest(others: &[&str]) -> Result<String> {
    let path = workspace::path("Cargo.toml");
    let mut root: Table =
        files::read_text(&path)?.parse().context(|| format!("cannot read {}", workspace::shown(&path)))?;
    let broken = || Failure::new("Cargo.toml of the workspace has no [workspace.dependencies]");
    let table = root.get_mut("workspace").and_then(Value::as_table_mut).ok_or_else(broken)?;
    let members = ["clientset"].iter().chain(others).map(|&name| Value::from(name)).collect();
    table.insert("members".to_owned(), Value::Array(members));
    table.remove("exclude");
    let dependencies = table.get_mut("dependencies").and_then(Value::as_table_mut).ok_or_else(broken)?;
    for (_, dependency) in dependencies.iter_mut() {
        if let Some(Value::String(path)) = dependency.get_mut("path") {
            *path = workspace::path(path).display().to_string();
        }
    }
    if let Some(Value::Table(own)) = dependencies.get_mut("clientset") {
        own.insert("path".to_owned(), "clientset".into());
    }
    // Profiles may name packages that are not here.
    for (_, profile) in root.get_mut("profile").and_then(Value::as_table_mut).into_iter().flatten() {
        if let Some(profile) = profile.as_table_mut() {
            profile.remove("package");
        }
    }
    toml::to_string(&root).context(|| "cannot write the manifest of the second workspace".to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for name in files::names(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            files::write_if_changed(&to, &files::read(&from)?)?;
        }
    }
    Ok(())
}
