//! Watches and logs: any chunks, and every end has a cause.

use std::time::Duration;

use crate::testing::{Reply, Server, Widget, status};
use crate::{Api, Client, WatchEvent};

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
    assert_eq!(lines.next().await.unwrap().unwrap(), "tw", "what was there of the last line");
    assert!(lines.next().await.unwrap().unwrap_err().is_transport());
    assert!(lines.next().await.is_none(), "nothing follows an error");
    assert!(widgets.logs("a").follow().await.unwrap_err().is_request());
}

#[tokio::test]
async fn a_watch_outlives_the_timeout_of_requests() {
    let added = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n";
    let server = Server::start([Reply::unfinished(&[added]).and_hold()]).await;
    let limit = Duration::from_millis(100);
    let client = Client::new(server.config().request_timeout(limit)).unwrap();
    let mut watch = Api::<Widget>::all(&client).watch().await.unwrap();
    assert!(watch.next().await.unwrap().is_ok());
    assert!(tokio::time::timeout(limit * 2, watch.next()).await.is_err(), "it is still open");
}
