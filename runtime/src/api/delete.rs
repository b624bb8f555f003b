//! Deleting one object, or all that selectors choose.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, check, debug_request, decode, option_setters, status, timeout_setter};
use crate::Result;
use crate::codec::Value;
use crate::options::{DeleteOptions, ListOptions, PropagationPolicy, ResourceVersionMatch};
use crate::request::{JSON, Method, Request};
use crate::wire::{List, Status};

/// What a server says to a deletion.
#[derive(Clone, Debug, PartialEq)]
pub enum Deleted<T> {
    /// The object as it was, or as it is while finalizers or a grace period still hold it.
    Object(T),
    /// It is gone.
    Status(Box<Status>),
}

impl<T> Deleted<T> {
    /// The object, if the server gave it.
    pub fn object(self) -> Option<T> {
        match self {
            Deleted::Object(object) => Some(object),
            Deleted::Status(_) => None,
        }
    }
}

/// Deletes one object.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct DeleteRequest<T> {
    target: Target,
    options: DeleteOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> DeleteRequest<T> {
    pub(super) fn new(target: Target) -> Self {
        DeleteRequest { target, options: DeleteOptions::default(), timeout: None, of: PhantomData }
    }

    option_setters! { DeleteOptions {
        /// How long the object gets to end; 0 deletes at once.
        some grace_period_seconds i64;
        /// Only if the object has this uid.
        text precondition_uid;
        /// Only if the object has this resourceVersion.
        text precondition_resource_version;
        /// What becomes of the objects that belong to it.
        some propagation_policy PropagationPolicy;
        /// Goes through everything but storing.
        flag dry_run;
    } }
    timeout_setter!();

    pub(super) fn request(&self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("delete")))
    }

    fn request_once(&self) -> Result<Request> {
        let request = self.target.request("delete", Method::Delete)?.with_timeout(self.timeout);
        Ok(match self.options.or(self.target.client.defaults()).body()? {
            Some(body) => request.with_body(JSON, body),
            None => request,
        })
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`DeleteRequest::send`].
    pub async fn raw(self) -> Result<String> {
        self.target.text(&self.request()?).await
    }
}

impl<T: Value + Default + 'static> DeleteRequest<T> {
    /// Sends the request.
    ///
    /// # Errors
    ///
    /// When there is no such object (`is_not_found`), a precondition does not hold (`is_conflict`), or the server answers
    /// with another failure or not at all.
    pub async fn send(self) -> Result<Deleted<T>> {
        let request = self.request()?;
        deleted(&self.target, &request).await
    }
}

async fn deleted<T: Value + Default>(target: &Target, request: &Request) -> Result<Deleted<T>> {
    let response = target.client.call(request).await?;
    check(&target.client, request, &response)?;
    match status(&response) {
        Some(status) => Ok(Deleted::Status(Box::new(status))),
        None => decode(&target.client, request, &response).map(Deleted::Object),
    }
}

awaitable!(DeleteRequest<T> where [Value + Default + 'static] => Deleted<T>);
debug_request!(DeleteRequest<T>);

/// Deletes all objects that the selectors choose.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct DeleteCollectionRequest<T> {
    target: Target,
    /// Which objects.
    options: ListOptions,
    /// How.
    delete: DeleteOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> DeleteCollectionRequest<T> {
    pub(super) fn new(target: Target) -> Self {
        DeleteCollectionRequest {
            target,
            options: ListOptions::default(),
            delete: DeleteOptions::default(),
            timeout: None,
            of: PhantomData,
        }
    }

    option_setters! { ListOptions {
        /// Only objects with these labels.
        text label_selector;
        /// Only objects with these fields.
        text field_selector;
        /// Objects as they were at this version.
        text resource_version;
        /// How `resource_version` is meant.
        some resource_version_match ResourceVersionMatch;
        /// At most this many objects.
        some limit u32;
    } }
    timeout_setter!();

    /// Replaces the options that say how objects are deleted.
    pub fn delete_options(mut self, options: &DeleteOptions) -> Self {
        self.delete = options.clone();
        self
    }

    /// How long each object gets to end; 0 deletes at once.
    pub fn grace_period_seconds(mut self, seconds: i64) -> Self {
        self.delete.grace_period_seconds = Some(seconds);
        self
    }

    /// What becomes of the objects that belong to the deleted ones.
    pub fn propagation_policy(mut self, policy: PropagationPolicy) -> Self {
        self.delete.propagation_policy = Some(policy);
        self
    }

    /// Goes through everything but storing.
    pub fn dry_run(mut self) -> Self {
        self.delete.dry_run = true;
        self
    }

    pub(super) fn request(&self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("delete")))
    }

    fn request_once(&self) -> Result<Request> {
        let mut request = self.target.request("deletecollection", Method::Delete)?;
        self.options.query(&mut request.query)?;
        let request = request.with_timeout(self.timeout);
        Ok(match self.delete.or(self.target.client.defaults()).body()? {
            Some(body) => request.with_body(JSON, body),
            None => request,
        })
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`DeleteCollectionRequest::send`].
    pub async fn raw(self) -> Result<String> {
        self.target.text(&self.request()?).await
    }
}

impl<T: Value + Default + PartialEq + 'static> DeleteCollectionRequest<T> {
    /// Sends the request and gives the objects that were chosen, as servers do, or their bare success.
    ///
    /// # Errors
    ///
    /// When the server answers with a failure or not at all.
    pub async fn send(self) -> Result<Deleted<List<T>>> {
        let request = self.request()?;
        deleted(&self.target, &request).await
    }
}

awaitable!(DeleteCollectionRequest<T> where [Value + Default + PartialEq + 'static] => Deleted<List<T>>);
debug_request!(DeleteCollectionRequest<T>);
