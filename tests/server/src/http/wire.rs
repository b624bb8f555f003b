//! The bytes of one connection, with a handle by which a scripted fault takes hold of them.
//!
//! It counts and cuts; it knows neither TLS nor HTTP. HTTP/2 frames are the matter of `frames`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How a connection ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// RST: the peer's next read fails.
    Reset,
    /// FIN: the peer reads an end.
    Close,
    /// What is under way is finished, nothing new is taken: GOAWAY, or `Connection: close`.
    Graceful,
    /// GOAWAY that names an older stream than those under way, then FIN.
    Disowned,
}

/// What a connection's bytes have come to, shared between its socket and those who give its answers.
#[derive(Debug)]
pub(crate) struct Wire {
    state: Mutex<State>,
    written: watch::Sender<u64>,
    asked: watch::Sender<Option<End>>,
}

#[derive(Debug, Default)]
struct State {
    /// So many more bytes, and then the end.
    allowed: Option<(u64, End)>,
}

impl Wire {
    pub(crate) fn new() -> Arc<Wire> {
        Arc::new(Wire {
            state: Mutex::default(),
            written: watch::Sender::new(0),
            asked: watch::Sender::new(None),
        })
    }

    /// Asks for the end of the connection.
    pub(crate) fn end(&self, how: End) {
        self.asked.send_replace(Some(how));
    }

    /// Lets so many more bytes out, then ends the connection.
    pub(crate) fn end_after(&self, bytes: u64, how: End) {
        self.state().allowed = Some((bytes, how));
    }

    /// The end that is asked for, once it is.
    pub(super) async fn asked(&self, known: Option<End>) -> End {
        let mut asked = self.asked.subscribe();
        loop {
            if let Some(end) = *asked.borrow_and_update()
                && Some(end) != known
            {
                return end;
            }
            // The sender is this object and outlives the borrow.
            let _ = asked.changed().await;
        }
    }

    pub(super) fn wants(&self, end: End) -> bool {
        *self.asked.borrow() == Some(end)
    }

    /// How many bytes went out so far.
    pub(crate) fn written(&self) -> u64 {
        *self.written.borrow()
    }

    /// Waits until more than this many bytes went out.
    pub(crate) async fn written_more_than(&self, bytes: u64) {
        let _ = self.written.subscribe().wait_for(|it| *it > bytes).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of a write may go out; `None` when nothing is limited.
    fn allowance(&self) -> Option<u64> {
        self.state().allowed.map(|(bytes, _)| bytes)
    }

    fn wrote(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.written.send_modify(|it| *it += bytes);
        let mut state = self.state();
        if let Some((allowed, how)) = &mut state.allowed {
            *allowed = allowed.saturating_sub(bytes);
            if *allowed == 0 {
                let how = *how;
                drop(state);
                self.end(how);
            }
        }
    }
}

/// A TCP connection under the eyes of a [`Wire`].
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    wire: Arc<Wire>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, wire: Arc<Wire>) -> Socket {
        Socket { stream, wire }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.wire.wants(End::Reset) {
            // A socket that lingers for no time is reset when it is closed.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let bytes = match self.wire.allowance() {
            // The connection is about to end; nobody is to be told that it could not write.
            Some(0) => return Poll::Pending,
            Some(most) => bytes.get(..usize::try_from(most).unwrap_or(usize::MAX)).unwrap_or(bytes),
            None => bytes,
        };
        let wrote = std::task::ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.wire.wrote(wrote);
        Poll::Ready(Ok(wrote))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.wire.allowance().is_some() {
            let first = bytes.iter().find(|it| !it.is_empty()).map_or(&[][..], |it| it);
            return self.poll_write(context, first);
        }
        let wrote = std::task::ready!(Pin::new(&mut self.stream).poll_write_vectored(context, bytes))?;
        self.wire.wrote(wrote);
        Poll::Ready(Ok(wrote))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
