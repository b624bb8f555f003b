//! Ways to a real kube-apiserver and to an identity there: tokens, certificates, plugins, in a cluster, impersonation; and
//! what is said when the server cannot be trusted. Ways through a proxy are in `real_examples`.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clientset::authentication::v1::UserInfo;
use clientset::{Clientset, Config, Environment, ExecPlugin, Impersonation, Kubeconfig, Overrides};
use serde_json::json;

use crate::harness::{config, kubeconfig};

/// The server, and the folder with its credentials as files; `None` where there is no server, or it is not our own.
fn server() -> Option<(String, PathBuf)> {
    let folder = kubeconfig()?.parent()?.to_owned();
    if !folder.join("admin.token").is_file() {
        eprintln!("SKIPPED: {} has no credentials as files", folder.display());
        return None;
    }
    Some((config("admin")?.server_url().to_owned(), folder))
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("a credential").trim().to_owned()
}

/// Who the server takes us for.
async fn me(config: Config) -> clientset::Result<UserInfo> {
    let reviews = Clientset::new(config)?.authentication_v1().self_subject_reviews();
    let answer = reviews.create(&Default::default()).await?;
    Ok(*answer.status.expect("a status").user_info.expect("a user"))
}

async fn name(config: Config) -> String {
    me(config).await.expect("an answer").username.expect("a name")
}

#[tokio::test]
async fn each_context_of_a_kubeconfig_is_somebody_else() {
    let Some(_) = server() else { return };
    assert_eq!(name(config("admin").unwrap()).await, "admin");
    assert_eq!(name(config("cert-admin").unwrap()).await, "cert-admin");
    assert_eq!(name(config("user").unwrap()).await, "nobody-special");
}

#[tokio::test]
async fn a_config_by_hand_takes_a_token_or_a_certificate_as_text_or_as_files() {
    let Some((server, folder)) = server() else { return };
    let bare = || Config::new(&server).certificate_authority_file(folder.join("ca.crt"));
    assert_eq!(name(bare().bearer_token(read(&folder, "admin.token"))).await, "admin");
    assert_eq!(name(bare().token_file(folder.join("user.token"))).await, "nobody-special");
    let files = bare().client_certificate_files(folder.join("client.crt"), folder.join("client.key"));
    assert_eq!(name(files).await, "cert-admin");
    let text = Config::new(&server)
        .certificate_authority_pem(read(&folder, "ca.crt"))
        .client_certificate_pem(read(&folder, "client.crt"), read(&folder, "client.key"));
    assert_eq!(name(text).await, "cert-admin");
}

#[tokio::test]
async fn a_token_file_is_read_again_when_the_server_refuses_what_was_in_it() {
    let Some((server, folder)) = server() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("token");
    std::fs::write(&file, "stale").unwrap();
    let config = Config::new(server).certificate_authority_file(folder.join("ca.crt")).token_file(&file);
    let client = Clientset::new(config).unwrap();
    let ask = async || client.authentication_v1().self_subject_reviews().create(&Default::default()).await;
    assert!(ask().await.unwrap_err().is_unauthorized());
    std::fs::write(&file, read(&folder, "user.token")).unwrap();
    let user = ask().await.unwrap().status.unwrap().user_info.unwrap();
    assert_eq!(user.username.as_deref(), Some("nobody-special"));
}

/// A plugin that prints the token of a file, and notes that it ran and how.
fn plugin(scratch: &Path, token: &str, version: &str) -> PathBuf {
    let script = scratch.join("plugin.sh");
    let credential = json!({
        "apiVersion": format!("client.authentication.k8s.io/{version}"),
        "kind": "ExecCredential",
        "status": {"token": token},
    });
    let text = format!(
        "#!/bin/sh\necho \"$1 $PURPOSE\" >> '{}'\necho '{credential}'\n",
        scratch.join("ran").display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    script
}

#[tokio::test]
async fn a_plugin_of_a_kubeconfig_is_run_once_for_many_requests() {
    let Some((server, folder)) = server() else { return };
    let scratch = tempfile::tempdir().unwrap();
    plugin(scratch.path(), &read(&folder, "user.token"), "v1");
    let file = scratch.path().join("config");
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": folder.join("ca.crt")}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh", "args": ["login"],
            "env": [{"name": "PURPOSE", "value": "test"}], "interactiveMode": "Never",
        }}}],
    });
    std::fs::write(&file, kubeconfig.to_string()).unwrap();
    let client = Clientset::new(Config::from_kubeconfig(&file).unwrap()).unwrap();
    for _ in 0..3 {
        let answer =
            client.authentication_v1().self_subject_reviews().create(&Default::default()).await.unwrap();
        assert_eq!(answer.status.unwrap().user_info.unwrap().username.as_deref(), Some("nobody-special"));
    }
    assert_eq!(read(scratch.path(), "ran"), "login test");
}

#[tokio::test]
async fn a_plugin_set_up_in_code_gives_the_token() {
    let Some((server, folder)) = server() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let script = plugin(scratch.path(), &read(&folder, "admin.token"), "v1beta1");
    let exec = ExecPlugin::new(script.to_str().unwrap())
        .args(["login"])
        .env("PURPOSE", "code")
        .api_version(clientset::ExecApiVersion::V1Beta1);
    let config = Config::new(&server).certificate_authority_file(folder.join("ca.crt")).exec(exec);
    assert_eq!(name(config).await, "admin");
    assert_eq!(read(scratch.path(), "ran"), "login code");

    let missing = ExecPlugin::new("/nowhere/plugin").install_hint("get it from example.com");
    let config = Config::new(server).certificate_authority_file(folder.join("ca.crt")).exec(missing);
    let error = me(config).await.unwrap_err();
    assert!(error.is_auth(), "{error}");
    let text = error.to_string();
    assert!(text.contains("/nowhere/plugin") && text.contains("get it from example.com"), "{text}");
}

