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
        let mut text = files::read_text(&own.join(name))?;
        if name == "Cargo.toml" {
            text = library_only(&text);
        }
        // What an earlier run generated here stays, so that a run that changes nothing has nothing compiled anew.
        if let Ok(old) = std::fs::read_to_string(&target) {
            text = with_generated_part(&text, &old);
        }
        files::write_if_changed(&target, text.as_bytes())?;
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

/// A manifest without examples, tests and what only these need: they are not copied.
fn library_only(manifest: &str) -> String {
    let mut kept = String::new();
    let mut keep = true;
    for line in manifest.lines() {
        if line.starts_with('[') {
            let section = line.trim_matches(['[', ']', ' ']);
            keep = !["example", "test", "bench", "dev-dependencies"].contains(&section);
        }
        if keep {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// `text` with the part between its marks taken from `old`.
fn with_generated_part(text: &str, old: &str) -> String {
    let part = |text: &str| -> Option<(usize, usize)> {
        let begin = text.find("@generated begin")?;
        Some((begin, begin + text[begin..].find("@generated end")?))
    };
    match (part(text), part(old)) {
        (Some((begin, end)), Some((old_begin, old_end))) => {
            [&text[..begin], &old[old_begin..old_end], &text[end..]].concat()
        }
        _ => text.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_of_a_manifest_has_no_examples() {
        let manifest = "[package]\nname = \"a\"\n\n[dev-dependencies]\nb = \"1\"\n\n[[example]]\nname = \"c\"\n\n[lints]\nworkspace = true\n";
        assert_eq!(library_only(manifest), "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n");
    }

    #[test]
    fn what_was_generated_stays_and_the_rest_is_renewed() {
        let new = "new\n# @generated begin\n# @generated end\nnew\n";
        let old = "old\n# @generated begin\nkept\n# @generated end\nold\n";
        assert_eq!(with_generated_part(new, old), "new\n# @generated begin\nkept\n# @generated end\nnew\n");
        assert_eq!(with_generated_part(new, "none"), new);
    }
}
