//! What controllers do, with kube: watchers and a reflector, server-side apply, errors, discovery. It prints what it saw, line by line,
//! so that two API servers can be compared; it judges nothing itself.
//!
//! The kubeconfig is in `KUBECONFIG`, a namespace of its own in `ns`. `tests/it/conformance/kube-rs` has the scripts.

use std::collections::BTreeSet;
use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
    PostParams,
};
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{WatchStreamExt, reflector};
use kube::{Client, Discovery, ResourceExt};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let client = Client::try_default().await?;
    let namespace = std::env::var("ns")?;
    let command = std::env::args().nth(1).unwrap_or_default();
    let work = async {
        match command.as_str() {
            "lists-and-watches" => watches(client, &namespace, watcher::Config::default()).await,
            "streams-lists" => {
                watches(client, &namespace, watcher::Config::default().streaming_lists()).await
            }
            "reflector" => reflects(client, &namespace).await,
            "apply" => applies(client, &namespace).await,
            "errors" => errors(client, &namespace).await,
            "discovery" => discovers(client).await,
            other => Err(format!("`{other}` is no command; they are in main.rs").into()),
        }
    };
    tokio::time::timeout(Duration::from_secs(150), work).await?
}

fn kind(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn maps(client: Client, namespace: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client, namespace, &kind("", "v1", "ConfigMap"))
}

fn map(name: &str, value: &str) -> DynamicObject {
    let mut made = DynamicObject::new(name, &kind("", "v1", "ConfigMap"));
    made.labels_mut().insert("made".to_owned(), "by-kube".to_owned());
    made.data(json!({"data": {"k": value}}))
}

fn shown(object: &DynamicObject) -> String {
    format!("{} k={} {:?}", object.name_any(), object.data["data"]["k"], object.labels())
}

/// Prints events until one has this start.
async fn until(
    start: &str,
    events: &mut (impl Stream<Item = watcher::Result<Event<DynamicObject>>> + Unpin),
) -> Result<()> {
    let mut initial = BTreeSet::new();
    while let Some(event) = events.try_next().await? {
        let line = match event {
            Event::Apply(it) => format!("apply {}", shown(&it)),
            Event::Delete(it) => format!("delete {}", shown(&it)),
            Event::Init => "init".to_owned(),
            Event::InitApply(it) => {
                // Their order is nobody's promise.
                initial.insert(format!("there is {}", shown(&it)));
                continue;
            }
            Event::InitDone => "init done".to_owned(),
        };
        for it in std::mem::take(&mut initial) {
            println!("{it}");
        }
        println!("{line}");
        if line.starts_with(start) {
            return Ok(());
        }
    }
    Err("the watcher ended".into())
}

/// A watcher sees what is there and each change, and what leaves its selection.
async fn watches(client: Client, namespace: &str, config: watcher::Config) -> Result<()> {
    let maps = maps(client, namespace);
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &map(name, "1")).await?;
    }
    let mut events = pin!(watcher(maps.clone(), config.labels("made=by-kube")));
    until("init done", &mut events).await?;
    maps.create(&PostParams::default(), &map("c", "1")).await?;
    until("apply c", &mut events).await?;
    let patch = |value: Value| Patch::Merge(value);
    maps.patch("a", &PatchParams::default(), &patch(json!({"data": {"k": "2"}}))).await?;
    until("apply a", &mut events).await?;
    let unlabelled = json!({"metadata": {"labels": {"made": null}}});
    maps.patch("a", &PatchParams::default(), &patch(unlabelled)).await?;
    until("delete a", &mut events).await?;
    maps.delete("b", &DeleteParams::default()).await?;
    until("delete b", &mut events).await
}

/// A reflector keeps what a watcher sees.
async fn reflects(client: Client, namespace: &str) -> Result<()> {
    let maps = maps(client, namespace);
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &map(name, "1")).await?;
    }
    let writer = reflector::store::Writer::new(kind("", "v1", "ConfigMap"));
    let reader = writer.as_reader();
    let events = watcher(maps.clone(), watcher::Config::default().labels("made=by-kube"));
    let mut events = pin!(events.reflect(writer));
    while reader.len() < 2 {
        events.try_next().await?;
    }
    maps.create(&PostParams::default(), &map("c", "1")).await?;
    while reader.len() < 3 {
        events.try_next().await?;
    }
    let all: BTreeSet<String> = reader.state().iter().map(|it| shown(it)).collect();
    println!("{all:#?}");
    Ok(())
}

