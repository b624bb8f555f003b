//! Opening connections: name, TCP, proxy, TLS, each step with its own words when it fails and all of them within one bound.
//!
//! The one connector for requests, watches and upgrades, so that none of them has a way of its own around a proxy or an
//! authority. It deliberately does not know what is spoken over a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::failure::UnknownHost;
use super::origin::Origin;
use super::proxy::{Proxy, Way};
use super::{BoxFuture, Duplex, Failure, Phase};
use crate::config::ConnectionSettings;

/// The way to one server.
pub(super) struct Connector {
    origin: Origin,
    tcp: HttpConnector<Resolver>,
    /// For what becomes a stream: a program that does not read may take as long as it likes.
    patient: HttpConnector<Resolver>,
    proxy: Option<Proxy>,
    /// By which name the server is checked, and what it is told of it; `None` for plain http.
    server_name: Option<ServerName<'static>>,
    timeout: Duration,
}

/// A connection that stands.
pub(super) struct Opened {
    pub(super) io: Box<dyn Duplex>,
    /// Whether both sides agreed on HTTP/2.
    pub(super) http2: bool,
}

/// What TLS is done with: towards the server, and towards a proxy that is reached by https.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) server: Arc<ClientConfig>,
    /// The same, without HTTP/2.
    pub(super) http1: Arc<ClientConfig>,
    pub(super) proxy: Arc<ClientConfig>,
}

/// How far opening a connection has come.
struct Progress {
    phase: Phase,
    /// Whether something answered at the proxy's address.
    at_proxy: bool,
}

impl Tls {
    pub(super) fn http1_only(&self) -> Tls {
        Tls { server: self.http1.clone(), ..self.clone() }
    }
}

impl Connector {
    pub(super) fn new(
        origin: Origin,
        server_name: Option<ServerName<'static>>,
        proxy: Option<Proxy>,
        settings: &ConnectionSettings,
    ) -> Connector {
        let mut tcp = tcp(Resolver, settings.connect_timeout);
        if !settings.ping_interval.is_zero() {
            // For HTTP/1.1, which has no ping: an idle connection is probed, and what was sent has to be acknowledged.
            let probe = (settings.ping_timeout / 3).max(Duration::from_secs(1));
            tcp.set_keepalive(Some(settings.ping_interval.max(Duration::from_secs(1))));
            tcp.set_keepalive_interval(Some(probe));
            tcp.set_keepalive_retries(Some(3));
        }
        let patient = tcp.clone();
        if !settings.ping_interval.is_zero() {
            #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
            tcp.set_tcp_user_timeout(Some(settings.ping_interval + settings.ping_timeout));
        }
        Connector { origin, tcp, patient, proxy, server_name, timeout: settings.connect_timeout }
    }

    /// What a proxy needs with each request, where requests go to the proxy itself.
    pub(super) fn forwarding(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| self.server_name.is_none() && proxy.way() != Way::Socks)
    }

    /// Opens one connection for requests.
    ///
    /// # Errors
    ///
    /// The step that failed, or the one that took too long.
    pub(super) async fn open(&self, tls: Option<&Tls>) -> Result<Opened, Failure> {
        self.within(&self.tcp, tls).await
    }

    /// Opens one connection that becomes a stream.
    ///
    /// # Errors
    ///
    /// As [`Connector::open`].
    pub(super) async fn open_patiently(&self, tls: Option<&Tls>) -> Result<Opened, Failure> {
        self.within(&self.patient, tls).await
    }

    async fn within(&self, tcp: &HttpConnector<Resolver>, tls: Option<&Tls>) -> Result<Opened, Failure> {
        let mut progress = Progress { phase: Phase::Connect, at_proxy: false };
        let opening = tokio::time::timeout(self.timeout, self.steps(tcp, tls, &mut progress)).await;
        opening.unwrap_or_else(|_| match (progress.phase, &self.proxy) {
            (Phase::Proxy, Some(proxy)) => Err(proxy.late(progress.at_proxy, &self.origin)),
            (phase, _) => Err(Failure::late(phase)),
        })
    }

    async fn steps(
        &self,
        tcp: &HttpConnector<Resolver>,
        tls: Option<&Tls>,
        progress: &mut Progress,
    ) -> Result<Opened, Failure> {
        let io: Box<dyn Duplex> = match &self.proxy {
            None => {
                connect(tcp, self.origin.authority().host(), self.origin.port(), "the server's name").await?
            }
            Some(proxy) => {
                progress.phase = Phase::Proxy;
                self.through(tcp, proxy, tls, &mut progress.at_proxy).await?
            }
        };
        let (Some(name), Some(tls)) = (&self.server_name, tls) else {
            return Ok(Opened { io, http2: false });
        };
        progress.phase = Phase::Tls;
        let connecting = TlsConnector::from(tls.server.clone()).connect(name.clone(), io);
        let io = connecting.await.map_err(|error| Failure::of_handshake(&error))?;
        let http2 = io.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Opened { io: Box::new(io), http2 })
    }

    /// A connection to the server that a proxy made, or to the proxy itself where requests are forwarded.
    async fn through(
        &self,
        tcp: &HttpConnector<Resolver>,
        proxy: &Proxy,
        tls: Option<&Tls>,
        at_proxy: &mut bool,
    ) -> Result<Box<dyn Duplex>, Failure> {
        let connected = connect(tcp, proxy.host(), proxy.port(), "its name").await;
        let mut io = connected.map_err(|failure| proxy.unreachable(failure))?;
        *at_proxy = true;
        if proxy.way() == Way::Socks {
            return proxy.socks(io, &self.origin).await;
        }
        if proxy.way() == Way::Https {
            let (Some(name), Some(tls)) = (proxy.server_name(), tls) else {
                return Err(Failure::request("TLS towards the proxy is not set up"));
            };
            let connecting = TlsConnector::from(tls.proxy.clone()).connect(name, io);
            io = Box::new(connecting.await.map_err(|error| proxy.insecure(&error))?);
        }
        if self.server_name.is_some() {
            proxy.tunnel(&mut io, &self.origin).await?;
        }
        Ok(io)
    }
}

