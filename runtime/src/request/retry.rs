//! When a request is sent again: `Retry-After` read and clamped, and the rules that say which answers are tried again.
//!
//! It deliberately knows no clock and no socket; the client sleeps.

use std::time::Duration;

use jiff::Timestamp;

/// How often a request is sent again at most, unless the client says otherwise.
pub(crate) const MAX_RETRIES: u32 = 10;
/// How often a read is sent again after the connection broke.
pub(crate) const MAX_RECONNECTS: u32 = 2;
/// The first wait where the server names none; it doubles up to 64 times this.
pub(crate) const FLOOR: Duration = Duration::from_millis(50);
/// Nobody waits longer than this for one retry, whatever the server says.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

/// What a `Retry-After` header says: whole seconds or an HTTP date. Anything else is nothing.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to hold is still a number: it means "long", and waiting is clamped elsewhere.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    let seconds = date.as_second().saturating_sub(now.as_second());
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

/// How long to wait before the same request goes out again, if the answer invites that.
///
/// An answer of 429 or 5xx with `Retry-After` is such an invitation, for every method: the server says that it did not
/// do what was asked. Without the header nothing is repeated.
pub(crate) fn again(
    status: u16,
    retry_after: Option<Duration>,
    retries: u32,
    floor: Duration,
) -> Option<Duration> {
    let invited = status == 429 || (500..=599).contains(&status);
    match retry_after {
        Some(wait) if invited => {
            // The server's word is the floor; the backoff keeps `Retry-After: 0` from becoming a busy loop.
            Some(wait.max(floor.saturating_mul(1 << retries.min(6))).min(MAX_WAIT))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms_and_garbage_is_nothing() {
        let now: Timestamp = "2026-11-06T08:49:37Z".parse().unwrap();
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
        let wait = Some(Duration::from_secs(3));
        for (status, after, retries, expected) in [
            (429, wait, 0, wait),
            (503, wait, 5, wait),
            (500, wait, 0, wait),
            (503, None, 0, None),
            (429, None, 0, None),
            (409, wait, 0, None),
            (200, wait, 0, None),
            (429, Some(Duration::MAX), 0, Some(MAX_WAIT)),
            (429, Some(Duration::ZERO), 0, Some(Duration::from_millis(50))),
            (429, Some(Duration::ZERO), 9, Some(Duration::from_millis(3200))),
        ] {
            assert_eq!(again(status, after, retries, FLOOR), expected, "{status} {after:?} {retries}");
        }
    }
}
