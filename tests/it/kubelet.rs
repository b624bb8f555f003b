//! The kubelet of our own beside the real kube-apiserver (docs/testing.md): started when the first test needs it, and pods
//! that run on it.
//!
//! It tests nothing. The kubelet ends when this process does, since it holds the other end of a pipe.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use clientset::core::v1::{Container, Pod, PodSpec};
use tokio::sync::OnceCell;

use crate::harness::{Sandbox, kubeconfig, named, soon};

/// The node of this process; several processes may use one server, one after the other.
fn node_name() -> String {
    format!("node-{}", std::process::id())
}

/// The program that is the kubelet; `None` (said loudly) with a server that is not our own control plane.
fn program() -> Option<PathBuf> {
    let names = ["CLIENTSET_TEST_KUBELET", "CLIENTSET_TEST_CONTROLPLANE"];
    let program = names.iter().find_map(std::env::var_os).map(PathBuf::from);
    let ours = kubeconfig()?.with_file_name("kubelet.key").exists();
    if program.is_none() || !ours {
        eprintln!(
            "SKIPPED: the server is not our own control plane, so there is no kubelet; `cargo xtask test` has one"
        );
        return None;
    }
    program
}

fn start() -> Option<Child> {
    let program = program()?;
    let folder = kubeconfig()?.parent()?.to_path_buf();
    let log = File::create(folder.join("kubelet.log")).expect("a log");
    let mut child = Command::new(program)
        .args([
            "kubelet",
            "--kubeconfig=kubeconfig",
            "--client-ca-file=ca.crt",
            "--tls-cert-file=kubelet.crt",
        ])
        .args(["--tls-private-key-file=kubelet.key", "--node-name", &node_name()])
        .env("CONTROLPLANE_END_WITH_STDIN", "1")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("the kubelet starts");
    let mut line = String::new();
    let read = BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line);
    let said = std::fs::read_to_string(folder.join("kubelet.log")).unwrap_or_default();
    assert!(read.is_ok() && line == "ready\n", "the kubelet is not ready: {said}");
    Some(child)
}

/// The name of a node whose pods run, or `None` where there is none.
pub(crate) async fn node() -> Option<String> {
    static KUBELET: OnceCell<Option<Child>> = OnceCell::const_new();
    let started = async || tokio::task::spawn_blocking(start).await.expect("it starts");
    KUBELET.get_or_init(started).await.as_ref().map(|_| node_name())
}

/// A container `main` that runs a shell script; an empty one does nothing until it is deleted.
pub(crate) fn container(script: &str) -> Container {
    let words = ["sh", "-c", script].map(str::to_owned).to_vec();
    Container {
        name: "main".into(),
        image: Some("example/none".into()),
        command: (!script.is_empty()).then_some(words),
        ..Default::default()
    }
}

/// Creates a pod on the node and waits until it runs; `None` where there is no node.
pub(crate) async fn run(sandbox: &Sandbox, name: &str, container: Container) -> Option<Pod> {
    let pod = create(sandbox, name, container, "Always").await?;
    soon(async || {
        let pod = sandbox.client.core_v1().pods(&sandbox.namespace).get(name).await.expect("the pod");
        pod.status.as_ref()?.container_statuses.as_ref()?.first()?.ready.then_some(())
    })
    .await;
    Some(pod)
}

/// Creates a pod on the node with a restart policy; `None` where there is no node.
pub(crate) async fn create(
    sandbox: &Sandbox,
    name: &str,
    container: Container,
    restart_policy: &str,
) -> Option<Pod> {
    let spec = PodSpec {
        node_name: Some(node().await?),
        restart_policy: Some(restart_policy.into()),
        containers: vec![container],
        ..Default::default()
    };
    let pod = Pod { metadata: named(name), spec: Some(Box::new(spec)), ..Default::default() };
    Some(sandbox.client.core_v1().pods(&sandbox.namespace).create(&pod).await.expect("a pod"))
}
