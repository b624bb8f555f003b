//! `add --cluster` against the embedded API server: what a server has written into a definition does not come along.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clientset_testserver::TestServer;

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com, labels: {keep: 'yes'}}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}
";

fn add(place: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-clientset"));
    command.args(["clientset", "add"]).args(words).current_dir(place).env_remove("KUBECONFIG");
    command.output().expect("the command starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_of_a_cluster_becomes_an_input() {
    let server = TestServer::builder().load(CRD).start().await.unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("clientset.toml"), "").unwrap();
    fs::write(place.path().join("kubeconfig"), server.kubeconfig()).unwrap();

    let output = add(place.path(), &["--cluster", "widgets.example.com", "--kubeconfig", "kubeconfig"]);
    assert!(output.status.success(), "{output:?}");
    let copied = fs::read_to_string(place.path().join("crds/widgets.example.com.yaml")).unwrap();
    for server_s in
        ["uid:", "resourceVersion:", "managedFields", "creationTimestamp", "generation", "\nstatus:"]
    {
        assert!(!copied.contains(server_s), "{server_s} in:\n{copied}");
    }
    assert!(copied.contains("keep: ") && copied.contains("kind: CustomResourceDefinition"), "{copied}");
    assert!(place.path().join("src/crds/example/v1/widget.rs").is_file());

    let output = add(place.path(), &["--cluster", "widget.example.com", "--kubeconfig", "kubeconfig"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no CustomResourceDefinition widget.example.com"), "{said}");
    assert!(said.contains("it has: widgets.example.com"), "{said}");

    drop(server);
    let output = add(place.path(), &["--cluster", "widgets.example.com", "--kubeconfig", "kubeconfig"]);
    assert_eq!(output.status.code(), Some(1), "a server that is not there");
}
