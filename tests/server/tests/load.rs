//! Objects taken in from YAML, with the checks of the API and errors that say where.

mod support;

use clientset_testserver::{Clock, TestServer};
use support::get;

const ALL: &str = "
# Needs what comes later.
apiVersion: example.com/v1
kind: Gear
metadata: {name: big, namespace: shop}
spec: {teeth: 12}
status: {turns: 3}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: one}
- apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop}
  spec:
    containers:
    - {name: web, image: web}
  status: {phase: Running}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.example.com}
spec:
  group: example.com
  names: {plural: gears, kind: Gear}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              teeth: {type: integer}
              color: {type: string, default: grey}
          status:
            type: object
            properties:
              turns: {type: integer}
";

#[tokio::test]
async fn what_is_loaded_is_checked_defaulted_and_complete() {
    let server = TestServer::builder().load(ALL).start().await.expect("a server");
    let url = server.url();
    let gear = get(&url, "/apis/example.com/v1/namespaces/shop/gears/big").await.json();
    assert_eq!(gear["spec"]["color"], "grey");
    assert_eq!(gear["status"]["turns"], 3);
    let pod = get(&url, "/api/v1/namespaces/shop/pods/web").await.json();
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(pod["spec"]["restartPolicy"], "Always");
    assert_eq!(get(&url, "/api/v1/namespaces/default/configmaps/one").await.code, 200);
    server.load(ALL).await.expect("a second time replaces");
}

#[tokio::test]
async fn an_object_that_is_there_is_replaced() {
    let server = TestServer::start().await.expect("a server");
    let map = |value: &str| {
        format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{b: {value}}}}}")
    };
    server.load(&map("old")).await.expect("loaded");
    server.load(&map("new")).await.expect("replaced");
    assert!(server.dump().contains("b: new"), "{}", server.dump());
    assert!(!server.dump().contains("old"), "{}", server.dump());
}

#[tokio::test]
async fn errors_name_document_and_line() {
    let good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n";
    let cases = [
        (
            "apiVersion: v1\nkind: Pot\nmetadata: {name: a}",
            "document 2 (line 5): no resource is of kind Pot in v1",
        ),
        ("- 1\n- 2", "document 2 (line 5): not an object"),
        (
            "# why\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}",
            "document 2 (line 6): ConfigMap \"A\" is invalid: metadata.name: Invalid value: \"A\": ",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: none}",
            "document 2 (line 5): namespaces \"none\" not found",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ncolor: red",
            "document 2 (line 5): ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"color\"",
        ),
        ("a: [", "document 2 (line 5): "),
    ];
    for (bad, expected) in cases {
        let server = TestServer::start().await.expect("a server");
        let error = server.load(&format!("{good}{bad}")).await.expect_err(bad);
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let refused = TestServer::builder().load("a: b").start().await.expect_err("refused");
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(refused.to_string(), "document 1 (line 1): apiVersion and kind must be set");
}

#[tokio::test]
async fn a_dump_is_what_was_loaded_and_can_be_loaded() {
    // Conditions of definitions have times.
    let clock = Clock::at(std::time::SystemTime::UNIX_EPOCH);
    let server = TestServer::builder().clock(&clock).load(ALL).start().await.expect("a server");
    let dump = server.dump();
    let kinds: Vec<&str> = dump.lines().filter_map(|it| it.strip_prefix("kind: ")).collect();
    assert_eq!(kinds, ["ConfigMap", "Namespace", "Pod", "CustomResourceDefinition", "Gear"], "{dump}");
    for volatile in ["uid:", "resourceVersion:", "creationTimestamp:", "managedFields:"] {
        assert!(!dump.contains(volatile), "{volatile} in {dump}");
    }
    let other = TestServer::builder().clock(&clock).load(&dump).start().await.expect("a server");
    assert_eq!(other.dump(), dump);
}
