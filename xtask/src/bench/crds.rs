//! CRDs as Rust: what `cargo check` of them costs, ours beside kopium's output for kube, and ours without the reuse of
//! types. The CRDs are the sample that `cargo xtask test` takes of the corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::commands::{cargo, children_cpu_seconds, scratch};
use super::report::Row;
use crate::commands::corpus;
use crate::corpus::blame::{self, Message};
use crate::corpus::folder::{Corpus, yaml};
use crate::corpus::{generate, sample};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// The release that we compare with.
const KOPIUM: &str = "0.24.1";
/// What its documentation recommends: documentation, and a schema derived from the types.
const AUTO: &str = "--auto";
/// The least of it: documentation.
const DOCS: &str = "--docs";
/// How many CRDs.
const COUNT: usize = 60;
/// kopium's CPU seconds over ours: what the project asks of itself.
const BAR: f64 = 3.0;
/// Our settings, and those that leave every CRD its own copy of every type.
const OURS: &str = "";
const NO_REUSE: &str = "[debug]\nreuse = false\nshare = false\n";

/// One crate of generated code.
struct Side {
    folder: PathBuf,
    target: PathBuf,
    types: usize,
    lines: usize,
}

/// Measures all rows.
pub(super) fn measure(runs: u32) -> Result<Vec<Row>> {
    let folder = corpus::real();
    let corpus = Corpus::open(&folder).map_err(|failure| {
        Failure::new(failure.to_string())
            .help(format!("put a corpus of CRDs there, or name one by {}", corpus::FOLDER))
    })?;
    let mut chosen = sample::choose(&corpus.folder, &corpus.crds, COUNT)?;
    let step = Step::begin(format!("{COUNT} CRDs by kopium {KOPIUM}"));
    let program = install()?;
    let auto = kopium(&corpus, &mut chosen, &program, AUTO)?;
    let docs = kopium(&corpus, &mut chosen, &program, DOCS)?;
    step.done(&format!("{} of them compile", chosen.len()));
    let ours = ours(&corpus, &chosen, "ours", OURS)?;
    let alone = self::ours(&corpus, &chosen, "no-reuse", NO_REUSE)?;
    let sides = [&ours, &auto, &docs, &alone];
    let step = Step::begin(format!("cargo check of {} CRDs, {runs} runs", chosen.len()));
    let mut cpu: [Vec<f64>; 4] = Default::default();
    for run in 1..=runs {
        step.detail(format!("run {run}"));
        for (side, cpu) in sides.iter().zip(&mut cpu) {
            cpu.push(side.check()?);
        }
    }
    step.done("");
    let [ours_cpu, auto_cpu, docs_cpu, alone_cpu] = &cpu;
    let mut rows = Vec::new();
    let peers = [
        ("kopium", &auto, auto_cpu, Some(BAR)),
        ("kopium --docs", &docs, docs_cpu, None),
        ("no reuse", &alone, alone_cpu, None),
    ];
    for (name, side, cpu, bar) in peers {
        let row =
            |what, ours: usize, peer: usize| Row::new(what, "", &[ours as f64], (name, &[peer as f64]), None);
        rows.push(Row::new("crds-check", "CPU s", ours_cpu, (name, cpu), bar));
        rows.push(row("crds-types", ours.types, side.types));
        rows.push(row("crds-lines", ours.lines, side.lines));
    }
    Ok(rows)
}

impl Side {
    /// `kind` says whose dependencies it has.
    fn new(name: &str, kind: &str) -> Result<Self> {
        let folder = scratch("crds").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", workspace::shown(&folder)))?;
        }
        let target = scratch("crds").join(format!("target-{kind}"));
        Ok(Self { folder, target, types: 0, lines: 0 })
    }

    /// Checks the dependencies, so that later the crate is alone.
    fn prepare(&self, manifest: &str) -> Result<()> {
        self.write("Cargo.toml", manifest)?;
        self.write("src/lib.rs", "")?;
        process::output(self.command().arg("--quiet")).map(drop)
    }

    /// CPU seconds of `cargo check` of this crate alone, cargo's own among them.
    fn check(&self) -> Result<f64> {
        // What was checked is older than its source now.
        let root = self.folder.join("src/lib.rs");
        let text = files::read(&root)?;
        fs::write(&root, text).context(|| format!("cannot write {}", workspace::shown(&root)))?;
        let before = children_cpu_seconds()?;
        process::output(self.command().arg("--quiet"))?;
        Ok(children_cpu_seconds()? - before)
    }

    fn command(&self) -> Command {
        let mut command = cargo(&self.folder, &["check"]);
        command.arg("--target-dir").arg(&self.target).env("CARGO_INCREMENTAL", "0");
        command
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        files::write_if_changed(&self.folder.join(file), text.as_bytes()).map(drop)
    }
}

