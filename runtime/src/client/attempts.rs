//! What has been tried of one request, and whether there is another try.
//!
//! The rules are in `request::retry`; here they are applied to one call: its deadline, its tries so far, its client.

use std::time::Duration;

use tokio::time::Instant;

use super::Client;
use crate::error::{self, Error};
use crate::request::retry::{self, Budget, Chance};
use crate::request::{Expect, Request};
use crate::transport::Failure;

/// The tries of one call.
pub(super) struct Attempts {
    /// When the caller gives up.
    pub(super) deadline: Option<Instant>,
    /// Whether doing it twice does no harm.
    pub(super) read: bool,
    max_uninvited: u32,
    max_retries: u32,
    floor: Duration,
    /// How often it was sent again.
    retries: u32,
    /// How many of these nobody asked for.
    uninvited: u32,
    /// What these cost.
    spent: u32,
    /// Whether the credentials were renewed.
    pub(super) renewed: bool,
    /// Whether something may be on its way to the server now.
    pub(super) under_way: bool,
    /// What the last try ended with that was not the last.
    last: Option<String>,
    /// Why there is no other try, where that is not plain from the answer.
    given_up: Option<&'static str>,
}

impl Attempts {
    pub(super) fn new(client: &Client, request: &Request, timeout: Option<Duration>) -> Attempts {
        Attempts {
            // A time too far away to be told is none.
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            read: request.method.is_read(),
            max_uninvited: if request.uninvited { retry::MAX_UNINVITED } else { 0 },
            max_retries: request.max_retries.unwrap_or(client.max_retries),
            floor: client.retry_floor,
            retries: 0,
            uninvited: 0,
            spent: 0,
            renewed: false,
            under_way: false,
            last: None,
            given_up: None,
        }
    }

    /// Whether the request, should nothing more come of it, may have been done.
    pub(super) fn may_be_done(&self) -> bool {
        self.under_way && !self.read
    }

    /// How often it was sent again.
    pub(super) fn resends(&self) -> u32 {
        self.retries + u32::from(self.renewed)
    }

    /// How long to wait before the request goes out again, after an answer with a failure.
    pub(super) fn after_answer(
        &mut self,
        client: &Client,
        request: &Request,
        status: u16,
        retry_after: Option<Duration>,
        error: &Error,
    ) -> Option<Duration> {
        self.under_way = false;
        // What stands behind a proxy has rules of its own, and a version that is not there yet comes no sooner by asking.
        let read = self.read && request.expect != Expect::Foreign && !error.is_too_large_resource_version();
        let chance = retry::after_status(status, retry_after, read)?;
        self.again(client, chance, || error.to_string())
    }

    /// The same after a request without an answer, or with half of one.
    pub(super) fn after_failure(&mut self, client: &Client, failure: &Failure) -> Option<Duration> {
        let chance = retry::after_failure(failure.kind, self.read)?;
        self.again(client, chance, || failure.message.clone())
    }

    fn again(&mut self, client: &Client, chance: Chance, ended: impl FnOnce() -> String) -> Option<Duration> {
        if self.retries >= self.max_retries {
            return None;
        }
        let random = fastrand::f64();
        let (wait, cost) = match chance {
            Chance::Invited(after) => (retry::invited_wait(after, self.retries, self.floor, random), 0),
            Chance::Uninvited(_) if self.uninvited >= self.max_uninvited => return None,
            Chance::Uninvited(cost) => (retry::uninvited_wait(self.uninvited, self.floor, random), cost),
        };
        let remaining = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let Some(wait) = retry::bounded(wait, remaining) else {
            self.given_up = Some("the wait before another try is longer than what is left of the timeout");
            return None;
        };
        if cost > 0 {
            if !client.shared.budget.take(cost) {
                self.given_up = Some("not tried again: too many requests of this client fail");
                return None;
            }
            self.uninvited += 1;
            self.spent += cost;
        }
        self.retries += 1;
        self.under_way = false;
        self.last = Some(error::excerpt(ended().as_bytes(), 512));
        Some(wait)
    }

    /// The server did what was asked.
    pub(super) fn succeeded(&self, client: &Client) {
        client.shared.budget.give(if self.spent > 0 { self.spent } else { Budget::EARNED });
    }

    /// The final error, with how many tries there were and what the one before ended with.
    pub(super) fn explain(&self, mut error: Error) -> Error {
        if let Some(why) = self.given_up {
            error = error.with_note(why);
        }
        let Some(last) = &self.last else { return error };
        let tries = self.retries + 1;
        // The same answer again and again need not be said twice.
        if error.to_string().starts_with(last.trim_end_matches('…')) {
            return error.with_note(format!("after {tries} tries"));
        }
        error.with_note(format!("after {tries} tries; the one before ended with: {last}"))
    }
}
