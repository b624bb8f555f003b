//! Random traffic, random faults, and four streams of four sorts; then the histories are compared.
//!
//! The seeds are printed. `CLIENTSET_HISTORY_SEED` runs one again, `CLIENTSET_HISTORY_SECONDS` makes it longer than the 20 seconds
//! that it takes in every run of the tests.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use clientset::{Backoff, Clientset, Entity, ResumingEvent, ResumingWatch};
use clientset_testserver::{Fault, On, RecordedChange, Verb, on};

use super::follower::{HASTE, State, entry};
use super::history::{Change, Told, check};
use crate::faults::proxy::{End, Network};
use crate::faults::rig::{Http, Rig, map};

/// How long traffic and faults go on for one seed.
const ROUND: Duration = Duration::from_secs(3);
/// Everything has to have arrived so long after the last fault.
const SETTLED: Duration = Duration::from_secs(45);

const NAMESPACES: [&str; 2] = ["default", "kube-public"];

/// Numbers that look like chance: SplitMix64, as seeds are to be small and printed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    pub(crate) fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// The seed to begin with, and for how long to go on. Said aloud.
pub(crate) fn settings(what: &str, seconds: u64) -> (Option<u64>, u64, Duration) {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let given = number("CLIENTSET_HISTORY_SEED");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |it| it.as_millis() as u64);
    let seed = given.unwrap_or(now);
    let seconds = number("CLIENTSET_HISTORY_SECONDS").unwrap_or(seconds);
    eprintln!("{what}: seeds from {seed} on for {seconds} s; CLIENTSET_HISTORY_SEED=… repeats one");
    (given, seed, Duration::from_secs(seconds))
}

/// Writes down what a stream tells, until `stop` is true and it has told everything up to `last`.
pub(crate) async fn record<T: Entity + std::fmt::Debug>(
    mut watch: ResumingWatch<T>,
    last: Arc<Mutex<Option<State>>>,
) -> (Vec<Told>, Counts) {
    let (mut log, mut known, mut coming) = (Vec::new(), State::new(), State::new());
    let mut deadline = None;
    loop {
        let told = match tokio::time::timeout(Duration::from_millis(15), watch.next()).await {
            Err(_) => {
                if let Some(last) = &*last.lock().expect("no test has failed") {
                    let deadline = *deadline.get_or_insert_with(|| Instant::now() + SETTLED);
                    if known == *last || Instant::now() > deadline {
                        let status = watch.status();
                        return (
                            log,
                            Counts {
                                watches: status.watches,
                                lists: status.lists,
                                failures: status.failures,
                                changes: 0,
                            },
                        );
                    }
                }
                let at = watch.status().resource_version.parse().unwrap_or(0);
                if log.last() == Some(&Told::Quiet { at }) {
                    continue;
                }
                Told::Quiet { at }
            }
            Ok(None) => panic!("the stream has ended"),
            // Some faults look like what somebody has to act on.
            Ok(Some(Err(_))) => continue,
            Ok(Some(Ok(event))) => {
                let of = |object: &T| {
                    let (key, (uid, version)) = entry(object);
                    (key, uid, version.parse::<u64>().expect("a version"))
                };
                match &event {
                    ResumingEvent::ListStarted => {
                        coming.clear();
                        // How far it was told before: bookmarks are no events of their own.
                        let at = watch.status().resource_version.parse().unwrap_or(0);
                        log.push(Told::Quiet { at });
                        Told::Started
                    }
                    ResumingEvent::Listed(object) => {
                        let (key, uid, version) = of(object);
                        coming.insert(key.clone(), (uid.clone(), version.to_string()));
                        Told::Listed { key, uid, version }
                    }
                    ResumingEvent::ListComplete => {
                        known = std::mem::take(&mut coming);
                        Told::Complete { at: watch.status().resource_version.parse().expect("a version") }
                    }
                    ResumingEvent::Applied(object) => {
                        let (key, uid, version) = of(object);
                        known.insert(key.clone(), (uid.clone(), version.to_string()));
                        Told::Applied { key, uid, version }
                    }
                    ResumingEvent::Deleted(object) => {
                        let (key, _, version) = of(object);
                        known.remove(&key);
                        coming.remove(&key);
                        Told::Deleted { key, version }
                    }
                    other => panic!("{other:?}"),
                }
            }
        };
        log.push(told);
    }
}

/// What a stream went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) watches: u64,
    pub(crate) lists: u64,
    pub(crate) failures: u64,
    changes: u64,
}

/// Which objects a stream sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) namespace: Option<&'static str>,
    pub(crate) shown_only: bool,
}

