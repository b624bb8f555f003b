//! A WebSocket over an upgraded connection: messages that can be read and written at the same time.
//!
//! A broken writing side does not hide what is still to be read: a server that is done closes its end while input may still be on its
//! way to it, and the output and the exit status are yet to be read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{self, Bad, Message, Reader};
use crate::transport::Duplex;

/// How much is read at once.
const READ: usize = 32 << 10;
/// How much may wait to be written.
const WAITING: usize = 64 << 10;

pub(super) struct Socket {
    io: Box<dyn Duplex>,
    reader: Reader,
    out: BytesMut,
    random: SystemRandom,
    /// Why nothing can be written any more.
    write_failed: Option<String>,
}

/// Why nothing more comes.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection was closed.
    Closed,
    Io(io::Error),
    Bad(Bad),
}

impl Socket {
    pub(super) fn new(io: Box<dyn Duplex>) -> Socket {
        Socket {
            io,
            reader: Reader::default(),
            out: BytesMut::new(),
            random: SystemRandom::new(),
            write_failed: None,
        }
    }

    /// Why nothing can be written any more, if so.
    pub(super) fn write_failed(&self) -> Option<&str> {
        self.write_failed.as_deref()
    }

    /// The next message.
    pub(super) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Broken>> {
        loop {
            if let Some(message) = self.reader.message().map_err(Broken::Bad)? {
                return Poll::Ready(Ok(message));
            }
            let mut piece = [0; READ];
            let mut piece = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut piece)).map_err(Broken::Io)?;
            if piece.filled().is_empty() {
                return Poll::Ready(Err(Broken::Closed));
            }
            self.reader.buffer.extend_from_slice(piece.filled());
        }
    }

    /// Whether there is room for another message.
    pub(super) fn has_room(&self) -> bool {
        self.out.len() < WAITING && self.write_failed.is_none()
    }

    /// Takes a message that [`Socket::poll_flush`] writes.
    pub(super) fn send(&mut self, message: &Message) {
        let mut mask = [0; 4];
        if self.random.fill(&mut mask).is_err() {
            self.fail(&io::Error::other("the system gives no random bytes"));
            return;
        }
        frames::write(message, mask, &mut self.out);
    }

    /// Writes what there is, as far as it goes; ready once all of it is written.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.write_failed.is_none() && !self.out.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.out)) {
                Ok(0) => self.fail(&io::ErrorKind::WriteZero.into()),
                Ok(length) => self.out.advance(length),
                Err(error) => self.fail(&error),
            }
        }
        if self.write_failed.is_none()
            && let Err(error) = ready!(Pin::new(&mut self.io).poll_flush(cx))
        {
            self.fail(&error);
        }
        Poll::Ready(())
    }

    fn fail(&mut self, error: &io::Error) {
        self.write_failed = Some(error.to_string());
        self.out = BytesMut::new();
    }
}
