//! A credential that is had from somewhere, again and again: kept while it holds, asked for once however many wait,
//! renewed beside the requests before it expires, and not asked for in a loop where that does not help.
//!
//! Deliberately not where it comes from: a program (`exec`), a file (`token_file`), an identity provider (`oidc`).

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::clock::{Age, Clock, Lifetime, Moment};
use super::{Identity, Presented};
use crate::{Error, Result};

/// How long nothing is asked for after the first failure; twice as long after each further one.
const BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// A credential that is refused sooner than this after it came was no good from the start.
const PROOF: Duration = Duration::from_secs(60);
/// How often a caller starts again what somebody else started and gave up.
const MAX_STARTS: u32 = 3;

/// Where a credential comes from.
pub(super) trait Source: Send + Sync + 'static {
    /// Whether the last one serves on when it is over and no other can be had.
    const KEEPS_THE_LAST: bool;

    /// Whether getting one uses up what it is had by. Then requests wait for it even while the last one holds: a program that
    /// ends as soon as it has its answer would break off what goes on beside it, and what came would be lost.
    const USES_UP: bool = false;

    /// Gets one.
    fn obtain(&self) -> impl Future<Output = Result<Fresh, Failure>> + Send;

    /// Whether it is given up when nobody waits for it any more. Otherwise it comes to its end, for the next request.
    fn needs_somebody(&self) -> bool;

    /// A failure, said of this source.
    fn error(&self, failure: &Failure) -> Error;
}

/// A credential as it came.
#[derive(Default)]
pub(super) struct Fresh {
    /// The whole value of the `Authorization` header.
    pub(super) header: Option<SecretString>,
    /// Certificate chain and private key, PEM.
    pub(super) identity: Option<(SecretSlice<u8>, SecretSlice<u8>)>,
    pub(super) expires: Option<SystemTime>,
}

/// Why there is no credential. `Error` cannot be cloned, and each waiting caller needs its own.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Keeps the credential of one source; clones share it.
pub(super) struct Renewed<S: Source>(Arc<Inner<S>>);

pub(super) struct Inner<S: Source> {
    source: Arc<S>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often one was asked for; the last number is the version of what came.
    asked: u64,
    credential: Option<Arc<Credential>>,
    /// Whether the server has refused it, and so soon that it was no good from the start.
    refused: bool,
    refused_soon: bool,
    /// Why the last attempt brought none.
    failure: Option<Failure>,
    /// How many attempts in a row brought nothing, or what was over when it came.
    strikes: u32,
    /// How many in a row followed on a credential that was refused soon. Once is no pattern.
    refusals: u32,
    /// When there may be another one.
    not_before: Option<Instant>,
    flight: Option<Flight>,
}

struct Credential {
    header: Option<SecretString>,
    identity: Option<Identity>,
    version: u64,
    life: Lifetime,
}

type Outcome = Result<Arc<Credential>, Failure>;

/// One attempt under way. It has a task of its own, so that no caller who goes away takes it along.
struct Flight {
    number: u64,
    outcome: watch::Receiver<Option<Outcome>>,
    task: Weak<Task>,
    /// Where it is to come to its end with nobody waiting.
    _keep: Option<Arc<Task>>,
}

/// Ends with the last of those who hold it.
struct Task(AbortHandle);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a caller is to do.
enum Step {
    Use(Arc<Credential>),
    /// As the last attempt did, and how long until there may be another.
    Fail(Failure, Duration),
    Wait(watch::Receiver<Option<Outcome>>, Arc<Task>),
}

impl<S: Source> Renewed<S> {
    pub(super) fn new(source: S) -> Self {
        Self::with_clock(source, Clock::default())
    }

    pub(super) fn with_clock(source: S, clock: Clock) -> Self {
        Renewed(Arc::new(Inner { source: Arc::new(source), clock, state: Mutex::default() }))
    }

    /// The same, beginning with a credential that is there already.
    pub(super) fn starting_with(source: S, clock: Clock, fresh: Fresh) -> Self {
        let renewed = Self::with_clock(source, clock);
        let _ = renewed.0.finish(0, Ok(fresh));
        renewed
    }

