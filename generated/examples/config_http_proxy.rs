//! Connects through a proxy: `http://`, `https://`, `socks5://` or `socks5h://`, with user and password if it wants them.
//!
//!     cargo run --example config_http_proxy -- http://me:secret@proxy.example.com:3128
//!
//! Without an argument the environment's counts (HTTPS_PROXY and NO_PROXY), and before it `proxy-url` of the kubeconfig.

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut config = Config::infer().await?;
    if let Some(proxy) = std::env::args().nth(1) {
        config = config.proxy_url(proxy);
    }
    let namespaces = Clientset::new(config)?.core_v1().namespaces().list().await?;
    println!("{} namespaces", namespaces.items.len());
    Ok(())
}
