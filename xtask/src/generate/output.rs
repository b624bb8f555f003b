//! Bringing a folder to what the generator says: what changes is known before the first byte is written, everything
//! is written beside its place first and renamed then, and files that nobody generated are never touched.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::failure::{Context, Failure, Result};
use crate::{files, workspace};

/// The first characters of a file that the generator owns.
const MARK: &str = "// @generated";
/// Files that belong to people, in which the generator owns what is between two marks.
const SHARED: [&str; 2] = ["Cargo.toml", "src/lib.rs"];

/// What has to change in a folder.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    folder: PathBuf,
    total: usize,
    added: BTreeMap<&'a str, &'a str>,
    changed: BTreeMap<&'a str, (String, &'a str)>,
    removed: Vec<String>,
}

impl<'a> Plan<'a> {
    /// Compares a folder with the files that should be in it.
    pub(crate) fn make(folder: &Path, wanted: &'a BTreeMap<String, String>) -> Result<Self> {
        let mut plan = Self {
            folder: folder.to_path_buf(),
            total: wanted.len(),
            added: BTreeMap::new(),
            changed: BTreeMap::new(),
            removed: Vec::new(),
        };
        for (name, text) in wanted {
            safe(name)?;
            let path = folder.join(name);
            match fs::read(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    plan.added.insert(name, text);
                }
                Err(error) => {
                    return Err(error).context(|| format!("cannot read {}", workspace::shown(&path)));
                }
                Ok(old) if old == text.as_bytes() => {}
                Ok(old) => {
                    let old = String::from_utf8_lossy(&old).into_owned();
                    if !SHARED.contains(&name.as_str()) && !owned(old.as_bytes()) {
                        return Err(Failure::new(format!(
                            "{} was written by somebody and would be overwritten",
                            workspace::shown(&path)
                        ))
                        .help(format!("move it away; generated files begin with `{MARK}`")));
                    }
                    plan.changed.insert(name, (old, text));
                }
            }
        }
        let mut owned = Vec::new();
        owned_files(&folder.join("src"), "src", &mut owned)?;
        plan.removed = owned.into_iter().filter(|name| !wanted.contains_key(name)).collect();
        Ok(plan)
    }

    /// Whether the folder is as it should be.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }

    /// Does it, and says what was done.
    pub(crate) fn carry_out(&self) -> Result<String> {
        let written = self.added.len() + self.changed.len();
        if written > 0 {
            self.write()?;
        }
        for name in &self.removed {
            let path = self.folder.join(name);
            fs::remove_file(&path).context(|| format!("cannot remove {}", workspace::shown(&path)))?;
            remove_empty_folders(&path, &self.folder);
        }
        Ok(format!("{} files: {written} written, {} removed", self.total, self.removed.len()))
    }

    /// All the writing happens in a temporary folder; after it only renames are left that could fail.
    fn write(&self) -> Result<()> {
        let beside = tempfile::Builder::new().prefix(".generating-").tempdir_in(&self.folder);
        let beside = beside.context(|| format!("cannot write in {}", workspace::shown(&self.folder)))?;
        let texts = || {
            let changed = self.changed.iter().map(|(name, (_, text))| (*name, *text));
            self.added.iter().map(|(name, text)| (*name, *text)).chain(changed)
        };
        for (name, text) in texts() {
            files::write_if_changed(&beside.path().join(name), text.as_bytes())?;
        }
        for (name, _) in texts() {
            let path = self.folder.join(name);
            if let Some(parent) = path.parent() {
                files::make_folder(parent)?;
            }
            fs::rename(beside.path().join(name), &path)
                .context(|| format!("cannot replace {}", workspace::shown(&path)))?;
        }
        Ok(())
    }
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in self.added.keys() {
            writeln!(f, "A {name}")?;
        }
        for (name, (old, new)) in &self.changed {
            writeln!(f, "M {name}")?;
            if let Some((number, is, should)) = first_difference(old, new) {
                writeln!(f, "    line {number} is:        {is}\n    line {number} should be: {should}")?;
            }
        }
        for name in &self.removed {
            writeln!(f, "D {name}")?;
        }
        Ok(())
    }
}

