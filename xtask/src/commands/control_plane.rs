//! `cargo xtask control-plane`: a real etcd and kube-apiserver on loopback ports. The work is in `crate::control_plane`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use clap::{Args, Subcommand};

use crate::control_plane::running::{self, Note};
use crate::control_plane::server::{self, Options, Server};
use crate::control_plane::{Release, build, run_folder};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process, workspace};

/// Run a real etcd and kube-apiserver on loopback ports, built from Go modules.
///
/// Needs Go. The first build of a release takes some ten minutes on two cores and is kept below
/// target/control-plane/; a start takes some seconds. Data, certificates and tokens are made anew for each start.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask control-plane start
  export KUBECONFIG=\"$(cargo xtask control-plane kubeconfig)\"
  cargo xtask control-plane kubectl get namespaces
  cargo xtask control-plane stop
  cargo xtask control-plane start --kubernetes 1.33.13     another release beside it
  cargo xtask control-plane start --kubelet                pods on node-0 run: exec, logs and their like work
  cargo xtask control-plane run --end-with-stdin           for programs: ends when their pipe closes")]
pub(crate) struct ControlPlane {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Build the servers of a release and keep them.
    Build(Which),
    /// Start in the background and wait until it is ready.
    Start(Start),
    /// Run in the foreground until Ctrl-C, `stop`, or the end of standard input.
    Run(Run),
    /// Stop what `start` started.
    Stop(Which),
    /// Print the path of the kubeconfig (contexts: admin, cert-admin, user).
    Kubeconfig(Which),
    /// Say whether it runs and where; fails if it does not.
    Status(Which),
    /// Run kubectl against it.
    Kubectl(Kubectl),
}

#[derive(Args)]
struct Which {
    /// The release; the newest by default.
    #[arg(long, value_name = "1.N.P")]
    kubernetes: Option<Release>,
}

#[derive(Args)]
struct Start {
    #[command(flatten)]
    which: Which,
    /// Also start kube-controller-manager: namespaces end, garbage is collected, service accounts get made. With names
    /// (garbage-collector-controller,namespace-controller), these controllers alone.
    #[arg(long, value_name = "NAMES", num_args = 0..=1, require_equals = true, default_missing_value = "*")]
    controllers: Option<String>,
    /// Also a small kubelet: pods with `nodeName: node-0` run, as processes of this machine that nothing isolates.
    #[arg(long)]
    kubelet: bool,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    start: Start,
    /// End when standard input ends, so that the servers cannot outlive the program that started them.
    #[arg(long)]
    end_with_stdin: bool,
}

#[derive(Args)]
struct Kubectl {
    #[command(flatten)]
    which: Which,
    /// kubectl's own arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Which {
    fn release(&self) -> Result<Release> {
        self.kubernetes.map_or_else(Release::newest, Ok)
    }

    fn running(&self) -> Result<Note> {
        let release = self.release()?;
        Note::of_running(&run_folder(release)).ok_or_else(|| {
            Failure::new(format!("no control plane of Kubernetes {release} is running"))
                .help("start it with `cargo xtask control-plane start`")
        })
    }
}

impl ControlPlane {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.action {
            Action::Build(which) => println!("{}", build::ensure(which.release()?)?.display()),
            Action::Start(start) => start.run()?,
            Action::Run(run) => run.run()?,
            Action::Stop(which) => {
                which.running()?.stop()?;
                eprintln!("stopped");
            }
            Action::Kubeconfig(which) => println!("{}", which.running()?.kubeconfig.display()),
            Action::Status(which) => {
                let note = which.running()?;
                println!("Kubernetes {} at {}", note.kubernetes, note.server);
                println!("kubeconfig {}", note.kubeconfig.display());
                println!("process    {}", note.pid);
            }
            Action::Kubectl(kubectl) => {
                let note = kubectl.which.running()?;
                let mut command = Command::new(build::ensure(kubectl.which.release()?)?);
                command.arg("kubectl").args(&kubectl.arguments).env("KUBECONFIG", &note.kubeconfig);
                process::run(&mut command)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Start {
    /// Starts `run` as a process of its own and waits for the line that says it is ready.
    fn run(&self) -> Result<()> {
        let release = self.which.release()?;
        if let Some(note) = Note::of_running(&run_folder(release)) {
            eprintln!("already running at {}", note.server);
            println!("{}", note.kubeconfig.display());
            return Ok(());
        }
        // Here, where the terminal shows how far it is.
        build::ensure(release)?;
        if self.kubelet {
            server::kubelet(release)?;
        }
        let program = std::env::current_exe().context(|| "cannot find xtask itself".to_owned())?;
        let mut command = Command::new(program);
        command.args(["control-plane", "run", "--kubernetes", &release.to_string()]);
        if let Some(controllers) = &self.controllers {
            command.arg(format!("--controllers={controllers}"));
        }
        if self.kubelet {
            command.arg("--kubelet");
        }
        // It outlives this command, so it must hold nothing that somebody may wait for: with our standard error in
        // its hands, `cargo xtask control-plane start 2>&1 | cat` would end with the servers.
        let log = run_folder(release).with_extension("log");
        files::make_folder(log.parent().unwrap_or(&log))?;
        let stderr = File::create(&log).context(|| format!("cannot write {}", workspace::shown(&log)))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // Ctrl-C at this terminal is not for it.
            command.process_group(0);
        }
        let step = Step::begin(format!("starting Kubernetes {release}"));
        let mut child = command.spawn().context(|| format!("cannot run `{}`", process::shown(&command)))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).context(|| "cannot read its answer".to_owned())?;
        }
        if line.is_empty() {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(Failure::new(format!("the control plane did not start:\n{}", said.trim_end())));
        }
        step.done("");
        print!("{line}");
        Ok(())
    }
}

impl Run {
    fn run(&self) -> Result<()> {
        let release = self.start.which.release()?;
        let folder = run_folder(release);
        if let Some(note) = Note::of_running(&folder) {
            return Err(Failure::new(format!("already running at {}", note.server))
                .help("stop it with `cargo xtask control-plane stop`"));
        }
        let options =
            Options { release, controllers: self.start.controllers.clone(), kubelet: self.start.kubelet };
        let server = Server::start(&options, &folder)?;
        running::supervise(server, release.to_string(), &folder, self.end_with_stdin, |note| {
            println!("{}", note.kubeconfig.display());
        })
    }
}
