//! What a resuming watch does next: a state machine that knows no socket, no clock and no object.
//!
//! It is told what happened, with the time since it began, and says what to do: open a watch, fetch a page, wait. `resume`
//! does it. That nothing is lost or invented follows from what is in here alone, so it is tested in here, against a model
//! of a server that fails in every way.

mod state;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::cause::Cause;
use super::plan::{Given, ListPlan, Paged, Seen, Settings, Silence, Step, WatchPlan};
use crate::request::retry::MAX_WAIT;
use state::{Fallback, Need, Pages, Pause, Stage};

/// So often the initial events may break off by the connection before they are fetched as pages, this once.
const INITIAL_TRIES: u32 = 3;
/// So often they may end in order without the bookmark that ends them, before it is taken for how this server is.
const UNENDED_TRIES: u32 = 2;
/// Initial events may take so many times as long as the server may be silent among them.
const SLOWEST: u32 = 10;
/// So many watches that end at once are taken for a version that the server no longer has.
const SHORT_TRIES: u32 = 2;

#[derive(Debug)]
pub(super) struct Machine {
    settings: Settings,
    /// Everything up to here was given; empty where nothing was.
    version: String,
    need: Need,
    stage: Stage,
    pages: Pages,
    fallback: Fallback,
    pause: Pause,
    /// The server's own word on how long to wait.
    at_least: Duration,
    /// Failures in a row.
    failures: u32,
    /// Initial events that did not come to their end, in a row: by the connection, and in order.
    cut: u32,
    unended: u32,
    short: u32,
    internal_since: Option<Duration>,
    /// Something failed since the server last said something: it may be another one, or have gone back in time.
    doubt: bool,
    /// Whether the server has ever answered.
    answered: bool,
}

impl Machine {
    /// Begins after `version`, or with all that is there.
    pub(super) fn new(settings: Settings, version: Option<String>) -> Self {
        let version = version.filter(|it| it != "0").unwrap_or_default();
        let need = if version.is_empty() { Need::Whole { newest: true } } else { Need::Follow };
        Machine {
            settings,
            version,
            need,
            stage: Stage::Ready,
            pages: Pages::default(),
            fallback: Fallback::No,
            pause: Pause::None,
            at_least: Duration::ZERO,
            failures: 0,
            cut: 0,
            unended: 0,
            short: 0,
            internal_since: None,
            doubt: false,
            answered: false,
        }
    }

    /// What is set; to be changed only before the first step.
    pub(super) fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Everything up to here was given.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// What to do, when nothing is under way. `by_pages`: initial events are known not to work here. `chance`: from 0 to 1.
    pub(super) fn next(&mut self, by_pages: bool, mut chance: impl FnMut() -> f64) -> Step {
        if matches!(self.stage, Stage::Stopped) {
            return Step::Stop;
        }
        let pause = match std::mem::replace(&mut self.pause, Pause::None) {
            Pause::None => Duration::ZERO,
            Pause::Breath => self.settings.backoff.delay_by(0, chance()),
            Pause::Failure => {
                let pause = self.settings.backoff.delay_by(self.failures, chance());
                self.failures = self.failures.saturating_add(1);
                pause.max(std::mem::take(&mut self.at_least))
            }
        };
        if !pause.is_zero() {
            self.stage = Stage::Waiting;
            return Step::Wait(pause);
        }
        let timeout_seconds =
            self.settings.timeout_seconds.unwrap_or_else(|| 300 + (300.0 * chance()) as u32);
        match self.need {
            Need::Follow => {
                self.stage = Stage::Opening;
                Step::Watch(WatchPlan { version: self.version.clone(), initial: false, timeout_seconds })
            }
            Need::Whole { newest }
                if !(by_pages || self.settings.by_pages) && self.fallback == Fallback::No =>
            {
                self.stage = Stage::OpeningInitial;
                let version = if newest { String::new() } else { self.version.clone() };
                Step::Watch(WatchPlan { version, initial: true, timeout_seconds })
            }
            Need::Whole { newest } => {
                self.stage = Stage::Paging;
                if let Some(token) = &self.pages.token {
                    let limit = Some(self.settings.page_size);
                    return Step::List(ListPlan {
                        version: String::new(),
                        limit,
                        token: Some(token.clone()),
                    });
                }
                let version = if newest || self.pages.whole { String::new() } else { self.version.clone() };
                // A given version is answered from the server's cache, whole; the newest state in pages.
                let limit = (version.is_empty() && !self.pages.whole).then_some(self.settings.page_size);
                Step::List(ListPlan { version, limit, token: None })
            }
            Need::Probe => {
                self.stage = Stage::Probing;
                Step::Probe(ListPlan { version: self.version.clone(), limit: Some(1), token: None })
            }
        }
    }

    /// The wait is over.
    pub(super) fn waited(&mut self) {
        self.stage = Stage::Ready;
    }

    /// The watch is open. Whether a list begins with it.
    pub(super) fn opened(&mut self, now: Duration) -> bool {
        self.answered = true;
        let initial = matches!(self.stage, Stage::OpeningInitial);
        self.stage = if initial {
            Stage::Initial { opened: now, quiet: Duration::ZERO, events: 0 }
        } else {
            let unordered = self.version.is_empty();
            Stage::Following { opened: now, events: 0, heard: false, unordered }
        };
        initial
    }

