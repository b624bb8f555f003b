//! Why a stream ended before it should have: said once, told to everyone who reads, writes or waits.

use std::io;
use std::sync::Arc;

use crate::Error;
use crate::error::{Kind, excerpt};

/// How much of a text from the other side is kept.
const SHOWN: usize = 1024;

/// Why a stream ended.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    cause: Cause,
    /// What was asked of which server.
    context: Arc<str>,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The connection broke, or was closed too early.
    Broken,
    /// Nothing comes any more, not even an answer to a ping.
    Silent,
    /// What came is not what the protocol allows.
    Protocol,
    /// More came at once than is taken.
    TooLarge,
    /// What the stream leads to said that it failed.
    Remote,
    /// The handle was dropped.
    Dropped,
}

impl Failure {
    pub(crate) fn new(cause: Cause, context: &Arc<str>, message: impl AsRef<str>) -> Arc<Failure> {
        let message = excerpt(message.as_ref().as_bytes(), SHOWN);
        Arc::new(Failure { cause, context: context.clone(), message })
    }

    pub(crate) fn cause(&self) -> Cause {
        self.cause
    }

    /// The error for a caller.
    pub(crate) fn to_error(&self) -> Error {
        let (kind, help) = match self.cause {
            Cause::Broken => (Kind::Transport, "what was running may have gone on, or not"),
            Cause::Silent => {
                (Kind::Transport, "the network or the server is gone; what was running may go on")
            }
            Cause::Protocol => (Kind::Decode, "is a proxy between, or does something else speak here?"),
            Cause::TooLarge => (Kind::TooLarge, "no server sends so much in one message"),
            Cause::Remote => (Kind::Remote, "the server was reached; what failed is behind it"),
            Cause::Dropped => (Kind::Request, "keep the handle for as long as its streams are used"),
        };
        Error::new(kind, &*self.context, &self.message).with_help(help)
    }

    /// The same for `AsyncRead` and `AsyncWrite`: an [`Error`] is inside.
    pub(crate) fn to_io(&self) -> io::Error {
        let kind = match self.cause {
            Cause::Broken => io::ErrorKind::ConnectionReset,
            Cause::Silent => io::ErrorKind::TimedOut,
            Cause::Protocol | Cause::TooLarge => io::ErrorKind::InvalidData,
            Cause::Remote => io::ErrorKind::ConnectionAborted,
            Cause::Dropped => io::ErrorKind::BrokenPipe,
        };
        io::Error::new(kind, self.to_error())
    }
}
