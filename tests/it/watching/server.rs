//! W3, W7, W8, W16, W17, W18: servers that end watches at once, that do not know how to begin them, that fail, go away, refuse, or
//! serve something else under the same name.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clientset::{DynamicObject, ResourceInfo, WatchPhase};
use clientset_testserver::{TestServer, User, Verb, on};
use serde_json::json;

use super::follower::{Follower, asked, state, watches};
use crate::faults::rig::{Http, Rig, map};
use crate::harness::soon;

#[tokio::test]
async fn w3_watches_that_end_at_once_are_failures_and_the_second_leads_to_a_list() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        let listed = follower.watch.status().resource_version;
        rig.server.clear_requests();
        // As some providers do it instead of saying 410.
        let fault = rig.server.fault(watches().first(2).end_after_events(0));
        rig.server.cut_connections().await.expect("they are cut");
        follower.until("second list", |it| it.watch.status().lists == 2).await;
        let same = format!("watch=true&resourceVersion={listed}");
        let asked = asked(&rig.server);
        assert_eq!(asked, [same.clone(), same.clone(), format!("{same}&sendInitialEvents=true")], "{http:?}");
        assert_eq!(fault.fired(), 2);
        rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
        follower.until_equal(&rig).await;
    }
}

#[tokio::test]
async fn w7_a_server_that_sends_no_initial_events_is_listed_in_pages_and_that_is_remembered() {
    for http in Http::BOTH {
        for refusal in [400, 422] {
            let rig = Rig::new(http).await;
            rig.server.fault(watches().query("sendInitialEvents", None).status(refusal));
            let client = rig.client();
            for round in 0..3 {
                let watch = client.core_v1().config_maps("default").watch().resuming();
                let mut follower = Follower::new(watch);
                follower.until_complete().await;
                assert!(follower.errors.is_empty(), "{http:?}, {refusal}, round {round}");
            }
            let tried = rig.server.requests_of(&watches().query("sendInitialEvents", None));
            assert_eq!(tried.len(), 1, "{http:?}, {refusal}: once is enough");
        }
    }
}

#[tokio::test]
async fn w7_initial_events_that_never_end_are_given_up_at_the_deadline() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let there = state(&rig).await.len() as u64;
        rig.server.clear_requests();
        rig.server.fault(watches().query("sendInitialEvents", None).stall_after_events(there));
        let mut follower = Follower::of(&rig);
        follower.watch = follower.watch.initial_events_deadline(Duration::from_millis(600));
        let begun = Instant::now();
        follower.until_complete().await;
        assert!(begun.elapsed() >= Duration::from_millis(600), "{http:?}");
        rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
        follower.until_equal(&rig).await;
        let lists =
            rig.server.requests_of(&on(Verb::List).resource("configmaps").query("limit", Some("500")));
        assert_eq!(lists.len(), 1, "{http:?}: {:?}", asked(&rig.server));
    }
}

#[tokio::test]
async fn w7_initial_events_that_end_without_their_bookmark_are_given_up_after_the_second_time() {
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let there = state(&rig).await.len() as u64;
        rig.server.clear_requests();
        rig.server.fault(watches().query("sendInitialEvents", None).end_after_events(there));
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        let asked = asked(&rig.server);
        let initial = "watch=true&sendInitialEvents=true";
        assert_eq!(asked[..3], [initial, initial, "limit=500"], "{http:?}");
        follower.until_equal(&rig).await;
    }
}

#[tokio::test]
async fn w8_errors_in_the_stream_are_waited_out_and_only_a_server_that_keeps_failing_is_listed_anew() {
    let event = |code: u16, reason: &str| {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason});
        json!({"type": "ERROR", "object": status}).to_string() + "\n"
    };
    let no_status = json!({"type": "ERROR", "object": "gone"}).to_string() + "\n";
    for http in Http::BOTH {
        for error in [event(429, "TooManyRequests"), event(500, "InternalError"), no_status.clone()] {
            let rig = Rig::new(http).await;
            let mut follower = Follower::of(&rig);
            follower.until_complete().await;
            let listed = follower.watch.status().resource_version;
            rig.server.clear_requests();
            rig.server.fault(watches().first(2).body("application/json", error.clone()));
            rig.server.cut_connections().await.expect("they are cut");
            follower.until("third watch", |it| it.watch.status().watches == 4).await;
            rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
            follower.until_equal(&rig).await;
            assert_eq!(
                asked(&rig.server)[..3],
                vec![format!("watch=true&resourceVersion={listed}"); 3],
                "{error}"
            );
            assert_eq!(follower.watch.status().lists, 1, "{http:?}: {error}");
        }
        let rig = Rig::new(http).await;
        let mut follower = Follower::of(&rig);
        follower.until_complete().await;
        let fault = rig.server.fault(watches().body("application/json", event(500, "InternalError")));
        rig.server.cut_connections().await.expect("they are cut");
        let begun = Instant::now();
        follower.until("second list", |it| it.watch.status().lists == 2).await;
        assert!(begun.elapsed() >= Duration::from_millis(1500), "30 s, twenty times shorter");
        fault.remove();
        rig.direct().core_v1().config_maps("default").create(&map("d", "1")).await.expect("it is made");
        follower.until_equal(&rig).await;
    }
}

