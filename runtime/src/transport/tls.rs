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

use crate::Result;
use crate::config::{PemSource, TlsOptions};
use crate::error::{Error, Kind};

/// The TLS configuration for `options`; ALPN is left to the caller.
pub(super) fn client_config(options: &TlsOptions) -> Result<ClientConfig> {
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
    let inner: Arc<dyn ServerCertVerifier> =
        match &options.ca {
            Some(_) if options.insecure => {
                return Err(broken(
                    "setting up TLS",
                    "a certificate authority and `insecure` contradict each other",
                )
                .with_help("drop one of them"));
            }
            None if options.insecure => {
                return Ok(Arc::new(Verifier { who: Who::Anybody, provider: provider.clone() }));
            }
            Some(ca) => {
                let what = "certificate authority";
                let mut roots = RootCertStore::empty();
                for certificate in certificates(ca, what)? {
                    roots.add(certificate).map_err(|error| {
                        broken(
                            &origin(ca, what),
                            &format!("holds a certificate that cannot be an authority: {error}"),
                        )
                    })?;
                }
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                    .build()
                    .map_err(|error| broken(&origin(ca, what), &error.to_string()))?
            }
            None => Arc::new(rustls_platform_verifier::Verifier::new(provider.clone()).map_err(|error| {
                broken("reading the platform's certificate authorities", &error.to_string())
            })?),
        };
    match &options.server_name {
        None => Ok(inner),
        Some(name) => {
            let name = ServerName::try_from(name.clone()).map_err(|_| {
                broken(
                    "setting up TLS",
                    &format!("the tls-server-name {name:?} is neither a DNS name nor an address"),
                )
            })?;
            Ok(Arc::new(Verifier { who: Who::Named(name, inner), provider: provider.clone() }))
        }
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

/// Who is let in as the server. Whatever it is, it must hold the key of the certificate that it shows.
#[derive(Debug)]
struct Verifier {
    who: Who,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Who {
    /// Any certificate (`insecure-skip-tls-verify`).
    Anybody,
    /// A certificate for another name than the URL's host (`tls-server-name`).
    ///
    /// What goes out as SNI is still the URL's host: the HTTP stack below takes it from there. A server that picks its
    /// certificate by SNI needs the name in the URL, and an address in the hosts file.
    Named(ServerName<'static>, Arc<dyn ServerCertVerifier>),
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        match &self.who {
            Who::Anybody if end_entity.is_empty() => {
                Err(rustls::Error::InvalidCertificate(CertificateError::BadEncoding))
            }
            Who::Anybody => Ok(ServerCertVerified::assertion()),
            Who::Named(name, inner) => inner.verify_server_cert(end_entity, intermediates, name, ocsp, now),
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
