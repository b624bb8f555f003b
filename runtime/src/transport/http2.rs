//! One HTTP/2 connection: its driver, which asks a silent server whether it is there, and streams on it.
//!
//! Directly over `h2`: the driver has to see what the server allows, and a stream of ours needs no task of its own. It
//! deliberately does not choose between connections: `pool` does.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use h2::client::{Connection, SendRequest};
use h2::{Ping, PingPong, RecvStream};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::health::{Health, Heard};
use super::pool::{Pool, Slot};
use super::sending::{self, Prepared, Sent};
use super::{Answer, Body, Failure, FailureKind};
use crate::config::ConnectionSettings;
use crate::request::Class;

/// What may wait for a slow reader: of watches, which are many, and of answers, which are long.
///
/// The connection has room for all of its streams at once, so that some that nobody reads never stop the others.
const STREAM_WINDOW: u32 = 256 << 10;
const UNARY_WINDOW: u32 = 4 << 20;
const LARGEST_WINDOW: u32 = 1 << 30;
/// The most that the head of an answer may hold.
const HEAD_LIMIT: u32 = 64 << 10;
/// How much of many tiny pieces may wait for slow readers before the connection is given up: 256 bytes are counted for each, so
/// that a quarter of a million may. Events of a watch are such pieces.
const PIECES: usize = 64 << 20;
/// Answers of requests that were given up are still on their way for about a round trip.
const RESET_STREAMS: usize = 128;
const RESET_DURATION: Duration = Duration::from_secs(5);
/// Stands for "the server has not said yet": no server allows just this many.
const UNKNOWN: usize = 0x7fff_fff1;

/// What pool, driver and streams know of one connection.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) health: Arc<Health>,
    /// How many streams are open.
    load: AtomicUsize,
    /// How many the server allows; [`UNKNOWN`] until it says so.
    allowed: AtomicUsize,
    /// Set once nothing new may be begun.
    gone: AtomicBool,
    /// A ping goes unanswered for longer than it should.
    suspect: AtomicBool,
    /// Milliseconds after `born` at which the last stream ended.
    idle_since: AtomicU64,
    born: Instant,
}

impl Shared {
    pub(super) fn is_usable(&self) -> bool {
        !self.gone.load(Ordering::Relaxed) && !self.suspect.load(Ordering::Relaxed)
    }

    /// How many streams it could take beside those that it has, `most` at most. One until the server has spoken: that one
    /// needs not wait for it.
    pub(super) fn room(&self, most: usize) -> usize {
        let allowed = match self.allowed.load(Ordering::Relaxed) {
            UNKNOWN => 1,
            allowed => allowed,
        };
        allowed.min(most).saturating_sub(self.load.load(Ordering::Relaxed))
    }

    /// What the server allows, once it has said so.
    pub(super) fn allowed(&self) -> Option<usize> {
        Some(self.allowed.load(Ordering::Relaxed)).filter(|allowed| *allowed != UNKNOWN)
    }

    pub(super) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    pub(super) fn take(&self) {
        self.load.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn give_back(&self) {
        if self.load.fetch_sub(1, Ordering::Relaxed) == 1 {
            let millis = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.idle_since.store(millis, Ordering::Relaxed);
        }
    }

    /// Lets nothing new begin.
    pub(super) fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    fn idle_for(&self) -> Duration {
        let since = self.born + Duration::from_millis(self.idle_since.load(Ordering::Relaxed));
        since.elapsed()
    }
}

/// A connection as the pool holds it; dropping the last handle lets it end with its last stream.
pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    pub(super) sender: SendRequest<Bytes>,
}

