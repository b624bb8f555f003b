//! Asks every cluster of a kubeconfig for its version, all at once, in one process.
//!
//!     cargo run --example config_contexts -- ~/.kube/config
//!
//! One `Kubeconfig` serves any number of contexts; each configuration makes a client of its own.

use clientset::{Clientset, Kubeconfig, Overrides};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let kubeconfig = match std::env::args().nth(1) {
        Some(file) => Kubeconfig::read(file)?,
        None => Kubeconfig::load()?,
    };
    let mut asked = Vec::new();
    for (name, context) in kubeconfig.contexts() {
        let overrides = Overrides { request_timeout: Some("10s".into()), ..Overrides::context(name) };
        let cluster = context.cluster.clone().unwrap_or_default();
        let version = match kubeconfig.config_for(&overrides).and_then(Clientset::new) {
            Ok(client) => tokio::spawn(async move { client.client().discovery().server_version().await }),
            Err(error) => {
                println!("{name}: {error}");
                continue;
            }
        };
        asked.push((name, cluster, version));
    }
    for (name, cluster, version) in asked {
        match version.await.expect("nothing panics") {
            Ok(version) => println!("{name}: {cluster} runs {}", version.git_version),
            Err(error) => println!("{name}: {error}"),
        }
    }
    Ok(())
}
