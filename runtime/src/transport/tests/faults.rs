//! Connections that do not come about, die, stall or are given up: what is said, what is kept, and that nothing leaks.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::peer::{Peer, answer_with, ask, outgoing, read};
use crate::config::{Config, Environment};
use crate::request::{Class, Method};
use crate::transport::{FailureKind, HttpTransport, Phase, Transport};

async fn failure_of(config: Config) -> (FailureKind, String) {
    let config = config.environment(Environment::empty()).insecure_skip_tls_verify(true);
    let request = outgoing(Method::Post, format!("{}/canary?canary", config.server()), "x", Class::Unary);
    let failure = ask(&HttpTransport::new(&config).unwrap(), request).await.unwrap_err();
    assert!(!failure.message.contains("canary"), "{failure}");
    assert!(failure.kind.is_unsent());
    (failure.kind, failure.message)
}

#[tokio::test]
async fn n1_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let (kind, message) = failure_of(Config::new(url)).await;
    assert_eq!(kind, FailureKind::Refused);
    assert!(message.to_lowercase().contains("refused"), "{message}");
}

#[tokio::test]
async fn n2_a_name_that_does_not_resolve_is_said() {
    let (kind, message) = failure_of(Config::new("https://nowhere.invalid")).await;
    assert_eq!(kind, FailureKind::Dns);
    assert!(message.contains("does not resolve"), "{message}");
}

#[tokio::test]
async fn something_else_than_the_server_at_its_address_is_said_with_what_to_do() {
    let said = async |scheme: &str, banner: &'static [u8]| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut io, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = io.read(&mut [0; 4096]).await;
                    let _ = io.write_all(banner).await;
                    let _ = io.read(&mut [0; 4096]).await;
                });
            }
        });
        let config =
            Config::new(&url).environment(Environment::empty()).connect_timeout(Duration::from_millis(300));
        let request = outgoing(Method::Get, format!("{url}/"), "", Class::Unary);
        let failure = ask(&HttpTransport::new(&config).unwrap(), request).await.unwrap_err();
        (failure.kind, failure.hint.unwrap_or_default())
    };
    let (kind, hint) = said("https", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    assert!(kind == FailureKind::Tls && hint.contains("http://"), "{kind:?}: {hint}");
    let (kind, hint) = said("https", b"").await;
    assert!(
        kind == FailureKind::ConnectTimeout(Phase::Tls) && hint.contains("something is there"),
        "{kind:?}: {hint}"
    );
    let (kind, hint) = said("http", b"SSH-2.0-OpenSSH_9.9\r\n").await;
    assert!(kind == FailureKind::Broken && hint.contains("is this an HTTP server"), "{kind:?}: {hint}");
}

#[tokio::test]
async fn n3_a_server_that_takes_no_connection_is_given_up_in_time() {
    // Its queue is full: whoever knocks is not answered.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(waiting)) =
        tokio::time::timeout(Duration::from_millis(200), tokio::net::TcpStream::connect(address)).await
    {
        queue.push(waiting);
    }
    let config = Config::new(format!("https://{address}")).connect_timeout(Duration::from_millis(150));
    assert_eq!(failure_of(config).await.0, FailureKind::ConnectTimeout(Phase::Connect));
}

#[tokio::test]
async fn n4_a_handshake_that_stalls_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let config = Config::new(url).connect_timeout(Duration::from_millis(150));
    assert_eq!(failure_of(config).await.0, FailureKind::ConnectTimeout(Phase::Tls));
}

#[tokio::test]
async fn n11_a_request_above_the_last_one_of_a_goaway_was_not_begun() {
    let peer = Peer::start(&["h2"], |nth, io| async move {
        let mut connection = h2::server::handshake(io).await.unwrap();
        if nth == 0 {
            // Reads the request's frames, and says that it looked at none of them.
            connection.abrupt_shutdown(h2::Reason::NO_ERROR);
            let _ = connection.accept().await;
            return;
        }
        while let Some(Ok((_, respond))) = connection.accept().await {
            answer_with(respond, "got");
        }
    })
    .await;
    let transport = peer.transport();
    match ask(&transport, peer.post("/", "x")).await {
        Ok((status, _)) => assert_eq!(status, 200),
        Err(failure) => assert_eq!(failure.kind, FailureKind::Unsent, "{failure}"),
    }
    ask(&transport, peer.post("/", "x")).await.unwrap();
}

