//! One HTTP/1.1 connection: one exchange at a time, and what is left of it when it becomes something else.
//!
//! It deliberately does not choose between connections: `pool` does.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::Full;
use hyper::body::Body as _;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::Instant;

use super::health::{Health, Heard};
use super::pool::{Lease, Pool};
use super::sending::{Prepared, Sent};
use super::{Answer, Body, Failure, FailureKind, Upgrade};
use crate::config::ConnectionSettings;
use crate::request::{Class, Headers};

/// The most that the head of an answer may hold, in bytes and in fields.
const HEAD_LIMIT: usize = 64 << 10;
const FIELD_LIMIT: usize = 512;
/// How long a connection whose last answer has ended may take to be ready for the next request.
const SETTLE_TIME: Duration = Duration::from_millis(20);

/// What pool and driver know of one connection.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) health: Arc<Health>,
    /// Whether what goes on there may go on for hours.
    streaming: AtomicBool,
    /// Milliseconds after `born` at which it was put aside; [`u64::MAX`] while it is in use.
    idle_since: AtomicU64,
    born: Instant,
}

/// A connection with nothing going on. Dropping it closes it.
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    sender: SendRequest<Full<Bytes>>,
    /// The generation of the identity that it was opened with.
    pub(super) generation: u64,
}

impl Handle {
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether it can be used; what is said here can be wrong a moment later.
    pub(super) async fn is_ready(&mut self) -> bool {
        self.sender.is_ready()
            || tokio::time::timeout(SETTLE_TIME, self.sender.ready()).await.is_ok_and(|ready| ready.is_ok())
    }

    pub(super) fn put_aside(&self) {
        let millis = u64::try_from(self.shared.born.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.shared.idle_since.store(millis, Ordering::Relaxed);
        self.shared.streaming.store(false, Ordering::Relaxed);
    }

    pub(super) fn take_up(&self) {
        self.shared.idle_since.store(u64::MAX, Ordering::Relaxed);
    }
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.max_headers(FIELD_LIMIT).max_header_size(HEAD_LIMIT);
    builder
}

/// Leaves the connection to a task of its own.
///
/// # Errors
///
/// When the connection breaks at once.
pub(super) async fn open(
    io: Box<dyn super::Duplex>,
    settings: &ConnectionSettings,
    generation: u64,
    pool: Weak<Pool>,
    retired: watch::Receiver<u64>,
) -> Result<Handle, Failure> {
    let health = Health::new();
    let io = TokioIo::new(Heard::new(io, health.clone()));
    let (sender, connection) = builder().handshake(io).await.map_err(|error| Failure::of_exchange(&error))?;
    let shared = Arc::new(Shared {
        health,
        streaming: AtomicBool::new(false),
        idle_since: AtomicU64::new(u64::MAX),
        born: Instant::now(),
    });
    tokio::spawn(run(connection, shared.clone(), settings.clone(), pool, retired));
    Ok(Handle { shared, sender, generation })
}

/// The connection until it ends, or until its identity is replaced and a stream on it had its time.
async fn run(
    connection: impl Future<Output = hyper::Result<()>>,
    shared: Arc<Shared>,
    settings: ConnectionSettings,
    pool: Weak<Pool>,
    mut retired: watch::Receiver<u64>,
) {
    let deadline = async {
        if retired.changed().await.is_err() {
            return std::future::pending().await;
        }
        tokio::time::sleep(settings.drain_timeout).await;
        while !shared.streaming.load(Ordering::Relaxed) {
            tokio::time::sleep(settings.drain_timeout).await;
        }
    };
    let idling = async {
        loop {
            let since = shared.idle_since.load(Ordering::Relaxed);
            let until = match since {
                u64::MAX => Instant::now() + settings.idle_timeout,
                since => shared.born + Duration::from_millis(since) + settings.idle_timeout,
            };
            if let Some(pool) = pool.upgrade() {
                pool.look_at_files();
                if until <= Instant::now() {
                    pool.forget_http1(&shared);
                }
            }
            tokio::time::sleep_until(until.max(Instant::now() + settings.idle_timeout / 4)).await;
        }
    };
    let connection = std::pin::pin!(connection);
    let (deadline, idling) = (std::pin::pin!(deadline), std::pin::pin!(idling));
    if let Either::Right(_) = select(connection, select(deadline, idling)).await {
        let message = "the connection's certificates were replaced";
        shared.health.end(Failure::new(FailureKind::Broken, message));
    }
    if let Some(pool) = pool.upgrade() {
        pool.forget_http1(&shared);
    }
}

/// Sends one request on a connection that is free.
pub(super) async fn send(mut lease: Lease, mut prepared: Prepared, absolute: bool, class: Class) -> Sent {
    let Some(mut handle) = lease.take() else { return Sent::Returned(prepared) };
    if !handle.is_ready().await {
        return Sent::Returned(prepared);
    }
    handle.shared.streaming.store(class == Class::Stream, Ordering::Relaxed);
    let request = match prepared.with_host(absolute) {
        Ok(request) => request,
        Err(failure) => return Sent::Failed(failure),
    };
    let response = match handle.sender.try_send_request(request).await {
        Ok(response) => response,
        Err(mut error) => {
            return match error.take_message() {
                // Nothing of it was written.
                Some(request) => Sent::Returned(prepared.again(request)),
                None => Sent::Failed(handle.shared.health.explain(Failure::of_exchange(error.error()))),
            };
        }
    };
    let (head, incoming) = response.into_parts();
    let headers = Headers::from(head.headers);
    let body = if incoming.is_end_stream() {
        lease.give_back(handle);
        Body::new(futures_util::stream::empty())
    } else {
        Body::new(Incoming { incoming, lease: Some((lease, handle)) })
    };
    Sent::Answered(Answer { status: head.status.as_u16(), headers, body })
}

/// The body of an answer. Dropping it before its end closes the connection.
struct Incoming {
    incoming: hyper::body::Incoming,
    lease: Option<(Lease, Handle)>,
}

impl futures_core::Stream for Incoming {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some((lease, handle)) = this.lease.take() else { return Poll::Ready(None) };
        loop {
            return match Pin::new(&mut this.incoming).poll_frame(cx) {
                Poll::Pending => {
                    this.lease = Some((lease, handle));
                    Poll::Pending
                }
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(chunk) => {
                        this.lease = Some((lease, handle));
                        Poll::Ready(Some(Ok(chunk)))
                    }
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(error))) => {
                    Poll::Ready(Some(Err(handle.shared.health.explain(Failure::of_exchange(&error)))))
                }
                Poll::Ready(None) => {
                    lease.give_back(handle);
                    Poll::Ready(None)
                }
            };
        }
    }
}

