//! `ensure_crds` on the embedded server, with faults; what needs none runs on the real server too, from `real_custom`.

use std::time::Duration;

use clientset::{Client, Crd, DynamicApi, DynamicObject, Entity, Patch, ResourceInfo, ensure_crds};
use clientset_testserver::{TestServer, Verb, on, on_any};
use serde_json::{Value, json};

use crate::harness::soon;

/// A definition of a group: `gears` for `gear`, with a short name, and these versions, the first of which is stored.
fn definition(group: &str, singular: &str, short: &str, versions: &[&str]) -> Value {
    let kind = singular[..1].to_uppercase() + &singular[1..];
    let version = |(at, name): (usize, &&str)| {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "size": {"type": "integer"}}}}});
        json!({"name": name, "served": true, "storage": at == 0, "schema": {"openAPIV3Schema": schema}})
    };
    let versions: Vec<Value> = versions.iter().enumerate().map(version).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{singular}s.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "versions": versions,
            "names": {"plural": format!("{singular}s"), "singular": singular, "kind": kind,
                "listKind": format!("{kind}List"), "shortNames": [short]},
        },
        "status": {"conditions": [], "storedVersions": []},
    })
}

fn crd(definition: &Value) -> Crd {
    Crd::from_json(&definition.to_string()).expect("a definition")
}

fn definitions(client: &Client) -> DynamicApi {
    let resource = ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
    client.dynamic(ResourceInfo::new(resource.0, resource.1, resource.2, resource.3, false))
}

async fn stored(client: &Client, crd: &Crd) -> DynamicObject {
    definitions(client).get(crd.name()).await.expect("it is there")
}

/// Several at once, with several versions; each is there for whoever asks at once; a second time nothing changes; a version
/// more is served as well.
pub(crate) async fn definitions_are_served_when_it_returns(client: &Client, group: &str) {
    let gear = crd(&definition(group, "gear", "gr", &["v1", "v1beta1"]));
    let crds = [gear.clone(), crd(&definition(group, "cog", "cg", &["v2"])), gear.clone()];
    ensure_crds(client, &crds).await.expect("they are fine");
    for (kind, plural, version) in
        [("Gear", "gears", "v1"), ("Gear", "gears", "v1beta1"), ("Cog", "cogs", "v2")]
    {
        let info = ResourceInfo::new(group.to_owned(), version, kind, plural, true);
        let list = client.dynamic_namespaced(info.clone(), "default").list().await.expect("it is served");
        assert_eq!(list.items, []);
        assert_eq!(client.mapper().resolve_kind(&info.api_version(), kind).await.expect("it is known"), info);
    }
    let short = client.mapper().resolve(&format!("gr.{group}")).await.expect("a short name");
    assert_eq!(short.plural, "gears");

    let before = stored(client, &gear).await;
    let managers = before.get::<Value>("/metadata/managedFields").unwrap().unwrap();
    assert!(managers.to_string().contains("\"clientset\""), "{managers}");
    ensure_crds(client, [gear.clone()]).await.expect("it is there");
    assert_eq!(stored(client, &gear).await, before);

    let more = crd(&definition(group, "gear", "gr", &["v1", "v1beta1", "v1alpha1"]));
    ensure_crds(client, [more]).await.expect("one version more");
    let info = ResourceInfo::new(group.to_owned(), "v1alpha1", "Gear", "gears", true);
    client.dynamic_namespaced(info, "default").list().await.expect("it is served");
}

/// Names that another definition has: an error that says so; once they are other names, all is well.
pub(crate) async fn names_of_another_definition_are_refused(client: &Client, group: &str) {
    ensure_crds(client, [crd(&definition(group, "gear", "gr", &["v1"]))]).await.expect("the first is fine");
    let second = crd(&definition(group, "grid", "gr", &["v1"]));
    let error = ensure_crds(client, [second.clone()]).await.expect_err("the short name is taken");
    assert!(error.is_not_accepted(), "{error}");
    let shown = error.to_string();
    for part in [&*second.name(), "NamesAccepted", "ShortNamesConflict", "\"gr\" is already in use", "rename"]
    {
        assert!(shown.contains(part), "{shown}");
    }
    // What the server said of the names before is no refusal of the new ones.
    ensure_crds(client, [crd(&definition(group, "grid", "gd", &["v1"]))]).await.expect("other names");
    let short = client.mapper().resolve(&format!("gd.{group}")).await.expect("a short name");
    assert_eq!(short.plural, "grids");
    // Nor is it when the names are what they were, and the server has nothing new to say.
    let again = ensure_crds(client, [second]).await.expect_err("the short name is still taken");
    assert!(again.is_not_accepted(), "{again}");
}

/// What the server finds wrong is told with the name of the definition, and what of others is in the way too.
pub(crate) async fn what_the_server_finds_wrong_is_told(client: &Client, group: &str) {
    let mut loose = definition(group, "gear", "gr", &["v1"]);
    loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["size"] =
        json!({"description": "of no type"});
    let error = ensure_crds(client, [crd(&loose)]).await.expect_err("it is not structural");
    assert!(error.is_invalid(), "{error}");
    let shown = error.to_string();
    assert!(shown.contains(&format!("gears.{group}")) && shown.contains("properties[size].type"), "{shown}");

    let plain = crd(&definition(group, "gear", "gr", &["v1"]));
    ensure_crds(client, [plain.clone()]).field_manager("one").await.expect("it is fine");
    let other = crd(&definition(group, "gear", "ge", &["v1"]));
    let error = ensure_crds(client, [other.clone()]).field_manager("two").await.expect_err("a conflict");
    assert!(error.is_conflict() && error.to_string().contains("\"one\""), "{error}");
    assert!(error.to_string().contains("force()"), "{error}");
    ensure_crds(client, [other]).field_manager("two").force().await.expect("it is taken over");
    assert_eq!(stored(client, &plain).await.text("/spec/names/shortNames/0"), Some("ge"));
}