    /// An event has come; `version` is that of its object, where it has one.
    pub(super) fn event(&mut self, seen: Seen, version: &str) -> Given {
        match &mut self.stage {
            Stage::Initial { opened, quiet, events } => {
                *quiet = Duration::ZERO;
                *events += 1;
                match seen {
                    Seen::Added | Seen::Modified => Given::Listed,
                    Seen::Deleted => Given::Deleted,
                    // Up to there, everything of what changes was given; of what is there, nobody knows.
                    Seen::Bookmark { ends_initial: false } => Given::Nothing,
                    Seen::Bookmark { ends_initial: true } => {
                        let (opened, events) = (*opened, *events);
                        self.complete(version);
                        self.stage = Stage::Following { opened, events, heard: true, unordered: false };
                        Given::Complete
                    }
                }
            }
            Stage::Following { events, heard, unordered, .. } => {
                *events += 1;
                *heard = true;
                *unordered &= seen == Seen::Added;
                if !*unordered && !version.is_empty() && version != "0" {
                    version.clone_into(&mut self.version);
                }
                (self.short, self.internal_since, self.doubt) = (0, None, false);
                match seen {
                    Seen::Added | Seen::Modified => Given::Applied,
                    Seen::Deleted => Given::Deleted,
                    Seen::Bookmark { .. } => Given::Nothing,
                }
            }
            _ => Given::Nothing,
        }
    }

    /// All objects of a state were given.
    fn complete(&mut self, version: &str) {
        version.clone_into(&mut self.version);
        self.need = Need::Follow;
        self.pages = Pages::default();
        self.fallback = Fallback::No;
        (self.cut, self.unended, self.short) = (0, 0, 0);
        (self.internal_since, self.doubt) = (None, false);
    }

    /// Whether the page that is fetched next, or was just fetched, is the first of its list.
    pub(super) fn is_first_page(&self) -> bool {
        self.pages.token.is_none()
    }

    /// A page has come, with the list's version and the token for the next.
    pub(super) fn page(&mut self, version: &str, token: Option<String>) -> Paged {
        self.answered = true;
        self.stage = Stage::Ready;
        match token.filter(|token| !token.is_empty()) {
            Some(token) => {
                let mut hasher = DefaultHasher::new();
                token.hash(&mut hasher);
                if !self.pages.tokens.insert(hasher.finish()) {
                    self.stage = Stage::Paging;
                    return Paged::Circle;
                }
                self.pages.token = Some(token);
                Paged::More
            }
            None => {
                let remember = self.fallback == Fallback::Remember;
                self.complete(version);
                Paged::Last { remember }
            }
        }
    }

    /// The server knows the version.
    pub(super) fn probed(&mut self) {
        self.stage = Stage::Ready;
        self.need = Need::Follow;
        self.doubt = false;
    }

