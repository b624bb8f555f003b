//! The TLS side of a connection: which authorities are trusted, who we are, and against which name the server is checked.
//!
//! It deliberately touches no process-wide default: the crypto provider is handed to every configuration.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use secrecy::ExposeSecret;

use super::connector::Tls;
use super::origin::Origin;
use crate::Result;
use crate::config::{PemSource, TlsOptions};
use crate::error::{Error, Kind};

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// What connections are secured with, towards the server and towards a proxy that is reached by https.
///
/// A proxy is trusted as the server is (as in Go) but is shown no certificate of ours.
pub(super) fn connections(options: &TlsOptions, http2: bool) -> Result<Tls> {
    let mut server = client_config(options)?;
    let mut proxy = client_config(&TlsOptions { identity: None, ..options.clone() })?;
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

fn client_config(options: &TlsOptions) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| broken("setting up TLS", &error.to_string()))?;
    let verifier = verifier(options, &provider)?;
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    match &options.identity {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => {
            let chain_of = "client certificate";
            let certificates = certificates(chain, chain_of)?;
            let key_pem = key.read("client key")?;
            let key_der = PrivateKeyDer::from_pem_slice(key_pem.expose_secret()).map_err(|error| {
                broken(&origin(key, "client key"), &format!("holds no private key: {error}"))
                    .with_help("PKCS#8, PKCS#1 and SEC1 keys in PEM are read; encrypted keys are not")
            })?;
            builder.with_client_auth_cert(certificates, key_der).map_err(|error| {
                let unsupported = error.to_string().contains("UnsupportedCertVersion");
                let error =
                    broken(&origin(chain, chain_of), &format!("certificate and key cannot be used: {error}"));
                if unsupported {
                    error.with_help("it is an X.509 v1 certificate; issue it again as v3")
                } else {
                    error
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
        None if options.insecure => Ok(Arc::new(Anybody { provider: provider.clone() })),
        Some(ca) => {
            let what = "certificate authority";
            let mut roots = RootCertStore::empty();
            for certificate in certificates(ca, what)? {
                roots.add(certificate).map_err(|error| {
                    let message = format!("holds a certificate that cannot be an authority: {error}");
                    broken(&origin(ca, what), &message)
                })?;
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .map_err(|error| broken(&origin(ca, what), &error.to_string()))?;
            Ok(verifier)
        }
        None => Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|error| {
            broken("reading the platform's certificate authorities", &error.to_string())
        })?)),
    }
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

/// Lets anybody in (`insecure-skip-tls-verify`) who holds the key of the certificate that they show.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        match end_entity.is_empty() {
            true => Err(rustls::Error::InvalidCertificate(CertificateError::BadEncoding)),
            false => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
