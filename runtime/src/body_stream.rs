//! The body of an answer, piece by piece, with errors that say what broke off.
//!
//! What the pieces are is the business of the streams that hold one.

use std::fmt;
use std::task::{Context, Poll, ready};

use crate::error::Kind;
use crate::request::Request;
use crate::transport::Body;
use crate::{Client, Result};

pub(crate) struct BodyStream {
    client: Client,
    request: Request,
    /// None once it has ended.
    body: Option<Body>,
    /// What breaks off: "the log".
    what: &'static str,
}

impl BodyStream {
    pub(crate) fn new(client: Client, request: Request, body: Body, what: &'static str) -> Self {
        BodyStream { client, request, body: Some(body), what }
    }

    pub(crate) async fn next(&mut self) -> Option<Result<Vec<u8>>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    pub(crate) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        Poll::Ready(match ready!(body.poll_chunk(cx)) {
            Some(Ok(chunk)) => Some(Ok(chunk.into())),
            Some(Err(failure)) => {
                self.body = None;
                let message = format!("{} broke off: {}", self.what, failure.message);
                Some(Err(self.client.error(&self.request, Kind::Transport, message)))
            }
            None => {
                self.body = None;
                None
            }
        })
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("of", &self.request.context(self.client.server()))
            .field("ended", &self.body.is_none())
            .finish_non_exhaustive()
    }
}
