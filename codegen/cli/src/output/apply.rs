//! Carrying out a plan so that no mixture of old and new stays, whenever the program is killed.
//!
//! All the writing happens in a folder beside the output. Where the generator owns the whole output folder, the two folders are
//! then exchanged, at once where the system can, else by two renames. Where other files are in the folder too, a journal of
//! what is to be moved and removed is written first, and whoever comes next finishes it. Nothing here survives a loss of
//! power better than the file system itself does: files are not synced.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use super::{Owner, Plan, names};

/// What is about to happen; a test fails here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Writes a file beside the folder.
    Stage,
    /// Exchanges the folders, or moves the old one away.
    Swap,
    /// Moves the new folder to its place.
    Place,
    /// Writes the journal.
    Journal,
    /// Removes a file of the journal.
    Remove,
    /// Moves a file of the journal.
    Move,
    /// Removes what is not needed any more.
    Clear,
}

type Hook<'h> = &'h mut dyn FnMut(Step) -> Result<()>;

/// Where things are while a plan is carried out.
struct Places {
    folder: PathBuf,
    /// Beside the folder: `tree`, and perhaps `journal`.
    beside: PathBuf,
    /// The old folder, between two renames.
    old: PathBuf,
}

impl Places {
    fn of(folder: &Path) -> Result<Places> {
        let name =
            folder.file_name().ok_or_else(|| Error::other("the folder has no name"))?.to_string_lossy();
        Ok(Places {
            folder: folder.to_path_buf(),
            beside: folder.with_file_name(format!(".{name}.clientset-new")),
            old: folder.with_file_name(format!(".{name}.clientset-old")),
        })
    }

    fn tree(&self) -> PathBuf {
        self.beside.join("tree")
    }

    fn journal(&self) -> PathBuf {
        self.beside.join("journal")
    }
}

/// Carries out a plan. After an error, and after a crash, [`recover`] has to be called.
pub(super) fn run(plan: &Plan<'_>, hook: Hook<'_>) -> Result<()> {
    let places = Places::of(&plan.folder)?;
    finish(&places, &plan.owner, hook)?;
    stage(plan, &places, hook)?;
    let swapped = plan.exclusive && swap(&places, hook)?;
    if !swapped {
        let mut lines = String::new();
        for change in &plan.changes {
            let word = if change.new.is_some() { "move" } else { "remove" };
            lines.push_str(&format!("{word} {}\n", change.name));
        }
        hook(Step::Journal)?;
        let draft = places.beside.join("journal.draft");
        fs::write(&draft, lines)?;
        fs::rename(draft, places.journal())?;
    }
    finish(&places, &plan.owner, hook)
}

/// Takes back or finishes what an interrupted run has begun.
pub(super) fn recover(folder: &Path, owner: &Owner) -> Result<()> {
    finish(&Places::of(folder)?, owner, &mut |_| Ok(()))
}

/// Writes everything beside the folder: the whole tree where it will be exchanged, else what is new.
fn stage(plan: &Plan<'_>, places: &Places, hook: Hook<'_>) -> Result<()> {
    if let Some(parent) = places.beside.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(&places.beside)?;
    fs::create_dir(places.tree())?;
    let changed: BTreeSet<&String> = plan.changes.iter().map(|change| &change.name).collect();
    for (name, text) in plan.wanted {
        let to = places.tree().join(name);
        if !changed.contains(name) && !plan.exclusive {
            continue;
        }
        hook(Step::Stage)?;
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        if changed.contains(name) {
            fs::write(&to, text)?;
        } else {
            keep(&plan.folder.join(name), &to)?;
        }
    }
    Ok(())
}

/// The same file in another place, with the time of its last change: what did not change is not compiled anew.
fn keep(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    let time = fs::metadata(from)?.modified()?;
    fs::File::options().write(true).open(to)?.set_modified(time)
}

/// Puts the new folder in place of the old one; says whether it could.
fn swap(places: &Places, hook: Hook<'_>) -> Result<bool> {
    let (tree, folder) = (places.tree(), &places.folder);
    if !folder.exists() {
        hook(Step::Place)?;
        return fs::rename(tree, folder).map(|()| true);
    }
    hook(Step::Swap)?;
    if exchange(&tree, folder) {
        return Ok(true);
    }
    // A folder in which somebody has a file open cannot be moved everywhere.
    if fs::rename(folder, &places.old).is_err() {
        return Ok(false);
    }
    hook(Step::Place)?;
    if let Err(error) = fs::rename(tree, folder) {
        fs::rename(&places.old, folder)?;
        return Err(error);
    }
    Ok(true)
}

/// Exchanges two folders at once, if the system and the file system can.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

/// Finishes a journal, puts a folder back that was moved away, and removes what is beside the folder.
fn finish(places: &Places, owner: &Owner, hook: Hook<'_>) -> Result<()> {
    if !places.folder.exists() && places.old.exists() {
        fs::rename(&places.old, &places.folder)?;
    }
    match fs::read_to_string(places.journal()) {
        Ok(lines) => follow(&lines, places, owner, hook)?,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
        Err(error) => return Err(error),
    }
    for place in [&places.beside, &places.old] {
        if fs::symlink_metadata(place).is_ok() {
            hook(Step::Clear)?;
            fs::remove_dir_all(place)?;
        }
    }
    Ok(())
}

/// Does what a journal says, as far as it is not done. The journal may be from anybody, so it is trusted no more than a
/// specification. What goes goes first: on some systems `Widget.rs` and `widget.rs` are one file.
fn follow(lines: &str, places: &Places, owner: &Owner, hook: Hook<'_>) -> Result<()> {
    let rows = || lines.lines().filter_map(|line| line.split_once(' '));
    for (word, name) in rows() {
        if !names::is_safe(name, owner) || passes_a_link(&places.folder, name) {
            let what = format!("the journal {} names `{name}`; remove it", places.journal().display());
            return Err(Error::other(what));
        }
        let path = places.folder.join(name);
        if word == "remove" && fs::read(&path).is_ok_and(|bytes| owner.owns(&bytes)) {
            hook(Step::Remove)?;
            fs::remove_file(&path)?;
            remove_empty_folders(&path, &places.folder);
        }
    }
    for (word, name) in rows() {
        let (from, to) = (places.tree().join(name), places.folder.join(name));
        if word == "move" && from.is_file() {
            hook(Step::Move)?;
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(from, to)?;
        }
    }
    fs::remove_file(places.journal())
}

/// Whether the file or a folder on the way to it is a link.
fn passes_a_link(folder: &Path, name: &str) -> bool {
    let path = folder.join(name);
    path.ancestors()
        .take_while(|part| part.starts_with(folder))
        .any(|part| fs::symlink_metadata(part).is_ok_and(|data| data.is_symlink()))
}

/// Removes the folders above a removed file as long as they are empty.
fn remove_empty_folders(path: &Path, root: &Path) {
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
        if fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
