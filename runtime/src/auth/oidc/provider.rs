//! Asking an identity provider for the next token: its discovery document, then its token endpoint.
//!
//! Deliberately over the same client as everything else, with a configuration of its own: other credentials go to nobody
//! but their server, and redirects are not followed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use super::AGAIN;
use crate::Client;
use crate::auth::renewed::Failure;
use crate::config::{Config, Environment, clean};
use crate::request::Query;

/// How long each answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// A discovery document has a few kilobytes.
const LIMIT: usize = 1 << 20;

/// One identity provider, and as whom it knows us.
pub(super) struct Provider {
    issuer: Url,
    client_id: String,
    client_secret: Option<SecretString>,
    authority: Authority,
    environment: Environment,
    /// What the discovery document said; it hardly ever changes.
    endpoint: Mutex<Option<Endpoint>>,
}

/// Whom we trust to be the provider.
enum Authority {
    Platform,
    File(String),
    Pem(Vec<u8>),
}

#[derive(Clone)]
struct Endpoint {
    url: Url,
    /// Whether it wants the client's secret in the body instead of the header.
    secret_in_body: bool,
}

/// What the provider gave.
pub(super) struct Granted {
    pub(super) id: SecretString,
    /// Where the old one is not to be used again.
    pub(super) refresh: Option<SecretString>,
}

/// A URL in the parts that a request is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    origin: String,
    path: String,
    query: Vec<(String, String)>,
}

impl Provider {
    /// Reads the settings; an error says what is wrong with them.
    pub(super) fn new(settings: &BTreeMap<String, SecretString>, config: &Config) -> Result<Self, String> {
        let get = |name: &str| {
            let value = settings.get(name).map(|value| value.expose_secret());
            value.filter(|value| !value.is_empty())
        };
        let needed = |name: &str| get(name).ok_or_else(|| format!("it has no {name}"));
        let issuer = needed("idp-issuer-url")?;
        let issuer =
            Url::parse(issuer.trim_end_matches('/')).map_err(|why| format!("idp-issuer-url {why}"))?;
        let authority = match (get("idp-certificate-authority-data"), get("idp-certificate-authority")) {
            (Some(data), _) => {
                let data: String = data.split_ascii_whitespace().collect();
                let pem = base64::engine::general_purpose::STANDARD.decode(data);
                Authority::Pem(pem.map_err(|_| "idp-certificate-authority-data is not base64".to_owned())?)
            }
            (None, Some(path)) => Authority::File(path.to_owned()),
            (None, None) => Authority::Platform,
        };
        Ok(Provider {
            issuer,
            client_id: needed("client-id")?.to_owned(),
            client_secret: get("client-secret").map(SecretString::from),
            authority,
            environment: config.surroundings().clone(),
            endpoint: Mutex::new(None),
        })
    }

