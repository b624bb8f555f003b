//! What each verb sends, to the byte, and what it makes of the answers, over real sockets.

use serde_json::{Value as Json, json};

use super::*;
use crate::config::Config;
use crate::options::*;
use crate::request::Request;
use crate::testing::{Node, ObjectMeta, Part, Reply, Server, Widget, WidgetSpec, status};
use crate::wire::{Map, RawJson};
use crate::{Error, Method, ResultExt, UnknownFieldPolicy, WatchEvent, codec};

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

/// A request on four lines: method and URL, headers, body.
fn wire(request: Result<Request, Error>) -> String {
    let request = request.unwrap();
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    format!("{} {}\n{}\n{body}", request.method, request.target(), headers.join("\n"))
}

const W: &str = "/apis/example.com/v1/namespaces/default/widgets";

#[test]
fn reads_are_sent_to_the_byte_as_written_here() {
    let all = Api::<Widget>::all(&client());
    let nodes = Api::<Node>::cluster(&client());
    let accept = "accept: application/json\n";
    for (sent, golden) in [
        (wire(widgets().get("web-0").request()), format!("GET {W}/web-0\n{accept}")),
        (
            wire(
                widgets().get("a").resource_version("0").timeout(std::time::Duration::from_secs(5)).request(),
            ),
            format!("GET {W}/a?resourceVersion=0&timeout=5s\n{accept}"),
        ),
        (wire(nodes.get("n:1").request()), format!("GET /api/v1/nodes/n:1\n{accept}")),
        (
            wire(widgets().get_subresource::<Widget>("a", "scale").request()),
            format!("GET {W}/a/scale\n{accept}"),
        ),
        (wire(all.list().request()), format!("GET /apis/example.com/v1/widgets\n{accept}")),
        (
            wire(
                widgets()
                    .list()
                    .label_selector("app in (a, b)")
                    .field_selector("metadata.name=x")
                    .resource_version("5")
                    .resource_version_match(ResourceVersionMatch::Exact)
                    .timeout_seconds(9)
                    .limit(500)
                    .request(),
            ),
            format!(
                "GET {W}?labelSelector=app%20in%20%28a%2C%20b%29&fieldSelector=metadata.name%3Dx&resourceVersion=5\
                 &resourceVersionMatch=Exact&timeoutSeconds=9&limit=500\n{accept}"
            ),
        ),
        (
            wire(all.watch().resource_version("7").allow_bookmarks().request()),
            format!(
                "GET /apis/example.com/v1/widgets?watch=true&resourceVersion=7&allowWatchBookmarks=true\n{accept}"
            ),
        ),
        (
            wire(widgets().logs("a").container("c").follow().tail_lines(20).request()),
            format!("GET {W}/a/log?container=c&follow=true&tailLines=20\naccept: */*\n"),
        ),
    ] {
        assert_eq!(sent, golden);
    }
}

#[test]
fn writes_are_sent_to_the_byte_as_written_here() {
    let body = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}"#;
    let head = "accept: application/json\ncontent-type: application/";
    let merge = Patch::merge(&json!({"spec": null})).unwrap();
    for (sent, golden) in [
        (wire(widgets().create(&widget("a")).request()), format!("POST {W}\n{head}json\n{body}")),
        (
            wire(
                widgets()
                    .create(&widget("a"))
                    .dry_run()
                    .field_manager("me & you")
                    .field_validation(FieldValidation::Strict)
                    .request(),
            ),
            format!(
                "POST {W}?dryRun=All&fieldManager=me%20%26%20you&fieldValidation=Strict\n{head}json\n{body}"
            ),
        ),
        (wire(widgets().update(&widget("a")).request()), format!("PUT {W}/a\n{head}json\n{body}")),
        (
            wire(widgets().update_subresource("a", "status", &widget("a")).request()),
            format!("PUT {W}/a/status\n{head}json\n{body}"),
        ),
        (
            wire(widgets().patch("a", &merge).request()),
            format!("PATCH {W}/a\n{head}merge-patch+json\n{{\"spec\":null}}"),
        ),
        (
            wire(
                widgets()
                    .patch_subresource::<Widget>("a", "status", &Patch::json_text("[]").unwrap())
                    .request(),
            ),
            format!("PATCH {W}/a/status\n{head}json-patch+json\n[]"),
        ),
        (
            wire(widgets().patch("a", &Patch::strategic_text("{}").unwrap()).request()),
            format!("PATCH {W}/a\n{head}strategic-merge-patch+json\n{{}}"),
        ),
        (
            wire(widgets().apply("a", &widget("a")).field_manager("me").force().request()),
            format!("PATCH {W}/a?fieldManager=me&force=true\n{head}apply-patch+yaml\n{body}"),
        ),
        (wire(widgets().delete("a").request()), format!("DELETE {W}/a\naccept: application/json\n")),
        (
            wire(widgets().delete("a").grace_period_seconds(0).request()),
            format!(
                "DELETE {W}/a\n{head}json\n{{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0}}"
            ),
        ),
        (
            wire(widgets().delete_collection().label_selector("a=b").dry_run().request()),
            format!(
                "DELETE {W}?labelSelector=a%3Db\n{head}json\n{{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"dryRun\":[\"All\"]}}"
            ),
        ),
        (
            wire(widgets().create_subresource("a", "eviction", &widget("a")).request()),
            format!("POST {W}/a/eviction\n{head}json\n{body}"),
        ),
    ] {
        assert_eq!(sent, golden);
    }
}

