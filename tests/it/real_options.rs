//! Options of the verbs on a real kube-apiserver: generated names, field managers, propagation, bookmarks, initial events,
//! selectors and versions.

use clientset::core::v1::ConfigMap;
use clientset::meta::v1::ObjectMeta;
use clientset::{Deleted, Map, Patch, PropagationPolicy, ResourceVersionMatch, ResultExt, WatchEvent};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::harness::{named, sandbox};

fn config_map(name: &str) -> ConfigMap {
    ConfigMap { metadata: named(name), ..Default::default() }
}

#[tokio::test]
async fn the_server_completes_a_generated_name() {
    let sandbox = sandbox!("generate-name");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let metadata = ObjectMeta { generate_name: Some("made-".into()), ..Default::default() };
    let map = ConfigMap { metadata, ..Default::default() };
    let names = [maps.create(&map).await.unwrap(), maps.create(&map).await.unwrap()]
        .map(|map| map.metadata.name.expect("a name"));
    assert!(names.iter().all(|name| name.starts_with("made-") && name.len() > 5), "{names:?}");
    assert_ne!(names[0], names[1]);
}

#[tokio::test]
async fn each_write_says_who_manages_its_fields() {
    let sandbox = sandbox!("managers");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let first = ConfigMap { data: Some(Map::from([("c", "1".to_owned())])), ..config_map("m") };
    maps.create(&first).field_manager("creator").await.unwrap();
    let patch = Patch::merge(&json!({"data": {"p": "1"}})).unwrap();
    maps.patch("m", &patch).field_manager("patcher").await.unwrap();
    let mut map = maps.get("m").await.unwrap();
    map.immutable = Some(false);
    maps.update(&map).field_manager("updater").await.unwrap();
    let wanted = ConfigMap { data: Some(Map::from([("a", "1".to_owned())])), ..config_map("m") };
    let after = maps.apply("m", &wanted).field_manager("applier").await.unwrap();
    let entries = after.metadata.managed_fields.unwrap();
    let mut managers: Vec<String> = entries
        .iter()
        .map(|entry| {
            let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
            format!("{} {}", text(entry.manager.as_deref()), text(entry.operation.as_deref()))
        })
        .collect();
    managers.sort();
    assert_eq!(managers, ["applier Apply", "creator Update", "patcher Update", "updater Update"]);
}

#[tokio::test]
async fn deleting_in_the_foreground_waits_for_those_that_belong_to_the_object() {
    let sandbox = sandbox!("propagation");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    for (name, policy, finalizer) in [
        ("f", PropagationPolicy::Foreground, "foregroundDeletion"),
        ("o", PropagationPolicy::Orphan, "orphan"),
    ] {
        maps.create(&config_map(name)).await.unwrap();
        match maps.delete(name).propagation_policy(policy).await.unwrap() {
            Deleted::Object(ending) => {
                assert!(ending.metadata.deletion_timestamp.is_some());
                assert_eq!(ending.metadata.finalizers.unwrap(), [finalizer]);
            }
            other => panic!("it waits, and is not gone: {other:?}"),
        }
        // Nobody collects garbage here, unless controllers run.
        maps.edit(name, |map| map.metadata.finalizers = None).await.optional().unwrap();
        assert!(maps.get(name).await.unwrap_err().is_not_found());
    }
    maps.create(&config_map("b")).await.unwrap();
    let gone = maps.delete("b").propagation_policy(PropagationPolicy::Background).await.unwrap();
    assert!(matches!(gone, Deleted::Status(_)), "a ConfigMap goes at once, and says only so: {gone:?}");
    maps.create(&config_map("d")).await.unwrap();
    maps.delete("d").dry_run().await.unwrap();
    maps.get("d").await.unwrap();
}

