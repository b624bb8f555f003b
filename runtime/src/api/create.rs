//! Creating an object, or posting to a subresource.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{
    Holder, Target, awaitable, check, debug_request, decode, option_setters, status, timeout_setter,
};
use crate::codec::{self, Value};
use crate::error::Error;
use crate::options::{CreateOptions, FieldValidation};
use crate::request::{JSON, Method, Request};
use crate::{Client, Result};

/// Creates an object, or posts to a subresource of one.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct CreateRequest<T> {
    target: Target,
    refused: Option<Error>,
    body: Vec<u8>,
    options: CreateOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> CreateRequest<T> {
    pub(super) fn new(holder: impl Into<Holder>, object: &T) -> Self
    where
        T: Value,
    {
        let Holder { target, refused } = holder.into();
        CreateRequest {
            target,
            refused,
            body: codec::to_vec(object),
            options: CreateOptions::default(),
            timeout: None,
            of: PhantomData,
        }
    }

    option_setters! { CreateOptions {
        /// Goes through everything but storing.
        flag dry_run;
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        text field_manager;
        /// What the server does about members that the resource does not have.
        some field_validation FieldValidation;
    } }
    timeout_setter!();

    pub(super) fn request(&mut self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("create")))
    }

    fn request_once(&mut self) -> Result<Request> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let mut request = self.target.request("create", Method::Post)?;
        self.options.or(self.target.client.defaults()).query(&mut request.query)?;
        Ok(request.with_timeout(self.timeout).with_body(JSON, std::mem::take(&mut self.body)))
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`CreateRequest::send`].
    pub async fn raw(mut self) -> Result<String> {
        let request = self.request()?;
        self.target.text(&request).await
    }
}

impl<T: Value + Default + 'static> CreateRequest<T> {
    /// Sends the request and gives the object as it was stored.
    ///
    /// Where the server answers with a bare success, as it does to evictions and bindings, what was sent is given back.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure (`is_already_exists`, `is_invalid` …) or not at all, the answer cannot be
    /// read, or the request is refused before it is sent.
    pub async fn send(mut self) -> Result<T> {
        let request = self.request()?;
        let client: &Client = &self.target.client;
        let mut response = client.call(&request).await?;
        check(client, &request, &response)?;
        let asked_for_status = T::default().type_meta() == Some(("v1", "Status"));
        if !asked_for_status && status(&response).is_some() {
            response.body = request.body.clone();
        }
        decode(client, &request, &response)
    }
}

awaitable!(CreateRequest<T> where [Value + Default + 'static] => T);
debug_request!(CreateRequest<T>);
