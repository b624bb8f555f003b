//! Connects as a program in a pod does: address, authority, token and namespace are those that Kubernetes gives every pod.
//!
//!     cargo run --example config_in_cluster [FOLDER]
//!
//! FOLDER is where the service account is mounted, if that is not the usual place. A program that is to run on a desk as
//! well uses `Config::infer()`.

use clientset::{Clientset, Config, Environment};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut environment = Environment::system();
    if let Some(folder) = std::env::args().nth(1) {
        environment = environment.service_account_dir(folder);
    }
    let config = Config::in_cluster_in(&environment)?;
    let namespace = config.namespace().to_owned();
    let pods = Clientset::new(config)?.core_v1().pods(&namespace).list().await?;
    println!("{} pods in {namespace}", pods.items.len());
    Ok(())
}
