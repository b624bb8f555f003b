//! The port: accepts connections, each a task that ends with the listener, and can be closed for a while.
//!
//! What is spoken on a connection is not known here.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::connection;
use crate::server::Shared;

/// As many connections may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long nothing is accepted after that has failed.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy)]
enum Command {
    /// Ends all connections.
    Cut,
    /// Ends all connections and refuses new ones.
    Close,
    /// Accepts connections again.
    Open,
}

/// A command, and where to say that it is done.
type Asked = (Command, oneshot::Sender<io::Result<()>>);

/// The means to close and open the port of a server.
#[derive(Debug)]
pub(crate) struct Port {
    commands: mpsc::UnboundedSender<Asked>,
}

impl Port {
    pub(crate) async fn cut(&self) -> io::Result<()> {
        self.tell(Command::Cut).await
    }

    pub(crate) async fn close(&self) -> io::Result<()> {
        self.tell(Command::Close).await
    }

    pub(crate) async fn open(&self) -> io::Result<()> {
        self.tell(Command::Open).await
    }

    async fn tell(&self, command: Command) -> io::Result<()> {
        let (done, wait) = oneshot::channel();
        let gone = || io::Error::new(io::ErrorKind::NotConnected, "the test server has stopped");
        self.commands.send((command, done)).map_err(|_| gone())?;
        wait.await.map_err(|_| gone())?
    }
}

/// The port, in both of its states.
enum State {
    Open(TcpListener),
    /// Bound, so that nobody else gets the port, but not listening: connections are refused.
    Closed(TcpSocket),
}

/// Accepts connections until it is dropped; all of them end with it.
pub(crate) fn serve(listener: TcpListener, shared: Arc<Shared>) -> (Port, impl Future<Output = ()>) {
    let (commands, mut asked) = mpsc::unbounded_channel::<Asked>();
    let task = async move {
        let mut state = Some(State::Open(listener));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = accept(state.as_ref()) => {
                    // A connection that is gone before it is accepted is the client's affair.
                    let Ok(stream) = accepted else { continue };
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection::open(stream, shared.clone()));
                }
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                Some((command, done)) = asked.recv() => {
                    if !matches!(command, Command::Open) {
                        connections.shutdown().await;
                    }
                    // Who asked may have gone.
                    let _ = done.send(switch(&mut state, command, shared.address));
                }
            }
        }
    };
    (Port { commands }, task)
}

async fn accept(state: Option<&State>) -> io::Result<tokio::net::TcpStream> {
    match state {
        Some(State::Open(listener)) => match listener.accept().await {
            Ok((stream, _)) => Ok(stream),
            Err(error) => {
                // Where the process has no more file descriptors, the next call would fail at once, and the next.
                tokio::time::sleep(AFTER_FAILURE).await;
                Err(error)
            }
        },
        _ => std::future::pending().await,
    }
}

fn switch(state: &mut Option<State>, command: Command, address: SocketAddr) -> io::Result<()> {
    match (command, state.take()) {
        (Command::Close, Some(State::Open(listener))) => {
            drop(listener);
            let socket = bind(address)?;
            // Nobody else may have it meanwhile.
            socket.set_reuseaddr(false)?;
            *state = Some(State::Closed(socket));
        }
        (Command::Open, Some(State::Closed(socket))) => *state = Some(State::Open(listen(socket)?)),
        // A close or an open that failed before.
        (Command::Open, None) => *state = Some(State::Open(listen(bind(address)?)?)),
        (_, as_it_is) => *state = as_it_is,
    }
    Ok(())
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    share(&socket)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(socket: TcpSocket) -> io::Result<TcpListener> {
    share(&socket)?;
    socket.listen(BACKLOG)
}

/// The connections of before still linger on the port. On Windows they do not hinder, and this would mean something else.
fn share(socket: &TcpSocket) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { socket.set_reuseaddr(true) }
}
