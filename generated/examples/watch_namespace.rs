//! Watches the config maps of one namespace, and prints what changes.
//!
//!     cargo run --example watch_namespace -- kube-system 60
//!
//! Some providers forbid watches across the cluster; one per namespace is the natural form here.

use clientset::{Clientset, Config, WatchEvent};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let namespace = arguments.next().unwrap_or_else(|| "default".to_owned());
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(60);
    let maps = Clientset::new(Config::infer().await?)?.core_v1().config_maps(namespace);

    // First what is there, then what changes from there on.
    let list = maps.list().await?;
    println!("{} config maps", list.items.len());
    let start = list.metadata.resource_version.unwrap_or_default();
    let mut changes = maps.watch().resource_version(start).timeout_seconds(seconds).await?;
    while let Some(event) = changes.next().await {
        match event? {
            WatchEvent::Added(map) => println!("added {}", map.metadata.name.unwrap_or_default()),
            WatchEvent::Modified(map) => println!("modified {}", map.metadata.name.unwrap_or_default()),
            WatchEvent::Deleted(map) => println!("deleted {}", map.metadata.name.unwrap_or_default()),
            _ => {}
        }
    }
    println!("the server has ended the watch");
    Ok(())
}
