//! Lists every group, version and resource that the server has, with its verbs.
//!
//!     cargo run --example list_resources

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let client = Clientset::new(Config::infer().await?)?;
    let found = client.client().discovery().all().await?;
    for resource in found.resources() {
        println!("{} {}: {}", resource.info.api_version(), resource.info.plural, resource.verbs.join(","));
        for below in &resource.subresources {
            println!(
                "{} {}/{}: {}",
                resource.info.api_version(),
                resource.info.plural,
                below.name,
                below.verbs.join(",")
            );
        }
    }
    // One aggregated server that is down does not hide the rest.
    for failure in &found.failures {
        eprintln!("{failure}");
    }
    Ok(())
}
