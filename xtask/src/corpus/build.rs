//! The middle of the way: compiling every package, batch by batch, and handing each program that comes out to the round
//! trip. What does not compile is found out, left out, and the rest is built again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::batch::{self, Batch};
use super::blame::{self, Message, Place};
use super::folder::Corpus;
use super::generate::{self, Unit};
use super::roundtrip;
use super::state::{Outcome, State};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// What came of all packages.
#[derive(Debug, Default)]
pub(crate) struct Results {
    /// CRDs whose package compiles.
    pub(crate) compiled: BTreeSet<usize>,
    /// CRDs that do not compile, and the compiler's first word on each.
    pub(crate) failed: BTreeMap<usize, String>,
    /// Objects that did not come back unchanged, and why.
    pub(crate) changed: BTreeMap<String, String>,
    /// How often the compiler warned of something in a package, by what it said.
    pub(crate) warnings: BTreeMap<String, usize>,
}

/// One run over all packages.
pub(crate) struct Build<'a> {
    corpus: &'a Corpus,
    scratch: &'a Path,
    state: &'a State,
    /// Whether objects are taken through what was built.
    objects: bool,
    units: Vec<Unit>,
    results: Results,
    /// Units whose batch failed and nobody knows why.
    alone: BTreeSet<usize>,
    /// Groups that did not compile and are tried CRD by CRD: the unit, and what the compiler said.
    split: Vec<(usize, Vec<Said>)>,
}

/// An error, and where it stands.
type Said = (String, Option<Place>);

impl<'a> Build<'a> {
    /// A run that has not begun.
    pub(crate) fn new(
        corpus: &'a Corpus,
        units: Vec<Unit>,
        scratch: &'a Path,
        state: &'a State,
        objects: bool,
    ) -> Self {
        let (results, alone, split) = (Results::default(), BTreeSet::new(), Vec::new());
        Self { corpus, scratch, state, objects, units, results, alone, split }
    }

    /// Builds until every package has passed or failed.
    pub(crate) fn run(mut self, step: &Step) -> Result<Results> {
        let mut pending = BTreeSet::new();
        for index in 0..self.units.len() {
            if !self.is_known(index)? {
                pending.insert(index);
            }
        }
        if pending.len() < self.units.len() {
            step.say(&format!(
                "{} of {} packages have passed before",
                self.units.len() - pending.len(),
                self.units.len()
            ));
        }
        while !pending.is_empty() {
            let sorted: Vec<usize> = pending.iter().copied().collect();
            let batches = batch::pack(&self.units, &sorted, &self.alone);
            batch::write(&self.crates(), self.corpus, &self.units, &batches)?;
            let failed = self.round(&batches, &mut pending, step)?;
            for (batch, said) in failed {
                self.blame(&batch, &said, &mut pending)?;
            }
        }
        self.blame_groups();
        Ok(self.results)
    }

    /// Takes over what an earlier run has shown; packages with objects that changed are tried again.
    fn is_known(&mut self, index: usize) -> Result<bool> {
        let unit = &self.units[index];
        let Some(outcome) = self.state.known(self.corpus, unit)? else { return Ok(false) };
        let objects = || unit.crds.iter().flat_map(|crd| &self.corpus.crds[*crd].objects);
        let failed = objects().any(|object| object.is_clean() && outcome.changed.contains_key(&object.file));
        if self.objects && (failed || !outcome.ran) {
            return Ok(false);
        }
        self.results.compiled.extend(&unit.crds);
        self.results.changed.extend(outcome.changed);
        Ok(true)
    }

    /// Builds these batches; the result is those that failed, with what the compiler said.
    fn round(
        &mut self,
        batches: &[Batch],
        pending: &mut BTreeSet<usize>,
        step: &Step,
    ) -> Result<Vec<(Batch, Vec<Said>)>> {
        let packages = self.packages().display().to_string();
        let mut said: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        let mut built = BTreeSet::new();
        let log = self.scratch.join("cargo.log");
        let mut child = self.cargo(&log)?.spawn().context(|| "cannot run cargo".to_owned())?;
        let Some(output) = child.stdout.take() else { return Err(Failure::new("cargo has no output")) };
        step.detail(format!("0 of {} crates", batches.len()));
        for line in BufReader::new(output).lines() {
            let line = line.context(|| "cannot read what cargo says".to_owned())?;
            match blame::read(&line, &packages) {
                Some(Message::Built { name, program }) => {
                    let Some(batch) = batches.iter().find(|batch| batch.name == name) else { continue };
                    built.insert(name);
                    let what = self.passed(batch, Path::new(&program))?;
                    pending.retain(|index| !batch.units.contains(index));
                    step.detail(format!("{} of {} crates", built.len(), batches.len()));
                    step.say(&format!("{} ({} of {}): {what}", batch.name, built.len(), batches.len()));
                }
                Some(Message::Error { name, text, place }) => {
                    said.entry(name).or_default().push((text, place))
                }
                Some(Message::Warning { text, .. }) => *self.results.warnings.entry(text).or_default() += 1,
                None => {}
            }
        }
        child.wait().context(|| "cannot wait for cargo".to_owned())?;
        let strangers = said.keys().find(|name| batches.iter().all(|batch| batch.name != **name));
        if built.is_empty() && (said.is_empty() || strangers.is_some()) {
            let log = fs::read_to_string(&log).unwrap_or_default();
            return Err(Failure::new(format!("cargo built nothing\n{}", process::tail(&log, 30))));
        }
        let failed = batches.iter().filter(|batch| !built.contains(&batch.name)).cloned();
        Ok(failed
            .map(|batch| {
                let said = said.remove(&batch.name).unwrap_or_default();
                (batch, said)
            })
            .collect())
    }

