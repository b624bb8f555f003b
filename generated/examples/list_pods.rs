//! Lists the pods of all namespaces, from outside a cluster or from a pod inside it.
//!
//!     cargo run --example list_pods
//!
//! `Config::infer` looks at KUBECONFIG, then at ~/.kube/config, then for the files that every pod finds in its container.

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let client = Clientset::new(Config::infer().await?)?;
    let mut pods = client.core_v1().all_pods().list().limit(500).stream();
    let mut count = 0;
    while let Some(pod) = pods.next().await {
        let meta = pod?.metadata;
        println!("{}/{}", meta.namespace.unwrap_or_default(), meta.name.unwrap_or_default());
        count += 1;
    }
    println!("{count} pods");
    Ok(())
}
