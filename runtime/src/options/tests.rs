//! The server's rules for options, a row a case.

use super::*;
use crate::Result;
use crate::request::Query;

fn query(build: impl FnOnce(&mut Query) -> Result<()>) -> Result<String> {
    let mut query = Query::default();
    build(&mut query)?;
    let mut out = String::new();
    query.write(&mut out);
    Ok(out)
}

#[test]
fn list_options_follow_the_servers_rules() {
    let exact = ResourceVersionMatch::Exact;
    let base = ListOptions::default;
    for (options, expected) in [
        (base(), Ok("")),
        (base().limit(0).label_selector(""), Ok("")),
        (
            base().label_selector("a=b").limit(5).continue_token("t"),
            Ok("?labelSelector=a%3Db&limit=5&continue=t"),
        ),
        (
            base().resource_version("7").resource_version_match(exact),
            Ok("?resourceVersion=7&resourceVersionMatch=Exact"),
        ),
        (base().resource_version_match(exact), Err("needs a resource_version")),
        (base().resource_version("0").resource_version_match(exact), Err("\"0\"")),
        (
            base().resource_version("7").resource_version_match(exact).continue_token("t"),
            Err("continue token"),
        ),
        (base().resource_version("7").continue_token("t"), Err("continue token")),
    ] {
        match (query(|query| options.query(query)), expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected),
            (Err(error), Err(why)) => {
                assert!(error.is_request() && error.to_string().contains(why), "{error}")
            }
            (other, expected) => panic!("{other:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn watch_options_follow_the_servers_rules() {
    let base = WatchOptions::default;
    for (options, expected) in [
        (base(), Ok("?watch=true")),
        (
            base().resource_version("7").allow_bookmarks().timeout_seconds(300),
            Ok("?watch=true&resourceVersion=7&timeoutSeconds=300&allowWatchBookmarks=true"),
        ),
        (
            base().send_initial_events(true),
            Ok(
                "?watch=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&sendInitialEvents=true",
            ),
        ),
        (
            base().send_initial_events(false),
            Ok("?watch=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=false"),
        ),
        (
            base()
                .send_initial_events(true)
                .allow_bookmarks()
                .resource_version_match(ResourceVersionMatch::Exact),
            Err("NotOlderThan"),
        ),
        (base().resource_version_match(ResourceVersionMatch::NotOlderThan), Err("send_initial_events")),
    ] {
        match (query(|query| options.query(query)), expected) {
            (Ok(text), Ok(expected)) => assert_eq!(text, expected),
            (Err(error), Err(why)) => {
                assert!(error.is_request() && error.to_string().contains(why), "{error}")
            }
            (other, expected) => panic!("{other:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn field_managers_are_short_and_printable_and_apply_needs_one() {
    for (manager, ok) in [
        ("me", true),
        (&*"x".repeat(128), true),
        (&*"ü".repeat(64), true),
        (&*"ü".repeat(65), false),
        (&*"x".repeat(129), false),
        ("a\nb", false),
    ] {
        let options = CreateOptions::default().field_manager(manager);
        assert_eq!(query(|query| options.query(query)).is_ok(), ok, "{manager:?}");
    }
    assert!(
        query(|query| ApplyOptions::default().query(query))
            .unwrap_err()
            .to_string()
            .contains("field manager")
    );
    let options = ApplyOptions::default().field_manager("me");
    assert_eq!(query(|query| options.query(query)).unwrap(), "?fieldManager=me&force=false");
}

#[test]
fn delete_options_travel_as_body() {
    let body = |options: DeleteOptions| options.body().unwrap().map(|body| String::from_utf8(body).unwrap());
    assert_eq!(body(DeleteOptions::default()), None);
    assert_eq!(
        body(
            DeleteOptions::default()
                .grace_period_seconds(0)
                .precondition_uid("u")
                .propagation_policy(PropagationPolicy::Foreground)
                .dry_run()
        )
        .unwrap(),
        concat!(
            r#"{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u"},"#,
            r#""propagationPolicy":"Foreground","dryRun":["All"]}"#
        )
    );
    assert!(DeleteOptions::default().grace_period_seconds(-1).body().is_err());
    let both = DeleteOptions::default().orphan_dependents(true).propagation_policy(PropagationPolicy::Orphan);
    assert!(both.body().is_err());
}

#[test]
fn log_options_follow_the_servers_rules() {
    let options =
        LogOptions::default().container("a b").follow().tail_lines(0).since_time("2026-01-31T12:00:00Z");
    assert_eq!(
        query(|query| options.query(query)).unwrap(),
        "?container=a%20b&follow=true&sinceTime=2026-01-31T12%3A00%3A00Z&tailLines=0"
    );
    for bad in [
        LogOptions::default().tail_lines(-1),
        LogOptions::default().limit_bytes(0),
        LogOptions::default().since_seconds(0),
        LogOptions::default().since_seconds(1).since_time("2026-01-31T12:00:00Z"),
        LogOptions::default().since_time("yesterday"),
    ] {
        assert!(query(|query| bad.query(query)).is_err(), "{bad:?}");
    }
}
