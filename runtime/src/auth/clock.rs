//! How old a credential is, told by two clocks: the wall clock, which its expiry is written in, and the monotonic one.
//!
//! Either alone is wrong some day: the wall clock is set back and forth, the monotonic one stands still while a laptop
//! sleeps. A credential is as old as the stricter of the two says. Deliberately nothing of what is done about it.

use std::time::{Duration, Instant, SystemTime};

/// A credential is renewed this long before it expires, or in the last quarter of its life if that is shorter.
const SOFT: Duration = Duration::from_secs(60);
/// It is used no more this long before it expires, or in the last eighth: the server's clock is not ours, and the
/// request is on its way for a moment.
const HARD: Duration = Duration::from_secs(10);

/// Both clocks. Tests set them.
#[derive(Clone, Default)]
pub(super) struct Clock {
    #[cfg(test)]
    moved: std::sync::Arc<std::sync::Mutex<(Duration, i64)>>,
}

/// A point in time on both clocks.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: SystemTime,
    pub(super) steady: Instant,
}

/// How long something may be used.
#[derive(Clone, Copy)]
pub(super) struct Lifetime {
    from: Moment,
    expires: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Use it.
    Young,
    /// Use it, and get another.
    Due,
    /// Do not use it.
    Over,
}

impl Clock {
    pub(super) fn now(&self) -> Moment {
        let now = Moment { wall: SystemTime::now(), steady: Instant::now() };
        #[cfg(test)]
        let now = self.moved(now);
        now
    }
}

impl Lifetime {
    /// From `from` until `expires`; for ever where there is no such time.
    pub(super) fn new(from: Moment, expires: Option<SystemTime>) -> Self {
        Lifetime { from, expires }
    }

    pub(super) fn age(&self, now: Moment) -> Age {
        let Some(expires) = self.expires else { return Age::Young };
        let life = expires.duration_since(self.from.wall).unwrap_or_default();
        let by_wall = expires.duration_since(now.wall).unwrap_or_default();
        let by_steady = life.saturating_sub(now.steady.saturating_duration_since(self.from.steady));
        let left = by_wall.min(by_steady);
        if left <= HARD.min(life / 8) {
            Age::Over
        } else if left <= SOFT.min(life / 4) {
            Age::Due
        } else {
            Age::Young
        }
    }

    /// Whether it was of no use when it came.
    pub(super) fn is_stillborn(&self) -> bool {
        self.age(self.from) == Age::Over
    }

    pub(super) fn since(&self, now: Moment) -> Duration {
        now.steady.saturating_duration_since(self.from.steady)
    }
}

#[cfg(test)]
impl Clock {
    fn moved(&self, now: Moment) -> Moment {
        let (passed, jumped) = *self.moved.lock().unwrap();
        let wall = now.wall + passed;
        let by = Duration::from_secs(jumped.unsigned_abs());
        let wall = if jumped < 0 { wall - by } else { wall + by };
        Moment { wall, steady: now.steady + passed }
    }

    /// Time goes by.
    pub(super) fn pass(&self, time: Duration) {
        self.moved.lock().unwrap().0 += time;
    }

    /// The wall clock is set, or the machine slept (which the monotonic clock does not count).
    pub(super) fn jump(&self, seconds: i64) {
        self.moved.lock().unwrap().1 += seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_due_before_it_expires_and_over_a_little_before_too() {
        let clock = Clock::default();
        let from = clock.now();
        for (life, due, over) in [(86_400, 86_340, 86_390), (3600, 3540, 3590), (40, 30, 35), (0, 0, 0)] {
            let lifetime = Lifetime::new(from, Some(from.wall + Duration::from_secs(life)));
            let at = |seconds| {
                let passed = Duration::from_secs(seconds);
                lifetime.age(Moment { wall: from.wall + passed, steady: from.steady + passed })
            };
            assert_eq!(lifetime.is_stillborn(), life == 0);
            assert_eq!(at(over), Age::Over, "{life}");
            if life > 0 {
                assert_eq!(
                    [at(0), at(due - 1), at(due), at(over - 1)],
                    [Age::Young, Age::Young, Age::Due, Age::Due]
                );
            }
        }
        let for_ever = Lifetime::new(from, None);
        let later = Duration::from_secs(1 << 40);
        assert_eq!(for_ever.age(Moment { wall: from.wall + later, steady: from.steady + later }), Age::Young);
    }

    #[test]
    fn n19_a_token_is_as_old_as_the_stricter_clock_says() {
        let clock = Clock::default();
        let from = clock.now();
        let lifetime = Lifetime::new(from, Some(from.wall + Duration::from_secs(3600)));
        // The machine slept for eight hours: only the wall clock knows.
        clock.jump(8 * 3600);
        assert_eq!(lifetime.age(clock.now()), Age::Over);
        // The clock was set back by eight hours: the wall clock would have it live for nine.
        clock.jump(-16 * 3600);
        assert_eq!(lifetime.age(clock.now()), Age::Young);
        clock.pass(Duration::from_secs(3545));
        assert_eq!(lifetime.age(clock.now()), Age::Due);
        clock.pass(Duration::from_secs(50));
        assert_eq!(lifetime.age(clock.now()), Age::Over);
    }
}
