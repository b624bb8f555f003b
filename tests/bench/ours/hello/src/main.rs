//! A first program with clientset: prints the names of the pods in the default namespace.

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Clientset::new(Config::infer().await?)?;
    for pod in client.core_v1().pods("default").list().await?.items {
        println!("{}", pod.metadata.name.unwrap_or_default());
    }
    Ok(())
}
