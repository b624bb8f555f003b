//! Running other programs: errors that name the command, its exit and its last words. No knowledge of what is run.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Result};

/// The command line as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains([' ', '"', '$', '&', ';']) {
            format!("'{word}'")
        } else {
            word.into_owned()
        }
    }));
    words.join(" ")
}

/// Runs with the terminal's own input and output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().context(|| format!("cannot run `{}`", shown(command)))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` ended with {status}", shown(command))))
}

/// Runs and returns standard output; a failure carries the last lines of standard error.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.stdin(Stdio::null()).output().context(|| format!("cannot run `{}`", shown(command)))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Failure::new(format!(
        "`{}` ended with {}\n{}",
        shown(command),
        output.status,
        tail(&String::from_utf8_lossy(&output.stderr), 20)
    )))
}

/// Whether a program of this name can be started at all.
pub(crate) fn exists(program: &str, probe: &str) -> bool {
    let status = Command::new(program)
        .arg(probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    !matches!(status, Err(error) if error.kind() == ErrorKind::NotFound)
}

/// The last lines of a log.
pub(crate) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("go");
        command.args(["build", "-ldflags", "-X a=b"]);
        assert_eq!(shown(&command), "go build -ldflags '-X a=b'");
    }

    #[test]
    fn tail_keeps_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }
}
