//! A first program with kube: prints the names of the pods in the default namespace.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, ResourceExt, api::ListParams};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::try_default().await?;
    let pods: Api<Pod> = Api::namespaced(client, "default");
    for pod in pods.list(&ListParams::default()).await? {
        println!("{}", pod.name_any());
    }
    Ok(())
}