#[tokio::test]
async fn n12_a_stream_that_is_reset_takes_no_other_with_it() {
    let peer = Peer::http2(
        |_, _| {},
        |_, request, mut respond| async move {
            let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
            let _ = stream.send_data(Bytes::from_static(b"one"), false);
            tokio::time::sleep(Duration::from_millis(50)).await;
            match request.uri().path() {
                "/reset" => stream.send_reset(h2::Reason::INTERNAL_ERROR),
                _ => drop(stream.send_data(Bytes::from_static(b" two"), true)),
            }
        },
    )
    .await;
    let transport = peer.transport();
    let good = transport.send(peer.watch("/")).await.unwrap();
    assert_eq!(ask(&transport, peer.watch("/reset")).await.unwrap_err().kind, FailureKind::Broken);
    assert_eq!(read(good).await.unwrap().1, "one two");
    assert_eq!(peer.opened(), 1);
}

#[tokio::test]
async fn n14_many_tiny_frames_and_readers_that_are_slow_break_no_connection() {
    const FRAMES: usize = 2_000;
    let peer = Peer::http2(
        |_, _| {},
        |_, _, mut respond| async move {
            let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
            for _ in 0..FRAMES {
                let _ = stream.send_data(Bytes::from_static(b"tiny"), false);
                tokio::task::yield_now().await;
            }
            let _ = stream.send_data(Bytes::new(), true);
        },
    )
    .await;
    let transport = peer.transport();
    let watches = futures_util::future::join_all((0..50).map(|_| transport.send(peer.watch("/")))).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    for watch in watches {
        assert_eq!(read(watch.unwrap()).await.unwrap().1.len(), 4 * FRAMES);
    }
    assert_eq!(peer.opened(), 1);
}

#[tokio::test]
async fn a_stream_that_nobody_reads_does_not_stop_the_others() {
    let peer = Peer::http2(
        |_, _| {},
        |_, request, mut respond| async move {
            let mut stream = respond.send_response(http::Response::new(()), false).unwrap();
            let end = request.uri().path() == "/short";
            let length = if end { 1 << 20 } else { 64 << 20 };
            let _ = stream.send_data(Bytes::from(vec![b'x'; length]), end);
            let _ = std::future::poll_fn(|cx| stream.poll_reset(cx)).await;
        },
    )
    .await;
    let transport = peer.transport();
    let unread = futures_util::future::join_all((0..60).map(|_| transport.send(peer.watch("/")))).await;
    assert!(unread.iter().all(Result::is_ok));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let read = tokio::time::timeout(Duration::from_secs(10), ask(&transport, peer.watch("/short"))).await;
    assert_eq!(read.expect("it is not stopped").unwrap().1.len(), 1 << 20);
    assert_eq!(peer.opened(), 1);
}

#[tokio::test]
async fn n17_giving_up_at_any_point_leaks_nothing() {
    for protocol in ["h2", "http/1.1"] {
        let peer = Peer::start(&[protocol], move |_, mut io| async move {
            if protocol == "h2" {
                let mut connection = h2::server::handshake(io).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_micros(300)).await;
                        let Ok(mut stream) = respond.send_response(http::Response::new(()), false) else {
                            return;
                        };
                        let _ = stream.send_data(Bytes::from_static(b"one"), false);
                        tokio::time::sleep(Duration::from_micros(300)).await;
                        let _ = stream.send_data(Bytes::from_static(b"two"), true);
                    });
                }
                return;
            }
            use tokio::io::AsyncWriteExt;
            while super::http1::next_request(&mut io).await.is_some() {
                tokio::time::sleep(Duration::from_micros(300)).await;
                if io.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\none").await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_micros(300)).await;
                if io.write_all(b"two").await.is_err() {
                    return;
                }
            }
        })
        .await;
        let transport = peer.transport();
        let rounds = if protocol == "h2" { 3_000 } else { 200 };
        for round in 0..rounds {
            let limit = Duration::from_micros(fastrand::u64(0..4_000));
            let outgoing = if round % 2 == 0 { peer.post("/", "body") } else { peer.watch("/") };
            let _ = tokio::time::timeout(limit, ask(&transport, outgoing)).await;
        }
        assert_eq!(ask(&transport, peer.get("/")).await.unwrap().1, "onetwo");
        if protocol == "h2" {
            assert!(peer.opened() <= 4, "connections stay usable: {}", peer.opened());
        }
        let calls = futures_util::future::join_all((0..60).map(|_| ask(&transport, peer.get("/")))).await;
        assert!(calls.iter().all(Result::is_ok), "every place came back");
        drop(transport);
        peer.settle_at(0).await;
    }
}