/// Shakes hands and leaves the connection to a task of its own.
///
/// # Errors
///
/// When the connection breaks at once.
pub(super) async fn open(
    io: Box<dyn super::Duplex>,
    class: Class,
    settings: &ConnectionSettings,
    pool: Weak<Pool>,
    retired: watch::Receiver<u64>,
) -> Result<Handle, Failure> {
    let health = Health::new();
    let window = if class == Class::Stream { STREAM_WINDOW } else { UNARY_WINDOW };
    let streams = u32::try_from(settings.streams_per_connection).unwrap_or(u32::MAX);
    let handshake = h2::client::Builder::new()
        .enable_push(false)
        .initial_max_send_streams(UNKNOWN)
        .initial_window_size(window)
        .initial_connection_window_size(window.saturating_mul(streams).min(LARGEST_WINDOW))
        .max_header_list_size(HEAD_LIMIT)
        .data_frame_budget(PIECES)
        .max_concurrent_reset_streams(RESET_STREAMS)
        .reset_stream_duration(RESET_DURATION)
        .handshake::<_, Bytes>(Heard::new(io, health.clone()));
    let (sender, mut connection) =
        handshake.await.map_err(|error| health.explain(Failure::of_stream(&error)))?;
    let shared = Arc::new(Shared {
        health,
        load: AtomicUsize::new(0),
        allowed: AtomicUsize::new(UNKNOWN),
        gone: AtomicBool::new(false),
        suspect: AtomicBool::new(false),
        idle_since: AtomicU64::new(0),
        born: Instant::now(),
    });
    let pings = connection.ping_pong().filter(|_| !settings.ping_interval.is_zero());
    let driver = Driver {
        connection,
        pings,
        asked: None,
        timer: Box::pin(tokio::time::sleep(settings.ping_interval)),
        settings: settings.clone(),
        shared: shared.clone(),
        pool,
        class,
    };
    tokio::spawn(run(driver, retired));
    Ok(Handle { shared, sender })
}

/// The connection until it ends, or until its identity is replaced and the streams on it had their time.
async fn run(mut driver: Driver, mut retired: watch::Receiver<u64>) {
    let (shared, class, drain) = (driver.shared.clone(), driver.class, driver.settings.drain_timeout);
    // Requests end by themselves; streams would go on for hours with an identity that is no longer ours.
    let deadline = async {
        if retired.changed().await.is_err() || class == Class::Unary {
            return std::future::pending().await;
        }
        tokio::time::sleep(drain).await;
    };
    let deadline = std::pin::pin!(deadline);
    if let Either::Right(_) = select(&mut driver, deadline).await {
        let message = "the connection's certificates were replaced";
        shared.health.end(Failure::new(FailureKind::Broken, message));
    }
    // Streams learn of the end from the connection that is dropped, the pool from here.
    driver.leave();
}

/// Moves one connection along.
struct Driver {
    connection: Connection<Heard, Bytes>,
    pings: Option<PingPong>,
    /// When the ping went out that is waited for.
    asked: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    settings: ConnectionSettings,
    shared: Arc<Shared>,
    pool: Weak<Pool>,
    class: Class,
}

impl Driver {
    fn leave(&self) {
        self.shared.leave();
        if let Some(pool) = self.pool.upgrade() {
            pool.forget(self.class, &self.shared);
        }
    }

    /// Tells the pool when the server allows more or fewer streams than before.
    fn publish(&self) {
        let allowed = self.connection.max_concurrent_send_streams();
        if self.shared.allowed.swap(allowed, Ordering::Relaxed) != allowed
            && let Some(pool) = self.pool.upgrade()
        {
            pool.serve(self.class);
        }
    }

    /// What the clock says: ready when the connection is dead.
    fn poll_clock(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let ConnectionSettings { ping_interval, ping_timeout, idle_timeout, .. } = self.settings;
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let heard = self.shared.health.heard();
            if let Some(pool) = self.pool.upgrade() {
                // Where watches go on for hours nobody else may come by.
                pool.look_at_files();
                if self.shared.load() == 0 && self.shared.idle_for() >= idle_timeout {
                    pool.forget_idle(self.class, &self.shared);
                }
            }
            let Some(pings) = &mut self.pings else {
                self.timer.as_mut().reset(now + idle_timeout);
                continue;
            };
            let next = match self.asked {
                None if heard + ping_interval > now => heard + ping_interval,
                None => {
                    let _ = pings.send_ping(Ping::opaque());
                    self.asked = Some(now);
                    now + ping_timeout / 5
                }
                Some(asked) if asked + ping_timeout / 5 > now => asked + ping_timeout / 5,
                // New requests go elsewhere before it is certain.
                Some(asked) if asked + ping_timeout > now => {
                    self.shared.suspect.store(true, Ordering::Relaxed);
                    asked + ping_timeout
                }
                Some(_) => return Poll::Ready(()),
            };
            self.timer.as_mut().reset(next);
        }
        Poll::Pending
    }

    fn poll_pong(&mut self, cx: &mut Context<'_>) {
        let (Some(pings), Some(asked)) = (&mut self.pings, self.asked) else { return };
        let answered = pings.poll_pong(cx).is_ready();
        // Anything that comes shows that somebody is there, even where the answer waits behind a long list.
        if answered || self.shared.health.heard() > asked {
            self.shared.suspect.store(false, Ordering::Relaxed);
        }
        if answered {
            self.asked = None;
            self.timer.as_mut().reset(Instant::now() + self.settings.ping_interval);
        } else if self.shared.health.heard() > asked {
            self.asked = Some(self.shared.health.heard());
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driver = &mut *self;
        let done = Pin::new(&mut driver.connection).poll(cx);
        driver.publish();
        if let Poll::Ready(result) = done {
            if let Err(error) = result {
                driver.shared.health.end(Failure { kind: FailureKind::Broken, ..Failure::of_stream(&error) });
            }
            return Poll::Ready(());
        }
        driver.poll_pong(cx);
        ready!(driver.poll_clock(cx));
        let message =
            format!("the connection is dead: no answer to a ping within {:?}", driver.settings.ping_timeout);
        driver.shared.health.end(Failure::new(FailureKind::Broken, message));
        Poll::Ready(())
    }
}

