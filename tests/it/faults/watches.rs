//! N7, N8: the network fails under watches and calls that stand; watches go on, and calls end in an error that says what is known.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clientset::core::v1::{ConfigMap, ConfigMaps};
use clientset::{ResumingEvent, ResumingWatch};
use clientset_testserver::{Verb, on};

use super::canary;
use super::proxy::{End, Network};
use super::rig::{Http, Rig, client, failure, map, within};

const SOON: Duration = Duration::from_secs(60);

/// What a follower of a watch keeps, by the rule of [`ResumingEvent`].
#[derive(Default)]
pub(crate) struct Followed {
    pub(crate) known: BTreeMap<String, Kept>,
    coming: BTreeMap<String, Kept>,
    pub(crate) events: u64,
}

/// One object: its identity, its version and what it holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept {
    pub(crate) uid: String,
    pub(crate) version: u64,
    pub(crate) value: String,
}

impl Kept {
    pub(crate) fn of(object: ConfigMap) -> (String, Kept) {
        let metadata = object.metadata;
        let version = metadata.resource_version.unwrap_or_default().parse().expect("a number");
        let value = object.data.unwrap_or_default().get("value").cloned().unwrap_or_default();
        let key = format!("{}/{}", metadata.namespace.unwrap_or_default(), metadata.name.unwrap_or_default());
        (key, Kept { uid: metadata.uid.unwrap_or_default(), version, value })
    }
}

impl Followed {
    pub(crate) fn take(&mut self, event: ResumingEvent<ConfigMap>) {
        self.events += 1;
        match event {
            ResumingEvent::ListStarted => self.coming.clear(),
            ResumingEvent::Listed(object) => self.coming.extend([Kept::of(object)]),
            ResumingEvent::ListComplete => self.known = std::mem::take(&mut self.coming),
            ResumingEvent::Applied(object) => {
                let (key, kept) = Kept::of(object);
                if let Some(before) = self.known.get(&key) {
                    assert!(before.version < kept.version, "{key} goes back from {before:?} to {kept:?}");
                }
                self.known.insert(key, kept);
            }
            ResumingEvent::Deleted(object) => {
                let (key, _) = Kept::of(object);
                self.known.remove(&key);
                self.coming.remove(&key);
            }
            other => panic!("nothing else is expected: {other:?}"),
        }
    }
}

/// Follows until `name` has this value.
async fn follow(watch: &mut ResumingWatch<ConfigMap>, followed: &mut Followed, name: &str, value: &str) {
    let key = format!("default/{name}");
    within(SOON, async {
        while followed.known.get(&key).is_none_or(|it| it.value != value) {
            let event = watch.next().await.expect("it does not end");
            followed.take(event.unwrap_or_else(|error| panic!("{}", canary::clean_error(&error))));
        }
    })
    .await;
}

/// What the server has, past the proxy.
pub(crate) async fn on_the_server(maps: &ConfigMaps) -> BTreeMap<String, Kept> {
    maps.list().await.expect("a list").items.into_iter().map(Kept::of).collect()
}

#[tokio::test]
async fn n7_a_watch_that_ends_inside_of_a_chunk_goes_on_and_nothing_is_lost() {
    for http in Http::BOTH {
        for end in [End::Close, End::Reset] {
            let rig = Rig::new(http).await;
            let direct = rig.direct().core_v1().config_maps("default");
            let maps = rig.client().core_v1().config_maps("default");
            let mut watch = maps.watch().resuming().hastened(20);
            let mut followed = Followed::default();
            direct.create(&map("first", "0")).await.expect("it is made");
            follow(&mut watch, &mut followed, "first", "0").await;
            for round in 1..=10 {
                // Somewhere in what comes next: in its length, in its middle, or at its end.
                rig.proxy.present(Network::CutAfter(round * 37, end));
                for name in ["a", "b", "c"] {
                    let object = map(name, &round.to_string());
                    direct.apply(name, &object).field_manager("test").force().await.expect("it is written");
                }
                if round % 3 == 0 {
                    direct.delete("a").await.expect("it was there");
                }
                follow(&mut watch, &mut followed, "c", &round.to_string()).await;
            }
            direct.create(&map("last", "1")).await.expect("it is made");
            follow(&mut watch, &mut followed, "last", "1").await;
            assert_eq!(followed.known, on_the_server(&direct).await, "{http:?} {end:?}");
            let status = watch.status();
            assert!(
                status.watches > 3 && status.failures > 3 && status.lists == 1,
                "{http:?} {end:?}: {status:?}"
            );
        }
    }
}

