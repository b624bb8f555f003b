//! Minutes of random faults: watches, reads and writes through a bad network to a bad server, over both versions of HTTP at once.
//!
//! Every few seconds everything holds still, and what the watches have told has to be what the server has; at the end tasks,
//! descriptors and memory have to be what they were. Twenty seconds with each run of the tests; `CLIENTSET_SOAK_SECONDS` for more,
//! `CLIENTSET_SOAK_SEED` for the same again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clientset::core::v1::ConfigMaps;
use clientset_testserver::{On, Verb, on, on_any};

use super::canary;
use super::leaks::{alone, descriptors, memory, tasks};
use super::proxy::{End, Network};
use super::rig::{Http, Rig, client, map};
use super::watches::{Followed, Kept, on_the_server};

/// How many watches follow through each network.
const WATCHES: usize = 4;
/// How many objects there are at most.
const NAMES: u64 = 40;

/// SplitMix64: the same seed, the same faults.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// What all tasks of one network share.
#[derive(Default)]
struct Count {
    reads: AtomicU64,
    writes: AtomicU64,
    failed: AtomicU64,
    ambiguous: AtomicU64,
    told: AtomicU64,
    faults: AtomicU64,
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn network(dice: &mut Dice) -> Network {
    match dice.roll(8) {
        0 => Network::Blackhole,
        1 => Network::Reset,
        2 => Network::Close,
        3 => Network::HalfClose,
        4 => Network::Delay(Duration::from_millis(dice.roll(100))),
        5 => Network::Pieces(1 + dice.roll(50) as usize),
        6 => Network::CutAfter(dice.roll(5000), End::Reset),
        _ => Network::CutAfter(dice.roll(5000), if dice.roll(2) == 0 { End::Close } else { End::Blackhole }),
    }
}

fn server_fault(dice: &mut Dice) -> On {
    let watch = || on(Verb::Watch).resource("configmaps");
    let events = dice.roll(5);
    match dice.roll(16) {
        0 => on_any().reset(),
        1 => on_any().after_processing().reset(),
        2 => on_any().reset_in_head(),
        3 => on_any().close(),
        4 => on_any().goaway(),
        5 => on_any().goaway_unprocessed(),
        6 => on_any().reset_stream(),
        7 => on_any().refuse_stream(),
        8 => on_any().status(503).retry_after(1),
        9 => on_any().status(500),
        10 => on_any().html(),
        11 => on_any().truncate_after(dice.roll(400)),
        12 => watch().expired(),
        13 => watch().expire_after_events(events),
        14 => watch().end_after_events(events),
        _ => watch().drop_bookmarks(),
    }
}

/// Does harm until it is told to stop, and then none.
async fn harm(rig: Arc<Rig>, count: Arc<Count>, mut dice: Dice, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        add(&count.faults);
        match dice.roll(10) {
            0 => rig.server.compact(),
            1 => rig.server.cut_connections().await.expect("its connections end"),
            2..=5 => {
                let network = network(&mut dice);
                if dice.roll(4) == 0 { rig.proxy.all(network) } else { rig.proxy.present(network) }
            }
            _ => {
                let seed = dice.roll(u64::MAX);
                rig.server.fault(server_fault(&mut dice).probability(0.3, seed));
            }
        }
        tokio::time::sleep(Duration::from_millis(dice.roll(400))).await;
        rig.proxy.all(Network::Pass);
        rig.server.clear_faults();
        tokio::time::sleep(Duration::from_millis(dice.roll(200))).await;
    }
}

/// Reads and writes until it is told to stop. What fails is looked at for secrets, and forgotten.
async fn work(maps: ConfigMaps, count: Arc<Count>, mut dice: Dice, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let name = format!("m{}", dice.roll(NAMES));
        let (counted, result) = match dice.roll(8) {
            0 | 1 => (&count.reads, maps.get(&name).await.map(drop)),
            2 => (&count.reads, maps.list().limit(7).await.map(drop)),
            3 => (&count.writes, maps.delete(&name).await.map(drop)),
            4 => (&count.writes, maps.create(&map(&name, "made")).await.map(drop)),
            _ => {
                let object = map(&name, &dice.roll(u64::MAX).to_string());
                (&count.writes, maps.apply(&name, &object).field_manager("soak").force().await.map(drop))
            }
        };
        add(counted);
        if let Err(error) = result
            && !error.is_not_found()
            && !error.is_already_exists()
        {
            canary::clean_error(&error);
            add(&count.failed);
            if error.is_ambiguous() {
                add(&count.ambiguous);
            }
        }
        tokio::time::sleep(Duration::from_millis(dice.roll(20))).await;
    }
}

async fn follow(maps: ConfigMaps, count: Arc<Count>, followed: Arc<Mutex<Followed>>) {
    let mut watch = maps.watch().timeout_seconds(5).resuming().hastened(20);
    while let Some(event) = watch.next().await {
        match event {
            Ok(event) => followed.lock().expect("no panic").take(event),
            Err(error) => {
                canary::clean_error(&error);
                add(&count.told);
            }
        }
    }
    panic!("a watch has ended");
}

