//! Streams against the server's end of a WebSocket in memory, which does what a test says and nothing else.
//!
//! What a real server does is shown in `tests/it`. Here is what a real one does not do, and what takes an hour.

mod drops;
mod forwards;
mod hostile;
mod processes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::handshake::accept;
use crate::config::Config;
use crate::request::Headers;
use crate::testing::Widget;
use crate::transport::{Answer, Body, BoxFuture, Failure, FailureKind, Outgoing, Transport, Upgrade};
use crate::{Api, Client};

/// What the connection between both ends holds in each direction.
const WIRE: usize = 64 << 10;

const SUCCESS: &str = r#"{"metadata":{},"status":"Success"}"#;

/// A server whose end of each upgraded connection is the test's.
pub(super) struct Server {
    pub(super) client: Client,
    opened: mpsc::UnboundedReceiver<(Outgoing, DuplexStream)>,
}

impl Server {
    /// One that speaks these protocols.
    pub(super) fn new(protocols: &'static [&'static str]) -> Server {
        let (opening, opened) = mpsc::unbounded_channel();
        Self::over(Arc::new(Switching { protocols, opening, refusal: Mutex::default() }), opened)
    }

    pub(super) fn v5() -> Server {
        Server::new(&["v4.channel.k8s.io", "v5.channel.k8s.io"])
    }

    pub(super) fn v4() -> Server {
        Server::new(&["v4.channel.k8s.io"])
    }

    /// One that answers otherwise.
    pub(super) fn refusing(status: u16, body: String) -> Server {
        let (opening, opened) = mpsc::unbounded_channel();
        let refusal = Mutex::new(Some((status, body)));
        Self::over(Arc::new(Switching { protocols: &[], opening, refusal }), opened)
    }

    fn over(transport: Arc<Switching>, opened: mpsc::UnboundedReceiver<(Outgoing, DuplexStream)>) -> Server {
        Server { client: Client::over(Config::new("https://203.0.113.7"), transport), opened }
    }

    pub(super) fn pods(&self) -> Api<Widget> {
        Api::namespaced(&self.client, "default")
    }

    /// The next connection: what was asked for, and the server's end as it is.
    pub(super) async fn raw(&mut self) -> (Outgoing, DuplexStream) {
        self.opened.recv().await.unwrap()
    }

    /// The next connection.
    pub(super) async fn peer(&mut self) -> Peer {
        let (asked, io) = self.raw().await;
        Peer { asked, socket: WebSocketStream::from_raw_socket(io, Role::Server, None).await }
    }
}

struct Switching {
    protocols: &'static [&'static str],
    opening: mpsc::UnboundedSender<(Outgoing, DuplexStream)>,
    refusal: Mutex<Option<(u16, String)>>,
}

impl Transport for Switching {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(async {
            Err(Failure { kind: FailureKind::Refused, message: "no requests here".into(), hint: None })
        })
    }

    fn upgrade(&self, asked: Outgoing) -> BoxFuture<'_, Result<Upgrade, Failure>> {
        let mut headers = Headers::default();
        if let Some((status, body)) = self.refusal.lock().unwrap().take() {
            let chunk = Ok(Bytes::from(body));
            let body = Body::new(futures_util::stream::once(async { chunk }));
            headers.set("content-type", "application/json");
            return Box::pin(async move { Ok(Upgrade::Refused(Answer { status, headers, body })) });
        }
        let offered = asked.headers.get("sec-websocket-protocol").unwrap_or_default();
        let chosen = offered.split(", ").find(|offered| self.protocols.contains(offered));
        headers.set("upgrade", "websocket");
        headers.set("connection", "Upgrade");
        headers.set("sec-websocket-accept", accept(asked.headers.get("sec-websocket-key").unwrap()));
        if let Some(chosen) = chosen {
            headers.set("sec-websocket-protocol", chosen);
        }
        let (ours, theirs) = tokio::io::duplex(WIRE);
        let _ = self.opening.send((asked, theirs));
        Box::pin(async move { Ok(Upgrade::Switched { headers, io: Box::new(ours) }) })
    }
}

/// The server's end.
pub(super) struct Peer {
    pub(super) asked: Outgoing,
    pub(super) socket: WebSocketStream<DuplexStream>,
}

impl Peer {
    pub(super) async fn send(&mut self, channel: u8, bytes: impl AsRef<[u8]>) {
        let message = super::channels::data(channel, bytes.as_ref());
        self.socket.send(Message::Binary(message)).await.unwrap();
    }

    /// The next message of a channel; pings are answered meanwhile.
    pub(super) async fn message(&mut self) -> Option<Bytes> {
        loop {
            match self.socket.next().await? {
                Ok(Message::Binary(bytes)) => return Some(bytes),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                _ => return None,
            }
        }
    }

    /// Says how the process ended, and closes.
    pub(super) async fn end(mut self, status: &str) {
        self.send(3, status).await;
        self.close().await;
    }

    pub(super) async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }

    /// Waits until the client is gone.
    pub(super) async fn gone(mut self) {
        let gone = async { while let Some(Ok(_)) = self.socket.next().await {} };
        tokio::time::timeout(Duration::from_secs(60), gone).await.expect("the client closes the connection");
    }
}

/// The Status of a process that failed.
pub(super) fn failed(code: &str) -> String {
    format!(
        r#"{{"metadata":{{}},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{{"causes":[{{"reason":"ExitCode","message":"{code}"}}]}}}}"#
    )
}
