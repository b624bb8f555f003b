//! Scripted faults as they look on the socket, over HTTP/1.1: byte for byte where bytes are the matter.
//!
//! HTTP/2 is in `faults_http2.rs`.

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use clientset_testserver::{On, TestServer, Verb, on, on_any};
use serde_json::{Value, json};
use support::{Events, get, post, send};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn server() -> TestServer {
    TestServer::start().await.expect("a server")
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

/// What came on a connection, and how it ended.
#[derive(Debug, PartialEq)]
struct Raw {
    text: String,
    reset: bool,
}

impl Raw {
    fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    fn head(&self) -> String {
        self.text.split_once("\r\n\r\n").map_or("", |(head, _)| head).to_lowercase()
    }
}

/// One request on a connection of its own, read to the end of the connection.
async fn raw(server: &TestServer, method: &str, path: &str, body: &str) -> Raw {
    let url = server.url();
    let address = url.strip_prefix("http://").expect("a plain URL");
    let mut stream = TcpStream::connect(address).await.expect("connect");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut bytes = Vec::new();
    let reset = match stream.read_to_end(&mut bytes).await {
        Ok(_) => false,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
        Err(error) => panic!("{error}"),
    };
    Raw { text: String::from_utf8(bytes).expect("text"), reset }
}

async fn raw_get(server: &TestServer, path: &str) -> Raw {
    raw(server, "GET", path, "").await
}

#[tokio::test]
async fn the_second_read_of_a_pod_fails_with_a_time_to_wait() {
    let server = server().await;
    let fault = server.fault(on(Verb::Get).resource("pods").nth(2).status(503).retry_after(1));
    let path = "/api/v1/namespaces/default/pods/a";
    assert_eq!(get(&server.url(), path).await.code, 404);
    let second = raw_get(&server, path).await;
    assert!(second.text.starts_with("HTTP/1.1 503 "), "{second:?}");
    assert!(second.head().contains("\r\nretry-after: 1"), "{second:?}");
    let status: Value = serde_json::from_str(second.body()).expect("JSON");
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 503,
        "reason": "ServiceUnavailable", "message": "the server is currently unable to handle the request",
        "details": {"retryAfterSeconds": 1},
    });
    assert_eq!(status, expected);
    assert_eq!(get(&server.url(), path).await.code, 404);
    assert_eq!(get(&server.url(), "/api/v1/namespaces/default/pods").await.code, 200);
    assert_eq!(fault.fired(), 1);
}

