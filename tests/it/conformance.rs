//! The one suite on both servers: conversations and other clients, on the embedded server and on the real kube-apiserver, which have
//! to answer alike, and as it is recorded.
//!
//! What is in the suite and how it is played is in `conformance/`; `docs/testing.md` tells how to write more of it.

mod runner;

use std::path::{Path, PathBuf};
use std::time::Instant;

use runner::programs::{self, Mode};
use runner::record;

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
    let outcome = record::live(cases, &kubeconfig, false).await.unwrap_or_else(|error| panic!("{error}"));
    println!("{}, both servers, {:.1} s", outcome.summary(), begun.elapsed().as_secs_f64());
    outcome.assert_same();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_clients_see_no_difference() {
    let Some(kubeconfig) = kubeconfig().await else { return };
    let begun = Instant::now();
    let bench = tempfile::tempdir().expect("a folder");
    let mode = Mode::Live { kubeconfig, tidy: false };
    let outcome = programs::play_all(&folder(), bench.path(), mode).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
    println!("{}, both servers, {:.1} s", outcome.summary(), begun.elapsed().as_secs_f64());
    outcome.assert_same();
}
