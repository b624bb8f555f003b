//! TLS as it is on the wire: who is trusted, who we are, and by which name the server is checked. Over real sockets.

mod faults;
mod http1;
mod http2;
mod many;
mod opening;
mod peer;
mod proxies;
mod rotation;
mod trust;

pub(super) use peer::eventually;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;

use crate::config::{Config, ExecPlugin, InteractiveMode};
use crate::testing::Widget;
use crate::{Api, Client, Result};

const OBJECT: &str = r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}}"#;

/// An authority of its own.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, both PEM.
pub(super) struct Pair {
    pub(super) chain: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(super) fn issue(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        Pair { chain: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A TLS server that answers every request with the same object, and notes how many certificates clients presented.
struct TlsServer {
    url: String,
    presented: Arc<Mutex<Vec<usize>>>,
}

fn serve(authority: &Authority, name: &str, ask_clients: bool) -> TlsServer {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pair = authority.issue(name);
    let chain = vec![CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = if ask_clients {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let config = Arc::new(builder.with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let presented = Arc::new(Mutex::new(Vec::new()));
    let record = presented.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket);
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            if request.is_empty() {
                continue;
            }
            record.lock().unwrap().push(stream.conn.peer_certificates().map_or(0, <[_]>::len));
            let length = OBJECT.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{OBJECT}"
            );
            let _ = stream.flush();
        }
    });
    TlsServer { url, presented }
}

async fn ask(config: Config) -> Result<Widget> {
    Api::<Widget>::namespaced(&Client::new(config)?, "default").get("a").await
}

#[tokio::test]
async fn an_authority_replaces_the_platforms_and_nothing_else_is_trusted() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = serve(&ours, "127.0.0.1", false);
    let base = || Config::new(&server.url);
    ask(base().certificate_authority_pem(ours.pem())).await.unwrap();
    let both = format!("{}{}", theirs.pem(), ours.pem());
    ask(base().certificate_authority_pem(both)).await.unwrap();
    for config in [base().certificate_authority_pem(theirs.pem()), base()] {
        let error = ask(config).await.unwrap_err();
        assert!(error.is_connect() && error.to_string().contains("certificate authority"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("theirs.crt");
    std::fs::write(&file, theirs.pem()).unwrap();
    let error = ask(base().certificate_authority_file(&file)).await.unwrap_err().to_string();
    assert!(error.contains(&format!("It is {}", file.display())), "{error}");
    let error = ask(base()).await.unwrap_err().to_string();
    assert!(error.contains("the platform's are used"), "{error}");
    let other = serve(&ours, "other.test", false);
    let error =
        ask(Config::new(&other.url).certificate_authority_pem(ours.pem())).await.unwrap_err().to_string();
    assert!(error.contains("`tls-server-name`") && !error.contains("authority"), "{error}");
    ask(base().insecure_skip_tls_verify(true)).await.unwrap();
    let both = base().insecure_skip_tls_verify(true).certificate_authority_pem(ours.pem());
    assert!(ask(both).await.unwrap_err().is_config());
    assert!(CryptoProvider::get_default().is_none(), "the process's own provider is never touched");
}

#[tokio::test]
async fn the_server_is_checked_by_another_name_where_one_is_given() {
    let authority = Authority::new();
    let server = serve(&authority, "cluster.test", false);
    let base = || Config::new(&server.url).certificate_authority_pem(authority.pem());
    ask(base().tls_server_name("cluster.test")).await.unwrap();
    for config in [base(), base().tls_server_name("other.test")] {
        let error = ask(config).await.unwrap_err();
        assert!(error.is_connect() && error.to_string().contains("not valid for name"), "{error}");
    }
    assert!(ask(base().tls_server_name("not a name")).await.unwrap_err().is_config());
}

#[tokio::test]
async fn a_client_certificate_is_presented_where_the_server_asks() {
    let authority = Authority::new();
    let server = serve(&authority, "127.0.0.1", true);
    let base = || Config::new(&server.url).certificate_authority_pem(authority.pem());
    let me = authority.issue("me.test");
    ask(base().client_certificate_pem(&me.chain, &me.key)).await.unwrap();
    assert_eq!(*server.presented.lock().unwrap(), [1]);
    assert!(ask(base()).await.is_err());
    let other = authority.issue("other.test");
    let error = ask(base().client_certificate_pem(&me.chain, &other.key)).await.unwrap_err();
    assert!(error.is_config(), "a key that does not belong to the certificate is said at once: {error}");
}

#[tokio::test]
async fn certificates_that_cannot_be_read_are_named_and_never_ignored() {
    let authority = Authority::new();
    let me = authority.issue("me.test");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n").unwrap();
    let base = || Config::new("https://127.0.0.1:1");
    for (config, named) in [
        (base().certificate_authority_file(&file), "ca.crt"),
        (base().certificate_authority_file(folder.path().join("missing")), "missing"),
        (base().certificate_authority_pem("no PEM at all"), "certificate authority"),
        (base().client_certificate_pem("nothing", &me.key), "client certificate"),
        (base().client_certificate_pem(&me.chain, "nothing"), "client key"),
        (base().client_certificate_pem(&me.chain, &me.chain), "client key"),
    ] {
        let error = Client::new(config).unwrap_err();
        assert!(error.is_config() && error.to_string().contains(named), "{named}: {error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_certificate_of_a_plugin_is_presented_and_a_new_one_takes_its_place() {
    let authority = Authority::new();
    let server = serve(&authority, "127.0.0.1", true);
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer");
    // A credential that expires soon, so that requests ask for the next one.
    let say = |chain: &str, key: &str| {
        let expires = (jiff::Timestamp::now() + jiff::SignedDuration::from_millis(500)).to_string();
        let status = serde_json::json!({
            "clientCertificateData": chain, "clientKeyData": key, "expirationTimestamp": expires,
        });
        let credential = serde_json::json!({
            "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status,
        });
        std::fs::write(&answer, credential.to_string()).unwrap();
    };
    let plugin =
        ExecPlugin::new("cat").arg(answer.to_str().unwrap()).interactive_mode(InteractiveMode::Never);
    let config = Config::new(&server.url).certificate_authority_pem(authority.pem()).exec(plugin);
    let widgets = Api::<Widget>::namespaced(&Client::new(config).unwrap(), "default");
    let (first, second) = (authority.issue("first.test"), authority.issue("second.test"));
    say(&first.chain, &first.key);
    widgets.get("a").await.unwrap();
    // With its authority behind it, so that the server sees which of the two it is.
    say(&format!("{}{}", second.chain, authority.pem()), &second.key);
    let last = || server.presented.lock().unwrap().last().copied();
    let replaced = async {
        while last() != Some(2) {
            widgets.get("a").await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), replaced).await.expect("a new certificate is presented");
    assert_eq!(server.presented.lock().unwrap().first(), Some(&1));
}
