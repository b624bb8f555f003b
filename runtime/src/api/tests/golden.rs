//! What each verb sends, to the byte: method, path and query, headers, body.

use serde_json::json;

use super::{W, client, widget, widgets};
use crate::options::{FieldValidation, ResourceVersionMatch};
use crate::request::Request;
use crate::testing::{Node, Part, Widget, WidgetSpec};
use crate::wire::RawJson;
use crate::{Api, Error, Patch};

/// A request on four lines: method and URL, headers, body.
fn wire(request: Result<Request, Error>) -> String {
    let request = request.unwrap();
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    format!("{} {}\n{}\n{body}", request.method, request.target(), headers.join("\n"))
}

#[test]
fn reads_are_sent_to_the_byte_as_written_here() {
    let all = Api::<Widget>::all(&client());
    let nodes = Api::<Node>::cluster(&client());
    let accept = "accept: application/json\n";
    for (sent, golden) in [
        (wire(widgets().get("web-0").request()), format!("GET {W}/web-0\n{accept}")),
        (
            wire(
                widgets().get("a").resource_version("0").timeout(std::time::Duration::from_secs(5)).request(),
            ),
            format!("GET {W}/a?resourceVersion=0&timeout=5s\n{accept}"),
        ),
        (wire(nodes.get("n:1").request()), format!("GET /api/v1/nodes/n:1\n{accept}")),
        (
            wire(widgets().get_subresource::<Widget>("a", "scale").request()),
            format!("GET {W}/a/scale\n{accept}"),
        ),
        (wire(all.list().request()), format!("GET /apis/example.com/v1/widgets\n{accept}")),
        (
            wire(
                widgets()
                    .list()
                    .label_selector("app in (a, b)")
                    .field_selector("metadata.name=x")
                    .resource_version("5")
                    .resource_version_match(ResourceVersionMatch::Exact)
                    .timeout_seconds(9)
                    .limit(500)
                    .request(),
            ),
            format!(
                "GET {W}?labelSelector=app%20in%20%28a%2C%20b%29&fieldSelector=metadata.name%3Dx&resourceVersion=5\
                 &resourceVersionMatch=Exact&timeoutSeconds=9&limit=500\n{accept}"
            ),
        ),
        (
            wire(all.watch().resource_version("7").allow_bookmarks().request()),
            format!(
                "GET /apis/example.com/v1/widgets?watch=true&resourceVersion=7&allowWatchBookmarks=true\n{accept}"
            ),
        ),
        (
            wire(widgets().logs("a").container("c").follow().tail_lines(20).request()),
            format!("GET {W}/a/log?container=c&follow=true&tailLines=20\naccept: */*\n"),
        ),
    ] {
        assert_eq!(sent, golden);
    }
}

#[test]
fn writes_are_sent_to_the_byte_as_written_here() {
    let body = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}"#;
    let head = "accept: application/json\ncontent-type: application/";
    let merge = Patch::merge(&json!({"spec": null})).unwrap();
    for (sent, golden) in [
        (wire(widgets().create(&widget("a")).request()), format!("POST {W}\n{head}json\n{body}")),
        (
            wire(
                widgets()
                    .create(&widget("a"))
                    .dry_run()
                    .field_manager("me & you")
                    .field_validation(FieldValidation::Strict)
                    .request(),
            ),
            format!(
                "POST {W}?dryRun=All&fieldManager=me%20%26%20you&fieldValidation=Strict\n{head}json\n{body}"
            ),
        ),
        (wire(widgets().update(&widget("a")).request()), format!("PUT {W}/a\n{head}json\n{body}")),
        (
            wire(widgets().update_subresource("a", "status", &widget("a")).request()),
            format!("PUT {W}/a/status\n{head}json\n{body}"),
        ),
        (
            wire(widgets().patch("a", &merge).request()),
            format!("PATCH {W}/a\n{head}merge-patch+json\n{{\"spec\":null}}"),
        ),
        (
            wire(
                widgets()
                    .patch_subresource::<Widget>("a", "status", &Patch::json_text("[]").unwrap())
                    .request(),
            ),
            format!("PATCH {W}/a/status\n{head}json-patch+json\n[]"),
        ),
        (
            wire(widgets().patch("a", &Patch::strategic_text("{}").unwrap()).request()),
            format!("PATCH {W}/a\n{head}strategic-merge-patch+json\n{{}}"),
        ),
        (
            wire(widgets().apply("a", &widget("a")).field_manager("me").force().request()),
            format!("PATCH {W}/a?fieldManager=me&force=true\n{head}apply-patch+yaml\n{body}"),
        ),
        (wire(widgets().delete("a").request()), format!("DELETE {W}/a\naccept: application/json\n")),
        (
            wire(widgets().delete("a").grace_period_seconds(0).request()),
            format!(
                "DELETE {W}/a\n{head}json\n{{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":0}}"
            ),
        ),
        (
            wire(widgets().delete_collection().label_selector("a=b").dry_run().request()),
            format!(
                "DELETE {W}?labelSelector=a%3Db\n{head}json\n{{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"dryRun\":[\"All\"]}}"
            ),
        ),
        (
            wire(widgets().create_subresource("a", "eviction", &widget("a")).request()),
            format!("POST {W}/a/eviction\n{head}json\n{body}"),
        ),
    ] {
        assert_eq!(sent, golden);
    }
}

