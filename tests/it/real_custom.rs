//! Custom resources on a real kube-apiserver: the definition through apiextensions, its objects through the generated client,
//! and objects that know more than their Rust type.

use clientset::autoscaling::v1::ScaleSpec;
use clientset::example::v1::{Color, Part, Widget, WidgetPhase, WidgetSpec, WidgetStatus};
use clientset::meta::v1::ObjectMeta;
use clientset::{Api, Clientset, Crd, DynamicObject, IntOrString, Map, Patch, RawJson, UnknownFieldPolicy};
use clientset::{UnknownFields, WatchEvent, ensure_crds, object, resource};
use serde_json::json;

use crate::harness::{Sandbox, named, sandbox};

/// Tells the server of a definition, and waits until it serves the kind. Definitions stay: other tests use them too.
async fn register(client: &Clientset, crd: Crd) {
    ensure_crds(client, [crd]).field_manager("it").force().await.expect("it is a good one");
}

/// A group that no other test and no other run has.
fn group(test: &str) -> String {
    format!("{test}-{}.example.com", std::process::id())
}

#[tokio::test]
async fn definitions_are_served_when_ensure_crds_returns() {
    let sandbox = sandbox!("ensure-served");
    crate::ensure_crds::definitions_are_served_when_it_returns(sandbox.client.client(), &group("served"))
        .await;
}

#[tokio::test]
async fn names_of_another_definition_are_refused() {
    let sandbox = sandbox!("ensure-names");
    crate::ensure_crds::names_of_another_definition_are_refused(sandbox.client.client(), &group("names"))
        .await;
}

#[tokio::test]
async fn what_the_server_finds_wrong_with_a_definition_is_told() {
    let sandbox = sandbox!("ensure-wrong");
    crate::ensure_crds::what_the_server_finds_wrong_is_told(sandbox.client.client(), &group("wrong")).await;
}

#[tokio::test]
async fn a_definition_that_is_being_deleted_comes_back() {
    let sandbox = sandbox!("ensure-again");
    crate::ensure_crds::one_that_is_being_deleted_comes_back(sandbox.client.client(), &group("again")).await;
}

fn widget(name: &str, color: Color) -> Widget {
    Widget { metadata: named(name), spec: WidgetSpec { color, ..Default::default() }, ..Default::default() }
}

