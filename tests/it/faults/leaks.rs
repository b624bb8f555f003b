//! N17, N18: what is given up, and what is dropped, leaves nothing: no task, no descriptor, no memory, no place in a queue.
//!
//! Descriptors and memory are of a process, so each of these tests runs in one of its own.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use clientset_testserver::{Verb, on};

use super::canary;
use super::proxy::Network;
use super::rig::{Http, Rig, client, map};

/// Says to a process of this binary that it is the one that a test runs in.
const ALONE: &str = "CLIENTSET_TEST_ALONE";

/// Runs a test (`module::function`) in a process of its own, and there on one thread.
pub(crate) fn alone(test: &str, body: impl AsyncFnOnce()) {
    if std::env::var_os(ALONE).is_none() {
        let this = std::env::current_exe().expect("this binary");
        let mut command = std::process::Command::new(this);
        command.args(["--exact", &format!("faults::{test}"), "--test-threads", "1", "--nocapture"]);
        let output = command.env(ALONE, "1").output().expect("it starts");
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        print!("{text}");
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(body());
}

pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count())
}

/// The memory of this process, in KiB.
pub(crate) fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

pub(crate) fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Waits until nothing more is there than before: connections end in their own time.
async fn back_to(what: &str, before: (usize, usize)) {
    for _ in 0..100 {
        if tasks() <= before.0 && descriptors() <= before.1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let now = (tasks(), descriptors());
    panic!("{what}: there are {now:?} tasks and descriptors, and {before:?} were before");
}

/// A future that is given up after so many polls. `None`: it was.
struct Polls<F>(Pin<Box<F>>, usize);

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.1.checked_sub(1) {
            None => return Poll::Ready(None),
            Some(left) => self.1 = left,
        }
        match self.0.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            // The last poll was this one: it is given up where it waits now, and not when it would go on.
            Poll::Pending if self.1 == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[test]
fn n17_calls_that_are_given_up_at_any_point_leave_nothing_and_the_next_one_works() {
    alone(
        "leaks::n17_calls_that_are_given_up_at_any_point_leave_nothing_and_the_next_one_works",
        async || {
            for http in Http::BOTH {
                let rig = Rig::new(http).await;
                rig.direct()
                    .core_v1()
                    .config_maps("default")
                    .create(&map("a", "1"))
                    .await
                    .expect("it is made");
                // Small pieces make many points at which a call waits.
                rig.proxy.all(Network::Pieces(40));
                let none = (tasks(), descriptors());
                let client = rig.client();
                let maps = client.core_v1().config_maps("default");
                // At points in time: before there is a connection, in its handshake, and in the answer.
                let (mut given_up, mut done) = (0, 0);
                let mut whole = Duration::MAX;
                for _ in 0..5 {
                    let begun = std::time::Instant::now();
                    rig.client().core_v1().config_maps("default").get("a").await.expect("it works");
                    whole = whole.min(begun.elapsed());
                }
                for part in 0..60 {
                    let fresh = rig.client().core_v1().config_maps("default");
                    match tokio::time::timeout(whole * part / 40, fresh.get("a")).await {
                        Err(_) => given_up += 1,
                        Ok(result) => done += result.map(|_| 1).expect("what is not given up works"),
                    }
                }
                // And wherever a call waits.
                for polls in 1.. {
                    let read = Polls(Box::pin(async { maps.get("a").await.map(drop) }), polls).await;
                    let write = Polls(
                        Box::pin(async {
                            maps.apply("a", &map("a", "2")).field_manager("x").force().await.map(drop)
                        }),
                        polls,
                    )
                    .await;
                    let watch = Polls(
                        Box::pin(async {
                            let mut watch = maps.watch().await?;
                            watch.next().await.expect("an event").map(drop)
                        }),
                        polls,
                    )
                    .await;
                    for outcome in [read, write, watch] {
                        match outcome {
                            None => given_up += 1,
                            Some(result) => {
                                result.expect("what is not given up works");
                                done += 1;
                            }
                        }
                    }
                    if done > 90 || polls > 2000 {
                        break;
                    }
                }
                assert!(given_up > 10 && done > 20, "{http:?}: {given_up} given up, {done} done");
                // Held by the server, and given up by the caller.
                let fault = rig.server.fault(on(Verb::Get).resource("configmaps").hold());
                for _ in 0..20 {
                    let call = async { maps.get("a").await.map(drop) };
                    assert!(tokio::time::timeout(Duration::from_millis(10), call).await.is_err());
                }
                fault.remove();
                let before = rig.proxy.opened();
                maps.get("a").await.expect("the next one works");
                maps.get("a").await.expect("and so does the one after it");
                assert!(rig.proxy.opened() <= before + 1, "{http:?}: connections are used again");
                drop((maps, client));
                back_to(&format!("{http:?}"), none).await;
                println!(
                    "{http:?}: {given_up} calls given up, {done} done, {} connections",
                    rig.proxy.opened()
                );
            }
        },
    );
}

#[test]
fn n18_ten_thousand_clients_that_are_made_and_dropped_leave_nothing() {
    alone("leaks::n18_ten_thousand_clients_that_are_made_and_dropped_leave_nothing", async || {
        for http in Http::BOTH {
            let rig = Rig::new(http).await;
            rig.direct().core_v1().config_maps("default").create(&map("a", "1")).await.expect("it is made");
            let none = (tasks(), descriptors());
            let config = rig.config();
            let mut after_some = 0;
            for number in 1..=10_000 {
                let client = client(config.clone());
                // One in a hundred is used, as a client of a program that serves many users would be.
                if number % 100 == 0 {
                    let maps = client.core_v1().config_maps("default");
                    maps.get("a").await.expect("it answers");
                    let mut watch = maps.watch().await.expect("it begins");
                    watch.next().await.expect("an event").expect("an object");
                }
                if number == 2_000 {
                    after_some = memory();
                }
            }
            back_to(&format!("{http:?}"), none).await;
            let grown = memory().saturating_sub(after_some);
            assert!(grown < 8 * 1024, "{http:?}: {grown} KiB more after 10,000 clients than after 2,000");
            println!("{http:?}: {grown} KiB more after 10,000 clients than after 2,000 ({after_some} KiB)");
        }
        canary::is_clean("");
    });
}