    /// For messages.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer.origin
    }

    /// Another id-token.
    pub(super) async fn refresh(&self, token: &SecretString) -> Result<Granted, Failure> {
        let endpoint = self.endpoint().await?;
        let mut form = Query::default();
        form.push("grant_type", "refresh_token").push("refresh_token", token.expose_secret());
        let mut config = self.config(&endpoint.url);
        match &self.client_secret {
            Some(secret) if endpoint.secret_in_body => {
                form.push("client_id", self.client_id.as_str()).push("client_secret", secret.expose_secret());
            }
            // Both are escaped first (RFC 6749, 2.3.1), so that a colon in the name does not end it.
            Some(secret) => {
                config = config.basic_auth(escaped(&self.client_id), escaped(secret.expose_secret()));
            }
            None => {
                form.push("client_id", self.client_id.as_str());
            }
        }
        let mut body = String::new();
        form.write(&mut body);
        let client = Client::new(config).map_err(unreachable)?.max_response_bytes(LIMIT);
        let mut request = client.rest().post(&endpoint.url.path);
        for (name, value) in &endpoint.url.query {
            request = request.query(name, value);
        }
        let form = body.trim_start_matches('?').as_bytes().to_vec();
        let request =
            request.body("application/x-www-form-urlencoded", form).header("accept", "application/json");
        let answer = request.any_status().timeout(TIMEOUT).send().await.map_err(unreachable)?;
        let granted = granted(answer.status(), answer.bytes());
        if granted.is_err() {
            // It may have moved; that is looked up again next time.
            *self.lock() = None;
        }
        granted
    }

    async fn endpoint(&self) -> Result<Endpoint, Failure> {
        if let Some(endpoint) = self.lock().clone() {
            return Ok(endpoint);
        }
        let client = Client::new(self.config(&self.issuer)).map_err(unreachable)?.max_response_bytes(LIMIT);
        let path = format!("{}/.well-known/openid-configuration", self.issuer.path.trim_end_matches('/'));
        let request = client.rest().get(path).header("accept", "application/json").any_status();
        let answer = request.timeout(TIMEOUT).send().await.map_err(unreachable)?;
        if answer.status() != 200 {
            return Err(Failure::new(format!(
                "the provider answered its discovery document with {}",
                answer.status()
            ))
            .with_help("is idp-issuer-url right?"));
        }
        let endpoint = discovered(answer.bytes())?;
        *self.lock() = Some(endpoint.clone());
        Ok(endpoint)
    }

    fn config(&self, url: &Url) -> Config {
        let config = Config::new(&url.origin).environment(self.environment.clone());
        // Plain http gets through `Url::parse` on loopback only.
        let config = config.allow_credentials_over_http(true);
        match &self.authority {
            Authority::Platform => config,
            Authority::File(path) => config.certificate_authority_file(path),
            Authority::Pem(pem) => config.certificate_authority_pem(pem),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Endpoint>> {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unreachable(error: crate::Error) -> Failure {
    Failure::new(format!("the provider cannot be asked: {error}"))
}

fn discovered(body: &[u8]) -> Result<Endpoint, Failure> {
    let none = || Failure::new("the provider's discovery document names no token_endpoint");
    let document: Json = serde_json::from_slice(body).map_err(|_| none().with_help("it is not JSON"))?;
    let url = document.get("token_endpoint").and_then(Json::as_str).ok_or_else(none)?;
    let url = Url::parse(url).map_err(|why| Failure::new(format!("the provider's token_endpoint {why}")))?;
    let methods = document.get("token_endpoint_auth_methods_supported").and_then(Json::as_array);
    let supports = |method: &str| methods.is_some_and(|methods| methods.iter().any(|it| it == method));
    // Without a list it is the header, by the specification.
    let secret_in_body = supports("client_secret_post") && !supports("client_secret_basic");
    Ok(Endpoint { url, secret_in_body })
}

/// No message here repeats the answer but for the two members that are meant for people.
fn granted(status: u16, body: &[u8]) -> Result<Granted, Failure> {
    let answer: Json = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| answer.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    if status != 200 {
        let said = [text("error"), text("error_description")];
        let said: Vec<String> = said.into_iter().flatten().map(|text| excerpt(&clean(text))).collect();
        let said = if said.is_empty() { String::new() } else { format!(": {}", said.join(": ")) };
        let failure = Failure::new(format!("the provider did not refresh the token ({status}){said}"));
        let over = text("error") == Some("invalid_grant");
        return Err(if over { failure.with_help(AGAIN) } else { failure });
    }
    let Some(id) = text("id_token") else {
        return Err(Failure::new("the provider's answer has no id_token")
            .with_help("does the client's scope hold `openid`?"));
    };
    Ok(Granted { id: SecretString::from(id), refresh: text("refresh_token").map(SecretString::from) })
}

fn excerpt(text: &str) -> String {
    text.chars().take(256).map(|c| if c == '\n' { ' ' } else { c }).collect()
}

/// As in a form.
fn escaped(text: &str) -> String {
    let (mut query, mut out) = (Query::default(), String::new());
    query.push("", text).write(&mut out);
    out.trim_start_matches("?=").to_owned()
}

impl Url {
    /// `https`, or `http` on this machine: what goes there is worth as much as a password.
    fn parse(text: &str) -> Result<Url, String> {
        let (scheme, rest) = text.split_once("://").ok_or("is not a URL")?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() || authority.contains('@') {
            return Err("has no host, or holds a user name".to_owned());
        }
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let local = matches!(host, "localhost" | "127.0.0.1" | "::1");
        if scheme != "https" && !(scheme == "http" && local) {
            return Err(
                "does not begin with https://, and everybody on the way could read the tokens".to_owned()
            );
        }
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Ok(Url {
            origin: format!("{scheme}://{authority}"),
            path: format!("/{path}"),
            query: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_nobody_reads_along_are_asked() {
        let url = Url::parse("https://login.example.com/t1/oauth2/token?p=one&q#x").unwrap();
        assert_eq!(url.origin, "https://login.example.com");
        assert_eq!(url.path, "/t1/oauth2/token");
        assert_eq!(url.query, [("p".into(), "one".into()), ("q".into(), String::new())]);
        for fine in ["https://a", "http://127.0.0.1:5556/dex", "http://[::1]:1", "http://localhost"] {
            assert!(Url::parse(fine).is_ok(), "{fine}");
        }
        for wrong in ["", "a", "http://a", "ftp://a", "https://", "https://me:s3cr3t@a", "http://localhost.a"]
        {
            let error = Url::parse(wrong).unwrap_err();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn the_secret_goes_into_the_body_only_where_the_header_is_not_understood() {
        let endpoint = |methods: &str| {
            discovered(format!(r#"{{"token_endpoint":"https://a/token"{methods}}}"#).as_bytes()).unwrap()
        };
        let methods = |list: &str| format!(r#","token_endpoint_auth_methods_supported":[{list}]"#);
        assert!(!endpoint("").secret_in_body);
        assert!(!endpoint(&methods(r#""client_secret_post","client_secret_basic""#)).secret_in_body);
        assert!(endpoint(&methods(r#""private_key_jwt","client_secret_post""#)).secret_in_body);
        for wrong in ["", "[]", "{}", r#"{"token_endpoint":"http://a"}"#, r#"{"token_endpoint":1}"#] {
            assert!(discovered(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_says_why_and_repeats_no_token() {
        let refused = granted(
            400,
            br#"{"error":"invalid_grant","error_description":"too\u001b[2J old","id_token":"s3cr3t"}"#,
        );
        let failure = refused.err().unwrap();
        assert_eq!(failure.message, "the provider did not refresh the token (400): invalid_grant: too old");
        assert!(failure.help.unwrap().contains("log in again"));
        for (status, body) in [(200, "s3cr3t"), (200, "{}"), (500, "s3cr3t"), (200, r#"{"id_token":1}"#)] {
            assert!(!granted(status, body.as_bytes()).err().unwrap().message.contains("s3cr3t"));
        }
    }
}
