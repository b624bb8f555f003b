//! The first program of the README, from outside: lists the pods of all namespaces. That it compiles is the test.

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let client = Clientset::new(Config::infer().await?)?;
    for pod in client.core_v1().all_pods().list().await?.items {
        let name = |name: Option<String>| name.unwrap_or_default();
        println!("{}/{}", name(pod.metadata.namespace), name(pod.metadata.name));
    }
    Ok(())
}