/// The TCP side. A name that has several addresses has that many shares of the time, so that one where nobody is does not take all
/// of it.
fn tcp<R>(resolver: R, timeout: Duration) -> HttpConnector<R> {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // A little more than there is: where all addresses are silent, the bound of the whole says so in its own words.
    tcp.set_connect_timeout(Some(timeout + timeout / 8));
    tcp
}

async fn connect(
    tcp: &HttpConnector<Resolver>,
    host: &str,
    port: u16,
    name: &str,
) -> Result<Box<dyn Duplex>, Failure> {
    let connecting = tcp.clone().call(place(host, port)?).await;
    let io = connecting.map_err(|error| Failure::of_connecting(name, &error))?;
    Ok(Box::new(io.into_inner()))
}

/// A host (an IPv6 address in brackets) and a port as the TCP connector wants them.
pub(super) fn place(host: &str, port: u16) -> Result<Uri, Failure> {
    let uri = Uri::builder().scheme("http").authority(format!("{host}:{port}")).path_and_query("/").build();
    uri.map_err(|_| Failure::request("this host cannot be connected to"))
}

/// The system's resolver, with errors that can be told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = UnknownHost;
    type Future = BoxFuture<'static, Result<Self::Response, UnknownHost>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UnknownHost>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(UnknownHost)?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_where_nobody_is_leaves_time_for_the_next_one() {
        // The first one's queue is full: whoever knocks is not answered.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let silent = socket.listen(1).unwrap();
        let silent = (silent.local_addr().unwrap(), silent);
        let mut queue = Vec::new();
        let knock = || tokio::net::TcpStream::connect(silent.0);
        while let Ok(Ok(waiting)) = tokio::time::timeout(Duration::from_millis(200), knock()).await {
            queue.push(waiting);
        }
        let there = tokio::net::TcpListener::bind(("127.0.0.2", silent.0.port())).await.unwrap();
        let addresses = vec![silent.0, there.local_addr().unwrap()];
        let resolver = Known(addresses);
        let limit = Duration::from_secs(2);
        let url = Uri::try_from(format!("http://two.test:{}/", silent.0.port())).unwrap();
        let connected = tokio::time::timeout(limit, tcp(resolver, limit).call(url)).await;
        let io = connected.expect("in time").unwrap().into_inner();
        assert_eq!(io.peer_addr().unwrap(), there.local_addr().unwrap());
    }

    /// A resolver that knows one name.
    #[derive(Clone)]
    struct Known(Vec<SocketAddr>);

    impl Service<Name> for Known {
        type Response = std::vec::IntoIter<SocketAddr>;
        type Error = std::convert::Infallible;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Name) -> Self::Future {
            std::future::ready(Ok(self.0.clone().into_iter()))
        }
    }
}
