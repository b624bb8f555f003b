//! Trying again: how often, how long between, and what may have been done when there is no other try.

use super::scripted::{Act, Script};
use super::*;

const OK: &str = OBJECT;

fn ok() -> Act {
    Act::answer(200, &[], OK)
}

fn no_content() -> Widget {
    Widget::default()
}

#[tokio::test(start_paused = true)]
async fn h1_a_server_that_says_when_is_asked_again_then_for_every_verb_and_ten_times_at_most() {
    let (client, script) = Script::client((0..11).map(|_| Act::busy(429, "3")));
    let error = widgets(&client).create(&no_content()).await.unwrap_err();
    assert!(error.is_too_many_requests() && !error.is_ambiguous());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert!(error.to_string().contains("[after 11 tries]"), "{error}");
    assert_eq!(script.count(), 11);
    assert!(script.waits().iter().all(|wait| (3.0..=5.1).contains(wait)), "{:?}", script.waits());
    let spread: std::collections::BTreeSet<_> =
        script.waits().iter().map(|wait| format!("{wait:.3}")).collect();
    assert!(spread.len() > 2, "those who were told the same do not come back together: {spread:?}");
}

#[tokio::test(start_paused = true)]
async fn h2_a_write_that_the_server_fails_without_a_word_about_later_is_sent_once_and_a_read_again() {
    for code in [500, 502, 503, 504] {
        let failing = || Act::answer(code, &[], &status(code, "Unheard"));
        let (client, script) = Script::client([failing(), ok()]);
        let error = widgets(&client).create(&no_content()).await.unwrap_err();
        assert_eq!((error.http_status(), error.reason(), script.count()), (Some(code), "Unheard", 1));
        assert_eq!(error.is_ambiguous(), matches!(code, 502 | 504), "{error}");

        let (client, script) = Script::client([failing(), failing(), ok()]);
        widgets(&client).get("a").await.unwrap();
        assert_eq!(script.count(), 3);

        let (client, script) = Script::client((0..9).map(|_| failing()));
        let error = widgets(&client).get("a").await.unwrap_err();
        assert_eq!((error.http_status(), script.count()), (Some(code), 5));
        assert!(error.to_string().contains("after 5 tries") && !error.is_ambiguous(), "{error}");
        assert!(script.waits().iter().sum::<f64>() <= 1.6, "one that is down is said soon");
    }
}

