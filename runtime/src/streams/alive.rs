//! Whether the other side still answers: when to ping, and when to give up. Pure but for the moments that it is given.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How often it is asked, and how long an answer may take: together the longest that a dead peer goes unnoticed.
const EVERY: Duration = Duration::from_secs(30);
const WITHIN: Duration = Duration::from_secs(15);
/// How much input a server surely takes without handing it over: what a pipe to a process holds, by half.
const TAKEN_AT_ONCE: u64 = 32 << 10;
/// More pings than this between two of ours are an attack.
const MAX_PINGS: u32 = 1000;

/// The pings of one connection.
///
/// A server reads one message after the other, and hands input over before it reads on. So while a process does not take
/// its input, no ping is answered, and nothing can be said of the server: the keep-alive of the connection below has to.
#[derive(Debug)]
pub(super) struct Alive {
    next: Instant,
    /// When the oldest ping without an answer is too old.
    due: Option<Instant>,
    number: u32,
    /// Bytes of input that were sent, and how many of them surely were handed over.
    sent: u64,
    taken: u64,
    /// The pings without an answer, and how much input was sent before each.
    asked: VecDeque<(u32, u64)>,
    /// Pings of the other side since our last one.
    theirs: u32,
}

impl Alive {
    pub(super) fn new(now: Instant) -> Self {
        Alive {
            next: now + EVERY,
            due: None,
            number: 0,
            sent: 0,
            taken: 0,
            asked: VecDeque::new(),
            theirs: 0,
        }
    }

    /// When to look again.
    pub(super) fn wake(&self) -> Instant {
        self.due.map_or(self.next, |due| due.min(self.next))
    }

    /// A ping to send now, or the verdict that nobody is there. `blind`: nothing is being read, so nothing is known.
    pub(super) fn tick(&mut self, now: Instant, blind: bool) -> Result<Option<u32>, Duration> {
        if self.due.is_some_and(|due| due <= now) {
            let busy = self.sent > TAKEN_AT_ONCE && self.sent > self.taken;
            if !blind && !busy {
                return Err(EVERY + WITHIN);
            }
            self.due = None;
        }
        if self.next > now {
            return Ok(None);
        }
        self.next = now + EVERY;
        self.due = self.due.or(Some(now + WITHIN));
        self.theirs = 0;
        self.number = self.number.wrapping_add(1);
        // Answers come in order, so of many without one the last is enough.
        if self.asked.len() >= 8 {
            self.asked.pop_front();
        }
        self.asked.push_back((self.number, self.sent));
        Ok(Some(self.number))
    }

    /// Something came.
    pub(super) fn heard(&mut self) {
        self.due = None;
    }

    /// The answer to a ping came.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        let Ok(number) = payload.try_into().map(u32::from_be_bytes) else { return };
        if let Some(at) = self.asked.iter().position(|(asked, _)| *asked == number) {
            let taken = self.asked.drain(..=at).next_back().map_or(0, |(_, sent)| sent);
            self.taken = self.taken.max(taken);
        }
    }

    /// A ping came; whether that is still within reason.
    pub(super) fn pinged(&mut self) -> bool {
        self.theirs += 1;
        self.theirs <= MAX_PINGS
    }

    /// Input was sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_peer_is_noticed_within_45_seconds_of_its_last_word() {
        let start = Instant::now();
        let mut alive = Alive::new(start);
        assert_eq!(alive.wake(), start + EVERY);
        let asked = alive.tick(start + EVERY, false).unwrap().unwrap();
        alive.pong(&asked.to_be_bytes());
        alive.heard();
        assert_eq!(alive.tick(start + EVERY + WITHIN, false), Ok(None), "it was heard since");
        let asked = start + EVERY * 2;
        assert!(alive.tick(asked, false).unwrap().is_some());
        assert_eq!(alive.wake(), asked + WITHIN);
        assert_eq!(alive.tick(asked + WITHIN, false), Err(Duration::from_secs(45)));
    }

    #[test]
    fn silence_says_nothing_while_input_waits_or_nobody_reads() {
        let start = Instant::now();
        let mut alive = Alive::new(start);
        alive.sent(100 << 10);
        alive.tick(start + EVERY, false).unwrap();
        for round in 1..100 {
            assert!(
                alive.tick(start + EVERY * round + WITHIN, false).is_ok(),
                "a process that does not read"
            );
        }
        alive.pong(&alive.number.to_be_bytes());
        alive.heard();
        let later = start + EVERY * 200;
        alive.tick(later, false).unwrap();
        assert_eq!(alive.tick(later + WITHIN, true), Ok(None), "the reader is slow");
        alive.tick(later + EVERY, false).unwrap();
        assert!(alive.tick(later + EVERY + WITHIN, false).is_err(), "all input was taken");
    }

    #[test]
    fn x3_a_flood_of_pings_is_one() {
        let mut alive = Alive::new(Instant::now());
        assert!((0..MAX_PINGS).all(|_| alive.pinged()));
        assert!(!alive.pinged());
        alive.pong(b"not ours");
    }
}
