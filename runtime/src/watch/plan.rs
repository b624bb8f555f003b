//! What a resuming watch is told and says: the words between `machine`, which decides, and `resume`, which does it.
//!
//! Plain values; nothing is decided here but what is usual.

use std::time::Duration;

use crate::backoff::Backoff;

/// What can be set.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) backoff: Backoff,
    /// After a watch that lasted so long, waiting begins anew.
    pub(super) reset_after: Duration,
    /// How long the server may be silent before the end of the initial events, and after what time that is told.
    pub(super) initial_deadline: Duration,
    pub(super) warn_after: Duration,
    /// How long the server may fail in itself before the whole state is fetched.
    pub(super) internal_deadline: Duration,
    /// A watch shorter than this that says nothing has failed.
    pub(super) short: Duration,
    /// After a failure, a watch that is silent for so long is checked.
    pub(super) probe_after: Duration,
    pub(super) page_size: u32,
    /// How long the server keeps a watch open; by chance unless set.
    pub(super) timeout_seconds: Option<u32>,
    pub(super) by_pages: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            backoff: Backoff::default(),
            reset_after: Duration::from_secs(120),
            initial_deadline: Duration::from_secs(30),
            warn_after: Duration::from_secs(10),
            internal_deadline: Duration::from_secs(30),
            short: Duration::from_secs(2),
            probe_after: Duration::from_secs(30),
            page_size: 500,
            timeout_seconds: None,
            by_pages: false,
        }
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Watch(WatchPlan),
    List(ListPlan),
    /// One object is fetched, only to hear whether the server knows the version.
    Probe(ListPlan),
    Wait(Duration),
    Stop,
}

/// A watch to open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct WatchPlan {
    /// Where to begin; empty for "now", which with `initial` means the newest state.
    pub(crate) version: String,
    /// Whether all that is there comes first.
    pub(crate) initial: bool,
    pub(crate) timeout_seconds: u32,
}

/// A page to fetch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ListPlan {
    /// No older than this; empty for the newest state.
    pub(crate) version: String,
    pub(crate) limit: Option<u32>,
    pub(crate) token: Option<String>,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Added,
    Modified,
    Deleted,
    Bookmark { ends_initial: bool },
}

/// What the caller is told of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Nothing,
    Listed,
    Complete,
    Applied,
    Deleted,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paged {
    /// There are more; or it was the last, and whether this way of listing is to be remembered.
    More,
    Last {
        remember: bool,
    },
    /// The server sends in a circle.
    Circle,
}

/// What follows from silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    Listen,
    /// The same, but it is worth a word.
    Warn,
    /// The stream is to be given up; what comes instead is the next step.
    GiveUp,
}
