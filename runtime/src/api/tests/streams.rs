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
async fn a_watch_that_resumes_names_both_verbs_that_a_role_must_allow() {
    let refused = || Reply::new(403, &status(403, "Forbidden"));
    let server = Server::start([refused(), refused(), refused()]).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    let error = widgets.watch().await.unwrap_err().to_string();
    assert!(error.contains("verbs [watch]"), "{error}");
    for watch in [widgets.watch().resuming(), widgets.watch().resuming().by_pages()] {
        let error = { watch }.next().await.unwrap().unwrap_err();
        assert!(error.is_forbidden() && error.to_string().contains("verbs [list, watch]"), "{error}");
    }
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
    assert!(format!("{lines:?}").len() < 500 && !format!("{lines:?}").contains("116, 119"), "{lines:?}");
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

#[tokio::test]
async fn a_log_that_is_followed_goes_on_where_the_connection_broke() {
    let (one, two, three) =
        ("2026-01-01T00:00:01.5Z one\n", "2026-01-01T00:00:02.25Z two\n", "2026-01-01T00:00:02.25Z three\n");
    let server = Server::start([
        Reply::unfinished(&[one, "2026-01-01T00:00:02.25Z tw"]),
        Reply::new(502, &status(502, "")),
        Reply::chunked(&[one, two]),
        Reply::chunked(&[two, three]),
        Reply::chunked(&[two, three]),
    ])
    .await;
    let widgets = Api::<Widget>::namespaced(&server.client().max_retries(0), "default");
    let mut lines = widgets.logs("a").tail_lines(5).resuming_lines().await.unwrap();
    for line in ["one", "two", "three"] {
        assert_eq!(lines.next().await.unwrap().unwrap(), line);
    }
    assert!(
        lines.next().await.is_none() && lines.next().await.is_none(),
        "it ended twice without anything new"
    );
    assert_eq!(lines.reconnects(), 4);
    let asked: Vec<String> =
        server.lines().iter().map(|line| line.rsplit('?').next().unwrap().to_owned()).collect();
    let again = |since: &str| format!("follow=true&sinceTime={since}&timestamps=true");
    assert_eq!(asked[0], "follow=true&timestamps=true&tailLines=5");
    assert_eq!(asked[1..3], [again("2026-01-01T00%3A00%3A01.5Z"), again("2026-01-01T00%3A00%3A01.5Z")]);
    assert_eq!(asked[3..], [again("2026-01-01T00%3A00%3A02.25Z"), again("2026-01-01T00%3A00%3A02.25Z")]);
}

#[tokio::test]
async fn a_log_whose_pod_goes_away_ends_or_fails_as_it_did() {
    let line = "2026-01-01T00:00:01Z one\n";
    for (first, ends_well) in [(Reply::chunked(&[line, "no end"]), true), (Reply::unfinished(&[line]), false)]
    {
        let server = Server::start([first, Reply::new(404, &status(404, "NotFound"))]).await;
        let widgets = Api::<Widget>::namespaced(&server.client(), "default");
        let mut lines = widgets.logs("a").timestamps().resuming_lines().await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), line.trim_end());
        match ends_well {
            true => assert_eq!(lines.next().await.unwrap().unwrap(), "no end"),
            false => assert!(lines.next().await.unwrap().unwrap_err().is_not_found()),
        }
        assert!(lines.next().await.is_none());
    }
    let server = Server::start([Reply::new(403, &status(403, "Forbidden"))]).await;
    let widgets = Api::<Widget>::namespaced(&server.client(), "default");
    assert!(widgets.logs("a").resuming_lines().await.unwrap_err().is_forbidden());
    assert!(widgets.logs("a").previous().resuming_lines().await.unwrap_err().is_request());
    assert!(widgets.logs("a").limit_bytes(1).resuming_lines().await.unwrap_err().is_request());
    let since = |age| format!("{:?}", widgets.logs("a").since(age));
    assert!(since(Duration::from_millis(1500)).contains("since_seconds: Some(2)"));
    assert!(since(Duration::ZERO).contains("since_seconds: Some(1)"));
}
