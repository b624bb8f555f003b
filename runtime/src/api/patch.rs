//! Changing a part of an object.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, debug_request, option_setters, timeout_setter};
use crate::codec::Value;
use crate::options::{FieldValidation, PatchOptions};
use crate::request::{Method, Request};
use crate::{Patch, Result};

/// Changes a part of an object, or of a subresource of one.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct PatchRequest<T> {
    target: Target,
    patch: Patch,
    options: PatchOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> PatchRequest<T> {
    pub(super) fn new(target: Target, patch: &Patch) -> Self {
        let options = PatchOptions::default();
        PatchRequest { target, patch: patch.clone(), options, timeout: None, of: PhantomData }
    }

    option_setters! { PatchOptions {
        /// Goes through everything but storing.
        flag dry_run;
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        text field_manager;
        /// What the server does about members that the resource does not have.
        some field_validation FieldValidation;
    } }
    timeout_setter!();

    pub(super) fn request(&self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("patch")))
    }

    fn request_once(&self) -> Result<Request> {
        let mut request = self.target.request("patch", Method::Patch)?;
        self.options.or(self.target.client.defaults()).query(&mut request.query)?;
        let body = self.patch.body().to_owned();
        Ok(request.with_timeout(self.timeout).with_body(self.patch.content_type(), body))
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`PatchRequest::send`].
    pub async fn raw(self) -> Result<String> {
        self.target.text(&self.request()?).await
    }
}

impl<T: Value + Default + 'static> PatchRequest<T> {
    /// Sends the request and gives the object as it was stored.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure (`is_invalid`, `is_unsupported_media_type` …) or not at all, or the answer
    /// cannot be read.
    pub async fn send(self) -> Result<T> {
        self.target.value(&self.request()?).await
    }
}

awaitable!(PatchRequest<T> where [Value + Default + 'static] => T);
debug_request!(PatchRequest<T>);
