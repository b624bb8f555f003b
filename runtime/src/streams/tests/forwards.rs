//! Ports: bytes in both directions, and what goes wrong behind the server.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::{Peer, Server};
use crate::{Error, PortForwardStream};

async fn open(server: &mut Server) -> (PortForwardStream, Peer) {
    let stream = server.pods().port_forward("web-0", "portforward", 8080).connect().await.unwrap();
    let mut peer = server.peer().await;
    peer.send(0, 8080u16.to_le_bytes()).await;
    peer.send(1, 8080u16.to_le_bytes()).await;
    (stream, peer)
}

fn inner(error: &std::io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn a_port_is_a_stream_of_bytes() {
    let mut server = Server::v5();
    let (mut stream, mut peer) = open(&mut server).await;
    assert!(peer.asked.url.ends_with("/widgets/web-0/portforward?ports=8080"), "{}", peer.asked.url);
    assert_eq!(peer.asked.headers.get("sec-websocket-protocol"), Some("v4.channel.k8s.io"));
    stream.write_all(b"GET").await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(peer.message().await.unwrap(), &b"\0GET"[..]);
    peer.send(0, "answer").await;
    peer.close().await;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "answer");
    assert!(stream.write_all(b"more").await.is_err());
}

#[tokio::test]
async fn what_was_flushed_is_sent_though_the_stream_is_dropped() {
    let mut server = Server::v5();
    let (mut stream, mut peer) = open(&mut server).await;
    let bytes = vec![7; 200_000];
    let writing = tokio::spawn(async move {
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let mut seen = 0;
    while let Some(message) = peer.message().await {
        seen += message.len() - 1;
    }
    writing.await.unwrap();
    assert_eq!(seen, 200_000);
}

#[tokio::test]
async fn a_port_where_nobody_listens_and_a_pod_that_is_gone_are_told_apart() {
    let mut server = Server::v5();
    let before = Handle::current().metrics().num_alive_tasks();
    let (mut stream, mut peer) = open(&mut server).await;
    peer.send(1, "error forwarding port 8080 to pod: connection refused").await;
    peer.close().await;
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert!(inner(&error).is_remote() && error.to_string().contains("connection refused"), "{error}");

    let (mut stream, peer) = open(&mut server).await;
    drop(peer);
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert!(inner(&error).is_transport(), "{error}");

    let (mut stream, mut peer) = open(&mut server).await;
    peer.send(7, "x").await;
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert!(inner(&error).is_decode(), "{error}");

    let stream = server.pods().port_forward("web-0", "portforward", 8080).connect().await.unwrap();
    let mut peer = server.peer().await;
    peer.send(0, 80u16.to_le_bytes()).await;
    let mut stream = stream;
    assert!(inner(&stream.read(&mut [0; 8]).await.unwrap_err()).is_decode(), "another port");

    let error = server.pods().port_forward("web-0", "portforward", 0).connect().await.unwrap_err();
    assert!(error.is_request());
    while Handle::current().metrics().num_alive_tasks() > before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_local_port_leads_to_the_pod_until_it_is_dropped() {
    let mut server = Server::v5();
    let before = Handle::current().metrics().num_alive_tasks();
    let forward = || server.pods().port_forward("web-0", "portforward", 8080);
    let mut forwarder = forward().listen("127.0.0.1:0").await.unwrap();
    let address = forwarder.local_addr();
    assert!(address.ip().is_ipv4() && address.port() > 0);
    let again = forward().listen(address.to_string()).await.unwrap_err();
    assert!(again.is_request() && again.to_string().contains("cannot be listened on"), "{again}");

    let mut peers = Vec::new();
    let mut clients = Vec::new();
    for at in 0..3u8 {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(&[at; 100_000]).await.unwrap();
        clients.push(client);
        let mut peer = server.peer().await;
        peer.send(0, 8080u16.to_le_bytes()).await;
        let mut seen = 0;
        while seen < 100_000 {
            let message = peer.message().await.unwrap();
            assert!(message[1..].iter().all(|byte| *byte == at), "each connection has a stream of its own");
            seen += message.len() - 1;
        }
        peers.push(peer);
    }
    for (at, mut client) in clients.into_iter().enumerate() {
        let mut peer = peers.remove(0);
        peer.send(0, [at as u8; 10]).await;
        if at == 0 {
            // Whoever has said all still hears the answer.
            client.shutdown().await.unwrap();
        }
        peer.send(0, [at as u8; 10]).await;
        peer.close().await;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, [at as u8; 20]);
    }

    // A pod that is lost in the middle, and a port where nobody listens.
    let mut client = TcpStream::connect(address).await.unwrap();
    drop(server.peer().await);
    assert!(forwarder.next_failure().await.unwrap().error.is_transport());
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let client = TcpStream::connect(address).await.unwrap();
    let mut peer = server.peer().await;
    peer.send(1, 8080u16.to_le_bytes()).await;
    peer.send(1, "connection refused").await;
    peer.close().await;
    let failure = forwarder.next_failure().await.unwrap();
    assert!(failure.error.is_remote() && failure.peer == client.local_addr().ok(), "{failure}");

    let mut client = TcpStream::connect(address).await.unwrap();
    let peer = server.peer().await;
    drop(forwarder);
    peer.gone().await;
    assert_eq!(client.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let closed = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), closed).await.expect("the port is closed");
    while Handle::current().metrics().num_alive_tasks() > before {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn localhost_is_listened_on_in_both_families_where_there_are_both() {
    let server = Server::v5();
    let forward = || server.pods().port_forward("web-0", "portforward", 8080);
    let forwarder = forward().listen("localhost:0").await.unwrap();
    let addresses = forwarder.local_addrs();
    assert!(
        addresses.iter().all(|address| address.ip().is_loopback() && address.port() == addresses[0].port())
    );
    assert!(matches!(addresses.len(), 1 | 2));
    for bad in ["", "localhost", "localhost:x", "203.0.113.7:0", "127.0.0.1:99999"] {
        assert!(forward().listen(bad).await.unwrap_err().is_request(), "{bad}");
    }
}

#[tokio::test]
async fn a_pod_that_is_not_there_is_told_to_who_asks_the_listener() {
    let server = Server::refusing(404, crate::testing::status(404, "NotFound"));
    let request = server.pods().port_forward("web-0", "portforward", 8080);
    let mut forwarder = request.listen("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(forwarder.local_addr()).await.unwrap();
    assert!(forwarder.next_failure().await.unwrap().error.is_not_found());
}

#[tokio::test]
async fn a_local_program_that_is_gone_does_not_hold_a_silent_port_for_ever() {
    let mut server = Server::v5();
    let request = server.pods().port_forward("web-0", "portforward", 8080);
    let forwarder = request.listen("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(forwarder.local_addr()).await.unwrap();
    let mut peer = server.peer().await;
    peer.send(0, 8080u16.to_le_bytes()).await;
    drop(client);
    peer.gone().await;
}