#[tokio::test]
async fn n8_packets_that_vanish_are_noticed_and_the_watch_goes_on() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let direct = rig.direct().core_v1().config_maps("default");
        // A tenth of a second of silence, and as much for the answer to a ping: 30 s and 15 s unless set.
        let config = rig.config().http2_ping(Duration::from_millis(100), Duration::from_millis(100));
        let maps = client(config).core_v1().config_maps("default");
        // HTTP/1.1 has no pings; there the watch itself notices that its end is overdue by ten seconds.
        let mut watch = maps.watch().timeout_seconds(1).resuming().hastened(20);
        let mut followed = Followed::default();
        direct.create(&map("a", "0")).await.expect("it is made");
        follow(&mut watch, &mut followed, "a", "0").await;
        rig.proxy.present(Network::Blackhole);
        let begun = Instant::now();
        direct.apply("a", &map("a", "1")).field_manager("test").force().await.expect("it is written");
        direct.create(&map("b", "1")).await.expect("it is made");
        follow(&mut watch, &mut followed, "b", "1").await;
        let bound = if http == Http::Two { 5 } else { 20 };
        assert!(begun.elapsed() < Duration::from_secs(bound), "{http:?}: {:?}", begun.elapsed());
        assert_eq!(followed.known, on_the_server(&direct).await, "{http:?}");
        assert_eq!(watch.status().lists, 1, "{http:?}: it goes on from where it was");
    }
}

#[tokio::test]
async fn n8_calls_under_way_end_in_an_error_that_says_whether_they_may_have_been_applied() {
    let rig = Rig::new(Http::Two).await;
    let ping = Duration::from_millis(200);
    let client = client(rig.config().http2_ping(ping, ping));
    let maps = client.core_v1().config_maps("default");
    let once = client.client().clone().max_retries(0).rest();
    maps.create(&map("a", "1")).await.expect("it is made");
    let held = rig.server.fault(on(Verb::Get).resource("configmaps").name("a").first(2).hold());
    let writes = rig.server.fault(on(Verb::Create).resource("configmaps").nth(1).after_processing().hold());
    let single = tokio::spawn(once.get("/api/v1/namespaces/default/configmaps/a").send());
    held.wait_until_fired(1).await;
    let read = tokio::spawn({
        let maps = maps.clone();
        async move { maps.get("a").await }
    });
    held.wait_until_fired(2).await;
    let write = tokio::spawn({
        let maps = maps.clone();
        async move { maps.create(&map("b", "1")).await }
    });
    writes.wait_until_fired(1).await;
    rig.proxy.present(Network::Blackhole);
    let begun = Instant::now();
    let (error, text) = failure(within(SOON, single).await.expect("no panic"));
    assert!(error.is_transport() && !error.is_timeout(), "{text}");
    assert!(begun.elapsed() < 10 * ping, "{:?}", begun.elapsed());
    let (error, text) = failure(within(SOON, write).await.expect("no panic"));
    assert!(error.is_transport() && error.is_ambiguous(), "{text}");
    within(SOON, read).await.expect("no panic").expect("a read is sent again on a new connection");
    maps.get("b").await.expect("it was made, in fact");
}

#[tokio::test]
async fn n8_calls_over_http_1_end_at_their_deadline() {
    let rig = Rig::new(Http::One).await;
    let client = client(rig.config().request_timeout(Duration::from_millis(500)));
    let maps = client.core_v1().config_maps("default");
    maps.create(&map("a", "1")).await.expect("it is made");
    rig.proxy.all(Network::Blackhole);
    let (error, text) = within(SOON, async { failure(maps.get("a").await) }).await;
    assert!(error.is_timeout(), "{text}");
    let (error, text) = within(SOON, async { failure(maps.create(&map("b", "1")).await) }).await;
    assert!(error.is_timeout() && error.is_ambiguous(), "{text}");
    rig.proxy.all(Network::Pass);
    within(SOON, async { maps.get("a").await }).await.expect("the next one works");
}

/// The timers of TCP connections to this port, as Linux shows them: `02` is keep-alive, and the time left in hundredths of a second.
#[cfg(target_os = "linux")]
fn timers(port: u16) -> Vec<(String, u64)> {
    let text = std::fs::read_to_string("/proc/self/net/tcp").expect("Linux shows it");
    let to = format!(":{port:04X}");
    let established = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let established = established.filter(|it| it.len() > 5 && it[2].ends_with(&to) && it[3] == "01");
    let timers = established
        .filter_map(|it| it[5].split_once(':').map(|(kind, left)| (kind.to_owned(), left.to_owned())));
    timers.map(|(kind, left)| (kind, u64::from_str_radix(&left, 16).expect("a number"))).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn n8_the_system_asks_silent_connections_whether_they_are_there() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let maps = rig.client().core_v1().config_maps("default");
        let _watch = maps.watch().await.expect("it begins");
        maps.list().await.expect("a list");
        let timers = timers(rig.proxy.address().port());
        assert!(!timers.is_empty(), "{http:?}");
        for (kind, left) in timers {
            assert!(
                kind == "02" && left <= 30 * 100,
                "{http:?}: the timer {kind} in {left} hundredths of a second"
            );
        }
    }
}
