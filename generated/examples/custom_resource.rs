//! Registers a custom resource definition, then creates, watches and deletes objects of it with the generated client.
//!
//!     cargo run --example custom_resource --features example-v1 -- default
//!
//! `Widget` was generated from specs/crds/widgets.example.com.yaml: custom resources live in the crate that built-in kinds
//! live in.

use clientset::example::v1::{Color, Widget, WidgetSpec};
use clientset::meta::v1::ObjectMeta;
use clientset::{Clientset, Config, ensure_crds};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let namespace = std::env::args().nth(1).unwrap_or_else(|| "default".to_owned());
    let client = Clientset::new(Config::infer().await?)?;
    // Somebody else may have told the server of another form of the definition: this program wants its own.
    ensure_crds(&client, [Widget::crd()]).field_manager("example").force().await?;
    println!("{} is established", Widget::crd().name());

    let widgets = client.example_v1().widgets(namespace);
    let widget = Widget {
        metadata: ObjectMeta { generate_name: Some("sample-".into()), ..Default::default() },
        spec: WidgetSpec { color: Color::Red, replicas: Some(2), ..Default::default() },
        ..Default::default()
    };
    let created = widgets.create(&widget).await?;
    let name = created.metadata.name.clone().unwrap_or_default();
    println!("created {name}, {}", created.spec.color);

    let edited = widgets.edit(&name, |widget| widget.spec.color = Color::Green).await?;
    println!("edited {name}, {}", edited.spec.color);
    println!("{} widgets", widgets.list().await?.items.len());
    widgets.delete(&name).await?;
    println!("deleted {name}");
    Ok(())
}
