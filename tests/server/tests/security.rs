//! Users, tokens, certificates and rights where the recorded conversations cannot show them: TLS itself, time, settings of the server.

mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use clientset_testserver::{Clock, TestServer, User};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use support::{Answer, post, send};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Sends a request with a bearer token.
async fn with(server: &TestServer, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    send(&server.url(), method, path, &headers, &body).await
}

fn name_of(answer: &Answer) -> String {
    answer.json()["status"]["userInfo"]["username"].as_str().unwrap_or_default().to_owned()
}

/// How to trust a server and what to show it.
fn config(server: &TestServer, certificate: Option<(&str, &str)>, protocol: &[u8]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(server.ca_pem().expect("TLS").as_bytes()).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("versions").with_root_certificates(roots);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("an identity")
        }
    };
    config.alpn_protocols = vec![protocol.to_vec()];
    config
}

/// Asks over TLS who one is, by a name of the server and in a version of HTTP.
async fn who(server: &TestServer, host: &'static str, config: ClientConfig) -> (u16, Value) {
    let address = server.url().trim_start_matches("https://").to_owned();
    let stream = TcpStream::connect(&address).await.expect("connect");
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(host).expect("a name");
    let stream = connector.connect(name, stream).await.expect("a handshake");
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let request = Request::post(format!("https://{address}{WHO}"))
        .header("host", &address)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(b"{}")))
        .expect("a request");
    let response = if is_http2 {
        let (mut sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(connection);
        sender.send_request(request).await.expect("an answer")
    } else {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        sender.send_request(request).await.expect("an answer")
    };
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn tls_speaks_both_versions_of_http_under_both_names() {
    let server = TestServer::builder().tls().start().await.expect("a server");
    for (host, protocol) in [("localhost", b"h2".as_slice()), ("127.0.0.1", b"http/1.1")] {
        let (status, review) = who(&server, host, config(&server, None, protocol)).await;
        assert_eq!((status, &review["status"]["userInfo"]["username"]), (201, &json!("admin")), "{host}");
    }
}

#[tokio::test]
async fn a_client_certificate_says_name_and_groups() {
    let server = TestServer::builder().tls().anonymous(false).start().await.expect("a server");
    let made = server.client_certificate("alice", &["dev", "ops"]).expect("a certificate");
    let config_of = |certificate| config(&server, certificate, b"h2");
    let (status, review) = who(&server, "localhost", config_of(Some((&made.certificate, &made.key)))).await;
    let user = &review["status"]["userInfo"];
    assert_eq!((status, &user["username"]), (201, &json!("alice")));
    assert_eq!(user["groups"], json!(["dev", "ops", "system:authenticated"]));
    assert_eq!(who(&server, "localhost", config_of(None)).await.0, 401, "nobody in particular");

    let stranger = TestServer::builder().tls().start().await.expect("a server");
    let made = stranger.client_certificate("alice", &["system:masters"]).expect("a certificate");
    let (status, _) = who(&server, "localhost", config_of(Some((&made.certificate, &made.key)))).await;
    assert_eq!(status, 401, "a certificate of another authority");
}

#[tokio::test]
async fn without_tls_there_are_no_certificates() {
    let server = TestServer::start().await.expect("a server");
    assert_eq!(server.ca_pem(), None);
    let error = server.client_certificate("alice", &[]).expect_err("no authority");
    assert!(error.to_string().contains("builder().tls()"), "{error}");
}

#[tokio::test]
async fn kubeconfigs_carry_what_their_user_needs() {
    let server = TestServer::builder()
        .tls()
        .user(User::new("alice").token("alice \"secret\""))
        .user(User::new("bob").group("dev"))
        .start()
        .await
        .expect("a server");
    let alice = server.kubeconfig_as("alice").expect("alice");
    assert!(alice.contains(r#"token: "alice \"secret\"""#), "{alice}");
    assert!(server.kubeconfig_as("bob").expect("bob").contains("client-key-data: "));
    assert!(server.kubeconfig().contains("token: ") && !server.kubeconfig().contains("alice"));
    assert_eq!(server.kubeconfig_as("carol"), None);
}

#[tokio::test]
async fn a_server_that_knows_users_lets_in_nobody_else() {
    let server = TestServer::builder().user(User::new("alice").token("a")).start().await.expect("a server");
    assert_eq!(name_of(&with(&server, "a", "POST", WHO, &json!({})).await), "alice");
    assert_eq!(with(&server, "b", "GET", MAPS, &Value::Null).await.code, 401);
    assert_eq!(send(&server.url(), "GET", MAPS, &[], "").await.code, 401);
    assert_eq!(with(&server, "a", "GET", MAPS, &Value::Null).await.code, 200, "without RBAC she may do all");
}

#[tokio::test]
async fn anonymous_is_on_where_it_is_wanted() {
    let open = TestServer::start().await.expect("a server");
    assert_eq!(name_of(&post(&open.url(), WHO, &json!({})).await), "admin");
    let server = TestServer::builder().anonymous(true).start().await.expect("a server");
    assert_eq!(name_of(&post(&server.url(), WHO, &json!({})).await), "system:anonymous");
    let server = TestServer::builder().rbac(true).start().await.expect("a server");
    assert_eq!(send(&server.url(), "GET", MAPS, &[], "").await.code, 403);
    let server = TestServer::builder().rbac(true).anonymous(false).start().await.expect("a server");
    assert_eq!(send(&server.url(), "GET", MAPS, &[], "").await.code, 401);
}

#[tokio::test]
async fn without_rbac_a_review_allows_everything() {
    let server = TestServer::builder().user(User::new("alice").token("a")).start().await.expect("a server");
    let spec = json!({"user": "bob", "resourceAttributes": {"verb": "delete", "resource": "nodes"}});
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let review = with(&server, "a", "POST", path, &json!({"spec": spec})).await;
    assert_eq!((review.code, &review.json()["status"]), (201, &json!({"allowed": true})));
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let rules = with(&server, "a", "POST", path, &json!({"spec": {"namespace": "default"}})).await.json();
    assert_eq!(
        rules["status"]["resourceRules"],
        json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}])
    );
}

