//! reqwest behind the [`Transport`] trait: the only file that names it.
//!
//! Everything reqwest could do by itself is switched off: redirects, the referer, retries but for those HTTP/2 declares
//! safe, and decompression. It deliberately never lets a URL into an error, since a query can hold what is private.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::lanes::Lanes;
use super::{Answer, Body, BoxFuture, Failure, FailureKind, Outgoing, Transport, tls};
use crate::Result;
use crate::auth::Identity;
use crate::config::{Config, PemSource, TlsOptions};
use crate::error::{Error, Kind};
use crate::request::{Class, Headers};

/// A dead connection is found within these two, as in client-go.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// How many idle HTTP/1.1 connections are kept.
const IDLE_CONNECTIONS: usize = 25;
/// Room for many slow readers on one connection before one of them stops the others.
const CONNECTION_WINDOW: u32 = 16 << 20;
const STREAM_WINDOW: u32 = 2 << 20;

/// The HTTP stack for one server.
pub(crate) struct HttpTransport {
    unary: Lanes<reqwest::Client>,
    streams: Lanes<reqwest::Client>,
}

impl HttpTransport {
    /// Sets up connections for `config`; none is opened yet.
    ///
    /// # Errors
    ///
    /// When the TLS material or the proxy cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        Self::with_tls(config, config.tls())
    }

    /// The same, presenting a certificate that the configuration does not have itself.
    ///
    /// # Errors
    ///
    /// As [`HttpTransport::new`].
    pub(crate) fn presenting(config: &Config, identity: &Identity) -> Result<Self> {
        let pem = (PemSource::Inline(identity.chain.clone()), PemSource::Inline(identity.key.clone()));
        Self::with_tls(config, &TlsOptions { identity: Some(pem), ..config.tls().clone() })
    }

    fn with_tls(config: &Config, tls: &TlsOptions) -> Result<Self> {
        let settings = Settings::new(config, tls)?;
        let lanes = || -> Result<Lanes<reqwest::Client>> {
            let first = settings.client()?;
            let settings = settings.clone();
            let spare = first.clone();
            // What has been built once can be built again; should it fail all the same, lanes share a connection.
            Ok(Lanes::new(first, move || settings.client().unwrap_or_else(|_| spare.clone())))
        };
        Ok(HttpTransport { unary: lanes()?, streams: lanes()? })
    }
}

impl Transport for HttpTransport {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, std::result::Result<Answer, Failure>> {
        Box::pin(async move {
            let lanes = match outgoing.class {
                Class::Unary => &self.unary,
                Class::Stream => &self.streams,
            };
            let (client, ticket) = lanes.take();
            let response = client.execute(request(outgoing)?).await.map_err(failure)?;
            let status = response.status().as_u16();
            let headers = headers(response.headers());
            let mut body = response.bytes_stream();
            let body = futures_util::stream::poll_fn(move |cx| {
                let _place = &ticket;
                body.poll_next_unpin(cx)
                    .map_err(|error| Failure { kind: FailureKind::Broken, ..failure(error) })
            });
            Ok(Answer { status, headers, body: Body::new(body) })
        })
    }

    fn upgrade(&self, _: Outgoing) -> BoxFuture<'_, std::result::Result<super::Upgrade, Failure>> {
        let message = "this transport cannot upgrade connections".to_owned();
        Box::pin(async move { Err(Failure { kind: FailureKind::Request, message }) })
    }
}

/// What every connection of this client has in common.
#[derive(Clone)]
struct Settings {
    tls: Option<rustls::ClientConfig>,
    proxy: Proxy,
    connect_timeout: Duration,
}

#[derive(Clone)]
enum Proxy {
    /// As the environment says.
    Environment,
    /// None at all.
    None,
    Explicit(Box<reqwest::Proxy>),
}

impl Settings {
    fn new(config: &Config, tls: &TlsOptions) -> Result<Self> {
        let tls = if config.is_plain_http() { None } else { Some(tls::client_config(tls)?) };
        let proxy = match config.proxy() {
            Some(url) => Proxy::Explicit(Box::new(reqwest::Proxy::all(url).map_err(|_| {
                // The URL may hold a password; reqwest's own text is not shown for the same reason.
                Error::new(Kind::Config, config.origin(), "the proxy URL cannot be used")
                    .with_help("http, https, socks5 and socks5h URLs are understood")
            })?)),
            // As Go does: nobody means a proxy for a server on this machine.
            None if is_loopback(config.server()) => Proxy::None,
            None => Proxy::Environment,
        };
        Ok(Settings { tls, proxy, connect_timeout: config.connect_timeout_value() })
    }

