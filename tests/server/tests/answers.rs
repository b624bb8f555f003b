//! The answers of a real kube-apiserver, recorded, against those of the embedded server.
//!
//! The conversations are in `tests/it/conformance/`, which `tests/it` plays on both servers; here they are held against what is
//! recorded, without a real server. `docs/testing.md` tells the format and how to record.

#[path = "../../it/conformance/runner/mod.rs"]
mod runner;

use std::path::Path;

use runner::programs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_kube_apiserver() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../it/conformance");
    let cases = runner::cases(&folder).unwrap_or_else(|error| panic!("{error}"));
    if let Some(kubeconfig) = std::env::var_os("CLIENTSET_RECORD") {
        let changed = runner::record::record(cases, Path::new(&kubeconfig)).await;
        let changed = changed.unwrap_or_else(|error| panic!("{error}"));
        println!("recorded; changed: {}", changed.join(", "));
        return;
    }
    let outcome = runner::record::against_recorded(cases).await;
    println!("{}", outcome.summary());
    outcome.assert_same();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_clients_print_what_they_print_with_kube_apiserver() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../it/conformance");
    let bench = tempfile::tempdir().expect("a folder");
    if let Some(kubeconfig) = std::env::var_os("CLIENTSET_RECORD") {
        let changed = programs::record(&folder, bench.path(), Path::new(&kubeconfig)).await;
        let changed = changed.unwrap_or_else(|error| panic!("{error}"));
        println!("recorded; changed: {}", changed.join(", "));
        return;
    }
    let outcome = programs::against_recorded(&folder, bench.path()).await;
    let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
    println!("{}", outcome.summary());
    outcome.assert_same();
}
