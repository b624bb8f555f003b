//! The task behind a stream: one WebSocket, what goes in, and what comes out by channel.
//!
//! It reads and writes at the same time, so that neither waits for the other; it stops reading where a reader is slow, and
//! goes on pinging. It does not know what is streamed: [`Purpose`] says when all is well.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep};

use super::alive::Alive;
use super::channels::{self, Incoming, Protocol};
use super::failure::{Cause, Failure};
use super::frames::{Bad, Message};
use super::pipe::{PipeReader, PipeWriter};
use super::socket::{Broken, Socket};

/// How much input goes into one message.
const PIECE: usize = 32 << 10;
/// How long the server may keep the connection open in silence after it said how the stream ended.
const LINGER: Duration = Duration::from_secs(10);
/// How many messages are handled before others may run.
const BUDGET: usize = 64;
/// The most that a server may say on how a stream ended.
const MAX_VERDICT: usize = 1 << 20;

/// What the stream is for: which channels there are, and when it ended well.
pub(super) trait Purpose: Send + Unpin + 'static {
    /// The channel on which the server says how it ended.
    const VERDICT: u8;

    /// Whether messages of this channel may come.
    fn knows(&self, channel: u8) -> bool;

    /// What of a message is for the reader.
    ///
    /// # Errors
    ///
    /// When it cannot be a message of this channel.
    fn strip(&mut self, _channel: u8, bytes: Bytes) -> Result<Bytes, &'static str> {
        Ok(bytes)
    }

    /// Whether the server has said all there is to say.
    fn is_complete(&self, verdict: &[u8]) -> bool;

    /// Whether the stream ended well, now that the connection was closed.
    ///
    /// # Errors
    ///
    /// Why not.
    fn judge(&self, verdict: &[u8]) -> Result<(), (Cause, String)>;
}

/// A size for the terminal that waits to be sent: the last one counts.
#[derive(Clone, Default)]
pub(super) struct Size(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    size: Option<(u16, u16)>,
    waker: Option<Waker>,
}

impl Size {
    pub(super) fn set(&self, width: u16, height: u16) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.size = Some((width, height));
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    fn take(&self, cx: &Context<'_>) -> Option<(u16, u16)> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.waker = Some(cx.waker().clone());
        state.size.take()
    }
}

/// What a task is made of.
pub(super) struct Session<P> {
    pub(super) socket: Socket,
    pub(super) protocol: Protocol,
    pub(super) purpose: P,
    pub(super) context: Arc<str>,
    /// What goes to channel 0.
    pub(super) input: Option<PipeReader>,
    /// Who reads which channel; a channel that nobody reads is thrown away.
    pub(super) outputs: Vec<(u8, PipeWriter)>,
    pub(super) size: Size,
}

/// How a stream ended, and what the server said of it.
pub(super) struct Ended {
    pub(super) verdict: Vec<u8>,
    pub(super) end: Result<(), Arc<Failure>>,
}

impl<P: Purpose> Session<P> {
    /// Runs until the connection ends. Dropping the future closes it.
    // Not `async fn`: what is dropped before it ran must fail as what is dropped later does.
    pub(super) fn run(self) -> impl Future<Output = Ended> + Send {
        let now = Instant::now();
        let mut running = Running {
            session: self,
            alive: Alive::new(now),
            timer: Box::pin(tokio::time::sleep_until(now)),
            queue: VecDeque::new(),
            unflushed: false,
            held: None,
            verdict: Vec::new(),
            lingering: None,
        };
        async move {
            let end = std::future::poll_fn(|cx| running.poll(cx)).await;
            running.conclude(end)
        }
    }

    fn fail(&self, cause: Cause, message: impl AsRef<str>) -> Arc<Failure> {
        Failure::new(cause, &self.context, message)
    }
}

struct Running<P: Purpose> {
    session: Session<P>,
    alive: Alive,
    timer: Pin<Box<Sleep>>,
    /// Messages that go before all input.
    queue: VecDeque<Message>,
    unflushed: bool,
    /// Bytes of a channel whose reader has no room for them: nothing is read until it has.
    held: Option<(u8, Bytes)>,
    verdict: Vec<u8>,
    /// Until when the connection may stay open in silence, once the server said how it ended.
    lingering: Option<Instant>,
}

