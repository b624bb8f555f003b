//! A watch that goes on: the stream around `machine`, which decides.
//!
//! It does what it is told (opens watches, fetches pages, waits), and deliberately keeps no object: a store is built from its
//! events by whoever wants one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::cause::{self, Cause};
use super::machine::Machine;
use super::plan::{Given, ListPlan, Paged, Seen, Settings, Silence, Step, WatchPlan};
use super::status::{WatchFailure, WatchHandle, WatchPhase, WatchStatus};
use super::told::{ResumingEvent, UnreadableObject};
use super::{Memory, Named, Next, Watch, WatchEvent};
use crate::backoff::Backoff;
use crate::error::{Error, Kind};
use crate::transport::BoxFuture;
use crate::{Entity, Result};

/// The server has so long to begin with its answer to a watch.
const OPENING: Duration = Duration::from_secs(60);

/// One page of a list, object by object.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<std::result::Result<T, (Named, Error)>>,
    pub(crate) version: String,
    pub(crate) token: Option<String>,
}

/// Where watches and pages come from.
pub(crate) trait Source<T>: Send + Sync {
    fn open(&self, plan: WatchPlan, within: Duration) -> BoxFuture<'static, Result<Watch<T>>>;
    fn list(&self, plan: ListPlan) -> BoxFuture<'static, Result<Page<T>>>;
    /// What is watched, for the memory of what works, and for messages.
    fn resource(&self) -> String;
    fn memory(&self) -> &Memory;
}

/// What is told of each failure.
type OnError = Box<dyn FnMut(&Error) + Send + Sync>;

/// A watch that does not end: it begins with all objects that are there, follows what happens, and goes on after every failure.
///
/// Made by [`WatchRequest::resuming`](crate::WatchRequest::resuming). It resumes from the last version it has seen, and lists
/// again only where the server no longer knows what happened since. Nothing is lost and nothing invented: a store that is built
/// as [`ResumingEvent`] says equals the server's.
///
/// **What failed** is kept where [`handle`](ResumingWatch::handle) shows it and told to [`on_error`](ResumingWatch::on_error).
/// What passes by itself (a connection that breaks, a server that restarts or is busy, a version that is too old) is no item of
/// the stream. What will be the same until somebody acts is one: `Err` for 401, 403, 404 and the like, for credentials that
/// cannot be had, and for a server that was never reached. A program can end there with `?`; one that polls on lets the watch
/// try again, with growing waits, and it recovers by itself. Only a request that can never be sent ends the stream.
///
/// ```no_run
/// # use clientset_runtime::{DynamicApi, Entity, ResumingEvent, Result};
/// # async fn run(widgets: DynamicApi) -> Result<()> {
/// let mut watch = widgets.watch().label_selector("app=web").resuming();
/// while let Some(event) = watch.next().await.transpose()? {
///     match event {
///         ResumingEvent::Listed(widget) | ResumingEvent::Applied(widget) => println!("there is {:?}", widget.metadata().name()),
///         ResumingEvent::Deleted(widget) => println!("gone is {:?}", widget.metadata().name()),
///         _ => {}
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct ResumingWatch<T> {
    source: Box<dyn Source<T>>,
    machine: Machine,
    doing: Doing<T>,
    /// What the caller gets next, before anything else is done.
    given: Option<Result<ResumingEvent<T>>>,
    silence: Option<Pin<Box<Sleep>>>,
    /// Whether the silence is being measured: only while nothing is left to read, so that a slow caller is no silent server.
    listening: bool,
    /// The version after which something came last that says nothing at all.
    garbled: Option<String>,
    begun: Instant,
    opening: Duration,
    status: watch::Sender<WatchStatus>,
    on_error: Option<OnError>,
}