#[tokio::test]
async fn a_watch_can_begin_with_all_that_is_there_and_says_where_that_ends() {
    let sandbox = sandbox!("initial-events");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    for name in ["a", "b", "c"] {
        maps.create(&config_map(name)).await.unwrap();
    }
    let mut watch =
        maps.watch().send_initial_events(true).allow_bookmarks().label_selector("!none").await.unwrap();
    let mut names = Vec::new();
    let bookmark = loop {
        match watch.next().await.unwrap().unwrap() {
            WatchEvent::Added(map) => names.push(map.metadata.name.unwrap()),
            WatchEvent::Bookmark(bookmark) => break bookmark,
            other => panic!("{other:?}"),
        }
    };
    names.sort();
    names.retain(|name| name != "kube-root-ca.crt");
    assert_eq!(names, ["a", "b", "c"]);
    assert!(bookmark.initial_events_end && !bookmark.resource_version.is_empty(), "{bookmark:?}");
    // From there on, only what happens.
    maps.create(&config_map("d")).await.unwrap();
    let event = watch.next().await.unwrap().unwrap();
    assert!(
        matches!(&event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("d")),
        "{event:?}"
    );
    let mut later = maps.watch().resource_version(bookmark.resource_version).await.unwrap();
    let event = later.next().await.unwrap().unwrap();
    assert!(
        matches!(&event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("d")),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_quiet_watch_gives_bookmarks_and_ends_when_its_time_is_over() {
    let sandbox = sandbox!("bookmarks");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let start = maps.list().await.unwrap().metadata.resource_version.unwrap();
    // The server sends one two seconds before it ends the watch, if it has learned of a newer version by then. A slow server may have
    // been late: then the next watch lasts longer.
    for (number, seconds) in [4, 8, 16, 32, 64].into_iter().enumerate() {
        let watch = maps.watch().label_selector("chosen").allow_bookmarks().timeout_seconds(seconds);
        let watch = watch.resource_version(&start).await.unwrap();
        // What the watch does not choose: of it, it says nothing but the version.
        let unseen = maps.create(&config_map(&format!("unseen-{number}"))).await.unwrap();
        let events: Vec<WatchEvent<ConfigMap>> = watch.try_collect().await.unwrap();
        let mut versions = Vec::new();
        for event in events {
            match event {
                WatchEvent::Bookmark(mark) if !mark.initial_events_end => {
                    versions.push(mark.resource_version)
                }
                other => panic!("a quiet watch gives bookmarks alone: {other:?}"),
            }
        }
        let Some(last) = versions.pop() else { continue };
        let number = |version: &str| version.parse::<u64>().expect("a number");
        assert!(number(&last) >= number(&unseen.metadata.resource_version.unwrap()), "{last}");
        // Whoever goes on from there has missed nothing.
        let mut chosen = config_map("seen");
        chosen.metadata.labels = Some(Map::from([("chosen", "yes".to_owned())]));
        maps.create(&chosen).await.unwrap();
        let mut watch = maps.watch().label_selector("chosen").resource_version(last).await.unwrap();
        let event = watch.next().await.unwrap().unwrap();
        assert_eq!(event.object().unwrap().metadata.name.as_deref(), Some("seen"));
        return;
    }
    panic!("no bookmark in five watches");
}

#[tokio::test]
async fn one_object_is_watched_by_its_name() {
    let sandbox = sandbox!("watch-one");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let mut watch = maps.watch().field_selector("metadata.name=b").resource_version("0").await.unwrap();
    for name in ["a", "b"] {
        maps.create(&config_map(name)).await.unwrap();
    }
    let event = watch.next().await.unwrap().unwrap();
    assert_eq!(event.object().unwrap().metadata.name.as_deref(), Some("b"));
    maps.delete("b").await.unwrap();
    let event = watch.next().await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Deleted(_)), "{event:?}");
}

#[tokio::test]
async fn lists_are_of_the_version_that_is_asked_for() {
    let sandbox = sandbox!("versions");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let first = maps.create(&config_map("a")).await.unwrap().metadata.resource_version.unwrap();
    maps.create(&config_map("b")).await.unwrap();
    let old = maps.list().resource_version(&first).resource_version_match(ResourceVersionMatch::Exact);
    let names: Vec<String> =
        old.await.unwrap().items.into_iter().filter_map(|map| map.metadata.name).collect();
    assert!(names.contains(&"a".to_owned()) && !names.contains(&"b".to_owned()), "{names:?}");
    let error = maps.list().resource_version_match(ResourceVersionMatch::Exact).await.unwrap_err();
    assert!(error.is_request() || error.is_invalid() || error.is_bad_request(), "{error}");
    let raw = maps.list().limit(1).raw().await.unwrap();
    assert!(raw.contains("\"continue\""), "{raw}");
}
