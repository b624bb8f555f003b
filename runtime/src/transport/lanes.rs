//! Spreading streams over connections: an HTTP/2 server lets about a hundred streams share one, then everything waits.
//!
//! Each lane is an HTTP client of its own, hence a connection of its own. It deliberately knows nothing of what is sent.

use std::sync::{Arc, Mutex, PoisonError};

/// How many streams share one connection at most; kube-apiserver allows 100.
const STREAMS_PER_LANE: usize = 64;

/// Connections for one kind of traffic, opened as they are needed.
pub(super) struct Lanes<C> {
    open: Box<dyn Fn() -> C + Send + Sync>,
    lanes: Mutex<Vec<Lane<C>>>,
}

struct Lane<C> {
    client: C,
    /// Cloned for each stream, so that the count of clones is the count of streams.
    load: Arc<()>,
}

/// One stream's place in a lane; dropping it makes room.
pub(super) struct Ticket {
    _load: Arc<()>,
}

impl<C: Clone> Lanes<C> {
    pub(super) fn new(first: C, open: impl Fn() -> C + Send + Sync + 'static) -> Self {
        Lanes { open: Box::new(open), lanes: Mutex::new(vec![Lane { client: first, load: Arc::new(()) }]) }
    }

    /// The first lane with room, so that the later ones fall idle and are given up.
    pub(super) fn take(&self) -> (C, Ticket) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let free = lanes.iter().position(|lane| Arc::strong_count(&lane.load) <= STREAMS_PER_LANE);
        let at = free.unwrap_or_else(|| {
            lanes.push(Lane { client: (self.open)(), load: Arc::new(()) });
            lanes.len() - 1
        });
        // One idle lane is kept in reserve behind the one in use; more would hold connections for nothing.
        while lanes.len() > at + 2 && lanes.last().is_some_and(|lane| Arc::strong_count(&lane.load) == 1) {
            lanes.pop();
        }
        let lane = &lanes[at];
        (lane.client.clone(), Ticket { _load: lane.load.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_full_lane_opens_another_and_idle_ones_are_given_up() {
        let opened = Arc::new(AtomicUsize::new(0));
        let count = opened.clone();
        let lanes = Lanes::new(0, move || count.fetch_add(1, Ordering::Relaxed) + 1);
        let mut held: Vec<_> = (0..STREAMS_PER_LANE).map(|_| lanes.take()).collect();
        assert!(held.iter().all(|(client, _)| *client == 0));
        held.extend((0..3 * STREAMS_PER_LANE).map(|_| lanes.take()));
        assert_eq!(held.last().unwrap().0, 3);
        assert_eq!(opened.load(Ordering::Relaxed), 3);
        held.clear();
        assert_eq!(lanes.take().0, 0);
        assert_eq!(lanes.lanes.lock().unwrap().len(), 2);
    }
}
