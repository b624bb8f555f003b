//! Raw requests over real sockets: what goes out, what comes back, and what is refused before anything is sent.

use super::*;
use crate::testing::{Reply, Server, Widget, status};
use crate::{Error, WatchEvent};

#[tokio::test]
async fn any_verb_goes_to_any_path_with_query_headers_and_body() {
    let server = Server::start([
        Reply::with(200, &[("content-type", "text/plain")], "ok"),
        Reply::with(
            201,
            &[("content-type", "application/json"), ("warning", r#"299 - "old""#)],
            r#"{"a":[1]}"#,
        ),
        Reply::new(200, "{}"),
    ])
    .await;
    let rest = server.client().rest();
    assert_eq!(rest.get("/healthz").query("verbose", "1&2").text().await.unwrap(), "ok");
    let answer = rest.post("/a/b%20c").header("X-Trace", "t").json(&vec![1, 2]).send().await.unwrap();
    assert_eq!((answer.status(), answer.content_type()), (201, Some("application/json")));
    assert_eq!(answer.warnings(), ["old"]);
    assert_eq!(answer.bytes(), br#"{"a":[1]}"#);
    let value: std::collections::BTreeMap<String, Vec<u8>> = answer.json().unwrap();
    assert_eq!(value["a"], [1]);
    rest.patch("/x").body("application/merge-patch+json", "{}").await.unwrap();
    assert_eq!(server.lines(), ["GET /healthz?verbose=1%262", "POST /a/b%20c", "PATCH /x"]);
    let seen = server.seen();
    assert_eq!((seen[1].header("x-trace"), seen[1].body.as_str()), (Some("t"), "[1,2]"));
    assert_eq!(seen[1].header("content-type"), Some("application/json"));
    assert_eq!(seen[2].header("content-type"), Some("application/merge-patch+json"));
}

#[tokio::test]
async fn paths_are_below_the_path_of_the_server() {
    let server = Server::start([Reply::new(200, "{}")]).await;
    let config = crate::config::Config::new(format!("{}/k8s/clusters/a/", server.url));
    let client = Client::new(config).unwrap();
    client.rest().get("/version").send().await.unwrap();
    assert_eq!(server.lines(), ["GET /k8s/clusters/a/version"]);
}

#[tokio::test]
async fn parts_of_a_resource_become_its_path() {
    let server = Server::start((0..4).map(|_| Reply::new(200, "{}"))).await;
    let rest = server.client().rest();
    rest.resource("v1", "nodes").get().await.unwrap();
    rest.resource("apps/v1", "deployments")
        .namespace("a")
        .name("web")
        .subresource("scale")
        .put()
        .await
        .unwrap();
    rest.resource("v1", "pods").namespace("a").name("system:x y").delete().await.unwrap();
    rest.resource("example.com/v1", "widgets").namespace("a").post().await.unwrap();
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/nodes",
            "PUT /apis/apps/v1/namespaces/a/deployments/web/scale",
            "DELETE /api/v1/namespaces/a/pods/system:x%20y",
            "POST /apis/example.com/v1/namespaces/a/widgets",
        ]
    );
}

#[tokio::test]
async fn what_could_lead_elsewhere_is_refused_and_nothing_is_sent() {
    let server = Server::start([]).await;
    let rest = server.client().rest();
    let pods = || rest.resource("v1", "pods").namespace("default");
    for request in [
        rest.get(""),
        rest.get("version"),
        rest.get("https://203.0.113.1/"),
        rest.get("//203.0.113.1/"),
        rest.get("/a/../b"),
        rest.get("/a/%2e%2e/b"),
        rest.get("/a?b=c"),
        rest.get("/a").header("Authorization", "Bearer canary"),
        rest.get("/a").header("x", "a\r\ny: z"),
        rest.post("/a").body("a\nb", ""),
        rest.post("/a").json(&std::collections::BTreeMap::from([([1u8], 2)])),
        pods().name("..").get(),
        pods().name("a/b").get(),
        pods().name("").get(),
        pods().subresource("log").get(),
        pods().name("a").subresource("exec?x").get(),
        rest.resource("v1", "pods").namespace("a%2fb").get(),
        rest.resource("apps/v1/x", "pods").get(),
        rest.resource("/v1", "pods").get(),
        rest.resource("..", "pods").get(),
    ] {
        let target = format!("{request:?}");
        let error = request.send().await.unwrap_err();
        assert!(error.is_request(), "{target}: {error}");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert!(error.to_string().contains(server.url.as_str()), "{error}");
    }
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn failures_are_errors_with_their_status_unless_any_status_is_taken() {
    let missing = || Reply::new(404, &status(404, "NotFound"));
    let server =
        Server::start([missing(), missing(), Reply::with(503, &[("retry-after", "0")], "later")]).await;
    let rest = server.client().rest();
    let error: Error = rest.get("/apis/x/v1").send().await.unwrap_err();
    assert!(error.is_not_found());
    let answer = rest.get("/apis/x/v1").any_status().send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().unwrap().contains("NotFound"));
    let answer = rest.get("/readyz").any_status().send().await.unwrap();
    assert_eq!((answer.status(), answer.text().unwrap()), (503, "later"));
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_body_can_be_read_as_it_comes() {
    let server = Server::start([Reply::chunked(&["a", "b"]), Reply::unfinished(&["a"])]).await;
    let rest = server.client().rest();
    let mut stream = rest.get("/x").stream().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        all.extend(piece.unwrap());
    }
    assert_eq!(all, b"ab");
    let mut stream = rest.get("/x").stream().await.unwrap();
    let mut last = None;
    while let Some(piece) = stream.next().await {
        last = Some(piece);
    }
    assert!(last.unwrap().unwrap_err().is_transport());
}

#[tokio::test]
async fn a_path_can_be_watched() {
    let line = r#"{"type":"ADDED","object":{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}}"#;
    let server = Server::start([Reply::chunked(&[line, "\n"])]).await;
    let request = server.client().rest().resource("example.com/v1", "widgets").get();
    let mut watch = request.watch::<Widget>().await.unwrap();
    let Some(Ok(WatchEvent::Added(widget))) = watch.next().await else { panic!() };
    assert_eq!(widget.metadata.name.as_deref(), Some("a"));
    assert_eq!(server.lines(), ["GET /apis/example.com/v1/widgets?watch=true"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_repeated() {
    let server =
        Server::start([Reply::new(200, r#"{"password":"canary"}"#), Reply::with(200, &[], "x")]).await;
    let answer = server.client().rest().get("/x").send().await.unwrap();
    let error = answer.json::<std::collections::BTreeMap<String, u32>>().unwrap_err();
    assert!(error.is_decode());
    let text = format!("{error} {error:?} {answer:?}");
    assert!(!text.contains("canary"), "{text}");
    assert!(text.contains("expected u32 at line 1 column 20"), "{text}");
    let answer = server.client().rest().get("/x").send().await.unwrap();
    assert!(answer.json::<u32>().unwrap_err().is_decode());
}