fn first_difference<'a>(old: &'a str, new: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let (mut old, mut new) = (old.lines(), new.lines());
    for number in 1.. {
        match (old.next(), new.next()) {
            (None, None) => return None,
            (is, should) if is == should => {}
            (is, should) => return Some((number, is.unwrap_or("(nothing)"), should.unwrap_or("(nothing)"))),
        }
    }
    None
}

/// Names come from specifications: none of them may lead out of the folder.
fn safe(name: &str) -> Result<()> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let ours = SHARED.contains(&name) || (name.starts_with("src/") && name.ends_with(".rs"));
    if plain && ours {
        return Ok(());
    }
    Err(Failure::new(format!("the generator wants to write `{name}`, which is outside src/"))
        .help("this is a bug of the generator: it must refuse such a name with the place it comes from"))
}

fn owned_files(folder: &Path, name: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in files::names(folder)? {
        let (path, name) = (folder.join(&entry), format!("{name}/{entry}"));
        if path.is_dir() {
            owned_files(&path, &name, found)?;
        } else if entry.ends_with(".rs") && owned(&files::read(&path)?) {
            found.push(name);
        }
    }
    Ok(())
}

fn owned(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK.as_bytes())
}

/// Removes the folders above a removed file as long as they are empty.
fn remove_empty_folders(path: &Path, root: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
    }

    #[test]
    fn only_what_changed_is_written_and_only_owned_files_go() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let first = wanted(&[
            ("Cargo.toml", "[package]\n"),
            ("src/a/one.rs", "// @generated 1\n"),
            ("src/b/two.rs", "// @generated 2\n"),
        ]);
        let summary = Plan::make(folder.path(), &first).unwrap().carry_out().unwrap();
        assert_eq!(summary, "3 files: 3 written, 0 removed");
        assert!(Plan::make(folder.path(), &first).unwrap().is_empty(), "the second time writes nothing");
        files::write_if_changed(&at("src/ext/mine.rs"), b"//! by hand\n").unwrap();
        let untouched = fs::metadata(at("Cargo.toml")).unwrap().modified().unwrap();

        let second = wanted(&[("Cargo.toml", "[package]\n"), ("src/a/one.rs", "// @generated 1b\n")]);
        let plan = Plan::make(folder.path(), &second).unwrap();
        let shown = plan.to_string();
        assert!(shown.contains("M src/a/one.rs\n    line 1 is:        // @generated 1\n"), "{shown}");
        assert!(shown.contains("D src/b/two.rs"), "{shown}");
        assert!(!shown.contains("mine.rs"), "{shown}");
        plan.carry_out().unwrap();
        assert!(!at("src/b").exists(), "an empty folder goes too");
        assert!(at("src/ext/mine.rs").exists());
        assert_eq!(fs::metadata(at("Cargo.toml")).unwrap().modified().unwrap(), untouched);
        assert_eq!(files::names(folder.path()).unwrap(), ["Cargo.toml", "src"], "no temporary folder stays");
    }

    #[test]
    fn a_file_written_by_hand_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        files::write_if_changed(&folder.path().join("src/a.rs"), b"//! by hand\n").unwrap();
        let files = wanted(&[("src/a.rs", "// @generated\n")]);
        let error = Plan::make(folder.path(), &files).unwrap_err().to_string();
        assert!(error.contains("src/a.rs was written by somebody"), "{error}");
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../x.rs", "src/../../x.rs", "/etc/x.rs", "build.rs", "src/x.sh", ""] {
            let files = wanted(&[(name, "// @generated\n")]);
            assert!(Plan::make(folder.path(), &files).is_err(), "{name}");
        }
    }
}
