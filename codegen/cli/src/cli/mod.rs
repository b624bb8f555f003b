//! The command line: its words, what they mean for the terminal, and the exit codes. One file a command.

mod add;
mod cargo_toml;
#[cfg(feature = "cluster")]
mod cluster;
mod diff;
mod documents;
mod explain;
mod generate;
mod init;
mod report;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::failure::{Context, Result};
use crate::project::Project;
use report::{Format, Report};

/// Typed Kubernetes clients for your custom resources, in your own crate.
#[derive(Parser)]
#[command(
    name = "cargo-clientset",
    bin_name = "cargo clientset",
    version,
    max_term_width = 100,
    after_help = "\
From a CRD to a typed client:
  cargo clientset init                 once in a crate: clientset.toml, and the dependency in Cargo.toml
  cargo clientset add widgets.yaml     copies the CRD and generates; also a folder, `-`, or --cluster NAME
  (edit) src/main.rs                   mod crds;

Later:
  cargo clientset generate             after a CRD or clientset.toml was changed
  cargo clientset generate --check     for CI
  cargo clientset diff OLD NEW         what changed in a CRD, breaking changes marked
  cargo clientset explain PATH         where a type or member comes from: widgets.spec.size

Exit codes: 0 all is well, 1 an error, 2 the output is out of date (--check) or a change is breaking (diff), 64 the command
line is wrong.
`cargo clientset COMMAND --help` explains each command with examples."
)]
struct Cli {
    #[command(flatten)]
    look: Look,
    #[command(subcommand)]
    command: Command,
}

/// How it is said.
#[derive(Args)]
struct Look {
    /// Say nothing but errors and warnings.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Colors; `auto` has them on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: When,
    /// For people, one JSON object a line, or annotations of GitHub Actions.
    #[arg(long, global = true, value_enum, default_value = "human", value_name = "FORMAT")]
    message_format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Add(add::Add),
    Generate(generate::Generate),
    Diff(diff::Diff),
    Explain(explain::Explain),
    Completions(Completions),
}

/// Print a script that completes the words of this command in a shell.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo clientset completions bash > ~/.local/share/bash-completion/completions/cargo-clientset
  cargo clientset completions fish > ~/.config/fish/completions/cargo-clientset.fish")]
struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// How a command ended that did what it should.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    /// The output is not what the inputs say.
    OutOfDate,
    /// A change is breaking.
    Breaking,
}

/// Which clientset.toml is meant.
#[derive(Args)]
struct Which {
    /// The configuration; the nearest clientset.toml in this folder or above it by default.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Which {
    fn project(&self) -> Result<Project> {
        match &self.config {
            Some(path) => Project::open(path),
            None => Project::find(&here()?),
        }
    }
}

/// The folder that the command runs in.
fn here() -> Result<PathBuf> {
    std::env::current_dir().context(|| "cannot tell which folder this is".to_owned())
}

/// Runs the command line of this process: `cargo clientset …` and `cargo-clientset …` alike.
pub fn main() -> ExitCode {
    let words = without_cargo(std::env::args_os().collect());
    match Cli::try_parse_from(words) {
        Ok(cli) => ExitCode::from(run(&cli)),
        Err(error) => {
            // What was asked for is printed to where answers go, what was wrong to where errors go.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 64 } else { 0 })
        }
    }
}

/// Cargo hands over the name of the subcommand as the first argument.
fn without_cargo(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "clientset") {
        words.remove(1);
    }
    words
}

fn run(cli: &Cli) -> u8 {
    let report = Report::new(cli.look.message_format, cli.look.quiet, cli.look.color);
    let (name, outcome) = match &cli.command {
        Command::Init(command) => ("init", command.run(&report)),
        Command::Add(command) => ("add", command.run(&report)),
        Command::Generate(command) => ("generate", command.run(&report)),
        Command::Diff(command) => ("diff", command.run(&report)),
        Command::Explain(command) => ("explain", command.run(&report)),
        Command::Completions(command) => {
            let mut words = Cli::command();
            clap_complete::generate(command.shell, &mut words, "cargo-clientset", &mut std::io::stdout());
            return 0;
        }
    };
    let code = match &outcome {
        Ok(Outcome::Fine) => 0,
        Ok(Outcome::OutOfDate | Outcome::Breaking) => 2,
        Err(failure) => {
            report.failure(failure);
            1
        }
    };
    report.end(name, code);
    code
}

/// A path below a folder as it is written in texts for people: relative to where the command runs.
fn below(root: &Path, name: &str) -> String {
    crate::files::shown(&lexical(&root.join(name)))
}

/// The path without `.` and, where that is certain, without `..`.
fn lexical(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn cargo_s_own_word_is_passed_over_once() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        let plain = words(&["cargo-clientset", "generate"]);
        assert_eq!(without_cargo(words(&["cargo-clientset", "clientset", "generate"])), plain);
        assert_eq!(without_cargo(plain.clone()), plain);
    }
}
