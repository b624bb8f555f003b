//! Server-side apply: saying what a program wants of an object, and leaving the rest to others.

use std::marker::PhantomData;
use std::time::Duration;

use super::call::{Target, awaitable, debug_request, option_setters, refuse, timeout_setter};
use crate::Result;
use crate::codec::{self, Reader, Value, Writer};
use crate::options::{ApplyOptions, FieldValidation};
use crate::request::{Method, Request};

/// The media type that servers take for apply; JSON is YAML.
const APPLY: &str = "application/apply-patch+yaml";

/// What can be applied: what it says is what the field manager wants, and nothing else.
///
/// Full types leave out their status (but for the subresource `status`), who manages what, and required members that are
/// at their default, since nobody chose those.
pub trait ApplyBody {
    /// The body as JSON text, for this subresource or (`None`) for the object itself.
    fn apply_json(&self, subresource: Option<&str>) -> String;
}

impl<T: Value> ApplyBody for T {
    fn apply_json(&self, subresource: Option<&str>) -> String {
        let sparse = codec::to_sparse_string(self);
        without_others(&sparse, subresource.is_none()).unwrap_or(sparse)
    }
}

/// The same object without what is not the applier's to say. `None` for what is no object: servers say what is wrong then.
fn without_others(object: &str, drop_status: bool) -> Option<String> {
    let mut writer = Writer::new();
    writer.open('{');
    codec::decode_members(&mut Reader::new(object), "an object", |reader, name| match name {
        "status" if drop_status => reader.raw().map(drop),
        "metadata" => {
            writer.name(name);
            writer.open('{');
            codec::decode_members(reader, "an object", |reader, name| {
                let value = reader.raw()?;
                if name != "managedFields" {
                    writer.name(name);
                    writer.raw(value);
                }
                Ok(())
            })?;
            writer.close('}');
            Ok(())
        }
        _ => {
            let value = reader.raw()?;
            writer.name(name);
            writer.raw(value);
            Ok(())
        }
    })
    .ok()?;
    writer.close('}');
    Some(writer.into_string())
}

/// Applies an object, or a subresource of one. [`field_manager`](ApplyRequest::field_manager) is required.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct ApplyRequest<T> {
    target: Target,
    body: String,
    options: ApplyOptions,
    timeout: Option<Duration>,
    of: PhantomData<fn() -> T>,
}

impl<T> ApplyRequest<T> {
    pub(super) fn new(target: Target, object: &impl ApplyBody) -> Self {
        let body = object.apply_json(target.subresource.as_deref());
        ApplyRequest { target, body, options: ApplyOptions::default(), timeout: None, of: PhantomData }
    }

    option_setters! { ApplyOptions {
        /// Who is applying. Required; at most 128 printable characters.
        text field_manager;
        /// Takes over fields that belong to others.
        flag force;
        /// Goes through everything but storing.
        flag dry_run;
        /// What the server does about members that the resource does not have.
        some field_validation FieldValidation;
    } }
    timeout_setter!();

    pub(super) fn request(&mut self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("apply")))
    }

    fn request_once(&mut self) -> Result<Request> {
        if !self.body.starts_with('{') {
            return Err(refuse("what is applied is no object"));
        }
        let mut request = self.target.request("patch", Method::Patch)?;
        if let Some(ask) = &mut request.ask {
            ask.apply = true;
        }
        self.options.or(self.target.client.defaults()).query(&mut request.query)?;
        Ok(request.with_timeout(self.timeout).with_body(APPLY, std::mem::take(&mut self.body)))
    }

    /// The answer as the server wrote it.
    ///
    /// # Errors
    ///
    /// As [`ApplyRequest::send`].
    pub async fn raw(mut self) -> Result<String> {
        let request = self.request()?;
        self.target.text(&request).await
    }
}

impl<T: Value + Default + 'static> ApplyRequest<T> {
    /// Sends the request and gives the object as it was stored.
    ///
    /// # Errors
    ///
    /// When no field manager is set (`is_request`), a field belongs to another manager (`is_conflict`, with the fields in
    /// `causes()`), or the server answers with another failure or not at all.
    pub async fn send(mut self) -> Result<T> {
        let request = self.request()?;
        self.target.value(&request).await
    }
}

awaitable!(ApplyRequest<T> where [Value + Default + 'static] => T);
debug_request!(ApplyRequest<T>);
