//! What the fuzz target of streams runs: a server that sends any bytes after the handshake.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::channels::Protocol;
use super::exec::{Wanted, process};
use super::output;
use super::process::ExitStatus;

/// Runs a process whose server sends `data`, in pieces of at most `piece` bytes, and then closes.
///
/// Gives how many bytes of output came, and how the process ended where the server said it; nothing where the stream failed.
#[doc(hidden)]
pub fn run(data: &[u8], piece: usize, v5: bool) -> Option<(usize, ExitStatus)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    let io = Box::new(Said { data: Bytes::copy_from_slice(data), piece: piece.max(1) });
    let protocol = if v5 { Protocol::V5 } else { Protocol::V4 };
    runtime.block_on(async {
        let wanted = Wanted { stdin: false, stdout: true, stderr: true, size: None };
        let process = process(io, protocol, "fuzz".into(), wanted);
        let output = output::collect(process, None, usize::MAX).await.ok()?;
        Some((output.stdout.len() + output.stderr.len(), output.status))
    })
}

/// A connection on which everything that will be said has been said.
struct Said {
    data: Bytes,
    piece: usize,
}

impl AsyncRead for Said {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let length = self.piece.min(out.remaining()).min(self.data.len());
        out.put_slice(self.data.get(..length).unwrap_or_default());
        self.data.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Said {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