#[tokio::test]
async fn requests_are_hit_by_what_they_ask() {
    type Case = (&'static str, fn() -> On, bool);
    let all: [Case; 17] = [
        ("any", on_any, true),
        ("verb", || on(Verb::Update), true),
        ("another verb", || on(Verb::Patch), false),
        ("group", || on_any().group("apps"), true),
        ("another group", || on_any().group(""), false),
        ("resource and subresource", || on_any().resource("deployments").subresource("scale"), true),
        ("resource without subresource", || on_any().resource("deployments"), false),
        ("subresource", || on_any().subresource("scale"), true),
        ("another subresource", || on_any().subresource("status"), false),
        ("namespace", || on_any().namespace("n"), true),
        ("another namespace", || on_any().namespace("m"), false),
        ("name", || on_any().name("d"), true),
        ("another name", || on_any().name("e"), false),
        ("path", || on_any().path_prefix("/apis/apps"), true),
        ("another path", || on_any().path_prefix("/api/"), false),
        ("parameter", || on_any().query("a", None).query("b", Some("2")), true),
        ("another parameter", || on_any().query("b", Some("3")), false),
    ];
    for (what, on, hit) in all {
        let server = server().await;
        server.fault(on().status(418));
        let path = "/apis/apps/v1/namespaces/n/deployments/d/scale?a&b=2";
        let code = send(&server.url(), "PUT", path, &[], "{}").await.code;
        assert_eq!(code == 418, hit, "{what}: {code}");
    }
}

#[tokio::test]
async fn every_verb_is_told_apart() {
    let server = server().await;
    let one = format!("{MAPS}/a");
    let asked = [
        ("GET", one.as_str(), Verb::Get),
        ("GET", "/version", Verb::Get),
        ("GET", MAPS, Verb::List),
        ("GET", "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1", Verb::Watch),
        ("POST", MAPS, Verb::Create),
        ("PUT", &one, Verb::Update),
        ("PATCH", &one, Verb::Patch),
        ("DELETE", &one, Verb::Delete),
        ("DELETE", MAPS, Verb::DeleteCollection),
    ];
    for (method, path, verb) in asked {
        server.clear_requests();
        let fault = server.fault(on(verb).status(418));
        assert_eq!(send(&server.url(), method, path, &[], "{}").await.code, 418, "{method} {path}");
        fault.remove();
        let [request] = &server.requests()[..] else { panic!("one request") };
        assert_eq!((request.verb, request.status), (verb, Some(418)), "{method} {path}");
    }
}

#[tokio::test]
async fn answers_are_worded_as_the_one_who_would_give_them() {
    let watch: &str = &format!("{MAPS}?watch=true&resourceVersion=1");
    let list = MAPS;
    let gone = "The resourceVersion for the provided list is too old.";
    // The path, the script, what the head has, what the body has.
    let cases: [(&str, On, &[&str], &str); 12] = [
        (list, on_any().status(429).retry_after(7), &["429", "retry-after: 7"], "\"retryAfterSeconds\":7"),
        (
            list,
            on_any().status(409).reason("AlreadyExists").message("m"),
            &["409"],
            "\"reason\":\"AlreadyExists\"",
        ),
        (
            list,
            on_any().too_many_requests(),
            &["429", "retry-after: 1\r\n", "text/plain", "x-kubernetes-pf-flowschema-uid: "],
            "Too many requests, please try again later.\n",
        ),
        (list, on_any().expired(), &["410", "application/json"], gone),
        (watch, on_any().expired(), &["410"], "too old resource version: 1 ("),
        (watch, on_any().expired_event(), &["200"], "{\"type\":\"ERROR\",\"object\":{"),
        (list, on_any().gateway_timeout(), &["504", "text/plain"], "upstream request timeout"),
        (list, on_any().html(), &["502", "text/html"], "<h1>502 Bad Gateway</h1>"),
        (list, on_any().body("application/json", ""), &["200", "content-length: 0"], ""),
        (list, on_any().body("application/json", "no JSON"), &["200", "application/json"], "no JSON"),
        (
            list,
            on_any().content_type("text/html"),
            &["200", "content-type: text/html"],
            "\"kind\":\"ConfigMapList\"",
        ),
        (
            list,
            on_any().status(503).retry_after_date(Duration::from_secs(60)),
            &["503", " gmt"],
            "ServiceUnavailable",
        ),
    ];
    for (path, script, head, body) in cases {
        let server = server().await;
        server.fault(script);
        let answer = raw_get(&server, path).await;
        for part in head {
            assert!(answer.head().contains(part), "{part}: {answer:?}");
        }
        assert!(answer.body().contains(body), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_to_those_who_write() {
    let server = server().await;
    server.fault(on_any().disk_full());
    let url = server.url();
    let answer = post(&url, MAPS, &map("a")).await;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 500,
        "message": "etcdserver: mvcc: database space exceeded",
    });
    assert_eq!((answer.code, answer.json()), (500, expected));
    assert_eq!(get(&url, &format!("{MAPS}/a")).await.code, 404);
    server.clear_faults();
    assert_eq!(post(&url, MAPS, &map("a")).await.code, 201);
}

#[tokio::test]
async fn a_connection_ends_before_in_and_after_the_head() {
    let server = server().await;
    post(&server.url(), MAPS, &map("a")).await;
    let path = format!("{MAPS}/a");
    let whole = raw_get(&server, &path).await;
    assert!(!whole.reset);
    type Case = (&'static str, On, bool, fn(&Raw) -> bool);
    let cases: [Case; 8] = [
        ("reset", on_any().reset(), true, |it| it.text.is_empty()),
        ("reset in head", on_any().reset_in_head(), true, |it| it.text == "HTTP/1.1 200"),
        ("reset after head", on_any().reset_after(0), true, |it| it.text.ends_with("\r\n\r\n")),
        ("reset in body", on_any().reset_after(20), true, |it| it.body().len() == 20),
        ("close", on_any().close(), false, |it| it.text.is_empty()),
        ("disowned", on_any().goaway_unprocessed(), false, |it| it.text.is_empty()),
        ("stream refused", on_any().refuse_stream(), false, |it| it.text.is_empty()),
        ("truncated", on_any().truncate_after(20), false, |it| {
            it.body().len() == 20 && it.head().contains("content-length: ")
        }),
    ];
    for (what, script, reset, right) in cases {
        let fault = server.fault(script);
        let got = raw_get(&server, &path).await;
        assert!(got.reset == reset && right(&got), "{what}: {got:?}");
        fault.remove();
        assert_eq!(raw_get(&server, &path).await.body(), whole.body(), "after {what}");
    }
}

#[tokio::test]
async fn goaway_is_connection_close_on_http1() {
    let server = server().await;
    server.fault(on_any().first(1).goaway());
    let url = server.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").expect("plain")).await.expect("connect");
    stream.write_all(b"GET /version HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("written");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an end in order");
    assert!(
        text.starts_with("HTTP/1.1 200 ") && text.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{text}"
    );
    assert!(text.ends_with('}'), "{text}");
}

#[tokio::test]
async fn a_length_is_not_that_of_the_body() {
    let server = server().await;
    for (length, body) in [(5, "12345"), (20, "1234567890")] {
        let fault = server.fault(on_any().body("text/plain", "1234567890").content_length(length));
        let got = raw_get(&server, "/version").await;
        assert!(got.head().contains(&format!("content-length: {length}")), "{got:?}");
        assert_eq!((got.body(), got.reset), (body, false));
        fault.remove();
    }
}

#[tokio::test]
async fn a_request_can_be_carried_out_though_its_answer_is_lost() {
    let server = server().await;
    let url = server.url();
    let path = format!("{MAPS}/a");
    server.fault(on(Verb::Create).first(1).reset());
    assert!(raw(&server, "POST", MAPS, &map("a").to_string()).await.reset);
    assert_eq!(get(&url, &path).await.code, 404, "not carried out");
    server.fault(on(Verb::Create).first(1).after_processing().reset());
    assert!(raw(&server, "POST", MAPS, &map("a").to_string()).await.reset);
    assert_eq!(get(&url, &path).await.code, 200, "carried out");
    server.fault(on(Verb::Delete).after_processing().status(504));
    assert_eq!(send(&url, "DELETE", &path, &[], "").await.code, 504);
    assert_eq!(get(&url, &path).await.code, 404, "deleted");
}

#[tokio::test]
async fn what_is_held_waits_for_its_release() {
    let server = server().await;
    let fault = server.fault(on(Verb::Create).hold());
    let url = server.url();
    let creating = tokio::spawn(async move { post(&url, MAPS, &map("a")).await.code });
    fault.wait_until_fired(1).await;
    assert_eq!(get(&server.url(), &format!("{MAPS}/a")).await.code, 404, "it waits outside");
    assert!(!creating.is_finished());
    fault.release();
    assert_eq!(creating.await.expect("no panic"), 201);
}

#[tokio::test]
async fn removing_a_fault_lets_go_what_it_holds() {
    let server = server().await;
    let fault = server.fault(on_any().hold());
    let url = server.url();
    let asking = tokio::spawn(async move { get(&url, "/version").await.code });
    fault.wait_until_fired(1).await;
    fault.remove();
    assert_eq!(asking.await.expect("no panic"), 200);
    assert_eq!(get(&server.url(), "/version").await.code, 200);
    assert_eq!(fault.fired(), 1);
}

#[tokio::test]
async fn a_body_stalls_in_the_middle_until_it_is_released() {
    let server = server().await;
    let fault = server.fault(on_any().stall_after(10));
    let url = server.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").expect("plain")).await.expect("connect");
    stream
        .write_all(b"GET /version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .expect("written");
    let mut got = Vec::new();
    while !got.windows(4).any(|it| it == b"\r\n\r\n") {
        stream.read_buf(&mut got).await.expect("more");
    }
    let head = got.windows(4).position(|it| it == b"\r\n\r\n").expect("a head") + 4;
    while got.len() < head + 10 {
        stream.read_buf(&mut got).await.expect("more");
    }
    assert_eq!(got.len(), head + 10);
    fault.release();
    stream.read_to_end(&mut got).await.expect("the rest");
    let body: Value = serde_json::from_slice(&got[head..]).expect("all of it");
    assert_eq!(body["major"], "1");
}

#[tokio::test]
async fn a_body_comes_in_pieces_and_slowly() {
    let server = server().await;
    let whole = raw_get(&server, "/version").await;
    let fault = server.fault(on_any().pieces_of(7));
    let url = server.url();
    let mut stream = TcpStream::connect(url.strip_prefix("http://").expect("plain")).await.expect("connect");
    stream
        .write_all(b"GET /version HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .expect("written");
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await.expect("all of it");
    assert!(String::from_utf8(got).expect("text").ends_with(whole.body()));
    fault.remove();

    let rate = 4 * whole.body().len() as u64;
    server.fault(on_any().bytes_per_second(rate));
    let began = std::time::Instant::now();
    assert_eq!(raw_get(&server, "/version").await.body(), whole.body());
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(240), "a quarter of a second at least: {took:?}");
}

#[tokio::test]
async fn a_delay_takes_its_time() {
    let server = server().await;
    server.fault(on_any().delay(Duration::from_millis(50)).status(418));
    let began = std::time::Instant::now();
    assert_eq!(get(&server.url(), "/version").await.code, 418);
    assert!(began.elapsed() >= Duration::from_millis(50));
}

/// Types and names of events to the end of the watch.
async fn all(mut events: Events) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        all.push(events.next_short().await);
        if all.last().is_some_and(|it| it == "end") {
            return all;
        }
    }
}

#[tokio::test]
async fn a_watch_ends_expires_or_falls_silent_after_so_many_events() {
    let server = server().await;
    let url = server.url();
    for name in ["a", "b", "c"] {
        post(&url, MAPS, &map(name)).await;
    }
    let path = format!("{MAPS}?watch=true&resourceVersion=0&timeoutSeconds=1");
    let cases = [
        (on(Verb::Watch).end_after_events(0), vec!["end"]),
        (on(Verb::Watch).end_after_events(2), vec!["ADDED a", "ADDED b", "end"]),
        (on(Verb::Watch).expire_after_events(1), vec!["ADDED a", "ERROR ", "end"]),
        (on(Verb::Watch).expired_event(), vec!["ERROR ", "end"]),
    ];
    for (script, expected) in cases {
        let fault = server.fault(script);
        assert_eq!(all(Events::open(&url, &path).await).await, expected);
        fault.remove();
    }
    let fault = server.fault(on(Verb::Watch).stall_after_events(2));
    let mut events = Events::open(&url, &path).await;
    assert_eq!(events.next_short().await, "ADDED a");
    assert_eq!(events.next_short().await, "ADDED b");
    let third = tokio::time::timeout(Duration::from_millis(30), events.next_short()).await;
    assert!(third.is_err(), "{third:?}");
    fault.release();
    assert_eq!(events.next_short().await, "ADDED c");
}

#[tokio::test]
async fn bookmarks_are_lost_but_for_the_one_that_ends_the_beginning() {
    let server =
        TestServer::builder().bookmark_interval(Duration::from_millis(20)).start().await.expect("a server");
    let url = server.url();
    post(&url, MAPS, &map("a")).await;
    let path = format!(
        "{MAPS}?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    );
    let mut events = Events::open(&url, &path).await;
    assert_eq!(events.next_short().await, "ADDED a");
    for _ in 0..3 {
        assert_eq!(events.next_short().await, "BOOKMARK ");
    }
    server.fault(on(Verb::Watch).drop_bookmarks());
    let path = format!("{path}&timeoutSeconds=1");
    assert_eq!(all(Events::open(&url, &path).await).await, ["ADDED a", "BOOKMARK ", "end"]);
}

#[tokio::test]
async fn what_was_asked_can_be_found_counted_awaited_and_forgotten() {
    let server = TestServer::builder().request_limits(3, 4).start().await.expect("a server");
    let url = server.url();
    let waiting = async { server.wait_for(on(Verb::Get).resource("configmaps").nth(2)).await };
    let asking = async {
        for name in ["a", "b", "c", "d"] {
            send(&url, "GET", &format!("{MAPS}/{name}?x=1"), &[], "123456").await;
        }
    };
    let (second, ()) = tokio::join!(waiting, asking);
    assert_eq!(second.name, "b");
    let kept: Vec<String> = server.requests().iter().map(ToString::to_string).collect();
    assert_eq!(kept, ["b", "c", "d"].map(|it| format!("GET {MAPS}/{it}?x=1 404")));
    assert_eq!(server.requests()[0].body, b"1234");
    assert_eq!(server.requests_of(&on(Verb::Get).name("c")).len(), 1);
    assert_eq!(server.requests_of(&on(Verb::List)).len(), 0);
    server.clear_requests();
    assert!(server.requests().is_empty());
    get(&url, "/version").await;
    assert_eq!(server.wait_for(on_any()).await.path, "/version");
}

#[tokio::test]
async fn what_was_asked_takes_no_more_than_its_share_of_memory() {
    let server =
        TestServer::builder().request_limits(usize::MAX, usize::MAX).start().await.expect("a server");
    let large = "x".repeat(3 * 1024 * 1024);
    for _ in 0..25 {
        send(&server.url(), "GET", "/version", &[], &large).await;
    }
    assert_eq!(server.requests().len(), 21, "64 MiB");
}
