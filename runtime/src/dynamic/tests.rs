//! Objects of any kind: what they keep, what they say of themselves, and how verbs work on them.

use serde_json::json;

use super::*;
use crate::codec::from_str;
use crate::testing::{Reply, Server, Widget};
use crate::wire::List;
use crate::{Patch, WatchEvent};

fn info(namespaced: bool) -> ResourceInfo {
    ResourceInfo {
        group: "example.com".into(),
        version: "v1".into(),
        kind: "Widget".into(),
        plural: "widgets".into(),
        namespaced,
    }
}

fn object(json: &str) -> DynamicObject {
    DynamicObject::from_json(json).unwrap()
}

#[test]
fn what_is_read_is_written_again() {
    for text in [
        r#"{"apiVersion":"v1","kind":"X"}"#,
        r#"{"a":[],"b":{},"c":[1,[2,{"d":null}],"e"],"f":-0.5,"g":18446744073709551615,"h":-9223372036854775808}"#,
        r#"{"metadata":{"labels":{"a":"b"},"name":"ü\n\u0001\""},"x":true,"y":false,"z":null}"#,
        "{}",
    ] {
        assert_eq!(object(text).to_json(), text);
    }
}

#[test]
fn of_a_name_that_stands_twice_the_last_wins() {
    let read = object(r#"{"kind":"A","a":{"x":1,"x":{"y":2}},"kind":"B","a":{"x":3,"x":4}}"#);
    assert_eq!((read.kind(), read.get("/a").unwrap()), ("B", Some(json!({"x": 4}))));
}

#[test]
fn numbers_beyond_what_is_kept_become_floats_or_errors() {
    if serde_json::from_str::<serde_json::Number>("18446744073709551616").unwrap().to_string().len() == 20 {
        return; // Another crate of this build has switched `arbitrary_precision` on: all digits stay.
    }
    assert_eq!(object(r#"{"a":18446744073709551616}"#).to_json(), r#"{"a":1.8446744073709552e+19}"#);
    assert!(DynamicObject::from_json(r#"{"a":1e400}"#).unwrap_err().is_decode());
}

#[test]
fn what_is_no_object_is_refused() {
    let deep = format!("{}{}", r#"{"a":"#.repeat(300), "1".to_owned() + &"}".repeat(300));
    let fits = format!("{}{}", r#"{"a":"#.repeat(256), "1".to_owned() + &"}".repeat(256));
    assert_eq!(object(&fits).to_json(), fits);
    for text in ["", "[]", "1", "\"x\"", "{", r#"{"apiVersion":1}"#, r#"{"kind":{}}"#, "{} {}", &deep] {
        let error = DynamicObject::from_json(text).unwrap_err();
        assert!(error.is_decode(), "{text}: {error}");
    }
}

#[test]
fn yaml_is_read_as_json_is() {
    let read = DynamicObject::from_yaml(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: [1, 2.5, yes]}\n",
    );
    let read = read.unwrap();
    assert_eq!(read.metadata().name(), Some("a"));
    assert_eq!(read.get::<f64>("/data/x/1").unwrap(), Some(2.5));
    for text in ["", "- a", "kind: 1", "a: b\n---\nc: d", "a: [", "\tx"] {
        let error = DynamicObject::from_yaml(text).unwrap_err();
        assert!(error.is_decode(), "{text}: {error}");
    }
}

#[test]
fn members_are_got_set_and_removed_by_pointer() {
    let mut object = DynamicObject::new("v1", "X");
    object.set("/spec/replicas", 3).unwrap();
    object.set("/metadata/labels/a~1b", "c").unwrap();
    object.set("/metadata/finalizers/-", "f").unwrap();
    object.set("/metadata/finalizers/-", "g").unwrap();
    assert_eq!(object.metadata().label("a/b"), Some("c"));
    assert_eq!(object.metadata().finalizers(), ["f", "g"]);
    assert_eq!(object.get::<u8>("/spec/replicas").unwrap(), Some(3));
    assert!(object.has("/spec") && object.remove("/spec/replicas") && !object.has("/spec/replicas"));
    assert!(object.remove("/metadata") && object.metadata().finalizers().is_empty());
    assert_eq!(
        object.get::<serde_json::Value>("").unwrap(),
        Some(json!({"apiVersion": "v1", "kind": "X", "spec": {}}))
    );
    assert!(object.set("", 1).unwrap_err().is_request());
    assert!(object.set("/kind/x", 1).unwrap_err().is_request());
    object.set("", json!({"kind": "Y"})).unwrap();
    assert_eq!((object.kind(), object.api_version()), ("Y", ""));
}

#[test]
fn metadata_of_any_shape_is_read_and_written() {
    let text = r#"{"metadata":{"name":"a","namespace":"n","generateName":"g-","uid":"u","resourceVersion":"7","generation":2,"creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":null,"labels":{"l":"1","bad":2},"annotations":{"x":"y"},"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"i","controller":true},5]}}"#;
    let mut read = object(text);
    {
        let metadata = read.metadata();
        assert_eq!(
            (
                metadata.name(),
                metadata.namespace(),
                metadata.generate_name(),
                metadata.uid(),
                metadata.resource_version()
            ),
            (Some("a"), Some("n"), Some("g-"), Some("u"), Some("7"))
        );
        assert_eq!(metadata.generation(), Some(2));
        assert_eq!(metadata.creation_timestamp().unwrap().unix_seconds(), 1_767_323_045);
        assert!(metadata.deletion_timestamp().is_none());
        assert_eq!(metadata.labels().collect::<Vec<_>>(), [("l", "1")]);
        assert_eq!(metadata.annotation("x"), Some("y"));
        assert!(metadata.owners()[0].controller && metadata.owners()[0].name == "o");
    }
    read.metadata_mut().set_resource_version(None);
    read.metadata_mut().set_name(Some("b".into()));
    assert_eq!(read.text("/metadata/name"), Some("b"));
    assert!(!read.has("/metadata/resourceVersion"));
    for odd in [
        r#"{"metadata":5}"#,
        r#"{"metadata":{"name":5,"labels":[],"finalizers":{},"creationTimestamp":"x","ownerReferences":1}}"#,
    ] {
        let mut odd = object(odd);
        let metadata = odd.metadata();
        assert_eq!((metadata.name(), metadata.labels().count(), metadata.finalizers().len()), (None, 0, 0));
        assert!(metadata.owners().is_empty() && metadata.creation_timestamp().is_none());
        odd.metadata_mut().set_name(None);
        odd.metadata_mut().clear_managed_fields();
        odd.metadata_mut().set_namespace(Some("n".into()));
        assert_eq!(odd.metadata().namespace(), Some("n"));
    }
}

#[test]
fn items_of_a_list_learn_their_kind_from_it() {
    let list: List<DynamicObject> = from_str(
        r#"{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{},"items":[{"metadata":{"name":"a"}},{"apiVersion":"v2","kind":"Other"}]}"#,
    )
    .unwrap();
    assert_eq!((list.items[0].api_version(), list.items[0].kind()), ("example.com/v1", "Widget"));
    assert_eq!((list.items[1].api_version(), list.items[1].kind()), ("v2", "Other"));
    let mixed: List<DynamicObject> = from_str(r#"{"apiVersion":"v1","kind":"List","items":[{}]}"#).unwrap();
    assert!(!mixed.items[0].has("/kind"));
}

#[test]
fn typed_and_dynamic_are_turned_into_one_another() {
    let text = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"new":1,"size":3}}"#;
    let dynamic = object(text);
    let typed: Widget = dynamic.to_typed().unwrap();
    assert_eq!(typed.spec.as_ref().unwrap().size, 3);
    assert_eq!(DynamicObject::from_typed(&typed).unwrap(), dynamic);
    let error = object(r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}"#)
        .to_typed::<Widget>()
        .unwrap_err();
    assert!(error.is_decode() && error.to_string().contains("Widget"), "{error}");
    assert!(DynamicObject::from_typed(&5i32).unwrap_err().is_request());
}

#[test]
fn nothing_of_the_content_is_shown() {
    let mut secret = object(
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"n"},"data":{"p":"canary"}}"#,
    );
    let mut shown = format!("{secret:?} {:?}", codec::DebugValue(&secret));
    for error in [
        secret.get::<i32>("/data/p").unwrap_err(),
        secret.get::<Vec<u8>>("/data").unwrap_err(),
        secret.set("/data/p/x", "canary").unwrap_err(),
        secret.to_typed::<Widget>().unwrap_err(),
    ] {
        shown.push_str(&format!("{error} {error:?}"));
    }
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.starts_with(r#"Secret "n/a""#), "{shown}");
    assert!(shown.contains("expected i32"), "{shown}");
}

#[test]
fn serde_goes_both_ways() {
    let text = r#"{"apiVersion":"v1","kind":"X","n":[1,-2,2.5]}"#;
    let read: DynamicObject = serde_json::from_str(text).unwrap();
    assert_eq!(read, object(text));
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

#[tokio::test]
async fn every_verb_works_on_objects_of_any_kind() {
    let one = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a","resourceVersion":"1"},"spec":{"x":1}}"#;
    let list = r#"{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{},"items":[{"metadata":{"name":"a"}}]}"#;
    let event = format!("{{\"type\":\"ADDED\",\"object\":{one}}}\n");
    let mut replies: Vec<Reply> = (0..6).map(|_| Reply::new(200, one)).collect();
    replies.extend([
        Reply::new(200, list),
        Reply::chunked(&[&event]),
        Reply::new(200, one),
        Reply::new(200, one),
        Reply::new(200, r#"{"kind":"Status","apiVersion":"v1","status":"Success"}"#),
    ]);
    let server = Server::start(replies).await;
    let widgets = server.client().dynamic_namespaced(info(true), "default");
    let mut read = widgets.get("a").await.unwrap();
    widgets.create(&read).await.unwrap();
    read.set("/spec/x", 2).unwrap();
    widgets.update(&read).await.unwrap();
    widgets.patch("a", &Patch::merge(&json!({})).unwrap()).await.unwrap();
    read.metadata_mut().set_resource_version(None);
    widgets.apply("a", &read).field_manager("me").await.unwrap();
    let scale: DynamicObject = widgets.get_subresource("a", "scale").await.unwrap();
    assert_eq!(scale.kind(), "Widget");
    let all = server.client().dynamic(info(true)).list().await.unwrap();
    assert_eq!(all.items[0].kind(), "Widget");
    let mut watch = widgets.watch().await.unwrap();
    assert!(
        matches!(watch.next().await, Some(Ok(WatchEvent::Added(object))) if object.text("/metadata/name") == Some("a"))
    );
    widgets.edit("a", |object| object.set("/spec/y", 1).unwrap()).await.unwrap();
    widgets.delete("a").await.unwrap();
    let seen = server.seen();
    let path = "/apis/example.com/v1/namespaces/default/widgets";
    assert_eq!(
        server.lines(),
        [
            format!("GET {path}/a"),
            format!("POST {path}"),
            format!("PUT {path}/a"),
            format!("PATCH {path}/a"),
            format!("PATCH {path}/a?fieldManager=me&force=false"),
            format!("GET {path}/a/scale"),
            "GET /apis/example.com/v1/widgets".to_owned(),
            format!("GET {path}?watch=true"),
            format!("GET {path}/a"),
            format!("PATCH {path}/a"),
            format!("DELETE {path}/a"),
        ]
    );
    assert_eq!(seen[2].body, one.replace(r#""x":1"#, r#""x":2"#));
    assert_eq!(
        seen[9].body,
        r#"[{"op":"replace","path":"/metadata/resourceVersion","value":"1"},{"op":"add","path":"/spec/y","value":1}]"#
    );
}

#[tokio::test]
async fn objects_of_the_wrong_place_are_refused() {
    let server = Server::start([]).await;
    let widgets = server.client().dynamic_namespaced(info(true), "default");
    let elsewhere = object(r#"{"metadata":{"name":"a","namespace":"other"}}"#);
    assert!(widgets.create(&elsewhere).await.unwrap_err().is_request());
    assert!(widgets.update(&DynamicObject::default()).await.unwrap_err().is_request());
    assert!(server.client().dynamic(info(true)).get("a").await.unwrap_err().is_request());
    assert!(server.client().dynamic_namespaced(info(false), "x").get("a").await.unwrap_err().is_request());
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn metadata_alone_can_be_asked_for() {
    let one = r#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"a"}}"#;
    let list = r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[{"metadata":{"name":"a"}}]}"#;
    let event = format!("{{\"type\":\"ADDED\",\"object\":{one}}}\n");
    let replies = [
        Reply::new(200, one),
        Reply::new(200, list),
        Reply::chunked(&[&event]),
        Reply::new(200, one),
        Reply::new(200, one),
    ];
    let server = Server::start(replies).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default").metadata_only().clone();
    assert_eq!(widgets.get("a").await.unwrap().metadata().name(), Some("a"));
    assert_eq!(widgets.list().await.unwrap().items[0].kind(), "PartialObjectMetadata");
    assert!(matches!(widgets.watch().await.unwrap().next().await, Some(Ok(WatchEvent::Added(_)))));
    widgets.patch("a", &Patch::merge(&json!({})).unwrap()).await.unwrap();
    widgets.delete("a").await.unwrap();
    let accepts: Vec<String> =
        server.seen().iter().map(|seen| seen.header("accept").unwrap().to_owned()).collect();
    let form = |kind: &str| format!("application/json;as={kind};g=meta.k8s.io;v=v1");
    let one = form("PartialObjectMetadata");
    assert_eq!(accepts, [one.clone(), form("PartialObjectMetadataList"), one.clone(), one.clone(), one]);
}
