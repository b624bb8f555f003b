//! Lists objects of any kind, or shows one: `kubectl get`.
//!
//!     cargo run --example dynamic -- deploy kube-system
//!     cargo run --example dynamic -- clusterroles.rbac.authorization.k8s.io "" view
//!
//! The kind is known only at run time, so the server is asked what it is.

use clientset::{Clientset, Config, ObjectMetadata};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_else(|| "pods".to_owned());
    let namespace = arguments.next().unwrap_or_default();

    let client = Clientset::new(Config::infer().await?)?;
    let resource = client.client().mapper().resolve(&wanted).await?;
    let objects = match namespace.as_str() {
        "" => client.client().dynamic(resource),
        namespace => client.client().dynamic_namespaced(resource, namespace),
    };
    if let Some(name) = arguments.next() {
        println!("{}", objects.get(name).await?.to_json());
        return Ok(());
    }
    for object in objects.list().await? {
        println!("{} {} {}", object.kind(), object.namespace().unwrap_or("-"), object.name().unwrap_or("-"));
    }
    Ok(())
}
