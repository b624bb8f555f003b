//! Takes the connection flags of `kubectl`, as a command-line program does.
//!
//!     cargo run --example flags --features clap -- --context staging -n web --request-timeout 30
//!
//! Without a flag it uses KUBECONFIG, ~/.kube/config, or the pod that it runs in.

use clap::Parser;
use clientset::Clientset;
use clientset::config::Flags;

/// Counts the pods of a namespace.
#[derive(Parser)]
struct Cli {
    /// Only pods with these labels
    #[arg(short = 'l', long, default_value = "")]
    selector: String,
    #[command(flatten)]
    kubernetes: Flags,
}

#[tokio::main]
async fn main() -> clientset::Result<()> {
    let cli = Cli::parse();
    let config = cli.kubernetes.into_config().await?;
    let namespace = config.namespace().to_owned();
    let pods = Clientset::new(config)?.core_v1().pods(&namespace).list().label_selector(cli.selector).await?;
    println!("{} pods in {namespace}", pods.items.len());
    Ok(())
}
