//! `cargo clientset explain`: where a type or a member comes from. The answer is the generator's; here it gets lines and columns.

use clap::Args;
use clientset_codegen::{PackageInputs, Part, Source, explain, locate};

use super::report::Report;
use super::{Outcome, Which, below};
use crate::failure::{Failure, Result};

/// Say where a type or a member comes from: its Rust path, its file, and the line of the CRD.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo clientset explain widgets
  cargo clientset explain widgets.spec.size
  cargo clientset explain WidgetSpec
  cargo clientset explain --api-version example.com/v1 widgets.spec")]
pub(super) struct Explain {
    #[command(flatten)]
    which: Which,
    /// A path as `kubectl explain` takes it, or the name of a Rust type.
    #[arg(value_name = "PATH|TYPE")]
    query: String,
    /// The group and version; by default the newest version that has it.
    #[arg(long, value_name = "GROUP/VERSION")]
    api_version: Option<String>,
}

impl Explain {
    pub(super) fn run(&self, report: &Report) -> Result<Outcome> {
        let project = self.which.project()?;
        let inputs: PackageInputs = project.asked(&Default::default())?;
        let found = explain(&inputs, &self.query, self.api_version.as_deref()).map_err(|found| {
            // What is not there is no mistake of an input.
            match found.as_slice() {
                [one] if one.source == "query" => Failure::new(&one.what).help(&one.help),
                _ => Failure::mistakes(found, inputs.crds.clone(), &project.root),
            }
        })?;
        let output = below(&project.root, &project.settings.output.to_string_lossy());
        for (number, explanation) in found.iter().enumerate() {
            // What no input says has no place.
            let file = Some(&explanation.place.source).filter(|source| !source.is_empty());
            let file = file.map(|source| below(&project.root, source));
            let source = inputs.crds.iter().find(|source| source.name == explanation.place.source);
            let span = source
                .and_then(|source: &Source| locate(&source.bytes, &explanation.place.pointer, Part::Key));
            if number > 0 {
                report.text("");
            }
            let at = span.map(|span| format!(":{}:{}", span.line, span.column)).unwrap_or_default();
            let mut text = explanation.to_string();
            if let Some(name) = &explanation.file {
                text = text.replacen(&format!("  file  {name}"), &format!("  file  {output}/{name}"), 1);
            }
            if let Some(file) = &file {
                text = text.replacen("\n  rust  ", &format!("\n  from  {file}{at}\n  rust  "), 1);
            }
            report.text(&text);
            report.explanation(explanation, file.as_deref(), span, &output);
        }
        Ok(Outcome::Fine)
    }
}
