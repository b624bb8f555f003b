//! What the fuzz targets of the embedded API server check: bytes in, a panic where a property does not hold.
//!
//! Shared by `#[path]` between the libfuzzer targets beside this file and `tests/server/tests/fuzz.rs`. Requests do not go over a
//! socket: what is looked for is in what the server makes of them.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use clientset_testserver::TestServer;
use tokio::runtime::Runtime;

/// Every target by name: the folder of its seeds and of its fixtures.
pub(super) const TARGETS: [&str; 3] = ["server-body", "server-patch", "server-query"];

/// No input of these sizes may take longer; it is generous, since the machine has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);
/// A server gets this many inputs before the next one takes over, so that one input's traces do not pile up.
const INPUTS: u32 = 200;

const JSON: &str = "application/json";

struct Subject {
    runtime: Runtime,
    server: TestServer,
    left: u32,
}

const DEFINITION: &str = r#"{"metadata":{"name":"things.fuzz.example.com"},"spec":{"group":"fuzz.example.com","scope":"Namespaced","names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer","minimum":1,"default":2},"x":{"x-kubernetes-int-or-string":true},"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"v":{"type":"integer"}}}}}},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}]}}"#;
const POD: &str = r#"{"metadata":{"name":"a","labels":{"a":"b"}},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i","env":[{"name":"E","value":"v"}]}]}}"#;

impl Subject {
    fn new() -> Subject {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = runtime.block_on(TestServer::builder().history_limit(50).start()).expect("a server");
        let subject = Subject { runtime, server, left: INPUTS };
        let things = "/apis/fuzz.example.com/v1/namespaces/default/things";
        let thing = r#"{"apiVersion":"fuzz.example.com/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"n":5,"l":[{"name":"a","v":1}]}}"#;
        subject.ask(
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            JSON,
            DEFINITION.as_bytes(),
        );
        subject.ask("POST", "/api/v1/namespaces/default/pods", JSON, POD.as_bytes());
        subject.ask(
            "POST",
            "/api/v1/namespaces/default/configmaps",
            JSON,
            br#"{"metadata":{"name":"a"},"data":{"a":"b"}}"#,
        );
        subject.ask("POST", things, JSON, thing.as_bytes());
        subject
    }

    fn ask(&self, method: &str, target: &str, media: &str, body: &[u8]) {
        let begun = Instant::now();
        let _inside = self.runtime.enter();
        for accept in ["", "application/json;as=Table;g=meta.k8s.io;v=v1"] {
            let (code, answer) = self.server.ask_inside(method, target, media, accept, body);
            assert!((200..600).contains(&code), "{method} {target} is answered by {code}");
            if code >= 400 && answer.starts_with(b"{") {
                let status: serde_json::Value = serde_json::from_slice(&answer).expect("a Status is JSON");
                assert_eq!(status["code"], code, "{method} {target}: {status}");
            }
            if !matches!(method, "GET") {
                break;
            }
        }
        assert!(begun.elapsed() < PATIENCE, "{method} {target} took {:?}", begun.elapsed());
    }
}

/// One target. What a libfuzzer target calls.
///
/// # Panics
/// When there is no such target, or when what it checks does not hold.
pub(super) fn check(target: &str, data: &[u8]) {
    thread_local!(static SUBJECT: RefCell<Option<Subject>> = const { RefCell::new(None) });
    let check = match target {
        "server-body" => body,
        "server-patch" => patch,
        "server-query" => query,
        other => panic!("there is no target {other}"),
    };
    SUBJECT.with_borrow_mut(|subject| {
        // Taken out, so that a panic leaves none behind that is half done.
        let mut current = subject.take().filter(|it| it.left > 0).unwrap_or_else(Subject::new);
        current.left -= 1;
        check(&current, data);
        *subject = Some(current);
    });
}

/// The input as the body of whatever takes one.
fn body(subject: &Subject, data: &[u8]) {
    for plural in
        ["pods", "configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims", "events"]
    {
        subject.ask("POST", &format!("/api/v1/namespaces/default/{plural}"), JSON, data);
    }
    for place in [
        "/api/v1/namespaces",
        "/api/v1/nodes",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "/apis/apps/v1/namespaces/default/deployments?fieldValidation=Strict",
        "/apis/batch/v1/namespaces/default/cronjobs",
        "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles",
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
        "/apis/fuzz.example.com/v1/namespaces/default/things",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    ] {
        subject.ask("POST", place, JSON, data);
    }
    subject.ask("POST", "/api/v1/namespaces/default/pods", "application/yaml", data);
    subject.ask("POST", "/api/v1/namespaces/default/configmaps", "application/vnd.kubernetes.protobuf", data);
    subject.ask("PUT", "/api/v1/namespaces/default/pods/a", JSON, data);
    subject.ask("PUT", "/api/v1/namespaces/default/pods/a/status", JSON, data);
    subject.ask("PUT", "/apis/fuzz.example.com/v1/namespaces/default/things/a", JSON, data);
    subject.ask("POST", "/api/v1/namespaces/default/pods/a/eviction?dryRun=All", JSON, data);
    subject.ask("DELETE", "/api/v1/namespaces/default/configmaps/a?dryRun=All", JSON, data);
}

/// The input as a patch in each form.
fn patch(subject: &Subject, data: &[u8]) {
    for target in [
        "/api/v1/namespaces/default/pods/a",
        "/api/v1/namespaces/default/configmaps/a",
        "/api/v1/namespaces/default/pods/a/status",
        "/apis/fuzz.example.com/v1/namespaces/default/things/a",
    ] {
        for form in ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json"] {
            subject.ask("PATCH", target, &format!("application/{form}"), data);
        }
        let target = format!("{target}?fieldManager=m&force=true");
        subject.ask("PATCH", &target, "application/apply-patch+yaml", data);
    }
}

/// The input as a line: method, path and query.
fn query(subject: &Subject, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (method, target) = text.split_once(' ').unwrap_or(("GET", &text));
    let body: &[u8] =
        if matches!(method, "POST" | "PUT" | "PATCH") { br#"{"metadata":{"name":"a"}}"# } else { b"" };
    let media = if method == "PATCH" { "application/merge-patch+json" } else { JSON };
    subject.ask(method, target, media, body);
}
