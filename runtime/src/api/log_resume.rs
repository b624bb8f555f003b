//! Following a log over broken connections: it goes on where it was, gives no line twice and leaves none out.
//!
//! What was given is told by the time before each line, which is asked for and taken off again if nobody wanted it.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use jiff::Timestamp;

use super::log::{Line, LogLines, LogRequest};
use crate::error::Error;
use crate::request::retry::MAX_WAIT;
use crate::transport::BoxFuture;
use crate::{Backoff, Result};

/// The wait before asking whether a log that ended has really ended.
const AGAIN: Duration = Duration::from_millis(100);
/// How many lines of one moment are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// How much of a line tells it from others of the same moment.
const TOLD_APART: usize = 4096;

/// A log line by line, over broken connections: see [`LogRequest::resuming_lines`]. Dropping it closes the stream.
#[must_use = "a stream does nothing until it is polled"]
pub struct ResumingLogLines {
    request: LogRequest,
    state: State,
    position: Position,
    /// A line without an end at the end of a log that may go on.
    tail: Option<String>,
    /// Whether the log ended by itself, and nothing new came since.
    ended: bool,
    /// Tries without a line since the last one.
    failures: u32,
    reconnects: u64,
    last_error: Option<Error>,
}

enum State {
    Open(Box<LogLines>),
    Opening(BoxFuture<'static, Result<LogLines>>),
    Done,
}

impl ResumingLogLines {
    pub(super) async fn open(request: LogRequest) -> Result<Self> {
        let mut position = Position { keep: request.options.timestamps, ..Position::default() };
        position.resume();
        let request = request.timestamps().follow();
        let lines = request.again(None).lines().await?;
        Ok(ResumingLogLines {
            request,
            state: State::Open(Box::new(lines)),
            position,
            tail: None,
            ended: false,
            failures: 0,
            reconnects: 0,
            last_error: None,
        })
    }

    /// The next line. `None` means that the container has ended, or that the error before was not one that passes.
    ///
    /// # Errors
    ///
    /// When the pod is gone (`is_not_found`) or may not be read any more (`is_forbidden`); nothing follows. Broken
    /// connections and servers that are not there are waited for and told by [`ResumingLogLines::last_error`].
    pub async fn next(&mut self) -> Option<Result<String>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How often the connection was made anew.
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// Why the connection was made anew the last time; nothing where the server had ended it.
    pub fn last_error(&self) -> Option<&Error> {
        self.last_error.as_ref()
    }

    fn reopen(&mut self, wait: Duration) {
        self.reconnects += 1;
        self.position.resume();
        let request = self.request.again(self.position.since());
        self.state = State::Opening(Box::pin(async move {
            tokio::time::sleep(wait).await;
            request.lines().await
        }));
    }

    /// After an error: another try, or the end.
    fn failed(&mut self, error: Error) -> Option<Poll<Option<Result<String>>>> {
        if self.ended && (error.is_not_found() || error.is_bad_request()) {
            return Some(self.done());
        }
        if !passes(&error) {
            self.state = State::Done;
            return Some(Poll::Ready(Some(Err(error))));
        }
        let wait = wait(error.retry_after(), Backoff::default().delay(self.failures));
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(error);
        self.reopen(wait);
        None
    }

    fn done(&mut self) -> Poll<Option<Result<String>>> {
        self.state = State::Done;
        let tail = self.tail.take().and_then(|tail| self.position.take(&tail, true));
        Poll::Ready(tail.map(Ok))
    }
}

/// How long to wait: as the server asks, but never less than the backoff, so that `Retry-After: 0` is no busy loop.
fn wait(asked: Option<Duration>, backoff: Duration) -> Duration {
    asked.unwrap_or_default().min(MAX_WAIT).max(backoff)
}

/// Whether another try may go well.
fn passes(error: &Error) -> bool {
    let server = error.http_status().is_some_and(|status| matches!(status, 429 | 500..=599));
    server
        || error.is_connect()
        || error.is_transport()
        || error.is_truncated()
        || error.is_stalled()
        || error.is_timeout()
}

impl Stream for ResumingLogLines {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let line = match &mut this.state {
                State::Done => return Poll::Ready(None),
                State::Opening(opening) => {
                    match ready!(opening.as_mut().poll(cx)) {
                        Ok(lines) => this.state = State::Open(Box::new(lines)),
                        Err(error) => {
                            if let Some(end) = this.failed(error) {
                                return end;
                            }
                        }
                    }
                    continue;
                }
                State::Open(lines) => ready!(lines.poll_line(cx)),
            };
            match line {
                Some(Ok(Line { text, whole: true, first })) => {
                    if let Some(line) = this.position.take(&text, first) {
                        (this.ended, this.failures, this.tail) = (false, 0, None);
                        return Poll::Ready(Some(Ok(line)));
                    }
                }
                // What has no end yet is kept back: it comes again, and then whole.
                Some(Ok(Line { text, whole: false, .. })) => this.tail = Some(text),
                Some(Err(error)) => {
                    this.tail = None;
                    this.position.broken();
                    if let Some(end) = this.failed(error) {
                        return end;
                    }
                }
                None if this.ended => return this.done(),
                None => {
                    // A server that goes away ends logs as a container does. Only one that ends twice has ended.
                    this.ended = true;
                    this.last_error = None;
                    this.reopen(AGAIN);
                }
            }
        }
    }
}

impl fmt::Debug for ResumingLogLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumingLogLines")
            .field("of", &self.request)
            .field("reconnects", &self.reconnects)
            .finish_non_exhaustive()
    }
}

