//! The transport: one pool of connections for one server, and how a request of ours becomes one of HTTP.
//!
//! It deliberately never lets a URL into an error, since a query can hold what is private.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http_body_util::Full;

use super::connector::Connector;
use super::material::Material;
use super::origin::Origin;
use super::pool::{Place, Pool};
use super::{
    Answer, BoxFuture, Failure, FailureKind, Outgoing, Transport, Upgrade, http1, http2, proxy_choice, tls,
};
use crate::Result;
use crate::auth::Identity;
use crate::config::Config;
use crate::error::{Error, Kind};
use crate::request::Method;

/// How many connections in a row may turn out closed before a request that was not sent on any of them is given up.
const CLOSED_CONNECTIONS: usize = 4;

/// The connections to one server.
pub(crate) struct HttpTransport {
    origin: Arc<Origin>,
    pool: Arc<Pool>,
    /// Whether requests go to a proxy with the whole URL, and what it wants to see of us.
    forwarding: Option<Option<HeaderValue>>,
}

impl HttpTransport {
    /// Sets up connections for `config`; none is opened yet.
    ///
    /// # Errors
    ///
    /// When the TLS material or the proxy cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let origin = Origin::of(config.server()).ok_or_else(|| {
            Error::new(Kind::Config, config.origin(), "the server's URL cannot be spoken to over HTTP")
        })?;
        let settings = config.connection_settings();
        let proxy = proxy_choice::choose(config, &origin)?;
        let options = config.tls();
        let said_by = |error: Error| config.named_in(error);
        let (secured, server_name) = match origin.is_plain() {
            true => (None, None),
            false => {
                let secured = Material::new(options.clone(), settings.http2).map_err(said_by)?;
                (Some(secured), Some(tls::server_name(options, &origin).map_err(said_by)?))
            }
        };
        let connector = Connector::new(origin.clone(), server_name, proxy, &settings);
        let forwarding = connector.forwarding().map(|proxy| proxy.authorization());
        let pool = Pool::new(connector, secured, settings);
        Ok(HttpTransport { origin: Arc::new(origin), pool, forwarding })
    }

    fn prepare(&self, outgoing: Outgoing) -> std::result::Result<Prepared, Failure> {
        let refuse = Failure::request;
        let target = self.origin.target(outgoing.url).map_err(refuse)?;
        let mut headers = outgoing.headers.into_map();
        if let Some(Some(authorization)) = &self.forwarding {
            headers.insert(http::header::PROXY_AUTHORIZATION, authorization.clone());
        }
        let method = method(outgoing.method);
        if !outgoing.body.is_empty() || matches!(outgoing.method, Method::Post | Method::Put | Method::Patch)
        {
            headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(outgoing.body.len()));
        }
        Ok(Prepared { origin: self.origin.clone(), method, target, headers, body: outgoing.body })
    }
}

impl Transport for HttpTransport {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, std::result::Result<Answer, Failure>> {
        Box::pin(async move {
            within_a_runtime()?;
            let class = outgoing.class;
            let mut prepared = self.prepare(outgoing)?;
            for _ in 0..CLOSED_CONNECTIONS {
                let sent = match self.pool.place(class).await? {
                    Place::Http1(lease) => {
                        http1::send(lease, prepared, self.forwarding.is_some(), class).await
                    }
                    Place::Http2(sender, slot) => http2::send(sender, slot, prepared).await,
                };
                prepared = match sent {
                    Sent::Answered(answer) => return Ok(answer),
                    Sent::Failed(failure) => return Err(failure),
                    Sent::Returned(prepared) => prepared,
                };
            }
            Err(Failure::new(
                FailureKind::Unsent,
                "connections are closed before anything can be sent on them",
            ))
        })
    }

    fn present(&self, identity: Option<&Identity>) -> Result<()> {
        self.pool.present(identity)
    }

    fn upgrade(&self, outgoing: Outgoing) -> BoxFuture<'_, std::result::Result<Upgrade, Failure>> {
        Box::pin(async move {
            within_a_runtime()?;
            let prepared = self.prepare(outgoing)?;
            let io = self.pool.alone().await?;
            http1::upgrade(io, prepared, self.forwarding.is_some()).await
        })
    }
}

/// Clocks and sockets are the runtime's: without one they would panic.
fn within_a_runtime() -> std::result::Result<(), Failure> {
    let found = tokio::runtime::Handle::try_current();
    found.map(drop).map_err(|_| Failure::request("requests can be sent only within a Tokio runtime"))
}

/// What became of a request on one connection.
pub(super) enum Sent {
    Answered(Answer),
    Failed(Failure),
    /// The connection was closed, and nothing of the request was written to it.
    Returned(Prepared),
}

/// A request in the types of HTTP, whatever its version.
pub(super) struct Prepared {
    origin: Arc<Origin>,
    method: http::Method,
    target: PathAndQuery,
    headers: HeaderMap,
    body: Bytes,
}

impl Prepared {
    /// As HTTP/2 sends it: scheme and authority are in the URL.
    pub(super) fn absolute(self) -> std::result::Result<(http::Request<()>, Bytes), Failure> {
        let uri =
            self.origin.absolute(self.target).ok_or_else(|| Failure::request("the URL is malformed"))?;
        let mut request = http::Request::new(());
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.version_mut() = http::Version::HTTP_2;
        *request.headers_mut() = self.headers;
        Ok((request, self.body))
    }

    /// As HTTP/1.1 sends it: the authority is in `Host`, and in the URL only where a proxy has to see it.
    ///
    /// Only the headers move: with them back, the rest is a request again.
    pub(super) fn with_host(
        &mut self,
        absolute: bool,
    ) -> std::result::Result<http::Request<Full<Bytes>>, Failure> {
        let malformed = || Failure::request("the URL is malformed");
        let uri = match absolute {
            true => self.origin.absolute(self.target.clone()).ok_or_else(malformed)?,
            false => self.target.clone().into(),
        };
        let host = HeaderValue::from_str(self.origin.authority().as_str()).map_err(|_| malformed())?;
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = std::mem::take(&mut self.headers);
        request.headers_mut().insert(http::header::HOST, host);
        Ok(request)
    }

    /// The request that came back unsent.
    pub(super) fn again(self, back: http::Request<Full<Bytes>>) -> Prepared {
        Prepared { headers: back.into_parts().0.headers, ..self }
    }
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
        Method::Options => http::Method::OPTIONS,
    }
}

/// How long the answer says that its body is.
pub(super) fn content_length(map: &HeaderMap) -> Option<u64> {
    map.get(http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
