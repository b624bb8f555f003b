//! Who is let in as the server, where the rule is another than the library's. Whoever it is, they must hold the key of the
//! certificate that they show.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// How a server is checked beside the signatures of the handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    who: Who,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Who {
    /// Anybody at all (`insecure-skip-tls-verify`).
    Anybody,
    /// Those whom the given authorities vouch for, and those whose own certificate is among the given ones, as in Go.
    Known { authorities: Arc<WebPkiServerVerifier>, given: Vec<CertificateDer<'static>> },
}

impl Verifier {
    pub(super) fn anybody(provider: Arc<CryptoProvider>) -> Verifier {
        Verifier { who: Who::Anybody, provider }
    }

    pub(super) fn known(
        authorities: Arc<WebPkiServerVerifier>,
        given: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Verifier {
        Verifier { who: Who::Known { authorities, given }, provider }
    }
}

/// Whether a certificate was refused for nothing but who signed it: its dates were looked at before that.
fn is_about_the_issuer(error: &Error) -> bool {
    match error {
        // The second where somebody else of the issuer's name is among the authorities.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => true,
        // A server that shows a certificate which says of itself that it is an authority.
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.to_string().contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.who {
            Who::Anybody if end_entity.is_empty() => {
                Err(Error::InvalidCertificate(CertificateError::BadEncoding))
            }
            Who::Anybody => Ok(ServerCertVerified::assertion()),
            Who::Known { authorities, given } => {
                match authorities.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
                    Err(error) if is_about_the_issuer(&error) && given.contains(end_entity) => {
                        verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                        Ok(ServerCertVerified::assertion())
                    }
                    result => result,
                }
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
