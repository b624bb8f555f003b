//! reqwest's half of the request benchmarks: the bytes of each answer, read whole and decoded by nobody.

#[path = "../../../requests.rs"]
mod requests;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};

struct Bare {
    client: reqwest::Client,
    map: String,
    pods: String,
}

impl requests::Client for Bare {
    /// Reads the file with `.json` at its end beside the kubeconfig: server, token and authority without YAML.
    async fn connect(kubeconfig: &str) -> Self {
        let text = std::fs::read(std::path::Path::new(kubeconfig).with_extension("json")).expect("what the kubeconfig says, as JSON");
        let facts: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let fact = |name: &str| facts[name].as_str().expect("a text").to_owned();
        rustls::crypto::ring::default_provider().install_default().expect("the first provider");
        let authority = reqwest::Certificate::from_pem(fact("authority").as_bytes()).expect("PEM");
        let token = HeaderValue::from_str(&format!("Bearer {}", fact("token"))).expect("a header");
        let headers = [(AUTHORIZATION, token), (ACCEPT, HeaderValue::from_static("application/json"))];
        let client = reqwest::Client::builder()
            .tls_certs_only([authority])
            .default_headers(HeaderMap::from_iter(headers))
            .build()
            .expect("a client");
        let base = format!("{}/api/v1/namespaces/default", fact("server"));
        Bare { client, map: format!("{base}/configmaps/settings"), pods: format!("{base}/pods") }
    }

    async fn get(&self) {
        assert!(!self.ask(&self.map).await.is_empty());
    }

    async fn list(&self) -> usize {
        self.ask(&self.pods).await.len()
    }
}

impl Bare {
    async fn ask(&self, url: &str) -> Vec<u8> {
        let answer = self.client.get(url).send().await.expect("an answer");
        answer.error_for_status().expect("200").bytes().await.expect("a body").into()
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    requests::main::<Bare>().await;
}
