//! Servers that answer as no HTTP server would: every byte is the test's own, over TCP or TLS; and HTTP/2 by the crate `h2`, for
//! answers below the level of HTTP.
//!
//! Whatever the embedded server can do wrong by itself is better asked of it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clientset::Config;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

/// A connection, encrypted or not.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection that a client has opened.
pub(crate) struct Connection {
    pub(crate) io: Box<dyn Io>,
}

/// A server whose connections are served by a function of the test. Dropped, it and its connections are gone.
pub(crate) struct RawServer {
    address: SocketAddr,
    authority: Option<String>,
    opened: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl RawServer {
    /// Over plain TCP.
    pub(crate) async fn plain<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> RawServer {
        RawServer::start(None, serve).await
    }

    /// Over TLS, with these protocols for ALPN: `h2`, `http/1.1`.
    pub(crate) async fn tls<F: Future<Output = ()> + Send + 'static>(
        protocols: &[&str],
        serve: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> RawServer {
        RawServer::start(Some(certificate(protocols)), serve).await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        tls: Option<(TlsAcceptor, String)>,
        serve: impl Fn(Connection) -> F + Send + Sync + 'static,
    ) -> RawServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let (acceptor, authority) = tls.unzip();
        let opened = Arc::new(AtomicUsize::new(0));
        let (count, serve) = (opened.clone(), Arc::new(serve));
        let task = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while tasks.try_join_next().is_some() {}
                count.fetch_add(1, Ordering::Relaxed);
                let (acceptor, serve) = (acceptor.clone(), serve.clone());
                tasks.spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let io: Box<dyn Io> = match acceptor {
                        None => Box::new(stream),
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => return,
                        },
                    };
                    serve(Connection { io }).await;
                });
            }
        });
        RawServer { address, authority, opened, task }
    }

    /// How a client gets here.
    pub(crate) fn config(&self) -> Config {
        match &self.authority {
            None => Config::new(format!("http://{}", self.address)),
            Some(pem) => Config::new(format!("https://{}", self.address)).certificate_authority_pem(pem),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections have come.
    pub(crate) fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A certificate for 127.0.0.1 and localhost that is its own authority.
fn certificate(protocols: &[&str]) -> (TlsAcceptor, String) {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate with its key");
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), made.cert.pem())
}

/// A port that takes no connection and refuses none: its queue is full, so that SYNs are not answered. The streams fill the queue.
pub(crate) async fn unanswered() -> (TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port of loopback");
    let listener = socket.listen(0).expect("it listens");
    let address = listener.local_addr().expect("an address");
    let mut queued = Vec::new();
    let wait = std::time::Duration::from_millis(300);
    while let Ok(Ok(stream)) = tokio::time::timeout(wait, TcpStream::connect(address)).await {
        queued.push(stream);
        assert!(queued.len() < 64, "a queue of length 0 is full at some time");
    }
    (listener, queued)
}

impl Connection {
    /// Reads an HTTP/1.1 request to its end; `None` where the client has gone. Its head comes as text.
    pub(crate) async fn request(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.io.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).expect("a head is text");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let mut body = vec![0; length.unwrap_or_default()];
        self.io.read_exact(&mut body).await.ok()?;
        Some(head)
    }

    /// Writes bytes; that the client has gone is not its affair.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.io.write_all(bytes.as_ref()).await;
        let _ = self.io.flush().await;
    }

    /// Keeps the connection and says nothing, until the client goes.
    pub(crate) async fn silence(&mut self) {
        let mut buffer = [0; 4096];
        while !matches!(self.io.read(&mut buffer).await, Ok(0) | Err(_)) {}
    }

    /// Becomes a server of HTTP/2 that takes so many streams at once.
    pub(crate) async fn http2(self, streams: u32) -> h2::server::Connection<Box<dyn Io>, bytes::Bytes> {
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(streams);
        builder.handshake(self.io).await.expect("a client that speaks HTTP/2")
    }
}
