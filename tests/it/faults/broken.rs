//! N5, N6, N9, N16: a connection that stood breaks, or is slow beyond use.

use std::time::{Duration, Instant};

use clientset_testserver::{Verb, on};

use super::proxy::Network;
use super::raw::RawServer;
use super::rig::{Http, Rig, client, failure, map, within};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn n5_a_read_that_is_reset_is_sent_again_on_a_new_connection() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let maps = rig.client().core_v1().config_maps("default");
        rig.direct().core_v1().config_maps("default").create(&map("a", "1")).await.expect("it is made");
        let fault = rig.server.fault(on(Verb::Get).resource("configmaps").nth(1).reset());
        let found = within(SOON, async { maps.get("a").await }).await.expect("the second try");
        assert_eq!(found.data, map("a", "1").data, "{http:?}");
        assert_eq!((fault.fired(), rig.proxy.opened()), (1, 2), "{http:?}");
    }
}

#[tokio::test]
async fn n5_a_write_that_is_reset_is_sent_once_and_the_error_says_that_it_may_have_been_applied() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let maps = rig.client().core_v1().config_maps("default");
        rig.server.fault(on(Verb::Create).resource("configmaps").after_processing().reset());
        let (error, text) = within(SOON, async { failure(maps.create(&map("a", "1")).await) }).await;
        assert!(error.is_ambiguous() && error.is_transport(), "{http:?}: {text}");
        assert_eq!(rig.server.requests_of(&on(Verb::Create).resource("configmaps")).len(), 1, "{http:?}");
        let kept = rig.direct().core_v1().config_maps("default").get("a").await;
        assert!(kept.is_ok(), "this one was applied, in fact");
    }
}

#[tokio::test]
async fn n6_a_body_that_ends_too_early_is_an_error_and_never_a_short_list() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let maps = rig.client().core_v1().config_maps("default");
        for name in ["a", "b", "c"] {
            rig.direct().core_v1().config_maps("default").create(&map(name, "1")).await.expect("it is made");
        }
        let whole = maps.list().await.expect("a list").items.len();
        for bytes in [0, 1, 200, 500] {
            let fault = rig.server.fault(on(Verb::List).resource("configmaps").truncate_after(bytes));
            let (error, text) = within(SOON, async { failure(maps.list().await) }).await;
            assert!(error.is_truncated() && error.is_transport(), "{http:?} after {bytes}: {text}");
            fault.remove();
        }
        assert_eq!(maps.list().await.expect("a list").items.len(), whole, "{http:?}");
    }
}

#[tokio::test]
async fn n6_a_length_that_is_too_long_is_an_error() {
    let server = RawServer::plain(|mut connection| async move {
        if connection.request().await.is_some() {
            let body = r#"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[]}"#;
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n";
            connection.write(format!("{head}{body}")).await;
        }
    })
    .await;
    let maps = client(server.config()).core_v1().config_maps("default");
    let (error, text) = within(SOON, async { failure(maps.list().await) }).await;
    assert!(error.is_truncated(), "{text}");
}

#[tokio::test]
async fn n9_an_idle_connection_that_the_server_closed_is_no_error_for_the_next_request() {
    for http in Http::BOTH {
        for how in [Network::HalfClose, Network::Close, Network::Reset] {
            let rig = Rig::new(http).await;
            let maps = rig.client().core_v1().config_maps("default");
            maps.create(&map("a", "1")).await.expect("it is made");
            rig.proxy.present(how);
            // A write, since reads would be tried again. The client hears of the end in its own time.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let made = within(SOON, async { maps.create(&map("b", "1")).await }).await;
            made.unwrap_or_else(|error| panic!("{http:?} {how:?}: {error}"));
            assert_eq!(rig.proxy.opened(), 2, "{http:?} {how:?}");
        }
    }
}

#[tokio::test]
async fn n16_an_answer_that_drips_fails_at_the_callers_deadline() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let maps =
            client(rig.config().request_timeout(Duration::from_millis(700))).core_v1().config_maps("default");
        rig.server.fault(on(Verb::List).resource("configmaps").bytes_per_second(1));
        let begun = Instant::now();
        let (error, text) = within(SOON, async { failure(maps.list().await) }).await;
        assert!(error.is_timeout() && !error.is_stalled() && !error.is_connect(), "{http:?}: {text}");
        assert!((700..5000).contains(&begun.elapsed().as_millis()), "{http:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn n15_an_answer_that_stops_coming_is_told_as_stalled_while_the_server_lives() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let client = client(rig.config().stall_timeout(Duration::from_millis(300)));
        let maps = client.core_v1().config_maps("default");
        maps.create(&map("a", "1")).await.expect("it is made");
        let fault = rig.server.fault(on(Verb::List).resource("configmaps").stall_after(50));
        let begun = Instant::now();
        let (error, text) = within(SOON, async { failure(maps.list().await) }).await;
        assert!(error.is_stalled() && error.is_timeout(), "{http:?}: {text}");
        assert!((300..10_000).contains(&begun.elapsed().as_millis()), "{http:?}: {:?}", begun.elapsed());
        fault.remove();
        within(SOON, async { maps.list().await }).await.expect("the next one works");
        // Who waits before they go on reading is no server that stalls.
        let mut stream = client
            .client()
            .rest()
            .get("/api/v1/namespaces/default/configmaps")
            .stream()
            .await
            .expect("it begins");
        tokio::time::sleep(Duration::from_millis(700)).await;
        let mut read = 0;
        while let Some(piece) = stream.next().await {
            read += piece.expect("no stall").len();
        }
        assert!(read > 100, "{http:?}");
    }
}
