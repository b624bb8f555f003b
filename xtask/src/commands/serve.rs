//! `cargo xtask serve`: the embedded API server by itself, for kubectl and any other client.
//!
//! A child process, so that xtask need not be built with it.

use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use clap::Args;

use super::test::cargo;
use crate::failure::{Context as _, Result};
use crate::{process, workspace};

/// Where the kubeconfig goes, below cargo's target folder.
const KUBECONFIG: &str = "serve/kubeconfig-{port}";

/// Run the embedded API server alone, so that kubectl and any other client work with it, until Ctrl-C.
///
/// Everything is in memory and gone at its end. It prints the line that leads kubectl to it, and a line for each request.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask serve
  cargo xtask serve --port 8001 --load objects.yaml,more.yaml
  cargo xtask serve --tls --rbac --token secret

In another terminal:
  export KUBECONFIG=…            the line that it has printed
  kubectl create configmap colors --from-literal=sky=blue
  kubectl get configmaps")]
pub(crate) struct Serve {
    /// The port on 127.0.0.1; any free one by default.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Let in only who shows this bearer token.
    #[arg(long, value_name = "T")]
    token: Option<String>,
    /// Speak TLS, with a certificate of the server's own authority.
    #[arg(long)]
    tls: bool,
    /// Evaluate RBAC objects; whoever uses the printed kubeconfig may do everything.
    #[arg(long)]
    rbac: bool,
    /// Serve alpha and beta APIs too.
    #[arg(long)]
    all_apis: bool,
    /// Begin with the objects of these files (YAML or JSON).
    #[arg(long, value_name = "FILES", value_delimiter = ',', num_args = 1..)]
    load: Vec<PathBuf>,
    /// No line for each request.
    #[arg(long)]
    quiet: bool,
}

impl Serve {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut command = cargo(["run", "--package", "clientset-testserver", "--example", "serve", "--"]);
        command.arg("--kubeconfig").arg(workspace::cargo_target().join(KUBECONFIG));
        if let Some(port) = self.port {
            command.arg("--port").arg(port.to_string());
        }
        if let Some(token) = &self.token {
            command.arg("--token").arg(token);
        }
        for (wanted, word) in [
            (self.tls, "--tls"),
            (self.rbac, "--rbac"),
            (self.all_apis, "--all-apis"),
            (self.quiet, "--quiet"),
        ] {
            if wanted {
                command.arg(word);
            }
        }
        for file in &self.load {
            command.arg("--load").arg(std::path::absolute(file).unwrap_or_else(|_| file.clone()));
        }
        command.arg("--end-with-stdin").stdin(Stdio::piped());
        let said = format!("cannot run `{}`", process::shown(&command));
        let mut child = command.spawn().context(|| said.clone())?;
        // However this program ends, the other end of the pipe goes with it, and with that the server.
        let lifeline = child.stdin.take();
        let status = child.wait().context(|| said)?;
        drop(lifeline);
        // What went wrong, the child has said.
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
