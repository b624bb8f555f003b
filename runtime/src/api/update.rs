//! Replacing an object, without losing what this build does not know of it.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Holder, Target, awaitable, debug_request, option_setters, timeout_setter};
use crate::codec::{self, Encoded, Value};
use crate::error::{Error, Kind};
use crate::options::{FieldValidation, UpdateOptions};
use crate::request::{JSON, Method, Request};
use crate::{Result, UnknownFieldPolicy};

/// Replaces an object, or a subresource of one.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct UpdateRequest<T> {
    target: Target,
    refused: Option<Error>,
    body: Encoded,
    options: UpdateOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> UpdateRequest<T> {
    pub(super) fn new(holder: impl Into<Holder>, object: &T) -> Self
    where
        T: Value,
    {
        let Holder { target, refused } = holder.into();
        UpdateRequest {
            target,
            refused,
            body: codec::encode_restoring(object),
            options: UpdateOptions::default(),
            timeout: None,
            of: PhantomData,
        }
    }

    option_setters! { UpdateOptions {
        /// Goes through everything but storing.
        flag dry_run;
        /// Who is changing the object, for server-side apply: at most 128 printable characters.
        text field_manager;
        /// What the server does about members that the resource does not have.
        some field_validation FieldValidation;
    } }
    timeout_setter!();

    pub(super) fn request(&mut self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("update")))
    }

    fn request_once(&mut self) -> Result<Request> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        self.check_unknown()?;
        let mut request = self.target.request("update", Method::Put)?;
        self.options.or(self.target.client.defaults()).query(&mut request.query)?;
        Ok(request.with_timeout(self.timeout).with_body(JSON, std::mem::take(&mut self.body.json)))
    }

    /// An old program must not delete a new member by reading an object and writing it back.
    fn check_unknown(&self) -> Result<()> {
        let lost = &self.body.lost;
        if lost.is_empty() {
            return Ok(());
        }
        let names = lost.join(", ");
        match self.target.client.unknown_field_policy() {
            UnknownFieldPolicy::Refuse => {
                let message = format!("this would delete members that this build does not know: {names}");
                let help = "use `edit`, which sends only what changes, or set `unknown_fields` of the client to Warn or Allow";
                Err(Error::new(Kind::UnknownFields, "", message).with_help(help))
            }
            UnknownFieldPolicy::Warn => {
                eprintln!(
                    "{}: deletes members that this build does not know: {names}",
                    self.target.describe("update")
                );
                Ok(())
            }
            UnknownFieldPolicy::Allow => Ok(()),
        }
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`UpdateRequest::send`].
    pub async fn raw(mut self) -> Result<String> {
        let request = self.request()?;
        self.target.text(&request).await
    }
}

impl<T: Value + Default + 'static> UpdateRequest<T> {
    /// Sends the request and gives the object as it was stored.
    ///
    /// # Errors
    ///
    /// When the object has changed since it was read (`is_conflict`), the server answers with another failure or not at
    /// all, or the update would delete members that this build does not know (`is_unknown_fields`).
    pub async fn send(mut self) -> Result<T> {
        let request = self.request()?;
        self.target.value(&request).await
    }
}

awaitable!(UpdateRequest<T> where [Value + Default + 'static] => T);
debug_request!(UpdateRequest<T>);
