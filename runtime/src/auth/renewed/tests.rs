//! The rules of renewing, with a source that is a counter.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

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

/// How an attempt ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Good { seconds: u64 },
    Stillborn,
    Failure,
}

/// What happens to a credential.
#[derive(Clone, Copy, Debug)]
enum Event {
    Presented,
    Refused,
    Passes { millis: u64 },
    Jumps { seconds: i64 },
    EndsWith(End),
}

fn event() -> impl Strategy<Value = Event> {
    let end = prop_oneof![
        (1u64..100_000).prop_map(|seconds| End::Good { seconds }),
        Just(End::Stillborn),
        Just(End::Failure),
    ];
    prop_oneof![
        4 => Just(Event::Presented),
        2 => Just(Event::Refused),
        3 => (0u64..20_000).prop_map(|millis| Event::Passes { millis }),
        1 => (-30_000i64..30_000).prop_map(|seconds| Event::Jumps { seconds }),
        2 => end.prop_map(Event::EndsWith),
    ]
}

/// Ends as it is told, and notes when it was asked and whether that was of use.
struct Told {
    clock: Clock,
    end: Mutex<End>,
    attempts: Mutex<Vec<(Instant, bool)>>,
}

impl Source for Told {
    const KEEPS_THE_LAST: bool = false;

    async fn obtain(&self) -> Result<Fresh, Failure> {
        let (now, end) = (self.clock.now(), *self.end.lock().unwrap());
        self.attempts.lock().unwrap().push((now.steady, matches!(end, End::Good { .. })));
        tokio::task::yield_now().await;
        let expires = match end {
            End::Good { seconds } => now.wall + Duration::from_secs(seconds),
            End::Stillborn => now.wall - Duration::from_secs(1),
            End::Failure => return Err(Failure::new("as told")),
        };
        Ok(Fresh { header: Some("t".to_owned().into()), expires: Some(expires), ..Fresh::default() })
    }

    fn needs_somebody(&self) -> bool {
        false
    }

    fn error(&self, failure: &Failure) -> Error {
        Error::new(Kind::Auth, "", failure.message.as_str())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whatever_happens_attempts_keep_their_distance_and_no_older_credential_comes_back(
        events in proptest::collection::vec(event(), 1..120)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let clock = Clock::default();
            let told = Told { clock: clock.clone(), end: Mutex::new(End::Failure), attempts: Mutex::default() };
            let renewed = Renewed::with_clock(told, clock.clone());
            let attempts = || renewed.source().attempts.lock().unwrap().len();
            let mut last: Option<Presented> = None;
            for event in events {
                match event {
                    Event::Presented => {
                        let before = attempts();
                        let presented = renewed.presented().await;
                        // Also what goes on beside the requests comes to its end.
                        for _ in 0..4 {
                            tokio::task::yield_now().await;
                        }
                        assert!(attempts() - before <= 1, "a request is one attempt at most");
                        if let Ok(presented) = presented {
                            let older = last.as_ref().is_some_and(|last| last.version > presented.version);
                            assert!(!older, "an older credential came back");
                            last = Some(presented);
                        }
                    }
                    Event::Refused => {
                        if let Some(last) = &last {
                            renewed.refuse(last);
                        }
                    }
                    Event::Passes { millis } => clock.pass(Duration::from_millis(millis)),
                    Event::Jumps { seconds } => clock.jump(seconds),
                    Event::EndsWith(end) => *renewed.source().end.lock().unwrap() = end,
                }
            }
            let mut useless = 0;
            for pair in renewed.source().attempts.lock().unwrap().windows(2) {
                useless = if pair[0].1 { 0 } else { useless + 1 };
                let distance = pair[1].0 - pair[0].0;
                assert!(distance >= backoff(useless), "{distance:?} after {useless} that were of no use");
            }
        });
    }
}
