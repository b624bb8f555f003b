//! Connects with an exec credential plugin that is set up in code.
//!
//!     cargo run --example config_exec -- https://203.0.113.7:6443 ca.crt aws eks get-token --cluster-name prod
//!
//! The plugin runs when the first request needs a token, and again before the token expires.

use clientset::{Clientset, Config, ExecApiVersion, ExecPlugin};

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(server), Some(authority), Some(command)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: config_exec SERVER CA_FILE COMMAND [ARGUMENT ...]");
        std::process::exit(2);
    };
    let plugin = ExecPlugin::new(command)
        .args(arguments)
        .env("AWS_PROFILE", "production")
        .api_version(ExecApiVersion::V1Beta1)
        .install_hint("install the command-line tool of your provider");
    let config = Config::new(server).certificate_authority_file(authority).exec(plugin);
    let namespaces = Clientset::new(config)?.core_v1().namespaces().list().await?;
    println!("{} namespaces", namespaces.items.len());
    Ok(())
}
