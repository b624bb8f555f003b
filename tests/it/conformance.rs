//! The one suite on both servers: conversations and other clients, on the embedded server and on the real kube-apiserver, which both
//! have to answer as it is recorded.
//!
//! What is in the suite and how it is played is in `conformance/`; `docs/testing.md` tells how to write more of it.

mod runner;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use runner::again::{Doubt, again};
use runner::{programs, record};

use crate::harness;

/// What the answers are recorded from; another release gives others.
const RELEASE: &str = "\"gitVersion\": \"v1.37.1\"";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

/// The kubeconfig of our own control plane, of the release that the answers are recorded from.
async fn kubeconfig() -> Option<PathBuf> {
    let kubeconfig = harness::kubeconfig()?;
    if std::env::var_os("CLIENTSET_TEST_CONTROLPLANE").is_none() {
        eprintln!(
            "SKIPPED: CLIENTSET_TEST_CONTROLPLANE is not set, so the server is not the one that was recorded"
        );
        return None;
    }
    let server = runner::server::Server::real(&kubeconfig).expect("a kubeconfig");
    let admin = server.person("admin").expect("an administrator");
    let ask = runner::wire::Ask { method: "GET", path: "/version", ..Default::default() };
    let version = runner::wire::send(&server.address, &admin, ask).await.text();
    if !version.contains(RELEASE) {
        eprintln!("SKIPPED: the answers are recorded from another release: {version}");
        return None;
    }
    Some(kubeconfig)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_server_answers_as_the_real_one() {
    let Some(kubeconfig) = kubeconfig().await else { return };
    // Some conversations ask for versions that are long gone, and on a fresh server nothing is.
    let client = clientset::Clientset::new(harness::config("admin").expect("a server")).expect("a client");
    crate::real_errors::compact(&client).await;
    let begun = Instant::now();
    let cases = runner::cases(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let beside = harness::TURNS.read().await;
    let live = record::live(cases, &kubeconfig).await.unwrap_or_else(|error| panic!("{error}"));
    drop(beside);
    let _alone = if live.is_settled() { None } else { Some(harness::TURNS.write().await) };
    let outcome = live.settled().await;
    println!("{}, both servers, {:.1} s", outcome.summary(), begun.elapsed().as_secs_f64());
    outcome.assert_same();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_clients_see_no_difference() {
    let Some(kubeconfig) = kubeconfig().await else { return };
    let begun = Instant::now();
    let bench = tempfile::tempdir().expect("a folder");
    let beside = harness::TURNS.read().await;
    let live = programs::live(&folder(), bench.path(), &kubeconfig).await;
    drop(beside);
    let live = live.unwrap_or_else(|error| panic!("{error}"));
    let _alone = if live.is_settled() { None } else { Some(harness::TURNS.write().await) };
    let outcome = live.settled().await;
    println!("{}, both servers, {:.1} s", outcome.summary(), begun.elapsed().as_secs_f64());
    outcome.assert_same();
}

/// A file that came out otherwise, and comes out otherwise so many times again.
fn doubt(name: &str, bad: usize) -> Doubt<AtomicUsize> {
    Doubt { file: AtomicUsize::new(bad), differences: vec![format!("{name}: first")] }
}

async fn played(bad: &AtomicUsize) -> Vec<String> {
    let left = bad.load(Ordering::Relaxed);
    bad.store(left.saturating_sub(1), Ordering::Relaxed);
    (0..left.min(1)).map(|_| format!("step\n{left} left")).collect()
}

#[tokio::test]
async fn what_the_real_server_answers_otherwise_counts_when_it_does_so_in_every_try() {
    let doubts = vec![doubt("a/late", 2), doubt("b/other", 9), doubt("c/once", 0)];
    let verdict = again(doubts, &[Duration::ZERO; 3], async |it| played(it).await).await;
    assert_eq!(verdict.passed, ["c/once: first (try 1)", "a/late: first (try 3)"]);
    assert_eq!(verdict.differences.len(), 1, "{:?}", verdict.differences);
    let text = &verdict.differences[0];
    assert!(text.contains("now answers otherwise") && text.contains("7 left"), "{text}");
}

#[tokio::test]
async fn so_many_differences_are_no_chance_and_are_not_played_again() {
    let doubts = (0..100).map(|_| doubt("a/many", 0)).collect();
    let verdict = again(doubts, &[Duration::ZERO; 3], async |it| played(it).await).await;
    assert_eq!((verdict.passed.len(), verdict.differences.len()), (0, 100));
}
