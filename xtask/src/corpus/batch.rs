//! Packages as crates: which are compiled together, and the crates' own few files. Each crate is a program that holds the
//! packages as modules and takes their objects through them. Nothing is run here.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::folder::Corpus;
use super::generate::Unit;
use crate::failure::Result;
use crate::{files, workspace};

/// The program's hand-written half.
pub(crate) const PROGRAM: &str = include_str!("../../templates/corpus.rs");

/// Generated text in one crate: rustc needs some 500 MiB for each MiB of it, and two run at a time.
const MOST_BYTES: usize = 4 << 20;

/// Packages that are compiled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) name: String,
    /// Indices of units.
    pub(crate) units: Vec<usize>,
}

/// Shares units out. `alone` are those that have to have a crate of their own, since nobody could tell which of their
/// batch was to blame.
pub(crate) fn pack(units: &[Unit], pending: &[usize], alone: &BTreeSet<usize>) -> Vec<Batch> {
    let mut batches: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut lone = Vec::new();
    // The largest first, each to the first crate that has room: the crates come out about equal.
    let mut sorted = pending.to_vec();
    sorted.sort_by_key(|index| (std::cmp::Reverse(units[*index].facts.bytes), *index));
    for index in sorted {
        let bytes = units[index].facts.bytes;
        if alone.contains(&index) {
            lone.push(vec![index]);
            continue;
        }
        match batches.iter_mut().find(|(used, _)| used + bytes <= MOST_BYTES) {
            Some((used, members)) => {
                *used += bytes;
                members.push(index);
            }
            None => batches.push((bytes, vec![index])),
        }
    }
    let all = batches.into_iter().map(|(_, members)| members).chain(lone);
    all.enumerate().map(|(n, units)| Batch { name: format!("batch-{n:03}"), units }).collect()
}

/// Writes the workspace of the batches.
pub(crate) fn write(folder: &Path, corpus: &Corpus, units: &[Unit], batches: &[Batch]) -> Result<()> {
    let members: Vec<String> = batches.iter().map(|batch| format!("{:?}", batch.name)).collect();
    let root = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n\
         [profile.dev]\ndebug = false\nincremental = false\n",
        members.join(", ")
    );
    files::write_if_changed(&folder.join("Cargo.toml"), root.as_bytes())?;
    // The versions of this repository; cargo adds the batches to its copy and takes the rest out.
    let lock = files::read(&workspace::path("Cargo.lock"))?;
    if files::write_if_changed(&folder.join("repository.lock"), &lock)? {
        files::write_if_changed(&folder.join("Cargo.lock"), &lock)?;
    }
    for batch in batches {
        let own = folder.join(&batch.name);
        files::write_if_changed(&own.join("Cargo.toml"), manifest(units, batch).as_bytes())?;
        files::write_if_changed(&own.join("src/corpus.rs"), PROGRAM.as_bytes())?;
        files::write_if_changed(&own.join("src/main.rs"), program(corpus, units, batch).as_bytes())?;
    }
    Ok(())
}

fn manifest(units: &[Unit], batch: &Batch) -> String {
    let features: BTreeSet<&String> =
        batch.units.iter().flat_map(|index| &units[*index].facts.features).collect();
    let features: Vec<String> = features.into_iter().map(|name| format!("{name:?}")).collect();
    format!(
        "[package]\nname = {:?}\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [dependencies]\nclientset = {{ path = {:?}, default-features = false, features = [{}] }}\n\
         serde = \"1\"\nserde_json = \"1\"\n",
        batch.name,
        workspace::path("generated").display().to_string(),
        features.join(", ")
    )
}

/// Every package is a module; only kinds with objects are named, since what is not named costs no code.
fn program(corpus: &Corpus, units: &[Unit], batch: &Batch) -> String {
    let mut text = "//! Written by `cargo xtask corpus`.\n\n#![allow(dead_code)]\n\nmod corpus;\n".to_owned();
    let mut types = String::new();
    // Writing to a String cannot fail.
    for index in &batch.units {
        let unit = &units[*index];
        let path = unit.facts.folder.join("mod.rs");
        let _ = write!(text, "#[path = {:?}]\nmod {};\n", path.display().to_string(), unit.name);
        for kind in &unit.facts.kinds {
            let crd = &corpus.crds[kind.crd];
            if crd.objects.iter().any(|object| object.version == kind.version) {
                let name = format!("{}/{}/{}", crd.group, kind.version, crd.kind);
                let _ = writeln!(types, "        ({name:?}, corpus::trip::<{}::{}>),", unit.name, kind.path);
            }
        }
    }
    let _ = write!(text, "\nfn main() -> std::process::ExitCode {{\n    corpus::run(&[\n{types}    ])\n}}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::generate::Facts;

    fn unit(bytes: usize) -> Unit {
        Unit { name: "g_a".to_owned(), crds: vec![0], facts: Facts { bytes, ..Facts::default() } }
    }

    #[test]
    fn crates_are_bounded_and_hold_everything_once() {
        let units: Vec<Unit> = [1, 3, 4, 1, 9].map(|mib| unit(mib << 20)).into();
        let batches = pack(&units, &[0, 1, 2, 3, 4], &BTreeSet::new());
        let members: Vec<_> = batches.iter().map(|batch| batch.units.clone()).collect();
        assert_eq!(members, [vec![4], vec![2], vec![1, 0], vec![3]]);
        assert_eq!(batches[2].name, "batch-002");
    }

    #[test]
    fn what_has_to_be_alone_is_alone() {
        let units = [unit(1), unit(1), unit(1)];
        let batches = pack(&units, &[0, 1, 2], &BTreeSet::from([1]));
        let members: Vec<_> = batches.iter().map(|batch| batch.units.clone()).collect();
        assert_eq!(members, [vec![0, 2], vec![1]]);
    }
}
