//! What the recorded conversations cannot show: time, several connections, settings, life and death of a server.

mod support;

use std::time::Duration;

use clientset_testserver::TestServer;
use serde_json::{Value, json};
use support::{Events, get, post, send};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const MERGE: &[(&str, &str)] = &[("content-type", "application/merge-patch+json")];

fn map(name: &str) -> Value {
    json!({"metadata": {"name": name}})
}

async fn server() -> TestServer {
    TestServer::start().await.expect("a server")
}

#[tokio::test]
async fn a_watch_sees_each_change_as_it_happens() {
    let server = server().await;
    let url = server.url();
    let mut events = Events::open(&url, &format!("{MAPS}?watch=true")).await;
    post(&url, MAPS, &map("a")).await;
    assert_eq!(events.next_short().await, "ADDED a");
    send(&url, "PATCH", &format!("{MAPS}/a"), MERGE, r#"{"data":{"k":"v"}}"#).await;
    assert_eq!(events.next_short().await, "MODIFIED a");
    post(&url, "/api/v1/namespaces/kube-system/configmaps", &map("elsewhere")).await;
    send(&url, "DELETE", &format!("{MAPS}/a"), &[], "").await;
    assert_eq!(events.next_short().await, "DELETED a");
}

#[tokio::test]
async fn a_watch_goes_on_from_where_the_last_one_stood() {
    let server = server().await;
    let url = server.url();
    let first = post(&url, MAPS, &map("a")).await.json();
    let version = first["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    for name in ["b", "c"] {
        post(&url, MAPS, &map(name)).await;
    }
    let mut events = Events::open(&url, &format!("{MAPS}?watch=1&resourceVersion={version}")).await;
    assert_eq!(events.next_short().await, "ADDED b");
    assert_eq!(events.next_short().await, "ADDED c");
}

#[tokio::test]
async fn bookmarks_come_as_often_as_was_set() {
    let server =
        TestServer::builder().bookmark_interval(Duration::from_millis(1)).start().await.expect("a server");
    let url = server.url();
    let mut events = Events::open(&url, &format!("{MAPS}?watch=true&allowWatchBookmarks=true")).await;
    let event = events.next().await.expect("an event");
    assert_eq!(event["type"], "BOOKMARK");
    assert_eq!(event["object"]["kind"], "ConfigMap");
    assert_eq!(event["object"]["metadata"]["resourceVersion"], server.resource_version().to_string());
}

#[tokio::test]
async fn what_was_compacted_is_gone_for_watches_and_pages() {
    let server = server().await;
    let url = server.url();
    for name in ["a", "b", "c"] {
        post(&url, MAPS, &map(name)).await;
    }
    let page = get(&url, &format!("{MAPS}?limit=1")).await.json();
    let (version, token) = (&page["metadata"]["resourceVersion"], &page["metadata"]["continue"]);
    let (version, token) = (version.as_str().expect("a version"), token.as_str().expect("a token"));
    post(&url, MAPS, &map("d")).await;
    server.compact();

    let mut events = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={version}")).await;
    let event = events.next().await.expect("an event");
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(event["object"]["reason"], "Expired");
    assert!(events.next().await.is_none(), "the watch ends with its error");

    let gone = get(&url, &format!("{MAPS}?limit=1&continue={token}")).await;
    assert_eq!(gone.code, 410);
    let again = gone.json()["metadata"]["continue"].as_str().expect("a token to go on with").to_owned();
    let rest = get(&url, &format!("{MAPS}?continue={again}")).await.json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn history_is_bounded() {
    let server = TestServer::builder().history_limit(2).start().await.expect("a server");
    let url = server.url();
    let first = post(&url, MAPS, &map("a")).await.json();
    let version = first["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    for name in ["b", "c", "d"] {
        post(&url, MAPS, &map(name)).await;
    }
    let mut events = Events::open(&url, &format!("{MAPS}?watch=true&resourceVersion={version}")).await;
    assert_eq!(events.next_short().await, "ERROR ");
}

#[tokio::test]
async fn a_namespace_goes_with_what_is_in_it() {
    let server = server().await;
    let url = server.url();
    post(&url, "/api/v1/namespaces", &map("n")).await;
    let maps = "/api/v1/namespaces/n/configmaps";
    post(&url, maps, &map("plain")).await;
    post(&url, maps, &json!({"metadata": {"name": "held", "finalizers": ["a.b/c"]}})).await;
    let answer = send(&url, "DELETE", "/api/v1/namespaces/n", &[], "").await.json();
    assert_eq!(answer["status"]["phase"], "Terminating");
    assert_eq!(get(&url, &format!("{maps}/plain")).await.code, 404);
    assert_eq!(get(&url, "/api/v1/namespaces/n").await.code, 200, "the held object holds it");
    send(&url, "PATCH", &format!("{maps}/held"), MERGE, r#"{"metadata":{"finalizers":null}}"#).await;
    assert_eq!(get(&url, "/api/v1/namespaces/n").await.code, 404);
}

#[tokio::test]
async fn a_pod_on_a_node_gets_its_grace() {
    let server = server().await;
    let (url, pods) = (server.url(), "/api/v1/namespaces/default/pods");
    let pod = json!({"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}]}});
    post(&url, pods, &pod).await;
    let first = send(&url, "DELETE", &format!("{pods}/p"), &[], "").await.json();
    assert_eq!(first["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(get(&url, &format!("{pods}/p")).await.code, 200);
    send(&url, "DELETE", &format!("{pods}/p?gracePeriodSeconds=0"), &[], "").await;
    assert_eq!(get(&url, &format!("{pods}/p")).await.code, 404);
}

#[tokio::test]
async fn only_the_right_token_gets_in() {
    let server = TestServer::builder().token("secret").start().await.expect("a server");
    let url = server.url();
    let with = |token: &'static str| {
        let url = url.clone();
        async move { send(&url, "GET", MAPS, &[("authorization", token)], "").await.code }
    };
    assert_eq!(get(&url, MAPS).await.code, 401);
    assert_eq!(with("Bearer wrong").await, 401);
    assert_eq!(with("Bearer secret").await, 200);
    assert!(server.kubeconfig().contains("token: \"secret\""));
    assert!(!format!("{:?}", server.requests()).contains("secret"));
}

#[tokio::test]
async fn what_was_asked_can_be_looked_at() {
    let server = server().await;
    send(&server.url(), "PATCH", &format!("{MAPS}/a?fieldManager=me"), MERGE, "{}").await;
    let [request] = &server.requests()[..] else { panic!("one request") };
    assert_eq!((request.method.as_str(), request.query.as_str()), ("PATCH", "fieldManager=me"));
    assert_eq!((request.path.clone(), request.body.as_slice()), (format!("{MAPS}/a"), &b"{}"[..]));
}

#[tokio::test]
async fn the_kubeconfig_leads_here() {
    let server = server().await;
    let config: Value = serde_saphyr::from_str(&server.kubeconfig()).expect("YAML");
    assert_eq!(config["clusters"][0]["cluster"]["server"], server.url());
    assert_eq!(config["current-context"], config["contexts"][0]["name"]);
}

#[tokio::test]
async fn many_servers_share_nothing_and_end_when_dropped() {
    let mut servers = Vec::new();
    for _ in 0..50 {
        servers.push(server().await);
    }
    post(&servers[0].url(), MAPS, &map("a")).await;
    assert_eq!(get(&servers[1].url(), &format!("{MAPS}/a")).await.code, 404);

    let server = servers.swap_remove(0);
    let mut events = Events::open(&server.url(), &format!("{MAPS}?watch=true")).await;
    assert_eq!(events.next_short().await, "ADDED a");
    drop(server);
    assert!(events.is_cut_off().await, "an open watch ends with its server");
}

#[tokio::test]
async fn http2_is_spoken_to_who_speaks_it_first() {
    use http_body_util::{BodyExt as _, Empty};
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let server = server().await;
    let address = server.url().replace("http://", "");
    let stream = tokio::net::TcpStream::connect(&address).await.expect("connect");
    let io = TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("handshake");
    tokio::spawn(connection);
    let request = hyper::Request::get(format!("{}/version", server.url()))
        .body(Empty::<bytes::Bytes>::new())
        .expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    assert_eq!(answer.version(), hyper::Version::HTTP_2);
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let version: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(version["gitVersion"], "v1.37.1");
}

#[tokio::test]
async fn concurrent_writers_with_versions_lose_nothing() {
    let server = server().await;
    let url = server.url();
    post(&url, MAPS, &json!({"metadata": {"name": "count"}, "data": {"n": "0"}})).await;
    let mut writers = Vec::new();
    for _ in 0..4 {
        let url = url.clone();
        writers.push(tokio::spawn(async move {
            let path = format!("{MAPS}/count");
            for _ in 0..10 {
                loop {
                    let mut object = get(&url, &path).await.json();
                    let n: u64 =
                        object["data"]["n"].as_str().and_then(|it| it.parse().ok()).expect("a number");
                    object["data"]["n"] = (n + 1).to_string().into();
                    let headers = [("content-type", "application/json")];
                    match send(&url, "PUT", &path, &headers, &object.to_string()).await.code {
                        200 => break,
                        code => assert_eq!(code, 409),
                    }
                }
            }
        }));
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
    assert_eq!(get(&url, &format!("{MAPS}/count")).await.json()["data"]["n"], "40");
}

#[tokio::test]
async fn both_forms_of_discovery_name_a_custom_resource() {
    let server = server().await;
    let url = server.url();
    let crd = json!({
        "metadata": {"name": "gears.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "gears", "kind": "Gear"},
            "scope": "Cluster",
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        },
    });
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    assert_eq!(post(&url, crds, &crd).await.code, 201);
    let old = get(&url, "/apis/example.com/v1").await.json();
    assert_eq!(old["resources"][0]["name"], "gears");
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let new = send(&url, "GET", "/apis", &[("accept", accept)], "").await;
    assert!(new.content_type.contains("APIGroupDiscoveryList"));
    let all = new.json();
    let found =
        all["items"].as_array().expect("groups").iter().find(|it| it["metadata"]["name"] == "example.com");
    assert_eq!(found.expect("the group")["versions"][0]["resources"][0]["responseKind"]["kind"], "Gear");
}

#[tokio::test]
async fn nothing_that_is_sent_breaks_the_server() {
    let server = server().await;
    let url = server.url();
    let crd = json!({
        "metadata": {"name": "odds.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"plural": "odds", "kind": "Odd"},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.a.b", "statusReplicasPath": ".status"}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    });
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    post(&url, crds, &crd).await;
    post(&url, MAPS, &map("a")).await;
    let odds = "/apis/example.com/v1/namespaces/default/odds";
    post(
        &url,
        odds,
        &json!({"apiVersion": "example.com/v1", "kind": "Odd", "metadata": {"name": "a"}, "spec": "text"}),
    )
    .await;

    let values =
        ["null", "1", "\"x\"", "[]", "[1]", "{}", "{\"a\":1}", "{\"name\":\"a\",\"labels\":5}", "[{}]"];
    let members = ["metadata", "spec", "status", "data", "stringData"];
    let mut bodies =
        vec![String::new(), "{".to_owned(), "[".repeat(10_000), "\u{0}".to_owned(), "null".to_owned()];
    for member in members {
        for value in values {
            bodies.push(format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"{member}\":{value}}}"));
            bodies.push(format!("{{\"metadata\":{{\"name\":\"b\"}},\"{member}\":{value}}}"));
            bodies.push(format!(
                "{{\"apiVersion\":\"example.com/v1\",\"kind\":\"Odd\",\"metadata\":{{\"name\":\"a\"}},\"{member}\":{value}}}"
            ));
        }
    }
    bodies.push("[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/x\"}]".to_owned());
    let copy = "{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/x\"},".repeat(64);
    bodies.push(format!("[{}]", copy.trim_end_matches(',')));
    let patches = [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];
    let collections = [
        MAPS,
        "/api/v1/namespaces",
        "/api/v1/namespaces/default/secrets",
        "/api/v1/namespaces/default/pods",
        "/apis/apps/v1/namespaces/default/deployments",
        crds,
        odds,
    ];
    let mut asked = Vec::new();
    for path in collections {
        for body in &bodies {
            asked.push(("POST", path.to_owned(), "application/json", body.clone()));
        }
    }
    for path in
        [format!("{MAPS}/a"), format!("{odds}/a"), format!("{odds}/a/status"), format!("{odds}/a/scale")]
    {
        for body in &bodies {
            asked.push(("PUT", path.clone(), "application/json", body.clone()));
            for kind in patches {
                asked.push(("PATCH", format!("{path}?fieldManager=m"), kind, body.clone()));
            }
        }
    }
    for query in [
        "labelSelector=%C3%A9",
        "labelSelector=%E2%82%AC%3D1",
        "labelSelector=((",
        "fieldSelector=%5C",
        "limit=99999999999999999999",
        "limit=1&continue=%00",
        "continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6OTk5OTksInN0YXJ0IjoiL2EifQ",
        "watch=true&timeoutSeconds=1&resourceVersion=18446744073709551615",
        "watch=1&timeoutSeconds=9223372036854775807&resourceVersion=x",
    ] {
        asked.push(("GET", format!("{MAPS}?{query}"), "application/json", String::new()));
    }
    for (method, path, kind, body) in asked {
        // An answer at all: a panic would cut the connection.
        let answer = send(&url, method, &path, &[("content-type", kind)], &body).await;
        assert!(answer.code < 600, "{method} {path}");
    }
    assert_eq!(get(&url, "/readyz").await.body, "ok");
}