#[test]
fn connections_are_described_to_the_byte() {
    let proxy = |name: &str| widgets().proxy(name, "proxy");
    let url = proxy("http:a:80").path("/metrics/x y").query("q", "1").url().unwrap();
    assert_eq!(url, format!("http://203.0.113.7:8080/prefix{W}/http:a:80/proxy/metrics/x%20y?q=1"));
    for good in ["a", "a:80", "a:web", "https:a:443", "https:a:", ":a:80"] {
        assert!(proxy(good).url().unwrap().ends_with(&format!("/{good}/proxy")), "{good}");
    }
    for bad in ["", ":", "https:a", "ftp:a:80", "https::443", "a:b:c:d"] {
        assert!(proxy(bad).url().unwrap_err().is_request(), "{bad}");
    }
    for bad in ["/../x", "//", "/a?b", "/%2e%2e/x"] {
        assert!(proxy("a").path(bad).url().unwrap_err().is_request(), "{bad}");
    }
    assert!(proxy("a").header("authorization", "x").url().unwrap_err().is_request());
}

#[tokio::test]
async fn a_full_object_is_applied_without_what_is_not_its_own() {
    let mut object = widget("a");
    object.metadata.managed_fields = Some(RawJson::parse("[{}]").unwrap());
    object.status = Some(RawJson::parse("{\"ready\":true}").unwrap());
    object.spec =
        Some(Box::new(WidgetSpec { size: 0, parts: Some(vec![Part { name: "p".into(), color: None }]) }));
    let body = |sent: String| sent.rsplit('\n').next().unwrap().to_owned();
    let start = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"},"spec":{"parts":[{"name":"p"}]}"#;
    let sent = body(wire(widgets().apply("a", &object).field_manager("me").request()));
    assert_eq!(sent, format!("{start}}}"));
    let sent = body(wire(
        widgets().apply_subresource::<Widget>("a", "status", &object).field_manager("me").request(),
    ));
    assert_eq!(sent, format!("{start},\"status\":{{\"ready\":true}}}}"));
    assert!(widgets().apply("a", &object).await.unwrap_err().to_string().contains("field manager"));
}

#[test]
fn what_a_client_does_by_itself_completes_the_options_of_writes() {
    let client = client().dry_run().field_manager("all").field_validation(FieldValidation::Strict);
    let widgets = Api::<Widget>::namespaced(&client, "default");
    let patch = Patch::merge_text("{}").unwrap();
    let rest = "fieldValidation=Strict";
    for (sent, query) in [
        (wire(widgets.create(&widget("a")).request()), format!("?dryRun=All&fieldManager=all&{rest}")),
        (
            wire(widgets.update(&widget("a")).field_manager("me").request()),
            format!("?dryRun=All&fieldManager=me&{rest}"),
        ),
        (wire(widgets.patch("a", &patch).request()), format!("?dryRun=All&fieldManager=all&{rest}")),
        (
            wire(widgets.apply("a", &widget("a")).request()),
            format!("?dryRun=All&fieldManager=all&{rest}&force=false"),
        ),
    ] {
        assert!(sent.lines().next().unwrap().ends_with(&query), "{sent}");
    }
    for sent in [wire(widgets.delete("a").request()), wire(widgets.delete_collection().request())] {
        assert!(sent.ends_with(r#""kind":"DeleteOptions","dryRun":["All"]}"#), "{sent}");
    }
    assert!(wire(widgets.get("a").request()).starts_with(&format!("GET {W}/a\n")));
}
