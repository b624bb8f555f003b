//! Reading one object.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, debug_request, option_setters, timeout_setter};
use crate::Result;
use crate::codec::Value;
use crate::options::GetOptions;
use crate::request::{Method, Request};

/// Reads one object, or a subresource of one.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct GetRequest<T> {
    target: Target,
    options: GetOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> GetRequest<T> {
    pub(super) fn new(target: Target) -> Self {
        GetRequest { target, options: GetOptions::default(), timeout: None, of: PhantomData }
    }

    option_setters! { GetOptions {
        /// Answers from a state that is no older than this; `"0"` means from the server's cache, whatever its age.
        text resource_version;
    } }
    timeout_setter!();

    pub(super) fn request(&self) -> Result<Request> {
        let mut request = self.target.request("get", Method::Get)?;
        self.options.query(&mut request.query)?;
        Ok(request.with_timeout(self.timeout))
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure or not at all, or the name cannot be sent.
    pub async fn raw(self) -> Result<String> {
        let request = self.request().map_err(|error| error.in_context(|| self.target.describe("get")))?;
        self.target.text(&request).await
    }

    /// The same, refused where it is no object.
    pub(super) async fn object_text(self) -> Result<String> {
        let request = self.request().map_err(|error| error.in_context(|| self.target.describe("get")))?;
        self.target.object_text(&request).await
    }
}

impl<T: Value + Default + 'static> GetRequest<T> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure (`is_not_found` …) or not at all, the answer cannot be read, or the name
    /// cannot be sent.
    pub async fn send(self) -> Result<T> {
        let request = self.request().map_err(|error| error.in_context(|| self.target.describe("get")))?;
        self.target.value(&request).await
    }
}

awaitable!(GetRequest<T> where [Value + Default + 'static] => T);
debug_request!(GetRequest<T>);
