//! HTTP/2 as it is on the wire: streams on few connections, and what becomes of them when a server goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::peer::{Peer, answer_with, ask, eventually};
use crate::transport::{FailureKind, HttpTransport, Transport};

#[tokio::test]
async fn one_connection_serves_calls_and_another_streams() {
    let peer = Peer::http2(
        |_, _| {},
        |_, request, mut respond| async move {
            assert_eq!(request.version(), http::Version::HTTP_2);
            if request.uri().path() == "/watch" {
                let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
                let _ = stream.send_data(Bytes::from_static(b"one"), false);
                std::future::pending::<()>().await;
            }
            let mut body = request.into_body();
            let mut length = 0;
            while let Some(Ok(chunk)) = body.data().await {
                length += chunk.len();
                let _ = body.flow_control().release_capacity(chunk.len());
            }
            answer_with(respond, if length == 5 { "posted" } else { "got" });
        },
    )
    .await;
    let transport = peer.transport();
    // All at once and without a connection: one is opened, and not one each.
    let calls = (0..50).map(|_| ask(&transport, peer.get("/a?b=c")));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap(), (200, "got".to_owned()));
    }
    assert_eq!(ask(&transport, peer.post("/a", "12345")).await.unwrap().1, "posted");
    assert_eq!(peer.opened(), 1);
    let mut watch = transport.send(peer.watch("/watch")).await.unwrap();
    assert_eq!(watch.body.chunk().await.unwrap().unwrap(), "one");
    assert_eq!(peer.opened(), 2);
    drop(transport);
    peer.settle_at(1).await;
    drop(watch);
    peer.settle_at(0).await;
}

#[tokio::test]
async fn n13_a_server_that_allows_one_stream_gets_more_connections_and_nobody_waits_forever() {
    let peer = Peer::http2(
        |_, builder| {
            builder.max_concurrent_streams(1);
        },
        |_, request, mut respond| async move {
            if request.uri().path() == "/watch" {
                let _stream = respond.send_response(http::Response::new(()), false).unwrap();
                std::future::pending::<()>().await;
            }
            answer_with(respond, "got");
        },
    )
    .await;
    let transport = peer.transport();
    let watches = futures_util::future::join_all((0..10).map(|_| transport.send(peer.watch("/watch")))).await;
    assert!(watches.iter().all(Result::is_ok));
    let calls = futures_util::future::join_all((0..10).map(|_| ask(&transport, peer.get("/a")))).await;
    assert!(calls.iter().all(Result::is_ok));
    drop((watches, transport));
    peer.settle_at(0).await;
}

#[tokio::test]
async fn n13_a_refused_stream_was_not_begun_and_the_connection_stays() {
    let peer = Peer::http2(
        |_, _| {},
        |_, request, mut respond| async move {
            match request.uri().path() {
                "/refused" => respond.send_reset(h2::Reason::REFUSED_STREAM),
                "/broken" => respond.send_reset(h2::Reason::INTERNAL_ERROR),
                _ => answer_with(respond, "got"),
            }
        },
    )
    .await;
    let transport = peer.transport();
    let failure = ask(&transport, peer.post("/refused", "x")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unsent, "{failure}");
    let failure = ask(&transport, peer.post("/broken", "x")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken, "{failure}");
    ask(&transport, peer.get("/")).await.unwrap();
    assert_eq!(peer.opened(), 1);
}

#[tokio::test]
async fn n10_after_a_goaway_streams_finish_and_new_ones_go_to_another_connection() {
    let go_on = Arc::new(Semaphore::new(0));
    let waiting = go_on.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let peer = Peer::start(&["h2"], move |nth, io| {
        let (go_on, asked) = (waiting.clone(), count.clone());
        async move {
            let mut connection = h2::server::handshake(io).await.unwrap();
            while let Some(Ok((_, respond))) = connection.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let go_on = go_on.clone();
                tokio::spawn(async move {
                    if nth == 0 {
                        let _ = go_on.acquire().await;
                    }
                    answer_with(respond, if nth == 0 { "first" } else { "second" });
                });
                if nth == 0 {
                    connection.graceful_shutdown();
                }
            }
        }
    })
    .await;
    let transport = Arc::new(peer.transport());
    let first = tokio::spawn({
        let (transport, outgoing) = (transport.clone(), peer.post("/a", "x"));
        async move { ask(&transport, outgoing).await }
    });
    eventually(|| asked.load(Ordering::SeqCst) == 1).await;
    for _ in 0..5 {
        assert_eq!(ask(&transport, peer.post("/b", "x")).await.unwrap().1, "second");
    }
    go_on.add_permits(1);
    assert_eq!(first.await.unwrap().unwrap().1, "first");
    peer.settle_at(1).await;
    assert_eq!(peer.opened(), 2);
}

#[tokio::test]
async fn n6_a_body_that_breaks_off_is_never_taken_for_a_whole_one() {
    let peer = Peer::http2(
        |_, _| {},
        |_, request, mut respond| async move {
            let head = match request.uri().path() {
                "/unknown-length" => http::Response::new(()),
                _ => http::Response::builder().header("content-length", "100").body(()).unwrap(),
            };
            let mut stream = respond.send_response(head, false).unwrap();
            let _ = stream.send_data(Bytes::from_static(b"half"), false);
            tokio::time::sleep(Duration::from_millis(20)).await;
            match request.uri().path() {
                "/reset" | "/unknown-length" => stream.send_reset(h2::Reason::NO_ERROR),
                "/cancel" => stream.send_reset(h2::Reason::CANCEL),
                _ => drop(stream.send_data(Bytes::new(), true)),
            }
        },
    )
    .await;
    let transport = peer.transport();
    for path in ["/reset", "/unknown-length", "/cancel", "/short"] {
        let failure = ask(&transport, peer.get(path)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "{path}: {failure}");
    }
}

#[tokio::test]
async fn a_silent_server_is_noticed_and_requests_go_elsewhere() {
    // Takes requests on the first connection and never says anything again, not even to a ping.
    let peer = Peer::start(&["h2"], |nth, io| async move {
        let mut connection = h2::server::handshake(io).await.unwrap();
        while let Some(Ok((_, respond))) = connection.accept().await {
            if nth == 0 {
                std::future::pending::<()>().await;
            }
            answer_with(respond, "got");
        }
    })
    .await;
    let config = peer.config().http2_ping(Duration::from_millis(200), Duration::from_millis(300));
    let transport = HttpTransport::new(&config).unwrap();
    let failure = ask(&transport, peer.get("/a")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
    assert!(failure.message.contains("no answer to a ping"), "{failure}");
    ask(&transport, peer.get("/a")).await.unwrap();
}
