//! What a resuming watch keeps in mind: what it needs, what is under way, and why it goes by another way than usual.
//!
//! Values only; what leads from one to the other is in `machine`.

use std::collections::HashSet;
use std::time::Duration;

/// What has to be reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Need {
    /// All objects, of a state no older than the last version, or of the newest.
    Whole { newest: bool },
    /// What comes after the last version.
    Follow,
    /// Whether the server still knows the last version.
    Probe,
}

/// What is under way.
#[derive(Debug)]
pub(super) enum Stage {
    Ready,
    Waiting,
    OpeningInitial,
    Opening,
    /// Before the bookmark that ends the initial events.
    Initial {
        opened: Duration,
        quiet: Duration,
        events: u64,
    },
    /// `unordered`: what is there comes first, in no order, and its versions say nothing.
    Following {
        opened: Duration,
        events: u64,
        heard: bool,
        unordered: bool,
    },
    Paging,
    Probing,
    Stopped,
}

/// Why pages are fetched although it was not asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fallback {
    No,
    /// This once.
    Once,
    /// For as long as this client lives, if it works.
    Remember,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pause {
    None,
    /// A short one: a server that ends watches in order, but far too often.
    Breath,
    Failure,
}

/// Where a list stands that comes in pages.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) token: Option<String>,
    pub(super) tokens: HashSet<u64>,
    /// All at once, since tokens expire before the list is done.
    pub(super) whole: bool,
}