    pub(super) fn source(&self) -> &S {
        &self.0.source
    }

    pub(super) fn downgrade(&self) -> Weak<Inner<S>> {
        Arc::downgrade(&self.0)
    }

    pub(super) fn upgrade(inner: &Weak<Inner<S>>) -> Option<Self> {
        inner.upgrade().map(Renewed)
    }

    /// What the next request presents.
    pub(super) async fn presented(&self) -> Result<Presented> {
        for _ in 0..MAX_STARTS {
            let (mut outcome, task) = match self.step() {
                Step::Use(credential) => return Ok(credential.presented(false)),
                Step::Fail(failure, wait) => {
                    let next = format!("the next attempt is made in {} s", wait.as_secs() + 1);
                    return Err(self.0.source.error(&failure).with_note(next));
                }
                Step::Wait(outcome, task) => (outcome, task),
            };
            // Clones of the receiver see what was sent before them, so nothing is missed between the two steps.
            let came = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
            drop(task);
            match came {
                // What came of it holds for all who waited, even where it is over already: a hundred callers must not
                // become a hundred attempts.
                Some(Ok(credential)) => return Ok(credential.presented(true)),
                Some(Err(failure)) => {
                    let last = self.0.last();
                    return last
                        .map(|last| last.presented(true))
                        .ok_or_else(|| self.0.source.error(&failure));
                }
                // It was given up: its executor ended, or it panicked.
                None => {}
            }
        }
        Err(self.0.source.error(&Failure::new("it was interrupted again and again")))
    }

    /// The server refused this. True where the next one may differ.
    pub(super) fn refuse(&self, refused: &Presented) -> bool {
        let now = self.0.clock.now();
        let mut state = self.0.lock();
        let Some(credential) = &state.credential else { return true };
        if credential.version != refused.version {
            return true;
        }
        let stillborn = credential.life.is_stillborn();
        let soon = credential.life.since(now) < PROOF;
        state.refused_soon = if state.refused { state.refused_soon } else { soon };
        state.refused = true;
        // Asked for by the very request that was refused, and known to be over: another would be no better.
        let hopeless = stillborn && refused.waited;
        !(hopeless || state.must_wait(now))
    }

    fn step(&self) -> Step {
        let now = self.0.clock.now();
        let mut state = self.0.lock();
        let held = state.credential.clone();
        let fit = held.as_ref().filter(|_| !state.refused);
        if let Some(credential) = fit {
            match credential.life.age(now) {
                Age::Young => return Step::Use(credential.clone()),
                Age::Due => {
                    if !state.must_wait(now) && !self.0.source.needs_somebody() {
                        let (outcome, task) = self.0.flight(&mut state);
                        if S::USES_UP {
                            return Step::Wait(outcome, task);
                        }
                        // Nobody waits for this one.
                    }
                    return Step::Use(credential.clone());
                }
                Age::Over => {}
            }
        }
        if state.must_wait(now) {
            return match (held, &state.failure) {
                (Some(held), Some(_)) if S::KEEPS_THE_LAST => Step::Use(held),
                (_, Some(failure)) => Step::Fail(failure.clone(), state.wait(now)),
                // It came over, or was refused at once: the server may say so again, but not another program run.
                (Some(held), None) => Step::Use(held),
                (None, None) => self.0.wait(&mut state),
            };
        }
        self.0.wait(&mut state)
    }
}

impl<S: Source> Clone for Renewed<S> {
    fn clone(&self) -> Self {
        Renewed(self.0.clone())
    }
}

impl<S: Source> Inner<S> {
    fn wait(self: &Arc<Self>, state: &mut State) -> Step {
        let (outcome, task) = self.flight(state);
        Step::Wait(outcome, task)
    }