#[tokio::test]
async fn a_custom_kind_is_registered_and_used_through_its_generated_client() {
    let sandbox = sandbox!("widgets");
    register(&sandbox.client, Widget::crd()).await;
    let widgets = sandbox.client.example_v1().widgets(&sandbox.namespace);
    let start = widgets.list().await.unwrap().metadata.resource_version.unwrap();
    let mut wanted = widget("w", Color::Red);
    wanted.spec.port = Some(IntOrString::from("http"));
    wanted.spec.options = Some(RawJson::parse(r#"{"any": [1, "thing", null]}"#).unwrap());
    wanted.spec.picture = Some(b"picture".as_slice().into());
    wanted.spec.parts = Some(vec![Part { name: "wheel".into(), weight: Some(2.5), count: Some(4) }]);
    let created = widgets.create(&wanted).await.unwrap();
    assert_eq!(created.spec.replicas, Some(1), "the default of the schema");
    assert_eq!((&created.spec.port, &created.spec.parts), (&wanted.spec.port, &wanted.spec.parts));
    assert_eq!(created.spec.picture, wanted.spec.picture);
    let options: serde_json::Value = created.spec.options.as_ref().unwrap().to_value().unwrap();
    assert_eq!(options, json!({"any": [1, "thing", null]}));
    assert!(created.unknown.is_empty(), "{:?}", created.unknown);

    let error = widgets.create(&widget("bad", Color::from("Purple"))).await.unwrap_err();
    assert!(error.is_invalid() && error.to_string().contains("spec.color"), "{error}");

    let edited = widgets.edit("w", |widget| widget.spec.color = Color::Blue).await.unwrap();
    assert_eq!(edited.spec.color, Color::Blue);
    let mut watch = widgets.watch().resource_version(start).await.unwrap();
    let mut colors = Vec::new();
    while colors.len() < 2 {
        match watch.next().await.unwrap().unwrap() {
            WatchEvent::Added(seen) | WatchEvent::Modified(seen) => colors.push(seen.spec.color),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(colors, [Color::Red, Color::Blue]);
    let all = sandbox.client.example_v1().all_widgets();
    let selector = format!("metadata.namespace={}", sandbox.namespace);
    assert_eq!(all.list().field_selector(selector).await.unwrap().items, [edited]);
    widgets.delete("w").await.unwrap();
    assert!(widgets.get("w").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn status_scale_and_apply_of_a_custom_kind_work_as_for_any_other() {
    let sandbox = sandbox!("widget-subresources");
    register(&sandbox.client, Widget::crd()).await;
    let widgets = sandbox.client.example_v1().widgets(&sandbox.namespace);
    let applied = widgets.apply("w", &widget("w", Color::Green)).field_manager("one").await.unwrap();
    assert_eq!(applied.spec.color, Color::Green);
    let error = widgets.apply("w", &widget("w", Color::Red)).field_manager("two").await.unwrap_err();
    assert!(error.is_conflict() && error.to_string().contains("\"one\""), "{error}");

    let mut scale = widgets.get_scale("w").await.unwrap();
    scale.spec = Some(Box::new(ScaleSpec { replicas: Some(3) }));
    widgets.update_scale("w", &scale).await.unwrap();
    let mut made = widgets.get("w").await.unwrap();
    assert_eq!(made.spec.replicas, Some(3));
    made.spec.replicas = Some(9);
    made.status = Some(Box::new(WidgetStatus {
        phase: Some(WidgetPhase::Making),
        replicas: Some(2),
        selector: Some("made=yes".into()),
        ..Default::default()
    }));
    let after = widgets.update_status(&made).await.unwrap();
    assert_eq!((after.spec.replicas, after.status.as_ref().unwrap().replicas), (Some(3), Some(2)));
    let status = widgets.get_scale("w").await.unwrap().status.unwrap();
    assert_eq!((status.replicas, status.selector.as_deref()), (2, Some("made=yes")));
    let patch = Patch::merge(&json!({"status": {"phase": "Ready"}})).unwrap();
    let after = widgets.patch_status("w", &patch).await.unwrap();
    assert_eq!(after.status.unwrap().phase, Some(WidgetPhase::Ready));
    let strategic = Patch::strategic(&json!({"spec": {"color": "Blue"}})).unwrap();
    let error = widgets.patch("w", &strategic).await.unwrap_err();
    assert!(error.is_unsupported_media_type(), "custom resources take no strategic patches: {error}");
}

/// A kind as an old program knows it: the server knows `color`, and `tint` of parts, as well.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Aged {
    metadata: ObjectMeta,
    spec: Option<Box<AgedSpec>>,
    unknown: UnknownFields,
}

#[derive(Clone, Default, PartialEq)]
struct AgedSpec {
    size: Option<i32>,
    parts: Option<Vec<AgedPart>>,
}

#[derive(Clone, Default, PartialEq)]
struct AgedPart {
    name: String,
}

object! {
    Aged = "aged.example.com/v1" "Aged" {
        0 metadata "metadata" [] Message required;
        1 spec "spec" [] Message;
    }
}

resource! { Aged = "aged.example.com" "v1" "Aged" "ageds" Namespaced }

object! {
    AgedSpec {
        0 size "size" [] Varint;
        1 parts "parts" [] Message map["name"];
    }
}

object! {
    AgedPart {
        0 name "name" [] String required;
    }
}

/// One with nothing but a name.
pub(crate) fn young(name: &str) -> Aged {
    Aged { metadata: named(name), ..Default::default() }
}

/// The client of the kind, once the server serves it.
pub(crate) async fn aged(sandbox: &Sandbox) -> Api<Aged> {
    let part = json!({"type": "object", "required": ["name"],
        "properties": {"name": {"type": "string"}, "tint": {"type": "string"}}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "ageds.aged.example.com"},
        "spec": {
            "group": "aged.example.com",
            "scope": "Namespaced",
            "names": {"plural": "ageds", "singular": "aged", "kind": "Aged", "listKind": "AgedList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {
                    "size": {"type": "integer"},
                    "color": {"type": "string"},
                    "parts": {"type": "array", "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"], "items": part},
                }}},
            }}}],
        },
    });
    let crd = Crd::from_json(&definition.to_string()).expect("a definition");
    register(&sandbox.client, crd).await;
    Api::namespaced(sandbox.client.client(), &sandbox.namespace)
}

