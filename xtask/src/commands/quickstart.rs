//! `cargo xtask quickstart`: a CRD in, a program with typed clients out, and that program run. All of it below
//! target/quickstart; generated code is compiled and run by child processes only.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use clientset_codegen::Source;
use serde_json::Value;

use super::test::cargo;
use crate::control_plane::Release;
use crate::control_plane::server::{Options, Server};
use crate::failure::{Context, Failure, Result};
use crate::generate::{inputs, output, sandbox};
use crate::progress::Step;
use crate::quickstart::found::{self, Found};
use crate::quickstart::sample;
use crate::{files, process, workspace};

/// Where all of it goes.
const FOLDER: &str = "target/quickstart";
/// The CRD that comes with the repository.
const SAMPLE_CRD: &str = "specs/crds/widgets.example.com.yaml";

/// See it work: generate typed clients from a CRD, build a program with them, and run it against an API server.
///
/// The program registers the CRD, then creates, lists, watches, applies, edits and deletes a custom resource and a
/// ConfigMap, and takes away what it made. It stays in target/quickstart, to be read and changed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask quickstart                                a sample CRD on the embedded API server: needs nothing but Rust
  cargo xtask quickstart --crd my-crd.yaml
  cargo xtask quickstart --crd my-crd.yaml --object my-object.yaml
  cargo xtask quickstart --server real                  on a real kube-apiserver, built with Go
  cargo xtask quickstart --kubeconfig ~/.kube/config    on a cluster of your own")]
pub(crate) struct Quickstart {
    /// The CustomResourceDefinition, YAML or JSON; a sample by default.
    #[arg(long, value_name = "FILE")]
    crd: Option<PathBuf>,
    /// An object of the kind, YAML or JSON, in place of one made up from the schema.
    #[arg(long, value_name = "FILE")]
    object: Option<PathBuf>,
    /// The server to run on.
    #[arg(long, value_enum, default_value = "embedded", conflicts_with = "kubeconfig")]
    server: Kind,
    /// Run on the cluster of this kubeconfig's current context.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The API server in tests/server, in the same process
    Embedded,
    /// etcd and kube-apiserver, as `cargo xtask control-plane` starts them
    Real,
}

impl Quickstart {
    pub(crate) fn run(self) -> Result<ExitCode> {
        build(self.crd.as_deref(), self.object.as_deref())?;
        if let Some(file) = &self.kubeconfig {
            let file = file.canonicalize().context(|| format!("cannot read {}", file.display()))?;
            tour(Some(&file))?;
        } else if let Kind::Real = self.server {
            let temporary = tempfile::tempdir().context(|| "cannot make a temporary folder".to_owned())?;
            let options = Options { release: Release::newest()?, controllers: None, kubelet: false };
            let server = Server::start(&options, &temporary.path().join("run"))?;
            tour(Some(&server.kubeconfig))?;
        } else {
            tour(None)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Generates from a CRD (the sample by default) and builds the tour.
pub(crate) fn build(crd: Option<&Path>, object: Option<&Path>) -> Result<()> {
    let crd = crd.map_or_else(|| workspace::path(SAMPLE_CRD), Path::to_path_buf);
    let folder = workspace::path(FOLDER);
    let step = Step::begin(format!("generating from {}", workspace::shown(&crd)));
    let crate_folder = sandbox::prepare(&folder)?;
    let mut inputs = inputs::of_repository(&crate_folder)?;
    inputs.crds = vec![Source::new(workspace::shown(&crd), files::read(&crd)?)];
    // Tables with rows for the repository's own CRDs are no mistake here.
    inputs.lenient = true;
    let generated = inputs::generate(&inputs)?;
    let found = found::first(&generated.files)?;
    let summary = output::Plan::make(&crate_folder, &generated.files, &output::CRATE)?.carry_out()?;
    step.done(&summary);

    write_tour(&folder, &found, object)?;
    let shown = |relative: &str| workspace::shown(&folder.join(relative));
    eprintln!(
        "    {} -> {}",
        found.kind,
        shown(&format!("clientset/src/{}/{}/", found.module, found.version))
    );
    eprintln!("    the program: {}, its object: {}", shown("tour/src/main.rs"), shown("tour/sample.json"));
    let mut command = cargo(["build", "--package", "tour", "--manifest-path"]);
    process::run(command.arg(folder.join("Cargo.toml")))
}

/// Runs the tour that was built last: on its own embedded server, or on the one of a kubeconfig.
pub(crate) fn tour(kubeconfig: Option<&Path>) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--package", "tour", "--manifest-path"]);
    command.arg(workspace::path(FOLDER).join("Cargo.toml")).arg("--").args(kubeconfig);
    eprintln!();
    process::run(&mut command).map_err(|_| {
        Failure::new("the tour ended with the error above").help(
            "if the server refused the object, give one that it takes with --object FILE; the schema has a rule that \
             the made-up one breaks",
        )
    })
}

/// The program: a manifest, the tour with the names filled in, an object.
fn write_tour(folder: &Path, found: &Found, object: Option<&Path>) -> Result<()> {
    let mut tour = include_str!("../../templates/tour.rs").to_owned();
    for (name, text) in [
        ("CLIENT_OF_KIND", &found.accessor),
        ("CLIENTS", &found.clients),
        ("KIND", &found.kind),
        ("MODULE", &found.module),
        ("VERSION", &found.version),
        ("PLURAL", &found.plural),
        ("GROUP", &found.group),
    ] {
        tour = tour.replace(name, text);
    }
    let object = match object {
        Some(path) => {
            let text = files::read_text(path)?;
            serde_saphyr::from_str(&text).context(|| format!("{} is not YAML", path.display()))?
        }
        None => sample::of(&found.crd, &found.version),
    };
    let tour_folder = folder.join("tour");
    files::write_if_changed(&tour_folder.join("src/main.rs"), tour.as_bytes())?;
    files::write_if_changed(&tour_folder.join("sample.json"), format!("{object:#}\n").as_bytes())?;
    files::write_if_changed(&tour_folder.join("Cargo.toml"), manifest(&found.feature).as_bytes())?;
    sandbox::add_member(folder, "tour")
}

fn manifest(feature: &str) -> String {
    let features =
        ["apiextensions-v1", "core-v1", feature].map(|name| Value::from(name).to_string()).join(", ");
    format!(
        "# Written by `cargo xtask quickstart`.\n\
         [package]\n\
         name = \"tour\"\n\
         version = \"0.0.0\"\n\
         edition = \"2024\"\n\
         publish = false\n\n\
         [dependencies]\n\
         clientset = {{ workspace = true, features = [{features}] }}\n\
         clientset-testserver.workspace = true\n\
         tokio = {{ workspace = true, features = [\"macros\", \"rt\", \"time\"] }}\n"
    )
}