/// Sends one request on a new connection, which becomes the caller's where the server agrees.
pub(super) async fn upgrade(
    io: Box<dyn super::Duplex>,
    mut prepared: Prepared,
    absolute: bool,
) -> Result<Upgrade, Failure> {
    let health = Health::new();
    let io = TokioIo::new(Heard::new(io, health.clone()));
    let failed = |error: hyper::Error| health.explain(Failure::of_exchange(&error));
    let (mut sender, connection) = builder().handshake(io).await.map_err(failed)?;
    // Ends with the exchange, and with the sender where nobody waits for its answer any more.
    tokio::spawn(connection.with_upgrades());
    let response = sender.send_request(prepared.with_host(absolute)?).await.map_err(failed)?;
    let headers = Headers::from(response.headers().clone());
    if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
        let io = hyper::upgrade::on(response).await.map_err(failed)?;
        return Ok(Upgrade::Switched { headers, io: Box::new(TokioIo::new(io)) });
    }
    let (head, incoming) = response.into_parts();
    let body = Body::new(Alone { incoming, _sender: sender, health });
    Ok(Upgrade::Refused(Answer { status: head.status.as_u16(), headers, body }))
}

/// The body of an answer on a connection that nobody else uses.
struct Alone {
    incoming: hyper::body::Incoming,
    _sender: SendRequest<Full<Bytes>>,
    health: Arc<Health>,
}

impl futures_core::Stream for Alone {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.incoming).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => Some(Ok(chunk)),
                    Err(_) => continue,
                },
                Some(Err(error)) => Some(Err(self.health.explain(Failure::of_exchange(&error)))),
                None => None,
            });
        }
    }
}
