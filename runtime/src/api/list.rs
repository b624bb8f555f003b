//! Listing objects, one page or all of them.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, debug_request, option_setters, timeout_setter};
use super::pager::{ListStream, Pager};
use crate::codec::Value;
use crate::error::{Error, Kind};
use crate::options::{ListOptions, ResourceVersionMatch};
use crate::request::{Method, Request};
use crate::wire::List;
use crate::{Entity, Result};

/// Lists objects.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct ListRequest<T> {
    pub(super) target: Target,
    pub(super) options: ListOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> ListRequest<T> {
    pub(super) fn new(target: Target) -> Self {
        ListRequest { target, options: ListOptions::default(), timeout: None, of: PhantomData }
    }

    option_setters! { ListOptions {
        /// Only objects with these labels: `app=web,tier!=db`, `env in (a, b)`.
        text label_selector;
        /// Only objects with these fields: `status.phase=Running`.
        text field_selector;
        /// Answers from a state that is no older than this; `"0"` means from the server's cache, whatever its age.
        text resource_version;
        /// How `resource_version` is meant.
        some resource_version_match ResourceVersionMatch;
        /// Ends the call after this many seconds, on the server and here.
        some timeout_seconds u32;
        /// At most this many objects on a page; for `.stream()` and `.all()` the size of their pages, 500 unless set.
        some limit u32;
        /// Goes on after the page that gave this token.
        text continue_token;
        /// Only one shard of the collection (alpha since 1.36).
        text shard_selector;
    } }
    timeout_setter!();

    pub(super) fn request(&self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("list")))
    }

    fn request_once(&self) -> Result<Request> {
        let mut request = self.target.request("list", Method::Get)?;
        self.options.query(&mut request.query)?;
        let mut request = request.with_timeout(self.timeout);
        if let Some(seconds) = self.options.timeout_seconds {
            // The server's own limit ends first; this one is for a server that is no longer there.
            request.timeout = request.timeout.or(Some(Duration::from_secs(u64::from(seconds) + 10)));
        }
        Ok(request)
    }

    /// A server that gives the token it was asked with would be asked for ever.
    pub(super) fn same_again(&self) -> Error {
        let message = "the server gave the same continue token twice, so the list has no end";
        Error::new(Kind::Decode, self.target.describe("list"), message)
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`ListRequest::send`].
    pub async fn raw(self) -> Result<String> {
        self.target.text(&self.request()?).await
    }
}

impl<T: Value + Default + PartialEq + 'static> ListRequest<T> {
    /// Sends the request and gives one page.
    ///
    /// # Errors
    ///
    /// When the server does not serve the resource (`is_not_found`), the continue token is too old (`is_expired`), or the
    /// server answers with another failure or not at all.
    pub async fn send(self) -> Result<List<T>> {
        self.target.value(&self.request()?).await
    }
}

impl<T: Entity> ListRequest<T> {
    /// All objects one by one, fetched page by page.
    ///
    /// Should the pages expire while they are read, the rest comes from one full list, without what was given before.
    pub fn stream(self) -> ListStream<T> {
        ListStream::new(Pager::new(self))
    }

    /// All objects as one list, fetched page by page.
    ///
    /// Should the pages expire while they are read, one full list takes their place.
    ///
    /// # Errors
    ///
    /// As [`ListRequest::send`].
    pub async fn all(self) -> Result<List<T>> {
        let mut pager = Pager::new(self);
        let mut all: List<T> = List::default();
        while let Some(page) = pager.page().await? {
            if page.replaces {
                all.items.clear();
            }
            if all.items.is_empty() {
                all.items = page.list.items;
            } else {
                all.items.extend(page.list.items);
            }
            all.metadata = page.list.metadata;
        }
        Ok(all)
    }
}

awaitable!(ListRequest<T> where [Value + Default + PartialEq + 'static] => List<T>);
debug_request!(ListRequest<T>);
