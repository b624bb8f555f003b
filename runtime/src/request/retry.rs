//! When a request is sent again: what invites another try, how long to wait for it, and what all tries together may cost.
//!
//! Pure: it deliberately knows no clock, no socket and no chance; the client sleeps and throws the dice.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::transport::FailureKind;

/// How often a request is sent again at most, unless the client says otherwise.
pub(crate) const MAX_RETRIES: u32 = 10;
/// How many of these no server asked for: one that is down is better said soon.
pub(crate) const MAX_UNINVITED: u32 = 4;
/// The first wait where the server names none; it doubles with each try.
pub(crate) const FLOOR: Duration = Duration::from_millis(100);
/// Up to this.
const CEILING: Duration = Duration::from_secs(5);
/// Nobody waits longer than this for one retry, whatever the server says, unless he set a timeout that is longer.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// What a `Retry-After` header says: whole seconds or an HTTP date. Anything else is nothing.
pub(crate) fn retry_after(value: &str, now: impl FnOnce() -> Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to hold is still a number: it means "long", and waiting is clamped elsewhere.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    let seconds = date.as_second().saturating_sub(now().as_second());
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

/// Why another try can be worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chance {
    /// The server says when: it did not do what was asked. Costs nothing.
    Invited(Duration),
    /// It may go better the next time, for a price out of the [`Budget`].
    Uninvited(u32),
}

/// What an answer with a failure says about another try.
///
/// With `Retry-After`, 429 and 503 are an invitation for every method: the server turned the request away. Other 5xx are one
/// for reads alone: kube-apiserver says 500 and `Retry-After` also where its storage timed out, and may have stored the object.
/// Without it, reads are tried again where the server or something before it was not able to answer.
pub(crate) fn after_status(status: u16, retry_after: Option<Duration>, read: bool) -> Option<Chance> {
    let turned_away = matches!(status, 429 | 503);
    match retry_after {
        Some(wait) if turned_away || (read && (500..=599).contains(&status)) => Some(Chance::Invited(wait)),
        _ if read && matches!(status, 429 | 500 | 502 | 503 | 504) => {
            Some(Chance::Uninvited(Budget::ANSWERED))
        }
        _ => None,
    }
}

/// What a request without an answer says about another try.
pub(crate) fn after_failure(kind: FailureKind, read: bool) -> Option<Chance> {
    match kind {
        // The server says itself that it did not begin: as safe as a first try.
        FailureKind::Unsent => Some(Chance::Uninvited(Budget::ANSWERED)),
        FailureKind::Broken | FailureKind::Connect | FailureKind::Refused | FailureKind::Dns if read => {
            Some(Chance::Uninvited(Budget::UNANSWERED))
        }
        // Waiting as long once more, or being refused once more, helps nobody; a write that never left may come too late.
        _ => None,
    }
}

/// How long to wait, where the server said `after` and `retries` went before. `random` is in 0..1.
///
/// The server's word is the least; the backoff keeps `Retry-After: 0` from becoming a busy loop, and a tenth on top keeps
/// those who were told the same from coming back together.
pub(crate) fn invited_wait(after: Duration, retries: u32, floor: Duration, random: f64) -> Duration {
    let spread = backoff(retries, floor) / 2;
    let backoff = spread.saturating_add(spread.mul_f64(unit(random)));
    let after = after.saturating_add(after.min(MAX_WAIT).mul_f64(unit(random) / 10.0));
    after.max(backoff)
}

/// How long to wait where nobody said anything: anything up to the backoff.
pub(crate) fn uninvited_wait(retries: u32, floor: Duration, random: f64) -> Duration {
    backoff(retries, floor).mul_f64(unit(random))
}

/// The wait as it may be waited: `None` where it would outlast `remaining`, the time that is left for the call.
pub(crate) fn bounded(wait: Duration, remaining: Option<Duration>) -> Option<Duration> {
    match remaining {
        Some(remaining) => (wait < remaining).then_some(wait),
        None => Some(wait.min(MAX_WAIT)),
    }
}

fn backoff(retries: u32, floor: Duration) -> Duration {
    floor.saturating_mul(1 << retries.min(16)).min(CEILING)
}

fn unit(random: f64) -> f64 {
    if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.5 }
}

/// What all requests of a client may spend on tries that nobody asked for, so that a server that is down is not stormed
/// by those who believe in it. The numbers are those of the AWS SDKs.
///
/// It holds 500. A try costs 5 after an answer and 10 without one; a request that succeeds gives back what its own tries
/// cost, or 1 where there were none. Fifty requests in a row that find no server leave nothing: from then on each is tried
/// once, until some succeed.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU32);

impl Budget {
    const CAPACITY: u32 = 500;
    const ANSWERED: u32 = 5;
    const UNANSWERED: u32 = 10;
    /// What a request gives back that succeeded at once.
    pub(crate) const EARNED: u32 = 1;

    pub(crate) fn new() -> Budget {
        Budget(AtomicU32::new(Budget::CAPACITY))
    }

