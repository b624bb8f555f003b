//! What could change the path of a request is refused before anything is sent: names, namespaces, subresources.
//!
//! The server here is a socket that nobody may connect to.

use std::net::TcpListener;

use clientset::core::v1::{ConfigMap, Pod};
use clientset::{Api, Clientset, Config, Error, Patch};
use serde_json::json;

use crate::harness::named;

/// Segments that are no plain name, each in its own way.
const BAD: &[&str] = &[
    "",
    ".",
    "..",
    "a/b",
    "/",
    "../secrets/x",
    "a/../../b",
    "%2e%2e",
    "a%2Fb",
    "%",
    "a?b",
    "?watch=1",
    "a#b",
    "#",
    "a\0b",
    "a\nb",
    "a\r\nHost: b",
    "a\tb",
    "\u{7f}",
    "\u{85}",
];

fn refused(error: &Error, segment: &str) {
    assert!(error.is_request(), "{segment:?}: {error}");
    assert_eq!(error.http_status(), None, "{segment:?}: {error}");
    let text = error.to_string();
    assert!(!text.contains(['\0', '\n', '\r']), "the error itself is one line: {text:?}");
}

#[tokio::test]
async fn what_could_change_the_path_is_refused_before_anything_is_sent() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let server = format!("http://{}", socket.local_addr().unwrap());
    let client = Clientset::new(Config::new(server)).unwrap();
    let maps = client.core_v1().config_maps("default");
    let api: Api<Pod> = Api::namespaced(client.client(), "default");
    let patch = Patch::merge(&json!({})).unwrap();
    for segment in BAD {
        let object = ConfigMap { metadata: named(segment), ..Default::default() };
        refused(&maps.get(*segment).await.unwrap_err(), segment);
        refused(&maps.update(&object).await.unwrap_err(), segment);
        refused(&maps.patch(*segment, &patch).await.unwrap_err(), segment);
        refused(&maps.apply(*segment, &object).field_manager("it").await.unwrap_err(), segment);
        refused(&maps.edit(*segment, |_| ()).await.unwrap_err(), segment);
        refused(&maps.delete(*segment).await.unwrap_err(), segment);

        let elsewhere = client.core_v1().config_maps(*segment);
        refused(&elsewhere.get("m").await.unwrap_err(), segment);
        refused(&elsewhere.list().await.unwrap_err(), segment);
        refused(&elsewhere.watch().await.unwrap_err(), segment);
        let plain = ConfigMap { metadata: named("m"), ..Default::default() };
        refused(&elsewhere.create(&plain).await.unwrap_err(), segment);
        refused(&elsewhere.delete_collection().await.unwrap_err(), segment);

        let below = (*segment).to_owned();
        refused(&api.get_subresource::<Pod>("p", below.clone()).await.unwrap_err(), segment);
        refused(&api.proxy("p", below.clone()).url().unwrap_err(), segment);
        refused(&api.exec("p", below, ["true"]).start().await.unwrap_err(), segment);
        refused(&api.logs(*segment).await.unwrap_err(), segment);
        refused(&api.proxy(*segment, "proxy").url().unwrap_err(), segment);
        refused(&api.exec(*segment, "exec", ["true"]).start().await.unwrap_err(), segment);
        refused(&api.attach(*segment, "attach").start().await.unwrap_err(), segment);
        refused(&api.port_forward(*segment, "portforward", 80).connect().await.unwrap_err(), segment);
    }
    let refusal = socket.accept().unwrap_err();
    assert_eq!(refusal.kind(), std::io::ErrorKind::WouldBlock, "somebody connected");
}

#[tokio::test]
async fn names_that_are_unusual_and_legal_go_through_escaped() {
    let client = Clientset::new(Config::new("https://203.0.113.7:6443")).unwrap();
    let pods: Api<Pod> = Api::namespaced(client.client(), "default");
    for (name, wanted) in
        [("https:a:443", "https:a:443"), ("a b", "a%20b"), ("ä", "%C3%A4"), ("a..b", "a..b")]
    {
        let url = pods.proxy(name, "proxy").url().unwrap();
        assert!(url.ends_with(&format!("/pods/{wanted}/proxy")), "{url}");
    }
}
