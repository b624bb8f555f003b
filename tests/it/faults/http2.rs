//! N10 to N14 on whole clients: what HTTP/2 does to streams, and what their callers see of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use clientset_testserver::{Verb, on};

use super::raw::RawServer;
use super::rig::{Http, Rig, client, failure, map, within};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn n10_streams_under_way_finish_after_goaway_and_new_ones_go_to_a_new_connection() {
    let rig = Rig::new(Http::Two).await;
    let maps = rig.client().core_v1().config_maps("default");
    maps.create(&map("a", "1")).await.expect("it is made");
    let held = rig.server.fault(on(Verb::Get).resource("configmaps").name("a").nth(1).hold());
    let slow = tokio::spawn({
        let maps = maps.clone();
        async move { maps.get("a").await }
    });
    held.wait_until_fired(1).await;
    let connections = rig.proxy.opened();
    rig.server.fault(on(Verb::Create).resource("configmaps").nth(1).goaway());
    within(SOON, async { maps.create(&map("b", "1")).await }).await.expect("the one that brings GOAWAY");
    within(SOON, async { maps.create(&map("c", "1")).await }).await.expect("the one after it");
    assert_eq!(rig.proxy.opened(), connections + 1);
    assert!(!slow.is_finished());
    held.release();
    let found = within(SOON, slow).await.expect("no panic").expect("the one that was under way");
    assert_eq!(found.metadata.name.as_deref(), Some("a"));
}

#[tokio::test]
async fn n10_a_watch_goes_on_after_goaway() {
    let rig = Rig::new(Http::Two).await;
    let maps = rig.client().core_v1().config_maps("default");
    rig.server.fault(on(Verb::Watch).resource("configmaps").nth(1).goaway());
    let mut watch = maps.watch().await.expect("it begins");
    let connections = rig.proxy.opened();
    for name in ["a", "b", "c"] {
        maps.create(&map(name, "1")).await.expect("it is made");
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let event = within(SOON, watch.next()).await.expect("it goes on").expect("an event");
        let name = event.into_object().and_then(|it| it.metadata.name).unwrap_or_default();
        seen.extend(Some(name).filter(|name| name.len() == 1));
    }
    assert_eq!(seen, ["a", "b", "c"]);
    let _second = maps.watch().await.expect("another one");
    assert!(rig.proxy.opened() > connections, "new watches take a new connection");
}

#[tokio::test]
async fn n11_a_write_that_goaway_disowns_is_sent_again_and_takes_effect_once() {
    let rig = Rig::new(Http::Two).await;
    let maps = rig.client().core_v1().config_maps("default");
    maps.list().await.expect("there is a connection");
    let fault = rig.server.fault(on(Verb::Create).resource("configmaps").nth(1).goaway_unprocessed());
    let made = within(SOON, async { maps.create(&map("a", "1")).await }).await.expect("the second try");
    assert_eq!(made.metadata.name.as_deref(), Some("a"));
    assert_eq!(fault.fired(), 1);
    assert_eq!(rig.server.requests_of(&on(Verb::Create).resource("configmaps")).len(), 2);
}

#[tokio::test]
async fn n12_a_stream_that_is_reset_is_the_matter_of_one_call_and_the_connection_is_kept() {
    let rig = Rig::new(Http::Two).await;
    let maps = rig.client().core_v1().config_maps("default");
    maps.create(&map("a", "1")).await.expect("it is made");
    let held = rig.server.fault(on(Verb::Get).resource("configmaps").name("a").nth(1).hold());
    let slow = tokio::spawn({
        let maps = maps.clone();
        async move { maps.get("a").await }
    });
    held.wait_until_fired(1).await;
    let connections = rig.proxy.opened();
    rig.server.fault(on(Verb::Create).resource("configmaps").nth(1).reset_stream());
    let (error, text) = within(SOON, async { failure(maps.create(&map("b", "1")).await) }).await;
    assert!(error.is_ambiguous() && error.is_transport(), "{text}");
    let fault = rig.server.fault(on(Verb::List).resource("configmaps").nth(1).reset_stream());
    within(SOON, async { maps.list().await }).await.expect("a read is sent again");
    assert_eq!((fault.fired(), rig.proxy.opened()), (1, connections));
    held.release();
    within(SOON, slow).await.expect("no panic").expect("the other stream of the connection");
}