/// Deletes a definition that somebody still holds on to.
async fn begin_to_delete(client: &Client, crd: &Crd) {
    let held = definitions(client).edit(crd.name(), |object| {
        object.set("/metadata/finalizers/-", "example.com/wait").expect("a list");
    });
    held.field_manager("holder").await.expect("it is held");
    definitions(client).delete(crd.name()).await.expect("it begins to go");
}

/// Lets go of it.
async fn let_go(client: &Client, crd: &Crd) {
    let patch = Patch::merge(&json!({"metadata": {"finalizers": null}})).expect("JSON");
    definitions(client).patch(crd.name(), &patch).await.expect("it goes");
}

/// One that is on its way out is applied again once it is gone.
pub(crate) async fn one_that_is_being_deleted_comes_back(client: &Client, group: &str) {
    let gear = crd(&definition(group, "gear", "gr", &["v1"]));
    ensure_crds(client, [gear.clone()]).await.expect("it is fine");
    let before = stored(client, &gear).await;
    begin_to_delete(client, &gear).await;

    let late = ensure_crds(client, [gear.clone()]).timeout(Duration::from_millis(300)).await.unwrap_err();
    assert!(late.is_timeout() && late.to_string().contains("being deleted"), "{late}");
    let (ensured, ()) =
        tokio::join!(ensure_crds(client, [gear.clone()]).into_future(), let_go(client, &gear));
    ensured.expect("it comes back");
    let after = stored(client, &gear).await;
    assert_ne!(after.metadata().uid(), before.metadata().uid());
    assert_eq!(after.metadata().deletion_timestamp(), None);
}

async fn server() -> (TestServer, Client) {
    let server = TestServer::start().await.expect("a server");
    let client = server.client().expect("a client");
    (server, client)
}

#[tokio::test]
async fn on_the_embedded_server_definitions_are_served_when_it_returns() {
    let (_server, client) = server().await;
    definitions_are_served_when_it_returns(&client, "served.example.com").await;
}

#[tokio::test]
async fn on_the_embedded_server_names_of_another_definition_are_refused() {
    let (_server, client) = server().await;
    names_of_another_definition_are_refused(&client, "names.example.com").await;
}

#[tokio::test]
async fn on_the_embedded_server_what_it_finds_wrong_is_told() {
    let (_server, client) = server().await;
    what_the_server_finds_wrong_is_told(&client, "wrong.example.com").await;
}

#[tokio::test]
async fn on_the_embedded_server_one_that_is_being_deleted_comes_back() {
    let (_server, client) = server().await;
    one_that_is_being_deleted_comes_back(&client, "again.example.com").await;
}

#[tokio::test]
async fn watches_that_break_or_know_too_little_are_begun_again() {
    let (server, client) = server().await;
    let gear = crd(&definition("broken.example.com", "gear", "gr", &["v1"]));
    ensure_crds(&client, [gear.clone()]).await.unwrap();
    begin_to_delete(&client, &gear).await;
    server.clear_requests();
    let watches = || on(Verb::Watch).resource("customresourcedefinitions");
    server.fault(watches().nth(1).reset());
    server.fault(watches().nth(2).expired());
    server.fault(watches().nth(3).expired_event());
    server.fault(watches().nth(4).close());
    server.fault(watches().nth(5).status(503));
    server.fault(on(Verb::Patch).resource("customresourcedefinitions").nth(1).reset());
    let freed = async {
        soon(async || (server.requests_of(&watches()).len() >= 6).then_some(())).await;
        let_go(&client, &gear).await;
    };
    let (ensured, ()) = tokio::join!(ensure_crds(&client, [gear.clone()]).into_future(), freed);
    ensured.unwrap();
    assert_eq!(stored(&client, &gear).await.metadata().deletion_timestamp(), None);
}

#[tokio::test]
async fn when_time_is_up_the_error_says_what_is_missing_of_which() {
    let (server, client) = server().await;
    server.fault(on_any().path_prefix("/apis/late.example.com/v1").status(404));
    let crds = [
        crd(&definition("late.example.com", "gear", "gr", &["v1"])),
        crd(&definition("ready.example.com", "cog", "cg", &["v1"])),
    ];
    let error = ensure_crds(&client, &crds).timeout(Duration::from_millis(700)).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    let shown = error.to_string();
    let missing = "gears.late.example.com: discovery does not list gears in late.example.com/v1";
    assert!(shown.contains(missing) && shown.contains("700ms") && !shown.contains("cogs"), "{shown}");
    server.clear_faults();
    ensure_crds(&client, &crds).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before() {
    let (server, client) = server().await;
    let one = crd(&definition("same.example.com", "gear", "gr", &["v1"]));
    let other = crd(&definition("same.example.com", "gear", "gr", &["v2"]));
    let error = ensure_crds(&client, [one, other]).await.unwrap_err();
    assert!(error.is_request() && error.to_string().contains("gears.same.example.com"), "{error}");
    assert!(server.requests().is_empty());
    ensure_crds(&client, Vec::<Crd>::new()).await.unwrap();
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_waits_for_nothing() {
    let (_server, client) = server().await;
    let gear = crd(&definition("dry.example.com", "gear", "gr", &["v1"]));
    ensure_crds(&client.clone().dry_run(), [gear.clone()]).await.unwrap();
    assert!(definitions(&client).get(gear.name()).await.unwrap_err().is_not_found());
}
