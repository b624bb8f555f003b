//! The REST, dynamic and discovery clients and the mapper on a real kube-apiserver.

use clientset::apps::v1::Deployment;
use clientset::core::v1::ConfigMap;
use clientset::{
    Client, Deleted, Discovered, DynamicObject, Entity, Patch, ResourceInfo, ResultExt, WatchEvent,
};
use serde_json::{Value as Json, json};

use crate::harness::{named, sandbox, soon};

fn object(json: Json) -> DynamicObject {
    DynamicObject::from_json(&json.to_string()).unwrap()
}

fn deployment(name: &str) -> DynamicObject {
    let labels = json!({"app": name});
    object(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example/none"}]},
            },
        },
    }))
}

#[tokio::test]
async fn any_verb_works_on_any_path() {
    let sandbox = sandbox!("rest");
    let rest = sandbox.client.client().rest();
    assert_eq!(rest.get("/livez").text().await.unwrap(), "ok");
    assert!(rest.get("/livez").query("verbose", "").text().await.unwrap().contains("[+]ping ok"));
    let maps = || rest.resource("v1", "configmaps").namespace(&sandbox.namespace);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}});
    let created = maps().post().query("fieldManager", "rest").json(&map).await.unwrap();
    assert_eq!((created.status(), created.content_type()), (201, Some("application/json")));
    let created: ConfigMap = created.json().unwrap();
    assert_eq!(created.data.as_ref().unwrap().get("k").unwrap(), "v");
    let patch = maps().name("a").patch().body("application/merge-patch+json", r#"{"data":{"k":"w"}}"#);
    assert_eq!(patch.await.unwrap().json::<Json>().unwrap()["data"]["k"], "w");
    let path = format!("/api/v1/namespaces/{}/configmaps", sandbox.namespace);
    let mut list = rest.get(&path).stream().await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = list.next().await {
        text.extend(piece.unwrap());
    }
    assert!(String::from_utf8(text).unwrap().contains("ConfigMapList"));
    let mut watch = maps().get().watch::<DynamicObject>().await.unwrap();
    assert!(
        matches!(watch.next().await, Some(Ok(WatchEvent::Added(object))) if object.kind() == "ConfigMap")
    );
    assert_eq!(maps().name("a").delete().await.unwrap().status(), 200);
    assert!(maps().name("a").get().await.unwrap_err().is_not_found());
    assert_eq!(maps().name("a").get().any_status().await.unwrap().status(), 404);
    // A warning beside a success: the server dislikes what it still takes.
    let odd = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "dta": {"k": "v"}});
    let answer =
        maps().post().query("dryRun", "All").query("fieldValidation", "Warn").json(&odd).await.unwrap();
    assert_eq!((answer.status(), answer.warnings()), (201, vec![r#"unknown field "dta""#.to_owned()]));
}

#[tokio::test]
async fn dynamic_objects_have_every_verb_and_their_subresources() {
    let sandbox = sandbox!("dynamic");
    let client = sandbox.client.client();
    let deployments = client.mapper().resolve("deploy").await.unwrap();
    assert_eq!(deployments, ResourceInfo::of::<Deployment>());
    let api = client.dynamic_namespaced(deployments.clone(), &sandbox.namespace);
    let created = api.create(&deployment("web")).field_manager("dynamic").await.unwrap();
    assert_eq!(created.metadata().namespace(), Some(sandbox.namespace.as_str()));
    assert!(created.metadata().creation_timestamp().is_some());
    let typed: Deployment = created.to_typed().unwrap();
    assert!(typed.unknown.is_empty());
    assert_eq!(DynamicObject::from_typed(&typed).unwrap().get::<i32>("/spec/replicas").unwrap(), Some(1));

    let mut read = api.get("web").await.unwrap();
    read.set("/metadata/labels/example.com~1tier", "front").unwrap();
    let updated = api.update(&read).await.unwrap();
    assert_eq!(updated.metadata().label("example.com/tier"), Some("front"));
    assert!(api.update(&read).await.unwrap_err().is_conflict());

    let mut scale: DynamicObject = api.get_subresource("web", "scale").await.unwrap();
    assert_eq!((scale.kind(), scale.api_version()), ("Scale", "autoscaling/v1"));
    scale.set("/spec/replicas", 3).unwrap();
    let scale: DynamicObject = api.update_subresource("web", "scale", &scale).await.unwrap();
    assert_eq!(scale.get::<i32>("/spec/replicas").unwrap(), Some(3));
    let mut status = api.get("web").await.unwrap();
    status.set("/status/observedGeneration", 1).unwrap();
    status.set("/spec/replicas", 7).unwrap();
    let status: DynamicObject = api.update_subresource("web", "status", &status).await.unwrap();
    assert_eq!(status.get::<i32>("/status/observedGeneration").unwrap(), Some(1));
    assert_eq!(status.get::<i32>("/spec/replicas").unwrap(), Some(3));

    let patched = api.patch("web", &Patch::merge(&json!({"spec": {"paused": true}})).unwrap()).await.unwrap();
    assert_eq!(patched.get::<bool>("/spec/paused").unwrap(), Some(true));
    let mut wanted = DynamicObject::of(&deployments);
    wanted.set("/metadata/annotations", json!({"note": "x"})).unwrap();
    wanted.set("/metadata/name", "web").unwrap();
    let applied = api.apply("web", &wanted).field_manager("applier").await.unwrap();
    assert_eq!(applied.metadata().annotation("note"), Some("x"));
    let edited = api.edit("web", |object| object.set("/spec/replicas", 5).unwrap()).await.unwrap();
    assert_eq!(edited.get::<i32>("/spec/replicas").unwrap(), Some(5));

    let list = client.dynamic(deployments).list().label_selector("app=web").await.unwrap();
    let ours: Vec<_> = list
        .items
        .iter()
        .filter(|object| object.metadata().namespace() == Some(&sandbox.namespace))
        .collect();
    assert_eq!(ours.len(), 1);
    assert_eq!((ours[0].api_version(), ours[0].kind()), ("apps/v1", "Deployment"));
    let mut watch = api.watch().await.unwrap();
    let event = watch.next().await.unwrap().unwrap();
    assert!(matches!(&event, WatchEvent::Added(object) if object.kind() == "Deployment"), "{event:?}");
    let deleted = api.delete("web").await.unwrap();
    let event = watch.next().await.unwrap().unwrap();
    assert!(matches!(&event, WatchEvent::Deleted(object) if object.kind() == "Deployment"), "{event:?}");
    match deleted {
        Deleted::Status(status) => assert_eq!(status.status.as_deref(), Some("Success")),
        Deleted::Object(object) => panic!("{object:?}"),
    }
    assert!(api.get("web").await.optional().unwrap().is_none());
    api.create(&deployment("b")).await.unwrap();
    api.delete_collection().await.unwrap();
    assert!(api.list().all().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn metadata_alone_is_read_watched_patched_and_deleted() {
    let sandbox = sandbox!("metadata");
    let maps = sandbox.client.core_v1().config_maps(&sandbox.namespace);
    let data = [("k", "v".to_owned())].into_iter().collect();
    maps.create(&ConfigMap { metadata: named("a"), data: Some(data), ..Default::default() }).await.unwrap();
    let partial = maps.api().metadata_only();
    let read = partial.get("a").await.unwrap();
    assert_eq!(
        (read.kind(), read.metadata().name(), read.has("/data")),
        ("PartialObjectMetadata", Some("a"), false)
    );
    let list = partial.list().await.unwrap();
    assert!(list.items.iter().all(|object| object.kind() == "PartialObjectMetadata" && !object.has("/data")));
    let mut watch = partial.watch().await.unwrap();
    assert!(matches!(watch.next().await, Some(Ok(WatchEvent::Added(object))) if !object.has("/data")));
    let patch = Patch::merge(&json!({"metadata": {"labels": {"a": "b"}}})).unwrap();
    let patched = partial.patch("a", &patch).await.unwrap();
    assert!(patched.metadata().label("a") == Some("b") && !patched.has("/data"));
    assert!(maps.get("a").await.unwrap().data.is_some());
    partial.delete("a").await.unwrap();
    assert!(maps.get("a").await.optional().unwrap().is_none());
}

/// One line for each resource and subresource, whatever the order.
fn lines(found: &Discovered, group: impl Fn(&str) -> bool) -> Vec<String> {
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort();
        words.join(",")
    };
    let mut lines = Vec::new();
    for resource in found.resources().filter(|resource| group(&resource.info.group)) {
        let names = [sorted(&resource.verbs), sorted(&resource.short_names), sorted(&resource.categories)];
        lines.push(format!("{:?} {} {names:?}", resource.info, resource.singular));
        for below in &resource.subresources {
            let verbs = sorted(&below.verbs);
            lines.push(format!(
                "{:?} {} {} {} {verbs}",
                resource.info, below.name, below.api_version, below.kind
            ));
        }
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn discovery_says_the_same_aggregated_and_one_by_one() {
    let sandbox = sandbox!("discovery");
    let discovery = sandbox.client.client().discovery();
    let (short, long) =
        (discovery.all().await.unwrap(), discovery.clone().unaggregated().all().await.unwrap());
    // Other tests install groups of their own meanwhile.
    let ours = |group: &str| !group.contains("example.");
    assert_eq!(lines(&short, ours), lines(&long, ours));
    assert_eq!(lines(&discovery.clone().without_peers().all().await.unwrap(), ours), lines(&short, ours));
    let pods = short.resources().find(|resource| resource.info.plural == "pods").unwrap();
    assert!(pods.supports(["create", "list", "watch", "patch"]));
    assert_eq!(pods.subresource("eviction").unwrap().api_version, "policy/v1");
    assert!(short.preferred_resources().any(|resource| resource.info == ResourceInfo::of::<Deployment>()));
    let groups = discovery.server_groups().await.unwrap();
    assert!(groups[0].group.is_empty() && groups.iter().any(|group| group.group == "apps"));
    assert!(discovery.resources("v1").await.unwrap().len() > 10);
    let version = discovery.server_version().await.unwrap();
    assert!(version.numbers().unwrap() >= (1, 33) && version.git_version.starts_with("v1."));
    let index = discovery.openapi_v3().await.unwrap();
    let document = index.document("apps/v1").unwrap();
    assert!(document.hash().is_some());
    let document: Json = serde_json::from_str(&document.text().await.unwrap()).unwrap();
    assert!(document["paths"].get("/apis/apps/v1/deployments").is_some());
}

#[tokio::test]
async fn a_resource_that_is_installed_later_is_found_and_used() {
    let sandbox = sandbox!("mapper");
    let client = sandbox.client.client();
    let mapper = client.mapper();
    let group = format!("{}.example.net", sandbox.namespace);
    let name = format!("gizmos.{group}");
    assert!(mapper.resolve(&name).await.unwrap_err().is_no_match());
    let crds = client.dynamic(mapper.resolve("crd").await.unwrap());
    let version = |name: &str, storage: bool| {
        json!({"name": name, "served": true, "storage": storage, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}})
    };
    let crd = object(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "gizmos", "singular": "gizmo", "kind": "Gizmo", "shortNames": ["gz"], "categories": ["gadgets"]},
            "versions": [version("v1beta1", false), version("v1", true)],
        },
    }));
    crds.create(&crd).await.unwrap();
    let gizmos = soon(async || mapper.resolve(&name).await.ok()).await;
    assert_eq!((&*gizmos.version, &*gizmos.kind, gizmos.namespaced), ("v1", "Gizmo", true));
    assert_eq!(mapper.resolve(&format!("gizmo.v1beta1.{group}")).await.unwrap().version, "v1beta1");
    assert_eq!(mapper.resolve(&format!("gz.{group}")).await.unwrap(), gizmos);
    assert!(mapper.category("gadgets").await.unwrap().iter().any(|resource| resource.info == gizmos));
    let mut gizmo = DynamicObject::of(&gizmos);
    gizmo.metadata_mut().set_name(Some("a".into()));
    gizmo.metadata_mut().set_namespace(Some(sandbox.namespace.clone()));
    gizmo.set("/spec/size", 3).unwrap();
    let api = mapper.api_of(&gizmo).await.unwrap();
    let created = soon(async || api.create(&gizmo).await.ok()).await;
    assert_eq!(created.get::<u8>("/spec/size").unwrap(), Some(3));
    crds.delete(&name).await.unwrap();
}