fn ours(corpus: &Corpus, chosen: &[usize], name: &str, config: &str) -> Result<Side> {
    let mut side = Side::new(name, "ours")?;
    let packages = side.folder.join("src");
    let generated = generate::all(corpus, chosen, &packages, config)?;
    if let Some(refusal) = generated.refused.first() {
        let file = &corpus.crds[refusal.crd].file;
        return Err(Failure::new(format!("{file} is refused by ours: {}", refusal.said)));
    }
    let mut root = String::new();
    let mut features: BTreeSet<String> = BTreeSet::new();
    for unit in &generated.units {
        root.push_str(&format!("pub mod {};\n", unit.name));
        features.extend(unit.facts.features.iter().map(|name| format!("{name:?}")));
        side.types += unit.facts.types;
        side.lines += unit.facts.lines;
    }
    let features: Vec<String> = features.into_iter().collect();
    side.write("Cargo.lock", &files::read_text(&workspace::path("Cargo.lock"))?)?;
    side.prepare(&format!(
        "[package]\nname = \"{name}-crds\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nclientset = {{ path = {:?}, default-features = false, features = [{}] }}\n",
        workspace::path("generated").display().to_string(),
        features.join(", ")
    ))?;
    side.write("src/lib.rs", &root)?;
    Ok(side)
}

/// kopium's program, installed once.
fn install() -> Result<PathBuf> {
    let root = scratch(&format!("kopium-{KOPIUM}"));
    let program = root.join("bin/kopium");
    if !program.exists() {
        let step = Step::begin(format!("installing kopium {KOPIUM}"));
        let mut command = cargo(&workspace::root(), &["install", "kopium", "--locked", "--version", KOPIUM]);
        process::output(command.arg("--root").arg(&root))?;
        step.done("");
    }
    Ok(program)
}

/// Its output for every served version of these CRDs. Those that it cannot do, or whose output does not compile, are named
/// and taken from `chosen`.
fn kopium(corpus: &Corpus, chosen: &mut Vec<usize>, program: &Path, option: &str) -> Result<Side> {
    let mut side = Side::new(&format!("kopium{option}"), "kopium")?;
    let mut modules: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused: BTreeMap<usize, String> = BTreeMap::new();
    for &index in chosen.iter() {
        let path = corpus.folder.join(&corpus.crds[index].file);
        let crd = yaml(&path)?;
        for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
            if version["served"] == false {
                continue;
            }
            let version = version["name"].as_str().unwrap_or_default();
            let mut command = Command::new(program);
            command.args([option, "--api-version", version, "-f"]).arg(&path).env("RUST_BACKTRACE", "0");
            match process::output(&mut command) {
                Ok(text) => {
                    let module = format!("m{index}_{version}");
                    side.write(&format!("src/{module}/mod.rs"), &String::from_utf8_lossy(&text))?;
                    modules.insert(module, index);
                }
                Err(failure) => {
                    refused.entry(index).or_insert_with(|| failure.to_string());
                }
            }
        }
    }
    let manifest = files::read_text(&workspace::path("tests/bench/peers/kopium/Cargo.toml"))?;
    side.prepare(&manifest)?;
    loop {
        modules.retain(|_, index| !refused.contains_key(index));
        let root: String = modules.keys().map(|name| format!("pub mod {name};\n")).collect();
        side.write("src/lib.rs", &root)?;
        let failed = failed(&side)?;
        if failed.is_empty() {
            break;
        }
        for (module, why) in failed {
            let Some(index) = modules.get(&module) else {
                return Err(Failure::new(format!("kopium's output does not compile: {why}")));
            };
            refused.entry(*index).or_insert(why);
        }
    }
    for (index, why) in &refused {
        let why = why.lines().last().unwrap_or_default();
        eprintln!("kopium cannot do {}, so ours does not either: {why}", corpus.crds[*index].file);
    }
    chosen.retain(|index| !refused.contains_key(index));
    for name in modules.keys() {
        let text = files::read_text(&side.folder.join(format!("src/{name}/mod.rs")))?;
        let (types, lines) = generate::count(&text);
        side.types += types;
        side.lines += lines;
    }
    Ok(side)
}

/// The modules that do not compile, and the first error of each; an error of no module is under its own name.
fn failed(side: &Side) -> Result<BTreeMap<String, String>> {
    let mut command = side.command();
    command.args(["--message-format", "json"]).stdin(Stdio::null());
    let output = command.output().context(|| format!("cannot run `{}`", process::shown(&command)))?;
    let mut found = BTreeMap::new();
    if output.status.success() {
        return Ok(found);
    }
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(Message::Error { text, place, .. }) = blame::read(line, "src") {
            let module = place.map_or_else(String::new, |place| place.unit);
            found.entry(module).or_insert(text);
        }
    }
    // Errors without a place follow from those that have one.
    if found.len() > 1 {
        found.remove("");
    }
    if found.is_empty() {
        return Err(Failure::new(process::tail(&String::from_utf8_lossy(&output.stderr), 20)));
    }
    Ok(found)
}