#[tokio::test]
async fn n13_a_write_that_is_refused_as_a_stream_is_sent_again() {
    let rig = Rig::new(Http::Two).await;
    let maps = rig.client().core_v1().config_maps("default");
    let fault = rig.server.fault(on(Verb::Create).resource("configmaps").nth(1).refuse_stream());
    within(SOON, async { maps.create(&map("a", "1")).await }).await.expect("the second try");
    assert_eq!(fault.fired(), 1);
}

/// Answers every stream of a connection by itself.
async fn answer_all<F: Future<Output = ()> + Send + 'static>(
    connection: super::raw::Connection,
    streams: u32,
    answer: impl Fn(String, h2::server::SendResponse<Bytes>) -> F,
) {
    let mut connection = connection.http2(streams).await;
    let mut tasks = tokio::task::JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        tasks.spawn(answer(target, respond));
    }
}

fn json() -> hyper::Response<()> {
    hyper::Response::builder().header("content-type", "application/json").body(()).expect("a head")
}

const OBJECT: &str =
    r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","resourceVersion":"1"}}"#;

#[tokio::test]
async fn n13_one_stream_at_a_time_and_open_watches_block_nobody() {
    let server = RawServer::tls(&["h2"], |connection| {
        answer_all(connection, 1, |target, mut respond| async move {
            let mut body = respond.send_response(json(), false).expect("it takes the head");
            if target.contains("watch=") {
                let line = format!("{{\"type\":\"ADDED\",\"object\":{OBJECT}}}\n");
                let _ = body.send_data(line.into(), false);
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            let _ = body.send_data(OBJECT.into(), true);
        })
    })
    .await;
    let maps = client(server.config()).core_v1().config_maps("default");
    let mut watches = Vec::new();
    for _ in 0..3 {
        let mut watch = within(SOON, async { maps.watch().await }).await.expect("it begins");
        within(SOON, watch.next()).await.expect("an event").expect("an object");
        watches.push(watch);
    }
    let calls = (0..20).map(|_| {
        let maps = maps.clone();
        tokio::spawn(async move { maps.get("a").await.map(drop) })
    });
    for call in calls.collect::<Vec<_>>() {
        within(SOON, call).await.expect("no panic").expect("it waits for its turn");
    }
    assert!(server.opened() >= 4, "{} connections for three watches and calls", server.opened());
}

#[tokio::test]
async fn n14_very_many_tiny_frames_and_a_slow_reader_are_no_error() {
    const FRAMES: usize = 20_000;
    let ahead = Arc::new(AtomicUsize::new(0));
    let counted = ahead.clone();
    let server = RawServer::tls(&["h2"], move |connection| {
        let counted = counted.clone();
        answer_all(connection, 100, move |_, mut respond| {
            let counted = counted.clone();
            async move {
                let head = hyper::Response::builder().header("content-type", "text/plain");
                let mut body = respond.send_response(head.body(()).expect("a head"), false).expect("taken");
                for _ in 0..FRAMES {
                    body.reserve_capacity(1);
                    while body.capacity() == 0 {
                        if std::future::poll_fn(|cx| body.poll_capacity(cx)).await.is_none() {
                            return;
                        }
                    }
                    if body.send_data(Bytes::from_static(b"x"), false).is_err() {
                        return;
                    }
                    counted.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
                let _ = body.send_data(Bytes::new(), true);
            }
        })
    })
    .await;
    let rest = client(server.config()).client().rest();
    let mut stream = within(SOON, async { rest.get("/logs").stream().await }).await.expect("it begins");
    // Nobody reads for a while; other streams of the client go on.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut read = 0;
    while let Some(piece) = within(SOON, stream.next()).await {
        read += piece.expect("no error of the protocol").len();
        if read % 10_000 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert_eq!((read, ahead.load(Ordering::Relaxed), server.opened()), (FRAMES, FRAMES, 1));
}
