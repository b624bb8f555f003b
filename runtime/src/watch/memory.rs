//! What the watches of one client know together: where initial events do not work, and when they all came back last.
//!
//! Bounded, and forgotten with the client.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many resources are remembered; the one that was remembered first is forgotten first.
const RESOURCES: usize = 256;
/// Watches that come back after a failure: so many at once, and then one after so long (400 a second).
const AT_ONCE: u32 = 100;
const APART: Duration = Duration::from_micros(2500);

/// What the watches of one client share.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    by_pages: VecDeque<String>,
    /// When the last of those that were told to wait comes back.
    busy_until: Option<Instant>,
}

impl Memory {
    /// Whether the state of this resource comes in pages, since the server does not send it as events.
    pub(crate) fn is_by_pages(&self, resource: &str) -> bool {
        self.inner().by_pages.iter().any(|known| known == resource)
    }

    /// Remembers that it does.
    pub(crate) fn remember_by_pages(&self, resource: &str) {
        let mut inner = self.inner();
        if inner.by_pages.iter().any(|known| known == resource) {
            return;
        }
        if inner.by_pages.len() >= RESOURCES {
            inner.by_pages.pop_front();
        }
        inner.by_pages.push_back(resource.to_owned());
    }

    /// How much longer one more watch waits that failed, so that thousands of them do not come back at once.
    pub(crate) fn turn(&self, now: Instant) -> Duration {
        let mut inner = self.inner();
        let next = inner.busy_until.map_or(now, |busy| busy.max(now));
        inner.busy_until = next.checked_add(APART);
        next.saturating_duration_since(now).saturating_sub(APART * AT_ONCE)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::Backoff;

    #[test]
    fn what_is_remembered_is_bounded() {
        let memory = Memory::default();
        for number in 0..RESOURCES + 1 {
            memory.remember_by_pages(&format!("r{number}"));
            memory.remember_by_pages(&format!("r{number}"));
        }
        assert!(!memory.is_by_pages("r0") && memory.is_by_pages("r1") && memory.is_by_pages("r256"));
    }

    #[test]
    fn one_watch_alone_does_not_wait_for_its_turn() {
        let (memory, begun) = (Memory::default(), Instant::now());
        for second in 0..1000 {
            assert_eq!(memory.turn(begun + Duration::from_secs(second)), Duration::ZERO);
        }
    }

    /// 5,000 watches of one process lose their server at one moment, and it is back at once.
    #[test]
    fn w16_five_thousand_watches_come_back_over_ten_seconds_and_at_a_bounded_rate() {
        let (memory, begun) = (Memory::default(), Instant::now());
        let backoff = Backoff::default();
        let mut back: Vec<Duration> = (0..5000)
            .map(|number| backoff.delay_by(0, f64::from(number * 7919 % 5000) / 5000.0) + memory.turn(begun))
            .collect();
        back.sort();
        let (first, last) = (back[0], back[4999]);
        assert!(last - first >= Duration::from_secs(10), "{first:?} to {last:?}");
        let most = back.iter().map(|at| {
            let end = *at + Duration::from_secs(1);
            back.iter().filter(|it| (*at..end).contains(*it)).count()
        });
        assert!(most.max().unwrap() <= 600, "in the busiest second");
        assert_eq!(memory.turn(begun + Duration::from_secs(60)), Duration::ZERO, "and then it is forgotten");
    }

    /// In as many processes there is nothing to share: chance alone spreads those that a server was away for.
    #[test]
    fn w16_five_thousand_clients_are_spread_by_chance_once_the_server_was_away_for_a_while() {
        let backoff = Backoff::default();
        let away = Duration::from_secs(30);
        let mut random = fastrand::Rng::with_seed(16);
        let mut back: Vec<Duration> = (0..5000)
            .map(|_| {
                let (mut at, mut failures) = (Duration::ZERO, 0);
                while at < away {
                    at += backoff.delay_by(failures, random.f64());
                    failures += 1;
                }
                at
            })
            .collect();
        back.sort();
        assert!(back[4999] - back[0] >= Duration::from_secs(10), "{:?} to {:?}", back[0], back[4999]);
        let (early, late) = (back[250], back[4750]);
        assert!(late - early >= Duration::from_secs(10), "nine of ten: {early:?} to {late:?}");
    }
}
