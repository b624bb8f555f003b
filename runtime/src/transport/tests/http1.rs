//! HTTP/1.1 as it is on the wire: connections that are kept, closed and turned into something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::peer::{Peer, ask, eventually, read, upgrade};
use crate::transport::{FailureKind, HttpTransport, Transport, Upgrade};

/// The head of the next request, or `None` at the end; the body of a small one comes with it.
pub(super) async fn next_request(io: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut text = Vec::new();
    while !text.windows(4).any(|four| four == b"\r\n\r\n") {
        if io.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8(text).unwrap())
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ngot";

#[tokio::test]
async fn a_connection_is_used_again_once_its_answer_was_read() {
    let peer = Peer::start(&["http/1.1"], |_, mut io| async move {
        while let Some(request) = next_request(&mut io).await {
            assert!(request.starts_with("GET /a?b=%2F HTTP/1.1\r\n"), "{request}");
            assert!(request.contains("\r\nhost: 127.0.0.1:"), "{request}");
            io.write_all(OK).await.unwrap();
        }
    })
    .await;
    let transport = peer.transport();
    for _ in 0..20 {
        assert_eq!(ask(&transport, peer.get("/a?b=%2F")).await.unwrap(), (200, "got".to_owned()));
    }
    assert_eq!(peer.opened(), 1);
    // Whoever does not read an answer to its end closes the connection.
    drop(transport.send(peer.get("/a?b=%2F")).await.unwrap());
    peer.settle_at(0).await;
    let both = futures_util::future::join(
        ask(&transport, peer.get("/a?b=%2F")),
        ask(&transport, peer.watch("/a?b=%2F")),
    );
    let (one, other) = both.await;
    assert!(one.is_ok() && other.is_ok());
    assert_eq!((peer.opened(), peer.open()), (3, 2));
    drop(transport);
    peer.settle_at(0).await;
}

#[tokio::test]
async fn n9_an_idle_connection_that_the_server_closed_is_replaced_without_an_error() {
    let peer = Peer::start(&["http/1.1"], |_, mut io| async move {
        next_request(&mut io).await.unwrap();
        io.write_all(OK).await.unwrap();
        io.shutdown().await.unwrap();
    })
    .await;
    let transport = peer.transport();
    for _ in 0..10 {
        ask(&transport, peer.post("/a", "x")).await.unwrap();
        peer.settle_at(0).await;
    }
    assert_eq!(peer.opened(), 10);
}

#[tokio::test]
async fn a_request_that_went_out_and_was_not_answered_may_have_been_done() {
    let peer = Peer::start(&["http/1.1"], |_, mut io| async move {
        next_request(&mut io).await.unwrap();
    })
    .await;
    let failure = ask(&peer.transport(), peer.post("/a", "x")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken, "{failure}");
    assert_eq!(peer.opened(), 1);
}

#[tokio::test]
async fn h14_a_head_without_end_is_an_error() {
    for (long, fields) in [(80 << 10, 1), (10, 10_000), (10, 600)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let peer = Peer::start(&["http/1.1"], move |_, mut io| {
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                next_request(&mut io).await;
                let field = format!("warning: {}\r\n", "x".repeat(long));
                let head = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", field.repeat(fields));
                let _ = io.write_all(head.as_bytes()).await;
                next_request(&mut io).await;
            }
        })
        .await;
        let failure = ask(&peer.transport(), peer.get("/")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken);
        assert!(failure.message.contains("too large"), "{failure}");
        peer.settle_at(0).await;
    }
}

#[tokio::test]
async fn an_upgrade_has_a_connection_of_its_own_and_gives_it_to_the_caller() {
    // Offers HTTP/2, which no upgrade may take.
    let peer = Peer::start(&["h2", "http/1.1"], |_, mut io| async move {
        assert_eq!(io.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let request = next_request(&mut io).await.unwrap();
        assert!(request.contains("upgrade: echo"), "{request}");
        let head =
            "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: echo\r\nx-chosen: v5\r\n\r\nhello ";
        io.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = [0; 5];
        io.read_exact(&mut bytes).await.unwrap();
        io.write_all(&bytes).await.unwrap();
        let _ = io.read(&mut bytes).await;
    })
    .await;
    let transport = peer.transport();
    let Upgrade::Switched { headers, mut io } = upgrade(&transport, &peer.url).await.unwrap() else {
        panic!("it was refused")
    };
    assert_eq!(headers.get("x-chosen"), Some("v5"));
    drop(transport);
    io.write_all(b"there").await.unwrap();
    io.flush().await.unwrap();
    let mut text = [0; 11];
    io.read_exact(&mut text).await.unwrap();
    assert_eq!(&text, b"hello there");
    drop(io);
    peer.settle_at(0).await;
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer() {
    let peer = Peer::start(&["http/1.1"], |_, mut io| async move {
        next_request(&mut io).await.unwrap();
        io.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        let _ = next_request(&mut io).await;
    })
    .await;
    let transport = peer.transport();
    let Upgrade::Refused(answer) = upgrade(&transport, &peer.url).await.unwrap() else {
        panic!("it switched")
    };
    assert_eq!(read(answer).await.unwrap(), (403, "no".to_owned()));
    peer.settle_at(0).await;
}

#[tokio::test]
async fn idle_connections_are_closed_after_their_time() {
    for protocol in ["http/1.1", "h2"] {
        let peer = Peer::start(&[protocol], move |_, mut io| async move {
            if protocol == "h2" {
                let mut connection = h2::server::handshake(io).await.unwrap();
                while let Some(Ok((_, respond))) = connection.accept().await {
                    super::peer::answer_with(respond, "got");
                }
                return;
            }
            while next_request(&mut io).await.is_some() {
                io.write_all(OK).await.unwrap();
            }
        })
        .await;
        let short = Duration::from_millis(100);
        let config = peer.config().idle_timeout(short).http2_ping(short, short * 10);
        let transport = HttpTransport::new(&config).unwrap();
        ask(&transport, peer.get("/")).await.unwrap();
        assert_eq!(peer.open(), 1);
        peer.settle_at(0).await;
        ask(&transport, peer.get("/")).await.unwrap();
        eventually(|| peer.opened() == 2).await;
    }
}