/// Sends one request on a connection that has room for it.
pub(super) async fn send(mut sender: SendRequest<Bytes>, slot: Slot, prepared: Prepared) -> Sent {
    // Only a connection that ends is not ready: how many streams there are is counted before.
    if std::future::poll_fn(|cx| sender.poll_ready(cx)).await.is_err() {
        slot.leave();
        return Sent::Returned(prepared);
    }
    let (request, body) = match prepared.absolute() {
        Ok(request) => request,
        Err(failure) => return Sent::Failed(failure),
    };
    let failed = |slot: &Slot, error: &h2::Error| slot.health().explain(Failure::of_stream(error));
    let (response, mut stream) = match sender.send_request(request, body.is_empty()) {
        Ok(sent) => sent,
        Err(error) => {
            slot.leave();
            return Sent::Failed(Failure { kind: FailureKind::Unsent, ..failed(&slot, &error) });
        }
    };
    drop(sender);
    let uploads = !body.is_empty();
    if uploads && let Err(error) = stream.send_data(body, true) {
        return Sent::Failed(failed(&slot, &error));
    }
    match response.await {
        Err(error) => Sent::Failed(failed(&slot, &error)),
        Ok(response) => {
            let (head, stream) = response.into_parts();
            let length = sending::content_length(&head.headers).filter(|_| !stream.is_end_stream());
            let body = match stream.is_end_stream() {
                true => Body::new(futures_util::stream::empty()),
                false => Body::new(Incoming { stream, slot: Some(slot), uploads, length, got: 0 }),
            };
            Sent::Answered(Answer { status: head.status.as_u16(), headers: head.headers.into(), body })
        }
    }
}

/// The body of an answer. Dropping it resets the stream.
struct Incoming {
    stream: RecvStream,
    /// Its place on the connection, until it has ended.
    slot: Option<Slot>,
    /// Whether the request has a body, the rest of which the server may not want.
    uploads: bool,
    length: Option<u64>,
    got: u64,
}

impl futures_core::Stream for Incoming {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(slot) = &this.slot else { return Poll::Ready(None) };
        let failure = match ready!(this.stream.poll_data(cx)) {
            Some(Ok(chunk)) => {
                this.got += chunk.len() as u64;
                // Fails only where the stream is over, which the next call says.
                let _ = this.stream.flow_control().release_capacity(chunk.len());
                return Poll::Ready(Some(Ok(chunk)));
            }
            // A server that does not want the rest of a request says so after its whole answer. Where there is no rest, some
            // that give up say just the same.
            Some(Err(error))
                if this.uploads
                    && error.is_reset()
                    && error.reason() == Some(h2::Reason::NO_ERROR)
                    && this.length.is_none_or(|length| length == this.got) =>
            {
                None
            }
            Some(Err(error)) => Some(
                slot.health().explain(Failure { kind: FailureKind::Broken, ..Failure::of_stream(&error) }),
            ),
            None => None,
        };
        this.slot = None;
        Poll::Ready(failure.map(Err))
    }
}
