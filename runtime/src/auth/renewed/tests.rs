//! The rules of renewing, with a source that is a counter.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::error::Kind;

/// Gives `t1`, `t2` …; panics instead at the number that is told.
#[derive(Default)]
struct Counter {
    given: AtomicU64,
    panics_at: u64,
}

impl Source for Counter {
    const KEEPS_THE_LAST: bool = false;

    async fn obtain(&self) -> Result<Fresh, Failure> {
        let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
        tokio::task::yield_now().await;
        assert_ne!(number, self.panics_at, "as the test wants it");
        Ok(Fresh { header: Some(format!("t{number}").into()), ..Fresh::default() })
    }

    fn needs_somebody(&self) -> bool {
        false
    }

    fn error(&self, failure: &Failure) -> Error {
        Error::new(Kind::Auth, "", failure.message.as_str())
    }
}

#[tokio::test]
async fn an_attempt_that_panics_does_not_wedge_the_others() {
    let renewed = Renewed::new(Counter { panics_at: 1, ..Counter::default() });
    let all = futures_util::future::join_all((0..10).map(|_| renewed.presented())).await;
    for presented in all {
        assert_eq!(presented.unwrap().authorization.unwrap().expose_secret(), "t2");
    }
}

#[tokio::test]
async fn what_was_refused_before_the_one_in_use_costs_nothing() {
    let renewed = Renewed::new(Counter::default());
    let first = renewed.presented().await.unwrap();
    assert!(renewed.refuse(&first) && renewed.refuse(&first));
    let second = renewed.presented().await.unwrap();
    assert!(renewed.refuse(&first), "there is a younger one");
    let third = renewed.presented().await.unwrap();
    assert_eq!((second.version, third.version), (2, 2));
}

#[test]
fn the_wait_after_failures_doubles_to_half_a_minute() {
    let waits: Vec<_> = (0..8).map(|strikes| backoff(strikes).as_secs()).collect();
    assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(backoff(u32::MAX).as_secs(), 30);
}
