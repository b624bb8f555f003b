//! The documents of `/openapi/v3` against those of a kube-apiserver, which are in `specs/kubernetes`.
//!
//! Types are the same to the letter. Of the paths, those that the embedded server has are the same: it serves no `watch/` paths, no
//! proxies and no streams, and offers no CBOR.

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use clientset_testserver::TestServer;
use serde_json::Value;
use support::get;

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(|it| Some(it["name"].as_str()?.to_owned())).collect()
}

/// An operation without what is not compared.
fn plain(operation: &Value) -> String {
    let mut it = operation.clone();
    for content in
        ["/requestBody/content", "/responses/200/content", "/responses/201/content", "/responses/202/content"]
    {
        if let Some(all) = it.pointer_mut(content).and_then(Value::as_object_mut) {
            all.retain(|media, _| !media.contains("cbor"));
        }
    }
    sorted(it).to_string()
}

/// With members in the order of their names, whatever order this build of serde_json keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(all) => {
            let mut all: Vec<(String, Value)> = all.into_iter().collect();
            all.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(all.into_iter().map(|(name, it)| (name, sorted(it))).collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[tokio::test]
async fn documents_are_those_of_kube_apiserver() {
    let server = TestServer::builder().all_apis(true).start().await.expect("a server");
    let index = get(&server.url(), "/openapi/v3").await.json();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/kubernetes");
    let mut differences = Vec::new();
    for (place, entry) in index["paths"].as_object().expect("an index") {
        let file = folder.join(format!("{}.json", place.replace('/', "__")));
        let spec =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let spec: Value = serde_json::from_str(&spec).expect("a document");
        let url = entry["serverRelativeURL"].as_str().expect("where it is");
        let document = get(&server.url(), url).await.json();
        for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
            if spec["components"]["schemas"][name] != *schema {
                differences.push(format!("{place}: {name}"));
            }
        }
        for (path, item) in document["paths"].as_object().expect("paths") {
            let expected = &spec["paths"][path];
            if names(&expected["parameters"]) != names(&item["parameters"]) {
                differences.push(format!("{path}: its parameters"));
            }
            for (method, operation) in
                item.as_object().into_iter().flatten().filter(|it| it.0 != "parameters")
            {
                let (one, other) = (plain(&expected[method]), plain(operation));
                if one != other {
                    let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
                    let near =
                        |text: &str| text.chars().skip(at.saturating_sub(60)).take(140).collect::<String>();
                    differences.push(format!("{method} {path}:\n  - {}\n  + {}", near(&one), near(&other)));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