    fn client(&self) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(PING_INTERVAL)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .http2_keep_alive_while_idle(true)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_initial_stream_window_size(STREAM_WINDOW);
        // No `.retry()`: the default repeats only what HTTP/2 says was not processed (REFUSED_STREAM, a graceful GOAWAY).
        builder = match &self.proxy {
            Proxy::Environment => builder,
            Proxy::None => builder.no_proxy(),
            Proxy::Explicit(proxy) => builder.proxy((**proxy).clone()),
        };
        let tls = match &self.tls {
            Some(tls) => {
                let mut tls = tls.clone();
                tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
                tls
            }
            // reqwest sets up TLS whether it is needed or not, and would look for a process-wide provider.
            None => bare_tls()?,
        };
        builder
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| Error::new(Kind::Config, "setting up the HTTP client", failure(error).message))
    }
}

/// TLS that trusts nobody, for plain http.
fn bare_tls() -> Result<rustls::ClientConfig> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(Kind::Config, "setting up TLS", error.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

/// Whether the host of this URL is this machine.
fn is_loopback(server: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(server) else { return false };
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn request(outgoing: Outgoing) -> std::result::Result<reqwest::Request, Failure> {
    let refuse = |message: &str| Failure { kind: FailureKind::Request, message: message.to_owned() };
    let method = reqwest::Method::from_bytes(outgoing.method.as_str().as_bytes())
        .map_err(|_| refuse("this method cannot be sent"))?;
    let url = reqwest::Url::parse(&outgoing.url).map_err(|_| refuse("the server's URL is malformed"))?;
    // The URL parser normalises; what goes out must be what was checked.
    let (path, query) = path_of(&outgoing.url);
    if url.path() != path || url.query() != query || url.fragment().is_some() {
        return Err(refuse("the path would change on its way"));
    }
    let mut request = reqwest::Request::new(method, url);
    let headers: &mut HeaderMap = request.headers_mut();
    for (name, value) in outgoing.headers.iter() {
        let header =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse("a header name is malformed"))?;
        let mut value =
            HeaderValue::from_bytes(value.as_bytes()).map_err(|_| refuse("a header value is malformed"))?;
        value.set_sensitive(name == "authorization");
        headers.append(header, value);
    }
    if !outgoing.body.is_empty() {
        *request.body_mut() = Some(outgoing.body.into());
    }
    Ok(request)
}

/// Path and query of an absolute URL, as it is written.
fn path_of(url: &str) -> (&str, Option<&str>) {
    let host = url.find("://").map_or(0, |at| at + 3);
    let target = url[host..].find('/').map_or("/", |slash| &url[host + slash..]);
    target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)))
}

fn headers(map: &HeaderMap) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in map {
        headers.add(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    headers
}

fn failure(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let kind = match (error.is_connect(), error.is_timeout()) {
        (true, true) => FailureKind::ConnectTimeout(super::Phase::Connect),
        // A keep-alive without an answer, or the system giving up: the request may have arrived long before.
        (false, true) => FailureKind::Broken,
        (true, _) if is_tls(&error) => FailureKind::Tls,
        (true, _) => FailureKind::Connect,
        _ if error.is_builder() => FailureKind::Request,
        _ => FailureKind::Broken,
    };
    // reqwest's own text says little ("error sending request"); the reasons are below it, often repeating one another.
    let mut message = String::new();
    let mut cause = error.source();
    while let Some(reason) = cause {
        let text = reason.to_string();
        if !message.contains(&text) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&text);
        }
        cause = reason.source();
    }
    if message.is_empty() {
        message = error.to_string();
    }
    Failure { kind, message }
}

/// Whether TLS is among the reasons.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    // An IO error hides what it wraps from `source()`.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
    error.is::<rustls::Error>()
        || wrapped.is_some_and(|inner| is_tls(inner))
        || error.source().is_some_and(is_tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_dies_with_a_request_on_it_is_broken_and_was_there() {
        // Takes connections and never answers. reqwest says "timeout" of this as of a keep-alive that went unanswered.
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(bare_tls().unwrap())
            .timeout(Duration::from_millis(20))
            .build()
            .unwrap();
        let error = client.post(url).send().await.unwrap_err();
        assert!(error.is_timeout() && !error.is_connect());
        assert_eq!(failure(error).kind, FailureKind::Broken);
    }
}