    /// Takes `cost`, if that much is there.
    pub(crate) fn take(&self, cost: u32) -> bool {
        let take = |left: u32| left.checked_sub(cost);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Gives back.
    pub(crate) fn give(&self, amount: u32) {
        // Full is the rule: then nobody writes to what all share.
        let give =
            |left: u32| (left < Budget::CAPACITY).then(|| left.saturating_add(amount).min(Budget::CAPACITY));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-06T08:49:37Z".parse().unwrap()
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_garbage_is_nothing() {
        for (value, seconds) in [
            ("3", Some(3)),
            (" 7 ", Some(7)),
            ("0", Some(0)),
            ("1000000000000000000000000", Some(u64::MAX)),
            ("Fri, 06 Nov 2026 08:50:37 GMT", Some(60)),
            ("Fri, 06 Nov 2026 08:00:00 GMT", Some(0)),
            ("-3", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("9999-99-99", None),
        ] {
            assert_eq!(retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
        }
    }

    #[test]
    fn only_invited_answers_are_tried_again_and_waiting_is_bounded() {
        let wait = Duration::from_secs(3);
        let invited = Some(Chance::Invited(wait));
        let uninvited = Some(Chance::Uninvited(5));
        for (status, after, write, read) in [
            (429, Some(wait), invited, invited),
            (500, Some(wait), None, invited),
            (504, Some(wait), None, invited),
            (503, Some(wait), invited, invited),
            (507, Some(wait), None, invited),
            (429, None, None, uninvited),
            (500, None, None, uninvited),
            (501, None, None, None),
            (502, None, None, uninvited),
            (503, None, None, uninvited),
            (504, None, None, uninvited),
            (409, Some(wait), None, None),
            (404, None, None, None),
            (200, Some(wait), None, None),
        ] {
            assert_eq!(after_status(status, after, false), write, "a write, {status} {after:?}");
            assert_eq!(after_status(status, after, true), read, "a read, {status} {after:?}");
        }
        let (long, short) = (Duration::from_secs(600), Duration::from_secs(10));
        assert_eq!(bounded(Duration::MAX, None), Some(MAX_WAIT));
        assert_eq!(bounded(wait, None), Some(wait));
        assert_eq!(bounded(wait, Some(short)), Some(wait));
        assert_eq!(bounded(MAX_WAIT * 2, Some(long)), Some(MAX_WAIT * 2), "as long as the caller has time");
        assert_eq!(bounded(short, Some(short)), None, "not past the caller's patience");
    }

    #[test]
    fn what_provably_did_not_begin_is_tried_again_and_a_write_that_may_have_begun_is_not() {
        use crate::transport::Phase;
        for (kind, write, read) in [
            (FailureKind::Unsent, Some(5), Some(5)),
            (FailureKind::Broken, None, Some(10)),
            (FailureKind::Refused, None, Some(10)),
            (FailureKind::Dns, None, Some(10)),
            (FailureKind::Connect, None, Some(10)),
            (FailureKind::Tls, None, None),
            (FailureKind::Proxy(Some(502)), None, None),
            (FailureKind::ConnectTimeout(Phase::Tls), None, None),
            (FailureKind::Encoding, None, None),
            (FailureKind::Request, None, None),
        ] {
            assert_eq!(after_failure(kind, false), write.map(Chance::Uninvited), "a write, {kind:?}");
            assert_eq!(after_failure(kind, true), read.map(Chance::Uninvited), "a read, {kind:?}");
        }
    }

    #[test]
    fn the_budget_runs_dry_and_fills_up_by_success() {
        let budget = Budget::new();
        assert_eq!((0..1000).filter(|_| budget.take(10)).count(), 50);
        budget.give(4);
        assert!(!budget.take(5));
        budget.give(Budget::EARNED);
        assert!(budget.take(5) && !budget.take(1));
        budget.give(u32::MAX);
        assert!(budget.take(500) && !budget.take(1), "never more than it holds");
    }

    fn duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            any::<u64>().prop_map(Duration::from_secs),
            (0u64..100_000).prop_map(Duration::from_millis),
            Just(Duration::MAX),
            Just(Duration::ZERO),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_header_makes_it_panic_or_sleep_for_years(value in ".{0,40}|[0-9]{0,30}|-?[0-9]{1,5}(\\.[0-9]+)?") {
            let after = retry_after(&value, now);
            if let Some(wait) = after.and_then(|after| bounded(invited_wait(after, 3, FLOOR, 0.9), None)) {
                prop_assert!(wait <= MAX_WAIT);
            }
        }

        #[test]
        fn waiting_is_what_the_server_says_or_more_and_never_overflows(
            after in duration(), retries in any::<u32>(), floor in duration(), random in any::<f64>(),
            remaining in prop::option::of(duration()),
        ) {
            let invited = invited_wait(after, retries, floor, random);
            prop_assert!(invited >= after && invited <= after.saturating_add(MAX_WAIT / 10).max(CEILING));
            prop_assert!(uninvited_wait(retries, floor, random) <= CEILING);
            match (bounded(invited, remaining), remaining) {
                (Some(wait), Some(remaining)) => prop_assert!(wait < remaining),
                (wait, None) => prop_assert!(wait.unwrap() <= MAX_WAIT),
                (None, Some(remaining)) => prop_assert!(invited >= remaining),
            }
        }
    }
}
