//! `cargo clientset generate`: the output from the inputs, or what would change in it.

use clap::Args;
use similar::TextDiff;

use super::report::Report;
use super::{Outcome, Which, below};
use crate::failure::{Failure, Result};
use crate::files::{count, shown};
use crate::project::{Generated, Project};

/// Write the modules that the CRDs say.
///
/// Only files that changed are written, and only files whose first line says that they were generated are ever overwritten or
/// removed. With mistakes in the inputs nothing is written at all, and every mistake is named.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo clientset generate
  cargo clientset generate --check     for CI: writes nothing, says what is out of date, and exits with 2 if anything is
  cargo clientset generate --diff      writes nothing, and shows what would change

`--check` also looks at clientset.lock: at the hashes of the inputs and at the version that has generated. It needs no network.")]
pub(super) struct Generate {
    #[command(flatten)]
    which: Which,
    /// Write nothing: exit with 2 if something would change.
    #[arg(long)]
    check: bool,
    /// Write nothing: show what would change. With --check also exit with 2 if something would.
    #[arg(long)]
    diff: bool,
}

impl Generate {
    pub(super) fn run(&self, report: &Report) -> Result<Outcome> {
        let project = self.which.project()?;
        let generated = project.generate(&Default::default())?;
        report.diagnostics(&generated.package.warnings, &generated.sources, &project.root);
        if generated.sources.len() == 1 {
            report.warn("there are no CRDs in the inputs", "put some there: cargo clientset add FILE");
        }
        if self.check || self.diff {
            self.compare(&project, &generated, report)
        } else {
            write(&project, &generated, report)?;
            Ok(Outcome::Fine)
        }
    }

    fn compare(&self, project: &Project, generated: &Generated, report: &Report) -> Result<Outcome> {
        let plan = project.plan(generated)?;
        let lock = project.lock_change(generated);
        let output = below(&project.root, &project.settings.output.to_string_lossy());
        let mut changes: Vec<_> = plan
            .changes()
            .iter()
            .map(|change| (format!("{output}/{}", change.name), change.old.as_deref(), change.new))
            .collect();
        if let Some((old, new)) = &lock {
            changes.push((shown(&project.lock_path()), old.as_deref(), Some(new.as_str())));
        }
        for (name, old, new) in &changes {
            report.change(name, *old, *new);
            if self.diff {
                report.text(&unified(name, *old, *new));
            }
        }
        advise(project, generated, report)?;
        if changes.is_empty() {
            report.say(&format!(
                "{output} is what the inputs say: {}",
                count(generated.package.files.len(), "file")
            ));
            return Ok(Outcome::Fine);
        }
        if !self.check {
            return Ok(Outcome::Fine);
        }
        if let Some((what, help)) = project.other_generator() {
            report.warn(&what, &help);
        }
        let verb = if changes.len() == 1 { "is" } else { "are" };
        if plan.is_empty() {
            for (what, help) in project.lock_reasons(generated) {
                report.warn(&what, &help);
            }
        }
        // A file that is there, if one is: others cannot be shown.
        let at = changes.iter().find(|(_, old, _)| old.is_some()).or(changes.first());
        report.out_of_date(
            &Failure::new(format!("{} {verb} out of date", count(changes.len(), "file")))
                .help("run `cargo clientset generate` and commit the result"),
            at.map(|(name, _, _)| name.as_str()),
        );
        Ok(Outcome::OutOfDate)
    }
}

/// Writes what changed, and says so.
pub(super) fn write(project: &Project, generated: &Generated, report: &Report) -> Result<()> {
    // As it was before: afterwards nothing is different any more.
    project.recover()?;
    let plan = project.plan(generated)?;
    let output = below(&project.root, &project.settings.output.to_string_lossy());
    let (summary, _) = project.write(generated)?;
    for change in plan.changes() {
        report.change_quietly(&format!("{output}/{}", change.name), change.old.as_deref(), change.new);
    }
    report.say(&format!("{output}: {summary}"));
    advise(project, generated, report)
}

/// Says what Cargo.toml lacks.
fn advise(project: &Project, generated: &Generated, report: &Report) -> Result<()> {
    if let Some((what, help)) = project.dependency()?.advice(&generated.package.features) {
        report.warn(&what, &help);
    }
    Ok(())
}

fn unified(name: &str, old: Option<&str>, new: Option<&str>) -> String {
    let side =
        |there: bool, letter: char| if there { format!("{letter}/{name}") } else { "/dev/null".to_owned() };
    let (from, to) = (side(old.is_some(), 'a'), side(new.is_some(), 'b'));
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    diff.unified_diff().context_radius(3).header(&from, &to).to_string()
}
