//! W1, W2, W4, W5, W6, W19: versions that are too old, too new, or known by a bookmark alone.

use clientset_testserver::{Verb, on};
use serde_json::json;

use super::follower::{Follower, asked, state, watches};
use crate::faults::rig::{Http, Rig, map};

/// A server with three ConfigMaps more than it has by itself.
async fn rig(http: Http) -> Rig {
    rig_with(http, |it| it).await
}

async fn rig_with(
    http: Http,
    settings: impl FnOnce(clientset_testserver::Builder) -> clientset_testserver::Builder,
) -> Rig {
    let rig = Rig::with(http, settings).await;
    let maps = rig.direct().core_v1().config_maps("default");
    for name in ["a", "b", "c"] {
        maps.create(&map(name, "1")).await.expect("it is made");
    }
    rig
}

#[tokio::test]
async fn w1_a_version_that_expires_while_watching_is_listed_anew_and_what_was_deleted_meanwhile_is_gone() {
    for http in Http::BOTH {
        let rig = rig(http).await;
        let maps = rig.direct().core_v1().config_maps("default");
        let there = state(&rig).await.len() as u64;
        rig.server.clear_requests();
        rig.server.fault(watches().nth(1).expire_after_events(there + 1));
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        maps.create(&map("d", "1")).await.expect("it is made");
        maps.delete("a").await.expect("it is gone");
        follower.until("applied", |it| it.log.contains(&"applied default/d".to_owned())).await;
        let last = follower.watch.status().resource_version;
        follower.until_equal(&rig).await;
        assert!(!follower.known.contains_key("default/a"), "{http:?}");
        assert!(!follower.log.contains(&"deleted default/a".to_owned()), "it is told by the list alone");
        let status = follower.watch.status();
        assert_eq!((status.lists, status.watches, status.failures), (2, 2, 1), "{http:?}: {status:?}");
        let asked = asked(&rig.server);
        assert_eq!(asked[0], "watch=true&sendInitialEvents=true", "{http:?}");
        assert_eq!(asked[1], format!("watch=true&resourceVersion={last}&sendInitialEvents=true"), "{http:?}");
    }
}

#[tokio::test]
async fn w2_a_version_that_is_refused_at_the_start_of_a_watch_is_listed_anew() {
    for http in Http::BOTH {
        let rig = rig(http).await;
        let maps = rig.direct().core_v1().config_maps("default");
        let there = state(&rig).await.len() as u64;
        rig.server.clear_requests();
        rig.server.fault(watches().nth(1).end_after_events(there + 1));
        rig.server.fault(watches().nth(2).expired());
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        maps.create(&map("d", "1")).await.expect("it is made");
        maps.delete("a").await.expect("it is gone");
        follower.until_equal(&rig).await;
        let lines: Vec<bool> = asked(&rig.server).iter().map(|it| it.contains("sendInitialEvents")).collect();
        assert_eq!(lines[..3], [true, false, true], "{http:?}");
        assert_eq!(follower.watch.status().lists, 2);
        assert!(follower.errors.is_empty(), "nobody has to act");
    }
}

#[tokio::test]
async fn w4_a_version_that_the_server_does_not_know_yet_leads_to_a_list_of_the_newest_state() {
    let status = |message: &str, causes: serde_json::Value| {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 504, "reason": "Timeout",
            "message": message, "details": {"causes": causes, "retryAfterSeconds": 1},
        });
        body.to_string()
    };
    let too_large = "Too large resource version";
    let forms = [
        status("it is so", json!([{"reason": "ResourceVersionTooLarge", "message": too_large}])),
        status("it is so", json!([{"message": too_large}])),
        status(&format!("Timeout: {too_large}: 9, current: 5"), json!([])),
    ];
    for (form, http) in forms.iter().flat_map(|form| Http::BOTH.map(|http| (form, http))) {
        let rig = rig(http).await;
        let there = state(&rig).await.len() as u64;
        rig.server.clear_requests();
        rig.server.fault(watches().nth(1).end_after_events(there + 1));
        rig.server.fault(watches().nth(2).status(504).body("application/json", form.clone()));
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
        follower.until("second list", |it| it.watch.status().lists == 2).await;
        follower.until_equal(&rig).await;
        let asked = asked(&rig.server);
        assert_eq!(asked[2], "watch=true&sendInitialEvents=true", "{http:?} {form}: {asked:?}");
    }
}

#[tokio::test]
async fn w5_pages_that_expire_lead_to_one_full_list_without_duplicates() {
    for http in Http::BOTH {
        let rig = rig(http).await;
        rig.server.clear_requests();
        rig.server.fault(on(Verb::List).resource("configmaps").query("continue", None).nth(1).expired());
        let watch = rig.client().core_v1().config_maps("default").watch().resuming().by_pages().page_size(2);
        let mut follower = Follower::new(watch);
        follower.until_complete().await;
        let asked = asked(&rig.server);
        assert!(asked[0] == "limit=2" && asked[1].contains("continue="), "{http:?}: {asked:?}");
        assert_eq!(asked[2], "", "all at once");
        let started: Vec<usize> =
            (0..follower.log.len()).filter(|at| follower.log[*at] == "started").collect();
        assert_eq!(started.len(), 2, "what was listed so far does not count: {:?}", follower.log);
        let mut listed = follower.log[started[1] + 1..].to_vec();
        let all = listed.len();
        listed.sort();
        listed.dedup();
        assert_eq!(listed.len(), all, "no object comes twice");
        follower.until_equal(&rig).await;
    }
}

#[tokio::test]
async fn w6_a_watch_that_had_nothing_but_bookmarks_resumes_from_the_last_of_them() {
    for http in Http::BOTH {
        let rig = rig_with(http, |it| it.bookmark_interval(std::time::Duration::from_millis(50))).await;
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        let listed: u64 = follower.watch.status().resource_version.parse().expect("a version");
        // What others do moves the version on.
        rig.direct()
            .core_v1()
            .config_maps("kube-system")
            .create(&map("other", "1"))
            .await
            .expect("it is made");
        follower
            .until("bookmark", |it| {
                it.watch.status().resource_version.parse::<u64>().is_ok_and(|it| it > listed)
            })
            .await;
        rig.server.clear_requests();
        rig.server.cut_connections().await.expect("they are cut");
        follower.until("second watch", |it| it.watch.status().watches == 2).await;
        let asked = asked(&rig.server);
        let version = asked[0].strip_prefix("watch=true&resourceVersion=").expect("a version");
        assert!(version.parse::<u64>().is_ok_and(|it| it > listed), "{http:?}: {asked:?}");
        assert_eq!(follower.watch.status().lists, 1, "{http:?}");
        rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
        follower.until_equal(&rig).await;
    }
}

#[tokio::test]
async fn w19_a_server_that_was_restored_from_a_backup_is_noticed_and_listed_anew() {
    for http in Http::BOTH {
        let rig = rig(http).await;
        let maps = rig.direct().core_v1().config_maps("default");
        let backup = rig.server.snapshot();
        for name in ["d", "e", "f"] {
            maps.create(&map(name, "1")).await.expect("it is made");
        }
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        rig.server.restore(&backup).await.expect("it is back");
        // The server says nothing of it: the watch is of a version that has not come yet.
        follower.until_equal(&rig).await;
        assert!(!follower.known.contains_key("default/f"), "{http:?}");
        rig.direct().core_v1().config_maps("default").delete("a").await.expect("it is gone");
        follower.until_equal(&rig).await;
        assert!(follower.errors.is_empty(), "{http:?}: nobody has to act: {:?}", follower.errors);
    }
}
