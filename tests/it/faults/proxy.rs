//! A TCP proxy in the test's process that does to connections what bad networks do, one by one or all of them, while they live.
//!
//! It carries bytes and knows no protocol: what a server may say wrongly is in `raw`, and what the API server does is a fault of
//! the embedded server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to the bytes of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Network {
    /// They arrive.
    Pass,
    /// Nothing arrives in either direction, and nobody is told: no FIN, no RST. What was sent meanwhile arrives when it is over.
    Blackhole,
    /// Each piece arrives so much later.
    Delay(Duration),
    /// They arrive in pieces of so many bytes.
    Pieces(usize),
    /// The client gets FIN, and its own bytes still arrive: the server has closed its half.
    HalfClose,
    /// Both sides get FIN.
    Close,
    /// Both sides get RST.
    Reset,
    /// After so many more bytes for the client, counted from when this was set, the connection ends like this.
    CutAfter(u64, End),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// In order, by FIN.
    Close,
    /// By RST.
    Reset,
    /// It does not: nothing arrives any more.
    Blackhole,
}

/// The proxy. Dropped, it and its connections are gone.
pub(crate) struct ChaosProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    connections: Mutex<Connections>,
    /// How many were taken in so far.
    opened: AtomicUsize,
}

struct Connections {
    /// What happens to those that come.
    next: Network,
    /// One for each that ever came, in the order of coming.
    all: Vec<watch::Sender<Network>>,
}

impl ChaosProxy {
    /// A proxy in front of `target`.
    pub(crate) async fn to(target: SocketAddr) -> ChaosProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port of loopback");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            connections: Mutex::new(Connections { next: Network::Pass, all: Vec::new() }),
            opened: AtomicUsize::new(0),
        });
        let task = tokio::spawn(accept(listener, target, shared.clone()));
        ChaosProxy { address, shared, task }
    }

    /// In front of the server of this URL.
    pub(crate) async fn to_url(url: &str) -> ChaosProxy {
        let address = url.split("://").last().expect("a last part").trim_end_matches('/');
        ChaosProxy::to(address.parse().expect("an address and a port")).await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on all connections, those that are there and those that come.
    pub(crate) fn all(&self, network: Network) {
        let mut connections = self.shared.lock();
        connections.next = network;
        for connection in &connections.all {
            connection.send_replace(network);
        }
    }

    /// Those that come from now on; those that are there stay as they are.
    pub(crate) fn coming(&self, network: Network) {
        self.shared.lock().next = network;
    }

    /// Those that are there; those that come are not meant.
    pub(crate) fn present(&self, network: Network) {
        for connection in &self.shared.lock().all {
            connection.send_replace(network);
        }
    }

    /// How many connections have come so far.
    pub(crate) fn opened(&self) -> usize {
        self.shared.opened.load(Ordering::Relaxed)
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        // The connections are tasks of this task and end with it.
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, shared: Arc<Shared>) {
    let mut tasks = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while tasks.try_join_next().is_some() {}
        let network = {
            let mut connections = shared.lock();
            let (sender, receiver) = watch::channel(connections.next);
            connections.all.push(sender);
            receiver
        };
        shared.opened.fetch_add(1, Ordering::Relaxed);
        tasks.spawn(carry(client, target, network));
    }
}

async fn carry(mut client: TcpStream, target: SocketAddr, mut network: watch::Receiver<Network>) {
    let end = match *network.borrow_and_update() {
        Network::Reset => Err(Ended::Reset),
        Network::Close => Err(Ended::Close),
        _ => Ok(()),
    };
    let mut server = None;
    let end = match end {
        Err(end) => end,
        Ok(()) => match TcpStream::connect(target).await {
            // Nobody is there: the client hears of it as it would without a proxy, only later.
            Err(_) => Ended::Reset,
            Ok(stream) => {
                let server = server.insert(stream);
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (from_client, to_client) = client.split();
                let (from_server, to_server) = server.split();
                let up = pump(from_client, to_server, network.clone(), false);
                let down = pump(from_server, to_client, network, true);
                futures_util::future::try_join(up, down).await.err().unwrap_or(Ended::Close)
            }
        },
    };
    if let Ended::Reset = end {
        let _ = client.set_zero_linger();
        if let Some(server) = server {
            let _ = server.set_zero_linger();
        }
    }
}

enum Ended {
    Close,
    Reset,
}

/// Carries one direction until its sender has ended it. An error ends both directions.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut network: watch::Receiver<Network>,
    to_client: bool,
) -> Result<(), Ended> {
    let mut buffer = vec![0; 64 * 1024];
    let (mut before, mut carried) = (None, 0);
    loop {
        let now = *network.borrow_and_update();
        if before.replace(now) != Some(now) {
            carried = 0;
        }
        let mut limit = buffer.len();
        match now {
            Network::Pass | Network::Delay(_) | Network::Pieces(_) => {}
            Network::Reset => return Err(Ended::Reset),
            Network::Close => return Err(Ended::Close),
            Network::HalfClose if to_client => {
                let _ = to.shutdown().await;
                changed(&mut network).await;
                continue;
            }
            Network::HalfClose => {}
            Network::CutAfter(bytes, end) if to_client => {
                let left = bytes.saturating_sub(carried);
                match end {
                    _ if left > 0 => limit = limit.min(usize::try_from(left).unwrap_or(limit)),
                    End::Close => return Err(Ended::Close),
                    End::Reset => return Err(Ended::Reset),
                    End::Blackhole => {
                        changed(&mut network).await;
                        continue;
                    }
                }
            }
            Network::CutAfter(..) => {}
            Network::Blackhole => {
                changed(&mut network).await;
                continue;
            }
        }
        let read = tokio::select! {
            biased;
            () = changed(&mut network) => continue,
            read = from.read(&mut buffer[..limit]) => read,
        };
        let bytes = match read {
            Ok(0) => {
                let _ = to.shutdown().await;
                return Ok(());
            }
            Ok(read) => &buffer[..read],
            Err(_) => return Err(Ended::Reset),
        };
        carried += bytes.len() as u64;
        let sent = match now {
            Network::Delay(time) => {
                tokio::time::sleep(time).await;
                to.write_all(bytes).await
            }
            Network::Pieces(size) => in_pieces(&mut to, bytes, size.max(1)).await,
            _ => to.write_all(bytes).await,
        };
        if sent.is_err() {
            return Err(Ended::Reset);
        }
    }
}

async fn in_pieces(to: &mut WriteHalf<'_>, bytes: &[u8], size: usize) -> std::io::Result<()> {
    for piece in bytes.chunks(size) {
        to.write_all(piece).await?;
        // The other end gets a turn, so that it reads what is there.
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Waits for something else to be said of the connection; for ever where nobody can say it any more.
async fn changed(network: &mut watch::Receiver<Network>) {
    if network.changed().await.is_err() {
        std::future::pending().await
    }
}