#[tokio::test]
async fn members_that_the_type_does_not_know_survive_its_updates() {
    let sandbox = sandbox!("aged");
    let api = aged(&sandbox).await;
    let whole = sandbox.client.client().dynamic_namespaced(api.resource().clone(), &sandbox.namespace);
    let object = json!({
        "apiVersion": "aged.example.com/v1", "kind": "Aged", "metadata": {"name": "a"},
        "spec": {"size": 1, "color": "Red",
            "parts": [{"name": "one", "tint": "light"}, {"name": "two", "tint": "dark"}]},
    });
    whole.create(&DynamicObject::from_json(&object.to_string()).unwrap()).await.unwrap();

    let mut old = api.get("a").await.unwrap();
    let mut paths: Vec<String> = old.unknown.iter().map(|member| member.path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 3, "{paths:?}");
    old.spec.as_mut().unwrap().size = Some(2);
    // The order of a list with keys is no matter.
    old.spec.as_mut().unwrap().parts.as_mut().unwrap().reverse();
    api.update(&old).await.unwrap();
    let now = whole.get("a").await.unwrap();
    assert_eq!(now.get::<u8>("/spec/size").unwrap(), Some(2));
    assert_eq!((now.text("/spec/color"), now.text("/spec/parts/0/tint")), (Some("Red"), Some("dark")));

    // Where the place is gone, nothing is sent, and the member is named.
    let mut old = api.get("a").await.unwrap();
    let version = old.metadata.resource_version.clone();
    old.spec.as_mut().unwrap().parts.as_mut().unwrap().retain(|part| part.name == "one");
    let error = api.update(&old).await.unwrap_err();
    assert!(error.is_unknown_fields() && error.to_string().contains("tint"), "{error}");
    assert_eq!(api.get("a").await.unwrap().metadata.resource_version, version);

    // `edit` sends the difference, so it need not know.
    let edited = api.edit("a", |object| {
        let spec = object.spec.get_or_insert_default();
        spec.parts.get_or_insert_default().retain(|part| part.name == "one");
    });
    edited.await.unwrap();
    let now = whole.get("a").await.unwrap();
    assert_eq!((now.text("/spec/color"), now.text("/spec/parts/0/tint")), (Some("Red"), Some("light")));
    assert!(!now.has("/spec/parts/1"));

    // And who wants to delete them may.
    let careless = sandbox.client.client().clone().unknown_fields(UnknownFieldPolicy::Allow);
    let careless: Api<Aged> = Api::namespaced(&careless, &sandbox.namespace);
    let mut old = careless.get("a").await.unwrap();
    old.spec.as_mut().unwrap().parts = None;
    careless.update(&old).await.unwrap();
    assert!(!whole.get("a").await.unwrap().has("/spec/parts"));
}

#[tokio::test]
async fn the_map_of_labels_keeps_what_others_wrote() {
    let sandbox = sandbox!("labels");
    register(&sandbox.client, Widget::crd()).await;
    let widgets = sandbox.client.example_v1().widgets(&sandbox.namespace);
    let mut first = widget("w", Color::Red);
    first.metadata.labels = Some(Map::from([("from", "create".to_owned())]));
    widgets.create(&first).await.unwrap();
    let mut wanted = widget("w", Color::Red);
    wanted.metadata.labels = Some(Map::from([("by", "apply".to_owned())]));
    let after = widgets.apply("w", &wanted).field_manager("labels").force().await.unwrap();
    let labels = after.metadata.labels.unwrap();
    assert_eq!((labels["from"].as_str(), labels["by"].as_str()), ("create", "apply"));
}
