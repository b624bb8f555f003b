//! Patches: what is to change in an object, in one of the three forms that servers take.
//!
//! Server-side apply is a verb of its own and not here. Deliberately nothing is checked but that the text is JSON.

use std::fmt;

use serde::Serialize;

use crate::error::{Error, Kind};
use crate::{Result, codec, wire::RawJson};

/// A change to an object, and which kind of patch it is.
///
/// ```
/// # use clientset_runtime::Patch;
/// let patch = Patch::merge_text(r#"{"metadata": {"labels": {"tier": "web"}}}"#)?;
/// # Ok::<(), clientset_runtime::Error>(())
/// ```
///
/// `Debug` shows the form and the length only: what is patched in may be a Secret's.
#[derive(Clone, PartialEq)]
pub struct Patch {
    form: Form,
    body: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Merge,
    Strategic,
}

macro_rules! forms {
    ($($(#[$doc:meta])* $name:ident $text:ident $form:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// When `body` cannot be written as JSON.
            pub fn $name(body: &(impl Serialize + ?Sized)) -> Result<Patch> {
                let body = serde_json::to_string(body)
                    .map_err(|error| Error::new(Kind::Request, "", format!("the patch cannot be written as JSON: {error}")))?;
                Ok(Patch { form: Form::$form, body })
            }

            /// The same from JSON text.
            ///
            /// # Errors
            ///
            /// When the text is no JSON.
            pub fn $text(body: impl Into<String>) -> Result<Patch> {
                let body = body.into();
                codec::from_str::<RawJson>(&body)
                    .map_err(|error| Error::new(Kind::Request, "", format!("the patch is no JSON: {error}")))?;
                Ok(Patch { form: Form::$form, body })
            }
        )*
    };
}

impl Patch {
    forms! {
        /// A JSON Patch (RFC 6902): a list of operations.
        json json_text Json;
        /// A JSON Merge Patch (RFC 7396): the members to change, `null` to delete; lists are replaced as a whole.
        merge merge_text Merge;
        /// A strategic merge patch: as a merge patch, but lists of built-in kinds merge by their keys. Not for custom
        /// resources.
        strategic strategic_text Strategic;
    }

    pub(crate) fn json_of(body: String) -> Patch {
        Patch { form: Form::Json, body }
    }

    pub(crate) fn content_type(&self) -> &'static str {
        match self.form {
            Form::Json => "application/json-patch+json",
            Form::Merge => "application/merge-patch+json",
            Form::Strategic => "application/strategic-merge-patch+json",
        }
    }

    /// The patch as JSON text.
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch").field("form", &self.form).field("bytes", &self.body.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_form_and_not_what_is_patched_in() {
        let patch = Patch::merge_text(r#"{"stringData":{"password":"canary"}}"#).unwrap();
        assert_eq!(format!("{patch:?}"), "Patch { form: Merge, bytes: 36 }");
    }
}
