//! The bytes below a WebSocket: a connection whose broken writing side does not hide what is still to be read.
//!
//! A server that is done closes its end while input may still be on its way to it. Writing fails then, and the output and
//! the exit status are yet to be read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::transport::Duplex;

/// The most that one message may hold. Servers send 32 KiB at a time.
pub(crate) const MAX_MESSAGE: usize = 4 << 20;
const READ_BUFFER: usize = 32 << 10;
const WRITE_BUFFER: usize = 64 << 10;

pub(super) type Socket = WebSocketStream<Connection>;

/// A WebSocket over an upgraded connection, with caps on what it takes.
pub(super) async fn socket(io: Box<dyn Duplex>) -> Socket {
    let connection = Connection { io, write_failed: None };
    WebSocketStream::from_raw_socket(connection, Role::Client, Some(config())).await
}

pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
}

pub(super) struct Connection {
    io: Box<dyn Duplex>,
    /// Why nothing can be written any more.
    write_failed: Option<String>,
}

impl Connection {
    pub(super) fn write_failed(&self) -> Option<&str> {
        self.write_failed.as_deref()
    }

    fn note<T>(&mut self, result: io::Result<T>, otherwise: T) -> io::Result<T> {
        result.or_else(|error| {
            self.write_failed = Some(error.to_string());
            Ok(otherwise)
        })
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.write_failed.is_some() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = ready!(Pin::new(&mut self.io).poll_write(cx, bytes));
        Poll::Ready(self.note(result, bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.write_failed.is_some() {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(Pin::new(&mut self.io).poll_flush(cx));
        Poll::Ready(self.note(result, ()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.write_failed.is_some() {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(Pin::new(&mut self.io).poll_shutdown(cx));
        Poll::Ready(self.note(result, ()))
    }
}