/// Two managers of a deployment, a conflict, force, a status.
async fn applies(client: Client, namespace: &str) -> Result<()> {
    let resource = kind("apps", "v1", "Deployment");
    let api: Api<DynamicObject> = Api::namespaced_with(client, namespace, &resource);
    let web = |spec: Value| {
        Patch::Apply(
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}),
        )
    };
    let whole = web(json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    }));
    let made = api.patch("web", &PatchParams::apply("one"), &whole).await?;
    println!("replicas {}", made.data["spec"]["replicas"]);
    let scaled = web(json!({"replicas": 3}));
    let made = api.patch("web", &PatchParams::apply("two"), &scaled).await?;
    println!("replicas {}", made.data["spec"]["replicas"]);
    let image = json!({"replicas": 4, "template": {"spec": {"containers": [{"name": "c", "image": "j"}]}}});
    told("conflict", api.patch("web", &PatchParams::apply("two"), &web(image.clone())).await);
    let made = api.patch("web", &PatchParams::apply("two").force(), &web(image)).await?;
    println!("containers {}", made.data["spec"]["template"]["spec"]["containers"][0]["image"]);
    let status = json!({"apiVersion": "apps/v1", "kind": "Deployment", "status": {"observedGeneration": 1}});
    api.patch_status("web", &PatchParams::apply("status").force(), &Patch::Apply(status)).await?;
    // Their order tells the second in which they wrote.
    let mut owners = BTreeSet::new();
    for it in api.get("web").await?.managed_fields() {
        let owned = it.fields_v1.as_ref().map(|it| it.0.to_string()).unwrap_or_default();
        owners.insert(format!("{:?} {:?} {:?} {owned}", it.manager, it.operation, it.subresource));
    }
    println!("{owners:#?}");
    let scale = api.get_scale("web").await?;
    println!("scale {:?}", scale.spec.and_then(|it| it.replicas));
    Ok(())
}

fn told<T>(title: &str, outcome: kube::Result<T>) {
    match outcome {
        Ok(_) => println!("{title}: done"),
        Err(kube::Error::Api(status)) => {
            println!("{title}: {} {} {}", status.code, status.reason, status.message);
            for cause in status.details.iter().flat_map(|it| &it.causes) {
                println!("  {} {} {}", cause.reason, cause.field, cause.message);
            }
        }
        Err(other) => println!("{title}: {other}"),
    }
}

/// What kube makes of refusals.
async fn errors(client: Client, namespace: &str) -> Result<()> {
    let maps = maps(client, namespace);
    told("get", maps.get("nope").await);
    println!("optionally: {:?}", maps.get_opt("nope").await?.map(|it| it.name_any()));
    told("create", maps.create(&PostParams::default(), &map("a", "1")).await);
    told("again", maps.create(&PostParams::default(), &map("a", "1")).await);
    told("a bad name", maps.create(&PostParams::default(), &map("A_b", "1")).await);
    let old = maps.get("a").await?;
    told("replace", maps.replace("a", &PostParams::default(), &old).await);
    maps.patch("a", &PatchParams::default(), &Patch::Merge(json!({"data": {"k": "2"}}))).await?;
    told("replace the old one", maps.replace("a", &PostParams::default(), &old).await);
    let params = PostParams { dry_run: true, ..PostParams::default() };
    told("dry run", maps.create(&params, &map("b", "1")).await);
    let listed = maps.list(&ListParams::default().labels("made=by-kube").limit(1)).await?;
    println!("listed {} {:?}", listed.items.len(), listed.types.kind);
    let metadata = maps.list_metadata(&ListParams::default().labels("made=by-kube")).await?;
    println!("metadata {:?}", metadata.items.iter().map(|it| it.name_any()).collect::<Vec<_>>());
    maps.delete_collection(&DeleteParams::default(), &ListParams::default().labels("made=by-kube")).await?;
    told("get again", maps.get("a").await);
    Ok(())
}

/// Finds kinds by asking what is served.
async fn discovers(client: Client) -> Result<()> {
    let discovery = Discovery::new(client).filter(&["apps", "batch"]).run().await?;
    for group in discovery.groups_alphabetical() {
        println!("{} prefers {}", group.name(), group.preferred_version_or_latest());
        let mut all = group.recommended_resources();
        all.sort_by(|one, other| one.0.kind.cmp(&other.0.kind));
        for (resource, abilities) in all {
            let (kind, plural, scope) = (resource.kind, resource.plural, abilities.scope);
            println!("  {kind} {plural} {scope:?} {} subresources", abilities.subresources.len());
        }
    }
    Ok(())
}
