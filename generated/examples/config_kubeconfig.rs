//! Chooses a context of a kubeconfig with many clusters.
//!
//!     cargo run --example config_kubeconfig -- ~/.kube/config staging
//!
//! Several configurations may be in use at once: one client each.

use clientset::{Clientset, Kubeconfig, Overrides};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(context)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: config_kubeconfig FILE CONTEXT");
        std::process::exit(2);
    };
    let kubeconfig = Kubeconfig::read(file)?;
    println!("contexts: {}", kubeconfig.context_names().collect::<Vec<_>>().join(", "));

    let config = kubeconfig.config_for(&Overrides::context(context))?;
    println!("server {}, namespace {}", config.server_url(), config.namespace());
    let namespaces = Clientset::new(config)?.core_v1().namespaces().list().await?;
    println!("{} namespaces", namespaces.items.len());
    Ok(())
}
