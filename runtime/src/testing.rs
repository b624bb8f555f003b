//! For this crate's own tests: a kind to ask for, and an HTTP server on loopback that answers as it is told.
//!
//! It speaks just enough HTTP/1.1 over real sockets to show framing, retries and broken connections. What a Kubernetes
//! API does is shown elsewhere, on a real one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::codec::UnknownFields;
use crate::config::Config;
use crate::wire::{Map, RawJson, Time};
use crate::{Client, object, object_metadata, resource};

/// Metadata as the generator would write it.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct ObjectMeta {
    pub(crate) name: Option<String>,
    pub(crate) generate_name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) generation: Option<i64>,
    pub(crate) creation_timestamp: Option<Time>,
    pub(crate) deletion_timestamp: Option<Time>,
    pub(crate) labels: Option<Map<String>>,
    pub(crate) annotations: Option<Map<String>>,
    pub(crate) owner_references: Option<Vec<OwnerReference>>,
    pub(crate) finalizers: Option<Vec<String>>,
    pub(crate) managed_fields: Option<RawJson>,
}

object! {
    ObjectMeta {
        0 name "name" [1] String;
        1 generate_name "generateName" [2] String;
        2 namespace "namespace" [3] String;
        3 uid "uid" [5] String;
        4 resource_version "resourceVersion" [6] String;
        5 generation "generation" [7] Varint;
        6 creation_timestamp "creationTimestamp" [8] Time;
        7 deletion_timestamp "deletionTimestamp" [9] Time;
        8 labels "labels" [11] Map;
        9 annotations "annotations" [12] Map;
        10 owner_references "ownerReferences" [13] Message map["uid"];
        11 finalizers "finalizers" [14] String set;
        12 managed_fields "managedFields" [17] Raw;
    }
}

object_metadata!(ObjectMeta);

#[derive(Clone, Default, PartialEq)]
pub(crate) struct OwnerReference {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) controller: Option<bool>,
}

object! {
    OwnerReference {
        0 api_version "apiVersion" [5] String required;
        1 kind "kind" [1] String required;
        2 name "name" [3] String required;
        3 uid "uid" [4] String required;
        4 controller "controller" [6] Varint;
    }
}

/// A kind in a namespace.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Widget {
    pub(crate) metadata: ObjectMeta,
    pub(crate) spec: Option<Box<WidgetSpec>>,
    pub(crate) status: Option<RawJson>,
    pub(crate) unknown: UnknownFields,
}

object! {
    Widget = "example.com/v1" "Widget" {
        0 metadata "metadata" [] Message required;
        1 spec "spec" [] Message;
        2 status "status" [] Raw;
    }
}

resource! { Widget = "example.com" "v1" "Widget" "widgets" Namespaced }

#[derive(Clone, Default, PartialEq)]
pub(crate) struct WidgetSpec {
    pub(crate) size: i32,
    pub(crate) parts: Option<Vec<Part>>,
}

object! {
    WidgetSpec {
        0 size "size" [] Varint required;
        1 parts "parts" [] Message map["name"];
    }
}

#[derive(Clone, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) color: Option<String>,
}

object! {
    Part {
        0 name "name" [] String required;
        1 color "color" [] String;
    }
}

/// A kind of the core group that lives in no namespace.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Node {
    pub(crate) metadata: ObjectMeta,
    pub(crate) unknown: UnknownFields,
}

object! {
    Node = "v1" "Node" {
        0 metadata "metadata" [1] Message required;
    }
}

resource! { Node = "" "v1" "Node" "nodes" Cluster }

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The request line without the version: `GET /path?query`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(existing, _)| existing == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered to one request: bytes as they go over the socket, piece by piece.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pieces: Vec<Vec<u8>>,
    /// Keeps the connection open until the client closes it.
    hold: bool,
}

impl Reply {
    /// An answer with a whole body.
    pub(crate) fn new(status: u16, body: &str) -> Reply {
        Reply::with(status, &[("content-type", "application/json")], body)
    }

    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut head =
            format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Reply { pieces: vec![format!("{head}\r\n{body}").into_bytes()], hold: false }
    }

    /// An answer that comes in pieces, with `Transfer-Encoding: chunked` and its end.
    pub(crate) fn chunked(pieces: &[&str]) -> Reply {
        let mut reply = Reply::unfinished(pieces);
        reply.pieces.push(b"0\r\n\r\n".to_vec());
        reply
    }

    /// The same without the end: the connection is closed in the middle.
    pub(crate) fn unfinished(pieces: &[&str]) -> Reply {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunks = pieces.iter().map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()).into_bytes());
        Reply { pieces: [head.as_bytes().to_vec()].into_iter().chain(chunks).collect(), hold: false }
    }

    /// No answer at all: the connection is closed.
    pub(crate) fn hang_up() -> Reply {
        Reply { pieces: Vec::new(), hold: false }
    }

    /// The same answer, but the connection stays open until the client closes it.
    pub(crate) fn and_hold(mut self) -> Reply {
        self.hold = true;
        self
    }
}

/// A server that gives the replies it was told, in order, and remembers what it was asked.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// One message for each held connection that the client closed.
    pub(crate) closed: mpsc::UnboundedReceiver<()>,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Server {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        Server::routing(move |_| {
            replies.lock().unwrap().pop_front().unwrap_or_else(|| Reply::new(599, "no reply was planned"))
        })
        .await
    }

    /// A server whose replies follow from what it is asked: for requests that go out at once.
    pub(crate) async fn routing(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let reply: Arc<Answering> = Arc::new(reply);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (closing, closed) = mpsc::unbounded_channel();
        let record = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, reply.clone(), record.clone(), closing.clone()));
            }
        });
        Server { url, seen, closed }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    pub(crate) fn config(&self) -> Config {
        Config::new(&self.url).allow_credentials_over_http(true)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

/// How a server comes to its replies.
type Answering = dyn Fn(&Seen) -> Reply + Send + Sync;

async fn answer(
    mut socket: TcpStream,
    reply: Arc<Answering>,
    record: Arc<Mutex<Vec<Seen>>>,
    closing: mpsc::UnboundedSender<()>,
) {
    let mut bytes = Vec::new();
    let seen = loop {
        if let Some(seen) = parse(&bytes) {
            break seen;
        }
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let reply = reply(&seen);
    record.lock().unwrap().push(seen);
    for piece in reply.pieces {
        if socket.write_all(&piece).await.is_err() || socket.flush().await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    if reply.hold {
        while socket.read_buf(&mut bytes).await.unwrap_or(0) > 0 {}
        let _ = closing.send(());
    }
}

/// A request, once it is all there.
fn parse(bytes: &[u8]) -> Option<Seen> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let body = bytes.get(end + 4..end + 4 + length)?;
    Some(Seen { line, headers, body: String::from_utf8_lossy(body).into_owned() })
}

/// A Status as servers write it.
pub(crate) fn status(code: u16, reason: &str) -> String {
    format!(
        r#"{{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{reason} it is","reason":"{reason}","code":{code}}}"#
    )
}
