//! A limit on how many requests go out: a token bucket that all who share it wait for in turn.
//!
//! It deliberately knows nothing of requests; who waits and for how long at most is the caller's business.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Tokens come at a steady rate; what is not used piles up to `burst`.
pub(crate) struct RateLimit {
    qps: f64,
    burst: f64,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    /// Below zero by as many as are promised to those who wait.
    tokens: f64,
    filled: Instant,
}

impl RateLimit {
    /// `None` where the numbers make no limit.
    pub(crate) fn new(qps: f32, burst: u32) -> Option<RateLimit> {
        let usable = qps.is_finite() && qps > 0.0 && burst > 0;
        usable.then(|| RateLimit {
            qps: f64::from(qps),
            burst: f64::from(burst),
            bucket: Mutex::new(Bucket { tokens: f64::from(burst), filled: Instant::now() }),
        })
    }

    /// Waits for its turn and says how long that took. Who gives up waiting leaves the turn to the others.
    pub(crate) async fn turn(&self) -> Duration {
        let wait = self.reserve(Instant::now());
        if !wait.is_zero() {
            let promised = Promised(Some(self));
            tokio::time::sleep(wait).await;
            promised.used();
        }
        wait
    }

    fn reserve(&self, now: Instant) -> Duration {
        let mut bucket = self.bucket();
        let gained = now.saturating_duration_since(bucket.filled).as_secs_f64() * self.qps;
        bucket.tokens = (bucket.tokens + gained).min(self.burst) - 1.0;
        bucket.filled = bucket.filled.max(now);
        // A rate of almost nothing makes a wait of almost ever, and no overflow.
        Duration::try_from_secs_f64((-bucket.tokens).max(0.0) / self.qps).unwrap_or(Duration::MAX)
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token that was promised and not used yet.
struct Promised<'a>(Option<&'a RateLimit>);

impl Promised<'_> {
    fn used(mut self) {
        self.0 = None;
    }
}

impl Drop for Promised<'_> {
    fn drop(&mut self) {
        if let Some(limit) = self.0 {
            let mut bucket = limit.bucket();
            bucket.tokens = (bucket.tokens + 1.0).min(limit.burst);
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("qps", &self.qps)
            .field("burst", &self.burst)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let limit = RateLimit::new(10.0, 3).unwrap();
        let begun = Instant::now();
        let mut at = Vec::new();
        for _ in 0..6 {
            limit.turn().await;
            at.push(begun.elapsed().as_millis());
        }
        assert!(at.iter().zip([0, 0, 0, 100, 200, 300]).all(|(at, due)| at.abs_diff(due) <= 2), "{at:?}");
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let again = Instant::now();
        for _ in 0..4 {
            limit.turn().await;
        }
        assert!(again.elapsed().as_millis().abs_diff(100) <= 2, "no more piles up than the burst");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_leaves_the_turn_to_others() {
        let limit = RateLimit::new(1.0, 1).unwrap();
        limit.turn().await;
        for _ in 0..100 {
            assert!(limit.turn().now_or_never().is_none());
        }
        let begun = Instant::now();
        limit.turn().await;
        assert!(begun.elapsed().as_millis().abs_diff(1000) <= 2);
    }

    #[test]
    fn numbers_that_make_no_limit_are_none() {
        for (qps, burst) in [(0.0, 5), (-1.0, 5), (f32::NAN, 5), (f32::INFINITY, 5), (5.0, 0)] {
            assert!(RateLimit::new(qps, burst).is_none(), "{qps} {burst}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_window_holds_more_than_the_burst_and_the_rate(
            qps in 0.1f32..500.0, burst in 1u32..50, gaps in prop::collection::vec(0u64..2000, 1..200),
        ) {
            let limit = RateLimit::new(qps, burst).unwrap();
            let mut now = limit.bucket().filled;
            let begun = now;
            let mut turns = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                turns.push((now + limit.reserve(now) - begun).as_secs_f64());
            }
            turns.sort_by(f64::total_cmp);
            for (first, start) in turns.iter().enumerate() {
                for (last, end) in turns.iter().enumerate().skip(first) {
                    let allowed = f64::from(burst) + (end - start) * f64::from(qps);
                    prop_assert!((last - first + 1) as f64 <= allowed + 1.001);
                }
            }
        }

        #[test]
        fn no_rate_overflows(qps in any::<f32>(), burst in any::<u32>(), seconds in any::<u32>()) {
            if let Some(limit) = RateLimit::new(qps, burst) {
                let now = limit.bucket().filled + Duration::from_secs(u64::from(seconds));
                for _ in 0..10 {
                    limit.reserve(now);
                }
            }
        }
    }
}