#[tokio::test]
async fn a_group_whose_server_is_gone_hides_no_other() {
    let sandbox = sandbox!("stale");
    let client: &Client = sandbox.client.client();
    let group = format!("{}.example.org", sandbox.namespace);
    let name = format!("v1.{group}");
    let services = client.dynamic(client.mapper().resolve("apiservices").await.unwrap());
    let service = object(json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": name},
        "spec": {
            "group": group, "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true,
            "service": {"name": "gone", "namespace": sandbox.namespace, "port": 443},
        },
    }));
    services.create(&service).await.unwrap();
    let failed = |found: &Discovered| {
        let failure = found.failures.iter().find(|failure| failure.group == group)?;
        Some((failure.version.clone(), failure.error.is_stale_discovery(), failure.error.http_status()))
    };
    let discovery = client.discovery();
    let failure = soon(async || failed(&discovery.all().await.unwrap())).await;
    assert_eq!(failure, (Some("v1".to_owned()), true, None));
    let long = discovery.clone().unaggregated();
    let failure = soon(async || failed(&long.all().await.unwrap())).await;
    assert_eq!(failure, (Some("v1".to_owned()), false, Some(503)));
    let mapper = client.mapper();
    assert_eq!(mapper.resolve("deployments").await.unwrap(), ResourceInfo::of::<Deployment>());
    let error = mapper.resolve(&format!("things.{group}")).await.unwrap_err();
    assert!(error.is_no_match() && error.to_string().contains(&group), "{error}");
    services.delete(&name).await.unwrap();
}
