//! `cargo xtask test`: everything that has to hold, the cheap checks first. Each step is a cargo command or a check of
//! xtask's own; what a step means is nowhere else.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::corpus;
use super::generate::Generate;
use super::quickstart;
use crate::control_plane::server::{CLEANERS, Options, Server, kubelet};
use crate::control_plane::{Release, build, gomodule};
use crate::failure::{Context, Failure, Result};
use crate::progress::seconds;
use crate::specs::sources::Sources;
use crate::{clients, files, journey, process, workspace};

/// How many real CRDs every test run takes.
const SAMPLE: usize = 60;

/// Run every test: formatting, lints, generated code up to date, unit and doc tests, end-to-end on a real Kubernetes.
///
/// The end-to-end tests run on a real etcd and kube-apiserver, built with Go (some ten minutes the first time). Without
/// Go they are left out, and that is said loudly; with `CI` set it is an error.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask test
  cargo xtask test --only tests -- --test it watch     the tests of the integration binary with `watch` in their name
  cargo xtask test --only format,lints,generated
  cargo xtask test --kubeconfig ~/.kube/config  the end-to-end tests on a cluster of your own: they create and delete
  cargo xtask test --kubernetes 1.33.13         the end-to-end tests on an older Kubernetes

For the tests it sets CLIENTSET_TEST_KUBECONFIG (contexts admin, cert-admin, user; the same credentials lie as files
beside it: ca.crt, client.crt, client.key, admin.token, user.token), CLIENTSET_TEST_CONTROLPLANE (the program that
is kubectl with `kubectl` as its first argument), CLIENTSET_TEST_KUBELET (the program that is the kubelet of our own
with `kubelet` as its first argument), CLIENTSET_TEST_CLIENT_GO and CLIENTSET_TEST_KUBE_RS (programs with
other clients). CLIENTSET_CORPUS names a folder of real CRDs for the step `corpus`; ../shared/corpus unless set.")]
pub(crate) struct Test {
    /// Run only these steps.
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Step>,
    /// Run the remaining steps when one has failed.
    #[arg(long)]
    keep_going: bool,
    /// Use this cluster for the end-to-end tests.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The release for the end-to-end tests; the newest by default.
    #[arg(long, value_name = "1.N.P", conflicts_with = "kubeconfig")]
    kubernetes: Option<Release>,
    /// Passed on to `cargo test`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// What is tested, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// rustfmt
    Format,
    /// The files of specs/ are as pinned
    Specs,
    /// generated/ is what specs/ says
    Generated,
    /// clippy, warnings denied
    Lints,
    /// Unit tests, fixtures, doc tests, and end-to-end tests on a real control plane
    Tests,
    /// CRDs with every hard construct, compiled and used; and a sample of the real ones, where they are
    Corpus,
    /// Crates outside the workspace that use `clientset`, with one feature and beside other people's features
    Outside,
    /// From a CRD to a passing test in a new crate, with `cargo clientset`
    Journey,
    /// The quickstart on CRDs of different styles, on the embedded server and on the real control plane
    Quickstart,
}

