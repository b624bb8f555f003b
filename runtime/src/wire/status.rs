//! `meta/v1` Status: how a server says that something failed, or that a deletion was done.
//!
//! The rules that turn one into an error are in `error`.

use crate::codec::UnknownFields;
use crate::object;
use crate::wire::ListMeta;

/// What a server answers where it does not answer with an object.
#[derive(Clone, Default, PartialEq)]
pub struct Status {
    /// Metadata of the answer; its `continue` is set where an expired list can go on.
    pub metadata: Option<Box<ListMeta>>,
    /// `Success` or `Failure`.
    pub status: Option<String>,
    /// A description for people.
    pub message: Option<String>,
    /// A word for machines, as `NotFound` or `Conflict`.
    pub reason: Option<String>,
    /// What the reason is about.
    pub details: Option<Box<StatusDetails>>,
    /// The HTTP code.
    pub code: Option<i32>,
    /// The members that this build does not know, by path.
    pub unknown: UnknownFields,
}

object! {
    Status = "v1" "Status" {
        0 metadata "metadata" [1] Message;
        1 status "status" [2] String;
        2 message "message" [3] String;
        3 reason "reason" [4] String;
        4 details "details" [5] Message;
        5 code "code" [6] Varint;
    }
}

/// What a [`Status`] is about.
#[derive(Clone, Default, PartialEq)]
pub struct StatusDetails {
    /// The name of the object.
    pub name: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// Its kind, or its resource.
    pub kind: Option<String>,
    /// Its uid.
    pub uid: Option<String>,
    /// What is wrong, one by one.
    pub causes: Option<Vec<StatusCause>>,
    /// After how many seconds the request may be tried again.
    pub retry_after_seconds: Option<i32>,
}

object! {
    StatusDetails {
        0 name "name" [1] String;
        1 group "group" [2] String;
        2 kind "kind" [3] String;
        3 causes "causes" [4] Message atomic;
        4 retry_after_seconds "retryAfterSeconds" [5] Varint;
        5 uid "uid" [6] String;
    }
}

/// One thing that is wrong.
#[derive(Clone, Default, PartialEq)]
pub struct StatusCause {
    /// A word for machines, as `FieldValueRequired`.
    pub reason: Option<String>,
    /// A description for people.
    pub message: Option<String>,
    /// The field, as `spec.containers[0].image`.
    pub field: Option<String>,
}

object! {
    StatusCause {
        0 reason "reason" [1] String;
        1 message "message" [2] String;
        2 field "field" [3] String;
    }
}
