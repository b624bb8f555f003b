//! Beginning a watch, or one that goes on: the requests of both.
//!
//! What is done when, is decided in `crate::watch`.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, check, debug_request, header_setter, option_setters};
use super::list::ListRequest;
use crate::client::Response;
use crate::codec::{self, Value};
use crate::error::{Error, Kind};
use crate::options::{ListOptions, ResourceVersionMatch, WatchOptions};
use crate::request::{Class, Method, Request};
use crate::transport::BoxFuture;
use crate::watch::{ListPlan, Memory, Named, Page, Source, Watch, WatchPlan};
use crate::wire::{List, RawJson};
use crate::{Entity, Result, ResumingWatch};

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
        let lifetime = self.lifetime();
        self.send_within(lifetime).await
    }

    /// The server's own limit ends a watch first; this one is for a server that is no longer there.
    fn lifetime(&self) -> Option<Duration> {
        self.options.timeout_seconds.map(|seconds| Duration::from_secs(u64::from(seconds) + 10))
    }

    /// The same, where the answer has to begin within `limit`.
    async fn send_within(self, limit: Option<Duration>) -> Result<Watch<T>> {
        let (request, lifetime) = (self.request()?, self.lifetime());
        let answer = self.target.client.open_within(&request, limit).await?;
        Ok(Watch::new(self.target.client, request, answer.body, lifetime))
    }
}

impl<T: Entity> WatchRequest<T> {
    /// A watch that begins with all objects that are there, and goes on after every failure. Nothing is sent before it is polled.
    ///
    /// Of the options, the selectors count; `resource_version`, which begins after that version and lists nothing unless the server
    /// no longer knows it; and `timeout_seconds`, which is otherwise chosen by chance between 5 and 10 minutes for each connection.
    /// The rest it chooses by itself.
    pub fn resuming(self) -> ResumingWatch<T> {
        let WatchRequest { mut target, options, .. } = self;
        // It waits and tries again by itself, by other rules.
        target.client = target.client.max_retries(0);
        target.resuming = true;
        let (version, seconds) = (options.resource_version.clone(), options.timeout_seconds);
        ResumingWatch::new(Box::new(Collection { target, options, of: PhantomData }), version, seconds)
    }
}

/// The collection that a resuming watch is about.
struct Collection<T> {
    target: Target,
    options: WatchOptions,
    of: PhantomData<fn() -> T>,
}

impl<T: Entity> Source<T> for Collection<T> {
    fn open(&self, plan: WatchPlan, within: Duration) -> BoxFuture<'static, Result<Watch<T>>> {
        let mut request = WatchRequest::<T>::new(self.target.clone());
        request.options = WatchOptions {
            resource_version: Some(plan.version).filter(|version| !version.is_empty()),
            resource_version_match: None,
            timeout_seconds: Some(plan.timeout_seconds),
            allow_bookmarks: true,
            send_initial_events: plan.initial.then_some(true),
            ..self.options.clone()
        };
        Box::pin(request.send_within(Some(within)))
    }

    fn list(&self, plan: ListPlan) -> BoxFuture<'static, Result<Page<T>>> {
        let WatchOptions { label_selector, field_selector, shard_selector, .. } = self.options.clone();
        let version = Some(plan.version).filter(|version| !version.is_empty());
        let mut request = ListRequest::<T>::new(self.target.clone());
        request.options = ListOptions {
            label_selector,
            field_selector,
            shard_selector,
            resource_version_match: version.as_ref().map(|_| ResourceVersionMatch::NotOlderThan),
            resource_version: version,
            limit: plan.limit,
            continue_token: plan.token,
            ..ListOptions::default()
        };
        Box::pin(async move {
            let client = &request.target.client;
            let request_once = request.request()?;
            let response = client.call(&request_once).await?;
            page(&request.target, &request_once, &response)
        })
    }

    fn resource(&self) -> String {
        let info = &self.target.resource;
        format!("{} in {}", info.plural, info.api_version())
    }

    fn memory(&self) -> &Memory {
        self.target.client.watching()
    }
}

/// A page of a list; where it cannot be read as a whole, object by object.
fn page<T: Entity>(target: &Target, request: &Request, response: &Response) -> Result<Page<T>> {
    check(&target.client, request, response)?;
    let of = |metadata: crate::wire::ListMeta, items| Page {
        items,
        version: metadata.resource_version.unwrap_or_default(),
        token: metadata.continue_,
    };
    match super::call::decode::<List<T>>(&target.client, request, response) {
        Ok(list) => Ok(of(list.metadata, list.items.into_iter().map(Ok).collect())),
        Err(error) if error.is_unexpected_content() => Err(error),
        Err(error) => {
            let Ok(list) = codec::from_slice::<List<RawJson>>(&response.body) else { return Err(error) };
            let read = |item: RawJson| {
                codec::from_str::<T>(item.get()).map_err(|error| {
                    let message = format!("an object of a list cannot be read: {error}");
                    let error = Error::new(Kind::Decode, request.context(target.client.server()), message);
                    (Named::read(item.get()).unwrap_or_default(), error)
                })
            };
            Ok(of(list.metadata, list.items.into_iter().map(read).collect()))
        }
    }
}

awaitable!(WatchRequest<T> where [Value + Default + 'static] => Watch<T>);
debug_request!(WatchRequest<T>);
