//! Connects as a kubeconfig says whose user has an exec credential plugin, and lets only the programs named here run.
//!
//!     cargo run --example config_exec_kubeconfig -- ~/.kube/config aws gke-gcloud-auth-plugin
//!
//! A kubeconfig that names a plugin is code: with a list, one that came by mail cannot run anything else.

use clientset::{Clientset, Config, ExecPolicy};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: config_exec_kubeconfig KUBECONFIG [PROGRAM ...]");
        std::process::exit(2);
    };
    let allowed: Vec<String> = arguments.collect();
    let policy = if allowed.is_empty() { ExecPolicy::Deny } else { ExecPolicy::Allowlist(allowed) };
    let config = Config::from_kubeconfig(path)?.exec_policy(policy);
    let clientset = Clientset::new(config)?;
    // The plugin runs once for both.
    let namespaces = clientset.core_v1().namespaces().list().await?;
    let nodes = clientset.core_v1().nodes().list().await?;
    println!("{} namespaces, {} nodes", namespaces.items.len(), nodes.items.len());
    Ok(())
}