#[tokio::test]
async fn odd_credentials_are_refused_and_nothing_breaks() {
    let server = TestServer::builder().rbac(true).token("root").start().await.expect("a server");
    let url = server.url();
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer .",
        "Bearer ..",
        "Bearer a.b.c",
        "bearer eyJ.eyJ.x",
        "Bearer a b",
        "Basic x",
    ] {
        let code = send(&url, "GET", MAPS, &[("authorization", value)], "").await.code;
        assert!(matches!(code, 401 | 403), "{value}: {code}");
    }
    let long = "x".repeat(20_000);
    for (name, value) in [
        ("impersonate-user", "system:serviceaccount:::"),
        ("impersonate-user", "system:node:"),
        ("impersonate-group", "%zz"),
        ("impersonate-extra-", "x"),
        ("impersonate-extra-%", "x"),
        ("impersonate-uid", long.as_str()),
    ] {
        let headers = [("authorization", "Bearer root"), ("impersonate-user", "a"), (name, value)];
        let code = send(&url, "GET", MAPS, &headers, "").await.code;
        assert!(matches!(code, 400 | 403), "{name}: {value}: {code}");
    }
    assert_eq!(with(&server, "root", "GET", MAPS, &Value::Null).await.code, 200);
}

/// An account and a token for it.
async fn account_token(server: &TestServer) -> String {
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    post(&server.url(), accounts, &json!({"metadata": {"name": "robot"}})).await;
    let given = post(&server.url(), &format!("{accounts}/robot/token"), &json!({})).await.json();
    given["status"]["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn tokens_of_service_accounts_end_with_their_time() {
    let clock = Clock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let server = TestServer::builder().clock(&clock).start().await.expect("a server");
    let token = account_token(&server).await;
    let name = name_of(&with(&server, &token, "POST", WHO, &json!({})).await);
    assert_eq!(name, "system:serviceaccount:default:robot", "also where everybody is let in");
    clock.advance(Duration::from_secs(3600 + 61));
    assert_eq!(with(&server, &token, "POST", WHO, &json!({})).await.code, 401);
}

#[tokio::test]
async fn tokens_of_another_server_are_strange() {
    let (one, other) =
        (TestServer::start().await.expect("a server"), TestServer::start().await.expect("a server"));
    let token = account_token(&one).await;
    account_token(&other).await;
    assert_eq!(with(&other, &token, "POST", WHO, &json!({})).await.code, 401);
}

#[tokio::test]
async fn the_roles_view_and_edit_act_as_in_a_cluster_with_controllers() {
    let alice = User::new("alice").token("a");
    let server = TestServer::builder().rbac(true).token("root").user(alice).start().await.expect("a server");
    let get = |path: &'static str| with(&server, "a", "GET", path, &Value::Null);
    assert_eq!(get(MAPS).await.code, 403);
    let binding = json!({
        "metadata": {"name": "alice"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice"}],
    });
    let bindings = format!("{RBAC}/namespaces/default/rolebindings");
    assert_eq!(with(&server, "root", "POST", &bindings, &binding).await.code, 201);
    assert_eq!(get(MAPS).await.code, 200);
    assert_eq!(get("/api/v1/namespaces/default/secrets").await.code, 403, "secrets are not for viewers");
    let map = json!({"metadata": {"name": "a"}});
    assert_eq!(with(&server, "a", "POST", MAPS, &map).await.code, 403, "who views does not write");

    // A role of a custom resource joins by its label.
    let role = json!({
        "metadata": {"name": "widgets", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"verbs": ["list"], "apiGroups": ["example.com"], "resources": ["widgets"]}],
    });
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    assert_eq!(get(widgets).await.code, 403);
    assert_eq!(with(&server, "root", "POST", &format!("{RBAC}/clusterroles"), &role).await.code, 201);
    assert_eq!(get(widgets).await.code, 404, "allowed, and not there");
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let server = TestServer::builder().token("open-sesame").tls().start().await.expect("a server");
    let builder = TestServer::builder().token("open-sesame").user(User::new("a").token("abracadabra"));
    let made = server.client_certificate("alice", &[]).expect("a certificate");
    let plain = TestServer::builder().token("open-sesame").start().await.expect("a server");
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"password": "hocuspocus"}});
    let answer = with(&plain, "open-sesame", "POST", "/api/v1/namespaces/default/secrets", &secret).await;
    assert_eq!(answer.code, 201);
    let shown = format!("{server:?} {builder:?} {made:?} {plain:?} {:?}", plain.requests());
    for word in ["open-sesame", "abracadabra", "hocuspocus", "PRIVATE", "aG9jdXNwb2N1cw"] {
        assert!(!shown.contains(word), "{word} is shown");
    }
    let bytes = format!("{:?}", b"hocuspocus").replace(['[', ']'], "");
    assert!(!shown.contains(&bytes), "the secret is shown as numbers");
    assert!(plain.requests().iter().all(|it| it.authorized));
}
