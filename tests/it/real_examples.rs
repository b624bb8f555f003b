//! Every example of `generated/examples`, run as a program on a real kube-apiserver.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::harness::{config, kubeconfig, sandbox};

/// The program of an example; cargo builds them before the tests of the workspace.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("the path of this test");
    let program = test.ancestors().nth(2).expect("target/debug").join("examples").join(name);
    assert!(
        program.exists(),
        "{} is not built: cargo build -p clientset --examples --all-features",
        program.display()
    );
    let mut command = Command::new(program);
    command.env("KUBECONFIG", kubeconfig().expect("a server")).kill_on_drop(true);
    command
}

/// What an example prints; it must end well.
pub(crate) async fn output(mut command: Command) -> String {
    let output = command.output().await.expect("the example runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

pub(crate) fn beside_kubeconfig(name: &str) -> PathBuf {
    kubeconfig().expect("a server").with_file_name(name)
}

fn server() -> String {
    config("admin").expect("a server").server_url().to_owned()
}

#[tokio::test]
async fn list_pods_lists_the_pods_of_all_namespaces() {
    let _sandbox = sandbox!("example-list-pods");
    assert!(output(example("list_pods")).await.contains(" pods"));
}

#[tokio::test]
async fn config_kubeconfig_uses_the_context_it_is_told() {
    let _sandbox = sandbox!("example-kubeconfig");
    let mut command = example("config_kubeconfig");
    command.arg(kubeconfig().unwrap()).arg("cert-admin").env_remove("KUBECONFIG");
    let out = output(command).await;
    assert!(out.contains("cert-admin") && out.contains(" namespaces"), "{out}");
}

#[tokio::test]
async fn config_contexts_asks_every_cluster_at_once() {
    let _sandbox = sandbox!("example-contexts");
    let mut command = example("config_contexts");
    command.arg(kubeconfig().unwrap()).env_remove("KUBECONFIG");
    let out = output(command).await;
    for context in ["admin: ", "cert-admin: "] {
        assert!(out.lines().any(|line| line.starts_with(context) && line.contains(" runs v1.")), "{out}");
    }
}

#[tokio::test]
async fn flags_takes_the_flags_of_kubectl() {
    let sandbox = sandbox!("example-flags");
    let mut command = example("flags");
    command.arg("--kubeconfig").arg(kubeconfig().unwrap()).env_remove("KUBECONFIG");
    command.args(["--context=admin", "--request-timeout=30", "-n"]).arg(format!("ns/{}", sandbox.namespace));
    let out = output(command).await;
    assert!(out.contains(&format!(" pods in {}", sandbox.namespace)), "{out}");

    let mut wrong = example("flags");
    wrong.args(["--context=admni"]);
    let output = wrong.output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("did you mean \"admin\"?"), "{error}");
}

#[tokio::test]
async fn config_token_connects_with_a_token_and_an_authority() {
    let _sandbox = sandbox!("example-token");
    let mut command = example("config_token");
    command.arg(server()).arg(beside_kubeconfig("ca.crt")).arg(beside_kubeconfig("admin.token"));
    assert!(output(command).await.contains(" namespaces"));
}

#[tokio::test]
async fn config_basic_is_told_that_kubernetes_takes_no_passwords() {
    let _sandbox = sandbox!("example-basic");
    let mut command = example("config_basic");
    command.arg(server()).arg(beside_kubeconfig("ca.crt")).arg("me").env("PASSWORD", "hunter2");
    let out = output(command).await;
    assert!(out.contains("does not know this user") && !out.contains("hunter2"), "{out}");
}

#[tokio::test]
async fn config_exec_runs_the_plugin_it_sets_up_in_code() {
    let _sandbox = sandbox!("example-exec");
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("plugin.sh");
    let token = std::fs::read_to_string(beside_kubeconfig("admin.token")).unwrap();
    let credential = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{{"token":"{}"}}}}"#,
        token.trim()
    );
    // The plugin sees its argument and its environment, or says so by failing.
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = get-token ] && [ \"$AWS_PROFILE\" = production ] && echo '{credential}'\n"
    );
    std::fs::write(&plugin, script).unwrap();
    let mut command = example("config_exec");
    command.arg(server()).arg(beside_kubeconfig("ca.crt")).arg("sh").arg(&plugin).arg("get-token");
    assert!(output(command).await.contains(" namespaces"));
}

