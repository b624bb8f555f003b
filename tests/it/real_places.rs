//! The examples of where a program may run: in a pod, with its service account, and behind a proxy that wants a password.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientset::authentication::v1::TokenRequest;
use clientset::codec;
use clientset::core::v1::{EnvVar, ServiceAccount};
use clientset::rbac::v1::{Role, RoleBinding};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{config, named, sandbox, soon};
use crate::kubelet::{container, create};
use crate::real_examples::{beside_kubeconfig, example, output};

#[tokio::test]
async fn config_in_cluster_works_in_a_pod_with_the_rights_of_its_service_account() {
    let sandbox = sandbox!("example-in-cluster");
    let namespace = &sandbox.namespace;
    let core = sandbox.client.core_v1();
    let robot = ServiceAccount { metadata: named("robot"), ..Default::default() };
    let accounts = core.service_accounts(namespace);
    accounts.create(&robot).await.unwrap();
    let token = accounts.create_token("robot", &TokenRequest::default()).await.unwrap();

    // What the kubelet would mount; ours mounts nothing.
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("token", &token.status.unwrap().token.unwrap());
    write("ca.crt", &std::fs::read_to_string(beside_kubeconfig("ca.crt")).unwrap());
    write("namespace", namespace);

    let server = config("admin").unwrap().server_url().to_owned();
    let (host, port) = server.trim_start_matches("https://").rsplit_once(':').unwrap();
    let variable = |name: &str, value: &str| EnvVar {
        name: name.to_owned(),
        value: Some(value.to_owned()),
        ..Default::default()
    };
    let program = example("config_in_cluster").as_std().get_program().to_str().unwrap().to_owned();
    let mut main = container("");
    main.command = Some(vec![program, folder.path().to_str().unwrap().to_owned()]);
    main.env =
        Some(vec![variable("KUBERNETES_SERVICE_HOST", host), variable("KUBERNETES_SERVICE_PORT", port)]);
    if create(&sandbox, "denied", main.clone(), "Never").await.is_none() {
        return;
    }
    let pods = core.pods(namespace);
    let log =
        async |name: &str| soon(async || pods.logs(name).await.ok().filter(|log| !log.is_empty())).await;
    let said = log("denied").await;
    let account = format!("system:serviceaccount:{namespace}:robot");
    assert!(said.contains("Forbidden") || said.contains("forbidden"), "{said}");
    assert!(said.contains(&account), "{said}");

    let role: Role = codec::from_str(
        r#"{"metadata": {"name": "reader"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}"#,
    )
    .unwrap();
    let binding: RoleBinding = codec::from_str(
        r#"{"metadata": {"name": "reader"}, "subjects": [{"kind": "ServiceAccount", "name": "robot"}],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}}"#,
    )
    .unwrap();
    let rbac = sandbox.client.rbac_v1();
    rbac.roles(namespace).create(&role).await.unwrap();
    rbac.role_bindings(namespace).create(&binding).await.unwrap();
    // The authorizer learns of a binding a moment later, and a pod runs once.
    let mut number = 0;
    let said = soon(async || {
        number += 1;
        let name = format!("allowed-{number}");
        create(&sandbox, &name, main.clone(), "Never").await?;
        Some(log(&name).await).filter(|said| !said.contains(&account))
    })
    .await;
    assert_eq!(said, format!("{} pods in {namespace}\n", 1 + number));
}

/// A proxy that knows CONNECT and one user, and what it was asked: the targets, and the credentials.
async fn proxy(expected: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let notes = notes.clone();
            tokio::spawn(async move {
                let mut connection = BufReader::new(connection);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    assert!(connection.read_line(&mut head).await.unwrap() > 0, "{head}");
                }
                let target = head.split(' ').nth(1).unwrap().to_owned();
                notes.lock().unwrap().push(head.lines().next().unwrap().to_owned());
                let wanted = format!("proxy-authorization: basic {}", STANDARD.encode(expected));
                let right = head.lines().any(|line| line.to_lowercase() == wanted.to_lowercase());
                if !right {
                    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                    connection.write_all(answer.as_bytes()).await.unwrap();
                    return;
                }
                let mut server = TcpStream::connect(&target).await.unwrap();
                connection.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut connection, &mut server).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn config_http_proxy_goes_through_a_proxy_that_wants_a_password() {
    let _sandbox = sandbox!("example-http-proxy");
    let (address, asked) = proxy("me:s3:cr@t").await;
    let mut command = example("config_http_proxy");
    command.arg(format!("http://me:s3%3Acr%40t@{address}"));
    assert!(output(command).await.contains(" namespaces"));
    let server = config("admin").unwrap().server_url().trim_start_matches("https://").to_owned();
    let lines = asked.lock().unwrap().clone();
    assert!(
        !lines.is_empty() && lines.iter().all(|line| *line == format!("CONNECT {server} HTTP/1.1")),
        "{lines:?}"
    );

    let mut command = example("config_http_proxy");
    command.arg(format!("http://me:wr0ng@{address}"));
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("407") && !said.contains("wr0ng"), "{said}");
}
