//! For programs that are exec plugins themselves: what they were asked, and the form of their answer.
//!
//! Deliberately not how a program comes to its credential.

use std::fmt;
use std::time::SystemTime;

use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};

use crate::config::{Config, ExecApiVersion, Redacted};
use crate::error::Kind;
use crate::{Error, Result};

/// The variable that the question stands in.
const VARIABLE: &str = "KUBERNETES_EXEC_INFO";

/// What a program was asked that runs as an exec plugin (client-go's `LoadExecCredentialFromEnv`).
///
/// ```
/// use clientset_runtime::ExecPluginRequest;
///
/// let asked = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;
/// let request = ExecPluginRequest::parse(asked)?; // in a plugin: ExecPluginRequest::from_env()?
/// assert!(!request.is_interactive());
/// println!("{}", request.answer().token("s3cr3t").to_json());
/// # Ok::<(), clientset_runtime::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ExecPluginRequest {
    version: ExecApiVersion,
    interactive: bool,
    cluster: Option<Config>,
    cluster_config: Option<String>,
}

/// The answer of an exec plugin, to be printed on standard output.
#[derive(Clone)]
pub struct ExecPluginAnswer {
    version: ExecApiVersion,
    token: Option<SecretString>,
    identity: Option<(String, SecretString)>,
    expires: Option<SystemTime>,
}

impl ExecPluginRequest {
    /// What the environment of this process says.
    ///
    /// # Errors
    ///
    /// When `KUBERNETES_EXEC_INFO` is not set, or holds no `ExecCredential` of a version that is known.
    pub fn from_env() -> Result<ExecPluginRequest> {
        match std::env::var(VARIABLE) {
            Ok(text) => ExecPluginRequest::parse(text),
            Err(_) => Err(wrong(format!("{VARIABLE} is not set")).with_help(
                "this program is run by Kubernetes clients, as a kubeconfig's users[].user.exec says",
            )),
        }
    }

    /// The same, from the text of that variable.
    ///
    /// # Errors
    ///
    /// As [`ExecPluginRequest::from_env`].
    pub fn parse(text: impl AsRef<str>) -> Result<ExecPluginRequest> {
        let asked: Json = serde_json::from_str(text.as_ref()).map_err(|_| wrong("it is not JSON"))?;
        if asked.get("kind").and_then(Json::as_str) != Some("ExecCredential") {
            return Err(wrong("it is no ExecCredential"));
        }
        let version = asked.get("apiVersion").and_then(Json::as_str).unwrap_or_default();
        let version =
            [ExecApiVersion::V1, ExecApiVersion::V1Beta1].into_iter().find(|it| it.as_str() == version);
        let version = version.ok_or_else(|| wrong("its apiVersion is not known here"))?;
        let spec = asked.get("spec");
        let cluster = spec.and_then(|spec| spec.get("cluster")).and_then(Json::as_object);
        Ok(ExecPluginRequest {
            version,
            interactive: spec
                .and_then(|spec| spec.get("interactive"))
                .and_then(Json::as_bool)
                .unwrap_or(false),
            cluster: cluster.map(config).transpose()?,
            cluster_config: cluster.and_then(|cluster| cluster.get("config")).map(Json::to_string),
        })
    }

    /// The version that is spoken; the answer is in the same.
    pub fn api_version(&self) -> ExecApiVersion {
        self.version
    }

    /// Whether standard input is the user's terminal, so that something can be asked.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// The cluster that a credential is asked for, without any credential; only where the client tells
    /// (`provideClusterInfo`).
    pub fn cluster(&self) -> Option<&Config> {
        self.cluster.as_ref()
    }

    /// What the kubeconfig's cluster says to its plugins, as JSON.
    pub fn cluster_config(&self) -> Option<&str> {
        self.cluster_config.as_deref()
    }

    /// An answer in the version that was asked in.
    pub fn answer(&self) -> ExecPluginAnswer {
        ExecPluginAnswer { version: self.version, token: None, identity: None, expires: None }
    }
}