#[tokio::test(start_paused = true)]
async fn h3_any_retry_after_is_followed_clamped_or_passed_over() {
    let date = |seconds: i64| {
        let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap()
    };
    for (value, tries, least, most) in [
        ("1000000000000000000".to_owned(), 2, 60.0, 60.0),
        ("99999999999999999999999999999999999999999".to_owned(), 2, 60.0, 60.0),
        ("0".to_owned(), 2, 0.0, 0.2),
        (date(20), 2, 18.0, 22.5),
        (date(-86_400), 2, 0.0, 0.2),
        (date(86_400 * 365 * 1000), 2, 60.0, 60.0),
        ("-1".to_owned(), 1, 0.0, 0.0),
        ("1e3".to_owned(), 1, 0.0, 0.0),
        ("\u{fffd}".to_owned(), 1, 0.0, 0.0),
        (String::new(), 1, 0.0, 0.0),
        ("Mon, 99 Foo 2026".to_owned(), 1, 0.0, 0.0),
    ] {
        let (client, script) = Script::client([Act::busy(503, &value), Act::answer(201, &[], OK)]);
        assert_eq!(widgets(&client).create(&no_content()).await.is_ok(), tries == 2, "{value:?}");
        assert_eq!(script.count(), tries, "{value:?}");
        let waits = script.waits();
        assert!(waits.iter().all(|wait| (least..=most + 0.01).contains(wait)), "{value:?}: {waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h3_no_wait_lasts_past_the_timeout_and_a_long_timeout_allows_a_long_wait() {
    let (client, script) = Script::client([Act::busy(503, "30"), ok()]);
    let begun = tokio::time::Instant::now();
    let error = widgets(&client).get("a").timeout(Duration::from_secs(5)).await.unwrap_err();
    assert!(error.is_service_unavailable(), "what the server said, and not just that time is up: {error}");
    assert!(error.to_string().contains("longer than what is left of the timeout"), "{error}");
    assert_eq!((script.count(), begun.elapsed().as_secs()), (1, 0), "nobody waits for what comes too late");

    let (client, script) = Script::client([Act::busy(503, "300"), ok()]);
    widgets(&client).get("a").timeout(Duration::from_secs(3600)).await.unwrap();
    assert!(script.waits()[0] >= 300.0);
}

#[tokio::test(start_paused = true)]
async fn n1_a_server_that_is_not_there_is_asked_again_for_reads_only() {
    for kind in [FailureKind::Refused, FailureKind::Dns, FailureKind::Connect] {
        let (client, script) = Script::client([Act::Fail(kind), Act::Fail(kind), ok()]);
        widgets(&client).get("a").await.unwrap();
        assert_eq!(script.count(), 3);

        let (client, script) = Script::client([Act::Fail(kind), ok()]);
        let error = widgets(&client).create(&no_content()).await.unwrap_err();
        assert!(error.is_connect() && !error.is_ambiguous(), "{error}");
        assert_eq!(script.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn n5_a_connection_that_breaks_before_the_answer_is_another_try_for_a_read_and_ambiguous_for_a_write() {
    let (client, script) = Script::client([Act::Fail(FailureKind::Broken), ok()]);
    widgets(&client).get("a").await.unwrap();
    assert_eq!(script.count(), 2);

    let (client, script) = Script::client([Act::Fail(FailureKind::Broken), ok()]);
    let error = widgets(&client).create(&no_content()).await.unwrap_err();
    assert!(error.is_ambiguous() && error.is_transport() && !error.is_connect(), "{error}");
    assert!(error.to_string().contains("may have done what was asked; read before repeating it"), "{error}");
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn n11_what_the_server_did_not_begin_is_sent_again_whatever_the_verb() {
    let unsent = || Act::Fail(FailureKind::Unsent);
    let (client, script) = Script::client([unsent(), unsent(), Act::answer(201, &[], OK)]);
    widgets(&client).create(&no_content()).await.unwrap();
    assert_eq!(script.count(), 3);

    let (client, _) = Script::client((0..9).map(|_| unsent()));
    let error = widgets(&client).create(&no_content()).await.unwrap_err();
    assert_eq!(error.connect_failure(), Some(crate::ConnectFailure::NotProcessed));
    assert!(!error.is_ambiguous(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn n6_a_body_that_is_cut_is_never_a_short_answer() {
    let (client, script) = Script::client([Act::cut(200, "{\"items\":[]"), ok()]);
    widgets(&client).get("a").await.unwrap();
    assert_eq!(script.count(), 2);

    let (client, _) = Script::client((0..9).map(|_| Act::cut(200, OK)));
    let error = widgets(&client).get("a").await.unwrap_err();
    assert!(error.is_truncated() && error.is_transport() && !error.is_ambiguous(), "{error}");
    assert!(error.to_string().contains("after 5 tries"), "{error}");

    let (client, script) = Script::client([Act::cut(201, OK), ok()]);
    let error = widgets(&client).create(&no_content()).await.unwrap_err();
    assert!(error.is_truncated() && error.is_ambiguous(), "{error}");
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn n15_an_answer_that_stops_coming_is_stalled_after_20_seconds() {
    for (write, status) in [(false, 200), (true, 201)] {
        let (client, script) = Script::client([Act::stalling(status, "{\"kind\":"), ok()]);
        let begun = tokio::time::Instant::now();
        let error = match write {
            true => widgets(&client).create(&no_content()).await.unwrap_err(),
            false => widgets(&client).get("a").await.unwrap_err(),
        };
        assert!(error.is_stalled() && error.is_timeout(), "{error}");
        assert_eq!(error.is_ambiguous(), write);
        assert!(error.to_string().contains("stopped after 8 bytes, and nothing came for 20s"), "{error}");
        assert_eq!((begun.elapsed().as_secs(), script.count()), (20, 1));
    }
    let config = Config::new("http://203.0.113.7").stall_timeout(Duration::ZERO);
    let (client, _) = Script::configured(config, [Act::stalling(200, "{")]);
    let error = widgets(&client).get("a").timeout(Duration::from_secs(3600)).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_stalled(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn n15_a_slow_reader_of_a_stream_is_never_taken_for_a_server_that_stalls() {
    let (client, _) = Script::client([Act::stalling(200, "one\n")]);
    let mut lines = widgets(&client).logs("a").follow().lines().await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(lines.next().await.unwrap().unwrap(), "one");
    let more = tokio::time::timeout(Duration::from_secs(3600), lines.next()).await;
    assert!(more.is_err(), "a log may be silent for as long as it likes");
}

#[tokio::test(start_paused = true)]
async fn n16_an_answer_that_drips_ends_at_the_callers_deadline() {
    let drops = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok(Bytes::from_static(b" ")), ()))
    });
    let body = crate::transport::Body::new(Box::pin(drops));
    let (client, script) = Script::client([Act::Answer(200, Vec::new(), body), ok()]);
    let begun = tokio::time::Instant::now();
    let error = widgets(&client).get("a").timeout(Duration::from_secs(90)).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_stalled(), "{error}");
    assert_eq!((begun.elapsed().as_secs(), script.count()), (90, 1));
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_time_runs_out_may_have_been_done_and_one_that_waits_for_another_try_was_not() {
    let (client, _) = Script::client([Act::Silence]);
    let error = widgets(&client).create(&no_content()).timeout(Duration::from_secs(3)).await.unwrap_err();
    assert!(error.is_timeout() && error.is_ambiguous(), "{error}");
    let (client, _) = Script::client([Act::Silence]);
    let error = widgets(&client).get("a").timeout(Duration::from_secs(3)).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_ambiguous(), "{error}");
    let (client, _) = Script::client([Act::busy(429, "2"), Act::busy(429, "2")]);
    let error = widgets(&client).create(&no_content()).timeout(Duration::from_secs(3)).await.unwrap_err();
    assert!(error.is_too_many_requests() && !error.is_ambiguous(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_not_stormed() {
    let (client, script) = Script::client([]);
    let mut tries = Vec::new();
    for _ in 0..100 {
        let before = script.count();
        let error = widgets(&client.clone()).get("a").await.unwrap_err();
        tries.push(script.count() - before);
        if tries.len() == 100 {
            assert!(error.to_string().contains("too many requests of this client fail"), "{error}");
        }
    }
    assert_eq!((tries[0], tries[99], tries.iter().sum::<usize>()), (5, 1, 150), "{tries:?}");
}

#[tokio::test(start_paused = true)]
async fn retries_can_be_left_out_and_the_error_tells_of_those_there_were() {
    let (client, script) = Script::client([Act::Fail(FailureKind::Broken), ok()]);
    assert!(widgets(&client.max_retries(0)).get("a").await.unwrap_err().is_transport());
    assert_eq!(script.count(), 1);
    let (client, script) = Script::client([Act::Fail(FailureKind::Broken), ok()]);
    assert!(client.rest().get("/x").max_retries(0).send().await.unwrap_err().is_transport());
    assert_eq!(script.count(), 1);
    let (client, _) = Script::client([Act::Fail(FailureKind::Broken), Act::answer(404, &[], "")]);
    let text = widgets(&client).get("a").await.unwrap_err().to_string();
    assert!(text.contains("[after 2 tries; the one before ended with: it is Broken]"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_there_yet_comes_no_sooner_by_asking() {
    let body = status(504, "Timeout").replace("Timeout it is", "Too large resource version: 9, current: 1");
    let (client, script) = Script::client([Act::answer(504, &[], &body), ok()]);
    let error = widgets(&client).list().resource_version("9").await.unwrap_err();
    assert!(error.is_too_large_resource_version() && script.count() == 1, "{error}");
}

#[tokio::test(start_paused = true)]
async fn n1_the_message_names_the_kubeconfig_and_the_context_where_connecting_or_signing_in_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let text = "{current-context: dev, contexts: [{name: dev, context: {cluster: c, user: u}}], \
                clusters: [{name: c, cluster: {server: 'http://203.0.113.7'}}], users: [{name: u, user: {}}]}";
    std::fs::write(&file, text).unwrap();
    let from = format!("configured by kubeconfig {}, context \"dev\"", file.display());
    let html = Act::answer(200, &[("content-type", "text/html")], "<html>");
    let redirect = Act::answer(302, &[("location", "https://203.0.113.8/login")], "");
    for act in [
        Act::Fail(FailureKind::Dns),
        Act::Fail(FailureKind::Tls),
        Act::Fail(FailureKind::Proxy(Some(407))),
        Act::answer(401, &[], &status(401, "Unauthorized")),
        // Nobody asked: the user of that context has no credentials.
        Act::answer(403, &[], &status(403, "Forbidden")),
        html,
        redirect,
    ] {
        let (client, _) = Script::configured(Config::from_kubeconfig(&file).unwrap(), [act]);
        let text = widgets(&client).create(&no_content()).await.unwrap_err().to_string();
        assert!(text.contains(&from), "{text}");
    }
    let (client, _) = Script::configured(Config::from_kubeconfig(&file).unwrap(), [Act::busy(404, "1")]);
    let text = widgets(&client).get("a").await.unwrap_err().to_string();
    assert!(!text.contains("configured by"), "where it is from does not matter here: {text}");
}
