//! P1 to P4 and X2: what callers put into requests means what they said, and what servers say steers no terminal.

use std::time::Duration;

use clientset::config::Impersonation;
use clientset::meta::v1::ObjectMeta;
use clientset::rbac::v1::ClusterRole;
use clientset::{Client, Method};
use clientset_testserver::{TestServer, Verb, on, on_any};

use super::canary;
use super::raw::RawServer;
use super::rig::{Http, Rig, client, failure, map, within};

/// Names that would mean another request.
fn bad_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        ".",
        "..",
        "a/b",
        "../../x",
        "a%2fb",
        "%2e%2e",
        "%",
        "a?x=1",
        "a?dryRun=All",
        "a#b",
        "a\r\nX: y",
        "a\0b",
        "a\u{7f}",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(10_000));
    names
}

#[tokio::test]
async fn p1_names_that_would_change_the_request_are_refused_before_anything_is_sent() {
    let rig = Rig::new(Http::One).await;
    let client = rig.client();
    for name in bad_names() {
        let maps = client.core_v1().config_maps("default");
        let pods = client.core_v1().pods("default");
        let elsewhere = client.core_v1().config_maps(&name);
        let mut object = map("a", "1");
        object.metadata.name = Some(name.clone());
        let refused = [
            failure(maps.get(&name).await),
            failure(maps.delete(&name).await),
            failure(maps.update(&object).await),
            failure(maps.apply(&name, &map("a", "1")).field_manager("x").await),
            failure(elsewhere.get("a").await),
            failure(pods.logs(&name).await),
            failure(
                client
                    .client()
                    .rest()
                    .resource("v1", "configmaps")
                    .namespace("default")
                    .name(&name)
                    .get()
                    .send()
                    .await,
            ),
        ];
        for (number, (error, text)) in refused.into_iter().enumerate() {
            assert!(error.is_request(), "{number} {name:?}: {text}");
            assert!(text.len() < 1000 && !text.contains(char::is_control), "{number}: {text}");
        }
    }
    assert_eq!(rig.server.requests(), [], "nothing was sent");
    assert_eq!(rig.proxy.opened(), 0, "not even a connection was opened");
}

#[tokio::test]
async fn p1_names_that_rbac_allows_are_escaped_and_found() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let roles = rig.client().rbac_v1().cluster_roles();
        for name in ["system:node:x", "a b", "a\\b", "ü:ö", "a+b&c=d;e", "..."] {
            let metadata = ObjectMeta { name: Some(name.to_owned()), ..Default::default() };
            roles.create(&ClusterRole { metadata, ..Default::default() }).await.expect("a role");
            let found = roles.get(name).await.expect("the role");
            assert_eq!(found.metadata.name.as_deref(), Some(name), "{http:?}");
            roles.delete(name).await.expect("it was there");
        }
    }
}

/// The value of a parameter as the server reads it.
fn parameter<'a>(query: &'a str, name: &str) -> Vec<String> {
    let pairs = query.split('&').filter_map(|pair: &'a str| pair.split_once('='));
    let values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let decoded = values.map(|value| {
        let (mut bytes, mut out) = (value.bytes(), Vec::new());
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let hex = [bytes.next().expect("two digits"), bytes.next().expect("two digits")];
                    u8::from_str_radix(std::str::from_utf8(&hex).expect("text"), 16).expect("hexadecimal")
                }
                other => other,
            });
        }
        String::from_utf8(out).expect("UTF-8")
    });
    decoded.collect()
}

#[tokio::test]
async fn p2_selectors_and_arguments_arrive_as_they_were_given() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let client = rig.client();
        let texts =
            ["a=b", "a in (b, c)", "a&limit=1", "a b+c", "a\nb", "a%26b", "🦀=é", "a#b?c/d", "'\"\\;"];
        for text in texts {
            rig.server.clear_requests();
            // Whether the selector makes sense is the server's affair: it answers 400, after it has read it.
            let _ = client.core_v1().pods("default").list().label_selector(text).field_selector(text).await;
            let _ = client.core_v1().pods("default").logs("web-0").container(text).await;
            let arguments = client.client().rest().resource("v1", "pods").namespace("default").name("web-0");
            let _ = arguments
                .subresource("exec")
                .post()
                .query("command", text)
                .query("command", text)
                .send()
                .await;
            let requests = rig.server.requests();
            let of = |number: usize, name: &str| parameter(&requests[number].query, name);
            assert_eq!(of(0, "labelSelector"), [text], "{http:?}");
            assert_eq!(of(0, "fieldSelector"), [text], "{http:?}");
            assert_eq!(of(0, "limit"), [""; 0], "{http:?}");
            assert_eq!(of(1, "container"), [text], "{http:?}");
            assert_eq!(of(2, "command"), [text, text], "{http:?}");
        }
    }
}

