//! Runs the server alone: `cargo run -p clientset-testserver --example serve -- [PORT]`.

use clientset_testserver::TestServer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    let server = TestServer::builder().port(port).start().await?;
    println!("{}", server.kubeconfig());
    std::future::pending().await
}
