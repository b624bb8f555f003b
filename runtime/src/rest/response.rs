//! The answer to a raw request: as a whole, or as it comes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::warning;
use crate::body_stream::BodyStream;
use crate::client::Response;
use crate::error::{Error, Kind};
use crate::request::{Headers, Request};
use crate::transport::Answer;
use crate::{Client, Result};

/// The answer to a raw request.
pub struct RawResponse {
    /// What was asked of which server, for errors.
    context: String,
    response: Response,
}

impl RawResponse {
    pub(super) fn new(context: String, response: Response) -> Self {
        RawResponse { context, response }
    }

    /// The HTTP status code: 201 where something was created.
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers.get(name)
    }

    /// What the body is, as the server says.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The texts of the server's warnings, as about versions that will go away.
    pub fn warnings(&self) -> Vec<String> {
        warning::texts(&self.response.headers)
    }

    /// The body.
    pub fn bytes(&self) -> &[u8] {
        &self.response.body
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// When it is no UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.response.body).map_err(|error| {
            let message = format!("the answer is no UTF-8 text from byte {} on", error.valid_up_to());
            Error::new(Kind::Decode, &self.context, message).with_help("`.bytes()` gives it as it came")
        })
    }

    /// The body, read from JSON into any type that serde can read.
    ///
    /// # Errors
    ///
    /// When it is no JSON or of another shape. The error does not repeat what stood there: it may be a Secret.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.response.body).map_err(|error| {
            let message = format!("the answer cannot be read: {}", unfit(&error));
            Error::new(Kind::Decode, &self.context, message).with_help("`.text()` gives it as it came")
        })
    }
}

impl fmt::Debug for RawResponse {
    /// Not the body: it can be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawResponse")
            .field("to", &self.context)
            .field("status", &self.status())
            .field("bytes", &self.response.body.len())
            .finish_non_exhaustive()
    }
}

/// What serde says of JSON that does not fit, without the values that it likes to repeat.
pub(crate) fn unfit(error: &serde_json::Error) -> String {
    let place = match error.line() {
        0 => String::new(),
        line => format!(" at line {line} column {}", error.column()),
    };
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let what = match (error.classify(), text.rsplit_once(", expected ")) {
        (serde_json::error::Category::Data, Some((_, expected))) => format!("expected {expected}"),
        (serde_json::error::Category::Data, None) if !text.starts_with("missing field `") => {
            "a value that does not fit the type".to_owned()
        }
        _ => text.to_owned(),
    };
    format!("{what}{place}")
}

/// The body of an answer as it comes. Dropping it closes the stream; `None` means that the server ended it.
#[must_use = "a stream does nothing until it is polled"]
pub struct RawStream {
    status: u16,
    headers: Headers,
    body: BodyStream,
}

impl RawStream {
    pub(super) fn new(client: Client, request: Request, answer: Answer) -> Self {
        let Answer { status, headers, body } = answer;
        RawStream { status, headers, body: BodyStream::new(client, request, body, "the answer") }
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The texts of the server's warnings.
    pub fn warnings(&self) -> Vec<String> {
        warning::texts(&self.headers)
    }

    /// The next piece.
    ///
    /// # Errors
    ///
    /// When the connection breaks; nothing follows.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>>> {
        self.body.next().await
    }
}

impl Stream for RawStream {
    type Item = Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.poll_chunk(cx)
    }
}

impl fmt::Debug for RawStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawStream")
            .field("status", &self.status)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