#[tokio::test]
async fn config_exec_kubeconfig_runs_the_example_plugin_if_it_is_allowed() {
    let _sandbox = sandbox!("example-exec-kubeconfig");
    let folder = tempfile::tempdir().unwrap();
    let plugin = example("exec_plugin").as_std().get_program().to_owned();
    let plugin = plugin.to_str().unwrap();
    let file = folder.path().join("config");
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {
            "server": server(), "certificate-authority": beside_kubeconfig("ca.crt"),
        }}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
            "command": plugin, "args": [beside_kubeconfig("admin.token")],
        }}}],
    });
    std::fs::write(&file, kubeconfig.to_string()).unwrap();
    let mut command = example("config_exec_kubeconfig");
    command.arg(&file).arg(plugin);
    assert!(output(command).await.contains(" namespaces"));
    for (allowed, expected) in [(None, "policy for exec plugins is Deny"), (Some("aws"), "not on the list")] {
        let mut command = example("config_exec_kubeconfig");
        command.arg(&file).args(allowed);
        let output = command.output().await.unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(expected), "{error}");
    }
}

/// `kubectl proxy` on a free port, and its address.
async fn kubectl_proxy(controlplane: &Path) -> (Child, String) {
    let mut proxy = Command::new(controlplane)
        .args(["kubectl", "proxy", "--port=0", "--kubeconfig"])
        .arg(kubeconfig().unwrap())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("kubectl proxy");
    let mut lines = BufReader::new(proxy.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("a line that tells the port");
    let address = line.rsplit(' ').next().unwrap().to_owned();
    (proxy, format!("http://{address}"))
}

#[tokio::test]
async fn config_proxy_connects_through_kubectl_proxy() {
    let _sandbox = sandbox!("example-proxy");
    let Some(controlplane) = std::env::var_os("CLIENTSET_TEST_CONTROLPLANE") else {
        eprintln!("SKIPPED: no kubectl; `cargo xtask test` brings one");
        return;
    };
    let (_proxy, address) = kubectl_proxy(Path::new(&controlplane)).await;
    let mut command = example("config_proxy");
    command.arg(address);
    assert!(output(command).await.contains(" namespaces"));
}

#[tokio::test]
async fn watch_namespace_lists_and_then_watches_one_namespace() {
    let sandbox = sandbox!("example-watch");
    let mut command = example("watch_namespace");
    command.arg(&sandbox.namespace).arg("5");
    assert!(output(command).await.contains("the server has ended the watch"));
}

#[tokio::test]
async fn watch_resuming_follows_several_namespaces() {
    let sandbox = sandbox!("example-resuming");
    let mut command = example("watch_resuming");
    command.args(["kube-system", &sandbox.namespace]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the example runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut open = vec!["kube-system: ".to_owned(), format!("{}: ", sandbox.namespace)];
    while !open.is_empty() {
        let line = lines.next_line().await.expect("text").expect("a line of each namespace");
        open.retain(|namespace| !line.starts_with(namespace));
    }
}

#[tokio::test]
async fn can_i_tells_what_each_user_may_do() {
    let _sandbox = sandbox!("example-can-i");
    let mut command = example("can_i");
    command.args(["delete", "pods"]);
    assert!(output(command).await.starts_with("yes"));
}

#[tokio::test]
async fn custom_resource_registers_its_definition_and_works_with_its_objects() {
    let sandbox = sandbox!("example-crd");
    let mut command = example("custom_resource");
    command.arg(&sandbox.namespace);
    let out = output(command).await;
    assert!(out.contains("is established") && out.contains("Green") && out.contains("deleted"), "{out}");
}

#[tokio::test]
async fn list_resources_lists_every_resource_with_its_verbs() {
    let _sandbox = sandbox!("example-resources");
    let out = output(example("list_resources")).await;
    assert!(out.lines().any(|line| line.starts_with("v1 pods: ") && line.contains("watch")), "{out}");
    assert!(out.contains("v1 pods/eviction: create") && out.contains("apps/v1 deployments: "), "{out}");
}

#[tokio::test]
async fn dynamic_gets_and_lists_any_kind() {
    let _sandbox = sandbox!("example-dynamic");
    let mut list = example("dynamic");
    list.arg("ns");
    let out = output(list).await;
    assert!(out.lines().any(|line| line == "Namespace - kube-system"), "{out}");
    let mut get = example("dynamic");
    get.args(["clusterroles.rbac.authorization.k8s.io", "", "view"]);
    assert!(output(get).await.contains(r#""kind":"ClusterRole""#));
}
