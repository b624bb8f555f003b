//! What a real kube-apiserver refuses, and how the error says so: each predicate, causes, and both kinds of 410.

use clientset::core::v1::{ConfigMap, Container, Pod, PodSpec};
use clientset::{
    Clientset, DeleteOptions, Entity, Error, FieldValidation, Map, Patch, ResourceVersionMatch, ResultExt,
    WatchEvent,
};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::harness::{config, kubeconfig, named, sandbox};

fn config_map(name: &str) -> ConfigMap {
    ConfigMap { metadata: named(name), ..Default::default() }
}

/// Every predicate that is about the answer of a server, by name.
fn predicates(error: &Error) -> Vec<&'static str> {
    let all = [
        ("not found", error.is_not_found()),
        ("already exists", error.is_already_exists()),
        ("conflict", error.is_conflict()),
        ("invalid", error.is_invalid()),
        ("forbidden", error.is_forbidden()),
        ("unauthorized", error.is_unauthorized()),
        ("bad request", error.is_bad_request()),
        ("gone", error.is_gone()),
        ("expired", error.is_expired()),
        ("unsupported media type", error.is_unsupported_media_type()),
        ("not acceptable", error.is_not_acceptable()),
        ("method not allowed", error.is_method_not_allowed()),
        ("too many requests", error.is_too_many_requests()),
        ("internal", error.is_internal()),
        ("decode", error.is_decode()),
        ("transport", error.is_transport()),
        ("connect", error.is_connect()),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
}

/// The error is this and nothing else, and says which server was asked for what.
fn check(error: &Error, wanted: &[&str], code: u16, said: &str) {
    assert_eq!(predicates(error), wanted, "{error}");
    assert_eq!(error.http_status(), Some(code), "{error}");
    let text = error.to_string();
    let server = config("admin").expect("a server").server_url().to_owned();
    assert!(text.contains(said) && text.contains(&server), "{text}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let sandbox = sandbox!("not-found");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    check(&maps.get("m").await.unwrap_err(), &["not found"], 404, "\"m\" not found");
    check(&maps.update(&config_map("m")).await.unwrap_err(), &["not found"], 404, "\"m\" not found");
    check(&maps.delete("m").await.unwrap_err(), &["not found"], 404, "\"m\" not found");
    assert!(maps.get("m").await.optional().unwrap().is_none());
    let elsewhere = sandbox.client.core_v1().config_maps("no-such-namespace");
    check(&elsewhere.create(&config_map("m")).await.unwrap_err(), &["not found"], 404, "no-such-namespace");
    let nowhere = sandbox.client.client().rest().get("/apis/nobody.example.com/v1/things").await.unwrap_err();
    check(&nowhere, &["not found"], 404, "nobody.example.com");
}

#[tokio::test]
async fn what_is_there_already_and_what_changed_are_two_kinds_of_409() {
    let sandbox = sandbox!("conflict-kinds");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let first = maps.create(&config_map("m")).await.unwrap();
    check(&maps.create(&config_map("m")).await.unwrap_err(), &["already exists"], 409, "already exists");
    maps.edit("m", |map| map.immutable = Some(false)).await.unwrap();
    check(&maps.update(&first).await.unwrap_err(), &["conflict"], 409, "object has been modified");
}

#[tokio::test]
async fn an_invalid_object_is_told_with_its_causes() {
    let sandbox = sandbox!("invalid");
    let pods = sandbox.client.core_v1().pods(&sandbox.namespace);
    let container = Container { name: "Not a name".into(), ..Default::default() };
    let spec = PodSpec { containers: vec![container], ..Default::default() };
    let pod = Pod { metadata: named("p"), spec: Some(Box::new(spec)), ..Default::default() };
    let error = pods.create(&pod).await.unwrap_err();
    check(&error, &["invalid"], 422, "spec.containers[0].name");
    let fields: Vec<&str> = error.causes().iter().filter_map(|cause| cause.field.as_deref()).collect();
    assert!(
        fields.contains(&"spec.containers[0].name") && fields.contains(&"spec.containers[0].image"),
        "{fields:?}"
    );
    assert_eq!(error.status().unwrap().reason.as_deref(), Some("Invalid"));
}

#[tokio::test]
async fn who_may_not_is_forbidden_and_who_is_nobody_is_unauthorized() {
    let sandbox = sandbox!("forbidden");
    let bare = config("admin").unwrap().without_credentials();
    let stranger = Clientset::new(bare.clone().bearer_token("not-a-token-of-this-server")).unwrap();
    let error = stranger.core_v1().config_maps(&sandbox.namespace).list().await.unwrap_err();
    check(&error, &["unauthorized"], 401, "/configmaps");
    assert!(
        !format!("{error} {error:?}").contains("not-a-token"),
        "the token is no part of the error: {error:?}"
    );

    let Some(limited) = config_of("user") else { return };
    let limited = Clientset::new(limited).unwrap();
    let error = limited.core_v1().config_maps(&sandbox.namespace).get("m").await.unwrap_err();
    check(&error, &["forbidden"], 403, "cannot get resource \"configmaps\"");
    let error = limited.core_v1().config_maps(&sandbox.namespace).watch().await.unwrap_err();
    check(&error, &["forbidden"], 403, "cannot watch resource");
}

/// A context that a cluster of one's own may not have.
fn config_of(context: &str) -> Option<clientset::Config> {
    let all = clientset::Kubeconfig::read(kubeconfig()?).expect("a kubeconfig");
    all.context(context)?;
    config(context)
}

