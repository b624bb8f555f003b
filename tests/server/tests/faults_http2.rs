//! Scripted faults over HTTP/2: what happens to a stream, and what to the connection.

use std::time::Duration;

use bytes::Bytes;
use clientset_testserver::{On, TestServer, Verb, on, on_any};
use h2::client::SendRequest;
use h2::{Error, Reason};
use hyper::Request;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

struct Client {
    send: SendRequest<Bytes>,
    /// Ends with the connection, and says how.
    connection: JoinHandle<Result<(), Error>>,
    url: String,
}

impl Client {
    async fn connect(server: &TestServer) -> Client {
        let url = server.url();
        let address = url.strip_prefix("http://").expect("a plain URL");
        let stream = TcpStream::connect(address).await.expect("connect");
        let (send, connection) = h2::client::handshake(stream).await.expect("handshake");
        Client { send, connection: tokio::spawn(connection), url }
    }

    /// The status and the body, or what the stream ended with.
    async fn get(&mut self, path: &str) -> Result<(u16, String), Error> {
        let request = Request::get(format!("{}{path}", self.url)).body(()).expect("a request");
        let (answer, _) = self.send.send_request(request, true)?;
        let (head, mut body) = answer.await?.into_parts();
        let mut bytes = Vec::new();
        while let Some(data) = body.data().await {
            bytes.extend_from_slice(&data?);
        }
        Ok((head.status.as_u16(), String::from_utf8(bytes).expect("text")))
    }
}

async fn server() -> TestServer {
    TestServer::start().await.expect("a server")
}

#[tokio::test]
async fn a_stream_is_reset_and_the_connection_goes_on() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let cases: [(&str, On, Option<Reason>); 5] = [
        ("reset", on_any().reset_stream(), Some(Reason::INTERNAL_ERROR)),
        ("refused", on_any().refuse_stream(), Some(Reason::REFUSED_STREAM)),
        ("truncated", on_any().truncate_after(10), Some(Reason::INTERNAL_ERROR)),
        ("too short a length", on_any().content_length(10), Some(Reason::PROTOCOL_ERROR)),
        ("too great a length", on_any().content_length(100_000), Some(Reason::PROTOCOL_ERROR)),
    ];
    for (what, script, reason) in cases {
        let fault = server.fault(script);
        let error = client.get("/version").await.expect_err(what);
        assert_eq!(error.reason(), reason, "{what}: {error}");
        assert_eq!(fault.fired(), 1, "{what}");
        fault.remove();
        assert_eq!(client.get("/version").await.expect("the same connection").0, 200, "after {what}");
    }
}

#[tokio::test]
async fn pieces_are_frames_of_their_own() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    let whole = client.get("/version").await.expect("an answer").1;
    server.fault(on_any().pieces_of(7));
    let request = Request::get(format!("{}/version", client.url)).body(()).expect("a request");
    let (answer, _) = client.send.send_request(request, true).expect("sent");
    let mut body = answer.await.expect("an answer").into_body();
    let mut pieces = Vec::new();
    while let Some(data) = body.data().await {
        pieces.push(String::from_utf8(data.expect("data").to_vec()).expect("text"));
    }
    assert!(pieces.iter().all(|it| it.len() <= 7), "{pieces:?}");
    assert_eq!(pieces.concat(), whole);
}

#[tokio::test]
async fn goaway_lets_the_request_end_and_takes_no_more() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    server.fault(on_any().goaway());
    assert_eq!(client.get("/version").await.expect("an answer").0, 200);
    client.connection.await.expect("no panic").expect("an end in order");
}

#[tokio::test]
async fn goaway_can_disown_the_request() {
    let server = server().await;
    let mut client = Client::connect(&server).await;
    assert_eq!(client.get("/version").await.expect("an answer").0, 200);
    server.fault(on(Verb::List).goaway_unprocessed());
    let error = client.get("/api/v1/pods").await.expect_err("disowned");
    assert!(error.is_go_away() && error.is_remote(), "{error:?}");
    assert_eq!(error.reason(), Some(Reason::NO_ERROR));
    client.connection.await.expect("no panic").expect("an end in order");
    let mut again = Client::connect(&server).await;
    assert_eq!(again.get("/version").await.expect("an answer").0, 200);
}

#[tokio::test]
async fn the_connection_is_reset_with_all_that_is_under_way() {
    let server = server().await;
    for (what, script) in [
        ("before", on(Verb::List).reset()),
        ("in the head", on(Verb::List).reset_in_head()),
        ("after the head", on(Verb::List).reset_after(0)),
    ] {
        let fault = server.fault(script);
        let held = server.fault(on(Verb::Get).hold());
        let mut client = Client::connect(&server).await;
        let mut other = Client {
            send: client.send.clone(),
            connection: tokio::spawn(async { Ok(()) }),
            url: client.url.clone(),
        };
        let waiting = tokio::spawn(async move { other.get("/version").await });
        held.wait_until_fired(1).await;
        let error = client.get("/api/v1/pods").await.expect_err(what);
        assert!(error.is_io(), "{what}: {error:?}");
        assert!(waiting.await.expect("no panic").is_err(), "{what}");
        fault.remove();
        held.remove();
    }
}

#[tokio::test]
async fn a_body_stalls_and_the_connection_goes_on() {
    let server = server().await;
    let fault = server.fault(on(Verb::List).stall_after(10));
    let mut client = Client::connect(&server).await;
    let mut other = Client {
        send: client.send.clone(),
        connection: tokio::spawn(async { Ok(()) }),
        url: client.url.clone(),
    };
    let listing = tokio::spawn(async move { other.get("/api/v1/pods").await });
    fault.wait_until_fired(1).await;
    assert_eq!(client.get("/version").await.expect("an answer").0, 200);
    assert!(!listing.is_finished());
    fault.release();
    let (code, body) = listing.await.expect("no panic").expect("an answer");
    assert_eq!(code, 200);
    assert!(body.contains("PodList"), "{body}");
}

#[tokio::test]
async fn what_a_stopped_server_held_is_let_go() {
    let server = server().await;
    let fault = server.fault(on_any().delay(Duration::from_secs(3600)));
    let mut client = Client::connect(&server).await;
    let waiting = tokio::spawn(async move { client.get("/version").await });
    fault.wait_until_fired(1).await;
    drop(server);
    assert!(waiting.await.expect("no panic").is_err());
}
