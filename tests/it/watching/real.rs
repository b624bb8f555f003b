//! The same on the real kube-apiserver, behind a proxy that cuts, resets and swallows; and what a resuming watch asks of it.
//!
//! What was stored is told by a plain watch that goes past the proxy.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clientset::core::v1::ConfigMap;
use clientset::{Client, Clientset, Entity, Kubeconfig, Overrides, WatchEvent};

use super::chaos::{Random, record, settings, traffic};
use super::follower::{Follower, HASTE, State, brief, entry};
use super::history::{Change, check};
use crate::faults::proxy::{ChaosProxy, End, Network};
use crate::harness::{Sandbox, kubeconfig};

/// A client that goes through the proxy.
fn through(proxy: &ChaosProxy) -> Clientset {
    let kubeconfig = Kubeconfig::read(kubeconfig().expect("the sandbox has one")).expect("a kubeconfig");
    let server = Some(format!("https://{}", proxy.address()));
    let overrides = Overrides { server, ..Overrides::context("admin") };
    Clientset::from_client(
        Client::new(kubeconfig.config_for(&overrides).expect("a context")).expect("a client"),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_behind_a_bad_network_is_followed_without_a_loss() {
    let Some(sandbox) = Sandbox::new("resuming").await else { return };
    let (_, seed, time) = settings("histories on kube-apiserver", 6);
    let mut random = Random::new(seed);
    let maps = sandbox.client.core_v1().config_maps(sandbox.namespace.clone());
    let list = maps.list().await.expect("a list");
    let before: State = list.items.iter().map(entry).collect();
    let from = list.metadata.resource_version.expect("a version");
    let mut truth = maps.watch().resource_version(from).await.expect("a watch");
    let url = sandbox.client.client().server().to_owned();
    let proxy = ChaosProxy::to_url(&url).await;
    let client = through(&proxy);
    let last = Arc::new(Mutex::new(None));
    let readers: Vec<_> = (0..3)
        .map(|number| {
            let watch = client.core_v1().config_maps(sandbox.namespace.clone()).watch();
            let watch = if number == 0 { watch.timeout_seconds(1) } else { watch };
            let watch = watch.resuming().hastened(HASTE).backoff(brief());
            let watch = if number == 2 { watch.by_pages().page_size(2) } else { watch };
            tokio::spawn(record(watch, last.clone()))
        })
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let writer =
        tokio::spawn(traffic(sandbox.client.clone(), vec![sandbox.namespace.clone()], seed, stop.clone()));
    let end = Instant::now() + time;
    while Instant::now() < end {
        match random.below(8) {
            0 => proxy.present(Network::Reset),
            1 => proxy.present(Network::Close),
            2 => proxy.all(Network::CutAfter(random.below(30_000), End::Reset)),
            3 => proxy.all(Network::CutAfter(random.below(30_000), End::Close)),
            4 => proxy.present(Network::Blackhole),
            5 => proxy.all(Network::Pieces(1 + random.below(700) as usize)),
            _ => proxy.all(Network::Pass),
        }
        tokio::time::sleep(random.millis(10, 300)).await;
    }
    proxy.all(Network::Pass);
    stop.store(true, Ordering::Relaxed);
    writer.await.expect("it writes");
    // The last thing that happens, so that the plain watch knows where the end is.
    let mark = ConfigMap { metadata: crate::harness::named("the-end"), ..Default::default() };
    maps.create(&mark).await.expect("it is made");
    let mut stored = Vec::new();
    let mut state = before.clone();
    loop {
        let event = truth.next().await.expect("it is open").expect("an event");
        let deleted = matches!(event, WatchEvent::Deleted(_));
        let Some(object) = event.into_object() else { continue };
        let (key, (uid, version)) = entry(&object);
        match deleted {
            true => _ = state.remove(&key),
            false => _ = state.insert(key.clone(), (uid.clone(), version.clone())),
        }
        stored.push(Change { version: version.parse().expect("a number"), key, uid, deleted });
        if object.metadata().name() == Some("the-end") {
            break;
        }
    }
    *last.lock().expect("no test has failed") = Some(state);
    for (number, reader) in readers.into_iter().enumerate() {
        let (log, counts) = reader.await.expect("it reads");
        if let Err(wrong) = check(&before, &stored, &log) {
            let from = wrong.place.saturating_sub(12);
            panic!(
                "seed {seed}, stream {number}: {wrong}\n{:#?}",
                &log[from..log.len().min(wrong.place + 4)]
            );
        }
        eprintln!("stream {number}: {} changes stored, {} told, {counts:?}", stored.len(), log.len());
    }
}

#[tokio::test]
async fn a_real_server_sends_what_is_there_and_then_what_happens_on_one_connection() {
    let Some(sandbox) = Sandbox::new("resuming").await else { return };
    let maps = sandbox.client.core_v1().config_maps(sandbox.namespace.clone());
    maps.create(&crate::faults::rig::map("a", "1")).await.expect("it is made");
    for by_pages in [false, true] {
        let watch = maps.watch().resuming();
        let watch = if by_pages { watch.by_pages() } else { watch };
        let mut follower = Follower::new(watch);
        follower.watch = follower.watch.backoff(brief()).initial_events_deadline(Duration::from_secs(30));
        follower.until_complete().await;
        let name = format!("b-{by_pages}");
        maps.create(&crate::faults::rig::map(&name, "1")).await.expect("it is made");
        maps.delete(name.clone()).await.expect("it is gone");
        let gone = format!("deleted {}/{name}", sandbox.namespace);
        follower.until("deletion", |it| it.log.contains(&gone)).await;
        let status = follower.watch.status();
        assert_eq!((status.watches, status.lists, status.failures), (1, 1, 0), "{status:?}");
    }
}

#[tokio::test]
async fn a_real_server_that_no_longer_knows_a_version_is_listed_anew() {
    let Some(sandbox) = Sandbox::new("resuming").await else { return };
    // A kind that is served later than version 1, so that no cache can know that version.
    let aged = crate::real_custom::aged(&sandbox).await;
    aged.create(&crate::real_custom::young("a")).await.expect("it is made");
    let mut follower = Follower::new(aged.watch().resource_version("1").resuming());
    follower.until_complete().await;
    assert!(follower.known.keys().any(|it| it.ends_with("/a")), "{:?}", follower.log);
    assert!(follower.errors.is_empty(), "nobody has to act");
    let status = follower.watch.status();
    assert!(status.failures >= 1 && status.lists == 1, "{status:?}");
}
