//! Connects through `kubectl proxy`, which adds the credentials: plain http, none of our own.
//!
//!     kubectl proxy --port=8001 &
//!     cargo run --example config_proxy -- http://127.0.0.1:8001

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:8001".to_owned());
    let namespaces = Clientset::new(Config::new(server))?.core_v1().namespaces().list().await?;
    println!("{} namespaces", namespaces.items.len());
    Ok(())
}
