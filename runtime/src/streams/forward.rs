//! A connection to a port of a pod: one WebSocket, two channels, one stream of bytes in each direction.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::channels::{self, PortPrefix, Protocol};
use super::failure::Cause;
use super::handshake;
use super::pipe::{PipeReader, PipeWriter, pipe};
use super::process::Task;
use super::session::{Ended, Purpose, Session, Size};
use super::socket::Socket;
use crate::error::Kind;
use crate::request::Request;
use crate::{Client, Result};

/// How much is held in each direction.
const HELD: usize = 256 << 10;

/// Connects to a port of a pod.
///
/// ```no_run
/// # async fn run(pods: clientset_runtime::DynamicApi) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let mut stream = pods.port_forward("web-0", "portforward", 8080).connect().await?;
/// stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer).await?;
/// # Ok(()) }
/// ```
#[must_use = "a request does nothing until it is sent"]
pub struct PortForwardRequest {
    client: Client,
    /// What is wrong with it is said when it is sent.
    request: Result<Request>,
    port: u16,
}

impl PortForwardRequest {
    pub(crate) fn new(client: Client, request: Result<Request>, port: u16) -> Self {
        let request = request.and_then(|mut request| {
            if port == 0 {
                return Err(client.error(&request, Kind::Request, "port 0 is none that can be forwarded"));
            }
            request.query.push("ports", port.to_string());
            request.headers.set("accept", "*/*");
            Ok(request)
        });
        PortForwardRequest { client, request, port }
    }

    /// How long the server may take to agree to the stream: 60 seconds, unless said otherwise.
    pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
        if let Ok(request) = &mut self.request {
            request.timeout = Some(timeout);
        }
        self
    }

    /// Opens one connection to the port.
    ///
    /// That nothing listens there is told by the stream: its first read fails (`is_remote`).
    ///
    /// # Errors
    ///
    /// When there is no such pod (`is_not_found`), the caller may not do this (`is_forbidden`), or the server answers with
    /// another failure, with no WebSocket, or not at all.
    pub async fn connect(self) -> Result<PortForwardStream> {
        self.ready()?.connect().await
    }

    pub(super) fn ready(self) -> Result<Ready> {
        let PortForwardRequest { client, request, port } = self;
        Ok(Ready { client, request: request?, port })
    }
}

/// A request that can be sent, as often as need be.
#[derive(Clone)]
pub(super) struct Ready {
    client: Client,
    request: Request,
    port: u16,
}

impl Ready {
    pub(super) fn context(&self) -> String {
        self.request.context(self.client.server())
    }

    pub(super) async fn connect(&self) -> Result<PortForwardStream> {
        let context: Arc<str> = self.context().into();
        let (protocol, io) = handshake::open(&self.client, self.request.clone(), &[Protocol::V4]).await?;
        let (writer, input) = pipe(HELD);
        let (output, reader) = pipe(HELD);
        let session = Session {
            socket: Socket::new(io),
            protocol,
            purpose: Port {
                port: self.port,
                data: PortPrefix::new(self.port),
                error: PortPrefix::new(self.port),
            },
            context: context.clone(),
            input: Some(input),
            outputs: vec![(channels::DATA, output)],
            size: Size::default(),
        };
        Ok(PortForwardStream { reader, writer, context, _task: Task::spawn(session.run()) })
    }
}

impl fmt::Debug for PortForwardRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.request {
            Ok(request) => request.context(self.client.server()),
            Err(error) => error.to_string(),
        };
        f.debug_struct("PortForwardRequest").field("target", &target).field("port", &self.port).finish()
    }
}

/// The channels of a port.
struct Port {
    port: u16,
    data: PortPrefix,
    error: PortPrefix,
}

impl Purpose for Port {
    const VERDICT: u8 = channels::PORT_ERROR;

    fn knows(&self, channel: u8) -> bool {
        channel == channels::DATA
    }

    fn strip(&mut self, channel: u8, bytes: Bytes) -> std::result::Result<Bytes, &'static str> {
        if channel == channels::DATA { self.data.strip(bytes) } else { self.error.strip(bytes) }
    }

    fn is_complete(&self, verdict: &[u8]) -> bool {
        !verdict.is_empty()
    }

    fn judge(&self, verdict: &[u8]) -> std::result::Result<(), (Cause, String)> {
        if verdict.is_empty() {
            return Ok(());
        }
        Err((Cause::Remote, format!("port {}: {}", self.port, String::from_utf8_lossy(verdict))))
    }
}

/// A connection to a port of a pod. Dropping it closes the connection.
///
/// Flushing waits until what was written is on its way. Shutting down waits for the same, and the other side is not
/// told: the protocol cannot close one direction alone. Reading ends when the other side closes; it fails when nothing listens
/// on the port (`is_remote`), and when the connection breaks or the pod is gone (`is_transport`): the [`Error`](crate::Error) is
/// inside of the [`io::Error`].
pub struct PortForwardStream {
    reader: PipeReader,
    writer: PipeWriter,
    context: Arc<str>,
    _task: Task<Ended>,
}

impl AsyncRead for PortForwardStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reader.poll_read(cx, buffer)
    }
}

impl AsyncWrite for PortForwardStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writer.poll_write(cx, bytes).map_err(Into::into)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.poll_flush(cx).map_err(Into::into)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.poll_flush(cx).map_err(Into::into)
    }
}

impl fmt::Debug for PortForwardStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortForwardStream").field("of", &self.context).finish_non_exhaustive()
    }
}
