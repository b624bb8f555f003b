//! A server over TLS that speaks HTTP/2 or HTTP/1.1 as a test tells it, connection by connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Authority, Pair};
use crate::config::{Config, Environment};
use crate::request::{Class, Headers, Method};
use crate::transport::{Answer, Failure, HttpTransport, Outgoing, Transport, Upgrade};

/// The TLS side of a server with this certificate.
///
/// Clients may show a certificate of `authority`.
pub(super) fn acceptor(pair: &Pair, authority: &Authority, protocols: &[&str]) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let clients =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let chain = CertificateDer::pem_slice_iter(pair.chain.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.allow_unauthenticated().build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// What happens on the n-th connection (from 0).
type Serving = dyn Fn(usize, TlsStream<TcpStream>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

pub(super) struct Peer {
    pub(super) url: String,
    pub(super) authority: Arc<Authority>,
    opened: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
}

impl Peer {
    /// A server for `127.0.0.1` that offers these protocols.
    pub(super) async fn start<F>(
        protocols: &[&str],
        serve: impl Fn(usize, TlsStream<TcpStream>) -> F + Send + Sync + 'static,
    ) -> Peer
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let authority = Arc::new(Authority::new());
        let acceptor = acceptor(&authority.issue("127.0.0.1"), &authority, protocols);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let serve: Arc<Serving> = Arc::new(move |nth, io| Box::pin(serve(nth, io)));
        let (opened, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, live) = (opened.clone(), open.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let _ = socket.set_nodelay(true);
                let nth = counted.fetch_add(1, Ordering::SeqCst);
                live.fetch_add(1, Ordering::SeqCst);
                let (acceptor, serve, guard) = (acceptor.clone(), serve.clone(), Gone(live.clone()));
                tokio::spawn(async move {
                    let _guard = guard;
                    if let Ok(io) = acceptor.accept(socket).await {
                        serve(nth, io).await;
                    }
                });
            }
        });
        Peer { url, authority, opened, open }
    }

    /// A server that answers each request with HTTP/2; `settings` can change what it allows.
    pub(super) async fn http2<F>(
        settings: impl Fn(usize, &mut h2::server::Builder) + Send + Sync + 'static,
        answer: impl Fn(usize, http::Request<RecvStream>, SendResponse<Bytes>) -> F + Send + Sync + 'static,
    ) -> Peer
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let answer = Arc::new(answer);
        let settings = Arc::new(settings);
        Peer::start(&["h2"], move |nth, io| {
            let (answer, settings) = (answer.clone(), settings.clone());
            async move {
                let mut builder = h2::server::Builder::new();
                settings(nth, &mut builder);
                let Ok(mut connection) = builder.handshake::<_, Bytes>(io).await else { return };
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(answer(nth, request, respond));
                }
            }
        })
        .await
    }

    pub(super) fn config(&self) -> Config {
        Config::new(&self.url)
            .environment(Environment::empty())
            .certificate_authority_pem(self.authority.pem())
    }

    pub(super) fn transport(&self) -> HttpTransport {
        HttpTransport::new(&self.config()).unwrap()
    }

    pub(super) fn get(&self, path: &str) -> Outgoing {
        outgoing(Method::Get, format!("{}{path}", self.url), "", Class::Unary)
    }

    pub(super) fn post(&self, path: &str, body: &'static str) -> Outgoing {
        outgoing(Method::Post, format!("{}{path}", self.url), body, Class::Unary)
    }

    pub(super) fn watch(&self, path: &str) -> Outgoing {
        outgoing(Method::Get, format!("{}{path}", self.url), "", Class::Stream)
    }

    /// How many connections there were, and how many there are.
    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(super) async fn settle_at(&self, open: usize) {
        eventually(|| self.open() == open).await;
    }
}

struct Gone(Arc<AtomicUsize>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub(super) fn outgoing(method: Method, url: String, body: &'static str, class: Class) -> Outgoing {
    Outgoing { method, url, headers: Headers::default(), body: Bytes::from_static(body.as_bytes()), class }
}

/// The certificate that the client showed.
pub(super) fn shown(io: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    io.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.to_vec())
}

/// Waits until something holds that nobody announces.
pub(in crate::transport) async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to be");
}

/// Answers 200 with a whole body.
pub(super) fn answer_with(mut respond: SendResponse<Bytes>, body: &'static str) {
    if let Ok(mut stream) = respond.send_response(http::Response::new(()), body.is_empty())
        && !body.is_empty()
    {
        let _ = stream.send_data(Bytes::from_static(body.as_bytes()), true);
    }
}

/// Sends a request and reads the whole answer.
pub(super) async fn ask(transport: &HttpTransport, outgoing: Outgoing) -> Result<(u16, String), Failure> {
    read(transport.send(outgoing).await?).await
}

pub(super) async fn read(mut answer: Answer) -> Result<(u16, String), Failure> {
    let mut text = Vec::new();
    while let Some(chunk) = answer.body.chunk().await {
        text.extend_from_slice(&chunk?);
    }
    Ok((answer.status, String::from_utf8(text).unwrap()))
}

/// Asks for an upgrade to a made-up protocol.
pub(super) async fn upgrade(transport: &HttpTransport, url: &str) -> Result<Upgrade, Failure> {
    let mut request = outgoing(Method::Get, format!("{url}/exec"), "", Class::Stream);
    request.headers.set("connection", "Upgrade");
    request.headers.set("upgrade", "echo");
    transport.upgrade(request).await
}
