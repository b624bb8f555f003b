//! The people of a kubeconfig: its contexts as credentials, for a server behind TLS.
//!
//! Reads what the test control plane writes: data inline, tokens, client certificates; no files, no plugins.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clientset_testserver::TestServer;
use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::wire::Credential;

/// Where a kubeconfig leads, and who its contexts are.
#[derive(Debug, Clone)]
pub(crate) struct Contexts {
    /// `HOST:PORT`
    pub(crate) address: String,
    /// By context; `anonymous` is there always.
    pub(crate) people: HashMap<String, Credential>,
}

/// Reads a kubeconfig. The server is that of its first cluster.
pub(crate) fn read(path: &Path) -> Result<Contexts, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The same of an embedded server with TLS, with a client certificate for `cert-admin`.
pub(crate) fn of_embedded(server: &TestServer) -> Result<Contexts, String> {
    let made = server.client_certificate("cert-admin", &["system:masters"]);
    let made = made.map_err(|error| error.to_string())?;
    let ca = server.ca_pem().unwrap_or_default();
    let cluster = json!({"server": server.url(), "certificate-authority-data": STANDARD.encode(ca)});
    let user = json!({
        "client-certificate-data": STANDARD.encode(made.certificate),
        "client-key-data": STANDARD.encode(made.key),
    });
    let config = json!({
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "cert-admin", "user": user}],
        "contexts": [{"name": "cert-admin", "context": {"cluster": "it", "user": "cert-admin"}}],
    });
    parse(&config.to_string())
}

fn parse(text: &str) -> Result<Contexts, String> {
    let config: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let cluster = &config["clusters"][0]["cluster"];
    let url = cluster["server"].as_str().ok_or("there is no server")?;
    let (secure, address) = match url.split_once("://") {
        Some(("https", address)) => (true, address),
        Some(("http", address)) => (false, address),
        _ => return Err(format!("the server {url} is no URL")),
    };
    let address = address.trim_end_matches('/').to_owned();
    let tls = |user: &Value| match secure {
        true => tls(cluster, user).map(|it| Some(Arc::new(it))),
        false => Ok(None),
    };
    let nobody = Credential::new(None, tls(&Value::Null)?);
    let mut people = HashMap::from([("anonymous".to_owned(), nobody)]);
    for context in config["contexts"].as_array().into_iter().flatten() {
        let (Some(name), wanted) = (context["name"].as_str(), &context["context"]["user"]) else { continue };
        let users = config["users"].as_array().into_iter().flatten();
        let user =
            users.filter(|it| it["name"] == *wanted).map(|it| &it["user"]).next().unwrap_or(&Value::Null);
        let token = user["token"].as_str().map(str::to_owned);
        people.insert(name.to_owned(), Credential::new(token, tls(user)?));
    }
    Ok(Contexts { address, people })
}

fn tls(cluster: &Value, user: &Value) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&cluster["certificate-authority-data"])? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    match pem(&user["client-key-data"])? {
        None => Ok(builder.with_no_client_auth()),
        Some(key) => {
            let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| error.to_string())?;
            let chain = certificates(&user["client-certificate-data"])?;
            builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
        }
    }
}

fn certificates(data: &Value) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(pem) = pem(data)? else { return Ok(Vec::new()) };
    CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn pem(data: &Value) -> Result<Option<Vec<u8>>, String> {
    data.as_str().map(|it| STANDARD.decode(it).map_err(|error| error.to_string())).transpose()
}
