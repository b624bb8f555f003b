//! Discovery and the mapper on documents recorded from a real server, and on hostile ones, over real sockets.

use std::sync::Mutex;

use super::*;
use crate::testing::{Reply, Seen, Server, status};
use crate::{DynamicObject, ResourceInfo};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

fn recorded(name: &str) -> String {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/discovery/kubernetes-1.37");
    let path = folder.join(format!("{name}.json"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn aggregated(body: &str) -> Reply {
    Reply::with(200, &[("content-type", AGGREGATED)], body)
}

/// The path of a request.
fn path(seen: &Seen) -> &str {
    seen.line.split([' ', '?']).nth(1).unwrap()
}

/// What the recorded server answers where nothing is aggregated, and to what is asked one by one.
fn legacy_reply(path: &str) -> Reply {
    match path {
        "/api" => Reply::new(200, &recorded("legacy-api")),
        "/apis" => Reply::new(200, &recorded("legacy-apis")),
        "/api/v1" => Reply::new(200, &recorded("legacy-api-v1")),
        "/version" => Reply::new(200, &recorded("version")),
        "/openapi/v3" => Reply::new(200, &recorded("openapi-v3")),
        "/openapi/v3/apis/apps/v1" => Reply::new(200, r#"{"openapi":"3.0.0"}"#),
        "/apis/metrics.example.com/v1beta1" => {
            Reply::with(503, &[("content-type", "text/plain")], "service unavailable\n")
        }
        path => match path.strip_prefix("/apis/") {
            Some(version)
                if [
                    "apps/v1",
                    "autoscaling/v1",
                    "autoscaling/v2",
                    "events.k8s.io/v1",
                    "example.com/v1",
                    "example.com/v1beta1",
                ]
                .contains(&version) =>
            {
                Reply::new(200, &recorded(&format!("legacy-{}", version.replace('/', "-"))))
            }
            _ => Reply::new(404, &status(404, "NotFound")),
        },
    }
}

/// The recorded server, aggregated where it is asked for that.
fn recorded_reply(seen: &Seen) -> Reply {
    let wanted = seen.header("accept").unwrap().contains("APIGroupDiscoveryList");
    match path(seen) {
        "/api" if wanted => aggregated(&recorded("aggregated-api")),
        "/apis" if wanted => aggregated(&recorded("aggregated-apis")),
        path => legacy_reply(path),
    }
}

async fn recorded_server() -> Server {
    Server::routing(recorded_reply).await
}

/// A server with these two answers, and nothing else.
async fn answering(core: Option<String>, named: Option<String>) -> Server {
    Server::routing(move |seen| {
        let body = match path(seen) {
            "/api" => &core,
            "/apis" => &named,
            _ => &None,
        };
        match body {
            Some(body) => aggregated(body),
            None => Reply::new(404, &status(404, "NotFound")),
        }
    })
    .await
}

#[tokio::test]
async fn everything_is_had_in_two_calls_and_what_is_stale_is_a_failure() {
    let server = recorded_server().await;
    let found = server.client().discovery().all().await.unwrap();
    let names: Vec<&str> = found.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["", "apps", "events.k8s.io", "autoscaling", "example.com", "metrics.example.com"]);
    let autoscaling = found.group("autoscaling").unwrap();
    assert_eq!(autoscaling.preferred_version, "v2");
    assert_eq!(autoscaling.versions.len(), 2);
    let pods = found.resources().find(|resource| resource.info.plural == "pods").unwrap();
    assert_eq!((&*pods.info.kind, pods.info.namespaced, pods.singular.as_str()), ("Pod", true, "pod"));
    assert_eq!(
        (&pods.short_names[..], &pods.categories[..]),
        (&["po".to_owned()][..], &["all".to_owned()][..])
    );
    assert!(pods.supports(["list", "watch", "deletecollection"]) && !pods.supports(["get", "fly"]));
    let eviction = pods.subresource("eviction").unwrap();
    assert_eq!((eviction.api_version.as_str(), eviction.kind.as_str()), ("policy/v1", "Eviction"));
    assert_eq!(pods.subresource("log").unwrap().api_version, "v1");
    let deployments = &found.group("apps").unwrap().versions[0].resources;
    let deployments = deployments.iter().find(|resource| resource.info.plural == "deployments").unwrap();
    assert_eq!(deployments.subresource("scale").unwrap().api_version, "autoscaling/v1");
    assert_eq!(deployments.subresource("status").unwrap().api_version, "apps/v1");
    // The stale version was asked for by itself, and only it.
    let [failure] = &found.failures[..] else { panic!("{:?}", found.failures) };
    assert_eq!(failure.name(), "metrics.example.com/v1beta1");
    assert!(failure.error.is_stale_discovery());
    assert!(failure.to_string().contains("503"), "{failure}");
    let mut lines = server.lines();
    lines.sort();
    assert_eq!(lines, ["GET /api", "GET /apis", "GET /apis/metrics.example.com/v1beta1"]);
}

#[tokio::test]
async fn both_forms_of_discovery_say_the_same() {
    let server = recorded_server().await;
    let discovery = server.client().discovery();
    let (short, long) = (discovery.all().await.unwrap(), discovery.unaggregated().all().await.unwrap());
    let sorted = |found: &Discovered| {
        let mut lines: Vec<String> = found
            .resources()
            .map(|resource| {
                let ApiResource { info, singular, verbs, short_names, categories, subresources } = resource;
                let mut verbs = verbs.clone();
                verbs.sort();
                let mut below: Vec<String> = subresources
                    .iter()
                    .map(|sub| {
                        let mut verbs = sub.verbs.clone();
                        verbs.sort();
                        format!("{} {} {} {verbs:?}", sub.name, sub.api_version, sub.kind)
                    })
                    .collect();
                below.sort();
                format!("{info:?} {singular} {verbs:?} {short_names:?} {categories:?} {below:?}")
            })
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&short), sorted(&long));
    assert_eq!(long.failures.len(), 1);
    assert_eq!(long.failures[0].error.http_status(), Some(503));
    let names = |found: &Discovered| {
        let groups = found.groups.iter();
        groups
            .map(|group| (group.name.clone(), group.preferred_version.clone(), group.versions.len()))
            .collect::<Vec<_>>()
    };
    let sort = |mut names: Vec<_>| {
        names.sort();
        names
    };
    assert_eq!(sort(names(&short)), sort(names(&long)));
}

#[tokio::test]
async fn a_server_that_aggregates_nothing_is_asked_for_each_version() {
    let server = Server::routing(|seen| legacy_reply(path(seen))).await;
    let found = server.client().discovery().all().await.unwrap();
    assert_eq!(found.groups.len(), 6);
    assert_eq!(found.resources().count(), 17);
    // Two roots, seven versions and the one that fails, which is asked for twice.
    assert_eq!(server.lines().len(), 2 + 7 + 2);
}

#[tokio::test]
async fn the_form_of_an_answer_is_told_by_its_content_type() {
    for (content_type, short) in [
        (AGGREGATED, true),
        ("application/json; as=APIGroupDiscoveryList; v=v2; g=apidiscovery.k8s.io; charset=utf-8", true),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList", false),
        ("application/json", false),
        ("text/html;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", false),
        ("", false),
    ] {
        assert_eq!(aggregated::is_aggregated(Some(content_type)), short, "{content_type}");
    }
    assert!(!aggregated::is_aggregated(None));
}

#[tokio::test]
async fn a_server_can_be_asked_what_it_serves_itself() {
    let server = recorded_server().await;
    let found = server.client().discovery().without_peers().all().await.unwrap();
    assert!(found.group("apps").is_some());
    let accept = server.seen()[0].header("accept").unwrap().to_owned();
    assert!(accept.starts_with(&format!("{AGGREGATED};profile=nopeer,{AGGREGATED},")), "{accept}");
}

#[tokio::test]
async fn a_server_can_lack_the_core_group_but_not_everything() {
    let server = answering(None, Some(recorded("aggregated-apis"))).await;
    let found = server.client().discovery().all().await.unwrap();
    assert!(found.group("").is_none() && found.group("apps").is_some());
    let server = answering(None, None).await;
    let error = server.client().discovery().all().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("API server"), "{error}");
    // Only what is not there may be missing: a server that forbids says nothing about what there is.
    let server = Server::routing(|_| Reply::new(403, &status(403, "Forbidden"))).await;
    assert!(server.client().discovery().all().await.unwrap_err().is_forbidden());
}

#[tokio::test]
async fn a_version_that_comes_back_is_no_failure() {
    let first = Mutex::new(true);
    let server = Server::routing(move |seen| {
        if path(seen) == "/apis/apps/v1" && std::mem::replace(&mut *first.lock().unwrap(), false) {
            return Reply::new(500, &status(500, "InternalError"));
        }
        match path(seen) {
            "/apis/metrics.example.com/v1beta1" => Reply::new(
                200,
                r#"{"resources":[{"name":"pods/cpu","namespaced":true,"kind":"V","verbs":["get"]}]}"#,
            ),
            path => legacy_reply(path),
        }
    })
    .await;
    let found = server.client().discovery().all().await.unwrap();
    assert!(found.failures.is_empty(), "{:?}", found.failures);
    assert_eq!(found.group("apps").unwrap().versions[0].resources.len(), 5);
    // What has no resource of its own above it gets one that nothing can be done with.
    let metrics = &found.group("metrics.example.com").unwrap().versions[0].resources[0];
    assert_eq!(
        (&*metrics.info.plural, metrics.verbs.len(), metrics.subresources[0].name.as_str()),
        ("pods", 0, "cpu")
    );
}

#[tokio::test]
async fn hostile_documents_are_errors_or_failures_and_never_panics() {
    // Whole documents that cannot be read.
    for body in ["", "null and more", "[]", "7", "{\"items\":7}", "{\"items\":{}}", "\u{0}", "<html>"] {
        let server = answering(Some(body.to_owned()), Some(body.to_owned())).await;
        let error = server.client().discovery().all().await.unwrap_err();
        assert!(error.is_decode(), "{body}: {error}");
        let body = body.to_owned();
        let server = Server::routing(move |_| Reply::new(200, &body)).await;
        let discovery = server.client().discovery();
        // The old form has other names for its lists.
        if !matches!(discovery.all().await, Err(error) if error.is_decode()) {
            assert!(server.seen()[0].line.starts_with("GET /api"), "{:?}", server.lines());
        }
        assert!(discovery.server_version().await.map_or_else(|error| error.is_decode(), |_| true));
        assert!(discovery.openapi_v3().await.map_or_else(|error| error.is_decode(), |_| true));
    }
    // Parts that cannot be read: the others stay.
    let good = r#"{"metadata":{"name":"good"},"versions":[{"version":"v1","resources":[{"resource":"a","responseKind":{"kind":"A"},"scope":"Cluster"}]}]}"#;
    for (bad, failures) in [
        ("7", 1),
        ("null", 1),
        ("{}", 1),
        (r#"{"metadata":{"name":"x"},"versions":7}"#, 1),
        (r#"{"metadata":{"name":"x"},"versions":[7]}"#, 1),
        (r#"{"metadata":{"name":"x"},"versions":[{}]}"#, 1),
        (r#"{"metadata":{"name":"x"},"versions":[{"version":"v1","resources":[[]]}]}"#, 1),
        (r#"{"metadata":{"name":"x"},"versions":[{"version":"v1","resources":[{"resource":{}}]}]}"#, 1),
        (r#"{"metadata":{"name":"x"},"versions":[{"version":{}}]}"#, 1),
        (
            r#"{"metadata":{"name":"x"},"versions":[{"version":"v1","freshness":"Stale"},{"version":"v1","freshness":"Stale"}]}"#,
            2,
        ),
        (r#"{"metadata":{"name":"../x"},"versions":[{"version":"../v1","freshness":"Stale"}]}"#, 1),
        (r#"{"metadata":{"name":"x"}}"#, 0),
        (
            r#"{"metadata":{"name":"x"},"versions":[{"version":"v1","resources":[{}, {"resource":"../a","responseKind":{"kind":"../A"}}]}]}"#,
            0,
        ),
    ] {
        let list = format!(r#"{{"items":[{bad},{good}]}}"#);
        let server = answering(Some(r#"{"items":[]}"#.to_owned()), Some(list)).await;
        let found = server.client().discovery().all().await.unwrap();
        assert_eq!(found.failures.len(), failures, "{bad}: {:?}", found.failures);
        assert!(found.group("good").is_some(), "{bad}");
        let mapper = server.client().mapper();
        assert_eq!(&*mapper.resolve("a").await.unwrap().group, "good", "{bad}");
    }
    // What a server names in a way that leads elsewhere is found, and refused when it is used.
    let evil = r#"{"items":[{"metadata":{"name":"x"},"versions":[{"version":"v1","resources":[{"resource":"../a","responseKind":{"kind":"A"},"scope":"Cluster"}]}]}]}"#;
    let server = answering(None, Some(evil.to_owned())).await;
    let resource = server.client().mapper().resolve("A").await.unwrap();
    assert!(server.client().dynamic(resource).list().await.unwrap_err().is_request());
    for (groups, failures) in
        [(r#"{"groups":[7,{},{"name":"x"},{"name":"x","versions":[{}]}]}"#, 4), (r#"{"groups":null}"#, 0)]
    {
        let (read, failed) = legacy::groups(groups.as_bytes(), "").unwrap();
        assert_eq!((read.len(), failed.len()), (0, failures), "{groups}");
    }
}

#[tokio::test]
async fn groups_versions_and_preferred_resources_are_told() {
    let server = recorded_server().await;
    let discovery = server.client().discovery();
    let groups = discovery.server_groups().await.unwrap();
    assert_eq!(
        groups[0],
        GroupVersions { group: String::new(), versions: vec!["v1".into()], preferred_version: "v1".into() }
    );
    let example = groups.iter().find(|group| group.group == "example.com").unwrap();
    assert_eq!(
        (&example.versions[..], example.preferred_version.as_str()),
        (&["v1".to_owned(), "v1beta1".to_owned()][..], "v1")
    );
    let preferred = discovery.preferred_resources().await.unwrap();
    let of = |plural: &str| {
        let resources = preferred.resources.iter().filter(|resource| resource.info.plural == plural);
        resources.map(|resource| resource.info.api_version()).collect::<Vec<_>>()
    };
    assert_eq!(of("horizontalpodautoscalers"), ["autoscaling/v2"]);
    assert_eq!(of("events"), ["v1", "events.k8s.io/v1"]);
    assert_eq!(of("widgets"), ["example.com/v1"]);
    assert_eq!(preferred.failures.len(), 1);
    assert_eq!(discovery.resources("apps/v1").await.unwrap().len(), 5);
    assert!(discovery.resources("nothing/v1").await.unwrap_err().is_not_found());
    for api_version in ["", "..", "a/../b", "apps/v1/deployments", "/v1"] {
        assert!(discovery.resources(api_version).await.unwrap_err().is_request(), "{api_version}");
    }
}

#[tokio::test]
async fn the_version_of_the_server_is_told_in_words_and_numbers() {
    let server = recorded_server().await;
    let version = server.client().discovery().server_version().await.unwrap();
    assert_eq!((version.git_version.as_str(), version.numbers()), ("v1.37.1", Some((1, 37))));
    assert_eq!(version.emulation_minor.as_deref(), Some("37"));
    for (minor, numbers) in [("37+", Some((1, 37))), ("", None), ("x", None), ("99999999999", None)] {
        let version = ServerVersion { major: "1".into(), minor: minor.into(), ..Default::default() };
        assert_eq!(version.numbers(), numbers, "{minor}");
    }
}

#[tokio::test]
async fn openapi_documents_are_had_by_version_below_the_path_of_the_server() {
    let server = Server::routing(|seen| legacy_reply(path(seen).strip_prefix("/prefix").unwrap())).await;
    let config = crate::config::Config::new(format!("{}/prefix", server.url));
    let index = Client::new(config).unwrap().discovery().openapi_v3().await.unwrap();
    let paths: Vec<&str> = index.documents.iter().map(OpenApiDocument::path).collect();
    assert_eq!(paths, ["api/v1", "apis/apps/v1", "apis/example.com/v1", "version"]);
    assert_eq!(index.document("v1").unwrap().path(), "api/v1");
    let document = index.document("apps/v1").unwrap();
    assert_eq!(document.text().await.unwrap(), r#"{"openapi":"3.0.0"}"#);
    let hash = document.hash().unwrap();
    assert_eq!(server.lines()[1], format!("GET /prefix/openapi/v3/apis/apps/v1?hash={hash}"));
    assert!(index.document("version").is_none() && index.document("apps/v2").is_none());
    for url in ["https://203.0.113.1/x", "//203.0.113.1/x", "x", "/a/../b", "/a?b=c#d", "/a?hash=\\u000a"] {
        let body = format!(r#"{{"paths":{{"api/v1":{{"serverRelativeURL":"{url}"}}}}}}"#);
        let server = Server::start([Reply::new(200, &body)]).await;
        let error = server.client().discovery().openapi_v3().await.unwrap_err();
        assert!(error.is_decode(), "{url}: {error}");
    }
}

/// `plural.version.group` of what a name is resolved to.
fn full_name(resource: &ResourceInfo) -> String {
    format!("{}.{}.{}", resource.plural, resource.version, resource.group)
}

#[tokio::test]
async fn names_mean_what_kubectl_means_by_them() {
    let server = recorded_server().await;
    let mapper = server.client().mapper();
    for (name, wanted) in [
        ("pods", "pods.v1."),
        ("pod", "pods.v1."),
        ("Pod", "pods.v1."),
        ("po", "pods.v1."),
        ("pods.v1", "pods.v1."),
        ("pods.v1.", "pods.v1."),
        ("pods.", "pods.v1."),
        ("v1 Pod", "pods.v1."),
        ("v1/pods", "pods.v1."),
        ("deploy", "deployments.v1.apps"),
        ("Deployment", "deployments.v1.apps"),
        ("deployments.apps", "deployments.v1.apps"),
        ("deploy.apps", "deployments.v1.apps"),
        ("deployments.v1.apps", "deployments.v1.apps"),
        ("apps/v1 Deployment", "deployments.v1.apps"),
        ("apps/v1/deployments", "deployments.v1.apps"),
        // The core group wins, unless another is named.
        ("events", "events.v1."),
        ("ev", "events.v1."),
        ("events.events.k8s.io", "events.v1.events.k8s.io"),
        // The preferred version, unless another is named.
        ("hpa", "horizontalpodautoscalers.v2.autoscaling"),
        ("hpa.v1.autoscaling", "horizontalpodautoscalers.v1.autoscaling"),
        ("autoscaling/v1 HorizontalPodAutoscaler", "horizontalpodautoscalers.v1.autoscaling"),
        ("widgets.v1beta1.example.com", "widgets.v1beta1.example.com"),
        ("wd", "widgets.v1.example.com"),
        // The beginning of a group is enough where no group is called so.
        ("widgets.example", "widgets.v1.example.com"),
    ] {
        assert_eq!(full_name(&mapper.resolve(name).await.unwrap()), wanted, "{name}");
    }
    assert_eq!(
        full_name(&mapper.resolve_kind("apps/v1", "Deployment").await.unwrap()),
        "deployments.v1.apps"
    );
    assert!(mapper.resolve_kind("apps/v1", "deployments").await.unwrap_err().is_no_match());
    let all: Vec<String> = mapper
        .category("all")
        .await
        .unwrap()
        .iter()
        .map(|resource| resource.info.plural.to_string())
        .collect();
    assert!(all.contains(&"pods".to_owned()) && all.contains(&"widgets".to_owned()), "{all:?}");
    assert!(!all.contains(&"configmaps".to_owned()));
    let mut object = DynamicObject::new("apps/v1", "Deployment");
    assert!(format!("{:?}", mapper.api_of(&object).await.unwrap()).contains(r#"Namespace("default")"#));
    object.set("/metadata/namespace", "n").unwrap();
    assert!(format!("{:?}", mapper.api_of(&object).await.unwrap()).contains(r#"Namespace("n")"#));
    let node = DynamicObject::new("v1", "Node");
    assert!(format!("{:?}", mapper.api_of(&node).await.unwrap()).contains("Cluster"));
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_once_more_and_what_there_is_is_listed() {
    let server = recorded_server().await;
    let mapper = server.client().mapper();
    let roots = || server.lines().iter().filter(|line| *line == "GET /apis").count();
    for (round, name) in [
        "gizmos",
        "deployments.extensions",
        "apps/v9 Deployment",
        "",
        ".",
        "pods/log",
        "a.b.c.d",
        "../x",
        "v1 ",
    ]
    .iter()
    .enumerate()
    {
        let error = mapper.resolve(name).await.unwrap_err();
        assert!(error.is_no_match(), "{name:?}: {error}");
        assert!(error.to_string().contains("metrics.example.com/v1beta1"), "{error}");
        assert_eq!(roots(), round + 1, "{name:?}");
    }
    let error = mapper.resolve("deployments.extensions").await.unwrap_err().to_string();
    assert!(error.contains("deployments.apps (Deployment of apps/v1)"), "{error}");
    let before = server.lines().len();
    mapper.resolve("deploy").await.unwrap();
    assert_eq!(server.lines().len(), before, "what is known is not asked for");
    mapper.invalidate().await;
    mapper.resolve("deploy").await.unwrap();
    assert!(server.lines().len() > before);
}

#[tokio::test]
async fn a_name_with_its_version_asks_for_that_version_only() {
    let server = recorded_server().await;
    let mapper = server.client().mapper();
    mapper.resolve_kind("apps/v1", "Deployment").await.unwrap();
    mapper.clone().resolve("apps/v1 StatefulSet").await.unwrap();
    mapper.resolve("po.v1").await.unwrap();
    assert_eq!(server.lines(), ["GET /apis/apps/v1", "GET /api/v1"]);
}

#[tokio::test]
async fn what_is_installed_later_is_found() {
    let installed = Mutex::new(0);
    let server = Server::routing(move |seen| {
        let resource = r#"{"resource":"gizmos","responseKind":{"kind":"Gizmo"},"scope":"Namespaced","verbs":["get"]}"#;
        match path(seen) {
            "/api" => aggregated(r#"{"items":[]}"#),
            _ => {
                let mut count = installed.lock().unwrap();
                *count += 1;
                let resources = if *count > 1 { resource } else { "" };
                aggregated(&format!(
                    r#"{{"items":[{{"metadata":{{"name":"x"}},"versions":[{{"version":"v1","resources":[{resources}]}}]}}]}}"#
                ))
            }
        }
    })
    .await;
    let mapper = server.client().mapper();
    assert_eq!(mapper.discovered().await.unwrap().resources().count(), 0);
    assert_eq!(
        full_name(&mapper.resolve("gizmo").await.unwrap_or_else(|error| panic!("{error}"))),
        "gizmos.v1.x"
    );
}

#[tokio::test]
async fn names_that_can_mean_several_resources_are_not_guessed() {
    let group = |name: &str, resources: &str| {
        format!(
            r#"{{"metadata":{{"name":"{name}"}},"versions":[{{"version":"v1","resources":[{resources}]}}]}}"#
        )
    };
    let resource = |plural: &str, kind: &str, short: &str| {
        format!(
            r#"{{"resource":"{plural}","singularResource":"{}","responseKind":{{"kind":"{kind}"}},"scope":"Namespaced","verbs":["get"],"shortNames":["{short}"]}}"#,
            kind.to_ascii_lowercase()
        )
    };
    let list = [
        group(
            "one.example.com",
            &[resource("foos", "Foo", "f"), resource("a1", "Same", ""), resource("a2", "Same", "")].join(","),
        ),
        group(
            "two.example.com",
            &[resource("foos", "Foo", "f"), resource("fs", "F", "x"), resource("bars", "Bar", "b")].join(","),
        ),
        group("one.example.org", &resource("foos", "Foo", "f2")),
    ]
    .join(",");
    let server = answering(None, Some(format!(r#"{{"items":[{list}]}}"#))).await;
    let mapper = server.client().mapper();
    for (name, wanted) in [
        // Written out, the server's order decides.
        ("foos", "foos.v1.one.example.com"),
        ("foos.two", "foos.v1.two.example.com"),
        // A kind wins over a short name of another.
        ("f", "fs.v1.two.example.com"),
        ("a1", "a1.v1.one.example.com"),
        ("b", "bars.v1.two.example.com"),
    ] {
        assert_eq!(
            full_name(&mapper.resolve(name).await.unwrap_or_else(|error| panic!("{name}: {error}"))),
            wanted
        );
    }
    for (name, candidates) in [
        ("Same", ["a1.one.example.com", "a2.one.example.com"]),
        ("foos.one", ["foos.one.example.com", "foos.one.example.org"]),
    ] {
        let error = mapper.resolve(name).await.unwrap_err();
        assert!(error.is_ambiguous_resource(), "{name}: {error}");
        for candidate in candidates {
            assert!(error.to_string().contains(candidate), "{error}");
        }
    }
}

#[test]
fn short_names_of_several_groups_are_ambiguous() {
    let resource = |group: &str| ApiResource {
        info: ResourceInfo {
            group: group.to_owned().into(),
            version: "v1".into(),
            kind: format!("Kind{}", group.len()).into(),
            plural: format!("plural{}", group.len()).into(),
            namespaced: true,
        },
        singular: String::new(),
        verbs: Vec::new(),
        short_names: vec!["f".to_owned()],
        categories: Vec::new(),
        subresources: Vec::new(),
    };
    let groups = |names: &[&str]| Discovered {
        groups: names
            .iter()
            .map(|name| ApiGroup {
                name: (*name).to_owned(),
                preferred_version: "v1".to_owned(),
                versions: vec![ApiVersion { version: "v1".to_owned(), resources: vec![resource(name)] }],
            })
            .collect(),
        failures: Vec::new(),
    };
    let query = query::Query::parse("f");
    assert!(matches!(query.find(&groups(&["a", "bb"])), query::Outcome::Many(found) if found.len() == 2));
    assert!(
        matches!(query.find(&groups(&["a", "", "bb"])), query::Outcome::One(found) if found.info.group.is_empty())
    );
}
