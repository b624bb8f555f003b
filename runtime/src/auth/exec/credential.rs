//! What is said between us and a plugin: `ExecCredential`, our question in an environment variable, its answer on
//! standard output. No message here repeats a word of the answer: it may be a token in the wrong place.

use std::time::SystemTime;

use base64::Engine;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Map, Value as Json};

use crate::auth::is_token;
use crate::config::ExecApiVersion;
use crate::yaml::{self, Node, Value};

/// What a plugin is told about the server.
pub(super) struct ClusterInfo {
    pub(super) server: String,
    pub(super) tls_server_name: Option<String>,
    pub(super) insecure: bool,
    pub(super) authority: Option<SecretSlice<u8>>,
    /// May hold a password, which the plugin needs as much as we do.
    pub(super) proxy: Option<SecretString>,
    pub(super) disable_compression: bool,
    /// JSON text.
    pub(super) config: Option<String>,
}

/// What a plugin gave.
pub(super) struct Answer {
    pub(super) token: Option<SecretString>,
    pub(super) identity: Option<(SecretSlice<u8>, SecretSlice<u8>)>,
    pub(super) expires: Option<SystemTime>,
}

/// The value of `KUBERNETES_EXEC_INFO`.
pub(super) fn request(
    version: ExecApiVersion,
    cluster: Option<&ClusterInfo>,
    interactive: bool,
) -> SecretString {
    let mut spec = Map::new();
    if let Some(cluster) = cluster {
        spec.insert("cluster".to_owned(), cluster.to_json());
    }
    spec.insert("interactive".to_owned(), Json::Bool(interactive));
    let mut request = Map::new();
    request.insert("kind".to_owned(), "ExecCredential".into());
    request.insert("apiVersion".to_owned(), version.as_str().into());
    request.insert("spec".to_owned(), Json::Object(spec));
    SecretString::from(Json::Object(request).to_string())
}

impl ClusterInfo {
    /// What is told, as one text.
    pub(super) fn key(&self) -> SecretString {
        SecretString::from(self.to_json().to_string())
    }

    fn to_json(&self) -> Json {
        let encode =
            |pem: &SecretSlice<u8>| base64::engine::general_purpose::STANDARD.encode(pem.expose_secret());
        let flag = |set: bool| set.then_some(Json::Bool(true));
        let members = [
            ("server", Some(Json::from(self.server.as_str()))),
            ("tls-server-name", self.tls_server_name.as_deref().map(Json::from)),
            ("insecure-skip-tls-verify", flag(self.insecure)),
            ("certificate-authority-data", self.authority.as_ref().map(|pem| encode(pem).into())),
            ("proxy-url", self.proxy.as_ref().map(|proxy| proxy.expose_secret().into())),
            ("disable-compression", flag(self.disable_compression)),
            ("config", self.config.as_ref().and_then(|config| serde_json::from_str(config).ok())),
        ];
        members
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// Reads a plugin's output, JSON or YAML.
pub(super) fn read(output: &[u8], version: ExecApiVersion) -> Result<Answer, String> {
    if output.iter().all(u8::is_ascii_whitespace) {
        return Err("it printed nothing, where an ExecCredential is expected on standard output".to_owned());
    }
    let document = yaml::parse(output).map_err(|error| {
        let place =
            error.place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default();
        format!("its output is neither JSON nor YAML{place}")
    })?;
    let mut members = members(document, "its output", "an ExecCredential")?;
    let kind = text(&mut members, "kind")?;
    if kind.as_deref() != Some("ExecCredential") {
        return Err("its output is not an ExecCredential: `kind` says otherwise".to_owned());
    }
    let wanted = version.as_str();
    match text(&mut members, "apiVersion")?.as_deref() {
        Some(found) if found == wanted => {}
        Some(
            found @ ("client.authentication.k8s.io/v1"
            | "client.authentication.k8s.io/v1beta1"
            | "client.authentication.k8s.io/v1alpha1"),
        ) => {
            return Err(format!("it answered in the apiVersion {found}, but is configured for {wanted}"));
        }
        _ => return Err(format!("its answer has not the apiVersion that it is configured for, {wanted}")),
    }
    let Some(status) = take(&mut members, "status") else {
        return Err("its answer has no status".to_owned());
    };
    let mut status = self::members(status, "status", "a mapping")?;
    let token = text(&mut status, "token")?.map(crate::config::trimmed_secret);
    if token.as_ref().is_some_and(|token| !is_token(token.expose_secret())) {
        return Err("status.token holds white space or a control character".to_owned());
    }
    let chain = text(&mut status, "clientCertificateData")?;
    let key = text(&mut status, "clientKeyData")?.map(SecretString::from);
    let bytes = |pem: &str| SecretSlice::from(pem.as_bytes().to_vec());
    let identity = match (chain, key) {
        (Some(chain), Some(key)) => Some((bytes(&chain), bytes(key.expose_secret()))),
        (None, None) => None,
        (Some(_), None) => return Err("status has clientCertificateData, but no clientKeyData".to_owned()),
        (None, Some(_)) => return Err("status has clientKeyData, but no clientCertificateData".to_owned()),
    };
    if token.is_none() && identity.is_none() {
        return Err("status has neither a token nor a client certificate with its key".to_owned());
    }
    let expires = match text(&mut status, "expirationTimestamp")? {
        Some(time) => {
            let time: jiff::Timestamp =
                time.parse().map_err(|_| "status.expirationTimestamp is not an RFC 3339 time".to_owned())?;
            Some(SystemTime::from(time))
        }
        None => None,
    };
    Ok(Answer { token, identity, expires })
}

type Members = Vec<(String, Node)>;

fn members(node: Node, what: &str, expected: &str) -> Result<Members, String> {
    match node.value {
        Value::Map(members) => Ok(members),
        Value::Null => Ok(Vec::new()),
        _ => Err(format!("{what} is {}, where {expected} is expected", node.kind())),
    }
}

fn take(members: &mut Members, name: &str) -> Option<Node> {
    let index = members.iter().position(|(key, _)| key == name)?;
    Some(members.swap_remove(index).1)
}

fn text(members: &mut Members, name: &str) -> Result<Option<String>, String> {
    match take(members, name).map(|node| (node.kind(), node.value)) {
        Some((_, Value::String(text))) => Ok(Some(text).filter(|text| !text.is_empty())),
        None | Some((_, Value::Null)) => Ok(None),
        Some((kind, _)) => Err(format!("`{name}` in its answer is {kind}, where text is expected")),
    }
}

/// For the fuzz target: the token, and whether there is a certificate; or what is said of the output.
pub(in crate::auth) fn fuzz(
    output: &[u8],
    version: ExecApiVersion,
) -> Result<(Option<String>, bool), String> {
    let Answer { token, identity, .. } = read(output, version)?;
    Ok((token.map(|token| token.expose_secret().to_owned()), identity.is_some()))
}
