//! How a resuming watch is: what it does now, how far it has come, and what failed last.
//!
//! Read from anywhere, while the stream itself belongs to whoever consumes it.

use std::fmt;
use std::time::Instant;

use tokio::sync::watch;

use crate::Error;

/// What a resuming watch does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchPhase {
    /// It was not polled yet.
    #[default]
    Starting,
    /// It fetches all objects, or asks for them.
    Listing,
    /// It hears of changes as they happen, or is about to open the watch that does.
    Watching,
    /// Something failed, and it waits before it goes on.
    Waiting {
        /// Until when.
        until: Instant,
    },
    /// It has ended: what is asked for can never be sent.
    Stopped,
}

/// What failed last.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchFailure {
    /// What was asked of which server, what came back and what to do.
    pub message: String,
    /// The HTTP status, where the server answered with a failure.
    pub http_status: Option<u16>,
    /// The reason that the server gave, as `Forbidden`; empty where it gave none.
    pub reason: String,
    /// When.
    pub at: Instant,
}

impl fmt::Display for WatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl WatchFailure {
    pub(super) fn of(error: &Error) -> Self {
        WatchFailure {
            message: error.to_string(),
            http_status: error.http_status(),
            reason: error.reason().to_owned(),
            at: Instant::now(),
        }
    }
}

/// How a resuming watch is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WatchStatus {
    /// What it does now.
    pub phase: WatchPhase,
    /// Whether all objects have been given at least once.
    pub complete: bool,
    /// Everything up to this version was given, but for what is being listed; empty before anything was.
    pub resource_version: String,
    /// What failed last, however long ago, and even if it has gone on since.
    pub last_failure: Option<WatchFailure>,
    /// How often something failed.
    pub failures: u64,
    /// How many watches were opened.
    pub watches: u64,
    /// How many lists of all objects were begun.
    pub lists: u64,
    /// How many bookmarks came.
    pub bookmarks: u64,
    /// How many objects could not be read.
    pub unreadable: u64,
}

/// A way to see how a resuming watch is, for as long as one likes. Cheap to clone.
#[derive(Clone)]
pub struct WatchHandle {
    receiver: watch::Receiver<WatchStatus>,
}

impl WatchHandle {
    pub(super) fn new(receiver: watch::Receiver<WatchStatus>) -> Self {
        WatchHandle { receiver }
    }

    /// How it is now.
    pub fn status(&self) -> WatchStatus {
        self.receiver.borrow().clone()
    }

    /// Waits until it does something else than before, or something fails; and says how it is then.
    ///
    /// `None` once the stream is dropped. Each clone counts for itself what it has seen.
    pub async fn changed(&mut self) -> Option<WatchStatus> {
        self.receiver.changed().await.ok()?;
        Some(self.receiver.borrow_and_update().clone())
    }
}

impl fmt::Debug for WatchHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchHandle").field("status", &*self.receiver.borrow()).finish()
    }
}
