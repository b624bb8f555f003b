//! Beside kubectl on a real kube-apiserver: what one writes the other reads, and each knows what the other manages.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use clientset::apps::v1::Deployment;
use clientset::core::v1::ConfigMap;
use clientset::{Map, WatchEvent, codec};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::harness::{Sandbox, kubeconfig, named, sandbox};

/// kubectl of the test control plane, in the sandbox; `None` (said loudly) with a server that brings none.
pub(crate) struct Kubectl {
    program: PathBuf,
    namespace: String,
}

impl Kubectl {
    pub(crate) fn new(sandbox: &Sandbox) -> Option<Kubectl> {
        let program = std::env::var_os("CLIENTSET_TEST_CONTROLPLANE").map(PathBuf::from);
        if program.is_none() {
            eprintln!(
                "SKIPPED: CLIENTSET_TEST_CONTROLPLANE is not set, so there is no kubectl to compare with"
            );
        }
        Some(Kubectl { program: program?, namespace: sandbox.namespace.clone() })
    }

    /// The command, with all of its streams piped.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("kubectl").arg("--kubeconfig").arg(kubeconfig().expect("a server"));
        command.args(["--namespace", &self.namespace]).args(words).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// How it ends, and what it says.
    pub(crate) async fn output(&self, words: &[&str], input: &str) -> Output {
        let mut child = self.command(words).spawn().expect("kubectl starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(input.as_bytes()).await.expect("it reads");
        drop(pipe);
        child.wait_with_output().await.expect("it ends")
    }

    /// What it prints; it must end well.
    pub(crate) async fn run(&self, words: &[&str], input: &str) -> String {
        let output = self.output(words, input).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {words:?}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

#[tokio::test]
async fn what_kubectl_creates_is_read_member_by_member() {
    let sandbox = sandbox!("kubectl-reads");
    let Some(kubectl) = Kubectl::new(&sandbox) else { return };
    kubectl
        .run(&["create", "deployment", "web", "--image=example/none", "--replicas=2", "--port=80"], "")
        .await;
    let text = kubectl.run(&["get", "deployment", "web", "-o", "json", "--show-managed-fields"], "").await;
    let ours = sandbox.client.apps_v1().deployments(&sandbox.namespace).get("web").await.unwrap();
    let theirs: Deployment = codec::from_str(&text).unwrap();
    assert_eq!(ours, theirs);
    let written: Value = serde_json::from_str(&codec::to_string(&ours)).unwrap();
    let theirs: Value = serde_json::from_str(&text).unwrap();
    // Older servers write a null here and there; `null` equals absent, and is not written.
    assert_eq!(written["spec"]["template"]["spec"], theirs["spec"]["template"]["spec"]);
    let manager = ours.metadata.managed_fields.unwrap()[0].manager.clone();
    assert_eq!(manager.as_deref(), Some("kubectl-create"));
}

#[tokio::test]
async fn what_we_write_kubectl_reads_and_applies_on_top_of() {
    let sandbox = sandbox!("kubectl-writes");
    let Some(kubectl) = Kubectl::new(&sandbox) else { return };
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let map = |value: &str| ConfigMap {
        metadata: named("m"),
        data: Some(Map::from([("a", value.to_owned())])),
        ..Default::default()
    };
    let first = maps.apply("m", &map("ours")).field_manager("ours").await.unwrap();
    let data = kubectl.run(&["get", "configmap", "m", "-o", "jsonpath={.data.a}"], "").await;
    assert_eq!(data, "ours");

    let version = first.metadata.resource_version.unwrap();
    let mut watch = maps.watch().resource_version(version).await.unwrap();
    let theirs = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{"b":"theirs"}}"#;
    kubectl.run(&["apply", "--server-side", "-f", "-"], theirs).await;
    match watch.next().await.unwrap().unwrap() {
        WatchEvent::Modified(seen) => {
            let data = seen.data.unwrap();
            assert_eq!((data["a"].as_str(), data["b"].as_str()), ("ours", "theirs"));
        }
        other => panic!("{other:?}"),
    }
    let mut both = map("ours");
    both.data.get_or_insert_default().insert("b", "ours too".to_owned());
    let error = maps.apply("m", &both).field_manager("ours").await.unwrap_err();
    assert!(error.is_conflict() && error.to_string().contains("kubectl"), "{error}");
}
