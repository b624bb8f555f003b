//! Reading bodies: whole ones up to a limit and as long as they come, those of failures as far as they matter.
//!
//! What is read is not looked at here.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Client;
use crate::Result;
use crate::error::Kind;
use crate::request::{Expect, Headers, Request};
use crate::transport::{Body, Failure};

/// The most that is read of an answer with a failure, and how long that may take.
const MAX_FAILURE: usize = 1 << 20;
const FAILURE_TIME: Duration = Duration::from_secs(10);

/// The most that is set aside for an answer because it says that it is so long.
const MAX_RESERVED: usize = 32 << 20;

impl Client {
    /// A whole body; the outer error is final, the inner one can be worth another try.
    pub(super) async fn read(
        &self,
        request: &Request,
        headers: &Headers,
        body: &mut Body,
    ) -> Result<std::result::Result<Bytes, Failure>> {
        // What stands behind a proxy and the log of a silent program may take their time.
        let patience =
            if request.expect == Expect::Foreign { None } else { self.shared.config.calls().stall_timeout };
        let limit = self.max_response;
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let chunk = match patience {
                None => body.chunk().await,
                Some(patience) => match tokio::time::timeout(patience, body.chunk()).await {
                    Ok(chunk) => chunk,
                    Err(_) => return Err(self.stalled(request, patience, first.len() + rest.len())),
                },
            };
            let chunk = match chunk {
                None => break,
                Some(Ok(chunk)) => chunk,
                Some(Err(failure)) => return Ok(Err(failure)),
            };
            if first.len() + rest.len() + chunk.len() > limit {
                return Err(self
                    .error(request, Kind::TooLarge, format!("the answer is longer than {limit} bytes"))
                    .with_help("ask for pages with `limit`, or raise `Client::max_response_bytes`"));
            }
            if first.is_empty() && rest.is_empty() {
                first = chunk;
            } else {
                if rest.is_empty() {
                    rest.reserve(expected(headers).min(limit).max(first.len() + chunk.len()));
                    rest.extend_from_slice(&std::mem::take(&mut first));
                }
                rest.extend_from_slice(&chunk);
            }
        }
        Ok(Ok(if rest.is_empty() { first } else { rest.freeze() }))
    }

    /// The body of a failure. A foreign page may be long; a Status never is. What cannot be read of it does not matter.
    pub(super) async fn read_failure(&self, body: &mut Body) -> Vec<u8> {
        let mut text = Vec::new();
        let reading = async {
            while let Some(Ok(chunk)) = body.chunk().await {
                let room = MAX_FAILURE - text.len();
                text.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if text.len() >= MAX_FAILURE {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(FAILURE_TIME, reading).await;
        text
    }
}

/// How much room to make at once. A server that promises more than it has costs an address range, no memory.
fn expected(headers: &Headers) -> usize {
    headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0).min(MAX_RESERVED)
}
