//! Connections that many wait for: who hears of one that fails, and what happens where nothing can be opened any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::net::TcpListener;

use super::peer::{Peer, answer_with, ask, outgoing};
use crate::config::{Config, Environment};
use crate::request::{Class, Method};
use crate::transport::{FailureKind, HttpTransport};

#[tokio::test]
async fn many_who_wait_for_a_server_that_is_down_hear_of_it_at_once_and_do_not_storm_it() {
    const REQUESTS: usize = 100;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let knocked = Arc::new(AtomicUsize::new(0));
    let count = knocked.clone();
    // Takes connections and closes them before TLS has begun.
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    for http2 in [true, false] {
        knocked.store(0, Ordering::SeqCst);
        let config = Config::new(&url).environment(Environment::empty());
        let transport = HttpTransport::new(&config.insecure_skip_tls_verify(true).http2(http2)).unwrap();
        let all = futures_util::future::join_all(
            (0..REQUESTS)
                .map(|_| ask(&transport, outgoing(Method::Get, format!("{url}/"), "", Class::Unary))),
        );
        let all = tokio::time::timeout(Duration::from_secs(5), all).await.expect("everybody hears of it");
        assert!(all.iter().all(|answer| answer.as_ref().is_err_and(|it| it.kind == FailureKind::Connect)));
        let knocked = knocked.load(Ordering::SeqCst);
        assert!(knocked <= REQUESTS, "one for each at most: {knocked}");
    }
}

#[test]
fn a_runtime_that_has_ended_fails_requests_and_stops_nobody() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (done, waiting) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _within = handle.enter();
        let url = "https://127.0.0.1:1";
        let config = Config::new(url).environment(Environment::empty()).insecure_skip_tls_verify(true);
        let transport = HttpTransport::new(&config).unwrap();
        for class in [Class::Unary, Class::Stream] {
            let asked = ask(&transport, outgoing(Method::Get, format!("{url}/"), "", class));
            let _ = done.send(asked.now_or_never().map(|answer| answer.unwrap_err()));
        }
    });
    for _ in 0..2 {
        let failure = waiting.recv_timeout(Duration::from_secs(10)).expect("it does not hang");
        assert!(failure.unwrap().message.contains("runtime"));
    }
}

#[tokio::test]
async fn durations_of_any_length_are_taken() {
    let peer = Peer::http2(|_, _| {}, |_, _, respond| async move { answer_with(respond, "got") }).await;
    let config = peer
        .config()
        .connect_timeout(Duration::MAX)
        .http2_ping(Duration::MAX, Duration::MAX)
        .idle_timeout(Duration::MAX)
        .drain_timeout(Duration::MAX)
        .reload_interval(Duration::MAX);
    let transport = HttpTransport::new(&config).unwrap();
    assert_eq!(ask(&transport, peer.get("/")).await.unwrap().1, "got");
    let config = peer.config().http2_ping(Duration::ZERO, Duration::ZERO).idle_timeout(Duration::ZERO);
    let transport = HttpTransport::new(&config).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(5), ask(&transport, peer.get("/"))).await;
    assert_eq!(asked.expect("it does not spin").unwrap().1, "got");
}