#[test]
fn connections_are_described_to_the_byte() {
    let exec = widgets()
        .connect("a", "exec")
        .method(Method::Post)
        .container("c")
        .command(["sh", "-c", "a & b"])
        .stdout();
    assert_eq!(
        exec.url().unwrap(),
        format!(
            "http://203.0.113.7:8080/prefix{W}/a/exec?container=c&command=sh&command=-c&command=a%20%26%20b&stdout=true"
        )
    );
    let ports = widgets().connect("a", "portforward").ports([80, 443]);
    assert!(ports.url().unwrap().ends_with("/a/portforward?ports=80%2C443"));
    let proxy = widgets().connect("http:a:80", "proxy").path("/metrics/x y").query("q", "1");
    assert!(proxy.url().unwrap().ends_with("/http:a:80/proxy/metrics/x%20y?q=1"));
    for bad in ["/../x", "//", "/a?b", "/%2e%2e/x"] {
        assert!(widgets().connect("a", "proxy").path(bad).url().unwrap_err().is_request(), "{bad}");
    }
    assert!(widgets().connect("a", "portforward").ports([]).url().is_err());
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
            here.connect("a", bad.to_owned()).bytes().await.unwrap_err(),
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
async fn a_full_object_is_applied_without_what_is_not_its_own() {
    let mut object = widget("a");
    object.metadata.managed_fields = Some(RawJson::parse("[{}]").unwrap());
    object.status = Some(RawJson::parse("{\"ready\":true}").unwrap());
    object.spec =
        Some(Box::new(WidgetSpec { size: 0, parts: Some(vec![Part { name: "p".into(), color: None }]) }));
    let body = |sent: String| sent.rsplit('\n').next().unwrap().to_owned();
    let start = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"parts":[{"name":"p"}]}"#;
    let sent = body(wire(widgets().apply("a", &object).field_manager("me").request()));
    assert_eq!(sent, format!("{start}}}"));
    let sent = body(wire(
        widgets().apply_subresource::<Widget>("a", "status", &object).field_manager("me").request(),
    ));
    assert_eq!(sent, format!("{start},\"status\":{{\"ready\":true}}}}"));
    assert!(widgets().apply("a", &object).await.unwrap_err().to_string().contains("field manager"));
}

fn stored(version: &str, spec: Json) -> String {
    json!({
        "apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "a", "resourceVersion": version}, "spec": spec,
    })
    .to_string()
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
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
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

fn page(names: &[&str], token: &str) -> Reply {
    let items: Vec<Json> =
        names.iter().map(|name| json!({"metadata": {"name": name, "uid": name}})).collect();
    let metadata = json!({"resourceVersion": "9", "continue": token});
    Reply::new(
        200,
        &json!({"kind": "WidgetList", "apiVersion": "example.com/v1", "metadata": metadata, "items": items})
            .to_string(),
    )
}

async fn names(mut stream: ListStream<Widget>) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    while let Some(widget) = stream.next().await {
        names.push(widget?.metadata.name.unwrap());
    }
    assert!(stream.next().await.is_none(), "a stream that has ended stays ended");
    Ok(names)
}

#[tokio::test]
async fn pages_follow_the_token_alone_and_are_five_hundred_long() {
    let server = Server::start([page(&["a", "b"], "t1"), page(&[], "t2"), page(&["c"], "")]).await;
    let list = Api::<Widget>::all(&server.client())
        .list()
        .label_selector("x=y")
        .resource_version("5")
        .resource_version_match(ResourceVersionMatch::NotOlderThan);
    assert_eq!(names(list.stream()).await.unwrap(), ["a", "b", "c"]);
    let path = "GET /apis/example.com/v1/widgets?labelSelector=x%3Dy";
    assert_eq!(
        server.lines(),
        [
            format!("{path}&resourceVersion=5&resourceVersionMatch=NotOlderThan&limit=500"),
            format!("{path}&limit=500&continue=t1"),
            format!("{path}&limit=500&continue=t2"),
        ]
    );
}

#[tokio::test]
async fn a_token_that_expires_leads_to_one_full_list_without_repeating_anything() {
    let expired = || Reply::new(410, &status(410, "Expired"));
    let replies = || [page(&["a", "b"], "t1"), expired(), page(&["a", "b", "c"], "")];
    let server = Server::start(replies().into_iter().chain(replies())).await;
    let list = || Api::<Widget>::all(&server.client()).list().limit(2).resource_version("5");
    assert_eq!(names(list().stream()).await.unwrap(), ["a", "b", "c"]);
    assert_eq!(server.lines()[2], "GET /apis/example.com/v1/widgets?resourceVersion=5");
    let all = list().all().await.unwrap();
    assert_eq!(all.items.len(), 3, "the full list takes the place of the pages");
}