impl ExecPluginAnswer {
    /// Gives a bearer token.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(SecretString::from(token.into()));
        self
    }

    /// Gives a client certificate chain and its private key, both PEM. A token may come along.
    pub fn client_certificate(mut self, chain: impl Into<String>, key: impl Into<String>) -> Self {
        self.identity = Some((chain.into(), SecretString::from(key.into())));
        self
    }

    /// Until when it holds. Without it, until the server refuses it.
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// The text to print on standard output, and nothing else there. It holds the credential.
    pub fn to_json(&self) -> String {
        let time = self.expires.and_then(|at| jiff::Timestamp::try_from(at).ok());
        // Go's clients take whole seconds as they take others; people read them more easily.
        let time = time.and_then(|time| jiff::Timestamp::from_second(time.as_second()).ok());
        let identity = self.identity.as_ref();
        let status: Map<String, Json> = [
            ("token", self.token.as_ref().map(|token| token.expose_secret().to_owned())),
            ("clientCertificateData", identity.map(|(chain, _)| chain.clone())),
            ("clientKeyData", identity.map(|(_, key)| key.expose_secret().to_owned())),
            ("expirationTimestamp", time.map(|time| time.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Json::from(value?))))
        .collect();
        serde_json::json!({
            "apiVersion": self.version.as_str(),
            "kind": "ExecCredential",
            "status": status,
        })
        .to_string()
    }
}

impl fmt::Debug for ExecPluginAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecPluginAnswer")
            .field("version", &self.version)
            .field("token", &self.token.as_ref().map(|_| Redacted))
            .field("identity", &self.identity.as_ref().map(|_| Redacted))
            .field("expires", &self.expires)
            .finish()
    }
}

/// `spec.cluster` as a configuration.
fn config(cluster: &Map<String, Json>) -> Result<Config> {
    let text = |name: &str| cluster.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    let flag = |name: &str| cluster.get(name).and_then(Json::as_bool).unwrap_or(false);
    let server = text("server").ok_or_else(|| wrong("its cluster has no server"))?;
    let mut config = Config::new(server)
        .insecure_skip_tls_verify(flag("insecure-skip-tls-verify"))
        .disable_compression(flag("disable-compression"))
        .tls_server_name(text("tls-server-name").unwrap_or_default());
    if let Some(data) = text("certificate-authority-data") {
        let pem = base64::engine::general_purpose::STANDARD.decode(data);
        let pem = pem.map_err(|_| wrong("certificate-authority-data is not base64"))?;
        config = config.certificate_authority_pem(pem);
    }
    if let Some(proxy) = text("proxy-url") {
        config = config.proxy_url(proxy);
    }
    Ok(config)
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new(Kind::Config, format!("reading {VARIABLE}"), message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::auth::exec::fuzz as read;

    #[test]
    fn a_plugin_reads_what_it_is_asked_and_its_answer_is_read_back() {
        let asked = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{
            "interactive":true,"cluster":{"server":"https://[::1]:6443/prefix","tls-server-name":"name",
            "certificate-authority-data":"UEVN","proxy-url":"http://me:s3cr3t@proxy:1","config":{"audience":"x"}}}}"#;
        let request = ExecPluginRequest::parse(asked).unwrap();
        assert!(request.is_interactive() && request.api_version() == ExecApiVersion::V1Beta1);
        assert_eq!(request.cluster().unwrap().server_url(), "https://[::1]:6443/prefix");
        assert_eq!(request.cluster_config(), Some(r#"{"audience":"x"}"#));
        assert!(!format!("{request:?}").contains("s3cr3t"));

        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_900_000_000_123);
        let answer = request.answer().token("s3cr3t").client_certificate("CERT", "s3cr3t").expires(at);
        assert!(!format!("{answer:?}").contains("s3cr3t"));
        let json = answer.to_json();
        assert!(json.contains(r#""expirationTimestamp":"2030-03-17T17:46:40Z""#), "{json}");
        let (token, certificate) = read(json.as_bytes(), ExecApiVersion::V1Beta1).unwrap();
        assert_eq!((token.as_deref(), certificate), (Some("s3cr3t"), true));
    }

    #[test]
    fn a_question_that_is_none_is_an_error_that_says_what_is_wrong() {
        let of = |kind: &str, version: &str, spec: &str| {
            format!(
                r#"{{"kind":"{kind}","apiVersion":"client.authentication.k8s.io/{version}","spec":{spec}}}"#
            )
        };
        for (text, expected) in [
            (String::new(), "not JSON"),
            ("[]".to_owned(), "no ExecCredential"),
            (of("Other", "v1", "{}"), "no ExecCredential"),
            (of("ExecCredential", "v1alpha1", "{}"), "apiVersion is not known"),
            (of("ExecCredential", "v1", r#"{"cluster":{}}"#), "cluster has no server"),
            (
                of("ExecCredential", "v1", r#"{"cluster":{"server":"a","certificate-authority-data":"!"}}"#),
                "not base64",
            ),
        ] {
            let error = ExecPluginRequest::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(ExecPluginRequest::parse(of("ExecCredential", "v1", "null")).unwrap().cluster().is_none());
    }
}
