//! The first stage: every served version of every CRD becomes Rust, one package a group, as people would have it. What is
//! generated is written below the scratch folder; the generator itself does no IO.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clientset_codegen::{Package, PackageInputs, Source, package};

use super::folder::{Corpus, yaml};
use super::refusal;
use crate::failure::{Context, Failure, Result};
use crate::files;

/// Two cores are what the bar is set for.
const THREADS: usize = 2;
/// The stack of a thread that generates: what a program's first thread has.
const STACK: usize = 8 << 20;

/// A package that was generated: what is compiled as one module.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// The module's name, and its folder's.
    pub(crate) name: String,
    /// Indices of its CRDs.
    pub(crate) crds: Vec<usize>,
    pub(crate) facts: Facts,
}

/// What is known of a package.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) folder: PathBuf,
    /// The features of `clientset` that it needs.
    pub(crate) features: BTreeSet<String>,
    pub(crate) kinds: Vec<Kind>,
    /// Of all its files.
    pub(crate) hash: String,
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
    pub(crate) types: usize,
}

/// A kind of one version, and its type.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    /// The index of its CRD.
    pub(crate) crd: usize,
    pub(crate) version: String,
    /// `example::v1::Widget`, in the package.
    pub(crate) path: String,
}

/// A CRD that the generator refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) crd: usize,
    /// What the generator said.
    pub(crate) said: String,
    /// Why an API server refuses it too; that is no failure.
    pub(crate) server: Option<String>,
}

/// What came of all.
#[derive(Debug, Default)]
pub(crate) struct Generated {
    pub(crate) units: Vec<Unit>,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) warnings: Vec<String>,
}

/// Generates one package a group from these CRDs, into `folder`. `config` is a clientset.toml, mostly an empty one.
pub(crate) fn all(corpus: &Corpus, chosen: &[usize], folder: &Path, config: &str) -> Result<Generated> {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for &index in chosen {
        let name = module_name(&corpus.crds[index].group);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(index),
            None => groups.push((name, vec![index])),
        }
    }
    // The largest first, so that no thread begins with one when the other has ended.
    let bytes = |members: &[usize]| members.iter().map(|index| corpus.crds[*index].bytes).sum::<u64>();
    groups.sort_by_key(|(name, members)| (std::cmp::Reverse(bytes(members)), name.clone()));
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        while let Some((name, members)) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            let one = unit(corpus, name, members, folder, config)?;
            done.lock().map_err(|_| Failure::new("a thread that generates has panicked"))?.push(one);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let threads: Vec<_> = (0..THREADS).map(spawn).collect();
        for thread in threads {
            let thread = thread.context(|| "cannot start a thread".to_owned())?;
            thread.join().map_err(|_| Failure::new("a thread that generates has panicked"))??;
        }
        Ok::<(), Failure>(())
    })?;
    let mut all = Generated::default();
    for one in done.into_inner().unwrap_or_default() {
        all.units.extend(one.units);
        all.refused.extend(one.refused);
        all.warnings.extend(one.warnings);
    }
    all.units.sort_by(|a, b| a.name.cmp(&b.name));
    all.refused.sort_by_key(|refusal| refusal.crd);
    all.warnings.sort();
    Ok(all)
}

/// One CRD as a package of its own, to see whether it is to blame.
pub(crate) fn single(corpus: &Corpus, crd: usize, folder: &Path) -> Result<Generated> {
    let it = &corpus.crds[crd];
    let name = format!("{}_of_{}", module_name(&it.group), it.kind.to_lowercase());
    unit(corpus, &name, &[crd], folder, "")
}

/// A group as the name of a module; no two groups have the same.
fn module_name(group: &str) -> String {
    format!("g_{}", group.replace('-', "__").replace('.', "_"))
}

fn unit(corpus: &Corpus, name: &str, members: &[usize], folder: &Path, config: &str) -> Result<Generated> {
    let mut all = Generated::default();
    let mut members = members.to_vec();
    let mut sources = Vec::new();
    for &index in &members {
        let file = &corpus.crds[index].file;
        sources.push(Source::new(file.clone(), files::read(&corpus.folder.join(file))?));
    }
    while !members.is_empty() {
        let inputs = PackageInputs {
            crds: sources.clone(),
            config: Source::new("clientset.toml", config),
            ..PackageInputs::default()
        };
        match guarded(&inputs) {
            Ok(package) => {
                all.warnings.extend(package.warnings.iter().map(ToString::to_string));
                let facts = write(corpus, &members, &package, &folder.join(name))?;
                all.units.push(Unit { name: name.to_owned(), crds: members, facts });
                return Ok(all);
            }
            Err(said) => {
                let accused = accused(corpus, &members, &inputs, &said);
                members.retain(|index| accused.iter().all(|(other, _)| other != index));
                sources.retain(|it| members.iter().any(|index| corpus.crds[*index].file == it.name));
                for (index, said) in &accused {
                    all.refused.push(refusal(corpus, *index, said)?);
                }
            }
        }
    }
    Ok(all)
}

