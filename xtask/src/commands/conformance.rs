//! `cargo xtask conformance`: the conversations of tests/it/conformance on the embedded server, or recorded on a real one. Playing
//! and comparing is the work of the test `answers`; here is only what it runs on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::test::cargo;
use crate::control_plane::server::{CLEANERS, Options, Server};
use crate::control_plane::{Release, build};
use crate::failure::{Context, Result};
use crate::{clients, process};

/// Hold the embedded API server against the recorded answers of a real one, or record them.
///
/// Recording needs a kube-apiserver with the garbage collector and the namespace controller: without --kubeconfig one is built
/// with Go and started. It can be asked again and again; files side by side take a namespace each.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask conformance                              the embedded server against what is recorded
  cargo xtask conformance --only crd/,apply/conflict   files whose name has one of these words
  cargo xtask conformance --record --only crd/pruning  ask a real server and write its answers into the file
  cargo xtask conformance --record --kubeconfig \"$(cargo xtask control-plane kubeconfig)\"

docs/testing.md tells how the files are written.")]
pub(crate) struct Conformance {
    /// Write the answers of a real server into the files.
    #[arg(long)]
    record: bool,
    /// Only files with one of these words in their name.
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
    /// The real server; contexts admin, cert-admin and user.
    #[arg(long, value_name = "FILE", requires = "record")]
    kubeconfig: Option<PathBuf>,
}

impl Conformance {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if !self.record {
            self.play(None, None)?;
        } else if let Some(file) = &self.kubeconfig {
            let file = file.canonicalize().context(|| format!("cannot read {}", file.display()))?;
            self.play(Some(file), build::cached(Release::newest()?)?.as_deref())?;
        } else {
            let folder = tempfile::tempdir().context(|| "cannot make a temporary folder".to_owned())?;
            let options = Options {
                release: Release::newest()?,
                controllers: Some(CLEANERS.to_owned()),
                kubelet: false,
            };
            let mut server = Server::start(&options, &folder.path().join("run"))?;
            let outcome = self.play(Some(server.kubeconfig.clone()), Some(&server.binary));
            server.alive()?;
            outcome?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// With other clients too, where the control plane's program is at hand.
    fn play(&self, record: Option<PathBuf>, control_plane: Option<&Path>) -> Result<()> {
        let mut command =
            cargo(["test", "--quiet", "--package", "clientset-testserver", "--test", "answers"]);
        command.args(["--", "--nocapture"]);
        if let Some(control_plane) = control_plane {
            clients::provide(&mut command, control_plane)?;
        }
        match record {
            Some(kubeconfig) => command.env("CLIENTSET_RECORD", kubeconfig),
            None => command.env_remove("CLIENTSET_RECORD"),
        };
        command.env("CLIENTSET_ONLY", self.only.as_deref().unwrap_or_default());
        process::run(&mut command)
    }
}