impl Test {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut report = Report::new(self.keep_going);
        self.steps(&mut report)?;
        report.end()
    }

    /// Whether a failed step ends the run.
    pub(crate) fn keep_going(&self) -> bool {
        self.keep_going
    }

    /// Runs the steps; `ci` adds its own to the same report.
    pub(crate) fn steps(&self, report: &mut Report) -> Result<()> {
        // Started by the first step that needs it, and ended with the last.
        let mut cluster = None;
        for &step in Step::value_variants() {
            if !self.only.is_empty() && !self.only.contains(&step) {
                continue;
            }
            match step {
                Step::Format => {
                    report.step("format", || process::run(&mut cargo(["fmt", "--all", "--check"])))?
                }
                Step::Specs => report.step("specs", || {
                    let count = Sources::read()?.verify(&workspace::path("specs"))?;
                    println!("{count} files of specs/ are as pinned");
                    Ok(())
                })?,
                Step::Generated => report.step("generated", || Generate::check_only().map(drop))?,
                Step::Lints => report.step("lints", || {
                    let words = ["clippy", "--workspace", "--all-targets", "--all-features"];
                    process::run(cargo(words).args(["--", "-D", "warnings"]))
                })?,
                Step::Tests => report.step("tests", || self.tests(self.cluster(&mut cluster)?))?,
                Step::Quickstart => report.step("quickstart", || quickstart(self.cluster(&mut cluster)?))?,
                Step::Corpus => report.step("corpus", samples)?,
                Step::Outside => report.step("outside", outside)?,
                Step::Journey => report.step("journey", || {
                    journey::install()?;
                    journey::make()
                })?,
            }
        }
        if cluster.as_ref().is_some_and(|cluster| cluster.kubeconfig.is_none()) {
            // Again, since the first time is pages above by now.
            say_what_was_skipped();
        }
        Ok(())
    }

    fn tests(&self, cluster: &mut Cluster) -> Result<()> {
        let mut command = cargo(["test", "--workspace", "--all-features", "--no-fail-fast"]);
        command.args(&self.arguments);
        // Nothing of the surroundings may steer a test.
        command.env_remove("KUBECONFIG");
        if let Some(kubeconfig) = &cluster.kubeconfig {
            command.env("CLIENTSET_TEST_KUBECONFIG", kubeconfig);
        }
        if let Some(server) = &cluster.server {
            command.env(clients::KUBELET, kubelet(self.release()?)?);
            if self.release()? == Release::newest()? {
                clients::provide(&mut command, &server.binary)?;
            } else {
                // With other answers than those that are recorded there is nothing for other clients to do.
                command.env(clients::CONTROL_PLANE, &server.binary);
            }
        }
        let outcome = process::run(&mut command);
        if let Some(server) = &mut cluster.server {
            // Tests that fail because a server died are better explained by the server.
            server.alive()?;
        }
        outcome
    }

    /// What the end-to-end tests run on, started when it is first asked for.
    fn cluster<'a>(&self, cluster: &'a mut Option<Cluster>) -> Result<&'a mut Cluster> {
        if cluster.is_none() {
            let folder = tempfile::tempdir().context(|| "cannot make a temporary folder".to_owned())?;
            *cluster = Some(match &self.kubeconfig {
                Some(file) => {
                    let file = file.canonicalize().context(|| format!("cannot read {}", file.display()))?;
                    Cluster { kubeconfig: Some(file), server: None, _folder: folder }
                }
                None => {
                    let server = self.server(&folder.path().join("run"))?;
                    let kubeconfig = server.as_ref().map(|server| server.kubeconfig.clone());
                    Cluster { kubeconfig, server, _folder: folder }
                }
            });
        }
        cluster.as_mut().ok_or_else(|| Failure::new("there is no cluster"))
    }

    fn release(&self) -> Result<Release> {
        self.kubernetes.map_or_else(Release::newest, Ok)
    }

    /// The real control plane; none without Go, which is an error where `CI` is set.
    fn server(&self, folder: &Path) -> Result<Option<Server>> {
        let release = self.release()?;
        if !can_build(release)? {
            if std::env::var_os("CI").is_some() {
                return gomodule::require_go().map(|()| None);
            }
            say_what_was_skipped();
            return Ok(None);
        }
        // While the servers are built nothing else is; compiling the tests first would save no time on two cores.
        let options = Options { release, controllers: Some(CLEANERS.to_owned()), kubelet: false };
        Server::start(&options, folder).map(Some)
    }
}

/// What the end-to-end tests run on; nothing where it could not be had.
struct Cluster {
    kubeconfig: Option<PathBuf>,
    server: Option<Server>,
    // After the server in this list, so that it is removed when nobody writes to it any more.
    _folder: tempfile::TempDir,
}

/// The README's first command, on the sample and on every CRD of tests/fixtures/quickstart.
fn quickstart(cluster: &mut Cluster) -> Result<()> {
    let folder = workspace::path("tests/fixtures/quickstart");
    let others = files::names(&folder)?.into_iter().map(|name| Some(folder.join(name)));
    for crd in std::iter::once(None).chain(others) {
        quickstart::build(crd.as_deref(), None)?;
        quickstart::tour(None)?;
        if let Some(kubeconfig) = &cluster.kubeconfig {
            quickstart::tour(Some(kubeconfig))?;
        }
    }
    Ok(())
}