/// Which CRDs the generator means, never none: those whose file it names, or else those that it refuses alone, or else
/// all of them, since it refuses them together.
fn accused(
    corpus: &Corpus,
    members: &[usize],
    inputs: &PackageInputs,
    said: &[Said],
) -> Vec<(usize, Vec<Said>)> {
    let named = |index: usize| -> Vec<Said> {
        said.iter().filter(|it| it.source == corpus.crds[index].file).cloned().collect()
    };
    let alone = |index: usize| -> Vec<Said> {
        let crds = inputs.crds.iter().filter(|it| it.name == corpus.crds[index].file).cloned().collect();
        guarded(&PackageInputs { crds, ..inputs.clone() }).err().unwrap_or_default()
    };
    let by = |said: &dyn Fn(usize) -> Vec<Said>| -> Vec<(usize, Vec<Said>)> {
        members.iter().map(|index| (*index, said(*index))).filter(|(_, said)| !said.is_empty()).collect()
    };
    let mut found = by(&named);
    if found.is_empty() {
        found = by(&alone);
    }
    if found.is_empty() {
        found = members.iter().map(|index| (*index, said.to_vec())).collect();
    }
    found
}

fn refusal(corpus: &Corpus, crd: usize, said: &[Said]) -> Result<Refusal> {
    let it = &corpus.crds[crd];
    let mut server = refusal::reason(&yaml(&corpus.folder.join(&it.file))?);
    if server.is_none() && !it.nonstructural.is_empty() {
        server = Some(format!("the corpus says: {}", it.nonstructural));
    }
    let said: Vec<String> = said.iter().map(|it| it.text.clone()).collect();
    Ok(Refusal { crd, said: said.join("; ").replace('\n', " "), server })
}

/// What the generator said of an input; no name where it said it of none.
#[derive(Clone, Debug)]
struct Said {
    source: String,
    text: String,
}

/// The generator; a panic is one more thing that it says.
fn guarded(inputs: &PackageInputs) -> std::result::Result<Package, Vec<Said>> {
    match catch_unwind(AssertUnwindSafe(|| package(inputs))) {
        Ok(Ok(package)) => Ok(package),
        Ok(Err(said)) => {
            Err(said.iter().map(|it| Said { source: it.source.clone(), text: it.to_string() }).collect())
        }
        Err(_) => Err(vec![Said { source: String::new(), text: "the generator panicked".to_owned() }]),
    }
}

fn write(corpus: &Corpus, members: &[usize], package: &Package, folder: &Path) -> Result<Facts> {
    let mut facts =
        Facts { folder: folder.to_path_buf(), features: package.features.clone(), ..Facts::default() };
    let mut all = String::new();
    for (name, text) in &package.files {
        all.push_str(&format!("{name} {}\n", files::sha256(text.as_bytes())));
        facts.bytes += text.len();
        let (types, lines) = count(text);
        facts.types += types;
        facts.lines += lines;
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        files::make_folder(path.parent().unwrap_or(folder))?;
        fs::write(&path, text).context(|| format!("cannot write {}", path.display()))?;
    }
    remove_others(folder, folder, package)?;
    for resource in &package.resources {
        let Some(crd) = members.iter().find(|index| corpus.crds[**index].file == resource.source) else {
            return Err(Failure::new(format!("a resource is from {}, which was not given", resource.source)));
        };
        let path = format!("{}::{}", resource.module, resource.rust_type);
        all.push_str(&format!("{path}\n"));
        facts.kinds.push(Kind { crd: *crd, version: resource.version.clone(), path });
    }
    facts.hash = files::sha256(all.as_bytes());
    Ok(facts)
}

/// How many types and lines there are in a Rust file.
pub(crate) fn count(text: &str) -> (usize, usize) {
    (text.lines().filter(|line| is_a_type(line)).count(), text.lines().count())
}

fn is_a_type(line: &str) -> bool {
    ["pub struct ", "pub enum ", "pub type "].iter().any(|begin| line.starts_with(begin))
}

/// Removes what an earlier run has left in the folder of a package.
fn remove_others(folder: &Path, root: &Path, package: &Package) -> Result<()> {
    for name in files::names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            remove_others(&path, root, package)?;
        } else if !path.strip_prefix(root).is_ok_and(|it| package.files.contains_key(&*it.to_string_lossy()))
        {
            fs::remove_file(&path).context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_groups_have_the_same_module() {
        assert_eq!(module_name("acme.io"), "g_acme_io");
        assert_ne!(module_name("a-b.io"), module_name("a.b.io"));
    }

    #[test]
    fn types_are_told_by_their_first_words() {
        assert!(is_a_type("pub struct Widget {") && is_a_type("pub enum Color {"));
        assert!(!is_a_type("    pub fn struct_(&self)"));
    }
}