impl View {
    /// The changes as this view sees them: an object that is no longer chosen is gone.
    fn of(self, all: &[RecordedChange]) -> Vec<Change> {
        let mut chosen = std::collections::BTreeSet::new();
        let mut changes = Vec::new();
        for change in all.iter().filter(|it| self.namespace.is_none_or(|its| its == it.namespace)) {
            let key = format!("{}/{}", change.namespace, change.name);
            let matches = !change.deleted && (!self.shown_only || change.labels.contains_key("shown"));
            let was = if matches { !chosen.insert(key.clone()) } else { chosen.remove(&key) };
            if matches || was {
                let (version, uid) = (change.resource_version, change.uid.clone());
                changes.push(Change { version, key, uid, deleted: !matches });
            }
        }
        changes
    }

    fn last(self, all: &[RecordedChange]) -> State {
        let mut state = State::new();
        for change in self.of(all) {
            match change.deleted {
                true => _ = state.remove(&change.key),
                false => _ = state.insert(change.key, (change.uid, change.version.to_string())),
            }
        }
        state
    }
}

/// Makes, changes, labels and deletes twelve objects, until told to stop.
pub(crate) async fn traffic(client: Clientset, namespaces: Vec<String>, seed: u64, stop: Arc<AtomicBool>) {
    let mut random = Random::new(seed);
    while !stop.load(Ordering::Relaxed) {
        let namespace = &namespaces[random.below(namespaces.len() as u64) as usize];
        let maps = client.core_v1().config_maps(namespace.clone());
        let mut object = map(&format!("m{}", random.below(6)), &random.below(1000).to_string());
        if random.below(2) == 0 {
            object.metadata.labels = Some([("shown".to_owned(), "yes".to_owned())].into());
        }
        let name = object.metadata.name.clone().unwrap_or_default();
        let delete = random.below(4) == 0;
        let written = tokio::time::timeout(Duration::from_millis(500), async {
            if delete {
                return maps.delete(name).await.map(drop);
            }
            match maps.update(&object).await {
                Err(error) if error.is_not_found() => maps.create(&object).await.map(drop),
                updated => updated.map(drop),
            }
        });
        // The server may be away or the object gone: whatever is stored is recorded by the server.
        let _ = written.await;
        tokio::time::sleep(random.millis(0, 12)).await;
    }
}

/// Something that goes wrong with some watches or lists.
fn fault(random: &mut Random) -> On {
    let bytes = random.below(6000);
    let events = random.below(12);
    let verb = if random.below(4) == 0 { Verb::List } else { Verb::Watch };
    let hit = on(verb).resource("configmaps").first(1 + random.below(6));
    let error = |code: u16, reason: &str| {
        let status = format!(
            r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","code":{code},"reason":"{reason}"}}"#
        );
        format!("{{\"type\":\"ERROR\",\"object\":{status}}}\n")
    };
    match (verb, random.below(if verb == Verb::List { 12 } else { 20 })) {
        (_, 0) => hit.truncate_after(bytes),
        (_, 1) => hit.reset_after(bytes),
        (_, 2) => hit.stall_after(bytes),
        (_, 3) => hit.status(500),
        (_, 4) => hit.status(503),
        (_, 5) => hit.status(429),
        (_, 6) => hit.expired(),
        (_, 7) => hit.goaway(),
        (_, 8) => hit.goaway_unprocessed(),
        (_, 9) => hit.reset_stream(),
        (_, 10) => hit.refuse_stream(),
        (_, 11) => hit.reset(),
        (_, 12) => hit.end_after_events(events),
        (_, 13) => hit.expire_after_events(events),
        (_, 14) => hit.stall_after_events(events),
        (_, 15) => hit.drop_bookmarks(),
        (_, 16) => hit.body("application/json", error(500, "InternalError")),
        (_, 17) => hit.body("application/json", error(429, "TooManyRequests")),
        (_, 18) => hit.expired_event(),
        _ => hit.pieces_of(1 + bytes as usize / 10),
    }
}

/// Faults of all sorts, one after another and several at once, until the round is over; then none.
async fn storm(rig: &Rig, random: &mut Random) {
    let end = Instant::now() + ROUND;
    let mut faults: Vec<Fault> = Vec::new();
    while Instant::now() < end {
        if faults.len() > 3 {
            faults.remove(0).remove();
        }
        match random.below(20) {
            0 | 1 => rig.server.compact(),
            2 => rig.server.cut_connections().await.expect("they are cut"),
            3 => rig.server.restart().await.expect("it is back"),
            4 => {
                rig.server.take_down().await.expect("it is down");
                tokio::time::sleep(random.millis(20, 200)).await;
                rig.server.bring_up().await.expect("it is back");
            }
            5 => rig.proxy.present(Network::Reset),
            6 => rig.proxy.present(Network::Close),
            7 => rig.proxy.all(Network::CutAfter(random.below(20_000), End::Reset)),
            8 => rig.proxy.all(Network::CutAfter(random.below(20_000), End::Close)),
            9 => rig.proxy.present(Network::Blackhole),
            10 => rig.proxy.all(Network::Pieces(1 + random.below(500) as usize)),
            _ => faults.push(rig.server.fault(fault(random))),
        }
        tokio::time::sleep(random.millis(5, 120)).await;
        // What is cut comes back, and what was swallowed arrives.
        if random.below(3) == 0 {
            rig.proxy.all(Network::Pass);
        }
    }
    rig.proxy.all(Network::Pass);
    rig.server.clear_faults();
}

