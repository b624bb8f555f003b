//! `src/main.rs` of the journey, at its end.

mod crds;

fn main() {
    println!("Hello, world!");
}

#[cfg(test)]
#[tokio::test]
async fn a_widget_gets_its_default_and_a_status() -> Result<(), Box<dyn std::error::Error>> {
    use crate::crds::{ClientsetExt, example::v1::*};
    use clientset::{Clientset, meta::v1::ObjectMeta};
    use clientset_testserver::TestServer;

    let server = TestServer::builder().load(Widget::CRD).start().await?;
    let widgets = Clientset::from_client(server.client()?).example_v1().widgets("default");
    let metadata = ObjectMeta { name: Some("sky".into()), ..Default::default() };
    let spec = WidgetSpec { color: Color::Red, ..Default::default() };
    widgets.create(&Widget { metadata, spec, ..Default::default() }).await?;
    let mut sky = widgets.get("sky").await?;
    assert_eq!(sky.spec.size, Some(3));
    sky.status = Some(Box::new(WidgetStatus { ready: Some(true) }));
    widgets.update_status(&sky).await?;
    assert_eq!(widgets.list().await?.items[0].status, sky.status);
    Ok(())
}
