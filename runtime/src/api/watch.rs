//! Beginning a watch.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, debug_request, header_setter, option_setters};
use crate::Result;
use crate::codec::Value;
use crate::options::{ResourceVersionMatch, WatchOptions};
use crate::request::{Class, Method, Request};
use crate::watch::Watch;

/// Watches objects for changes.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct WatchRequest<T> {
    target: Target,
    options: WatchOptions,
    of: PhantomData<fn() -> T>,
}

impl<T> WatchRequest<T> {
    pub(super) fn new(target: Target) -> Self {
        WatchRequest { target, options: WatchOptions::default(), of: PhantomData }
    }

    option_setters! { WatchOptions {
        /// Only objects with these labels.
        text label_selector;
        /// Only objects with these fields: `metadata.name=web-0` watches one object.
        text field_selector;
        /// What happened after this version; without it, all objects that are there come first.
        text resource_version;
        /// How `resource_version` is meant; set by `send_initial_events`.
        some resource_version_match ResourceVersionMatch;
        /// Ends the watch after this many seconds; servers choose between 30 and 60 minutes by themselves.
        some timeout_seconds u32;
        /// Asks for bookmarks: events that carry nothing but the current version; set by `send_initial_events`.
        flag allow_bookmarks;
        /// Begins with all objects that are there, as events, and marks their end with a bookmark.
        some send_initial_events bool;
        /// Only one shard of the collection (alpha since 1.36).
        text shard_selector;
    } }
    header_setter!();

    pub(super) fn request(&self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("watch")))
    }

    fn request_once(&self) -> Result<Request> {
        let mut request = self.target.request("watch", Method::Get)?;
        self.options.query(&mut request.query)?;
        request.class = Class::Stream;
        Ok(request)
    }
}

impl<T: Value + Default + 'static> WatchRequest<T> {
    /// Sends the request and gives the stream of events.
    ///
    /// # Errors
    ///
    /// When the version is too old (`is_expired`, `is_gone`), the server does not serve the resource (`is_not_found`),
    /// or answers with another failure or not at all.
    pub async fn send(self) -> Result<Watch<T>> {
        let request = self.request()?;
        let lifetime =
            self.options.timeout_seconds.map(|seconds| Duration::from_secs(u64::from(seconds) + 10));
        let answer = self.target.client.open_within(&request, lifetime).await?;
        Ok(Watch::new(self.target.client, request, answer.body, lifetime))
    }
}

awaitable!(WatchRequest<T> where [Value + Default + 'static] => Watch<T>);
debug_request!(WatchRequest<T>);
