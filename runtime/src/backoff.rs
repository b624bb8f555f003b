//! How long to wait before something that failed is tried again: a value that says it, and nothing that waits.
//!
//! Pure but for the chance in [`Backoff::delay`]. Nothing here can overflow, whatever is set and however often it failed.

use std::time::Duration;

/// The most that any wait lasts, whatever is set: times beyond it are mistakes.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Waits that grow: `initial`, then `factor` times as long each time, up to `max`; and chance on top, so that many who failed
/// together do not come back together.
///
/// ```
/// use std::time::Duration;
/// use clientset_runtime::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(800), Duration::from_secs(30));
/// assert!(backoff.delay(0) >= Duration::from_millis(800));
/// assert!(backoff.delay(1_000_000) <= Duration::from_secs(60), "the longest wait, and as much again by chance");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Backoff {
    /// The first wait.
    pub initial: Duration,
    /// By how much each is longer than the one before; at least 1.
    pub factor: f64,
    /// The longest wait, before chance is added.
    pub max: Duration,
    /// How much is added by chance, as a share of the wait: with 1.0 up to as much again.
    pub jitter: f64,
}

impl Default for Backoff {
    /// 0.8 s, doubled up to 30 s, and up to as much again by chance: what client-go does for watches.
    fn default() -> Self {
        Backoff::new(Duration::from_millis(800), Duration::from_secs(30))
    }
}

impl Backoff {
    /// From `initial` to `max`, doubling, with a jitter of 1.0.
    pub const fn new(initial: Duration, max: Duration) -> Self {
        Backoff { initial, factor: 2.0, max, jitter: 1.0 }
    }

    /// The same with another factor. What is below 1 or no number counts as 1.
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The same with another jitter. What is below 0 or no number counts as 0.
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// How long to wait after `failures` waits before this one.
    pub fn delay(&self, failures: u32) -> Duration {
        self.delay_by(failures, fastrand::f64())
    }

    /// The same with chance (from 0 to 1) given.
    pub(crate) fn delay_by(&self, failures: u32, chance: f64) -> Duration {
        let at_least = |value: f64, least: f64| if value >= least { value } else { least };
        let max = self.max.min(LONGEST).as_secs_f64();
        // A power of infinity is cut by `min`, and is no NaN: the factor is at least 1.
        let grown = at_least(self.factor, 1.0).powf(f64::from(failures)) * self.initial.as_secs_f64();
        let wait = at_least(grown, 0.0).min(max);
        let chance = at_least(chance, 0.0).min(1.0);
        let seconds = wait + (wait * at_least(self.jitter, 0.0)).min(LONGEST.as_secs_f64()) * chance;
        Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let waits: Vec<u128> = (0..8).map(|failures| backoff.delay_by(failures, 0.0).as_millis()).collect();
        assert_eq!(waits, [800, 1600, 3200, 6400, 12800, 25600, 30000, 30000]);
        assert_eq!(backoff.delay_by(0, 1.0), Duration::from_millis(1600));
        assert_eq!(backoff.delay_by(9, 0.5), Duration::from_secs(45));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_setting_and_no_number_of_failures_overflows(
            initial in any::<u64>(), max in any::<u64>(), factor in any::<f64>(), jitter in any::<f64>(),
            failures in any::<u32>(), chance in any::<f64>(),
        ) {
            let backoff = Backoff::new(Duration::from_millis(initial), Duration::from_millis(max)).factor(factor).jitter(jitter);
            prop_assert!(backoff.delay_by(failures, chance) <= LONGEST * 2);
            let _ = Backoff::new(Duration::MAX, Duration::MAX).delay(failures);
        }
    }
}
