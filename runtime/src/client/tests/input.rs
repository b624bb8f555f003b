//! What servers may send and clients must survive: odd JSON, and heads that are too large.

use super::scripted::{Act, Script};
use super::*;

fn widget(spec: &str) -> String {
    format!(
        r#"{{"apiVersion":"example.com/v1","kind":"Widget","metadata":{{"name":"a"}},"spec":{spec},"status":null}}"#
    )
}

async fn get(body: &[u8]) -> Result<Widget> {
    let (client, _) = Script::client([Act::bytes(200, &[], body.to_vec())]);
    widgets(&client).get("a").await
}

#[tokio::test]
async fn h11_odd_json_is_an_error_with_its_path_or_taken_as_documented() {
    for (spec, wanted) in [
        // Taken: what JSON allows and Go takes.
        (r#"{"size":1,"size":2}"#, Ok(2)),
        (r#"{"size":1,"parts":[{"name":"\u0000"}]}"#, Ok(1)),
        (r#"{"size":3,"parts":[{"name":"\ud800"}]}"#, Err("spec.parts[0].name")),
        (r#"{"size":1e400}"#, Err("spec.size")),
        (r#"{"size":9223372036854775808}"#, Err("spec.size")),
        (r#"{"size":2147483648}"#, Err("spec.size")),
        (r#"{"size":"1"}"#, Err("spec.size")),
        (r#"{"size":1.5}"#, Err("spec.size")),
        (r#"{"size":1"#, Err("")),
        (r#"{"size":1}}"#, Err("")),
        (r#"{"parts":[{"name":[]}]}"#, Err("spec.parts[0].name")),
    ] {
        let outcome = get(widget(spec).as_bytes()).await;
        match (outcome, wanted) {
            (Ok(widget), Ok(size)) => assert_eq!(widget.spec.unwrap().size, size, "{spec}"),
            (Err(error), Err(path)) => {
                assert!(error.is_decode() && error.to_string().contains(path), "{spec}: {error}");
            }
            (outcome, wanted) => panic!("{spec}: {:?}, not {wanted:?}", outcome.map(|_| ())),
        }
    }
    for bytes in
        [&b"\xff\xfe{}"[..], b"{\"kind\":\"\xc3\"}", b"{\"kind\":\"Widget\0\"}", b"\0", b"null", b"1", b"[]"]
    {
        let error = get(bytes).await.err();
        let told = |error: &Error| error.is_decode() || error.is_unexpected_content();
        assert!(error.as_ref().is_none_or(told), "{bytes:?}: {error:?}");
    }
}

#[tokio::test]
async fn h12_what_is_null_or_missing_is_taken_as_go_takes_it() {
    let (client, _) = Script::client(
        [
            r#"{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":{},"items":null}"#,
            r#"{"apiVersion":"example.com/v1","kind":"WidgetList","items":[]}"#,
            r#"{"apiVersion":"example.com/v1","kind":"WidgetList","metadata":null,"items":[{"metadata":null,"new":{"x":[1]}}]}"#,
        ]
        .map(|body| Act::answer(200, &[], body)),
    );
    assert!(widgets(&client).list().await.unwrap().items.is_empty());
    assert!(widgets(&client).list().await.unwrap().items.is_empty());
    let list = widgets(&client).list().await.unwrap();
    assert_eq!((list.items.len(), list.metadata.resource_version.as_deref()), (1, None));
    let kept = crate::codec::to_string(&list.items[0]);
    assert!(kept.contains(r#""new":{"x":[1]}"#), "members that nobody knows are kept: {kept}");
}

#[tokio::test]
async fn json_that_is_no_object_of_the_api_is_refused_and_shown() {
    for body in ["{}", "null", r#"{"error":"login required"}"#, r#"{"hello":{"kind":"Pod"}}"#] {
        let (client, script) = Script::client((0..7).map(|_| Act::answer(200, &[], body)));
        let widgets = widgets(&client);
        for error in [
            widgets.get("a").await.unwrap_err(),
            widgets.list().await.unwrap_err(),
            widgets.create(&Widget::default()).await.unwrap_err(),
            widgets.delete("a").await.unwrap_err(),
            widgets.edit("a", |widget| widget.spec = None).await.unwrap_err(),
        ] {
            assert!(error.is_unexpected_content() && error.to_string().contains(body), "{error}");
            assert!(error.to_string().contains("a proxy or login page"), "{error}");
        }
        let mut watch = Box::pin(widgets.watch().resuming().by_pages());
        loop {
            let event = tokio::time::timeout(Duration::from_secs(10), watch.next()).await;
            match event.expect("it is told at once").unwrap() {
                Ok(event) => assert!(format!("{event:?}").starts_with("ListStarted"), "{event:?}"),
                Err(error) => {
                    assert!(error.is_unexpected_content(), "{error}");
                    break;
                }
            }
        }
        assert_eq!(script.count(), 6, "nothing is asked twice");
        assert_eq!(widgets.get("a").raw().await.unwrap(), body);
    }
}

#[tokio::test]
async fn h14_a_head_that_is_too_large_is_an_error() {
    let long = "x".repeat(70 << 10);
    let many: Vec<(String, String)> = (0..10_000).map(|at| (format!("x-{at}"), "y".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let endless = "z".repeat(4 << 20);
    for headers in [&[("x", long.as_str())][..], &many, &[("x", endless.as_str())]] {
        let server = Server::start((0..9).map(|_| Reply::with(200, headers, OBJECT))).await;
        match widgets(&server.client().impatient()).get("a").await {
            // 70 KiB in one field is odd and does no harm.
            Ok(_) => assert_eq!(headers[0].1.len(), 70 << 10),
            Err(error) => assert!(error.is_transport() || error.is_connect(), "{error}"),
        }
    }
}