#[tokio::test]
async fn who_may_acts_as_somebody_else() {
    let Some(admin) = config("admin") else { return };
    let mut jane = Impersonation::user("jane");
    jane.groups = vec!["painters".into()];
    jane.uid = Some("42".into());
    jane.extra.insert("example.com/Shift".into(), vec!["night".into()]);
    let user = me(admin.clone().impersonate(jane)).await.unwrap();
    assert_eq!((user.username.as_deref(), user.uid.as_deref()), (Some("jane"), Some("42")));
    assert!(user.groups.unwrap().contains(&"painters".to_owned()));
    assert_eq!(user.extra.unwrap()["example.com/shift"], ["night"]);

    let jane = Clientset::new(admin.impersonate(Impersonation::user("jane"))).unwrap();
    let error = jane.core_v1().secrets("default").list().await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("\"jane\""), "{error}");
}

/// An authority that signed nothing here.
const STRANGER: &str = "-----BEGIN CERTIFICATE-----
MIIBhzCCAS2gAwIBAgIUTH46bBlIy2wgmYkBNi+Jwx5UfbgwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNc29tZWJvZHktZWxzZTAgFw0yNjExMjEwNTE2MjBaGA8yMTI2
MTAyODA1MTYyMFowGDEWMBQGA1UEAwwNc29tZWJvZHktZWxzZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABH99zg4EItF24SNJLXtS2yKvaHx3RPWKWrUB5H3MpOWh
0yXwhQUr/XBNI2s+AoFno3DaMQ5+gQogfbck3sGcuVWjUzBRMB0GA1UdDgQWBBTr
jfI0cA7VDrp+itKvtqOZcDMV0TAfBgNVHSMEGDAWgBTrjfI0cA7VDrp+itKvtqOZ
cDMV0TAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCYrwTYdl9f
GJg6Nnkk3Khnc1vOOvUXM/vdNowjmMc26QIgFuez8A1ShpyiaVbFWi6YaW1+Dwma
OX/Jy1bhd8qydPo=
-----END CERTIFICATE-----
";

#[tokio::test]
async fn a_server_that_cannot_be_trusted_is_not_told_the_token() {
    let Some((server, folder)) = server() else { return };
    let token = read(&folder, "admin.token");
    let unknown = Config::new(&server).bearer_token(&token);
    let wrong = unknown.clone().certificate_authority_pem(STRANGER);
    for config in [unknown.clone(), wrong] {
        let error = me(config).await.unwrap_err();
        assert_eq!((error.http_status(), error.is_unauthorized()), (None, false));
        let text = format!("{error} {error:?}");
        assert!(text.contains(&server) && text.contains("certificate") && !text.contains(&token), "{text}");
        assert!(error.is_connect() || error.is_transport(), "{text}");
    }
    assert_eq!(name(unknown.insecure_skip_tls_verify(true)).await, "admin");
    let named = Config::new(&server).bearer_token(&token).certificate_authority_file(folder.join("ca.crt"));
    assert_eq!(name(named.clone().tls_server_name("kubernetes.default.svc")).await, "admin");
    let error = me(named.tls_server_name("somebody.example.com")).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_pod_finds_its_server_its_namespace_and_itself() {
    let Some((server, folder)) = server() else { return };
    let account = tempfile::tempdir().unwrap();
    for (from, to) in [("ca.crt", "ca.crt"), ("user.token", "token")] {
        std::fs::copy(folder.join(from), account.path().join(to)).unwrap();
    }
    std::fs::write(account.path().join("namespace"), "mine").unwrap();
    let (host, port) = server.strip_prefix("https://").unwrap().rsplit_once(':').unwrap();
    let pod = Environment::empty()
        .var("KUBERNETES_SERVICE_HOST", host)
        .var("KUBERNETES_SERVICE_PORT", port)
        .service_account_dir(account.path());
    let config = Config::in_cluster_in(&pod).unwrap();
    assert_eq!((config.server_url(), config.namespace()), (server.as_str(), "mine"));
    assert_eq!(name(config).await, "nobody-special");
    let inferred = Config::infer_in(&pod, None, &Overrides::default()).unwrap();
    assert_eq!(name(inferred).await, "nobody-special");
    let error = Config::in_cluster_in(&Environment::empty()).unwrap_err();
    assert!(error.is_config() && error.to_string().contains("KUBERNETES_SERVICE_HOST"), "{error}");
}

#[tokio::test]
async fn a_list_of_kubeconfigs_is_one() {
    let Some((server, folder)) = server() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (clusters, users) = (scratch.path().join("clusters"), scratch.path().join("users"));
    let one = json!({"clusters": [{"name": "c", "cluster": {"server": server,
        "certificate-authority": folder.join("ca.crt")}}], "current-context": "x"});
    let two = json!({
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "there"}}],
        "users": [{"name": "u", "user": {"tokenFile": folder.join("user.token")}}],
        "current-context": "elsewhere",
    });
    std::fs::write(&clusters, one.to_string()).unwrap();
    std::fs::write(&users, two.to_string()).unwrap();
    let list = std::env::join_paths([clusters, scratch.path().join("missing"), users]).unwrap();
    let environment = Environment::empty().var("KUBECONFIG", list);
    let config = Kubeconfig::load_from(&environment).unwrap().config().unwrap();
    assert_eq!(config.namespace(), "there");
    assert_eq!(name(config).await, "nobody-special");
}