/// Waits until all watches have told what the server has.
async fn agree(http: Http, maps: &ConfigMaps, all: &[Arc<Mutex<Followed>>], seed: u64) {
    let expected = on_the_server(maps).await;
    let begun = Instant::now();
    let differs = |followed: &Arc<Mutex<Followed>>| followed.lock().expect("no panic").known != expected;
    while let Some(other) = all.iter().position(differs) {
        if begun.elapsed() > Duration::from_secs(60) {
            let followed = all[other].lock().expect("no panic");
            let lost: BTreeMap<&String, (&Kept, Option<&Kept>)> = expected
                .iter()
                .map(|(key, kept)| (key, (kept, followed.known.get(key))))
                .filter(|(_, (kept, other))| *other != Some(*kept))
                .collect();
            let more: Vec<&String> =
                followed.known.keys().filter(|key| !expected.contains_key(*key)).collect();
            panic!("{http:?}, seed {seed}, watch {other}: not told {lost:?}, told of what is gone {more:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct Side {
    http: Http,
    rig: Arc<Rig>,
    maps: ConfigMaps,
    direct: ConfigMaps,
    count: Arc<Count>,
    followed: Vec<Arc<Mutex<Followed>>>,
    watches: Vec<tokio::task::JoinHandle<()>>,
}

impl Side {
    async fn new(http: Http) -> Side {
        let limits = |it: clientset_testserver::Builder| it.history_limit(300).request_limits(10, 0);
        let rig = Arc::new(Rig::with(http, limits).await);
        let ping = Duration::from_millis(300);
        let config = rig.config().http2_ping(ping, ping).request_timeout(Duration::from_secs(3));
        let maps = client(config).core_v1().config_maps("default");
        let direct = rig.direct().core_v1().config_maps("default");
        Side { http, rig, maps, direct, count: Arc::default(), followed: Vec::new(), watches: Vec::new() }
    }

    fn start(&mut self) {
        for _ in 0..WATCHES {
            let followed = Arc::new(Mutex::new(Followed::default()));
            self.followed.push(followed.clone());
            self.watches.push(tokio::spawn(follow(self.maps.clone(), self.count.clone(), followed)));
        }
    }

    /// Harm and work for a while; then rest, and agreement.
    async fn round(&self, time: Duration, dice: &mut Dice, seed: u64) {
        let stop = Arc::new(AtomicBool::new(false));
        let mut next = || Dice(dice.roll(u64::MAX));
        let mut tasks = vec![tokio::spawn(harm(self.rig.clone(), self.count.clone(), next(), stop.clone()))];
        for _ in 0..3 {
            tasks.push(tokio::spawn(work(self.maps.clone(), self.count.clone(), next(), stop.clone())));
        }
        tokio::time::sleep(time).await;
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.expect("no panic");
        }
        agree(self.http, &self.direct, &self.followed, seed).await;
        assert!(
            self.watches.iter().all(|it| !it.is_finished()),
            "{:?}, seed {seed}: a watch has ended",
            self.http
        );
    }

    fn told(&self) -> String {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let events: u64 = self.followed.iter().map(|it| it.lock().expect("no panic").events).sum();
        let count = &self.count;
        format!(
            "{:?}: {} faults, {} connections, {} reads, {} writes, {} failed, {} of them ambiguous, {events} events, {} errors of watches",
            self.http,
            get(&count.faults),
            self.rig.proxy.opened(),
            get(&count.reads),
            get(&count.writes),
            get(&count.failed),
            get(&count.ambiguous),
            get(&count.told)
        )
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_faults_lose_no_event_and_leave_nothing_behind() {
    alone("soak::random_faults_lose_no_event_and_leave_nothing_behind", async || {
        let seed = setting("CLIENTSET_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
        let time = Duration::from_secs(setting("CLIENTSET_SOAK_SECONDS").unwrap_or(20));
        println!("CLIENTSET_SOAK_SEED={seed}, {time:?}");
        let mut dice = Dice(seed);
        let mut sides = [Side::new(Http::One).await, Side::new(Http::Two).await];
        let before = (tasks(), descriptors());
        for side in &mut sides {
            side.start();
        }
        let begun = Instant::now();
        let round = (time / 12).clamp(Duration::from_secs(3), Duration::from_secs(15));
        let mut measured = Vec::new();
        while begun.elapsed() < time {
            let [one, two] = &sides;
            let (mut first, mut second) = (Dice(dice.roll(u64::MAX)), Dice(dice.roll(u64::MAX)));
            tokio::join!(one.round(round, &mut first, seed), two.round(round, &mut second, seed));
            measured.push((tasks(), descriptors(), memory()));
            let at = begun.elapsed().as_secs();
            println!("{at:>4} s: tasks, descriptors, memory in KiB: {:?}", measured.last().expect("one"));
        }
        for side in &mut sides {
            println!("{}", side.told());
            for watch in side.watches.drain(..) {
                watch.abort();
                let _ = watch.await;
            }
            side.followed.clear();
        }
        // What is there at the end is what was there after the first third.
        let (early, late) = measured.split_at(measured.len().div_ceil(3));
        let most = |of: fn(&(usize, usize, usize)) -> usize, all: &[(usize, usize, usize)]| {
            all.iter().map(of).max().unwrap_or_default()
        };
        assert!(most(|it| it.0, late) <= most(|it| it.0, early) + 30, "seed {seed}: tasks {measured:?}");
        assert!(
            most(|it| it.1, late) <= most(|it| it.1, early) + 30,
            "seed {seed}: descriptors {measured:?}"
        );
        assert!(
            most(|it| it.2, late) <= most(|it| it.2, early) + 24 * 1024,
            "seed {seed}: memory {measured:?}"
        );
        for side in sides {
            drop(side);
        }
        for _ in 0..200 {
            if tasks() < before.0 && descriptors() < before.1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let after = (tasks(), descriptors());
        assert!(after.0 < before.0 && after.1 < before.1, "seed {seed}: {before:?} before, {after:?} after");
    });
}
