//! What the verbs send and what they make of the answers, over real sockets where there is an answer.

mod changes;
mod golden;
mod pages;
mod streams;

use serde_json::{Value as Json, json};

use super::*;
use crate::config::Config;
use crate::testing::{Node, ObjectMeta, Reply, Server, Widget, status};
use crate::wire::Map;
use crate::{ResultExt, codec};

/// The collection that most tests ask for.
const W: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn client() -> Client {
    Client::new(Config::new("http://203.0.113.7:8080/prefix")).unwrap()
}

fn widgets() -> Api<Widget> {
    Api::namespaced(&client(), "default")
}

fn widget(name: &str) -> Widget {
    Widget {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..Default::default() },
        ..Default::default()
    }
}

/// A widget as a server has it.
fn stored(version: &str, spec: Json) -> String {
    json!({
        "apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "a", "resourceVersion": version}, "spec": spec,
    })
    .to_string()
}

#[tokio::test]
async fn nothing_is_sent_for_a_name_that_could_change_the_path() {
    let server = Server::start([]).await;
    let client = server.client();
    for bad in ["", ".", "..", "a/b", "a%2fb", "a?dryRun=All", "a#b", "a\r\nX: y"] {
        let here = Api::<Widget>::namespaced(&client, "default");
        let there = Api::<Widget>::namespaced(&client, bad);
        let bad_kind = ResourceInfo { plural: bad.to_owned().into(), ..ResourceInfo::of::<Widget>() };
        let bad_group = ResourceInfo { version: bad.to_owned().into(), ..ResourceInfo::of::<Widget>() };
        let errors = [
            here.get(bad).await.unwrap_err(),
            here.delete(bad).await.unwrap_err(),
            here.update(&widget(bad)).await.unwrap_err(),
            here.patch(bad, &Patch::merge_text("{}").unwrap()).await.unwrap_err(),
            here.apply(bad, &widget("a")).field_manager("me").await.unwrap_err(),
            here.edit(bad, |_| ()).await.unwrap_err(),
            here.logs(bad).await.unwrap_err(),
            here.get_subresource::<Widget>("a", bad.to_owned()).await.unwrap_err(),
            here.proxy("a", bad.to_owned()).await.unwrap_err(),
            there.list().await.unwrap_err(),
            there.watch().await.unwrap_err(),
            there.create(&widget("a")).await.unwrap_err(),
            there.delete_collection().await.unwrap_err(),
            Api::<Widget>::dynamic(&client, bad_kind, Some("a".into())).get("a").await.unwrap_err(),
            Api::<Widget>::dynamic(&client, bad_group, Some("a".into())).get("a").await.unwrap_err(),
        ];
        for error in errors {
            assert!(error.is_request(), "{bad:?}: {error}");
            assert!(error.to_string().contains(&server.url), "{error}");
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn places_that_make_no_sense_are_refused() {
    let client = client();
    let everywhere = Api::<Widget>::all(&client);
    assert!(everywhere.get("a").await.unwrap_err().to_string().contains("live in a namespace"));
    assert!(everywhere.create(&widget("a")).await.unwrap_err().is_request());
    assert!(everywhere.delete_collection().await.unwrap_err().is_request());
    assert!(Api::<Widget>::cluster(&client).list().await.unwrap_err().is_request());
    assert!(
        Api::<Node>::namespaced(&client, "x").list().await.unwrap_err().to_string().contains("no namespace")
    );
    let mut elsewhere = widget("a");
    elsewhere.metadata.namespace = Some("other".into());
    assert!(widgets().create(&elsewhere).await.unwrap_err().to_string().contains("\"other\""));
}

#[tokio::test]
async fn objects_come_back_as_they_are_and_not_found_can_be_none() {
    let server = Server::start([
        Reply::new(200, &stored("5", json!({"size": 3}))),
        Reply::new(404, &status(404, "NotFound")),
        Reply::new(404, &status(404, "NotFound")),
    ])
    .await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    let got = widgets.get("a").await.unwrap();
    assert_eq!((got.metadata.resource_version.as_deref(), got.spec.unwrap().size), (Some("5"), 3));
    let error = widgets.get("b").await.unwrap_err();
    assert!(error.is_not_found() && error.http_status() == Some(404));
    assert_eq!(widgets.get("b").await.optional().unwrap(), None);
    let seen = &server.seen()[0];
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert!(seen.header("user-agent").unwrap().contains("clientset/"));
}

#[tokio::test]
async fn deletions_give_the_object_or_the_status() {
    let success = r#"{"kind":"Status","apiVersion":"v1","status":"Success","details":{"name":"a"}}"#;
    let failure = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409}"#;
    let server = Server::start([
        Reply::new(200, success),
        Reply::new(200, &stored("5", json!({}))),
        Reply::new(200, failure),
        Reply::new(
            200,
            &format!(
                r#"{{"kind":"WidgetList","apiVersion":"example.com/v1","metadata":{{}},"items":[{}]}}"#,
                stored("1", json!({}))
            ),
        ),
        Reply::new(201, success),
    ])
    .await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    assert!(
        matches!(widgets.delete("a").await.unwrap(), Deleted::Status(status) if status.details.is_some())
    );
    assert!(widgets.delete("a").await.unwrap().object().is_some());
    assert!(
        widgets.delete("a").await.unwrap_err().is_conflict(),
        "a failure that travels as success is a failure"
    );
    assert_eq!(widgets.delete_collection().await.unwrap().object().unwrap().items.len(), 1);
    let evicted = widgets.create_subresource("a", "eviction", &widget("a")).await.unwrap();
    assert_eq!(evicted.metadata.name.as_deref(), Some("a"), "a bare success gives back what was sent");
}

#[test]
fn metadata_is_read_and_written_behind_dyn() {
    let mut widget: Widget = codec::from_str(
        r#"{"metadata":{"name":"a","labels":{"x":"y"},"finalizers":["f"],"managedFields":[{}],
            "ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"u","controller":true}]}}"#,
    )
    .unwrap();
    let metadata = widget.metadata_mut();
    assert_eq!(
        (metadata.name(), metadata.label("x"), metadata.annotation("x")),
        (Some("a"), Some("y"), None)
    );
    assert_eq!(metadata.labels().collect::<Vec<_>>(), [("x", "y")]);
    assert_eq!(metadata.finalizers(), ["f"]);
    assert!(metadata.owners()[0].controller);
    metadata.set_name(None);
    metadata.clear_managed_fields();
    assert_eq!(widget.metadata.managed_fields, None);
    let labels: Map<String> = [("x", "y".to_owned())].into();
    assert_eq!(widget.metadata.labels, Some(labels));
}

#[test]
fn requests_are_owned_and_can_travel_between_threads() {
    fn check<T: Send + 'static>(_: T) {}
    let widgets = widgets();
    check(widgets.get("a").into_future());
    check(widgets.list().stream());
    check(widgets.watch().into_future());
    check(widgets.edit("a", |_| ()).into_future());
    check(widgets.logs("a").lines());
}