#[tokio::test]
async fn p3_impersonation_reaches_the_server_as_it_was_given_or_is_refused() {
    let server = TestServer::builder().rbac(true).tls().start().await.expect("a server");
    let extra = |key: &str, value: &str| [(key.to_owned(), vec![value.to_owned()])].into();
    let keys = ["scopes", "example.com/a b", "%", "a%2fb", "ü", "a:b", "a\r\nb", "a\0b"];
    for key in keys {
        let who = Impersonation {
            groups: vec!["system:masters".to_owned(), "a b, c".to_owned()],
            extra: extra(key, "one: two"),
            ..Impersonation::user("jane doe")
        };
        let client = client(server.config().expect("a configuration").impersonate(who));
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let body = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
        let answer = client.client().rest().post(path).body("application/json", body).send().await;
        let answer: serde_json::Value = answer.expect("an answer").json().expect("JSON");
        let user = &answer["status"]["userInfo"];
        assert_eq!(user["username"], "jane doe");
        assert!(user["groups"].to_string().contains("\"a b, c\""), "{user}");
        assert_eq!(user["extra"][key.to_lowercase()], serde_json::json!(["one: two"]), "{key:?}: {user}");
    }
    let user = Impersonation::user;
    for who in [
        user("a\r\nX-Evil: yes"),
        user("a\nb"),
        user("a\0b"),
        user(""),
        Impersonation { groups: vec!["g".to_owned()], ..Impersonation::default() },
        Impersonation { groups: vec!["g\r\nX: y".to_owned()], ..user("a") },
        Impersonation { uid: Some("1\n2".to_owned()), ..user("a") },
        Impersonation { extra: extra("key", "a\r\nb"), ..user("a") },
        Impersonation { extra: extra("", "a"), ..user("a") },
    ] {
        let (error, text) = failure(Client::new(server.config().expect("one").impersonate(who)));
        assert!(error.is_config() && !text.contains(['\r', '\0']), "{text}");
    }
}

#[tokio::test]
async fn p4_headers_that_are_the_clients_own_cannot_be_replaced() {
    let rig = Rig::new(Http::One).await;
    let rest = rig.client().client().rest();
    for (name, value) in [
        ("Authorization", "Bearer other"),
        ("authorization", "x"),
        ("Host", "elsewhere"),
        ("Impersonate-User", "root"),
        ("Impersonate-Extra-x", "y"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("x", "a\r\nY: z"),
        ("x\r\ny", "z"),
        ("", "z"),
    ] {
        let (error, text) = failure(rest.get("/version").header(name, value).send().await);
        assert!(error.is_request() && !text.contains(char::is_control), "{name:?}: {text}");
    }
    assert_eq!(rig.server.requests(), [], "nothing was sent");
    let answer =
        rest.get("/version").header("Accept", "application/json").header("X-Trace", "1").send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
}

/// What would set the title of a terminal, clear it, and hide what follows.
const STEERING: &str = "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m\u{202e}txt\u{2066}\r\u{8}";

#[tokio::test]
async fn x2_what_a_server_says_steers_no_terminal_when_errors_are_shown() {
    let rig = Rig::new(Http::One).await;
    let maps = rig.client().core_v1().config_maps("default");
    let get = || on(Verb::Get).resource("configmaps");
    let faults = [
        get().status(500).message(STEERING),
        get().status(403).message(STEERING).reason(STEERING),
        get().status(404).body("text/html", STEERING),
        get().status(200).body("application/json", STEERING),
        get().status(200).body(format!("text/{}", "x"), STEERING),
        get().status(301).header("location", "https://example.com/\u{9b}31m"),
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let fault = rig.server.fault(fault);
        let (error, text) = within(Duration::from_secs(60), async { failure(maps.get("a").await) }).await;
        let steers = |c: char| {
            (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        for shown in [text, format!("{error:?}")] {
            assert!(!shown.contains(steers), "{number}: {shown:?}");
        }
        fault.remove();
    }
}

#[tokio::test]
async fn x2_a_status_line_and_headers_steer_no_terminal() {
    canary::watch();
    let server = RawServer::plain(|mut connection| async move {
        while connection.request().await.is_some() {
            let head = "HTTP/1.1 500 \u{1b}[2J\r\nwarning: 299 - \"\u{1b}[2J\"\r\ncontent-type: \u{1b}[2J\r\ncontent-length: 2\r\n\r\n{}";
            connection.write(head).await;
        }
    })
    .await;
    let maps = client(server.config()).core_v1().config_maps("default");
    let (error, text) =
        within(Duration::from_secs(60), async { failure(maps.create(&map("a", "1")).await) }).await;
    assert!(!text.contains('\u{1b}') && !format!("{error:?}").contains('\u{1b}'), "{text:?}");
    assert_eq!(Method::Get.as_str(), "GET");
    let _ = on_any();
}
