//! Reading the log of a container: as text, as bytes or line by line, while it is being written if wanted.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use jiff::Timestamp;

use super::call::{Target, awaitable, debug_request, header_setter, option_setters};
use super::log_resume::ResumingLogLines;
use crate::Result;
use crate::body_stream::BodyStream;
use crate::error::{Error, Kind};
use crate::options::LogOptions;
use crate::request::{Class, Expect, Method, Request};

/// The longest line; what is longer comes in pieces.
const MAX_LINE: usize = 1 << 20;

/// Reads the log of a container. Awaited it gives the text up to now; `.lines()` and `.bytes()` stream it.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct LogRequest {
    target: Target,
    pub(super) options: LogOptions,
    timeout: Option<Duration>,
}

impl LogRequest {
    pub(super) fn new(target: Target) -> Self {
        LogRequest { target, options: LogOptions::default(), timeout: None }
    }

    option_setters! { LogOptions {
        /// Which container; needed where the pod has several.
        text container;
        /// Goes on with what is written from now on.
        flag follow;
        /// The log of the container's previous run.
        flag previous;
        /// Only what is not older than this many seconds.
        some since_seconds i64;
        /// Only what is not older than this moment (RFC 3339).
        text since_time;
        /// Puts the time before each line.
        flag timestamps;
        /// Only the last lines.
        some tail_lines i64;
        /// At most this many bytes.
        some limit_bytes i64;
    } }
    header_setter!();

    /// Only what is not older than this. Servers count whole seconds: it is rounded up.
    pub fn since(self, age: Duration) -> Self {
        let seconds = age.as_secs() + u64::from(age.subsec_nanos() > 0);
        self.since_seconds(i64::try_from(seconds.max(1)).unwrap_or(i64::MAX))
    }

    /// Gives up after this time. Of a log that is read as it comes, it is the time until it begins.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(super) fn request(&self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("get")))
    }

    fn request_once(&self) -> Result<Request> {
        let mut request = self.target.request("get", Method::Get)?;
        request.headers.set("accept", "*/*");
        request.expect = Expect::Foreign;
        self.options.query(&mut request.query)?;
        request.timeout = self.timeout;
        Ok(request)
    }

    /// The text up to now. Bytes that are no UTF-8 are replaced; [`LogRequest::bytes`] keeps them.
    ///
    /// # Errors
    ///
    /// When there is no such pod (`is_not_found`), the container has not started (`is_bad_request`), the log is to be
    /// followed and so has no end, or the server answers with another failure or not at all.
    pub async fn send(self) -> Result<String> {
        let request = self.request()?;
        if self.options.follow {
            let message = "a log that is followed has no end";
            return Err(self
                .target
                .client
                .error(&request, Kind::Request, message)
                .with_help("use `.lines()` or `.bytes()`"));
        }
        let body = self.target.client.call(&request).await?.body;
        Ok(match String::from_utf8(body.into()) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }

    /// The log as bytes, as they come.
    ///
    /// # Errors
    ///
    /// As [`LogRequest::send`].
    pub async fn bytes(self) -> Result<LogBytes> {
        let mut request = self.request()?;
        request.class = Class::Stream;
        let answer = self.target.client.open_within(&request, self.timeout).await?;
        Ok(LogBytes(BodyStream::new(self.target.client, request, answer.body, "the log")))
    }

    /// The log line by line, without the line ends. Bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    ///
    /// As [`LogRequest::send`].
    pub async fn lines(self) -> Result<LogLines> {
        Ok(LogLines {
            bytes: self.bytes().await?,
            buffer: Vec::new(),
            scanned: 0,
            given: 0,
            in_line: false,
            broken: None,
        })
    }

    /// The log line by line while it is being written, over broken connections, until the container ends.
    ///
    /// After a connection broke it goes on where it was: lines are told apart by their time, which is asked for and taken off
    /// again unless [`LogRequest::timestamps`] is set. It tries again after 0.8 to 30 seconds for as long as it takes. When the
    /// server ends the log, it asks once more, since a server that goes away ends logs too; so a container that starts
    /// again at that moment is followed on. Of lines of more than 1 MiB, one in which the connection broke comes again
    /// from its beginning.
    ///
    /// ```no_run
    /// # async fn run(pods: clientset_runtime::DynamicApi) -> clientset_runtime::Result<()> {
    /// let mut lines = pods.logs("web-0").tail_lines(10).resuming_lines().await?;
    /// while let Some(line) = lines.next().await {
    ///     println!("{}", line?);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`LogRequest::send`], of the first connection. `previous` and `limit_bytes` are refused: such logs have an end.
    pub async fn resuming_lines(self) -> Result<ResumingLogLines> {
        if self.options.previous || self.options.limit_bytes.is_some() {
            let request = self.request()?;
            let message = "a log with `previous` or `limit_bytes` has an end, and is not gone on with";
            return Err(self
                .target
                .client
                .error(&request, Kind::Request, message)
                .with_help("use `.lines()`"));
        }
        ResumingLogLines::open(self).await
    }

    /// The same request, from this moment on.
    pub(super) fn again(&self, since: Option<Timestamp>) -> LogRequest {
        let mut options = self.options.clone();
        if let Some(since) = since {
            (options.since_seconds, options.tail_lines) = (None, None);
            options.since_time = Some(since.to_string());
        }
        LogRequest { target: self.target.clone(), options, timeout: self.timeout }
    }
}

