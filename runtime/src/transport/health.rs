//! What is known of one connection: when it was heard last, and why it ended. Deliberately no timers: drivers have those.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::failure::refused_handshake;
use super::{Duplex, Failure, FailureKind};

/// Shared by a connection's driver, its streams and the pool.
#[derive(Debug)]
pub(super) struct Health {
    born: Instant,
    /// Milliseconds after `born`.
    heard: AtomicU64,
    /// Why nothing comes any more, where that is known better than streams can tell.
    ended: OnceLock<Failure>,
}

impl Health {
    pub(super) fn new() -> Arc<Health> {
        Arc::new(Health { born: Instant::now(), heard: AtomicU64::new(0), ended: OnceLock::new() })
    }

    fn hear(&self) {
        let millis = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(millis, Ordering::Relaxed);
    }

    /// When something came in last.
    pub(super) fn heard(&self) -> Instant {
        self.born + Duration::from_millis(self.heard.load(Ordering::Relaxed))
    }

    /// Says why the connection ends; the first reason stands.
    pub(super) fn end(&self, failure: Failure) {
        let _ = self.ended.set(failure);
    }

    /// The failure of a stream, replaced by the connection's own where that says more.
    ///
    /// What provably was not begun stays that.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        match self.ended.get() {
            Some(known) if failure.kind == FailureKind::Broken => known.clone(),
            _ => failure,
        }
    }
}

/// A connection's bytes, listened to.
pub(super) struct Heard {
    io: Box<dyn Duplex>,
    health: Arc<Health>,
}

impl Heard {
    pub(super) fn new(io: Box<dyn Duplex>, health: Arc<Health>) -> Heard {
        Heard { io, health }
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        match &read {
            Ok(()) if buf.filled().len() > before => self.health.hear(),
            Ok(()) => {}
            // With TLS 1.3 a server refuses a client's certificate after the client believes to be connected.
            Err(error) if refused_handshake(error) => {
                self.health.end(Failure::of_handshake(error));
            }
            Err(_) => {}
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Heard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
