//! The tour of `cargo xtask quickstart`: typed clients that were generated from a CRD a moment ago, at work on a server.
//!
//! The names in capital letters are replaced by those of the CRD; beyond that this is a program as anybody would write it.

use std::process::ExitCode;
use std::time::Duration;

use clientset::apiextensions::v1::CustomResourceDefinition;
use clientset::core::v1::ConfigMap;
use clientset::meta::v1::ObjectMeta;
use clientset::Clientset;
use clientset::MODULE::VERSION::{CLIENTS, KIND};
use clientset_testserver::TestServer;

/// What everything in this tour is called.
const NAME: &str = "clientset-quickstart";
/// An object that the CRD's schema asks for.
const SAMPLE: &str = include_str!("../sample.json");

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match tour().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn tour() -> Result<()> {
    // Without a kubeconfig, a server of its own: it lives as long as this variable.
    let embedded;
    let config = match std::env::args().nth(1) {
        Some(kubeconfig) => clientset::Config::from_kubeconfig(kubeconfig)?,
        None => {
            embedded = TestServer::start().await?;
            clientset::Config::from_kubeconfig_str(embedded.kubeconfig())?
        }
    };
    let client = Clientset::new(config)?;
    println!("server      {}", client.client().server());

    let registered = register(&client).await?;
    let outcome = async {
        custom_resource(&CLIENT_OF_KIND).await?;
        config_map(&client).await
    }
    .await;
    // What this tour has made it takes away again, also after a failure.
    if registered {
        client.apiextensions_v1().custom_resource_definitions().delete(CRD_NAME).await?;
        println!("\ndeleted     CustomResourceDefinition {CRD_NAME}");
    }
    outcome
}

const CRD_NAME: &str = "PLURAL.GROUP";

/// Tells the server of the kind, unless it knows it. Says whether it had to.
async fn register(client: &Clientset) -> Result<bool> {
    let crds = client.apiextensions_v1().custom_resource_definitions();
    let crd: CustomResourceDefinition = clientset::codec::from_slice(KIND::CRD.as_bytes())?;
    let created = match crds.create(&crd).await {
        Ok(_) => true,
        Err(error) if error.is_already_exists() => false,
        Err(error) => return Err(error.into()),
    };
    println!("registered  CustomResourceDefinition {CRD_NAME}{}", if created { "" } else { " (was there)" });

    let mut watch = crds.watch().field_selector(format!("metadata.name={CRD_NAME}")).await?;
    while let Some(event) = watch.next().await {
        let Some(crd) = event?.into_object() else { continue };
        let conditions = crd.status.and_then(|status| status.conditions).unwrap_or_default();
        if conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True") {
            println!("established the server serves it");
            break;
        }
    }
    Ok(created)
}

async fn custom_resource(clients: &CLIENTS) -> Result<()> {
    println!("\n-- PLURAL, through clients generated from the CRD");
    // A server needs a moment between saying that it serves a kind and doing so.
    let mut watch = loop {
        match clients.watch().field_selector(format!("metadata.name={NAME}")).await {
            Err(error) if error.is_not_found() => tokio::time::sleep(Duration::from_millis(50)).await,
            watch => break watch?,
        }
    };

    let mut wanted: KIND = clientset::codec::from_slice(SAMPLE.as_bytes())?;
    wanted.metadata.name = Some(NAME.to_owned());
    let mut created = clients.create(&wanted).await?;
    // Who set which field; long, and not what this is about.
    created.metadata.managed_fields = None;
    println!("created     {created:?}");

    let list = clients.list().await?;
    println!("listed      {} in all", list.items.len());

    wanted.metadata.labels = Some(clientset::Map::from([("tour", "apply".to_owned())]));
    let applied = clients.apply(NAME, &wanted).field_manager("clientset-quickstart").force().await?;
    println!("applied     labels {:?}", applied.metadata.labels);

    let edited = clients
        .edit(NAME, |object: &mut KIND| {
            let annotations = object.metadata.annotations.get_or_insert_default();
            annotations.insert("example.com/tour", "edit".to_owned());
        })
        .await?;
    println!("edited      annotations {:?}", edited.metadata.annotations);

    clients.delete(NAME).await?;
    println!("deleted     {NAME}");
    println!("watched     {}", until_deleted(&mut watch).await?.join(", "));
    match clients.get(NAME).await {
        Err(error) if error.is_not_found() => println!("get         not found, as it should be"),
        Err(error) => return Err(error.into()),
        Ok(_) => println!("get         still there: something else keeps it"),
    }
    Ok(())
}

/// What the watch saw, up to the end of the object.
async fn until_deleted(watch: &mut clientset::Watch<KIND>) -> Result<Vec<&'static str>> {
    let mut seen = Vec::new();
    while let Some(event) = watch.next().await {
        match event? {
            clientset::WatchEvent::Added(_) => seen.push("added"),
            clientset::WatchEvent::Modified(_) => seen.push("modified"),
            clientset::WatchEvent::Deleted(_) => {
                seen.push("deleted");
                break;
            }
            _ => {}
        }
    }
    Ok(seen)
}

async fn config_map(client: &Clientset) -> Result<()> {
    println!("\n-- a ConfigMap, through clients generated from Kubernetes' own documents");
    let config_maps = client.core_v1().config_maps("default");
    let mut wanted = ConfigMap {
        metadata: ObjectMeta { name: Some(NAME.to_owned()), ..Default::default() },
        data: Some(clientset::Map::from([("greeting", "hello".to_owned())])),
        ..Default::default()
    };
    let created = config_maps.create(&wanted).await?;
    println!("created     data {:?}", created.data);

    wanted.data = Some(clientset::Map::from([("greeting", "hello again".to_owned())]));
    let applied = config_maps.apply(NAME, &wanted).field_manager("clientset-quickstart").force().await?;
    println!("applied     data {:?}", applied.data);

    let list = config_maps.list().field_selector(format!("metadata.name={NAME}")).await?;
    println!("listed      {} of that name", list.items.len());
    config_maps.delete(NAME).await?;
    println!("deleted     {NAME}");
    Ok(())
}
