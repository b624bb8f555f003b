//! Carrying a request to the server and its answer back: a small trait of ours, and our own pool of connections behind it.
//!
//! It deliberately knows nothing of Kubernetes, does not retry, follows no redirect and inflates nothing.
// Upgrades are what streams are made of; without them this half of it rests.
#![cfg_attr(not(feature = "streams"), allow(dead_code))]

mod connector;
mod failure;
mod health;
mod http1;
mod http2;
mod material;
mod origin;
mod pool;
mod proxy;
mod proxy_choice;
mod sending;
mod tls;
mod verify;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

pub(crate) use sending::HttpTransport;

use crate::auth::Identity;
use crate::request::{Class, Headers, Method};

/// A future that can be sent between threads.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends requests. The one seam between this crate and an HTTP stack.
pub(crate) trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for the head of the answer.
    fn send(&self, request: Outgoing) -> BoxFuture<'_, Result<Answer, Failure>>;

    /// Presents this client certificate from now on, or again what the configuration has itself.
    ///
    /// Cheap where it is the one of before. Otherwise connections of the old one take nothing new and end with what goes on there.
    ///
    /// # Errors
    ///
    /// When certificate and key cannot be used; then the old ones stay.
    fn present(&self, _: Option<&Identity>) -> crate::Result<()> {
        Ok(())
    }

    /// Sends one request on a connection of its own (HTTP/1.1) that becomes a stream of bytes where the server agrees.
    ///
    /// The caller sets `connection`, `upgrade` and what else the other protocol needs.
    fn upgrade(&self, request: Outgoing) -> BoxFuture<'_, Result<Upgrade, Failure>>;
}

/// What a server makes of a wish to speak another protocol.
pub(crate) enum Upgrade {
    /// 101: the connection is the caller's. Dropping it closes it.
    Switched { headers: Headers, io: Box<dyn Duplex> },
    /// Any other status: an answer like every other.
    Refused(Answer),
}

/// Bytes in both directions.
pub(crate) trait Duplex:
    tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static
{
}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static> Duplex for T {}

/// A request as it goes out: complete, with an absolute URL.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) class: Class,
}

/// The head of an answer, and its body as it comes.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
}

/// A body as it comes. Dropping it gives up the rest: the stream is reset, or the connection closed.
pub(crate) struct Body(Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>);

impl Body {
    pub(crate) fn new(stream: impl Stream<Item = Result<Bytes, Failure>> + Send + 'static) -> Self {
        Body(Box::pin(stream))
    }

    /// The same body with `start` before it.
    pub(crate) fn after(self, start: Bytes) -> Self {
        Body::new(futures_util::stream::StreamExt::chain(futures_util::stream::iter([Ok(start)]), self.0))
    }

    /// The next piece, or `None` at the clean end.
    pub(crate) async fn chunk(&mut self) -> Option<Result<Bytes, Failure>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        self.0.as_mut().poll_next(cx)
    }
}

/// Why no answer came, or why it ended early.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    /// The whole chain of reasons on one line, without a URL.
    pub(crate) message: String,
    /// What to do about it, where more is known than the kind says.
    pub(crate) hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The server's name does not resolve.
    Dns,
    /// Nobody listens at the server's address.
    Refused,
    /// No connection for another reason.
    Connect,
    /// The server is not who it should be, or does not speak TLS as we do.
    Tls,
    /// The server was not there in time; which step took too long.
    ConnectTimeout(Phase),
    /// The proxy did not let us through; the status that it answered with, where it spoke HTTP.
    Proxy(Option<u16>),
    /// There was a connection, and the server provably did not begin with the request (REFUSED_STREAM, GOAWAY).
    Unsent,
    /// The connection broke after the request had begun to go out.
    Broken,
    /// The body is not compressed as it says. Told by what inflates it, never by a transport.
    Encoding,
    /// The request cannot be expressed in HTTP.
    Request,
}

/// A step on the way to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Resolving the name and opening the connection.
    Connect,
    /// The proxy's answer.
    Proxy,
    /// The TLS handshake.
    Tls,
}

impl FailureKind {
    /// Whether the server provably did nothing of what was asked.
    pub(crate) fn is_unsent(self) -> bool {
        !matches!(self, FailureKind::Broken | FailureKind::Encoding)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests;
