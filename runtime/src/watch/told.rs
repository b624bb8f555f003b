//! What a resuming watch tells its caller.
//!
//! Values only; how a store is built of them is said at [`ResumingEvent`].

use super::Named;
use crate::error::Error;

/// What a resuming watch tells.
///
/// Who keeps objects by their namespace and name in two sets, `known` and `coming`, has the server's state in `known` after
/// each [`ListComplete`](ResumingEvent::ListComplete), and follows it from there:
///
/// * `ListStarted`: empty `coming`.
/// * `Listed`: put it into `coming`.
/// * `ListComplete`: `coming` takes the place of `known`. What is in the one and not in the other was deleted.
/// * `Applied`: put it into `known`.
/// * `Deleted`: take it out of both.
#[derive(Debug)]
#[non_exhaustive]
pub enum ResumingEvent<T> {
    /// A list of all objects begins: at the start, and whenever the server no longer knows what happened since.
    ///
    /// It can come again before the list is complete; then the list begins anew, and what was listed so far does not count.
    ListStarted,
    /// An object that is there.
    Listed(T),
    /// All objects were listed: what was not is gone. Nothing else tells of deletions that happened in between.
    ListComplete,
    /// An object was created or has changed.
    Applied(T),
    /// An object is gone, or no longer chosen by the selectors; this is how it was last.
    Deleted(T),
    /// An object is there or has changed, and cannot be read as a `T`. The stream goes on.
    ///
    /// In a list it stands in the place of `Listed`: the object is there, and is not gone when the list is complete.
    Unreadable(Box<UnreadableObject>),
}

impl<T> ResumingEvent<T> {
    /// The object that it is about.
    pub fn object(&self) -> Option<&T> {
        match self {
            ResumingEvent::Listed(object)
            | ResumingEvent::Applied(object)
            | ResumingEvent::Deleted(object) => Some(object),
            _ => None,
        }
    }

    /// The object that it is about.
    pub fn into_object(self) -> Option<T> {
        match self {
            ResumingEvent::Listed(object)
            | ResumingEvent::Applied(object)
            | ResumingEvent::Deleted(object) => Some(object),
            _ => None,
        }
    }
}

/// An object that the server has and this build cannot read.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnreadableObject {
    /// Its name, where even that can be read.
    pub name: Option<String>,
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// Its identity.
    pub uid: Option<String>,
    /// Its version.
    pub resource_version: Option<String>,
    /// Whether it is gone.
    pub deleted: bool,
    /// What is wrong with it.
    pub error: Error,
}

impl UnreadableObject {
    pub(super) fn new(named: Named, error: Error) -> Box<Self> {
        let Named { deleted, name, namespace, uid, resource_version } = named;
        Box::new(UnreadableObject { name, namespace, uid, resource_version, deleted, error })
    }
}
