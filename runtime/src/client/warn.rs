//! What becomes of the warnings of a server: to whom they are said, and how often.
//!
//! How they are read is in `rest::warning`. They never make a request fail.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use super::Client;
use crate::error;
use crate::request::{Headers, Request};
use crate::rest::warnings;

/// How many warnings are remembered as said.
const REMEMBERED: usize = 1000;

/// Which warnings were written to the log already.
#[derive(Default)]
pub(super) struct Said {
    hasher: RandomState,
    texts: Mutex<HashSet<u64>>,
}

impl Said {
    /// Whether this is said for the first time, as far as is remembered.
    fn is_new(&self, text: &str) -> bool {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() >= REMEMBERED {
            texts.clear();
        }
        texts.insert(self.hasher.hash_one(text))
    }
}

impl Client {
    /// Says what the server warns of: to the request's handler, else to the client's, else once to the log.
    pub(super) fn warn(&self, request: &Request, headers: &Headers) {
        if headers.get("warning").is_none() {
            return;
        }
        let handler = request.on_warning.as_ref().or(self.shared.config.calls().on_warning.as_ref());
        let mut seen = HashSet::new();
        for warning in warnings(headers) {
            match handler {
                Some(handler) if seen.insert(warning.text.clone()) => (handler.0)(&warning),
                None if self.shared.said.is_new(&warning.text) => tracing::warn!(
                    http.request.method = request.method.as_str(),
                    url.path = request.path.as_str(),
                    "the server warns: {}",
                    error::excerpt(warning.text.as_bytes(), 1024)
                ),
                _ => {}
            }
        }
    }
}