#[tokio::test]
async fn what_cannot_be_read_is_a_bad_request_and_of_the_wrong_type_unsupported() {
    let sandbox = sandbox!("bad-request");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    maps.create(&config_map("m")).await.unwrap();
    let rest = sandbox.client.client().rest();
    let path = format!("/api/v1/namespaces/{}/configmaps", sandbox.namespace);
    let error = rest.post(&path).body("application/json", "{\"metadata\": ").await.unwrap_err();
    check(&error, &["bad request"], 400, "/configmaps");
    let error = rest.post(&path).body("text/plain", "hello").await.unwrap_err();
    check(&error, &["unsupported media type"], 415, "/configmaps");
    let error = rest.get(&path).header("accept", "image/png").await.unwrap_err();
    check(&error, &["not acceptable"], 406, "/configmaps");
    let error = rest.post(format!("{path}/m")).body("application/json", "{}").await.unwrap_err();
    check(&error, &["method not allowed"], 405, "/configmaps/m");
    let patch = Patch::json(&json!([{"op": "test", "path": "/data/nothing", "value": "1"}])).unwrap();
    let error = maps.patch("m", &patch).await.unwrap_err();
    check(&error, &["invalid"], 422, "/configmaps/m");
    let mut typo = config_map("typo");
    typo.data = Some(Map::from([("not a key", String::new())]));
    let error = maps.create(&typo).field_validation(FieldValidation::Strict).await.unwrap_err();
    check(&error, &["invalid"], 422, "data[not a key]");
    let typo = maps.patch("m", &Patch::merge(&json!({"dota": {"a": "b"}})).unwrap());
    let error = typo.field_validation(FieldValidation::Strict).await.unwrap_err();
    assert!(error.to_string().contains("unknown field \"dota\""), "{error}");
}

#[tokio::test]
async fn a_delete_whose_preconditions_do_not_hold_is_a_conflict() {
    let sandbox = sandbox!("preconditions");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let made = maps.create(&config_map("m")).await.unwrap();
    let wrong = DeleteOptions::default().precondition_uid("00000000-0000-0000-0000-000000000000");
    check(
        &maps.delete("m").options(&wrong).await.unwrap_err(),
        &["conflict"],
        409,
        "UID in the precondition",
    );
    let right = DeleteOptions::default()
        .precondition_uid(made.metadata.uid.unwrap())
        .precondition_resource_version(made.metadata.resource_version.unwrap());
    maps.delete("m").options(&right).await.unwrap();
    assert!(maps.get("m").await.unwrap_err().is_not_found());
}

/// Makes etcd forget everything but now; `false` where the server's etcd cannot be reached.
pub(crate) async fn compact(client: &Clientset) -> bool {
    let Some(file) = kubeconfig().map(|path| path.with_file_name("etcd.url")) else { return false };
    let Ok(url) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: {} is not there, and only the etcd below a server can forget", file.display());
        return false;
    };
    let now = client.core_v1().namespaces().list().limit(1).await.unwrap().metadata.resource_version.unwrap();
    let etcd = clientset::Client::new(clientset::Config::new(url.trim())).unwrap();
    let order = json!({"revision": now, "physical": true});
    match etcd.rest().post("/v3/kv/compaction").json(&order).await {
        Ok(_) => {}
        // Another test has made it forget more already, which is as good.
        Err(error) if error.http_status() == Some(400) => {}
        Err(error) => panic!("etcd forgets: {error}"),
    }
    true
}

/// A continue token of the very first version, behind `m-1`: `{"v":"meta.k8s.io/v1","rv":1,"start":"/m-1\u0000"}`.
///
/// A token of now would not do: what its version held is in the server's memory for some minutes, whatever etcd forgets.
const OLD_TOKEN: &str = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIvbS0xXHUwMDAwIn0";

#[tokio::test]
async fn a_continue_token_that_is_too_old_is_expired_and_says_how_to_go_on() {
    let sandbox = sandbox!("expired");
    // A kind that is served later than version 1, so that no cache can know that version.
    let api = crate::real_custom::aged(&sandbox).await;
    for number in 0..4 {
        api.create(&crate::real_custom::young(&format!("m-{number}"))).await.unwrap();
    }
    if !compact(&sandbox.client).await {
        return;
    }
    let error = api.list().limit(1).continue_token(OLD_TOKEN).await.unwrap_err();
    check(&error, &["expired"], 410, "/ageds");
    assert!(error.is_resource_expired(), "{error}");
    let exact = api.list().resource_version("1").resource_version_match(ResourceVersionMatch::Exact);
    check(&exact.await.unwrap_err(), &["expired"], 410, "/ageds");
    // The answer brings a token with which the list goes on, at another version.
    let fresh = error.status().unwrap().metadata.clone().unwrap().continue_.expect("a token to go on with");
    let mut rest = api.list().limit(1).continue_token(fresh).stream();
    let mut names = Vec::new();
    while let Some(object) = rest.try_next().await.unwrap() {
        names.extend(object.metadata().name().map(str::to_owned));
    }
    assert_eq!(names, ["m-2", "m-3"]);
}

#[tokio::test]
async fn a_watch_that_begins_too_long_ago_is_expired() {
    let sandbox = sandbox!("gone");
    // A kind that is served later than version 1, so that no cache can know that version.
    let aged = crate::real_custom::aged(&sandbox).await;
    let error = match aged.watch().resource_version("1").await {
        Ok(mut watch) => watch.next().await.expect("an event").expect_err("too old"),
        Err(error) => error,
    };
    assert!(error.is_expired() || error.is_gone(), "{error}");
    assert_eq!(error.http_status(), Some(410), "{error}");
    // From the beginning of what is there, it works.
    aged.create(&crate::real_custom::young("a")).await.unwrap();
    let event = aged.watch().await.unwrap().next().await.unwrap().unwrap();
    assert!(matches!(&event, WatchEvent::Added(object) if object.metadata().name() == Some("a")));
}
