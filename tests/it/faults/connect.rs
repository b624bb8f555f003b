//! N1 to N4: there is no connection, and the error says how far it got.

use std::time::{Duration, Instant};

use clientset::{Config, ConnectFailure, ConnectPhase};
use tokio::net::TcpListener;

use super::canary;
use super::raw::{RawServer, unanswered};
use super::rig::{client, failure, map, within};

/// How long a test waits for what should be over in a moment.
const SOON: Duration = Duration::from_secs(20);

/// A port at which nobody listens.
async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("https://{}", listener.local_addr().expect("an address"))
}

#[tokio::test]
async fn n1_a_refused_connection_is_told_with_the_address_and_nothing_was_sent() {
    let url = closed().await;
    let client = client(Config::new(&url).bearer_token(canary::secret("token")));
    let maps = client.core_v1().config_maps("default");
    let read = within(SOON, async { failure(maps.get("a").await) }).await;
    let begun = Instant::now();
    let write = within(SOON, async { failure(maps.create(&map("a", "1")).await) }).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "a write is not tried again");
    for (error, text) in [read, write] {
        assert!(error.is_connect(), "{text}");
        assert!(
            text.contains(&url) && text.contains("refused") && text.contains("othing was sent"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn n2_a_name_that_does_not_resolve_is_told_within_the_connect_timeout() {
    let config = Config::new("https://no-such-host.invalid:6443").connect_timeout(Duration::from_secs(3));
    let client = client(config);
    let (error, text) = within(SOON, async { failure(client.core_v1().nodes().list().await) }).await;
    assert!(error.is_connect() && text.contains("no-such-host.invalid"), "{text}");
    let kind = error.connect_failure();
    // A machine whose resolver does not answer at all shows the other.
    assert!(matches!(kind, Some(ConnectFailure::Dns | ConnectFailure::Timeout { .. })), "{text}");
}

#[tokio::test]
async fn n3_packets_that_are_not_answered_end_at_the_connect_timeout() {
    let (listener, _queued) = unanswered().await;
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let client = client(Config::new(&url).connect_timeout(Duration::from_millis(400)));
    let begun = Instant::now();
    let created = client.core_v1().config_maps("default").create(&map("a", "1"));
    let (error, text) = within(SOON, async { failure(created.await) }).await;
    assert!(
        error.is_connect() && error.is_timeout() && !error.is_ambiguous() && text.contains(&url),
        "{text}"
    );
    let phase = ConnectPhase::Connect;
    assert!(
        matches!(error.connect_failure(), Some(ConnectFailure::Timeout { phase: it, .. }) if it == phase),
        "{text}"
    );
    assert!((400..3000).contains(&begun.elapsed().as_millis()), "{:?}: {text}", begun.elapsed());
}

#[tokio::test]
async fn n4_a_tls_handshake_that_stalls_ends_at_its_timeout() {
    let server = RawServer::plain(|mut connection| async move { connection.silence().await }).await;
    let url = format!("https://{}", server.address());
    let client = client(Config::new(&url).connect_timeout(Duration::from_millis(400)));
    let begun = Instant::now();
    let created = client.core_v1().config_maps("default").create(&map("a", "1"));
    let (error, text) = within(SOON, async { failure(created.await) }).await;
    assert!(
        error.is_connect() && error.is_timeout() && !error.is_ambiguous() && text.contains(&url),
        "{text}"
    );
    let phase = ConnectPhase::Tls;
    assert!(
        matches!(error.connect_failure(), Some(ConnectFailure::Timeout { phase: it, .. }) if it == phase),
        "{text}"
    );
    assert!((400..3000).contains(&begun.elapsed().as_millis()), "{:?}: {text}", begun.elapsed());
    assert_eq!(server.opened(), 1);
}
