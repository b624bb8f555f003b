//! `cargo xtask corpus`: a folder of CRDs and objects through all stages. What a stage does is in `corpus/`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::corpus::build::{Build, Results};
use crate::corpus::folder::Corpus as Folder;
use crate::corpus::generate::{self, Generated};
use crate::corpus::report::Report;
use crate::corpus::state::State;
use crate::corpus::{memory, sample};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::workspace;

/// Generate, compile and use every CRD of a folder, and take its objects through the generated types
///
/// The folder holds crds/PROJECT/PLURAL.GROUP.yaml and objects/PROJECT/PLURAL.GROUP/VERSION-NAME.yaml, and may have the
/// tables crds.tsv and objects.tsv. Every served version becomes Rust, one package a group; everything is compiled; each
/// object is read as Kubernetes reads YAML, decoded, encoded, and has to be the same, by our codec and by serde_json.
///
/// What has passed is not done again until the generator's output, the runtime or the files change. Failures are in
/// target/corpus/report.txt.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask corpus tests/fixtures/corpus
  cargo xtask corpus ../shared/corpus --stage generate          seconds
  cargo xtask corpus ../shared/corpus --sample 60
  cargo xtask corpus ../shared/corpus --only argoproj.io/Rollout,cert-manager.io
  cargo xtask corpus ../shared/corpus                           everything: most of an hour on two cores")]
pub(crate) struct Corpus {
    /// The folder
    dir: PathBuf,
    /// Only this kind, or all kinds of this group
    #[arg(long, value_name = "GROUP[/KIND]", value_delimiter = ',')]
    only: Vec<String>,
    /// Only so many CRDs, chosen for variety, the same ones each time
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// The last stage
    #[arg(long, value_enum, default_value_t = Stage::Roundtrip)]
    stage: Stage,
    /// Forget what earlier runs have shown
    #[arg(long)]
    fresh: bool,
    /// Print the files of the CRDs that would be used, and end
    #[arg(long)]
    list: bool,
}

/// The variable that names the folder of real CRDs.
pub(crate) const FOLDER: &str = "CLIENTSET_CORPUS";

/// Where real CRDs are, if they are anywhere.
pub(crate) fn real() -> PathBuf {
    std::env::var_os(FOLDER).map_or_else(|| workspace::path("../shared/corpus"), PathBuf::from)
}

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Stage {
    /// CRDs to Rust
    Generate,
    /// And the compiler
    Compile,
    /// And the objects
    Roundtrip,
}

impl Corpus {
    /// All stages on a sample of a folder, or all of it.
    pub(crate) fn of(dir: PathBuf, sample: Option<usize>) -> Self {
        Self { dir, only: Vec::new(), sample, stage: Stage::Roundtrip, fresh: false, list: false }
    }

    pub(crate) fn run(self) -> Result<ExitCode> {
        let corpus = Folder::open(&self.dir)?;
        let chosen = self.choose(&corpus)?;
        if self.list {
            for index in &chosen {
                println!("{}", corpus.crds[*index].file);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let scratch = workspace::cargo_target().join("corpus");
        let state = scratch.join("state");
        if self.fresh && state.exists() {
            fs::remove_dir_all(&state).context(|| format!("cannot remove {}", state.display()))?;
        }
        let mut report = Report::default();
        let generated = generate(&corpus, &chosen, &scratch)?;
        report.generated(&corpus, &chosen, &generated);
        if self.stage > Stage::Generate {
            let state = State::open(state)?;
            let step = Step::begin(format!("compiling {} packages", generated.units.len()));
            let objects = self.stage == Stage::Roundtrip;
            let build = Build::new(&corpus, generated.units.clone(), &scratch, &state, objects);
            let results: Results = build.run(&step)?;
            step.done("");
            report.compiled(&corpus, &results);
            if objects {
                report.round_tripped(&corpus, &chosen, &generated, &results);
            }
        }
        let path = scratch.join("report.txt");
        report.write(&path)?;
        println!("every failure: {}", workspace::shown(&path));
        print!("{}", report.shown());
        Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The indices of the CRDs that this run is about.
    fn choose(&self, corpus: &Folder) -> Result<Vec<usize>> {
        let mut chosen: Vec<usize> = (0..corpus.crds.len()).collect();
        for wanted in &self.only {
            let fits =
                |index: usize| corpus.crds[index].group == *wanted || corpus.crds[index].title() == *wanted;
            if !chosen.iter().any(|index| fits(*index)) {
                return Err(Failure::new(format!("{} has no {wanted}", self.dir.display()))
                    .help("name a group, or GROUP/KIND as in example.com/Widget"));
            }
        }
        if !self.only.is_empty() {
            let is_wanted = |wanted: &String, index: usize| {
                corpus.crds[index].group == *wanted || corpus.crds[index].title() == *wanted
            };
            chosen.retain(|index| self.only.iter().any(|wanted| is_wanted(wanted, *index)));
        }
        if let Some(count) = self.sample {
            let crds: Vec<_> = chosen.iter().map(|index| corpus.crds[*index].clone()).collect();
            let few = sample::choose(&corpus.folder, &crds, count)?;
            chosen = few.into_iter().map(|at| chosen[at]).collect();
        }
        Ok(chosen)
    }
}

/// The first stage, and what it took.
fn generate(corpus: &Folder, chosen: &[usize], scratch: &std::path::Path) -> Result<Generated> {
    let step = Step::begin(format!("generating {} CRDs", chosen.len()));
    let (begun, cpu) = (Instant::now(), memory::cpu_seconds());
    let generated = generate::all(corpus, chosen, &scratch.join("packages"), "")?;
    let sum = |figure: fn(&generate::Unit) -> usize| generated.units.iter().map(figure).sum::<usize>();
    let mut what = format!(
        "{} packages, {} types, {} lines in {:.1} s",
        generated.units.len(),
        sum(|unit| unit.facts.types),
        sum(|unit| unit.facts.lines),
        begun.elapsed().as_secs_f64()
    );
    if let (Some(before), Some(after), Some(peak)) = (cpu, memory::cpu_seconds(), memory::peak_mib()) {
        what.push_str(&format!(" ({:.1} CPU s), at most {peak} MiB", after - before));
    }
    step.done(&what);
    Ok(generated)
}
