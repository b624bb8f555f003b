//! The journey of tests/journey, made as it is written there: how many commands and lines it takes is counted, and there are bars.

use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::{files, process, workspace};

/// What somebody types at most.
const COMMANDS: usize = 5;
/// How many lines somebody writes at most.
const LINES: usize = 20;
/// What `cargo new` writes into src/main.rs.
const NEW: &str = "fn main() {\n    println!(\"Hello, world!\");\n}\n";

/// Makes the journey in a folder outside the workspace.
pub(crate) fn make() -> Result<()> {
    let folder = workspace::path("tests/journey");
    let text = files::read_text(&folder.join("commands"))?;
    let program = files::read_text(&folder.join("main.rs"))?;
    let (commands, lines) = (commands(&text), by_hand(&program));
    println!("{} commands, {lines} lines written by hand", commands.len());
    if commands.len() > COMMANDS || lines > LINES {
        return Err(Failure::new(format!("the journey may take {COMMANDS} commands and {LINES} lines")));
    }

    let place = tempfile::tempdir().context(|| "cannot make a temporary folder".to_owned())?;
    let place = place.path();
    files::write_if_changed(&place.join("widget.yaml"), &files::read(&folder.join("widget.yaml"))?)?;
    let (last, before) = commands.split_last().ok_or_else(|| Failure::new("the journey has no commands"))?;
    let written = "cp \"$CLIENTSET/tests/journey/main.rs\" src/main.rs\ncp \"$CLIENTSET/Cargo.lock\" .";
    sh(place, &format!("{}\n{written}\n{last}", before.join("\n")))?;
    sh(&place.join("my-operator"), &files::read_text(&folder.join("build_script.sh"))?)
}

/// The lines of the script that are typed.
fn commands(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The lines of a program that are not those of `cargo new`.
fn by_hand(program: &str) -> usize {
    let ours = program.replace(NEW, "");
    ours.lines().filter(|line| !line.trim().is_empty()).count()
}

/// Runs a script that stops at the first failure, with `cargo clientset` installed. The same versions as in the workspace, and
/// the folder of the other crates outside: what those have built is not built again.
fn sh(place: &Path, script: &str) -> Result<()> {
    let programs = workspace::cargo_target().join("debug");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(programs).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(all).context(|| "cannot put cargo-clientset on the PATH".to_owned())?;
    let mut command = Command::new("sh");
    command.args(["-ec", script]).current_dir(place).env("PATH", path).env("CLIENTSET", workspace::root());
    command.env("CARGO_TARGET_DIR", workspace::cargo_target().join("outside"));
    // The manifest folder of xtask itself is no business of what it starts.
    command.env_remove("CARGO_MANIFEST_DIR").env("CARGO_PROFILE_DEV_DEBUG", "false");
    let status = command.status().context(|| "cannot run `sh`".to_owned())?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("the journey ended with {status}; its last command is the one above")))
}

/// Builds `cargo clientset`.
pub(crate) fn install() -> Result<()> {
    let mut command = Command::new(workspace::cargo());
    command.args(["build", "--quiet", "--package", "cargo-clientset"]).current_dir(workspace::root());
    process::run(command.env_remove("CARGO_MANIFEST_DIR"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_and_written_is_counted() {
        assert_eq!(commands("# why\na b\n\nc\n"), ["a b", "c"]);
        assert_eq!(by_hand(&format!("mod crds;\n\n{NEW}\n#[test]\nfn a() {{}}\n")), 3);
    }
}