/// One seed: what its streams went through.
async fn round(seed: u64) -> Counts {
    let mut random = Random::new(seed);
    let http = if random.below(2) == 0 { Http::One } else { Http::Two };
    let bookmarks = random.millis(5, 100);
    let rig = Rig::with(http, |it| it.bookmark_interval(bookmarks)).await;
    let before = rig.direct().core_v1().all_config_maps().list().await.expect("a list");
    let before: State = before.items.iter().map(entry).collect();
    rig.server.record_changes();
    let stop = Arc::new(AtomicBool::new(false));
    let namespaces: Vec<String> = NAMESPACES.map(str::to_owned).into();
    let writers: Vec<_> = (0..3)
        .map(|number| {
            tokio::spawn(traffic(rig.direct(), namespaces.clone(), seed ^ number << 32, stop.clone()))
        })
        .collect();

    let views = [
        View { namespace: None, shown_only: false },
        View { namespace: Some("default"), shown_only: false },
        View { namespace: None, shown_only: true },
        View { namespace: Some("kube-public"), shown_only: true },
    ];
    let finals: Vec<_> = views.iter().map(|_| Arc::new(Mutex::new(None))).collect();
    let client = rig.client();
    let mut readers = Vec::new();
    for (number, (view, last)) in views.iter().zip(&finals).enumerate() {
        let watch = match view.namespace {
            Some(namespace) => client.core_v1().config_maps(namespace).watch(),
            None => client.core_v1().all_config_maps().watch(),
        };
        let watch = if view.shown_only { watch.label_selector("shown=yes") } else { watch };
        // Some connections end often by themselves.
        let watch = if number % 2 == 0 { watch.timeout_seconds(1) } else { watch };
        let watch = watch.resuming().hastened(HASTE);
        let watch = watch.backoff(Backoff::new(Duration::from_millis(5), Duration::from_millis(100)));
        let watch = if number == 1 { watch.by_pages().page_size(2) } else { watch };
        readers.push(tokio::spawn(record(watch, last.clone())));
    }
    storm(&rig, &mut random).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.expect("it writes");
    }
    let stored = rig.server.recorded_changes("", "configmaps");
    // What was there before counts where nobody chooses by labels.
    let before_in = |view: &View| -> State {
        let in_it = |key: &String| {
            !view.shown_only && view.namespace.is_none_or(|it| key.starts_with(&format!("{it}/")))
        };
        before.iter().filter(|it| in_it(it.0)).map(|(key, it)| (key.clone(), it.clone())).collect()
    };
    for (view, last) in views.iter().zip(&finals) {
        let mut state = before_in(view);
        state.extend(view.last(&stored));
        *last.lock().expect("no test has failed") = Some(state);
    }
    let mut all = Counts::default();
    for ((view, reader), number) in views.iter().zip(readers).zip(0..) {
        let (log, counts) =
            reader.await.unwrap_or_else(|error| panic!("seed {seed}, {http:?}, stream {number}: {error}"));
        if let Err(wrong) = check(&before_in(view), &view.of(&stored), &log) {
            let from = wrong.place.saturating_sub(12);
            let near = &log[from..log.len().min(wrong.place + 4)];
            panic!("seed {seed}, {http:?}, stream {number} ({view:?}): {wrong}\n{near:#?}\n{counts:?}");
        }
        all.watches += counts.watches;
        all.lists += counts.lists;
        all.failures += counts.failures;
    }
    all.changes = stored.len() as u64;
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_streams_tell_is_what_the_server_stored_whatever_goes_wrong_between_them() {
    let (given, first, time) = settings("histories on the embedded server", 20);
    let end = Instant::now() + time;
    if let Some(seed) = given {
        eprintln!("seed {seed}: {:?}", round(seed).await);
        return;
    }
    let next = Arc::new(AtomicU64::new(first));
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let next = next.clone();
        lanes.spawn(async move {
            let mut all = Vec::new();
            while all.is_empty() || Instant::now() + ROUND < end {
                all.push(round(next.fetch_add(1, Ordering::Relaxed)).await);
            }
            all
        });
    }
    let mut all = Vec::new();
    while let Some(lane) = lanes.join_next().await {
        all.extend(lane.expect("no seed fails"));
    }
    let sum = |of: fn(&Counts) -> u64| all.iter().map(of).sum::<u64>();
    let (watches, lists, failures) = (sum(|it| it.watches), sum(|it| it.lists), sum(|it| it.failures));
    let (seeds, changes) = (all.len() as u64, sum(|it| it.changes));
    eprintln!("{seeds} seeds: {changes} changes, {watches} watches, {lists} lists, {failures} failures");
    assert!(
        failures > seeds * 4 && lists > seeds * 4 && changes > seeds * 20,
        "hardly anything has happened"
    );
}
