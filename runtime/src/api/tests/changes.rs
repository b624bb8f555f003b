//! Updates and edits: nothing that this build does not know is lost, and races are noticed.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{W, stored};
use crate::testing::{Reply, Server, Widget, status};
use crate::{Api, UnknownFieldPolicy};

#[tokio::test]
async fn updates_do_not_delete_what_this_build_does_not_know() {
    let read = json!({
        "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a", "resourceVersion": "1"},
        "spec": {"size": 1, "newer": true, "parts": [{"name": "p", "weight": 3}, {"name": "q"}]},
    });
    let server = Server::start((0..4).map(|_| Reply::new(200, &read.to_string()))).await;
    let client = server.client();
    let widgets = Api::<Widget>::namespaced(&client, "default");
    let mut object = widgets.get("a").await.unwrap();
    object.spec.as_mut().unwrap().size = 2;
    object.spec.as_mut().unwrap().parts.as_mut().unwrap().remove(1);
    widgets.update(&object).await.unwrap();
    let sent: Json = serde_json::from_str(&server.seen()[1].body).unwrap();
    assert_eq!(sent["spec"], json!({"size": 2, "newer": true, "parts": [{"name": "p", "weight": 3}]}));

    object.spec.as_mut().unwrap().parts.as_mut().unwrap().remove(0);
    let error = widgets.update(&object).await.unwrap_err();
    assert!(
        error.is_unknown_fields()
            && error.to_string().contains("weight")
            && error.to_string().contains("edit"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 2, "nothing was sent");
    for policy in [UnknownFieldPolicy::Warn, UnknownFieldPolicy::Allow] {
        let client = client.clone().unknown_fields(policy);
        Api::<Widget>::namespaced(&client, "default").update(&object).await.unwrap();
    }
}

#[tokio::test]
async fn an_edit_sends_the_difference_and_starts_again_after_a_conflict() {
    let first = json!({"size": 1, "newer": true, "parts": [{"name": "p", "weight": 3}]});
    let second = json!({"size": 5, "newer": true});
    let server = Server::start([
        Reply::new(200, &stored("1", first)),
        Reply::new(409, &status(409, "Conflict")),
        Reply::new(200, &stored("2", second.clone())),
        Reply::new(200, &stored("3", second)),
    ])
    .await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    let edited = widgets
        .edit("a", |widget| {
            let spec = widget.spec.as_mut().unwrap();
            spec.size += 1;
            if let Some(parts) = &mut spec.parts {
                parts[0].color = Some("red".into());
            }
        })
        .field_manager("me")
        .await
        .unwrap();
    assert_eq!(edited.metadata.resource_version.as_deref(), Some("3"));
    let seen = server.seen();
    assert_eq!(seen[1].line, format!("PATCH {W}/a?fieldManager=me"));
    assert_eq!(seen[1].header("content-type"), Some("application/json-patch+json"));
    // Which comes first depends on how serde_json orders members, but the version always does.
    let operations = |at: usize| {
        let mut operations: Vec<Json> = serde_json::from_str(&seen[at].body).unwrap();
        operations[1..].sort_by_key(|operation| operation["path"].to_string());
        operations
    };
    let version =
        |version: &str| json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version});
    assert_eq!(
        operations(1),
        [
            version("1"),
            json!({"op": "add", "path": "/spec/parts/0/color", "value": "red"}),
            json!({"op": "replace", "path": "/spec/size", "value": 2}),
        ]
    );
    assert_eq!(operations(3), [version("2"), json!({"op": "replace", "path": "/spec/size", "value": 6})]);
}

#[tokio::test]
async fn an_edit_that_changes_nothing_sends_nothing_and_conflicts_end_after_five_tries() {
    let read = || Reply::new(200, &stored("1", json!({"size": 1})));
    let server = Server::start([read()]).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    assert_eq!(widgets.edit("a", |_| ()).await.unwrap().spec.unwrap().size, 1);
    assert_eq!(server.lines(), [format!("GET {W}/a")]);

    let server =
        Server::start((0..5).flat_map(|_| [read(), Reply::new(409, &status(409, "Conflict"))])).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    let error = widgets.edit("a", |widget| widget.spec.as_mut().unwrap().size = 9).await.unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(server.seen().len(), 10);
}

#[tokio::test]
async fn the_timeout_of_an_edit_bounds_its_reading_too() {
    let server = Server::start([Reply::unfinished(&["{"]).and_hold()]).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    let edit = widgets.edit("a", |_| ()).timeout(Duration::from_millis(50)).send();
    let error = tokio::time::timeout(Duration::from_secs(20), edit).await.expect("it gives up").unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(server.lines(), [format!("GET {W}/a?timeout=50ms")]);
}

#[tokio::test]
async fn what_can_be_read_can_be_edited_however_deep_it_is() {
    let deep: Json = (0..100).fold(json!(1), |inner, _| json!({"a": [inner]}));
    let read = json!({
        "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a", "resourceVersion": "1"},
        "spec": {"size": 1}, "status": deep,
    });
    let server = Server::start((0..2).map(|_| Reply::new(200, &read.to_string()))).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    widgets.edit("a", |widget| widget.spec.as_mut().unwrap().size = 2).await.unwrap();
    assert!(server.seen()[1].body.contains("/spec/size"));
}
