//! `cargo xtask server-data`: the tables of the embedded API server that a running kube-apiserver tells. Asking and comparing is the
//! work of the test `facts` of tests/server; here is only what it runs on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::test::cargo;
use crate::control_plane::Release;
use crate::control_plane::server::{Options, Server};
use crate::failure::{Context, Result};
use crate::process;

/// Renew tests/server/data from a real kube-apiserver with every API and feature gate on.
///
/// Without --kubeconfig one is built with Go and started. The server is left as it was found; do not use one that others write to.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask server-data            write what changed
  cargo xtask server-data --check    only say what would change

Tables that are made otherwise (protobuf.tsv, wire.tsv, and those that are written by hand) are told in tests/server/README.md.")]
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
            let options = Options { release: Release::newest()?, controllers: None };
            let mut server = Server::start(&options, &folder.path().join("run"))?;
            let outcome = self.renew(&server.kubeconfig);
            server.alive()?;
            outcome?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn renew(&self, kubeconfig: &Path) -> Result<()> {
        let mut command = cargo(["test", "--quiet", "--package", "clientset-testserver", "--test", "facts"]);
        command.args(["--", "--nocapture"]).env("CLIENTSET_SERVER_DATA", kubeconfig);
        if self.check {
            command.env_remove("UPDATE_FIXTURES");
        } else {
            command.env("UPDATE_FIXTURES", "1");
        }
        process::run(&mut command)
    }
}
