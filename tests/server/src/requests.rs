//! What was asked of the server, kept for tests that want to look, within bounds.
//!
//! Nothing is decided by it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::request::Incoming;

/// A request as it came in, for tests that ask what their code sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// `GET`, `POST` …
    pub method: String,
    /// The path as it was sent, percent encoding and all.
    pub path: String,
    /// The query without `?`.
    pub query: String,
    /// The `Content-Type`, or empty.
    pub content_type: String,
    /// The `Accept` headers, joined by commas.
    pub accept: String,
    /// The `User-Agent`, or empty.
    pub user_agent: String,
    /// Whether there was an `Authorization` header. What it said is not kept.
    pub authorized: bool,
    /// The body, up to the limit that [`Builder::request_limits`](crate::Builder::request_limits) sets.
    pub body: Vec<u8>,
}

/// The newest requests.
#[derive(Debug)]
pub(crate) struct RequestLog {
    limits: RequestLimits,
    kept: Mutex<VecDeque<ReceivedRequest>>,
}

/// How much is kept of what was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    pub(crate) requests: usize,
    pub(crate) body_bytes: usize,
}

impl RequestLog {
    pub(crate) fn new(limits: RequestLimits) -> Self {
        RequestLog { limits, kept: Mutex::default() }
    }

    pub(crate) fn remember(&self, incoming: &Incoming) {
        let request = ReceivedRequest {
            method: incoming.method.clone(),
            path: incoming.path.clone(),
            query: incoming.query_text.clone(),
            content_type: incoming.content_type.clone(),
            accept: incoming.accept.clone(),
            user_agent: incoming.user_agent.clone(),
            authorized: incoming.authorization.is_some(),
            body: incoming.body.iter().take(self.limits.body_bytes).copied().collect(),
        };
        let mut kept = self.kept();
        kept.push_back(request);
        while kept.len() > self.limits.requests {
            kept.pop_front();
        }
    }

    pub(crate) fn all(&self) -> Vec<ReceivedRequest> {
        self.kept().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<ReceivedRequest>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
