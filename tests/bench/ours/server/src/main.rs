//! The embedded API server: `start`, `list`, `watch` or `many` print one line of JSON; `serve` is the server of other benchmarks.
//!
//! Everything runs in this process on two threads, the clients too. Best of several short rounds: what else the machine does can only
//! slow a round down.

mod serve;
mod wire;

use std::io::Result;
use std::time::{Duration, Instant};

use clientset::core::v1::Pod;
use clientset::{Clientset, Config};
use clientset_runtime::codec;
use clientset_runtime::wire::List;
use clientset_testserver::TestServer;
use wire::Line;

const PODS: usize = 10_000;
const WATCHERS: usize = 100;
const CHANGES: usize = 400;
const SERVERS: usize = 200;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("start") => start().await,
        Some("list") => list().await,
        Some("watch") => watch().await,
        Some("many") => many().await,
        Some("serve") => match (std::env::args_os().nth(2), std::env::args_os().nth(3)) {
            (Some(kubeconfig), Some(pods)) => serve::serve(kubeconfig.as_ref(), pods.as_ref()).await,
            _ => Err(std::io::Error::other("usage: serve KUBECONFIG PODS")),
        },
        other => {
            eprintln!("unknown measurement {other:?}: start, list, watch, many or serve");
            std::process::exit(2);
        }
    }
}

/// From nothing to the first answer. The first round of a process reads the tables, and is the one that counts.
async fn start() -> Result<()> {
    let begun = Instant::now();
    let server = TestServer::start().await?;
    let code = Line::open(&server.url()).await?.ask("GET", "/api/v1/namespaces/default", "").await?;
    let took = begun.elapsed();
    assert_eq!(code, 200);
    println!("{{\"seconds\":{},\"alone\":0}}", took.as_secs_f64());
    Ok(())
}

fn pod(number: usize) -> String {
    format!(
        r#"{{"metadata":{{"name":"pod-{number:05}","labels":{{"app":"web","tier":"back","shard":"{}"}},"annotations":{{"example.com/note":"made for a measurement"}}}},"spec":{{"containers":[{{"name":"main","image":"registry.example.com/main:1.2.3","args":["--port=8080","--verbose"],"env":[{{"name":"MODE","value":"test"}},{{"name":"LEVEL","value":"3"}}],"ports":[{{"containerPort":8080}}],"resources":{{"requests":{{"cpu":"100m","memory":"64Mi"}},"limits":{{"cpu":"1","memory":"128Mi"}}}}}}]}}}}"#,
        number % 16
    )
}

/// A list of pods through HTTP, and its encoding and decoding alone.
async fn list() -> Result<()> {
    let server = TestServer::builder().request_limits(10, 0).start().await?;
    let mut line = Line::open(&server.url()).await?;
    for number in 0..PODS {
        let code = line.ask("POST", "/api/v1/namespaces/default/pods", &pod(number)).await?;
        assert_eq!(code, 201);
    }
    let config = Config::from_kubeconfig_str(server.kubeconfig()).expect("a kubeconfig");
    let client = Clientset::new(config).expect("a client");
    let (mut through, mut alone) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        let begun = Instant::now();
        let pods = client.core_v1().pods("default").list().await.expect("a list");
        through = through.min(begun.elapsed());
        assert_eq!(pods.items.len(), PODS);
        let begun = Instant::now();
        let text = codec::to_vec(&pods);
        let again: List<Pod> = codec::from_slice(&text).expect("pods");
        alone = alone.min(begun.elapsed());
        assert_eq!(again.items.len(), PODS);
    }
    println!("{{\"seconds\":{},\"alone\":{}}}", through.as_secs_f64(), alone.as_secs_f64());
    Ok(())
}

/// The time for 20,000 deliveries: changes one after the other, each to all watches.
async fn watch() -> Result<()> {
    let server = TestServer::start().await?;
    let maps = "/api/v1/namespaces/default/configmaps";
    let mut line = Line::open(&server.url()).await?;
    assert_eq!(line.ask("POST", maps, r#"{"metadata":{"name":"a"},"data":{"n":"0"}}"#).await?, 201);
    let mut best = Duration::MAX;
    for round in 0..3 {
        let path = format!("{maps}?watch=true&resourceVersion={}", server.resource_version());
        let mut watches = Vec::new();
        for _ in 0..WATCHERS {
            let mut watch = Line::open(&server.url()).await?;
            watch.send("GET", &path, "").await?;
            watch.begun().await?;
            watches.push(watch);
        }
        let begun = Instant::now();
        let reading: Vec<_> = watches
            .into_iter()
            .map(|mut watch| tokio::spawn(async move { watch.events(CHANGES).await }))
            .collect();
        for change in 0..CHANGES {
            let body = format!(r#"{{"data":{{"n":"{round}-{change}"}}}}"#);
            assert_eq!(line.ask("PATCH", &format!("{maps}/a"), &body).await?, 200);
        }
        for it in reading {
            it.await.expect("a watch that ends")?;
        }
        best = best.min(begun.elapsed());
    }
    let seconds = best.as_secs_f64() * 20_000.0 / (WATCHERS * CHANGES) as f64;
    println!("{{\"seconds\":{seconds},\"alone\":0}}");
    Ok(())
}

/// What 200 servers leave behind in memory, in bytes, after rounds of starting, asking, watching and stopping.
async fn many() -> Result<()> {
    let round = || async {
        let mut servers = Vec::new();
        for _ in 0..SERVERS {
            let server = TestServer::start().await?;
            let mut line = Line::open(&server.url()).await?;
            let maps = "/api/v1/namespaces/default/configmaps";
            assert_eq!(line.ask("POST", maps, r#"{"metadata":{"name":"a"}}"#).await?, 201);
            let mut watch = Line::open(&server.url()).await?;
            watch.send("GET", &format!("{maps}?watch=true"), "").await?;
            watch.begun().await?;
            servers.push((server, line, watch));
        }
        drop(servers);
        Ok::<(), std::io::Error>(())
    };
    let before = descriptors();
    round().await?;
    settled(before).await;
    let empty = resident();
    let rounds = std::env::args().nth(2).and_then(|it| it.parse().ok()).unwrap_or(4);
    for _ in 0..rounds {
        round().await?;
        settled(before).await;
    }
    let grown = resident().saturating_sub(empty);
    println!(
        "{{\"seconds\":0,\"alone\":0,\"bytes\":{grown},\"descriptors\":{}}}",
        descriptors().saturating_sub(before)
    );
    Ok(())
}

/// Waits until closed connections are gone, if they go.
async fn settled(before: usize) {
    for _ in 0..100 {
        if descriptors() <= before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map(Iterator::count).unwrap_or_default()
}

/// The resident set in bytes; pages are of 4 KiB here.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or_default() * 4096
}
