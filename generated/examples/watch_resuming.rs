//! Follows the config maps of several namespaces, and says how many there are whenever that changes.
//!
//!     cargo run --example watch_resuming -- default kube-system
//!
//! It goes on after every failure, until it is stopped. One watch per namespace also works where watches across the cluster
//! are forbidden.

use std::collections::{BTreeMap, BTreeSet};

use clientset::core::v1::ConfigMap;
use clientset::{Clientset, Config, ResumingEvent};
use futures_util::StreamExt;
use futures_util::stream::select_all;

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let client = Clientset::new(Config::infer().await?)?;
    let mut namespaces: Vec<String> = std::env::args().skip(1).collect();
    if namespaces.is_empty() {
        namespaces.push(client.client().default_namespace().to_owned());
    }
    let watches = namespaces.into_iter().map(|namespace| {
        let watch = client.core_v1().config_maps(&namespace).watch().resuming();
        watch.map(move |event| (namespace.clone(), event))
    });
    let mut events = select_all(watches);

    let name = |map: &ConfigMap| map.metadata.name.clone().unwrap_or_default();
    // Of each namespace what is there, and what is being listed anew.
    let mut stores: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    while let Some((namespace, event)) = events.next().await {
        let (known, coming) = stores.entry(namespace.clone()).or_default();
        // What has to be acted on ends the program with a message; what passes by itself is not even seen here.
        match event? {
            ResumingEvent::ListStarted => {
                coming.clear();
                continue;
            }
            ResumingEvent::Listed(map) => {
                coming.insert(name(&map));
                continue;
            }
            ResumingEvent::ListComplete => *known = std::mem::take(coming),
            ResumingEvent::Applied(map) => _ = known.insert(name(&map)),
            ResumingEvent::Deleted(map) => {
                known.remove(&name(&map));
                coming.remove(&name(&map));
            }
            _ => {}
        }
        println!("{namespace}: {} config maps", known.len());
    }
    Ok(())
}