    /// The server has ended the watch in order.
    pub(super) fn ended(&mut self, now: Duration) {
        match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::Initial { .. } => {
                self.unended += 1;
                if self.unended >= UNENDED_TRIES {
                    self.fallback = Fallback::Remember;
                }
                self.pause = Pause::Failure;
            }
            Stage::Following { opened, events, .. } => {
                let lasted = now.saturating_sub(opened);
                self.rested(lasted);
                // A watch that was to be short may say nothing.
                let asked = self.settings.timeout_seconds.map(|it| Duration::from_secs(u64::from(it)));
                let short = self.settings.short.min(asked.unwrap_or(Duration::MAX) / 2);
                if events == 0 && lasted < short {
                    self.short += 1;
                    self.doubt = true;
                    self.pause = Pause::Failure;
                    if self.short >= SHORT_TRIES {
                        self.short = 0;
                        self.whole(false);
                    }
                } else {
                    self.short = 0;
                    if lasted < self.settings.backoff.initial {
                        self.pause = Pause::Breath;
                    }
                    if self.version.is_empty() {
                        self.whole(true);
                    }
                }
            }
            _ => self.pause = Pause::Failure,
        }
    }

    /// What was under way has failed. Whether the caller has to be told, since it may fail until somebody acts.
    pub(super) fn failed(&mut self, cause: Cause, at_least: Option<Duration>, now: Duration) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::Ready);
        if let Stage::Initial { opened, .. } | Stage::Following { opened, .. } = stage {
            self.rested(now.saturating_sub(opened));
        }
        let first = !self.answered;
        // Whoever answers with a status has answered.
        self.answered |= !matches!(cause, Cause::Unreachable | Cause::Broken);
        self.doubt = true;
        self.short = 0;
        self.pause = Pause::Failure;
        // A server that names a wait without an end must not stop the watch for ever.
        self.at_least = at_least.unwrap_or_default().min(MAX_WAIT);
        let smallest = matches!(stage, Stage::Paging)
            && self.need == (Need::Whole { newest: true })
            && !self.pages.whole;
        match stage {
            Stage::OpeningInitial | Stage::Initial { .. } => self.failed_initially(cause),
            Stage::Paging => self.failed_in_pages(cause),
            Stage::Probing => self.failed_to_probe(cause),
            _ => self.failed_on_the_way(cause, now),
        }
        match cause {
            Cause::Never => {
                self.stage = Stage::Stopped;
                true
            }
            // Where it led to another way, that has to fail first.
            Cause::Missing | Cause::Refused | Cause::Options => self.pause == Pause::Failure,
            // The smallest answer that there is to ask for is still too long.
            Cause::TooLong => smallest,
            Cause::Unreachable => first,
            _ => false,
        }
    }

    fn failed_initially(&mut self, cause: Cause) {
        match cause {
            Cause::Expired | Cause::TooLarge => self.newest_at_once(),
            Cause::Options => self.pages_at_once(Fallback::Remember),
            Cause::TooLong => self.pages_at_once(Fallback::Once),
            Cause::Missing => self.whole(true),
            Cause::Broken | Cause::Internal => {
                self.cut += 1;
                if self.cut >= INITIAL_TRIES {
                    self.fallback = Fallback::Once;
                }
            }
            _ => {}
        }
    }

    fn failed_on_the_way(&mut self, cause: Cause, now: Duration) {
        if cause != Cause::Internal {
            self.internal_since = None;
        }
        match cause {
            Cause::Expired => self.whole(false),
            Cause::TooLarge => self.whole(true),
            // What is served under this name next may be another thing.
            Cause::Missing => self.whole(true),
            Cause::TooLong => {
                self.whole(false);
                self.fallback = Fallback::Once;
            }
            Cause::Internal => {
                let since = *self.internal_since.get_or_insert(now);
                if now.saturating_sub(since) >= self.settings.internal_deadline {
                    self.internal_since = None;
                    self.whole(false);
                }
            }
            _ if self.version.is_empty() => self.whole(true),
            _ => {}
        }
    }

    fn failed_in_pages(&mut self, cause: Cause) {
        match cause {
            // The next page of the same list may still come.
            Cause::Busy | Cause::Unreachable | Cause::Broken | Cause::Internal => return,
            Cause::Expired if self.pages.token.is_some() => {
                self.pages = Pages { whole: true, ..Pages::default() };
                self.need = Need::Whole { newest: true };
                self.pause = Pause::None;
                return;
            }
            Cause::Expired | Cause::TooLarge => self.newest_at_once(),
            _ => self.need = Need::Whole { newest: true },
        }
        self.pages = Pages::default();
    }

    fn failed_to_probe(&mut self, cause: Cause) {
        match cause {
            Cause::Expired | Cause::TooLarge => {
                self.whole(true);
                self.pause = Pause::None;
            }
            Cause::Missing => self.whole(true),
            Cause::Refused | Cause::Options | Cause::TooLong => {
                // Who may watch need not be able to list.
                self.probed();
                self.pause = Pause::None;
            }
            _ => {}
        }
    }

    /// How long the server may be silent.
    pub(super) fn patience(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Initial { .. } => Some(self.settings.warn_after.min(self.settings.initial_deadline)),
            Stage::Following { heard: false, .. } if self.doubt && !self.version.is_empty() => {
                Some(self.settings.probe_after)
            }
            _ => None,
        }
    }

    /// The server has said nothing for as long as [`Machine::patience`] said.
    pub(super) fn silent(&mut self) -> Silence {
        let patience = self.patience().unwrap_or_default();
        match &mut self.stage {
            Stage::Initial { quiet, .. } => {
                *quiet += patience;
                if *quiet < self.settings.initial_deadline {
                    return Silence::Warn;
                }
                self.stage = Stage::Ready;
                self.fallback = Fallback::Remember;
                Silence::GiveUp
            }
            Stage::Following { .. } => {
                self.stage = Stage::Ready;
                self.need = Need::Probe;
                Silence::GiveUp
            }
            _ => Silence::Listen,
        }
    }

    /// Whether initial events have come for far too long without an end.
    pub(super) fn is_overdue(&mut self, now: Duration) -> bool {
        let Stage::Initial { opened, .. } = &self.stage else { return false };
        let overdue = now.saturating_sub(*opened) > self.settings.initial_deadline.saturating_mul(SLOWEST);
        if overdue {
            self.stage = Stage::Ready;
            self.fallback = Fallback::Remember;
        }
        overdue
    }

    fn whole(&mut self, newest: bool) {
        self.need = Need::Whole { newest: newest || self.version.is_empty() };
        self.pages = Pages::default();
    }

    /// From the newest state, and at once, unless that is where it came from.
    fn newest_at_once(&mut self) {
        if self.need == (Need::Whole { newest: false }) {
            self.need = Need::Whole { newest: true };
            self.pause = Pause::None;
        }
    }

    fn pages_at_once(&mut self, fallback: Fallback) {
        self.fallback = fallback;
        self.pages = Pages::default();
        self.pause = Pause::None;
    }

    /// After a watch that lasted, waiting begins anew.
    fn rested(&mut self, lasted: Duration) {
        if lasted >= self.settings.reset_after {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests;
