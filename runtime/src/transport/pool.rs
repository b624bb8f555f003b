//! Which connection a request goes over, and when another one is opened.
//!
//! Long streams and short calls have connections of their own, so that no watch makes a call wait. Whoever finds no room waits
//! for a connection that a task opens; should the caller go away, the connection is still there for the next. Deliberately no
//! request and no answer passes here.

mod opening;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::sync::{oneshot, watch};

use opening::Opening;

use super::connector::{Connector, Tls};
use super::health::Health;
use super::material::Material;
use super::{Duplex, Failure, FailureKind, Phase, http1, http2};
use crate::auth::Identity;
use crate::config::ConnectionSettings;
use crate::request::Class;

/// How old knowledge of certificate files may be where a connection is opened, as in client-go.
const NEW_CONNECTION: Duration = Duration::from_secs(1);

/// How much longer than a connection may take somebody waits for a place on one.
const GRACE: Duration = Duration::from_millis(500);

/// The connections to one server.
pub(super) struct Pool {
    connector: Arc<Connector>,
    settings: ConnectionSettings,
    /// `None` for plain http.
    material: Option<Material>,
    /// Whether certificates come from files, and when those were looked at: milliseconds after `born`.
    has_files: bool,
    looked: AtomicU64,
    born: Instant,
    /// Held from noticing a change until it is in `inner`, so that no older one overtakes it.
    renewing: Mutex<()>,
    /// The plugin's certificate that is in use, as [`presented_as`] tells it: so that requests need no lock to see that it is theirs.
    presented: AtomicU64,
    inner: Mutex<Inner>,
    /// The generation of the TLS material: what is opened with an older one is not used any more. Tasks end with it.
    generation: watch::Sender<u64>,
}

struct Inner {
    tls: Option<Tls>,
    generation: u64,
    /// Whether the server speaks HTTP/2, once a connection has shown it.
    http2: Option<bool>,
    /// How many streams the server allows on a connection, as it said last.
    allowed: usize,
    lanes: [Lane; 2],
    /// HTTP/1.1 connections with nothing going on, the last used at the end.
    idle: Vec<http1::Handle>,
}

/// What one class of traffic has.
#[derive(Default)]
struct Lane {
    connections: Vec<http2::Handle>,
    /// How many connections are being opened.
    opening: usize,
    waiting: VecDeque<oneshot::Sender<Result<Place, Failure>>>,
}

/// Where a request can go.
pub(super) enum Place {
    Http1(Lease),
    Http2(SendRequest<Bytes>, Slot),
}

/// A place on an HTTP/2 connection; dropping it makes room.
pub(super) struct Slot {
    shared: Arc<http2::Shared>,
    pool: Weak<Pool>,
    class: Class,
}

impl Slot {
    pub(super) fn health(&self) -> &Health {
        &self.shared.health
    }

    /// The connection takes nothing new.
    pub(super) fn leave(&self) {
        self.shared.leave();
        if let Some(pool) = self.pool.upgrade() {
            pool.forget(self.class, &self.shared);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.give_back();
        if let Some(pool) = self.pool.upgrade() {
            pool.serve(self.class);
        }
    }
}

/// An HTTP/1.1 connection for one exchange. Dropping it untaken puts the connection back; dropping what was taken closes it.
pub(super) struct Lease {
    handle: Option<http1::Handle>,
    pool: Weak<Pool>,
}

impl Lease {
    pub(super) fn take(&mut self) -> Option<http1::Handle> {
        self.handle.take()
    }

    /// The exchange has ended well: the connection can be used again.
    pub(super) fn give_back(mut self, handle: http1::Handle) {
        self.handle = Some(handle);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(handle), Some(pool)) = (self.handle.take(), self.pool.upgrade()) {
            pool.put_aside(handle);
        }
    }
}

/// A number for what is presented: none, or which certificate it is.
fn presented_as(identity: Option<&Identity>) -> u64 {
    identity.map_or(0, |identity| identity.generation.saturating_add(1))
}

fn index(class: Class) -> usize {
    match class {
        Class::Unary => 0,
        Class::Stream => 1,
    }
}

