//! Watching: the events of a stream, and how it ended.
//!
//! Deliberately one connection only: going on after it ends is for those who know what they have seen. The end has always
//! a cause: `None` alone means that the server ended the stream cleanly, everything else is an error before it.

mod event;
mod frames;

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

use crate::Result;
use crate::client::Client;
use crate::codec::Value;
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
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match self.frames.frame() {
                Some(Ok(line)) => match event::read::<T>(line) {
                    Ok(Line::Event(event)) => return Poll::Ready(Some(Ok(event))),
                    Ok(Line::Unknown) => continue,
                    Ok(Line::Error(status)) => {
                        let error = self.status(*status);
                        return self.end(error);
                    }
                    Err(error) => {
                        let message = format!("an event cannot be read: {error}");
                        return Poll::Ready(Some(Err(self.client.error(
                            &self.request,
                            Kind::Decode,
                            message,
                        ))));
                    }
                },
                Some(Err(too_long)) => {
                    let message = format!("an event is longer than {} bytes", too_long.limit);
                    let error = self.client.error(&self.request, Kind::Transport, message);
                    return self.end(error);
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

    /// What an unfinished line at the end is: a last event, or the sign that the stream was cut.
    fn last(&mut self) -> Option<Result<WatchEvent<T>>> {
        let rest = self.frames.rest();
        if rest.is_empty() {
            return None;
        }
        match event::read::<T>(rest) {
            Ok(Line::Event(event)) => Some(Ok(event)),
            Ok(Line::Unknown) => None,
            Ok(Line::Error(status)) => Some(Err(self.status(*status))),
            Err(_) => {
                let message = "the watch ended in the middle of an event";
                Some(Err(self.client.error(&self.request, Kind::Transport, message)))
            }
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

    fn end(&mut self, error: Error) -> Poll<Option<Result<WatchEvent<T>>>> {
        self.body = None;
        Poll::Ready(Some(Err(error)))
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