#[tokio::test]
async fn a_first_page_that_is_expired_is_an_error_and_the_end() {
    let server = Server::start([Reply::new(410, &status(410, "Expired"))]).await;
    let mut stream = Api::<Widget>::all(&server.client()).list().continue_token("old").stream();
    assert!(stream.next().await.unwrap().unwrap_err().is_expired());
    assert!(stream.next().await.is_none());
    assert_eq!(server.seen().len(), 1);
}

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
async fn a_watch_gives_typed_events_over_any_chunks_and_ends_with_a_cause() {
    let added = r#"{"type":"ADDED","object":{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"ü"}}}"#;
    let text =
        format!("{added}\n{}\n\n", r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}"#);
    let pieces: Vec<&str> = text.split_inclusive(|c: char| c.is_ascii_punctuation()).collect();
    let expired = format!(r#"{{"type":"ERROR","object":{}}}"#, status(410, "Expired"));
    let server = Server::start([
        Reply::chunked(&pieces),
        Reply::unfinished(&pieces),
        Reply::chunked(&[added, "\n", &expired, "\n", added, "\n"]),
        Reply::new(410, &status(410, "Expired")),
        Reply::new(410, &status(410, "Gone")),
        Reply::chunked(&["{\"type\":\"ADDED\",\"object\":{\"kind\":\"Other\"}}\n", added]),
        Reply::chunked(&[added, "\n", "{\"type\":\"ADD"]),
    ])
    .await;
    let widgets = Api::<Widget>::all(&server.client());
    let watch = || async { widgets.watch().await.unwrap() };
    let events = |mut watch: crate::Watch<Widget>| async move {
        let mut events = Vec::new();
        while let Some(event) = watch.next().await {
            events.push(match event {
                Ok(WatchEvent::Added(widget)) => format!("added {}", widget.metadata.name.unwrap()),
                Ok(WatchEvent::Bookmark(bookmark)) => format!("bookmark {}", bookmark.resource_version),
                Ok(other) => format!("{other:?}"),
                Err(error) if error.is_expired() => "expired".to_owned(),
                Err(error) if error.is_decode() => "undecodable".to_owned(),
                Err(error) if error.is_transport() => "broken".to_owned(),
                Err(error) => error.to_string(),
            });
        }
        assert!(watch.next().await.is_none());
        events
    };
    assert_eq!(events(watch().await).await, ["added ü", "bookmark 7"]);
    assert_eq!(events(watch().await).await, ["added ü", "bookmark 7", "broken"]);
    assert_eq!(events(watch().await).await, ["added ü", "expired"], "an error is the end");
    assert!(widgets.watch().await.unwrap_err().is_expired());
    assert!(widgets.watch().await.unwrap_err().is_gone());
    assert_eq!(
        events(watch().await).await,
        ["undecodable", "added ü"],
        "one bad object leaves the stream alive"
    );
    assert_eq!(events(watch().await).await, ["added ü", "broken"]);
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn dropping_a_watch_closes_its_connection() {
    let added = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n";
    let mut server = Server::start([Reply::unfinished(&[added]).and_hold()]).await;
    let mut watch = Api::<Widget>::all(&server.client()).watch().await.unwrap();
    assert!(watch.next().await.unwrap().is_ok());
    assert!(server.closed.try_recv().is_err());
    drop(watch);
    assert!(server.closed.recv().await.is_some());
}

#[tokio::test]
async fn logs_come_as_text_as_bytes_and_as_lines() {
    let server = Server::start([
        Reply::new(200, "one\ntwo\n"),
        Reply::chunked(&["o", "ne\r\ntw", "o\n\nthree"]),
        Reply::chunked(&["ab", "c"]),
        Reply::unfinished(&["one\ntw"]),
    ])
    .await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    assert_eq!(widgets.logs("a").await.unwrap(), "one\ntwo\n");
    let mut lines = widgets.logs("a").follow().lines().await.unwrap();
    for line in ["one", "two", "", "three"] {
        assert_eq!(lines.next().await.unwrap().unwrap(), line);
    }
    assert!(lines.next().await.is_none());
    let mut bytes = widgets.logs("a").bytes().await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = bytes.next().await {
        all.extend(piece.unwrap());
    }
    assert_eq!(all, b"abc");
    let mut lines = widgets.logs("a").lines().await.unwrap();
    assert_eq!(lines.next().await.unwrap().unwrap(), "one");
    assert!(lines.next().await.unwrap().unwrap_err().is_transport());
    assert!(widgets.logs("a").follow().await.unwrap_err().is_request());
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
