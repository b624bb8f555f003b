//! The TLS side of a connection: which authorities are trusted, who we are, and against which name the server is checked.
//!
//! It deliberately touches no process-wide default: the crypto provider is handed to every configuration.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use secrecy::ExposeSecret;

use super::connector::Tls;
use super::origin::Origin;
use super::verify::Verifier;
use crate::Result;
use crate::config::{PemSource, TlsOptions};
use crate::error::{Error, Kind};

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// What connections are secured with, towards the server and towards a proxy that is reached by https.
///
/// A proxy is trusted as the server is (as in Go) but is shown no certificate of ours.
pub(super) fn connections(options: &TlsOptions, http2: bool) -> Result<Tls> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = verifier(options, &provider)?;
    let mut server = client_config(options.identity.as_ref(), verifier.clone(), &provider)?;
    let mut proxy = client_config(None, verifier, &provider)?;
    proxy.alpn_protocols = vec![HTTP1.to_vec()];
    let mut http1 = server.clone();
    http1.alpn_protocols = proxy.alpn_protocols.clone();
    server.alpn_protocols = if http2 { vec![HTTP2.to_vec(), HTTP1.to_vec()] } else { vec![HTTP1.to_vec()] };
    Ok(Tls { server: Arc::new(server), http1: Arc::new(http1), proxy: Arc::new(proxy) })
}

/// By which name the server is checked; it is told the same one, unless that is an address.
pub(super) fn server_name(options: &TlsOptions, origin: &Origin) -> Result<ServerName<'static>> {
    let (name, what) = match &options.server_name {
        Some(name) => (name.as_str(), "the tls-server-name"),
        None => (origin.host(), "the server's host"),
    };
    ServerName::try_from(name.to_owned()).map_err(|_| {
        broken("setting up TLS", &format!("{what} {name:?} is neither a DNS name nor an address"))
    })
}

fn client_config(
    identity: Option<&(PemSource, PemSource)>,
    verifier: Arc<dyn ServerCertVerifier>,
    provider: &Arc<CryptoProvider>,
) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| broken("setting up TLS", &error.to_string()))?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => {
            let chain_of = "client certificate";
            let certificates = certificates(chain, chain_of)?;
            let key_pem = key.read("client key")?;
            let key_der = PrivateKeyDer::from_pem_slice(key_pem.expose_secret()).map_err(|error| {
                let message = match is_encrypted(key_pem.expose_secret()) {
                    true => "is encrypted, and there is nobody to ask for its password".to_owned(),
                    false => format!("holds no private key: {error}"),
                };
                broken(&origin(key, "client key"), &message)
                    .with_help("PKCS#8, PKCS#1 and SEC1 keys in PEM are read; encrypted keys are not")
            })?;
            builder.with_client_auth_cert(certificates, key_der).map_err(|error| {
                let said = error.to_string();
                let message = match &error {
                    rustls::Error::InconsistentKeys(_) => {
                        "certificate and key do not belong together".to_owned()
                    }
                    _ if is_encrypted(key_pem.expose_secret()) => {
                        "the key is encrypted, and there is nobody to ask for its password".to_owned()
                    }
                    _ => format!("certificate and key cannot be used: {said}"),
                };
                let error = broken(&origin(chain, chain_of), &message);
                match said.contains("UnsupportedCertVersion") {
                    true => error.with_help("it is an X.509 v1 certificate; issue it again as v3"),
                    false => error,
                }
            })
        }
    }
}

fn verifier(options: &TlsOptions, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
    match &options.ca {
        Some(_) if options.insecure => {
            let message = "a certificate authority and `insecure` contradict each other";
            Err(broken("setting up TLS", message).with_help("drop one of them"))
        }
        None if options.insecure => Ok(Arc::new(Verifier::anybody(provider.clone()))),
        Some(ca) => {
            let what = "certificate authority";
            let mut roots = RootCertStore::empty();
            let given = certificates(ca, what)?;
            for certificate in &given {
                roots.add(certificate.clone()).map_err(|error| {
                    let message = format!("holds a certificate that cannot be an authority: {error}");
                    broken(&origin(ca, what), &message)
                })?;
            }
            let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| broken(&origin(ca, what), &error.to_string()))?;
            Ok(Arc::new(Verifier::known(authorities, given, provider.clone())))
        }
        None => Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|error| {
            broken("reading the platform's certificate authorities", &error.to_string())
        })?)),
    }
}

/// Whether a key is under a password, in either of the forms that OpenSSL writes.
fn is_encrypted(pem: &[u8]) -> bool {
    [&b"BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"]
        .iter()
        .any(|mark| memchr::memmem::find(pem, mark).is_some())
}

/// Every certificate in a PEM source; none is an error.
fn certificates(source: &PemSource, what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = source.read(what)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.expose_secret())
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| broken(&origin(source, what), &format!("is no PEM: {error}")))?;
    if found.is_empty() {
        return Err(broken(&origin(source, what), "holds no certificate").with_help("PEM is expected"));
    }
    Ok(found)
}

fn origin(source: &PemSource, what: &str) -> String {
    match source.path() {
        Some(path) => format!("{what} {}", path.display()),
        None => format!("{what} given inline"),
    }
}

fn broken(context: &str, message: &str) -> Error {
    Error::new(Kind::Config, context, message)
}
