//! kube's half of the request benchmarks.

#[path = "../../../../requests.rs"]
mod requests;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, api::ListParams};

struct Kube {
    maps: Api<ConfigMap>,
    pods: Api<Pod>,
}

impl requests::Client for Kube {
    async fn connect(kubeconfig: &str) -> Self {
        let file = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
        let client = Client::try_from(config.expect("a configuration")).expect("a client");
        Kube { maps: Api::namespaced(client.clone(), "default"), pods: Api::namespaced(client, "default") }
    }

    async fn get(&self) {
        self.maps.get("settings").await.expect("a config map");
    }

    async fn list(&self) -> usize {
        self.pods.list(&ListParams::default()).await.expect("a list").items.len()
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    requests::main::<Kube>().await;
}
