//! The two controller tests of docs/testing-with-the-server.md, as they stand there, on the embedded server.
//!
//! They show how such tests are written; that the server is right is shown in `conformance`.

use std::time::Duration;

use clientset::Clientset;
use clientset::core::v1::ConfigMap;
use clientset::example::v1::Widget;
use clientset_testserver::{TestServer, Verb, on};

use crate::spec_reader::root;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Keeps a ConfigMap with the color of each Widget. Watches that begin with no version begin with what is there.
async fn keep_colors(client: &Clientset) -> clientset::Result<()> {
    let mut widgets = client.example_v1().widgets("default").watch().await?;
    while let Some(event) = widgets.next().await {
        let Some(widget) = event?.into_object() else { continue };
        let name = widget.metadata.name.unwrap_or_default();
        let data = Some([("color".to_owned(), widget.spec.color.to_string())].into());
        let map = ConfigMap { data, ..Default::default() };
        client.core_v1().config_maps("default").apply(&name, &map).field_manager("colors").force().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_widget_gets_a_config_map_with_its_color() -> Result {
    let server = TestServer::builder().load(Widget::CRD).start().await?;
    let client = Clientset::from_client(server.client()?);
    let controller = client.clone();
    tokio::spawn(async move { keep_colors(&controller).await });

    let widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: sky}, spec: {color: Blue}}";
    server.load(widget).await?;
    server.wait_for_answer(on(Verb::Patch).resource("configmaps").name("sky")).await;
    let map = client.core_v1().config_maps("default").get("sky").await?;
    assert_eq!(map.data.unwrap_or_default()["color"], "Blue");
    Ok(())
}

#[tokio::test]
async fn the_controller_survives_what_servers_do() -> Result {
    let server = TestServer::builder().load(Widget::CRD).start().await?;
    let client = Clientset::from_client(server.client()?);
    let down = server.fault(on(Verb::Watch).resource("widgets").first(1).status(503));
    let gone = server.fault(on(Verb::Watch).resource("widgets").nth(2).expire_after_events(1));
    tokio::spawn(async move {
        while keep_colors(&client).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await; // a real one waits longer each time
        }
    });

    let widget = "{apiVersion: example.com/v1, kind: Widget, metadata: {name: NAME}, spec: {color: Blue}}";
    for name in ["sky", "sea"] {
        server.load(&widget.replace("NAME", name)).await?;
        server.wait_for_answer(on(Verb::Patch).resource("configmaps").name(name)).await;
    }
    assert_eq!((down.fired(), gone.fired()), (1, 1));
    Ok(())
}

#[test]
fn the_documentation_shows_these_tests() {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let here = squeezed(include_str!("controllers.rs"));
    let file = root().join("docs/testing-with-the-server.md");
    let page = std::fs::read_to_string(&file).expect("the page");
    let shown: Vec<&str> =
        page.split("```rust,ignore\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    let tests: Vec<&&str> = shown.iter().filter(|it| it.contains("async fn")).collect();
    assert_eq!(tests.len(), 3, "the controller and its two tests");
    for text in tests {
        assert!(here.contains(&squeezed(text)), "not in tests/it/controllers.rs:\n{text}");
    }
}
