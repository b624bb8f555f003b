//! Connects with a user name and a password.
//!
//!     PASSWORD=... cargo run --example config_basic -- https://203.0.113.7:6443 ca.crt me
//!
//! Kubernetes itself has not accepted passwords since 1.19; proxies and gateways in front of it do.

use clientset::{Clientset, Config};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([server, authority, user], Ok(password)) = (&arguments[..], std::env::var("PASSWORD")) else {
        eprintln!("usage: PASSWORD=... config_basic SERVER CA_FILE USER");
        std::process::exit(2);
    };
    let config = Config::new(server).certificate_authority_file(authority).basic_auth(user, password);
    match Clientset::new(config)?.core_v1().namespaces().list().await {
        Ok(namespaces) => println!("{} namespaces", namespaces.items.len()),
        // A server that does not look at passwords takes the caller for nobody, who may do nothing.
        Err(error) if error.is_unauthorized() || error.is_forbidden() => {
            println!("the server does not know this user: {error}");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
