//! The verbs on a real kube-apiserver: create, get, list, watch, update, patch, apply, edit, delete.

use clientset::core::v1::{ConfigMap, Container, Pod, PodSpec};
use clientset::{Deleted, Map, Patch, ResultExt, WatchEvent};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::harness::{named, sandbox};

fn pod(name: &str) -> Pod {
    let container =
        Container { name: "main".into(), image: Some("example/none".into()), ..Default::default() };
    Pod {
        metadata: named(name),
        spec: Some(Box::new(PodSpec { containers: vec![container], ..Default::default() })),
        ..Default::default()
    }
}

fn config_map(name: &str, data: &[(&str, &str)]) -> ConfigMap {
    ConfigMap {
        metadata: named(name),
        data: Some(data.iter().map(|(key, value)| (*key, (*value).to_owned())).collect()),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_pod_is_created_read_listed_watched_and_deleted() {
    let sandbox = sandbox!("pods");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let list = pods.list().await.unwrap();
    assert!(list.items.is_empty());
    let start = list.metadata.resource_version.unwrap();

    let created = pods.create(&pod("web-0")).await.unwrap();
    assert!(created.metadata.uid.is_some() && created.metadata.creation_timestamp.is_some());
    assert!(created.unknown.is_empty(), "{:?}", created.unknown);
    assert_eq!(pods.get("web-0").await.unwrap(), created);
    assert_eq!(pods.list().await.unwrap().items.len(), 1);
    let all = sandbox.client.core_v1().all_pods();
    let selector = format!("metadata.namespace={}", sandbox.namespace);
    assert_eq!(all.list().field_selector(selector).await.unwrap().items.len(), 1);

    match pods.delete("web-0").grace_period_seconds(0).await.unwrap() {
        Deleted::Object(gone) => assert_eq!(gone.metadata.uid, created.metadata.uid),
        Deleted::Status(status) => panic!("pods answer with the object, not {status:?}"),
    }
    assert!(pods.get("web-0").await.optional().unwrap().is_none());

    let mut watch = pods.watch().resource_version(start).await.unwrap();
    let mut seen = Vec::new();
    while seen.last() != Some(&"deleted") {
        match watch.next().await.expect("the watch goes on until it is deleted").unwrap() {
            WatchEvent::Added(_) => seen.push("added"),
            WatchEvent::Modified(_) => seen.push("modified"),
            WatchEvent::Deleted(_) => seen.push("deleted"),
            _ => {}
        }
    }
    assert_eq!(seen.first(), Some(&"added"), "{seen:?}");
}

#[tokio::test]
async fn pages_are_streamed_and_every_object_comes_once() {
    let sandbox = sandbox!("pages");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    for number in 0..25 {
        maps.create(&config_map(&format!("m-{number:02}"), &[])).await.unwrap();
    }
    let first = maps.list().limit(10).await.unwrap();
    assert_eq!(first.items.len(), 10);
    assert!(first.metadata.continue_.is_some());
    let all: Vec<ConfigMap> = maps.list().limit(7).stream().try_collect().await.unwrap();
    let names: Vec<&str> = all.iter().filter_map(|map| map.metadata.name.as_deref()).collect();
    let wanted: Vec<String> = (0..25).map(|number| format!("m-{number:02}")).collect();
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn an_update_with_an_old_version_is_a_conflict_and_edit_gets_through() {
    let sandbox = sandbox!("conflict");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let first = maps.create(&config_map("m", &[("a", "1")])).await.unwrap();
    let mut second = first.clone();
    second.data.get_or_insert_default().insert("b", "2".to_owned());
    maps.update(&second).await.unwrap();
    let error = maps.update(&first).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");

    let edited =
        maps.edit("m", |map| drop(map.data.get_or_insert_default().insert("c", "3".into()))).await.unwrap();
    let keys: Vec<&str> = edited.data.as_ref().unwrap().keys().collect();
    assert_eq!(keys, ["a", "b", "c"]);
}

#[tokio::test]
async fn each_form_of_patch_does_what_it_says() {
    let sandbox = sandbox!("patch");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    maps.create(&config_map("m", &[("a", "1")])).await.unwrap();
    let json = Patch::json(&json!([{"op": "add", "path": "/data/b", "value": "2"}])).unwrap();
    let merge = Patch::merge(&json!({"data": {"a": null}})).unwrap();
    let strategic = Patch::strategic(&json!({"data": {"c": "3"}})).unwrap();
    for patch in [json, merge, strategic] {
        maps.patch("m", &patch).await.unwrap();
    }
    let data = maps.get("m").await.unwrap().data.unwrap();
    assert_eq!(data, Map::from([("b", "2".to_owned()), ("c", "3".to_owned())]));
}

#[tokio::test]
async fn apply_owns_its_fields_and_conflicts_name_the_other_manager() {
    let sandbox = sandbox!("apply");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let mine = maps.apply("m", &config_map("m", &[("a", "1")])).field_manager("one").await.unwrap();
    assert_eq!(mine.data.unwrap()["a"], "1");
    let theirs = config_map("m", &[("a", "2")]);
    let error = maps.apply("m", &theirs).field_manager("two").await.unwrap_err();
    assert!(error.is_conflict() && error.to_string().contains("one"), "{error}");
    let forced = maps.apply("m", &theirs).field_manager("two").force().await.unwrap();
    assert_eq!(forced.data.unwrap()["a"], "2");
}

#[tokio::test]
async fn a_dry_run_leaves_nothing_behind() {
    let sandbox = sandbox!("dry-run");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let answer = maps.create(&config_map("m", &[])).dry_run().await.unwrap();
    assert!(answer.metadata.uid.is_some());
    assert!(maps.get("m").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn delete_collection_takes_what_the_selector_chooses() {
    let sandbox = sandbox!("delete-collection");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    for (name, label) in [("a", "go"), ("b", "stay")] {
        let mut map = config_map(name, &[]);
        map.metadata.labels = Some(Map::from([("do", label.to_owned())]));
        maps.create(&map).await.unwrap();
    }
    maps.delete_collection().label_selector("do=go").await.unwrap();
    let left = maps.list().label_selector("do").await.unwrap();
    assert_eq!(left.items.iter().filter_map(|map| map.metadata.name.as_deref()).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn a_watch_sees_changes_as_they_happen() {
    let sandbox = sandbox!("watch");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let start = maps.list().await.unwrap().metadata.resource_version.unwrap();
    let mut watch = maps.watch().label_selector("w").resource_version(start).await.unwrap();
    let mut map = config_map("m", &[]);
    map.metadata.labels = Some(Map::from([("w", "1".to_owned())]));
    let map = maps.create(&map).await.unwrap();
    match watch.next().await.unwrap().unwrap() {
        WatchEvent::Added(seen) => assert_eq!(seen, map),
        other => panic!("{other:?}"),
    }
    maps.edit("m", |map| map.metadata.labels = None).await.unwrap();
    assert!(
        matches!(watch.next().await.unwrap().unwrap(), WatchEvent::Deleted(_)),
        "the selector chooses it no more"
    );
}