    /// The attempt under way, or a new one.
    fn flight(self: &Arc<Self>, state: &mut State) -> (watch::Receiver<Option<Outcome>>, Arc<Task>) {
        if let Some(flight) = &state.flight {
            // An error is that its task is gone without a word.
            if let (Ok(_), Some(task)) = (flight.outcome.has_changed(), flight.task.upgrade()) {
                return (flight.outcome.clone(), task);
            }
        }
        state.asked += 1;
        let number = state.asked;
        let (sender, outcome) = watch::channel(None);
        let (source, inner) = (self.source.clone(), Arc::downgrade(self));
        let work = async move {
            let came = source.obtain().await;
            // The last client may have gone meanwhile.
            if let Some(inner) = inner.upgrade() {
                let outcome = inner.finish(number, came);
                let _ = sender.send(Some(outcome));
            }
        };
        let task = Arc::new(Task(tokio::spawn(work.in_current_span()).abort_handle()));
        state.flight = Some(Flight {
            number,
            outcome: outcome.clone(),
            task: Arc::downgrade(&task),
            _keep: (!self.source.needs_somebody()).then(|| task.clone()),
        });
        (outcome, task)
    }

    fn finish(&self, number: u64, came: Result<Fresh, Failure>) -> Outcome {
        let now = self.clock.now();
        let mut state = self.lock();
        if state.flight.as_ref().is_some_and(|flight| flight.number == number) {
            state.flight = None;
        }
        let outcome = came.map(|fresh| {
            let previous = state.credential.as_ref().and_then(|credential| credential.identity.clone());
            Arc::new(Credential::new(fresh, number, previous, now))
        });
        let useless = match &outcome {
            Err(_) => true,
            Ok(credential) => credential.life.is_stillborn(),
        };
        let again = |count: u32, happened: bool| if happened { count.saturating_add(1) } else { 0 };
        state.strikes = again(state.strikes, useless);
        state.refusals = again(state.refusals, state.refused && state.refused_soon);
        let wait = backoff(state.strikes.max(state.refusals.saturating_sub(1)));
        state.not_before = now.steady.checked_add(wait);
        match &outcome {
            Ok(credential) => {
                state.credential = Some(credential.clone());
                state.refused = false;
                state.failure = None;
            }
            Err(failure) => state.failure = Some(failure.clone()),
        }
        outcome
    }

    /// The last one, where it serves on although no other can be had.
    fn last(&self) -> Option<Arc<Credential>> {
        let now = self.clock.now();
        let state = self.lock();
        let holds = |credential: &&Arc<Credential>| !state.refused && credential.life.age(now) != Age::Over;
        state.credential.as_ref().filter(|last| S::KEEPS_THE_LAST || holds(last)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and nothing waits.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&self, now: Moment) -> Duration {
        let left = self.not_before.map(|not_before| not_before.saturating_duration_since(now.steady));
        left.unwrap_or_default()
    }

    /// Whether it is too soon after an attempt that was of no use, and none is under way.
    fn must_wait(&self, now: Moment) -> bool {
        self.flight.is_none() && self.not_before.is_some_and(|not_before| now.steady < not_before)
    }
}

/// Nothing after a success; no jitter, since this is one process on one machine.
fn backoff(strikes: u32) -> Duration {
    match strikes {
        0 => Duration::ZERO,
        some => BACKOFF.saturating_mul(1 << (some - 1).min(5)).min(LONGEST_BACKOFF),
    }
}

impl Credential {
    fn new(fresh: Fresh, version: u64, previous: Option<Identity>, now: Moment) -> Self {
        let identity = fresh.identity.map(|(chain, key)| match previous {
            // The same certificate again is no reason to open new connections.
            Some(same)
                if same.chain.expose_secret() == chain.expose_secret()
                    && same.key.expose_secret() == key.expose_secret() =>
            {
                same
            }
            _ => Identity { chain, key, generation: version },
        });
        Credential { header: fresh.header, identity, version, life: Lifetime::new(now, fresh.expires) }
    }

    fn presented(&self, waited: bool) -> Presented {
        Presented {
            authorization: self.header.clone(),
            identity: self.identity.clone(),
            version: self.version,
            waited,
        }
    }
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), help: None }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests;
