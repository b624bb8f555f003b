//! A server that goes away, comes back, goes back in time, and ends; and the clock that it goes by.

mod support;

use std::time::{Duration, SystemTime};

use clientset_testserver::{Clock, TestServer, on_any};
use serde_json::{Value, json};
use support::{Events, get, post, send};
use tokio::net::{TcpListener, TcpStream};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn server() -> TestServer {
    TestServer::start().await.expect("a server")
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

fn version(object: &Value) -> u64 {
    let text = object["metadata"]["resourceVersion"].as_str().expect("a version");
    text.parse().expect("a number")
}

async fn names(url: &str) -> Vec<String> {
    let list = get(url, MAPS).await.json();
    let items = list["items"].as_array().expect("items");
    items
        .iter()
        .filter_map(|it| it["metadata"]["name"].as_str())
        .filter(|it| *it != "kube-root-ca.crt")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_with_everything() {
    let server = server().await;
    let url = server.url();
    let address = url.strip_prefix("http://").expect("plain").to_owned();
    let made = post(&url, MAPS, &map("a")).await.json();
    let mut watch =
        Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={}", version(&made))).await;
    server.take_down().await.expect("down");
    assert!(watch.is_cut_off().await);
    for _ in 0..3 {
        let refused = TcpStream::connect(&address).await.expect_err("refused");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    }
    assert!(TcpListener::bind(&address).await.is_err(), "the port is nobody else's");
    server.take_down().await.expect("still down");
    server.bring_up().await.expect("up");
    server.bring_up().await.expect("still up");
    assert_eq!(get(&url, &format!("{MAPS}/a")).await.json(), made);
}

#[tokio::test]
async fn a_restart_ends_watches_and_forgets_history() {
    let server = server().await;
    let url = server.url();
    let first = version(&post(&url, MAPS, &map("a")).await.json());
    let second = version(&post(&url, MAPS, &map("b")).await.json());
    let mut watch = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={second}")).await;
    server.restart().await.expect("restarted");
    assert!(watch.is_cut_off().await);
    assert_eq!(names(&url).await, ["a", "b"]);
    let mut old = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={first}")).await;
    assert_eq!(old.next().await.expect("an event")["object"]["code"], 410);
    let newest = server.resource_version();
    let mut new = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={newest}")).await;
    post(&url, MAPS, &map("c")).await;
    assert_eq!(new.next_short().await, "ADDED c");
}

#[tokio::test]
async fn what_is_older_than_the_first_version_is_gone() {
    let first = 1_700_000_000_000;
    let server = TestServer::builder().first_resource_version(first).start().await.expect("a server");
    let url = server.url();
    // A collection with objects, and one that nobody has written to.
    for path in [MAPS, "/api/v1/namespaces/default/secrets", "/apis/apps/v1/deployments"] {
        let mut old = Events::open(&url, &format!("{path}?watch=true&resourceVersion=9")).await;
        assert_eq!(old.next().await.expect("an event")["object"]["code"], 410, "{path}");
    }
    let made = version(&post(&url, MAPS, &map("a")).await.json());
    assert!(made > first && made == server.resource_version());
    let mut new = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={made}")).await;
    post(&url, MAPS, &map("b")).await;
    assert_eq!(new.next_short().await, "ADDED b");
}

#[tokio::test]
async fn connections_can_be_cut_without_more() {
    let server = server().await;
    let url = server.url();
    let newest = server.resource_version();
    let path = format!("{MAPS}?watch=true&resourceVersion={newest}");
    let mut watch = Events::open(&url, &path).await;
    server.cut_connections().await.expect("cut");
    assert!(watch.is_cut_off().await);
    post(&url, MAPS, &map("a")).await;
    assert_eq!(Events::open(&url, &path).await.next_short().await, "ADDED a", "history is there");
}

#[tokio::test]
async fn a_snapshot_brings_back_objects_counter_and_custom_resources() {
    let server = server().await;
    let url = server.url();
    post(&url, MAPS, &map("a")).await;
    let before = server.snapshot();
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let crd = json!({
        "metadata": {"name": "gears.example.com"},
        "spec": {
            "group": "example.com", "names": {"plural": "gears", "kind": "Gear"}, "scope": "Cluster",
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    assert_eq!(post(&url, crds, &crd).await.code, 201);
    let gears = "/apis/example.com/v1/gears";
    let gear = json!({"apiVersion": "example.com/v1", "kind": "Gear", "metadata": {"name": "g"}});
    assert_eq!(post(&url, gears, &gear).await.code, 201);
    send(&url, "DELETE", &format!("{MAPS}/a"), &[], "").await;
    post(&url, MAPS, &map("b")).await;
    let after = server.snapshot();

    server.restore(&before).await.expect("restored");
    assert_eq!(names(&url).await, ["a"]);
    assert_eq!(get(&url, gears).await.code, 404);
    assert_eq!(server.resource_version(), before.resource_version());

    server.restore(&after).await.expect("restored");
    assert_eq!(names(&url).await, ["b"]);
    assert_eq!(get(&url, &format!("{gears}/g")).await.code, 200);

    let other = TestServer::start().await.expect("a server");
    other.restore(&after).await.expect("restored");
    assert_eq!(names(&other.url()).await, ["b"]);
    assert_eq!(get(&other.url(), &format!("{gears}/g")).await.code, 200);
}

#[tokio::test]
async fn resource_versions_go_back() {
    let server = server().await;
    let url = server.url();
    let first = version(&post(&url, MAPS, &map("a")).await.json());
    post(&url, MAPS, &map("b")).await;
    let newest = server.resource_version();
    server.rewind(first).await.expect("rewound");
    assert_eq!(names(&url).await, ["a"]);
    assert_eq!(server.resource_version(), first);
    // Who comes with a version of before has one from the future.
    let list = get(&url, &format!("{MAPS}?resourceVersion={newest}&resourceVersionMatch=Exact")).await;
    assert_ne!(list.code, 200, "{}", list.body);
    assert_eq!(version(&post(&url, MAPS, &map("c")).await.json()), first + 1, "numbers are given again");
    server.compact();
    let error = server.rewind(1).await.expect_err("forgotten");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().starts_with("resourceVersion 1 is forgotten; the newest is "), "{error}");
}

#[tokio::test]
async fn objects_are_stamped_by_the_clock_of_their_server() {
    let clock = Clock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let server = TestServer::builder().clock(&clock).start().await.expect("a server");
    let url = server.url();
    let stamp = |it: &Value| it["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
    let made = post(&url, MAPS, &map("a")).await.json();
    assert_eq!(stamp(&made), "2027-01-15T08:00:00Z");
    assert_eq!(
        made["metadata"]["managedFields"][0]["time"].as_str().unwrap_or("2027-01-15T08:00:00Z"),
        "2027-01-15T08:00:00Z"
    );
    clock.advance(Duration::from_secs(90));
    assert_eq!(stamp(&post(&url, MAPS, &map("b")).await.json()), "2027-01-15T08:01:30Z");
    assert_eq!(stamp(&get(&url, "/api/v1/namespaces/default").await.json()), "2027-01-15T08:00:00Z");
    let other = TestServer::start().await.expect("a server");
    assert_ne!(stamp(&post(&other.url(), MAPS, &map("a")).await.json())[..4], "2027"[..]);
}

/// Servers that are stopped and dropped while clients watch and wait leave no task behind and no port taken.
#[tokio::test]
async fn many_servers_end_without_a_trace() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut addresses = Vec::new();
    for round in 0..20 {
        let server = server().await;
        let url = server.url();
        addresses.push(url.replace("http://", ""));
        let mut watch = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion=0")).await;
        let held = server.fault(on_any().hold());
        let waiting = tokio::spawn({
            let url = url.clone();
            async move { TcpStream::connect(url.replace("http://", "")).await }
        });
        let stream = waiting.await.expect("no panic").expect("connected");
        stream.writable().await.expect("writable");
        stream.try_write(b"GET /version HTTP/1.1\r\nhost: a\r\n\r\n").expect("written");
        held.wait_until_fired(1).await;
        if round % 2 == 0 {
            server.stop().await;
        } else {
            drop(server);
        }
        assert!(watch.is_cut_off().await || watch.is_cut_off().await);
    }
    // A drop is carried out when the runtime gets to it.
    while tasks() > before {
        tokio::task::yield_now().await;
    }
    for address in addresses {
        assert!(TcpListener::bind(&address).await.is_ok(), "{address}");
    }
}

#[tokio::test]
async fn two_hundred_servers_stand_side_by_side() {
    let mut servers = Vec::new();
    for number in 0..200 {
        let server = server().await;
        post(&server.url(), MAPS, &map(&format!("m{number}"))).await;
        servers.push(server);
    }
    for (number, server) in servers.iter().enumerate() {
        assert_eq!(names(&server.url()).await, [format!("m{number}")]);
    }
}
