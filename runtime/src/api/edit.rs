//! Changing an object by a closure: read, change, send what became different, and again if somebody else was faster.
//!
//! What this build does not know of the object is never sent, hence never deleted: not by an old program in a new cluster.

use std::time::Duration;

use serde_json::Value as Json;

use super::call::{Target, awaitable, option_setters, refuse, timeout_setter};
use super::diff;
use super::get::GetRequest;
use super::patch::PatchRequest;
use crate::codec;
use crate::error::Kind;
use crate::options::{FieldValidation, PatchOptions};
use crate::{Entity, Patch, Result};

/// How often the object is read again after a conflict.
const TRIES: u32 = 5;
/// Half of the first pause after a conflict; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(5);

/// Changes an object by a closure.
///
/// The closure runs once for each try, on the object as it is then. Nothing is sent if it changes nothing.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct EditRequest<T> {
    target: Target,
    change: Box<dyn FnMut(&mut T) + Send>,
    options: PatchOptions,
    timeout: Option<Duration>,
}

impl<T> EditRequest<T> {
    pub(super) fn new(target: Target, change: Box<dyn FnMut(&mut T) + Send>) -> Self {
        EditRequest { target, change, options: PatchOptions::default(), timeout: None }
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
}

impl<T: Entity> EditRequest<T> {
    /// Reads the object, changes it and sends the difference, up to five times.
    ///
    /// # Errors
    ///
    /// When there is no such object (`is_not_found`), it changed each time between reading and writing (`is_conflict`), or
    /// the server answers with another failure or not at all.
    pub async fn send(mut self) -> Result<T> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut get = GetRequest::<T>::new(self.target.clone());
            if let Some(timeout) = self.timeout {
                get = get.timeout(timeout);
            }
            let read = get.object_text().await?;
            let Some(patch) = self.difference(&read)? else {
                return self.decode(&read);
            };
            let mut request = PatchRequest::<T>::new(self.target.clone(), &patch).options(&self.options);
            if let Some(timeout) = self.timeout {
                request = request.timeout(timeout);
            }
            match request.send().await {
                // Two that edit the same object must not run in step for ever.
                Err(error) if error.is_conflict() && tries < TRIES => {
                    tokio::time::sleep(PAUSE * (1 << tries)).await
                }
                result => return result,
            }
        }
    }

    fn decode(&self, text: &str) -> Result<T> {
        codec::from_str(text).map_err(|error| {
            crate::Error::new(
                Kind::Decode,
                self.target.describe("edit"),
                format!("the answer cannot be read: {error}"),
            )
        })
    }

    /// The patch from the object that was read to the changed one, or `None` where nothing changed.
    fn difference(&mut self, read: &str) -> Result<Option<Patch>> {
        let mut object = self.decode(read)?;
        let before = parse(&codec::to_string(&object))?;
        let version = object.metadata().resource_version().map(str::to_owned);
        (self.change)(&mut object);
        let after = parse(&codec::to_string(&object))?;
        let operations = diff::between(&parse(read)?, &before, &after);
        if operations.is_empty() {
            return Ok(None);
        }
        let patch = diff::patch(operations, version.as_deref());
        Ok(Some(Patch::json_of(patch)))
    }
}

fn parse(text: &str) -> Result<Json> {
    crate::dynamic::parse_json(text)
        .map_err(|error| refuse(format!("the object cannot be written as JSON: {error}")))
}

awaitable!(EditRequest<T> where [Entity] => T);

impl<T> std::fmt::Debug for EditRequest<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EditRequest")
            .field("target", &self.target.describe("edit"))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