    fn cargo(&self, log: &Path) -> Result<Command> {
        let mut command = Command::new(workspace::cargo());
        command.args(["build", "--workspace", "--keep-going", "--message-format", "json"]);
        if std::env::var_os("CARGO_BUILD_JOBS").is_none() {
            command.args(["--jobs", "2"]);
        }
        for inherited in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            command.env_remove(inherited);
        }
        let log = File::create(log).context(|| format!("cannot write {}", log.display()))?;
        command.env("CARGO_TARGET_DIR", self.scratch.join("build")).current_dir(self.crates());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        Ok(command)
    }

    /// A batch is built: its objects are taken through it, and it is thrown away, since it is large.
    fn passed(&mut self, batch: &Batch, program: &Path) -> Result<String> {
        let units: Vec<&Unit> = batch.units.iter().map(|index| &self.units[*index]).collect();
        let changed = match self.objects {
            true => roundtrip::run(self.corpus, &units, program, self.scratch)?,
            false => vec![BTreeMap::new(); units.len()],
        };
        let (mut crds, mut objects, mut bad) = (0, 0, 0);
        for (unit, changed) in units.into_iter().zip(changed) {
            crds += unit.crds.len();
            for object in unit.crds.iter().flat_map(|crd| &self.corpus.crds[*crd].objects) {
                objects += usize::from(object.is_clean());
                bad += usize::from(object.is_clean() && changed.contains_key(&object.file));
            }
            let outcome = Outcome::new(self.objects, changed);
            self.state.keep(self.corpus, unit, &outcome)?;
            self.results.compiled.extend(&unit.crds);
            self.results.changed.extend(outcome.changed);
        }
        remove_program(program)?;
        let mut what = format!("{crds} CRDs compile");
        if self.objects {
            what.push_str(&format!(", {} of {objects} objects come back", objects - bad));
        }
        Ok(what)
    }

    /// Finds out whose fault it is that a batch failed. Afterwards less is pending, or smaller batches are.
    fn blame(&mut self, batch: &Batch, said: &[Said], pending: &mut BTreeSet<usize>) -> Result<()> {
        let mut accused: BTreeMap<usize, Vec<Said>> = BTreeMap::new();
        for (text, place) in said {
            let Some(place) = place else { continue };
            let named = batch.units.iter().find(|index| self.units[**index].name == place.unit);
            if let Some(index) = named {
                accused.entry(*index).or_default().push((text.clone(), Some(place.clone())));
            }
        }
        if accused.is_empty() {
            match batch.units.as_slice() {
                [index] => {
                    let unknown = || vec![("the compiler ended without a word".to_owned(), None)];
                    accused.insert(*index, if said.is_empty() { unknown() } else { said.to_vec() });
                }
                several => self.alone.extend(several),
            }
        }
        for (index, said) in accused {
            pending.remove(&index);
            let unit = self.units[index].clone();
            if let [crd] = unit.crds.as_slice() {
                self.results.failed.insert(*crd, first(&said));
                continue;
            }
            for crd in unit.crds {
                let single = generate::single(self.corpus, crd, &self.packages())?;
                for refusal in single.refused {
                    self.results.failed.insert(refusal.crd, refusal.said);
                }
                for unit in single.units {
                    self.units.push(unit);
                    if !self.is_known(self.units.len() - 1)? {
                        pending.insert(self.units.len() - 1);
                    }
                }
            }
            self.split.push((index, said));
        }
        Ok(())
    }

    /// Groups that do not compile though each of their CRDs does: those whose files the compiler named have failed, or all
    /// of them where those are not to be told.
    fn blame_groups(&mut self) {
        for (index, said) in std::mem::take(&mut self.split) {
            let unit = &self.units[index];
            if unit.crds.iter().any(|crd| self.results.failed.contains_key(crd)) {
                continue;
            }
            let mut accused = BTreeSet::new();
            for place in said.iter().filter_map(|(_, place)| place.as_ref()) {
                let text = fs::read_to_string(unit.facts.folder.join(&place.file)).unwrap_or_default();
                let head = text.lines().next().unwrap_or_default();
                accused.extend(unit.crds.iter().filter(|crd| head.contains(&self.corpus.crds[**crd].file)));
            }
            if accused.is_empty() {
                accused.extend(&unit.crds);
            }
            for crd in accused {
                self.results.compiled.remove(&crd);
                self.results
                    .failed
                    .insert(crd, format!("alone it compiles, with its group not: {}", first(&said)));
            }
        }
    }

    fn packages(&self) -> PathBuf {
        self.scratch.join("packages")
    }

    fn crates(&self) -> PathBuf {
        self.scratch.join("crates")
    }
}

/// The first thing that was said, with its place.
fn first(said: &[Said]) -> String {
    match said.first() {
        Some((text, Some(place))) => format!("{}/{}:{}: {text}", place.unit, place.file, place.line),
        Some((text, None)) => text.clone(),
        None => String::new(),
    }
}

/// Removes a program and the copy of it that cargo keeps.
fn remove_program(program: &Path) -> Result<()> {
    let remove = |path: &Path| fs::remove_file(path).context(|| format!("cannot remove {}", path.display()));
    remove(program)?;
    let (Some(folder), Some(name)) = (program.parent(), program.file_name()) else { return Ok(()) };
    let copy = format!("{}-", name.to_string_lossy().replace('-', "_"));
    let copies = folder.join("deps");
    for name in files::names(&copies)? {
        if name.starts_with(&copy) && !name.ends_with(".d") {
            remove(&copies.join(name))?;
        }
    }
    Ok(())
}
