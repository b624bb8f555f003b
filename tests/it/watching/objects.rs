//! W9, W11, W12, W13: events that cannot be read, that are very long, that come in very small pieces, or that nobody knows.

use clientset::core::v1::ConfigMap;
use clientset_testserver::{Verb, on};
use serde_json::json;

use super::follower::{Follower, asked, watches};
use crate::faults::proxy::Network;
use crate::faults::rig::{Http, Rig, map};

/// An event as a line.
fn line(kind: &str, object: serde_json::Value) -> String {
    json!({"type": kind, "object": object}).to_string() + "\n"
}

/// The bookmark that ends the initial events.
fn end(version: u64) -> String {
    let annotations = json!({"k8s.io/initial-events-end": "true"});
    let metadata = json!({"resourceVersion": version.to_string(), "annotations": annotations});
    line("BOOKMARK", json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}))
}

fn object(name: &str, version: u64, data: serde_json::Value) -> serde_json::Value {
    let metadata =
        json!({"name": name, "namespace": "default", "uid": "u", "resourceVersion": version.to_string()});
    json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data})
}

#[tokio::test]
async fn w9_an_object_that_cannot_be_read_is_told_by_name_and_the_watch_goes_on_after_it() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        rig.direct().core_v1().config_maps("default").create(&map("a", "1")).await.expect("it is made");
        let version = rig.server.resource_version();
        let other = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "pod", "resourceVersion": version.to_string()}});
        let lines = [
            line("ADDED", object("good", version - 3, json!({"a": "b"}))),
            line("ADDED", object("odd", version - 2, json!("a text"))),
            end(version - 1),
            line("MODIFIED", object("odd", version - 1, json!([1, 2]))),
            line("ADDED", other),
        ];
        rig.server.clear_requests();
        rig.server.fault(watches().nth(1).body("application/json", lines.concat()));
        let mut follower = Follower::of(&rig);
        follower.until("second watch", |it| it.watch.status().watches == 2).await;
        let expected = [
            "started",
            "listed default/good",
            "unreadable odd",
            "complete",
            "unreadable odd",
            "unreadable pod",
        ];
        assert_eq!(follower.log, expected, "{http:?}");
        assert_eq!(
            asked(&rig.server)[1],
            format!("watch=true&resourceVersion={version}"),
            "the version advances"
        );
        rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
        follower.until("next", |it| it.known.contains_key("default/d")).await;
        assert_eq!((follower.watch.status().unreadable, follower.errors.len()), (3, 0));
    }
}

#[tokio::test]
async fn w9_one_object_of_a_list_that_cannot_be_read_does_not_hide_the_others() {
    let rig = Rig::new(Http::One).await;
    let version = rig.server.resource_version();
    let items = [object("good", version, json!({"a": "b"})), object("odd", version, json!(["text"]))];
    let list = json!({
        "kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": version.to_string()}, "items": items,
    });
    rig.server.fault(on(Verb::List).resource("configmaps").nth(1).body("application/json", list.to_string()));
    let watch = rig.client().core_v1().config_maps("default").watch().resuming().by_pages();
    let mut follower = Follower::new(watch);
    follower.until_complete().await;
    assert_eq!(follower.log, ["started", "listed default/good", "unreadable odd", "complete"]);
}

#[tokio::test]
async fn w11_an_event_of_a_mebibyte_arrives_whole_in_whatever_pieces_it_comes() {
    for (http, piece) in [(Http::One, 1399), (Http::One, 65_537), (Http::Two, 1399), (Http::Two, 65_537)] {
        let rig = Rig::new(http).await;
        rig.proxy.coming(Network::Pieces(piece));
        let watch = rig.client().core_v1().config_maps("default").watch().resuming();
        let mut follower = Follower::new(watch);
        follower.until_complete().await;
        let data: String = (0..1_000_000u32).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
        let large: ConfigMap = map("large", &data);
        rig.direct().core_v1().config_maps("default").create(&large).await.expect("it is made");
        let event = loop {
            let event = follower.watch.next().await.expect("it does not end").expect("nobody has to act");
            if let Some(object) =
                event.into_object().filter(|it| it.metadata.name.as_deref() == Some("large"))
            {
                break object;
            }
        };
        assert!(event.data == large.data, "{http:?}, {piece}");
        assert_eq!(follower.watch.status().failures, 0);
    }
}

#[tokio::test]
async fn w12_an_event_above_the_cap_is_a_typed_error_and_the_state_is_listed_in_pages() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        rig.direct().core_v1().config_maps("default").create(&map("a", "1")).await.expect("it is made");
        let version = rig.server.resource_version();
        let huge = line("MODIFIED", object("huge", version, json!({"a": "x".repeat(17 << 20)})));
        rig.server.clear_requests();
        rig.server.fault(watches().nth(1).body("application/json", end(version - 1) + &huge));
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let record = told.clone();
        let watch = rig.client().core_v1().config_maps("default").watch().resuming().on_error(move |error| {
            record.lock().expect("no test has failed").push((error.is_body_too_large(), error.to_string()));
        });
        let mut follower = Follower::new(watch);
        follower.until("second list", |it| it.watch.status().lists == 2).await;
        follower.until_equal(&rig).await;
        let told = told.lock().expect("no test has failed");
        assert!(told[0].0 && told[0].1.contains("longer than 16777216 bytes"), "{http:?}: {told:?}");
        assert!(asked(&rig.server)[1].starts_with("resourceVersion="), "by a list: {:?}", asked(&rig.server));
    }
}

#[tokio::test]
async fn w13_an_event_of_an_unknown_type_is_passed_over() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let version = rig.server.resource_version();
        let lines = [
            end(version),
            line("PARTED", object("a", version, json!({}))),
            line("", json!(null)),
            line("ADDED", object("b", version, json!({}))),
        ];
        rig.server.fault(watches().nth(1).body("application/json", lines.concat()));
        let mut follower = Follower::of(&rig);
        follower.until("second watch", |it| it.watch.status().watches == 2).await;
        assert_eq!(follower.log, ["started", "complete", "applied default/b"], "{http:?}");
        assert_eq!(follower.watch.status().failures, 0);
    }
}