#[tokio::test]
async fn w16_two_hundred_watches_that_lose_their_server_come_back_one_after_another_and_lose_nothing() {
    for http in Http::BOTH {
        let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let record = times.clone();
        let tell = move |request: &clientset_testserver::ReceivedRequest| {
            if request.verb == Verb::Watch {
                record.lock().expect("no test has failed").push(Instant::now());
            }
        };
        let rig = Rig::with(http, |it| it.on_answer(tell)).await;
        let client = rig.client();
        let mut followers = tokio::task::JoinSet::new();
        let (all, mut complete) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..200 {
            let (watch, all) = (client.core_v1().config_maps("default").watch().resuming(), all.clone());
            followers.spawn(async move {
                // The first wait is 200 to 400 ms.
                let mut follower = Follower::new(watch);
                follower.watch = follower
                    .watch
                    .backoff(clientset::Backoff::new(Duration::from_millis(200), Duration::from_secs(2)));
                follower.until_complete().await;
                all.send(()).expect("the test waits");
                follower.until("new object", |it| it.known.contains_key("default/new")).await;
                assert_eq!(follower.watch.status().lists, 1, "nobody listed anew");
            });
        }
        for _ in 0..200 {
            complete.recv().await.expect("all are there");
        }
        rig.server.take_down().await.expect("it is down");
        tokio::time::sleep(Duration::from_millis(100)).await;
        times.lock().expect("no test has failed").clear();
        rig.server.bring_up().await.expect("it is back");
        rig.direct().core_v1().config_maps("default").create(&map("new", "1")).await.expect("it is made");
        while let Some(followed) = followers.join_next().await {
            followed.expect("it follows");
        }
        let times = times.lock().expect("no test has failed");
        let spread = times.iter().max().zip(times.iter().min()).map(|(last, first)| *last - *first);
        assert!(times.len() >= 200 && spread >= Some(Duration::from_millis(100)), "{http:?}: {spread:?}");
        let busiest = times
            .iter()
            .map(|at| times.iter().filter(|it| (*at..*at + Duration::from_millis(20)).contains(*it)).count());
        assert!(busiest.max() <= Some(150), "they do not come all at once");
    }
}

#[tokio::test]
async fn w17_permissions_that_are_taken_away_are_told_and_when_they_are_back_it_goes_on_by_itself() {
    for http in Http::BOTH {
        let user = User::new("watcher").token("watchers-token");
        let rig = Rig::with(http, |it| it.rbac(true).user(user)).await;
        let api = rig.direct();
        let binding = serde_json::from_value(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "watcher"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "watcher"}],
        }))
        .expect("a RoleBinding");
        let bindings = api.rbac_v1().role_bindings("default");
        bindings.create(&binding).await.expect("it is bound");
        let client = crate::faults::rig::client(rig.config().bearer_token("watchers-token"));
        let watch = client.core_v1().config_maps("default").watch().resuming();
        let mut follower = Follower::new(watch);
        follower.until_complete().await;
        bindings.delete("watcher").await.expect("it is taken away");
        rig.server.cut_connections().await.expect("they are cut");
        follower.until("refusal", |it| it.errors.len() >= 2).await;
        assert!(follower.errors.iter().all(|it| it.is_forbidden()), "{http:?}: {:?}", follower.errors);
        let status = follower.watch.status();
        let failure = status.last_failure.expect("a failure");
        assert_eq!((failure.http_status, failure.reason.as_str()), (Some(403), "Forbidden"));
        assert!(failure.message.contains("configmaps"), "it names the rule that is missing: {failure}");
        // By a connection that was not cut.
        let api = rig.direct();
        api.core_v1().config_maps("default").create(&map("meanwhile", "1")).await.expect("it is made");
        api.rbac_v1().role_bindings("default").create(&binding).await.expect("it is bound again");
        follower.until_equal(&rig).await;
        let status = follower.watch.status();
        assert_eq!((status.phase, status.lists), (WatchPhase::Watching, 1), "{http:?}: it resumes");
    }
}

