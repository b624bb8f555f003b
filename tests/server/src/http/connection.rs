//! One connection: what lies between the socket and the requests on it.
//!
//! The place for TLS and for what is known of the peer. Requests and answers are handled elsewhere.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::exchange;
use super::frames::Frames;
use super::wire::{End, Socket, Wire};
use crate::security::{self, Fingerprint};
use crate::server::Shared;

/// What a connection knows of who is at its other end.
#[derive(Debug, Default)]
pub(crate) struct Peer {
    /// Of the certificate that it has shown.
    pub(crate) certificate: Option<Fingerprint>,
}

/// Serves an accepted socket to its end.
pub(super) async fn open(stream: TcpStream, shared: Arc<Shared>) {
    let wire = Wire::new();
    let socket = Socket::new(stream, wire.clone());
    let Some(acceptor) = shared.security.certificates.acceptor() else {
        return speak(socket, Arc::new(Peer::default()), wire, shared).await;
    };
    // A failed handshake ends here too.
    if let Ok((stream, certificate)) = security::accept(acceptor, socket).await {
        speak(stream, Arc::new(Peer { certificate }), wire, shared).await;
    }
}

/// Speaks HTTP until either side is done. Broken connections end here; there is nobody to tell.
async fn speak<S>(stream: S, peer: Arc<Peer>, wire: Arc<Wire>, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let io = TokioIo::new(Frames::new(stream, wire.clone()));
    let line = wire.clone();
    let service = service_fn(move |request| {
        let (shared, peer, wire) = (shared.clone(), peer.clone(), line.clone());
        async move { exchange::run(request, &peer, &wire, &shared).await }
    });
    let builder = auto::Builder::new(Tasks::default());
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut known = None;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            end = wire.asked(known) => {
                known = Some(end);
                match end {
                    // Dropped: the socket knows how to close.
                    End::Reset | End::Close => return,
                    End::Graceful => connection.as_mut().graceful_shutdown(),
                    // `Frames` sees to it when the connection is polled next.
                    End::Disowned => {}
                }
            }
        }
    }
}

/// Runs the streams of an HTTP/2 connection as tasks that end with the connection.
///
/// hyper's own executor lets them go: a server that is dropped would leave its delayed answers behind.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}
