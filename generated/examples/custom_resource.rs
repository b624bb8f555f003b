//! Registers a custom resource definition, then creates, watches and deletes objects of it with the generated client.
//!
//!     cargo run --example custom_resource --features apiextensions-v1,example-v1 -- default
//!
//! `Widget` was generated from specs/crds/widgets.example.com.yaml: custom resources live in the crate that built-in kinds
//! live in.

use clientset::apiextensions::v1::CustomResourceDefinition;
use clientset::example::v1::{Color, Widget, WidgetSpec};
use clientset::meta::v1::ObjectMeta;
use clientset::{Clientset, Config, codec};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let namespace = std::env::args().nth(1).unwrap_or_else(|| "default".to_owned());
    let client = Clientset::new(Config::infer().await?)?;
    register(&client).await?;

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

/// Applies the definition, and waits until the server serves it.
async fn register(client: &Clientset) -> clientset::Result<()> {
    let definition: CustomResourceDefinition = codec::from_str(Widget::CRD)?;
    let definitions = client.apiextensions_v1().custom_resource_definitions();
    let name = definition.metadata.name.clone().unwrap_or_default();
    definitions.apply(&name, &definition).field_manager("example").force().await?;
    let mut changes = definitions.watch().field_selector(format!("metadata.name={name}")).await?;
    while let Some(event) = changes.next().await {
        let established = |definition: CustomResourceDefinition| {
            let conditions = definition.status.and_then(|status| status.conditions).unwrap_or_default();
            conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
        };
        if event?.into_object().is_some_and(established) {
            println!("{name} is established");
            return Ok(());
        }
    }
    Ok(())
}
