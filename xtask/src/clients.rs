//! Programs with other people's clients, which tests/it tells what to do on two API servers: building them, and the variables by which
//! they are found. What they do is in their own folders.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::control_plane::gomodule;
use crate::failure::Result;
use crate::progress::Step;
use crate::{files, process, workspace};

/// The variables that the tests look at.
pub(crate) const CONTROL_PLANE: &str = "CLIENTSET_TEST_CONTROLPLANE";
/// The program with the kubelet of our own.
pub(crate) const KUBELET: &str = "CLIENTSET_TEST_KUBELET";
const CLIENT_GO: &str = "CLIENTSET_TEST_CLIENT_GO";
const KUBE_RS: &str = "CLIENTSET_TEST_KUBE_RS";

/// Builds what is not built yet, and tells a command where the programs are.
pub(crate) fn provide(command: &mut Command, control_plane: &Path) -> Result<()> {
    command.env(CONTROL_PLANE, control_plane).env(CLIENT_GO, client_go()?).env(KUBE_RS, kube_rs()?);
    Ok(())
}

/// From the module of the control plane, with its flags: the packages are compiled already.
fn client_go() -> Result<PathBuf> {
    let program = workspace::path("target/control-plane/client-go");
    files::make_folder(&workspace::path("target/control-plane"))?;
    let step = Step::begin("building the program with client-go".to_owned());
    let mut command = Command::new("go");
    command.args(["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o"]).arg(&program);
    command.arg("./driver").current_dir(gomodule::committed()).env("CGO_ENABLED", "0");
    process::output(&mut command)?;
    step.done(&workspace::shown(&program));
    Ok(program)
}

fn kube_rs() -> Result<PathBuf> {
    let target = workspace::cargo_target().join("outside");
    let step = Step::begin("building the program with kube".to_owned());
    let mut command = Command::new(workspace::cargo());
    command
        .args(["build", "--quiet", "--manifest-path"])
        .arg(workspace::path("tests/outside/kube_rs/Cargo.toml"));
    command.env("CARGO_TARGET_DIR", &target).current_dir(workspace::root()).env_remove("CARGO_MANIFEST_DIR");
    process::output(&mut command)?;
    let program = target.join("debug/kube-rs");
    step.done(&workspace::shown(&program));
    Ok(program)
}