/// Up to where lines were given.
#[derive(Debug, Default)]
struct Position {
    /// Whether the caller wants the times.
    keep: bool,
    /// The moment of the last line, and what was given of that moment.
    last: Option<Timestamp>,
    given: Vec<u64>,
    /// What of that moment comes again; nothing once something new came.
    again: Option<Vec<u64>>,
    /// Whether the line that is being read was given before.
    skipping: bool,
    /// Whether a part of a long line was given whose rest is yet to come.
    in_line: bool,
}

impl Position {
    /// From when on lines are asked for again. Servers know whole seconds only.
    fn since(&self) -> Option<Timestamp> {
        self.last
    }

    /// From here on lines come again.
    fn resume(&mut self) {
        self.again = self.last.map(|_| self.given.clone());
        (self.skipping, self.in_line) = (false, false);
    }

    /// The connection broke: a line of which only a part was given comes again as a whole.
    fn broken(&mut self) {
        if self.in_line {
            self.given.pop();
        }
    }

    /// A line as it is given, if it was not before. `first`: it is one, and not the rest of a long one.
    fn take(&mut self, line: &str, first: bool) -> Option<String> {
        let (stamp, text) = match line.split_once(' ') {
            Some((stamp, text)) => (stamp.parse::<Timestamp>().ok(), text),
            None => (line.parse::<Timestamp>().ok(), ""),
        };
        let given = |keep: bool, text: &str| if keep { line.to_owned() } else { text.to_owned() };
        let Some(stamp) = stamp.filter(|_| first) else {
            // The rest of a long line, or something that the server says by itself.
            self.in_line |= !first;
            return (!self.skipping).then(|| line.to_owned());
        };
        self.in_line = false;
        let hash = hash(text);
        if let (Some(again), Some(last)) = (&mut self.again, self.last) {
            if stamp < last {
                self.skipping = true;
                return None;
            }
            let before = again.iter().position(|given| stamp == last && *given == hash);
            if let Some(at) = before {
                again.swap_remove(at);
                self.skipping = true;
                return None;
            }
            if stamp > last {
                self.again = None;
            }
        }
        self.skipping = false;
        if self.last != Some(stamp) {
            self.given.clear();
        }
        if self.given.len() >= MAX_REMEMBERED {
            self.given.remove(0);
        }
        self.given.push(hash);
        self.last = Some(stamp);
        Some(given(self.keep, text))
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.as_bytes().get(..TOLD_APART).unwrap_or(text.as_bytes()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn position() -> Position {
        Position { keep: true, ..Position::default() }
    }

    #[test]
    fn lines_of_the_same_moment_are_told_apart_and_given_once() {
        let mut position = position();
        let at = |second: u8, text: &str| format!("2026-01-01T00:00:0{second}.5Z {text}");
        for line in [at(1, "a"), at(2, "b"), at(2, "b"), at(2, "c")] {
            assert_eq!(position.take(&line, true), Some(line));
        }
        position.resume();
        for line in [at(1, "x"), at(2, "b"), at(2, "c"), at(2, "b")] {
            assert_eq!(position.take(&line, true), None, "{line}");
        }
        assert_eq!(position.take("the rest of it", false), None);
        for line in [at(2, "b"), at(2, "d"), at(3, "e"), at(1, "the clock went back")] {
            assert_eq!(position.take(&line, true), Some(line));
        }
    }

    #[test]
    fn times_are_taken_off_where_nobody_wants_them() {
        let mut position = Position::default();
        for (line, wanted) in [
            ("2026-01-01T00:00:01.123456789Z hello world", "hello world"),
            ("2026-01-01T00:00:01.123456789+02:00 ", ""),
            ("2026-01-01T00:00:01Z", ""),
            ("unable to retrieve container logs", "unable to retrieve container logs"),
            ("", ""),
        ] {
            assert_eq!(position.take(line, true).as_deref(), Some(wanted), "{line:?}");
        }
    }

    #[test]
    fn a_long_line_that_broke_off_comes_again() {
        let mut position = position();
        let start = "2026-01-01T00:00:01Z long";
        assert!(position.take(start, true).is_some() && position.take("er", false).is_some());
        position.broken();
        position.resume();
        assert!(position.take(start, true).is_some() && position.take("er", false).is_some());
    }

    #[test]
    fn a_server_names_a_longer_wait_but_neither_none_nor_one_without_an_end() {
        let second = Duration::from_secs(1);
        for (asked, waited) in [
            (None, second),
            (Some(Duration::ZERO), second),
            (Some(second * 7), second * 7),
            (Some(Duration::MAX), second * 60),
        ] {
            assert_eq!(wait(asked, second), waited, "{asked:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_breaks_wherever_every_line_is_given_once(
            steps in prop::collection::vec((0u32..3, 0u8..3), 1..60),
            breaks in prop::collection::vec(0usize..60, 0..8),
        ) {
            let mut second = 0;
            let lines: Vec<String> = steps
                .into_iter()
                .map(|(step, text)| {
                    second += step;
                    format!("2026-01-01T00:{:02}:{:02}.{text}Z line {text}", second / 60, second % 60)
                })
                .collect();
            // Servers write in order; the texts differ within a second, so the moments must not go back.
            let mut lines = lines;
            lines.sort();
            let mut position = position();
            let mut seen = Vec::new();
            let mut from = 0;
            for upto in breaks.into_iter().chain([lines.len()]) {
                let upto = upto.clamp(from, lines.len());
                // From the beginning of the second on, as a server gives it.
                let second = position.since().map(|at| at.as_second());
                for line in &lines[..upto] {
                    let at: Timestamp = line.split(' ').next().unwrap().parse().unwrap();
                    if second.is_none_or(|second| at.as_second() >= second) {
                        seen.extend(position.take(line, true));
                    }
                }
                from = upto;
                position.resume();
            }
            prop_assert_eq!(seen, lines);
        }
    }
}
