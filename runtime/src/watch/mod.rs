//! Watching: the events of a stream, and how it ended.
//!
//! A [`Watch`] is deliberately one connection only. Its end has always a cause: `None` alone means that the server ended the
//! stream cleanly, everything else is an error before it. What goes on after the end is in `resume`, and decided in `machine`.

mod cause;
mod event;
mod frames;
mod machine;
mod memory;
mod plan;
mod resume;
mod status;
mod told;

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

#[doc(hidden)]
pub use event::fuzz;
pub use event::{Bookmark, WatchEvent};
#[doc(hidden)]
pub use frames::{Frames, TooLong};
pub use resume::ResumingWatch;
pub use status::{WatchFailure, WatchHandle, WatchPhase, WatchStatus};
pub use told::{ResumingEvent, UnreadableObject};

pub(crate) use event::Named;
pub(crate) use memory::Memory;
pub(crate) use plan::{ListPlan, WatchPlan};
pub(crate) use resume::{Page, Source};

use crate::Result;
use crate::client::Client;
use crate::codec::{DecodeError, Value};
use crate::error::{self, Error, Kind};
use crate::request::Request;
use crate::transport::Body;
use event::Line;

/// The events of one watch. Dropping it closes the stream.
///
/// Errors end it, but for [`is_decode`](Error::is_decode): an object that cannot be read leaves the stream alive. A version
/// that is too old shows up as [`is_expired`](Error::is_expired) or [`is_gone`](Error::is_gone), whether the server says
/// it when the watch begins or later.
#[must_use = "a stream does nothing until it is polled"]
pub struct Watch<T> {
    client: Client,
    request: Request,
    body: Option<Body>,
    frames: Frames,
    /// When a stream that the server was asked to end is taken for dead.
    deadline: Option<Pin<Box<tokio::time::Sleep>>>,
    of: PhantomData<fn() -> T>,
}

/// What comes next of a watch, for those who go on by themselves.
pub(crate) enum Next<T> {
    Event(WatchEvent<T>),
    /// An object that cannot be read; the stream goes on.
    Unreadable(Box<Named>, Error),
    /// A line that says nothing at all; the stream goes on.
    Garbage(Error),
    /// The end, before its time.
    Failed(Error),
    Ended,
}

impl<T: Value + Default> Watch<T> {
    pub(crate) fn new(client: Client, request: Request, body: Body, lifetime: Option<Duration>) -> Self {
        let deadline = lifetime.map(|lifetime| Box::pin(tokio::time::sleep(lifetime)));
        Watch { client, request, body: Some(body), frames: Frames::default(), deadline, of: PhantomData }
    }

    /// The next event; `None` after the server has ended the stream, or after an error that ended it.
    ///
    /// # Errors
    ///
    /// When the version is too old (`is_expired`, `is_gone`), the server gives up with another Status, the connection
    /// breaks (`is_transport`), or an event cannot be read (`is_decode`).
    pub async fn next(&mut self) -> Option<Result<WatchEvent<T>>> {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<WatchEvent<T>>>> {
        Poll::Ready(match ready!(self.poll_step(cx)) {
            Next::Event(event) => Some(Ok(event)),
            Next::Unreadable(_, error) | Next::Garbage(error) | Next::Failed(error) => Some(Err(error)),
            Next::Ended => None,
        })
    }

    pub(crate) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Next<T>> {
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(Next::Ended) };
            match self.frames.frame() {
                Some(Ok(line)) => {
                    let read = event::read::<T>(line);
                    match self.next_of(read) {
                        Some(next) => return Poll::Ready(next),
                        None => continue,
                    }
                }
                Some(Err(too_long)) => {
                    self.body = None;
                    let message = format!("an event is longer than {} bytes", too_long.limit);
                    let error = self.client.error(&self.request, Kind::TooLarge, message);
                    return Poll::Ready(Next::Failed(error));
                }
                None => {}
            }
            match body.poll_chunk(cx) {
                Poll::Ready(Some(Ok(chunk))) => self.frames.push(&chunk),
                Poll::Ready(Some(Err(failure))) => {
                    let message = format!("the watch broke off: {}", failure.message);
                    let error = self.client.error(&self.request, Kind::Transport, message);
                    return self.end(error.with_help("watch again from the last version seen"));
                }
                Poll::Ready(None) => {
                    self.body = None;
                    return Poll::Ready(self.last());
                }
                Poll::Pending => {
                    let Some(deadline) = &mut self.deadline else { return Poll::Pending };
                    ready!(deadline.as_mut().poll(cx));
                    let error = self.client.error(
                        &self.request,
                        Kind::Timeout,
                        "the server did not end the watch in time",
                    );
                    return self.end(error);
                }
            }
        }
    }

    /// What a line comes to; nothing, where it is to be passed over.
    fn next_of(&mut self, line: std::result::Result<Line<T>, DecodeError>) -> Option<Next<T>> {
        Some(match line {
            Ok(Line::Event(event)) => Next::Event(event),
            Ok(Line::Unknown(kind)) => {
                let kind = error::excerpt(kind.as_bytes(), 64);
                tracing::warn!(
                    path = self.request.path.as_str(),
                    kind,
                    "an event of an unknown type is ignored"
                );
                return None;
            }
            Ok(Line::Error(status)) => {
                self.body = None;
                Next::Failed(self.status(*status))
            }
            Ok(Line::Unreadable(named, error)) => {
                let message = format!("an event cannot be read: {error}");
                Next::Unreadable(named, self.client.error(&self.request, Kind::Decode, message))
            }
            Err(error) => {
                let message = format!("an event cannot be read: {error}");
                Next::Garbage(self.client.error(&self.request, Kind::Decode, message))
            }
        })
    }

    /// What an unfinished line at the end is: a last event, or the sign that the stream was cut.
    fn last(&mut self) -> Next<T> {
        let rest = self.frames.rest();
        if rest.is_empty() {
            return Next::Ended;
        }
        match event::read::<T>(rest) {
            Err(_) => {
                let message = "the watch ended in the middle of an event";
                let error = self.client.error(&self.request, Kind::Transport, message);
                Next::Failed(error)
            }
            line => self.next_of(line).unwrap_or(Next::Ended),
        }
    }

    fn status(&self, status: crate::wire::Status) -> Error {
        let http = status.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(500);
        let error = error::from_status(status, http, None, self.request.context(self.client.server()));
        match error.is_expired() || error.is_gone() {
            true => error.with_help("list again without a resourceVersion and watch from there"),
            false => error,
        }
    }

    fn end(&mut self, error: Error) -> Poll<Next<T>> {
        self.body = None;
        Poll::Ready(Next::Failed(error))
    }
}

impl<T> Unpin for Watch<T> {}

impl<T: Value + Default> Stream for Watch<T> {
    type Item = Result<WatchEvent<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl<T> std::fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = self.request.context(self.client.server());
        f.debug_struct("Watch").field("of", &of).field("ended", &self.body.is_none()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::request::{Method, Path};
    use crate::wire::RawJson;

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_the_server_should_have_ended_is_ended_here() {
        let client = Client::new(Config::new("http://203.0.113.7")).unwrap();
        let request = Request::new(Method::Get, Path::absolute("/x").unwrap());
        let silent = Body::new(futures_util::stream::pending());
        let mut watch = Watch::<RawJson>::new(client, request, silent, Some(Duration::from_secs(15)));
        let begun = tokio::time::Instant::now();
        assert!(watch.next().await.unwrap().unwrap_err().is_timeout());
        assert_eq!(begun.elapsed().as_secs(), 15);
        assert!(watch.next().await.is_none());
    }
}
