//! `cargo xtask server-data`: the tables of the embedded API server that a running kube-apiserver or its Go types tell. Asking the server
//! is the work of the test `facts` of tests/server, reading the types that of the program tests/controlplane/facts; here is only what they
//! run on, and where the program's tables go.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;

use super::test::cargo;
use crate::control_plane::server::{Options, Server};
use crate::control_plane::{Release, gomodule};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// The tables of the embedded server.
const DATA: &str = "tests/server/data";

/// Renew tests/server/data from a real kube-apiserver with every API and feature gate on, and from its Go types.
///
/// Without --kubeconfig one is built with Go and started. The server is left as it was found; do not use one that others write to.
/// The types are read with Go in any case.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask server-data            write what changed
  cargo xtask server-data --check    only say what would change

Tables that are made otherwise (protobuf.tsv, and those that are written by hand) are told in tests/server/README.md.")]
pub(crate) struct ServerData {
    /// Write nothing; fail when something would change.
    #[arg(long)]
    check: bool,
    /// The real server; its context admin.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

impl ServerData {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if let Some(file) = &self.kubeconfig {
            self.renew(&file.canonicalize().context(|| format!("cannot read {}", file.display()))?)?;
        } else {
            let folder = tempfile::tempdir().context(|| "cannot make a temporary folder".to_owned())?;
            let options = Options { release: Release::newest()?, controllers: None, kubelet: false };
            let mut server = Server::start(&options, &folder.path().join("run"))?;
            let outcome = self.renew(&server.kubeconfig);
            server.alive()?;
            outcome?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The types come second: of them is told what is in schemas.tsv, which the server tells.
    fn renew(&self, kubeconfig: &Path) -> Result<()> {
        let served = self.renew_from_server(kubeconfig);
        // One answer is not kept back for the other.
        let typed = self.renew_from_types();
        match (served, typed) {
            (Err(one), Err(other)) => Err(Failure::new(format!("{one}\n{other}"))),
            (served, typed) => served.and(typed),
        }
    }

    fn renew_from_server(&self, kubeconfig: &Path) -> Result<()> {
        let mut command = cargo(["test", "--quiet", "--package", "clientset-testserver", "--test", "facts"]);
        command.args(["--", "--nocapture"]).env("CLIENTSET_SERVER_DATA", kubeconfig);
        if self.check {
            command.env_remove("UPDATE_FIXTURES");
        } else {
            command.env("UPDATE_FIXTURES", "1");
        }
        process::run(&mut command)
    }

    fn renew_from_types(&self) -> Result<()> {
        if !gomodule::has_go() {
            return Err(Failure::new(
                "wire.tsv and internal.tsv are read from Go's types, and there is no `go` on the PATH",
            )
            .help("install Go (https://go.dev/dl); the tables that the server tells need none"));
        }
        let data = workspace::path(DATA);
        let schemas = data.join("schemas.tsv");
        let mut differences = Vec::new();
        for (name, input) in [("wire", Some(&schemas)), ("internal", None)] {
            let file = data.join(format!("{name}.tsv"));
            let step = Step::begin(format!("reading Go's types for {name}.tsv"));
            let table = process::output(facts().arg(name).args(input))?;
            step.done("");
            if !self.check {
                if files::write_if_changed(&file, &table)? {
                    println!("{name}.tsv is new");
                }
                continue;
            }
            let (old, new) = (files::read_text(&file)?, String::from_utf8_lossy(&table));
            differences.extend(difference(&old, &new).map(|it| format!("{name}.tsv:\n{it}")));
        }
        if differences.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("`cargo xtask server-data` would change:\n{}", differences.join("\n"))))
    }
}

/// The program that reads types, with the flags of the control plane: the packages are compiled already.
fn facts() -> Command {
    let mut command = Command::new("go");
    command.args(["run", "-trimpath", "-buildvcs=false", "./facts"]);
    command.current_dir(gomodule::committed()).env("CGO_ENABLED", "0");
    command
}

/// The first line that differs.
fn difference(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let (mut old, mut new) = (old.lines(), new.lines());
    loop {
        let (one, other) = (old.next(), new.next());
        if one.is_none() && other.is_none() {
            return Some("the ends of lines differ".to_owned());
        }
        if one != other {
            let shown = |it: Option<&str>| it.unwrap_or("(nothing)").to_owned();
            return Some(format!("- {}\n+ {}", shown(one), shown(other)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_is_the_first_line_that_is_another() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n").as_deref(), Some("- b\n+ c"));
        assert_eq!(difference("a\n", "a\nb\n").as_deref(), Some("- (nothing)\n+ b"));
        assert_eq!(difference("a\n", "a").as_deref(), Some("the ends of lines differ"));
    }
}