impl<P: Purpose> Running<P> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Arc<Failure>>> {
        for _ in 0..BUDGET {
            let ticked = self.poll_timer(cx)?;
            let wrote = self.poll_out(cx);
            match self.poll_in(cx) {
                Poll::Ready(Ok(true)) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
                Poll::Ready(Ok(false)) => {}
                Poll::Pending if ticked || wrote => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Pings, and gives up on who does not answer. Whether there is something new to send.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Result<bool, Arc<Failure>> {
        let mut ticked = false;
        loop {
            let wake = self.lingering.map_or(self.alive.wake(), |until| until.min(self.alive.wake()));
            if self.timer.deadline() != wake {
                self.timer.as_mut().reset(wake);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(ticked);
            }
            let now = Instant::now();
            if self.lingering.is_some_and(|until| until <= now) && self.held.is_none() {
                let message = "the server said how it ended, and did not close the connection";
                return Err(self.session.fail(Cause::Silent, message));
            }
            if let Some(until) = &mut self.lingering
                && *until <= now
            {
                *until = now + LINGER;
            }
            match self.alive.tick(now, self.held.is_some()) {
                Ok(None) => {}
                Ok(Some(number)) => {
                    self.queue.push_back(Message::Ping(Bytes::copy_from_slice(&number.to_be_bytes())));
                    ticked = true;
                }
                Err(limit) => {
                    let message = format!("nothing came for {limit:?}, not even the answer to a ping");
                    return Err(self.session.fail(Cause::Silent, message));
                }
            }
        }
    }

    /// Sends what there is to send, as far as it goes. Whether it went any further.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> bool {
        let mut went = false;
        while self.session.socket.has_room() {
            let Some(message) = self.next_message(cx) else { break };
            self.session.socket.send(&message);
            self.unflushed = true;
            went = true;
        }
        if self.unflushed && self.session.socket.poll_flush(cx).is_ready() {
            self.unflushed = false;
            went = true;
            if let Some(input) = &self.session.input {
                input.sent();
            }
        }
        if let Some(why) = self.session.socket.write_failed().map(str::to_owned)
            && let Some(input) = self.session.input.take()
        {
            input.refuse(self.session.fail(Cause::Broken, format!("nothing more can be sent: {why}")));
        }
        went
    }

    fn next_message(&mut self, cx: &mut Context<'_>) -> Option<Message> {
        if let Some(message) = self.queue.pop_front() {
            return Some(message);
        }
        if let Some((width, height)) = self.session.size.take(cx) {
            return Some(Message::Binary(channels::resize(width, height)));
        }
        match self.session.input.as_ref()?.poll_take(cx, PIECE) {
            Poll::Pending => None,
            Poll::Ready(Some(bytes)) => {
                self.alive.sent(bytes.len());
                Some(Message::Binary(channels::data(channels::STDIN, &bytes)))
            }
            Poll::Ready(None) => {
                self.session.input = None;
                channels::close(self.session.protocol, channels::STDIN).map(Message::Binary)
            }
        }
    }

    /// Reads one message and hands it on. Whether it was the last.
    fn poll_in(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Arc<Failure>>> {
        while let Some((channel, bytes)) = &mut self.held {
            let output = self.session.outputs.iter().position(|(number, _)| number == channel);
            let Some((_, writer)) = output.and_then(|at| self.session.outputs.get(at)) else {
                self.held = None;
                break;
            };
            match ready!(writer.poll_write(cx, bytes)) {
                Ok(length) => drop(bytes.split_to(length.min(bytes.len()))),
                Err(_) => {
                    // Nobody reads it: what comes of it is thrown away.
                    let channel = *channel;
                    self.session.outputs.retain(|(number, _)| *number != channel);
                    self.held = None;
                    break;
                }
            }
            if bytes.is_empty() {
                self.held = None;
            }
        }
        let message = match ready!(self.session.socket.poll_message(cx)) {
            Ok(message) => message,
            Err(broken) => return Poll::Ready(self.broken(&broken)),
        };
        self.alive.heard();
        if let Some(until) = &mut self.lingering {
            *until = Instant::now() + LINGER;
        }
        let refused = match message {
            Message::Binary(bytes) => self.binary(bytes).err(),
            Message::Pong(payload) => {
                self.alive.pong(&payload);
                None
            }
            Message::Ping(payload) => {
                // One answer is enough for all that came while nothing could be sent.
                self.queue.retain(|waiting| !matches!(waiting, Message::Pong(_)));
                self.queue.push_back(Message::Pong(payload));
                (!self.alive.pinged()).then_some("a flood of pings")
            }
            Message::Text => Some("text, where all messages are binary"),
            Message::Close => return Poll::Ready(Ok(true)),
        };
        match refused {
            None => Poll::Ready(Ok(false)),
            Some(why) => {
                Poll::Ready(Err(self.session.fail(Cause::Protocol, format!("the server sent {why}"))))
            }
        }
    }

    fn binary(&mut self, message: Bytes) -> Result<(), &'static str> {
        let session = &mut self.session;
        match channels::read(session.protocol, message)? {
            Incoming::Closed(channel) if channel == P::VERDICT => Ok(()),
            Incoming::Closed(channel) => {
                if !session.purpose.knows(channel) {
                    return Err("the end of a channel that there is not");
                }
                session.outputs.retain(|(number, _)| *number != channel);
                Ok(())
            }
            Incoming::Data(channel, bytes) if channel == P::VERDICT => {
                let bytes = session.purpose.strip(channel, bytes)?;
                if self.verdict.len() + bytes.len() > MAX_VERDICT {
                    return Err("more than there can be to say on how it ended");
                }
                self.verdict.extend_from_slice(&bytes);
                if self.lingering.is_none() && session.purpose.is_complete(&self.verdict) {
                    self.lingering = Some(Instant::now() + LINGER);
                }
                Ok(())
            }
            Incoming::Data(channel, bytes) => {
                if !session.purpose.knows(channel) {
                    return Err("a message of a channel that there is not");
                }
                let bytes = session.purpose.strip(channel, bytes)?;
                if !bytes.is_empty() {
                    self.held = Some((channel, bytes));
                }
                Ok(())
            }
        }
    }

    /// What it means that nothing more comes.
    fn broken(&self, broken: &Broken) -> Result<bool, Arc<Failure>> {
        let session = &self.session;
        match broken {
            // A connection that simply ends or is cut off, after all was said, ended well.
            Broken::Closed | Broken::Io(_) if self.lingering.is_some() => Ok(true),
            Broken::Closed => {
                Err(session.fail(Cause::Broken, "the connection was closed in the middle of the stream"))
            }
            Broken::Io(error) => Err(session.fail(Cause::Broken, format!("the connection broke: {error}"))),
            Broken::Bad(Bad::TooLarge) => {
                Err(session.fail(Cause::TooLarge, "the server sent too much in one message"))
            }
            Broken::Bad(Bad::Protocol(what)) => {
                Err(session.fail(Cause::Protocol, format!("the server sent {what}")))
            }
        }
    }

    /// Tells everybody how it ended.
    fn conclude(mut self, end: Result<(), Arc<Failure>>) -> Ended {
        let end = match end {
            // Who hangs up without a word after the verdict has said all.
            Err(failure) if self.lingering.is_some() && failure.cause() == Cause::Silent => Ok(()),
            end => end,
        };
        let session = &mut self.session;
        let end = end.and_then(|()| {
            session
                .purpose
                .judge(&self.verdict)
                .map_err(|(cause, message)| Failure::new(cause, &session.context, message))
        });
        let outputs = std::mem::take(&mut session.outputs);
        for (_, writer) in &outputs {
            match &end {
                Ok(()) => writer.finish(),
                Err(failure) => writer.fail(failure.clone()),
            }
        }
        if let Some(input) = session.input.take() {
            input.refuse(match &end {
                Ok(()) => session.fail(Cause::Broken, "it has ended, and takes no more input"),
                Err(failure) => failure.clone(),
            });
        }
        Ended { verdict: std::mem::take(&mut self.verdict), end }
    }
}

impl<P: Purpose> Drop for Running<P> {
    fn drop(&mut self) {
        let session = &self.session;
        if session.outputs.is_empty() && session.input.is_none() {
            return;
        }
        let failure = session.fail(Cause::Dropped, "the handle of the stream was dropped");
        for (_, writer) in &session.outputs {
            writer.fail(failure.clone());
        }
        if let Some(input) = &session.input {
            input.refuse(failure);
        }
    }
}