/// Our own CRDs always, and some of the many real ones where somebody has put them.
fn samples() -> Result<()> {
    let run = |folder: &Path, sample| match corpus::Corpus::of(folder.to_path_buf(), sample).run()? {
        ExitCode::SUCCESS => Ok(()),
        _ => Err(Failure::new(format!("{} did not pass", folder.display()))),
    };
    run(&workspace::path("tests/fixtures/corpus"), None)?;
    let real = corpus::real();
    if real.is_dir() || std::env::var_os(corpus::FOLDER).is_some() {
        return run(&real, Some(SAMPLE));
    }
    eprintln!(
        "\nSKIPPED: the sample of real CRDs. There is no {}; {} may name another folder.\n",
        workspace::shown(&real),
        corpus::FOLDER
    );
    Ok(())
}

fn can_build(release: Release) -> Result<bool> {
    Ok(build::cached(release)?.is_some() || process::exists("go", "version"))
}

/// Each crate of tests/outside by itself, since features are shared by all of a workspace.
fn outside() -> Result<()> {
    for name in ["hello", "package", "serde_features"] {
        let manifest = workspace::path("tests/outside").join(name).join("Cargo.toml");
        let mut command = cargo(["test", "--manifest-path"]);
        process::run(
            command
                .arg(&manifest)
                .env("CARGO_TARGET_DIR", workspace::cargo_target().join("outside"))
                // As in the journey, which builds much of the same.
                .env("CARGO_PROFILE_DEV_DEBUG", "false"),
        )?;
    }
    Ok(())
}

fn say_what_was_skipped() {
    eprintln!(
        "\n\
        ######################################################################################\n\
        #  SKIPPED: every end-to-end test. They need a real kube-apiserver, which is built   #\n\
        #  with Go, and there is no `go` on the PATH. Install Go (https://go.dev/dl), or use #\n\
        #  a cluster of your own: cargo xtask test --kubeconfig FILE                         #\n\
        ######################################################################################\n"
    );
}

/// A cargo command in the root of the workspace.
pub(crate) fn cargo<const N: usize>(words: [&str; N]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.args(words).current_dir(workspace::root());
    // The manifest folder of xtask itself is no business of what it starts.
    command.env_remove("CARGO_MANIFEST_DIR");
    command
}

/// The steps that ran, and how they ended.
pub(crate) struct Report {
    keep_going: bool,
    steps: Vec<(&'static str, String, Option<Failure>)>,
}

impl Report {
    /// A report without steps.
    pub(crate) fn new(keep_going: bool) -> Self {
        Self { keep_going, steps: Vec::new() }
    }

    /// Runs one step and notes its end; fails only where the rest must not run.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        eprintln!("\n== {name}");
        let begun = Instant::now();
        let outcome = work();
        let failed = outcome.is_err();
        if let Err(failure) = &outcome {
            eprintln!("error: {failure}");
        }
        self.steps.push((name, seconds(begun.elapsed()), outcome.err()));
        if failed && !self.keep_going {
            self.print();
            return Err(Failure::new(format!("the step `{name}` failed"))
                .help(format!("only it: cargo xtask test --only {name}")));
        }
        Ok(())
    }

    fn print(&self) {
        eprintln!();
        for (name, time, failure) in &self.steps {
            let mark = if failure.is_none() { "ok  " } else { "FAIL" };
            eprintln!("{mark} {name:<12} {time:>14}");
        }
        let failed = self.steps.iter().filter(|(_, _, failure)| failure.is_some()).count();
        println!("\nsteps: {} passed, {failed} failed", self.steps.len() - failed);
    }

    /// Prints all steps and says whether all went well.
    pub(crate) fn end(self) -> Result<ExitCode> {
        self.print();
        let failed: Vec<&str> =
            self.steps.iter().filter(|(_, _, failure)| failure.is_some()).map(|(name, ..)| *name).collect();
        if failed.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        Err(Failure::new(format!("these steps failed: {}", failed.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_ends_the_run_unless_told_otherwise() {
        let fail = || Err(Failure::new("broken"));
        let mut report = Report::new(false);
        assert!(report.step("a", || Ok(())).is_ok());
        assert!(report.step("b", fail).is_err());

        let mut report = Report::new(true);
        assert!(report.step("a", fail).is_ok());
        assert!(report.step("b", || Ok(())).is_ok());
        assert_eq!(report.end().unwrap_err().to_string(), "these steps failed: a");
    }
}
