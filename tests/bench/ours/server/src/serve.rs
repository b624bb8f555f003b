//! The server of the request benchmarks, in a process of its own, so that a client's CPU time is the client's alone.

use std::io::{Error, Result, Write as _};
use std::path::Path;
use std::sync::Arc;

use clientset::core::v1::{ConfigMap, Pod};
use clientset::{Clientset, Config};
use clientset_runtime::codec;
use clientset_runtime::wire::List;
use clientset_testserver::TestServer;
use tokio::sync::Semaphore;

const TOKEN: &str = "the-token-of-a-benchmark";

/// Serves the pods of the file `pods` and one config map over TLS until standard input ends. Writes `kubeconfig`, and
/// beside it `kubeconfig.json` for programs that read no kubeconfig, and says so on standard output.
pub async fn serve(kubeconfig: &Path, pods: &Path) -> Result<()> {
    let server = TestServer::builder().tls().token(TOKEN).request_limits(10, 0).start().await?;
    let config = Config::from_kubeconfig_str(server.kubeconfig()).map_err(Error::other)?;
    let client = Clientset::new(config).map_err(Error::other)?;
    let settings = ConfigMap {
        metadata: clientset::meta::v1::ObjectMeta { name: Some("settings".into()), ..Default::default() },
        data: Some((0..20).map(|n| (format!("setting-{n:02}"), format!("the value of it, {n}"))).collect()),
        ..Default::default()
    };
    client.core_v1().config_maps("default").create(&settings).await.map_err(Error::other)?;
    let list: List<Pod> = codec::from_slice(&std::fs::read(pods)?).map_err(Error::other)?;
    let places = Arc::new(Semaphore::new(16));
    let mut creating = Vec::new();
    for mut pod in list.items {
        let place = places.clone().acquire_owned().await.map_err(Error::other)?;
        let client = client.clone();
        creating.push(tokio::spawn(async move {
            // What the server gives itself cannot be asked for.
            pod.metadata.resource_version = None;
            pod.metadata.namespace = Some("default".into());
            let made = client.core_v1().pods("default").create(&pod).await;
            drop(place);
            made.map(drop)
        }));
    }
    for it in creating {
        it.await.map_err(Error::other)?.map_err(Error::other)?;
    }
    let text = |value: &str| value.replace('\n', "\\n");
    let authority = text(server.ca_pem().unwrap_or_default());
    let facts =
        format!("{{\"server\":\"{}\",\"token\":\"{TOKEN}\",\"authority\":\"{authority}\"}}", server.url());
    std::fs::write(kubeconfig, server.kubeconfig())?;
    std::fs::write(kubeconfig.with_extension("json"), facts)?;
    println!("ready");
    std::io::stdout().flush()?;
    // Whoever started this holds the other end, and its death ends us too.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}
