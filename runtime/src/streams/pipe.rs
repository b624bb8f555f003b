//! A bounded pipe of bytes between a task and the one who reads or writes: with an end that can be a failure, and a flush
//! that waits until what was written is on its way.
//!
//! It knows no protocol. `tokio::io::duplex` is the same without the failure and without the flush.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::ReadBuf;

use super::failure::Failure;

/// A pipe that holds at most this many bytes.
pub(super) fn pipe(capacity: usize) -> (PipeWriter, PipeReader) {
    let state = State {
        buffer: BytesMut::new(),
        capacity: capacity.max(1),
        taken: false,
        end: None,
        refusing: None,
        reader: None,
        writer: None,
    };
    let shared = Arc::new(Shared(Mutex::new(state)));
    (PipeWriter(shared.clone()), PipeReader(shared))
}

struct Shared(Mutex<State>);

struct State {
    buffer: BytesMut,
    capacity: usize,
    /// Whether bytes were taken that are not on their way yet.
    taken: bool,
    /// How the writer ended.
    end: Option<Result<(), Arc<Failure>>>,
    /// Why the reader takes no more: nothing to say when it was dropped.
    refusing: Option<Option<Arc<Failure>>>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, end: Result<(), Arc<Failure>>) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(end);
        }
        wake(&mut state.reader);
    }

    fn refuse(&self, why: Option<Arc<Failure>>) {
        let mut state = self.lock();
        if state.refusing.is_none() {
            state.refusing = Some(why);
        }
        state.buffer = BytesMut::new();
        state.taken = false;
        wake(&mut state.writer);
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// Why nothing more can be written.
#[derive(Debug)]
pub(super) struct Refused(Option<Arc<Failure>>);

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        match refused.0 {
            Some(failure) => failure.to_io(),
            None => io::ErrorKind::BrokenPipe.into(),
        }
    }
}

/// The end that is written to. Dropping it is a clean end, unless another one was said before.
pub(super) struct PipeWriter(Arc<Shared>);

impl PipeWriter {
    /// Writes a part of `data`, once there is room.
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize, Refused>> {
        let mut state = self.0.lock();
        if let Some(why) = &state.refusing {
            return Poll::Ready(Err(Refused(why.clone())));
        }
        if state.end.is_some() {
            return Poll::Ready(Err(Refused(None)));
        }
        let room = state.capacity.saturating_sub(state.buffer.len()).min(data.len());
        if room == 0 && !data.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.buffer.extend_from_slice(data.get(..room).unwrap_or_default());
        wake(&mut state.reader);
        Poll::Ready(Ok(room))
    }

    /// Waits until everything that was written is on its way.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        let mut state = self.0.lock();
        if let Some(why) = &state.refusing {
            return Poll::Ready(Err(Refused(why.clone())));
        }
        if state.buffer.is_empty() && !state.taken {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Nothing more comes, and that is all.
    pub(super) fn finish(&self) {
        self.0.end(Ok(()));
    }

    /// Nothing more comes, and something is missing.
    pub(super) fn fail(&self, failure: Arc<Failure>) {
        self.0.end(Err(failure));
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The end that is read from. Dropping it refuses whatever is written from then on.
pub(super) struct PipeReader(Arc<Shared>);

impl PipeReader {
    /// Reads what is there; nothing at the end.
    pub(super) fn poll_read(&self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if !state.buffer.is_empty() {
            let length = state.buffer.len().min(out.remaining());
            out.put_slice(state.buffer.get(..length).unwrap_or_default());
            state.buffer.advance(length);
            wake(&mut state.writer);
            return Poll::Ready(Ok(()));
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(Ok(())),
            Some(Err(failure)) => Poll::Ready(Err(failure.to_io())),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes what is there, at most `limit` bytes; `None` at the end. Until [`PipeReader::sent`] the writer's flush waits.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>, limit: usize) -> Poll<Option<Bytes>> {
        let mut state = self.0.lock();
        if !state.buffer.is_empty() {
            let length = state.buffer.len().min(limit);
            let taken = state.buffer.split_to(length).freeze();
            state.taken = true;
            wake(&mut state.writer);
            return Poll::Ready(Some(taken));
        }
        if state.end.is_some() {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// What was taken is on its way.
    pub(super) fn sent(&self) {
        let mut state = self.0.lock();
        state.taken = false;
        wake(&mut state.writer);
    }

    /// Refuses what is written from now on, and says why.
    pub(super) fn refuse(&self, failure: Arc<Failure>) {
        self.0.refuse(Some(failure));
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.refuse(None);
    }
}
