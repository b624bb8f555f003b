//! TLS: a certificate authority of the server's own, its certificate, and the client certificates that it issues.
//!
//! A certificate that nobody here issued does not end the handshake; whoever shows it is not authenticated, as with the real server.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use sha2::Digest as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::authenticate::Fingerprint;
use super::identity::{CREDENTIAL_ID, Identity};
use super::tokens::hex;

/// A client certificate and its key, both PEM.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClientCertificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// What a server with TLS has; empty without.
#[derive(Debug)]
pub(crate) struct Certificates {
    authority: Option<Authority>,
    /// Whose the certificates are that were issued.
    issued: Mutex<HashMap<Fingerprint, Identity>>,
}

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn failed(what: &'static str) -> impl Fn(rcgen::Error) -> io::Error {
    move |error| io::Error::other(format!("{what} cannot be made: {error}"))
}

impl Certificates {
    pub(super) fn new(wanted: bool) -> io::Result<Certificates> {
        let authority = if wanted { Some(Authority::new()?) } else { None };
        Ok(Certificates { authority, issued: Mutex::default() })
    }

    pub(crate) fn acceptor(&self) -> Option<&TlsAcceptor> {
        self.authority.as_ref().map(|it| &it.acceptor)
    }

    pub(crate) fn authority_pem(&self) -> Option<&str> {
        self.authority.as_ref().map(|it| it.pem.as_str())
    }

    pub(super) fn owner(&self, fingerprint: &str) -> Option<Identity> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).get(fingerprint).cloned()
    }

    /// Makes a certificate for a user.
    pub(crate) fn issue(&self, name: &str, groups: &[&str]) -> io::Result<ClientCertificate> {
        let failed = failed("the client certificate");
        let Some(authority) = &self.authority else {
            let say =
                "this test server has no TLS and so no certificate authority; builder().tls() switches it on";
            return Err(io::Error::new(io::ErrorKind::Unsupported, say));
        };
        let mut params = CertificateParams::new(Vec::new()).map_err(&failed)?;
        let subject = &mut params.distinguished_name;
        subject.push(DnType::CommonName, name);
        // One member a kind is all that this type holds; the groups are known by the certificate all the same.
        if let Some(group) = groups.first() {
            subject.push(DnType::OrganizationName, DnValue::Utf8String((*group).to_owned()));
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(&failed)?;
        let made = params.signed_by(&key, &authority.issuer).map_err(&failed)?;
        let fingerprint = fingerprint(made.der());
        let id = vec![format!("X509SHA256={fingerprint}")];
        let who = Identity {
            name: name.to_owned(),
            uid: String::new(),
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
            extra: [(CREDENTIAL_ID.to_owned(), id)].into(),
        };
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.insert(fingerprint, who.authenticated());
        Ok(ClientCertificate { certificate: made.pem(), key: key.serialize_pem() })
    }
}

impl Authority {
    fn new() -> io::Result<Authority> {
        let failed = failed("the certificate of the server");
        let mut params = CertificateParams::new(Vec::new()).map_err(&failed)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "clientset test server CA");
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate().map_err(&failed)?).map_err(&failed)?;

        let names = ["localhost", "127.0.0.1", "kubernetes", "kubernetes.default.svc"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(&failed)?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(&failed)?;
        let certificate = params.signed_by(&key, &issuer).map_err(&failed)?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_client_cert_verifier(Arc::new(AnyCertificate { provider }))
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Authority { pem: issuer.pem(), issuer, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

fn fingerprint(der: &[u8]) -> Fingerprint {
    hex(sha2::Sha256::digest(der).as_slice())
}

/// Base64 as kubeconfigs have it.
pub(crate) fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Does the handshake; gives the certificate that the client has shown.
pub(crate) async fn accept<S>(
    acceptor: &TlsAcceptor,
    stream: S,
) -> io::Result<(TlsStream<S>, Option<Fingerprint>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = acceptor.accept(stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|it| it.first());
    let shown = shown.map(|it| fingerprint(it));
    Ok((stream, shown))
}

/// Takes every certificate whose key the client has; whose it is, is asked when a request comes.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
