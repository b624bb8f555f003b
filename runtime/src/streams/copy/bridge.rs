//! A bounded pipe between a stream and a thread that blocks. An end that nobody said is a failure, never the end of a file.

use std::io::{self, Read, Write};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc;

/// How many pieces are under way.
const PIECES: usize = 8;
const PIECE: usize = 64 << 10;

/// A pipe of pieces, of which an empty one is the end.
pub(super) fn bridge() -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(PIECES);
    (Sender { sender, held: Vec::new() }, Receiver { receiver, piece: Bytes::new(), ended: false })
}

pub(super) struct Sender {
    sender: mpsc::Sender<Bytes>,
    /// What was written in small pieces.
    held: Vec<u8>,
}

impl Sender {
    /// Sends a piece; false where nobody takes it any more.
    pub(super) async fn send(&self, bytes: &[u8]) -> bool {
        bytes.is_empty() || self.sender.send(Bytes::copy_from_slice(bytes)).await.is_ok()
    }

    /// Nothing follows, and that is all.
    pub(super) async fn finish(&self) {
        let _ = self.sender.send(Bytes::new()).await;
    }

    /// The same from a thread that may block.
    pub(super) fn finish_blocking(mut self) -> io::Result<()> {
        self.flush()?;
        self.sender.blocking_send(Bytes::new()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.held));
        self.sender.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

pub(super) struct Receiver {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
    ended: bool,
}

impl Receiver {
    /// The next piece: an empty one at the end, and none where it broke off.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        self.receiver.recv().await
    }
}

impl Read for Receiver {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(piece) if piece.is_empty() => self.ended = true,
                Some(piece) => self.piece = piece,
                None => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive broke off")),
            }
        }
        let length = self.piece.len().min(out.len());
        if let (Some(from), Some(to)) = (self.piece.get(..length), out.get_mut(..length)) {
            to.copy_from_slice(from);
        }
        self.piece.advance(length);
        Ok(length)
    }
}
