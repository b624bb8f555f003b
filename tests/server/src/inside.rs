//! Asking a server without a socket: for those who test the server itself, millions of times.
//!
//! What lies between the socket and the request (faults, the log of requests, TLS) is left out.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;

use crate::http;
use crate::request::{Incoming, Query};
use crate::server::TestServer;

/// How many pieces of a stream are read at most.
const PIECES: usize = 64;

impl TestServer {
    /// The answer to a request that did not come over a socket: status, and of the body what is there at once.
    ///
    /// Has to be called inside of a Tokio runtime. Not part of the promise of this crate: it may change at any time.
    #[doc(hidden)]
    pub fn ask_inside(
        &self,
        method: &str,
        target: &str,
        media: &str,
        accept: &str,
        body: &[u8],
    ) -> (u16, Bytes) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let incoming = Incoming {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Query::parse(query),
            query_text: query.to_owned(),
            content_type: media.to_owned(),
            accept: accept.to_owned(),
            user_agent: "inside".to_owned(),
            body: Bytes::copy_from_slice(body),
            ..Incoming::default()
        };
        let Some(mut answer) = http::answer(&self.shared, incoming).now_or_never() else {
            return (0, Bytes::new());
        };
        let mut all = Vec::new();
        for _ in 0..PIECES {
            let Some(Some(Ok(frame))) = answer.body_mut().frame().now_or_never() else { break };
            all.extend_from_slice(frame.data_ref().map(Bytes::as_ref).unwrap_or_default());
        }
        (answer.status().as_u16(), all.into())
    }
}