impl Pool {
    pub(super) fn new(
        connector: Connector,
        secured: Option<(Material, Tls)>,
        settings: ConnectionSettings,
    ) -> Arc<Pool> {
        let (material, tls) = secured.unzip();
        let http2 = (tls.is_none() || !settings.http2).then_some(false);
        let inner = Inner {
            tls,
            generation: 0,
            http2,
            allowed: settings.streams_per_connection,
            lanes: Default::default(),
            idle: Vec::new(),
        };
        Arc::new(Pool {
            connector: Arc::new(connector),
            settings,
            has_files: material.as_ref().is_some_and(Material::has_files),
            material,
            looked: AtomicU64::new(0),
            born: Instant::now(),
            renewing: Mutex::new(()),
            presented: AtomicU64::new(presented_as(None)),
            inner: Mutex::new(inner),
            generation: watch::Sender::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one request, on a connection that stands or on one that is opened for it.
    ///
    /// # Errors
    ///
    /// When no connection comes about.
    pub(super) async fn place(self: &Arc<Self>, class: Class) -> Result<Place, Failure> {
        self.look_at_files();
        let (waiting, missing) = {
            let mut inner = self.lock();
            if let Some(place) = self.find(&mut inner, class) {
                return Ok(place);
            }
            let (waiter, waiting) = oneshot::channel();
            inner.lane(class).waiting.push_back(waiter);
            (waiting, self.missing(&mut inner, class))
        };
        self.open(class, missing);
        // Opening has a bound of its own, and says which step took too long; this one is for what is never decided.
        match tokio::time::timeout(self.settings.connect_timeout + GRACE, waiting).await {
            Ok(Ok(place)) => place,
            // Only a runtime that shuts down loses a waiter.
            Ok(Err(_)) => Err(Failure::new(FailureKind::Connect, "the runtime that opens connections ended")),
            Err(_) => Err(Failure::late(Phase::Connect)),
        }
    }

    /// A connection for one exchange only, over which HTTP/1.1 is spoken.
    ///
    /// # Errors
    ///
    /// When no connection comes about.
    pub(super) async fn alone(self: &Arc<Self>) -> Result<Box<dyn Duplex>, Failure> {
        self.read_files(NEW_CONNECTION).await;
        let tls = self.lock().tls.as_ref().map(Tls::http1_only);
        Ok(self.connector.open_patiently(tls.as_ref()).await?.io)
    }

    /// Presents this certificate from now on.
    ///
    /// # Errors
    ///
    /// When it cannot be used.
    pub(super) fn present(self: &Arc<Self>, identity: Option<&Identity>) -> crate::Result<()> {
        let Some(material) = &self.material else { return Ok(()) };
        // Nearly always. Beyond this, whoever reads files may hold the lock for long.
        let used = self.presented.load(Ordering::Acquire);
        if used == presented_as(identity) {
            return Ok(());
        }
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tls) = material.present(identity)? {
            self.replace(tls);
            self.presented.store(presented_as(identity), Ordering::Release);
        }
        Ok(())
    }

    /// Has certificate files looked at, if that was long ago. Whoever calls does not wait for it.
    pub(super) fn look_at_files(self: &Arc<Self>) {
        if self.is_time(self.settings.reload_interval)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let pool = self.clone();
            runtime.spawn_blocking(move || pool.reload());
        }
    }

    /// Looks at certificate files, unless that was done just now.
    async fn read_files(self: &Arc<Self>, age: Duration) {
        if self.is_time(age.min(self.settings.reload_interval)) {
            let pool = self.clone();
            // Fails only where the runtime shuts down.
            let _ = tokio::task::spawn_blocking(move || pool.reload()).await;
        }
    }

    fn is_time(&self, age: Duration) -> bool {
        if !self.has_files {
            return false;
        }
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        let looked = self.looked.load(Ordering::Relaxed);
        let due = u128::from(now.saturating_sub(looked)) >= age.as_millis();
        due && self.looked.compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn reload(self: &Arc<Self>) {
        let Some(material) = &self.material else { return };
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tls) = material.reload() {
            self.replace(tls);
        }
    }

    /// New connections are made with this; those there are take nothing new.
    fn replace(self: &Arc<Self>, tls: Tls) {
        let gone = {
            let mut inner = self.lock();
            inner.tls = Some(tls);
            inner.generation += 1;
            self.generation.send_replace(inner.generation);
            let connections: Vec<_> =
                inner.lanes.iter_mut().flat_map(|lane| std::mem::take(&mut lane.connections)).collect();
            (connections, std::mem::take(&mut inner.idle))
        };
        for known in &gone.0 {
            known.shared.leave();
        }
        drop(gone);
        for class in [Class::Unary, Class::Stream] {
            self.serve(class);
        }
    }

    /// Room on a connection that stands.
    fn find(self: &Arc<Self>, inner: &mut Inner, class: Class) -> Option<Place> {
        let most = self.settings.streams_per_connection;
        let lane = &mut inner.lanes[index(class)];
        // The first with room, so that the later ones fall idle and are given up.
        let free =
            lane.connections.iter().find(|known| known.shared.is_usable() && known.shared.room(most) > 0);
        if let Some(handle) = free {
            handle.shared.take();
            let slot = Slot { shared: handle.shared.clone(), pool: Arc::downgrade(self), class };
            return Some(Place::Http2(handle.sender.clone(), slot));
        }
        while let Some(handle) = inner.idle.pop() {
            if !handle.is_closed() {
                handle.take_up();
                return Some(Place::Http1(Lease { handle: Some(handle), pool: Arc::downgrade(self) }));
            }
        }
        None
    }

    /// For how many of those who wait there is hope on connections that are on their way, and for how many on one more.
    fn hope(&self, inner: &mut Inner, class: Class) -> (usize, usize) {
        let most = self.settings.streams_per_connection;
        let Inner { lanes, allowed, .. } = inner;
        let lane = &mut lanes[index(class)];
        *allowed =
            lane.connections.iter().filter_map(|known| known.shared.allowed()).min().unwrap_or(*allowed);
        let each = if inner.http2 == Some(false) { 1 } else { (*allowed).clamp(1, most) };
        lane.waiting.retain(|waiter| !waiter.is_closed());
        // A connection whose server has not spoken yet takes one now and the others in a moment.
        let coming: usize = lane
            .connections
            .iter()
            .filter(|known| known.shared.is_usable() && known.shared.allowed().is_none())
            .map(|known| each.saturating_sub(known.shared.load()))
            .sum();
        (coming.saturating_add(lane.opening.saturating_mul(each)), each)
    }

    /// How many connections are to be opened, so that everybody who waits can hope for one. They count as being opened.
    #[must_use]
    fn missing(&self, inner: &mut Inner, class: Class) -> usize {
        let (hope, each) = self.hope(inner, class);
        let lane = inner.lane(class);
        let missing = lane.waiting.len().saturating_sub(hope).div_ceil(each);
        lane.opening += missing;
        missing
    }

    /// Opens so many connections. Not under the lock: a runtime that shuts down drops the task at once, and the pool hears of it.
    fn open(self: &Arc<Self>, class: Class, missing: usize) {
        for _ in 0..missing {
            let opening = Opening::new(Arc::downgrade(self), class);
            let ended = self.generation.subscribe();
            tokio::spawn(opening.run(self.connector.clone(), self.settings.clone(), ended));
        }
    }

    /// Those who waited for a connection that failed: all for whom nothing else is on its way.
    fn hopeless(&self, inner: &mut Inner, class: Class) -> Vec<oneshot::Sender<Result<Place, Failure>>> {
        let (hope, _) = self.hope(inner, class);
        let waiting = &mut inner.lane(class).waiting;
        let lost = waiting.len().saturating_sub(hope);
        waiting.drain(..lost).collect()
    }

    /// Gives those who wait what there is, and sees to it that there is more.
    pub(super) fn serve(self: &Arc<Self>, class: Class) {
        let mut served = Vec::new();
        let mut missing = 0;
        {
            let mut inner = self.lock();
            while !inner.lane(class).waiting.is_empty() {
                let Some(place) = self.find(&mut inner, class) else { break };
                match inner.lane(class).waiting.pop_front() {
                    Some(waiter) => served.push((waiter, place)),
                    None => break,
                }
            }
            if !inner.lane(class).waiting.is_empty() && tokio::runtime::Handle::try_current().is_ok() {
                missing = self.missing(&mut inner, class);
            }
        }
        self.open(class, missing);
        // Not under the lock: a place that nobody waits for any more comes back here.
        for (waiter, place) in served {
            let _ = waiter.send(Ok(place));
        }
    }

    fn put_aside(self: &Arc<Self>, handle: http1::Handle) {
        {
            let mut inner = self.lock();
            if handle.generation != inner.generation || handle.is_closed() {
                return;
            }
            handle.put_aside();
            inner.idle.push(handle);
            if inner.idle.len() > self.settings.idle_connections {
                let oldest = inner.idle.remove(0);
                drop(inner);
                drop(oldest);
            }
        }
        for class in [Class::Unary, Class::Stream] {
            self.serve(class);
        }
    }

    /// This connection gets no new requests.
    pub(super) fn forget(self: &Arc<Self>, class: Class, shared: &Arc<http2::Shared>) {
        let gone = {
            let mut inner = self.lock();
            let connections = &mut inner.lane(class).connections;
            let at = connections.iter().position(|known| Arc::ptr_eq(&known.shared, shared));
            at.map(|at| connections.remove(at))
        };
        drop(gone);
        self.serve(class);
    }

    /// The same, where it still has nothing to do.
    pub(super) fn forget_idle(&self, class: Class, shared: &Arc<http2::Shared>) {
        let mut inner = self.lock();
        let connections = &mut inner.lane(class).connections;
        let at = connections
            .iter()
            .position(|known| Arc::ptr_eq(&known.shared, shared) && known.shared.load() == 0);
        let gone = at.map(|at| connections.remove(at));
        drop(inner);
        drop(gone);
    }

    pub(super) fn forget_http1(&self, shared: &Arc<http1::Shared>) {
        let mut inner = self.lock();
        let at = inner.idle.iter().position(|known| Arc::ptr_eq(&known.shared, shared));
        let gone = at.map(|at| inner.idle.remove(at));
        drop(inner);
        drop(gone);
    }
}

impl Inner {
    fn lane(&mut self, class: Class) -> &mut Lane {
        &mut self.lanes[index(class)]
    }
}
