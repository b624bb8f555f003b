//! A local port that leads to the port of a pod: every connection to it gets a stream of its own.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::forward::{PortForwardRequest, Ready};
use super::process::Task;
use crate::Result;
use crate::error::{Error, Kind};

/// The most connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 512;
/// How many failures are kept for who asks late.
const MAX_FAILURES: usize = 64;
/// How long the pod may be silent after the local side has said its last word: the protocol cannot tell it so.
const QUIET: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(10) };
/// How long to wait when the system has no connections left.
const BREATH: Duration = Duration::from_millis(100);
const PIECE: usize = 32 << 10;

impl PortForwardRequest {
    /// Listens on a local address, as `127.0.0.1:0` or `localhost:8080`, and connects whoever comes to the port of the pod.
    ///
    /// Port 0 is one that is free. `localhost` is 127.0.0.1 and ::1, of which one is enough. It runs until it is dropped, and then
    /// all its connections are closed. A pod that goes away does not end it: connections fail
    /// ([`PortForwarder::next_failure`]) until there is a pod of that name again. A local program that has said its last word
    /// (closed its sending side) still gets what the pod sends, until that is silent for 10 seconds: the protocol cannot tell it.
    ///
    /// ```no_run
    /// # async fn run(pods: clientset_runtime::DynamicApi) -> clientset_runtime::Result<()> {
    /// let mut forwarder = pods.port_forward("web-0", "portforward", 8080).listen("localhost:0").await?;
    /// println!("http://{}", forwarder.local_addr());
    /// while let Some(failure) = forwarder.next_failure().await {
    ///     eprintln!("{failure}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, or a name cannot be sent. Nothing is sent to the server before somebody connects.
    pub async fn listen(self, address: impl AsRef<str>) -> Result<PortForwarder> {
        let address = address.as_ref();
        let ready = self.ready()?;
        let listeners = bind(address).await.map_err(|error| {
            let message = format!("{address:?} cannot be listened on: {error}");
            Error::new(Kind::Request, ready.context(), message).with_help("is another program there already?")
        })?;
        let mut addresses = Vec::new();
        for listener in &listeners {
            addresses.extend(listener.local_addr());
        }
        let Some(&local) = addresses.first() else {
            return Err(Error::new(Kind::Request, ready.context(), format!("{address:?} has no address")));
        };
        let (failing, failures) = mpsc::channel(MAX_FAILURES);
        let task = Task::spawn(accept(listeners, Arc::new(ready), failing));
        Ok(PortForwarder { local, addresses, failures, _task: task })
    }
}

/// The listeners of an address.
async fn bind(address: &str) -> io::Result<Vec<TcpListener>> {
    let Some(port) = address.strip_prefix("localhost:") else {
        return Ok(vec![TcpListener::bind(address).await?]);
    };
    let port: u16 = port.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "no port"))?;
    let four = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), port)).await;
    let port = match &four {
        Ok(listener) => listener.local_addr()?.port(),
        Err(_) => port,
    };
    let six = TcpListener::bind((IpAddr::V6(Ipv6Addr::LOCALHOST), port)).await;
    match (four, six) {
        (Err(error), Err(_)) => Err(error),
        (four, six) => Ok([four, six].into_iter().flatten().collect()),
    }
}

/// A local port that leads to the port of a pod. Dropping it closes the port and all its connections.
pub struct PortForwarder {
    local: SocketAddr,
    addresses: Vec<SocketAddr>,
    failures: mpsc::Receiver<PortForwardFailure>,
    _task: Task<()>,
}

impl PortForwarder {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Where it listens: two addresses for `localhost`.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The next connection that failed. Of those that nobody asks for, the first 64 are kept.
    pub async fn next_failure(&mut self) -> Option<PortForwardFailure> {
        self.failures.recv().await
    }
}

impl fmt::Debug for PortForwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortForwarder").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// A connection to a local port that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct PortForwardFailure {
    /// Who had connected; nobody where accepting itself failed.
    pub peer: Option<SocketAddr>,
    /// Why: `is_not_found` where the pod is gone, `is_remote` where nothing listens there, `is_transport` where the
    /// connection broke.
    pub error: Error,
}

impl fmt::Display for PortForwardFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.peer {
            Some(peer) => write!(f, "the connection of {peer} failed: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

/// Takes connections for as long as it is polled.
async fn accept(listeners: Vec<TcpListener>, ready: Arc<Ready>, failing: mpsc::Sender<PortForwardFailure>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = std::future::poll_fn(|cx| {
            while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
            if connections.len() >= MAX_CONNECTIONS {
                return Poll::Pending;
            }
            let mut all = listeners.iter().map(|listener| listener.poll_accept(cx));
            all.find(Poll::is_ready).unwrap_or(Poll::Pending)
        })
        .await;
        match accepted {
            Ok((local, peer)) => {
                let (ready, failing) = (ready.clone(), failing.clone());
                connections.spawn(async move {
                    if let Err(error) = carry(local, &ready).await {
                        let _ = failing.try_send(PortForwardFailure { peer: Some(peer), error });
                    }
                });
            }
            Err(error) => {
                let message = format!("no connection can be accepted: {error}");
                let error = Error::new(Kind::Request, ready.context(), message);
                let _ = failing.try_send(PortForwardFailure { peer: None, error });
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// Carries one connection to its end.
async fn carry(local: TcpStream, ready: &Ready) -> Result<()> {
    let _ = local.set_nodelay(true);
    let remote = ready.connect().await?;
    let (mut remote_in, mut remote_out) = tokio::io::split(remote);
    let (mut local_in, mut local_out) = local.into_split();
    let silent = AtomicBool::new(false);
    let up = async {
        // What goes wrong while writing is told by the side that reads.
        if send(&mut local_in, &mut remote_out).await.is_err() {
            std::future::pending::<()>().await;
        }
        silent.store(true, Ordering::Relaxed);
        std::future::pending::<()>().await;
    };
    let down = receive(&mut remote_in, &mut local_out, &silent);
    futures_util::pin_mut!(up, down);
    let received = match futures_util::future::select(down, up).await {
        futures_util::future::Either::Left((received, _)) => received,
        futures_util::future::Either::Right(((), _)) => Ok(()),
    };
    received.map_err(|error| match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(Kind::Transport, ready.context(), format!("the connection broke: {error}")),
    })
}

/// Sends until the local side ends.
async fn send(
    local: &mut (impl AsyncRead + Unpin),
    remote: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let length = local.read(&mut buffer).await.unwrap_or(0);
        if length == 0 {
            return remote.flush().await;
        }
        remote.write_all(buffer.get(..length).unwrap_or_default()).await?;
    }
}

/// Receives until the remote side ends, or is silent for long after the local side ended.
async fn receive(
    remote: &mut (impl AsyncRead + Unpin),
    local: &mut (impl AsyncWrite + Unpin),
    silent: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        let before = silent.load(Ordering::Relaxed);
        let length = match tokio::time::timeout(QUIET, remote.read(&mut buffer)).await {
            Ok(read) => read?,
            Err(_) if before => return Ok(()),
            Err(_) => continue,
        };
        // Who does not listen any more is no failure.
        if length == 0 || local.write_all(buffer.get(..length).unwrap_or_default()).await.is_err() {
            let _ = local.shutdown().await;
            return Ok(());
        }
    }
}