enum Doing<T> {
    Nothing,
    Opening(BoxFuture<'static, Result<Watch<T>>>),
    Watching(Box<Watch<T>>),
    Listing(BoxFuture<'static, Result<Page<T>>>),
    Giving { items: std::vec::IntoIter<std::result::Result<T, (Named, Error)>>, complete: bool },
    Probing(BoxFuture<'static, Result<Page<T>>>),
    Waiting(Pin<Box<Sleep>>),
    Stopped,
}

impl<T: Entity> ResumingWatch<T> {
    pub(crate) fn new(
        source: Box<dyn Source<T>>,
        version: Option<String>,
        timeout_seconds: Option<u32>,
    ) -> Self {
        let settings = Settings { timeout_seconds, ..Settings::default() };
        let status =
            WatchStatus { resource_version: version.clone().unwrap_or_default(), ..Default::default() };
        ResumingWatch {
            source,
            machine: Machine::new(settings, version),
            doing: Doing::Nothing,
            given: None,
            silence: None,
            listening: false,
            garbled: None,
            begun: Instant::now(),
            opening: OPENING,
            status: watch::Sender::new(status),
            on_error: None,
        }
    }

    /// How long to wait after failures. From 0.8 s to 30 s unless set, and as much again by chance; it begins anew after a watch
    /// that lasted two minutes. Where the server names a longer wait, that one counts, up to a minute.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.machine.settings_mut().backoff = backoff;
        self
    }

    /// How long the server may be silent before it has sent all that is there as events; then pages are fetched instead, now and
    /// for this resource from then on. 30 seconds unless set; a warning comes after 10.
    pub fn initial_events_deadline(mut self, deadline: Duration) -> Self {
        self.machine.settings_mut().initial_deadline = deadline;
        self
    }

    /// How many objects a page has, where they are fetched as pages. 500 unless set.
    pub fn page_size(mut self, objects: u32) -> Self {
        self.machine.settings_mut().page_size = objects.max(1);
        self
    }

    /// Fetches all objects as pages of a list, and does not try to get them as events of the watch.
    pub fn by_pages(mut self) -> Self {
        self.machine.settings_mut().by_pages = true;
        self
    }

    /// Tells `told` of everything that fails, also of what passes by itself.
    pub fn on_error(mut self, told: impl FnMut(&Error) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(told));
        self
    }

    /// All waits and deadlines that many times shorter, but for what a very short watch is: for tests that go through what takes minutes.
    #[doc(hidden)]
    pub fn hastened(mut self, times: u32) -> Self {
        let times = times.max(1);
        let settings = self.machine.settings_mut();
        for time in [
            &mut settings.backoff.initial,
            &mut settings.backoff.max,
            &mut settings.reset_after,
            &mut settings.initial_deadline,
            &mut settings.warn_after,
            &mut settings.internal_deadline,
            &mut settings.probe_after,
            &mut self.opening,
        ] {
            *time /= times;
        }
        self
    }

    /// A way to see from elsewhere how it is.
    pub fn handle(&self) -> WatchHandle {
        WatchHandle::new(self.status.subscribe())
    }

    /// How it is now.
    pub fn status(&self) -> WatchStatus {
        self.status.borrow().clone()
    }

    /// What comes next. It is safe to drop the future and to call this again.
    ///
    /// `None` only after the request was refused before it could be sent.
    ///
    /// # Errors
    ///
    /// When something failed that will be the same until somebody acts. The watch tries again when this is called again.
    pub async fn next(&mut self) -> Option<Result<ResumingEvent<T>>> {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ResumingEvent<T>>>> {
        loop {
            if let Some(event) = self.given.take() {
                return Poll::Ready(Some(event));
            }
            match &mut self.doing {
                Doing::Nothing => self.begin(),
                Doing::Stopped => return Poll::Ready(None),
                Doing::Waiting(sleep) => {
                    std::task::ready!(sleep.as_mut().poll(cx));
                    self.doing = Doing::Nothing;
                    self.machine.waited();
                }
                Doing::Opening(opening) => match std::task::ready!(opening.as_mut().poll(cx)) {
                    Ok(watch) => {
                        self.doing = Doing::Watching(Box::new(watch));
                        self.listening = false;
                        let list = self.machine.opened(self.begun.elapsed());
                        self.opened(list);
                    }
                    Err(error) => self.failed(error, None),
                },
                Doing::Listing(page) => match std::task::ready!(page.as_mut().poll(cx)) {
                    Ok(page) => self.page(page),
                    Err(error) => self.failed(error, None),
                },
                Doing::Probing(page) => match std::task::ready!(page.as_mut().poll(cx)) {
                    Ok(_) => {
                        self.doing = Doing::Nothing;
                        self.machine.probed();
                    }
                    Err(error) => self.failed(error, None),
                },
                Doing::Giving { items, complete } => match items.next() {
                    Some(Ok(object)) => self.given = Some(Ok(ResumingEvent::Listed(object))),
                    Some(Err((named, error))) => self.unreadable(named, error),
                    None => {
                        let complete = *complete;
                        self.doing = Doing::Nothing;
                        if complete {
                            self.complete();
                        }
                    }
                },
                Doing::Watching(watch) => match watch.poll_step(cx) {
                    Poll::Ready(next) => {
                        self.listening = false;
                        self.read(next);
                    }
                    Poll::Pending => std::task::ready!(self.poll_silence(cx)),
                },
            }
        }
    }

    /// Begins with what the machine says.
    fn begin(&mut self) {
        let by_pages = self.source.memory().is_by_pages(&self.source.resource());
        let step = self.machine.next(by_pages, fastrand::f64);
        tracing::debug!(of = self.source.resource(), ?step, "a resuming watch goes on");
        let phase = match &step {
            Step::Watch(plan) if !plan.initial => WatchPhase::Watching,
            Step::Watch(_) | Step::List(_) => WatchPhase::Listing,
            Step::Probe(_) => WatchPhase::Watching,
            Step::Wait(_) => WatchPhase::Starting,
            Step::Stop => WatchPhase::Stopped,
        };
        self.doing = match step {
            Step::Watch(plan) => Doing::Opening(self.source.open(plan, self.opening)),
            Step::List(plan) => Doing::Listing(self.source.list(plan)),
            Step::Probe(plan) => Doing::Probing(self.source.list(plan)),
            Step::Stop => Doing::Stopped,
            Step::Wait(wait) => {
                let wait = wait + self.source.memory().turn(Instant::now().into_std());
                let until = Instant::now() + wait;
                self.phase(WatchPhase::Waiting { until: until.into_std() });
                self.doing = Doing::Waiting(Box::pin(tokio::time::sleep_until(until)));
                return;
            }
        };
        self.phase(phase);
    }

    /// One step of an open watch.
    fn read(&mut self, next: Next<T>) {
        match next {
            Next::Event(event) => self.event(event),
            Next::Unreadable(named, error) => {
                let seen = if named.deleted { Seen::Deleted } else { Seen::Modified };
                self.machine.event(seen, named.resource_version.as_deref().unwrap_or_default());
                self.unreadable(*named, error);
            }
            Next::Garbage(error) => {
                // Once it may be the connection. The same again is what the server has, and only a list leads past it.
                let again = self.garbled.as_deref() == Some(self.machine.version());
                self.garbled = Some(self.machine.version().to_owned());
                self.failed(error, Some(if again { Cause::TooLong } else { Cause::Broken }));
            }
            Next::Failed(error) => self.failed(error, None),
            Next::Ended => {
                self.doing = Doing::Nothing;
                self.machine.ended(self.begun.elapsed());
            }
        }
        if self.machine.is_overdue(self.begun.elapsed()) {
            self.gives_up();
        }
    }

    fn event(&mut self, event: WatchEvent<T>) {
        let (seen, version) = match &event {
            WatchEvent::Added(object) => (Seen::Added, object.metadata().resource_version()),
            WatchEvent::Modified(object) => (Seen::Modified, object.metadata().resource_version()),
            WatchEvent::Deleted(object) => (Seen::Deleted, object.metadata().resource_version()),
            WatchEvent::Bookmark(bookmark) => {
                let seen = Seen::Bookmark { ends_initial: bookmark.initial_events_end };
                (seen, Some(bookmark.resource_version.as_str()))
            }
        };
        let given = self.machine.event(seen, version.unwrap_or_default());
        let version = self.machine.version();
        self.status.send_if_modified(|status| {
            if status.resource_version != version {
                version.clone_into(&mut status.resource_version);
            }
            status.bookmarks += u64::from(matches!(seen, Seen::Bookmark { .. }));
            // Who waits for changes of the state is not woken by each event.
            false
        });
        let give = match given {
            Given::Nothing => return,
            Given::Complete => return self.complete(),
            Given::Listed => ResumingEvent::Listed,
            Given::Applied => ResumingEvent::Applied,
            Given::Deleted => ResumingEvent::Deleted,
        };
        self.given = event.into_object().map(|object| Ok(give(object)));
    }

    fn page(&mut self, page: Page<T>) {
        let first = self.machine.is_first_page();
        let complete = match self.machine.page(&page.version, page.token) {
            Paged::More => false,
            Paged::Last { remember } => {
                if remember {
                    self.source.memory().remember_by_pages(&self.source.resource());
                }
                true
            }
            Paged::Circle => {
                let message = "the server gave the same continue token twice, so the list has no end";
                let error = Error::new(Kind::Decode, format!("list {}", self.source.resource()), message);
                return self.failed(error, None);
            }
        };
        if first {
            self.list_started();
        }
        self.doing = Doing::Giving { items: page.items.into_iter(), complete };
    }

    fn opened(&mut self, list: bool) {
        self.status.send_if_modified(|status| {
            status.watches += 1;
            false
        });
        if list {
            self.list_started();
        }
    }

    fn list_started(&mut self) {
        self.status.send_modify(|status| status.lists += 1);
        self.given = Some(Ok(ResumingEvent::ListStarted));
    }

    fn complete(&mut self) {
        let version = self.machine.version();
        self.status.send_modify(|status| {
            status.phase = WatchPhase::Watching;
            status.complete = true;
            version.clone_into(&mut status.resource_version);
        });
        self.given = Some(Ok(ResumingEvent::ListComplete));
    }

    fn unreadable(&mut self, named: Named, error: Error) {
        tracing::warn!(of = self.source.resource(), name = named.name, namespace = named.namespace, %error, "an object cannot be read");
        self.status.send_modify(|status| {
            status.unreadable += 1;
            status.last_failure = Some(WatchFailure::of(&error));
        });
        if let Some(told) = &mut self.on_error {
            told(&error);
        }
        self.given = Some(Ok(ResumingEvent::Unreadable(UnreadableObject::new(named, error))));
    }

    /// What was under way has failed.
    fn failed(&mut self, error: Error, cause: Option<Cause>) {
        self.doing = Doing::Nothing;
        let cause = cause.unwrap_or_else(|| cause::of(&error));
        let given = self.machine.failed(cause, error.retry_after(), self.begun.elapsed());
        self.status.send_modify(|status| {
            status.failures += 1;
            status.last_failure = Some(WatchFailure::of(&error));
        });
        if let Some(told) = &mut self.on_error {
            told(&error);
        }
        if given {
            tracing::warn!(of = self.source.resource(), %error, "a resuming watch needs help");
            self.given = Some(Err(error));
        } else {
            tracing::debug!(of = self.source.resource(), %error, ?cause, "a resuming watch has failed and goes on");
        }
    }

    /// Measures how long the server is silent; ready where something else is to be done.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(patience) = self.machine.patience() else { return Poll::Pending };
        let end = Instant::now() + patience;
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if !self.listening {
            self.listening = true;
            silence.as_mut().reset(end);
        }
        std::task::ready!(silence.as_mut().poll(cx));
        self.listening = false;
        match self.machine.silent() {
            Silence::Listen => {}
            Silence::Warn => {
                tracing::warn!(
                    of = self.source.resource(),
                    "the server is silent before the end of the initial events"
                );
            }
            Silence::GiveUp => self.gives_up(),
        }
        Poll::Ready(())
    }

    /// The open watch is dropped; the machine knows what comes instead.
    fn gives_up(&mut self) {
        self.doing = Doing::Nothing;
        tracing::warn!(of = self.source.resource(), "the server is silent for too long; trying another way");
    }

    fn phase(&mut self, phase: WatchPhase) {
        self.status.send_if_modified(|status| {
            let other = status.phase != phase;
            status.phase = phase;
            other
        });
    }
}

impl<T> Unpin for ResumingWatch<T> {}

impl<T: Entity> Stream for ResumingWatch<T> {
    type Item = Result<ResumingEvent<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl<T> std::fmt::Debug for ResumingWatch<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResumingWatch")
            .field("of", &self.source.resource())
            .field("status", &*self.status.borrow())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
