//! Every kind with every member set: through the codec, through serde, and to a real server, which must know each member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::sandbox;
use crate::registry::{KINDS, Kind, RESOURCES};
use crate::spec_reader::{Place, documents, operations, table};
use crate::specimen::populated;

/// Each kind of the specification with an object of it.
fn specimens() -> Vec<(&'static Kind, Value)> {
    let mut objects = BTreeMap::new();
    for schema in documents().iter().flat_map(|document| document.schemas()) {
        if let Some(kind) = schema.kind() {
            objects.entry(kind).or_insert_with(|| populated(schema));
        }
    }
    let kinds = KINDS.iter().filter(|kind| kind.api_version != "example.com/v1");
    kinds
        .map(|kind| {
            let object = objects.get(&(kind.api_version.to_owned(), kind.kind));
            (kind, object.unwrap_or_else(|| panic!("{} is not in the specification", kind.path)).clone())
        })
        .collect()
}

/// Says where two values differ, for messages: the objects are hundreds of members long.
fn difference(a: &Value, b: &Value, path: &str) -> Option<String> {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let none = &Value::Null;
            names.into_iter().find_map(|name| {
                let (one, other) = (a.get(name).unwrap_or(none), b.get(name).unwrap_or(none));
                difference(one, other, &format!("{path}.{name}"))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).find_map(|(a, b)| difference(a, b, &format!("{path}[]")))
        }
        _ => (a != b).then(|| format!("{path}: {a} became {b}")),
    }
}

#[test]
fn every_populated_kind_comes_back_from_the_codec_as_it_went_in() {
    let mut count = 0;
    for (kind, object) in specimens() {
        let (text, unknown) = (kind.through_codec)(&object.to_string())
            .unwrap_or_else(|error| panic!("{}: {error}\n{object:#}", kind.path));
        let back: Value = serde_json::from_str(&text).expect("the codec writes JSON");
        assert_eq!(difference(&object, &back, ""), None, "{}", kind.path);
        assert_eq!(unknown, Vec::<String>::new(), "{}", kind.path);
        count += 1;
    }
    assert!(count > 100, "only {count} kinds");
}

#[test]
fn every_populated_kind_comes_back_from_serde_json_as_it_went_in() {
    for (kind, object) in specimens() {
        let texts = (kind.through_serde)(&object.to_string())
            .unwrap_or_else(|error| panic!("{}: {error}\n{object:#}", kind.path));
        for text in texts {
            let back: Value = serde_json::from_str(&text).expect("serde_json writes JSON");
            assert_eq!(difference(&object, &back, ""), None, "{}", kind.path);
        }
    }
}

#[test]
fn a_member_that_no_kind_has_is_kept_as_unknown() {
    for (kind, mut object) in specimens() {
        object["metadata"]["memberOfTomorrow"] = 1.into();
        object["memberOfTomorrow"] = serde_json::json!({"a": [null]});
        let (_, unknown) = (kind.through_codec)(&object.to_string()).expect("it can be read");
        let unknown: BTreeSet<&str> = unknown.iter().map(String::as_str).collect();
        assert_eq!(
            unknown,
            BTreeSet::from([".memberOfTomorrow", ".metadata.memberOfTomorrow"]),
            "{}",
            kind.path
        );
    }
}

/// The release whose server told the document of a group-version: `v1.37.1`.
fn release_of(api_version: &str) -> String {
    let file = match api_version.split_once('/') {
        Some((group, version)) => format!("kubernetes/apis__{group}__{version}.json"),
        None => format!("kubernetes/api__{api_version}.json"),
    };
    let sources = table("sources.toml");
    let sources = sources["source"].as_array().expect("a list of sources");
    let source = sources.iter().find(|source| source["files"].get(&file).is_some());
    source
        .and_then(|source| source["version"].as_str())
        .unwrap_or_else(|| panic!("{file} is from nowhere"))
        .to_owned()
}

/// Whether the server complains of nothing but members that it does not know.
fn older(answer: &clientset::Result<String>) -> bool {
    answer.as_ref().is_err_and(|error| error.to_string().contains("strict decoding error: unknown field"))
}

#[tokio::test]
async fn every_populated_kind_is_known_to_the_server_member_by_member() {
    let sandbox = sandbox!("populated");
    let posted: BTreeSet<(String, String)> = operations()
        .into_iter()
        .filter(|operation| operation.action == "post" && operation.subresource.is_none())
        .filter(|operation| operation.place != Place::AllNamespaces)
        .map(|operation| (operation.group_version, operation.plural))
        .collect();
    let specimens: BTreeMap<_, _> =
        specimens().into_iter().map(|(kind, object)| ((kind.api_version, kind.kind), object)).collect();
    let version = sandbox.client.client().discovery().server_version().await.unwrap().git_version;
    let (mut sent, mut skipped, mut problems) = (0, Vec::new(), Vec::new());
    for resource in RESOURCES {
        let info = &resource.info;
        let api_version = info.api_version();
        let group_version = if info.group.is_empty() {
            format!("api/{}", info.version)
        } else {
            format!("apis/{api_version}")
        };
        if !posted.contains(&(group_version, info.plural.to_string())) {
            continue;
        }
        let name = format!("{} of {api_version}", info.kind);
        let mut object = specimens[&(api_version.as_str(), &*info.kind)].clone();
        // What the path says must not be contradicted, and nothing that is created has a version yet.
        let metadata = object["metadata"].as_object_mut().expect("metadata is an object");
        metadata.remove("resourceVersion");
        metadata.remove("namespace");
        if info.namespaced {
            metadata.insert("namespace".to_owned(), sandbox.namespace.as_str().into());
        }
        let client = sandbox.client.client();
        let answer = (resource.create_strictly)(client, &sandbox.namespace, &object.to_string()).await;
        match answer.as_ref().err().map(clientset::Error::http_status) {
            // An older minor, or an API that is switched off; never where its document is from this very release.
            Some(Some(404)) if release_of(&api_version) != version => skipped.push(name),
            // Nor an older minor what is newer than itself.
            Some(Some(400)) if older(&answer) && release_of(&api_version) != version => skipped.push(name),
            // Invalid values are not the question here (bindings call them 500); a body that cannot be read is.
            None | Some(Some(403 | 409 | 422 | 500)) => sent += 1,
            _ => problems.push(format!("{name}: {}", answer.expect_err("looked at above"))),
        }
    }
    if !skipped.is_empty() {
        eprintln!("not known here, or not all of it: {}", skipped.join(", "));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(sent > 40, "only {sent} kinds were sent");
}

#[tokio::test]
async fn the_server_would_complain_about_a_member_that_it_does_not_know() {
    let sandbox = sandbox!("unpopulated");
    let config_map =
        RESOURCES.iter().find(|resource| resource.info.kind == "ConfigMap").expect("there is one");
    let json = r#"{"metadata": {"name": "m"}, "memberOfTomorrow": 1}"#;
    let answer = (config_map.create_strictly)(sandbox.client.client(), &sandbox.namespace, json).await;
    let error = answer.unwrap_err();
    assert!(
        error.is_bad_request() && error.to_string().contains("unknown field \"memberOfTomorrow\""),
        "{error}"
    );
}
