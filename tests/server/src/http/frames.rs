//! HTTP/2 frames as they pass, for the one fault that hyper cannot make: a GOAWAY that disowns requests under way.
//!
//! Only lengths, types and stream numbers are looked at. HTTP/1.1 passes untouched.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::{End, Wire};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;

/// Where in a stream of frames a direction stands.
#[derive(Debug, Default)]
struct Position {
    /// The frame header as far as it was seen.
    head: Vec<u8>,
    /// What is left of the frame's payload.
    payload: u64,
    newest_stream: u32,
}

impl Position {
    fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skip = usize::try_from(self.payload).unwrap_or(usize::MAX).min(bytes.len());
                self.payload -= skip as u64;
                bytes = bytes.get(skip..).unwrap_or_default();
                continue;
            }
            let (taken, rest) = bytes.split_at(bytes.len().min(9 - self.head.len()));
            self.head.extend_from_slice(taken);
            bytes = rest;
            if let &[a, b, c, kind, _, w, x, y, z] = self.head.as_slice() {
                self.payload = u64::from(u32::from_be_bytes([0, a, b, c]));
                let stream = u32::from_be_bytes([w, x, y, z]) & 0x7fff_ffff;
                if kind == HEADERS {
                    self.newest_stream = self.newest_stream.max(stream);
                }
                self.head.clear();
            }
        }
    }

    fn is_between_frames(&self) -> bool {
        self.payload == 0 && self.head.is_empty()
    }
}

/// A connection whose frames are counted.
#[derive(Debug)]
pub(super) struct Frames<S> {
    inner: S,
    wire: Arc<Wire>,
    /// How much of the preface was seen; `None` when it is not HTTP/2.
    preface: Option<usize>,
    read: Position,
    written: Position,
    /// The GOAWAY that is under way.
    goaway: Option<Vec<u8>>,
}

impl<S> Frames<S> {
    pub(super) fn new(inner: S, wire: Arc<Wire>) -> Frames<S> {
        Frames {
            inner,
            wire,
            preface: Some(0),
            read: Position::default(),
            written: Position::default(),
            goaway: None,
        }
    }

    fn saw(&mut self, bytes: &[u8]) {
        let Some(seen) = self.preface else { return };
        let wanted = PREFACE.get(seen..).unwrap_or_default();
        let (start, rest) = bytes.split_at(bytes.len().min(wanted.len()));
        if !wanted.starts_with(start) {
            self.preface = None;
            return;
        }
        self.preface = Some(seen + start.len());
        self.read.pass(rest);
    }

    fn is_http2(&self) -> bool {
        self.preface == Some(PREFACE.len())
    }
}

impl<S: AsyncWrite + Unpin> Frames<S> {
    /// Sends the GOAWAY that was asked for, as soon as a frame is at its end.
    fn poll_goaway(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.goaway.is_none() {
            if !self.wire.wants(End::Disowned) {
                return Poll::Ready(Ok(()));
            }
            if !self.is_http2() {
                // HTTP/1.1 has no such thing; the nearest is an end without an answer.
                self.wire.end(End::Close);
                return Poll::Ready(Ok(()));
            }
            if !self.written.is_between_frames() {
                return Poll::Ready(Ok(()));
            }
            let last = self.read.newest_stream.saturating_sub(2);
            let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0];
            frame.extend_from_slice(&last.to_be_bytes());
            frame.extend_from_slice(&[0, 0, 0, 0]);
            self.goaway = Some(frame);
        }
        while let Some(frame) = self.goaway.as_mut().filter(|it| !it.is_empty()) {
            let wrote = ready!(Pin::new(&mut self.inner).poll_write(context, frame))?;
            frame.drain(..wrote.min(frame.len()));
        }
        ready!(Pin::new(&mut self.inner).poll_flush(context))?;
        self.wire.end(End::Close);
        // Nothing more goes out.
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Frames<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A connection that waits only reads; this is where it hears of a GOAWAY.
        if let Poll::Ready(Err(error)) = self.poll_goaway(context) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        self.saw(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_goaway(context))?;
        let wrote = ready!(Pin::new(&mut self.inner).poll_write(context, bytes))?;
        if self.is_http2() {
            self.written.pass(bytes.get(..wrote).unwrap_or_default());
        }
        Poll::Ready(Ok(wrote))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_goaway(context))?;
        let wrote = ready!(Pin::new(&mut self.inner).poll_write_vectored(context, bytes))?;
        if self.is_http2() {
            let mut left = wrote;
            for slice in bytes {
                let part = slice.get(..left.min(slice.len())).unwrap_or_default();
                left -= part.len();
                self.written.pass(part);
            }
        }
        Poll::Ready(Ok(wrote))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let mut all = Vec::new();
        for (kind, stream, payload) in [(4, 0_u32, 6_u8), (HEADERS, 1, 20), (0, 1, 0), (HEADERS, 5, 3)] {
            all.extend_from_slice(&[0, 0, payload, kind, 0]);
            all.extend_from_slice(&stream.to_be_bytes());
            all.extend(std::iter::repeat_n(9, usize::from(payload)));
        }
        for size in 1..all.len() {
            let mut position = Position::default();
            for piece in all.chunks(size) {
                position.pass(piece);
            }
            assert!(position.is_between_frames(), "{size}");
            assert_eq!(position.newest_stream, 5, "{size}");
            position.pass(&[0, 0]);
            assert!(!position.is_between_frames());
        }
    }
}
