//! Runs the server alone: `cargo run -p clientset-testserver --example serve -- [PORT]`.

use clientset_testserver::TestServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let port = match std::env::args().nth(1).map(|text| text.parse()) {
        None => 0,
        Some(Ok(port)) => port,
        Some(Err(_)) => {
            eprintln!("usage: serve [PORT]");
            std::process::exit(2);
        }
    };
    let server = TestServer::builder().port(port).start().await?;
    println!("{}", server.kubeconfig());
    std::future::pending().await
}
