//! The machine against a model of a server that fails in every way: what it has given is always the server's state.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use proptest::prelude::*;

use super::super::state::Stage;
use super::super::*;

/// Objects by name, and the version of each.
type State = BTreeMap<u8, u64>;

/// A server with a history, and the store of a consumer that does as `ResumingEvent` says.
struct World {
    random: Rng,
    version: u64,
    objects: State,
    log: Vec<(u64, Seen, u8)>,
    compacted: u64,
    /// Lists that are given in pages, by their version.
    snapshots: BTreeMap<u64, State>,
    faulty: bool,
    /// Whether it sends initial events, refuses to, ignores that it should, or sends them without an end.
    initial: Initial,
    /// Whether it ends a watch that begins too early in order, instead of saying so.
    silent_about_old: bool,
    pages_here: bool,
    now: Duration,
    machine: Machine,
    known: State,
    coming: State,
    /// The store is not yet the server's: before the first list, and after the server went back in time.
    astray: bool,
    events: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Initial {
    Yes,
    Refused,
    Endless,
    Cut,
}

const FAILURES: [Cause; 8] = [
    Cause::Expired,
    Cause::Unreachable,
    Cause::Busy,
    Cause::Internal,
    Cause::Broken,
    Cause::TooLong,
    Cause::Missing,
    Cause::Refused,
];

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let initial = [Initial::Yes, Initial::Yes, Initial::Refused, Initial::Endless, Initial::Cut];
        let initial = initial[random.usize(..initial.len())];
        let settings =
            Settings { page_size: random.u32(1..6), by_pages: random.u8(..4) == 0, ..Settings::default() };
        let silent_about_old = random.bool();
        World {
            random,
            version: 1,
            objects: State::new(),
            log: Vec::new(),
            compacted: 0,
            snapshots: BTreeMap::new(),
            faulty: true,
            initial,
            silent_about_old,
            pages_here: false,
            now: Duration::ZERO,
            machine: Machine::new(settings, None),
            known: State::new(),
            coming: State::new(),
            astray: true,
            events: 0,
        }
    }

    fn chance(&mut self, of: u32) -> bool {
        self.random.u32(..of) == 0
    }

    fn change(&mut self) {
        self.version += 1;
        let name = self.random.u8(..12);
        let seen = match self.objects.remove(&name) {
            Some(_) if self.random.bool() => Seen::Deleted,
            before => {
                self.objects.insert(name, self.version);
                if before.is_some() { Seen::Modified } else { Seen::Added }
            }
        };
        self.log.push((self.version, seen, name));
    }

    fn churn(&mut self) {
        if !self.faulty || (self.astray && self.compacted > 0) {
            return;
        }
        for _ in 0..self.random.u8(..4) {
            self.change();
        }
        if self.chance(12) {
            self.compacted = self.version;
            self.snapshots.clear();
        }
    }

    /// The server is another one, as it was some time ago.
    fn go_back(&mut self) {
        let to = self.version.saturating_sub(self.random.u64(1..6)).max(1);
        if to == self.version {
            return;
        }
        self.objects = self.state_at(to);
        self.log.retain(|it| it.0 <= to);
        (self.version, self.compacted) = (to, to);
        self.snapshots.clear();
        self.astray = true;
    }

    fn state_at(&self, version: u64) -> State {
        let mut state = State::new();
        for (at, seen, name) in self.log.iter().take_while(|it| it.0 <= version) {
            match seen {
                Seen::Deleted => _ = state.remove(name),
                _ => _ = state.insert(*name, *at),
            }
        }
        state
    }

    fn fail(&mut self, cause: Cause) {
        self.now += Duration::from_millis(self.random.u64(..20_000));
        self.machine.failed(cause, None, self.now);
    }

    fn random_failure(&mut self) -> Cause {
        FAILURES[self.random.usize(..FAILURES.len())]
    }

    /// An event, as it goes to the machine and what comes of it to the store.
    fn tell(&mut self, seen: Seen, name: u8, version: u64) {
        self.events += 1;
        match self.machine.event(seen, &version.to_string()) {
            Given::Nothing => {}
            Given::Listed => _ = self.coming.insert(name, version),
            Given::Complete => {
                self.known = std::mem::take(&mut self.coming);
                self.astray = false;
            }
            Given::Applied => _ = self.known.insert(name, version),
            Given::Deleted => {
                self.known.remove(&name);
                self.coming.remove(&name);
            }
        }
        self.check();
    }

    /// What was given is the state at the version that was reached: nothing lost, nothing invented, no bookmark ahead.
    fn check(&self) {
        if !self.astray && !matches!(self.machine.stage, Stage::Initial { .. }) {
            let version = self.machine.version().parse().unwrap();
            assert_eq!(self.known, self.state_at(version), "at {version}");
        }
    }

    /// One step of the machine; whether everything is settled.
    fn step(&mut self) -> bool {
        self.churn();
        let mut random = self.random.fork();
        match self.machine.next(self.pages_here, || random.f64()) {
            Step::Stop => panic!("it never stops"),
            Step::Wait(wait) => {
                self.now += wait;
                self.machine.waited();
                if self.faulty && !self.astray && self.chance(20) {
                    self.go_back();
                }
            }
            Step::Probe(plan) => match plan.version.parse::<u64>().unwrap() > self.version {
                true => self.fail(Cause::TooLarge),
                false => self.machine.probed(),
            },
            _ if self.faulty && self.chance(3) => {
                let cause = self.random_failure();
                self.fail(cause);
            }
            Step::Watch(plan) => return self.watch(&plan),
            Step::List(plan) => self.list(&plan),
        }
        false
    }

    fn list(&mut self, plan: &ListPlan) {
        let (version, from) = match &plan.token {
            None if plan.version.parse().is_ok_and(|it: u64| it > self.version) => {
                return self.fail(Cause::TooLarge);
            }
            None => {
                self.snapshots.insert(self.version, self.objects.clone());
                (self.version, 0)
            }
            Some(token) => {
                let (version, from) = token.split_once(' ').unwrap();
                (version.parse().unwrap(), from.parse::<usize>().unwrap())
            }
        };
        let Some(snapshot) = self.snapshots.get(&version) else { return self.fail(Cause::Expired) };
        let limit = plan.limit.map_or(usize::MAX, |it| it as usize);
        let page: Vec<(u8, u64)> = snapshot.iter().skip(from).take(limit).map(|it| (*it.0, *it.1)).collect();
        let more = from + page.len() < snapshot.len();
        let first = self.machine.is_first_page();
        let paged =
            self.machine.page(&version.to_string(), more.then(|| format!("{version} {}", from + page.len())));
        if first {
            self.coming.clear();
        }
        self.coming.extend(page);
        if let Paged::Last { remember } = paged {
            self.pages_here |= remember;
            self.known = std::mem::take(&mut self.coming);
            self.astray = false;
            self.check();
        }
    }

    fn watch(&mut self, plan: &WatchPlan) -> bool {
        let asked: u64 = plan.version.parse().unwrap_or_default();
        if plan.initial && self.initial == Initial::Refused {
            self.fail(Cause::Options);
            return false;
        }
        if plan.initial && asked > self.version {
            self.fail(Cause::TooLarge);
            return false;
        }
        assert!(plan.initial || !plan.version.is_empty());
        let opened = self.machine.opened(self.now);
        assert_eq!(opened, plan.initial);
        let mut sent = asked;
        if plan.initial {
            self.coming.clear();
            sent = self.version;
            let mut all: Vec<_> = self.objects.clone().into_iter().collect();
            self.random.shuffle(&mut all);
            for (name, version) in all {
                if self.faulty && self.chance(20) {
                    return self.end();
                }
                self.tell(Seen::Added, name, version);
            }
            match self.initial {
                Initial::Endless => {
                    while self.machine.silent() == Silence::Warn {}
                    return false;
                }
                Initial::Cut => {
                    self.machine.ended(self.now);
                    return false;
                }
                _ => {}
            }
            // What happens meanwhile may come before the bookmark, and may not.
            self.churn();
            while self.random.bool() && self.send_next(&mut sent) {}
            self.tell(Seen::Bookmark { ends_initial: true }, 0, sent);
        } else if asked < self.compacted {
            if self.silent_about_old {
                self.machine.ended(self.now + Duration::from_millis(500));
            } else {
                self.fail(Cause::Expired);
            }
            return false;
        }
        loop {
            // Not more than can be sent.
            if self.chance(3) {
                self.churn();
            }
            self.now += Duration::from_millis(self.random.u64(..20_000));
            if self.send_next(&mut sent) {
                continue;
            }
            if self.faulty && self.chance(4) {
                return self.end();
            }
            if self.random.bool() && sent <= self.version {
                self.tell(Seen::Bookmark { ends_initial: false }, 0, sent);
            } else if self.machine.patience().is_some() {
                assert_eq!(self.machine.silent(), Silence::GiveUp);
                return false;
            }
            if !self.faulty {
                return true;
            }
        }
    }

    /// The next change after the last that was sent.
    fn send_next(&mut self, sent: &mut u64) -> bool {
        let Some((version, seen, name)) = self.log.iter().find(|it| it.0 > *sent).copied() else {
            return false;
        };
        *sent = version;
        self.tell(seen, name, version);
        true
    }

    fn end(&mut self) -> bool {
        if self.chance(3) {
            self.machine.ended(self.now);
        } else {
            let cause = self.random_failure();
            self.fail(cause);
        }
        false
    }
}

fn run(seed: u64) -> usize {
    let mut world = World::new(seed);
    for _ in 0..150 {
        world.step();
    }
    world.faulty = false;
    let steps =
        (0..400).find(|_| world.step()).unwrap_or_else(|| panic!("it never settles: {:?}", world.machine));
    assert_eq!(world.known, world.objects, "after {steps} steps");
    world.events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_was_given_is_always_the_servers_state_at_the_version_that_was_reached(seed in any::<u64>()) {
        run(seed);
    }
}