#[tokio::test]
async fn w18_a_definition_that_is_deleted_and_made_again_is_listed_anew() {
    let definition = || -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "lamps.example.org"},
            "spec": {
                "group": "example.org", "scope": "Namespaced", "names": {"plural": "lamps", "kind": "Lamp"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
            },
        }))
        .expect("a definition")
    };
    let lamp = |name: &str| -> DynamicObject {
        serde_json::from_value(
            json!({"apiVersion": "example.org/v1", "kind": "Lamp", "metadata": {"name": name}}),
        )
        .expect("a lamp")
    };
    let info = |group: &str, version: &str, kind: &str, plural: &str, namespaced| {
        ResourceInfo::new(
            group.to_owned(),
            version.to_owned(),
            kind.to_owned(),
            plural.to_owned(),
            namespaced,
        )
    };
    for http in Http::BOTH {
        let rig = Rig::new(http).await;
        let api = rig.direct();
        let of_definitions = || {
            info("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false)
        };
        let definitions = api.client().dynamic(of_definitions());
        let lamps = info("example.org", "v1", "Lamp", "lamps", true);
        let direct = clientset::DynamicApi::dynamic(api.client(), lamps.clone(), Some("default".to_owned()));
        let make = async |lamps: &clientset::DynamicApi, name: &'static str| {
            soon(async || lamps.create(&lamp(name)).await.ok()).await;
        };
        definitions.create(&definition()).await.expect("it is defined");
        make(&direct, "old-a").await;
        make(&direct, "old-b").await;
        let client = rig.client();
        let watched =
            clientset::DynamicApi::dynamic(client.client(), lamps.clone(), Some("default".to_owned()));
        let mut follower = Follower::new(watched.watch().resuming());
        follower.until("old lamps", |it| it.known.len() == 2).await;
        // While it is away, so that no event tells of the deletions.
        rig.server.fault(on(Verb::Watch).resource("lamps").first(3).status(503));
        rig.server.cut_connections().await.expect("they are cut");
        // By a connection that was not cut.
        let api = rig.direct();
        let definitions = api.client().dynamic(of_definitions());
        let direct = clientset::DynamicApi::dynamic(api.client(), lamps, Some("default".to_owned()));
        definitions.delete("lamps.example.org").await.expect("it is deleted");
        soon(async || definitions.get("lamps.example.org").await.err().filter(|it| it.is_not_found())).await;
        follower.until("404", |it| it.errors.iter().any(|it| it.is_not_found())).await;
        definitions.create(&definition()).await.expect("it is defined again");
        make(&direct, "new").await;
        follower.until("new lamp alone", |it| it.known.keys().eq(["default/new"])).await;
        let listed: Vec<String> = direct
            .list()
            .await
            .expect("a list")
            .items
            .iter()
            .map(|it| super::follower::entry(it).1.0)
            .collect();
        assert_eq!(follower.known["default/new"].0, listed[0], "{http:?}");
    }
}

#[tokio::test]
async fn several_namespaces_are_followed_by_one_stream() {
    use futures_util::StreamExt as _;
    let server = TestServer::start().await.expect("a server");
    let client = clientset::Clientset::from_client(server.client().expect("a client"));
    let namespaces = ["default", "kube-system", "kube-public"];
    let watches = namespaces.map(|it| client.core_v1().config_maps(it).watch().resuming());
    let mut all = futures_util::stream::select_all(watches);
    for namespace in namespaces {
        client.core_v1().config_maps(namespace).create(&map("mine", "1")).await.expect("it is made");
    }
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < namespaces.len() {
        let event = tokio::time::timeout(Duration::from_secs(30), all.next()).await.expect("in time");
        let event = event.expect("it does not end").expect("nobody has to act");
        if let Some(object) = event.object().filter(|it| it.metadata.name.as_deref() == Some("mine")) {
            seen.extend(object.metadata.namespace.clone());
        }
    }
}
