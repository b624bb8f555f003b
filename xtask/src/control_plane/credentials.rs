//! Everything secret that a test control plane needs, made fresh for each start: a CA, the server's certificate,
//! client certificates, tokens and the key that signs service account tokens. Nothing here outlives the run folder.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use crate::failure::{Context, Result};
use crate::files;

/// A certificate and its key, PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The credentials of one start.
pub(crate) struct Credentials {
    /// The CA's certificate, PEM; it signs both sides.
    pub(crate) ca: String,
    /// For user `cert-admin` in `system:masters`.
    pub(crate) client: Identity,
    /// For user `admin` in `system:masters`.
    pub(crate) admin_token: String,
    /// For user `nobody-special`, who may do nothing but discover.
    pub(crate) user_token: String,
}

/// The files that the servers read.
pub(crate) struct Paths {
    pub(crate) ca: PathBuf,
    pub(crate) server_certificate: PathBuf,
    pub(crate) server_key: PathBuf,
    pub(crate) service_account_key: PathBuf,
    pub(crate) service_account_public_key: PathBuf,
    pub(crate) tokens: PathBuf,
    /// What the API server shows a kubelet.
    pub(crate) kubelet_client_certificate: PathBuf,
    pub(crate) kubelet_client_key: PathBuf,
}

/// The address of the node of our kubelet, as tests/controlplane/kubelet has it.
const NODE_ADDRESS: &str = "10.99.0.1";

/// Makes all credentials and writes the files below `folder`.
pub(crate) fn make(folder: &Path) -> Result<(Credentials, Paths)> {
    let made = all().context(|| "cannot make the certificates of the control plane".to_owned())?;
    let paths = Paths {
        ca: folder.join("ca.crt"),
        server_certificate: folder.join("server.crt"),
        server_key: folder.join("server.key"),
        service_account_key: folder.join("service-account.key"),
        service_account_public_key: folder.join("service-account.pub"),
        tokens: folder.join("tokens.csv"),
        kubelet_client_certificate: folder.join("kubelet-client.crt"),
        kubelet_client_key: folder.join("kubelet-client.key"),
    };
    let Made { credentials, server, kubelet, kubelet_client, service_account, service_account_public } = made;
    let tokens = format!(
        "{},admin,admin,\"system:masters\"\n{},nobody-special,nobody-special\n",
        credentials.admin_token, credentials.user_token
    );
    for (path, text) in [
        (&paths.ca, &credentials.ca),
        (&paths.server_certificate, &server.certificate),
        (&paths.server_key, &server.key),
        (&paths.service_account_key, &service_account),
        (&paths.service_account_public_key, &service_account_public),
        (&paths.tokens, &tokens),
        (&paths.kubelet_client_certificate, &kubelet_client.certificate),
        (&paths.kubelet_client_key, &kubelet_client.key),
        // Whoever starts a kubelet looks for these beside the kubeconfig.
        (&folder.join("kubelet.crt"), &kubelet.certificate),
        (&folder.join("kubelet.key"), &kubelet.key),
        // For tests that want files and not inline data.
        (&folder.join("client.crt"), &credentials.client.certificate),
        (&folder.join("client.key"), &credentials.client.key),
        (&folder.join("admin.token"), &credentials.admin_token),
        (&folder.join("user.token"), &credentials.user_token),
    ] {
        files::write_secret(path, text.as_bytes())?;
    }
    Ok((credentials, paths))
}

struct Made {
    credentials: Credentials,
    server: Identity,
    kubelet: Identity,
    kubelet_client: Identity,
    service_account: String,
    service_account_public: String,
}

fn all() -> std::result::Result<Made, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, "clientset test CA");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let names = ["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server = sign(params, &ca)?;

    let mut params = CertificateParams::new(vec![NODE_ADDRESS.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "kubelet");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let kubelet = sign(params, &ca)?;

    let client = |name: &str, group: Option<&str>| {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        sign(params, &ca)
    };
    let admin = client("cert-admin", Some("system:masters"))?;
    let kubelet_client = client("kube-apiserver-kubelet-client", None)?;

    let service_account = KeyPair::generate()?;
    Ok(Made {
        credentials: Credentials { ca: ca.pem(), client: admin, admin_token: token()?, user_token: token()? },
        server,
        kubelet,
        kubelet_client,
        service_account: service_account.serialize_pem(),
        service_account_public: service_account.public_key_pem(),
    })
}

fn sign(
    mut params: CertificateParams,
    ca: &CertifiedIssuer<'_, KeyPair>,
) -> std::result::Result<Identity, rcgen::Error> {
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, ca)?;
    Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// The hash of a fresh key: as unpredictable as the key, and no random number generator to depend on.
fn token() -> std::result::Result<String, rcgen::Error> {
    Ok(files::sha256(KeyPair::generate()?.serialized_der()))
}
