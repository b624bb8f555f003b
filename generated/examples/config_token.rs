//! Connects with a bearer token and the certificate authority of the server.
//!
//!     cargo run --example config_token -- https://203.0.113.7:6443 ca.crt token.txt
//!
//! `token_file` reads the token again as it is rotated; `bearer_token` takes one that stays.

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, authority, token] = &arguments[..] else {
        eprintln!("usage: config_token SERVER CA_FILE TOKEN_FILE");
        std::process::exit(2);
    };
    let config = Config::new(server).certificate_authority_file(authority).token_file(token);
    let namespaces = Clientset::new(config)?.core_v1().namespaces().list().await?;
    println!("{} namespaces", namespaces.items.len());
    Ok(())
}