awaitable!(LogRequest => String);
debug_request!(LogRequest);

/// A log as bytes. Dropping it closes the stream; `None` means that the server ended it.
#[must_use = "a stream does nothing until it is polled"]
#[derive(Debug)]
pub struct LogBytes(BodyStream);

impl LogBytes {
    /// The next piece.
    ///
    /// # Errors
    ///
    /// When the connection breaks; nothing follows.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>>> {
        self.0.next().await
    }
}

impl Stream for LogBytes {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(cx)
    }
}

/// A log line by line. Dropping it closes the stream; `None` means that the server ended it.
///
/// A line of more than 1 MiB comes in pieces. Should the connection break in a line, what is there of it comes before the
/// error.
#[must_use = "a stream does nothing until it is polled"]
pub struct LogLines {
    bytes: LogBytes,
    buffer: Vec<u8>,
    /// Up to where no line end was found.
    scanned: usize,
    /// Up to where lines were given.
    given: usize,
    /// Whether what was given last is a piece of a line whose rest comes next.
    in_line: bool,
    /// Why the stream broke off, once what was there of the last line is given.
    broken: Option<Error>,
}

impl fmt::Debug for LogLines {
    /// Not what was read: logs can be private, and a line long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogLines").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl LogLines {
    /// The next line.
    ///
    /// # Errors
    ///
    /// When the connection breaks; nothing follows.
    pub async fn next(&mut self) -> Option<Result<String>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn line(&mut self) -> Option<Line> {
        let first = !self.in_line;
        let end = match memchr::memchr(b'\n', &self.buffer[self.scanned..]) {
            Some(at) => self.scanned + at,
            None if self.buffer.len() - self.given >= MAX_LINE => {
                let piece = &self.buffer[self.given..];
                let piece = &piece[..piece.len() - unfinished(piece)];
                let (end, line) = (self.given + piece.len(), String::from_utf8_lossy(piece).into_owned());
                (self.given, self.scanned, self.in_line) = (end, end, true);
                return Some(Line { text: line, whole: true, first });
            }
            None => {
                self.scanned = self.buffer.len();
                return None;
            }
        };
        let line = &self.buffer[self.given..end];
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
        (self.given, self.scanned, self.in_line) = (end + 1, end + 1, false);
        Some(Line { text: line, whole: true, first })
    }

    pub(super) fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Line>>> {
        loop {
            if let Some(line) = self.line() {
                return Poll::Ready(Some(Ok(line)));
            }
            let given = self.given;
            self.buffer.drain(..given);
            self.scanned -= given;
            self.given = 0;
            match ready!(Pin::new(&mut self.bytes).poll_next(cx)) {
                Some(Ok(chunk)) => self.buffer.extend_from_slice(&chunk),
                // It comes after what is left, as the end does.
                Some(Err(error)) => self.broken = Some(error),
                None if self.buffer.is_empty() => return Poll::Ready(self.broken.take().map(Err)),
                None => {
                    let rest = std::mem::take(&mut self.buffer);
                    self.scanned = 0;
                    let text = String::from_utf8_lossy(&rest).into_owned();
                    return Poll::Ready(Some(Ok(Line { text, whole: false, first: !self.in_line })));
                }
            }
        }
    }
}

/// How many bytes at the end begin a character whose rest has not come yet.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (0..tail.len())
        .map(|at| &tail[at..])
        .find(|it| {
            std::str::from_utf8(it)
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .map_or(0, <[u8]>::len)
}

impl Stream for LogLines {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_line(cx).map_ok(|line| line.text)
    }
}

/// A line, or a piece of a long one.
pub(super) struct Line {
    pub(super) text: String,
    /// Whether the log goes on after it; otherwise the stream ended in it.
    pub(super) whole: bool,
    /// Whether a line begins with it.
    pub(super) first: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_long_line_ends_between_characters() {
        let cases: [(&[u8], usize); 6] = [
            (b"", 0),
            (b"abc", 0),
            ("ab\u{e9}".as_bytes(), 0),
            (b"ab\xc3", 1),
            (b"\xf0\x9f\x98", 3),
            (b"a\xff", 0),
        ];
        for (bytes, left) in cases {
            assert_eq!(unfinished(bytes), left, "{bytes:?}");
        }
    }
}
