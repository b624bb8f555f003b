//! What happens to a request that a fault hits: the words of the script, and what they add up to.
//!
//! Nothing is carried out here.

use std::time::Duration;

use bytes::Bytes;

use super::on::On;
use crate::http::End;

/// All that is to happen.
#[derive(Debug, Clone, Default)]
pub(super) struct Effects {
    pub(super) writes_only: bool,
    pub(super) delay: Option<Duration>,
    pub(super) hold: bool,
    /// The request is carried out even if its answer never leaves.
    pub(super) carried_out: bool,
    pub(super) cut: Option<Cut>,
    pub(super) code: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    pub(super) retry_after: Option<RetryAfter>,
    pub(super) answer: Option<Answer>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: BodyPlan,
    pub(super) events: EventPlan,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum RetryAfter {
    Seconds(u32),
    /// As a date, so far from now.
    Date(Duration),
}

/// What happens to the connection before the answer is complete.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cut {
    Before(End),
    InHead(End),
    Graceful,
    Stream(h2::Reason),
}

/// An answer other than the server's.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// The Status that goes with the code.
    Status,
    Expired,
    ExpiredEvent,
    TooManyRequests,
    DiskFull,
    Given {
        content_type: String,
        body: Bytes,
    },
}

/// How the body differs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BodyPlan {
    pub(super) bytes_per_second: Option<u64>,
    pub(super) piece: Option<usize>,
    pub(super) end: Option<(u64, BodyEnd)>,
    pub(super) length: Option<u64>,
}

impl BodyPlan {
    pub(super) fn changes_something(&self) -> bool {
        self.bytes_per_second.is_some() || self.piece.is_some() || self.end.is_some() || self.length.is_some()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum BodyEnd {
    Stall,
    Truncate,
    Reset,
}

/// How a watch differs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EventPlan {
    pub(super) drop_bookmarks: bool,
    pub(super) end: Option<(u64, EventEnd)>,
}

impl EventPlan {
    pub(super) fn changes_something(&self) -> bool {
        self.drop_bookmarks || self.end.is_some()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum EventEnd {
    Close,
    Expire,
    Stall,
}

/// Before the answer.
impl On {
    /// The answer comes so much later. The request waits unprocessed, unless [`after_processing`](On::after_processing) is said.
    pub fn delay(mut self, time: Duration) -> Self {
        self.effects.delay = Some(time);
        self
    }

    /// The answer waits for [`Fault::release`](crate::Fault::release).
    pub fn hold(mut self) -> Self {
        self.effects.hold = true;
        self
    }

    /// The request is carried out before anything else happens: an object is created, and then the connection is reset. Clients that
    /// try again have to stand the second answer.
    ///
    /// Without this, a request that is delayed waits outside, and one that is answered otherwise or not at all changes nothing.
    pub fn after_processing(mut self) -> Self {
        self.effects.carried_out = true;
        self
    }
}

/// Another answer.
impl On {
    /// This status code, with a Status object in the words that go with it.
    pub fn status(mut self, code: u16) -> Self {
        self.effects.code = Some(code);
        self.effects.answer.get_or_insert(Answer::Status);
        self
    }

    /// The `reason` of the Status object in place of the usual one.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.effects.reason = Some(reason.into());
        self
    }

    /// The `message` of the Status object in place of the usual one.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.effects.message = Some(message.into());
        self
    }

    /// `Retry-After: SECONDS`, and the same in the Status object's details.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.effects.retry_after = Some(RetryAfter::Seconds(seconds));
        self
    }

    /// `Retry-After` as a date, so far from now. Only proxies write it so.
    pub fn retry_after_date(mut self, from_now: Duration) -> Self {
        self.effects.retry_after = Some(RetryAfter::Date(from_now));
        self
    }

    /// This body in place of any other; 200 unless a [`status`](On::status) is given.
    pub fn body(mut self, content_type: impl Into<String>, body: impl Into<Bytes>) -> Self {
        self.effects.answer = Some(Answer::Given { content_type: content_type.into(), body: body.into() });
        self
    }

    /// 410 Gone, reason Expired, as a list or a watch gets it whose resourceVersion is compacted.
    pub fn expired(mut self) -> Self {
        self.effects.code = Some(410);
        self.effects.answer = Some(Answer::Expired);
        self
    }

    /// 200, and then 410 as the first event: the other form in which a watch hears of it.
    pub fn expired_event(mut self) -> Self {
        self.effects.code = Some(200);
        self.effects.answer = Some(Answer::ExpiredEvent);
        self
    }

    /// 429 as priority and fairness sends it: plain text, `Retry-After: 1` unless it is said otherwise, and its headers.
    pub fn too_many_requests(mut self) -> Self {
        self.effects.code = Some(429);
        self.effects.answer = Some(Answer::TooManyRequests);
        self.effects.retry_after.get_or_insert(RetryAfter::Seconds(1));
        self
    }

    /// 500 for everything that writes, as a server says it whose etcd has no space left. Reading goes on.
    pub fn disk_full(mut self) -> Self {
        self.effects.code = Some(500);
        self.effects.answer = Some(Answer::DiskFull);
        self.effects.writes_only = true;
        self
    }

    /// 504 in the plain words of a gateway that gave up.
    pub fn gateway_timeout(self) -> Self {
        self.status(504).body("text/plain", "upstream request timeout")
    }

    /// 502 with a page for browsers, as proxies send it.
    pub fn html(self) -> Self {
        let page = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n";
        self.status(502).body("text/html", page)
    }

    /// A header more on the answer, or another value for one that it has. Applies to the server's own answer too.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.effects.headers.push((name.into(), value.into()));
        self
    }

    /// Another `Content-Type` on an answer that stays as it is.
    pub fn content_type(self, value: impl Into<String>) -> Self {
        self.header("content-type", value)
    }

    /// A `Content-Length` that is not the body's. With a greater one the body ends too early, with a smaller one it is cut (HTTP/1.1)
    /// or the stream is broken (HTTP/2).
    pub fn content_length(mut self, bytes: u64) -> Self {
        self.effects.body.length = Some(bytes);
        self
    }
}

/// How the bytes come.
impl On {
    /// The body comes slowly.
    pub fn bytes_per_second(mut self, bytes: u64) -> Self {
        self.effects.body.bytes_per_second = Some(bytes.max(1));
        self
    }

    /// The body comes in pieces of so many bytes, each written to the connection by itself.
    pub fn pieces_of(mut self, bytes: usize) -> Self {
        self.effects.body.piece = Some(bytes.max(1));
        self
    }

    /// After so many bytes of the body nothing more comes, until [`Fault::release`](crate::Fault::release).
    pub fn stall_after(mut self, bytes: u64) -> Self {
        self.effects.body.end = Some((bytes, BodyEnd::Stall));
        self
    }

    /// After so many bytes of the body the answer is broken off: the connection ends (HTTP/1.1), the stream is reset (HTTP/2).
    pub fn truncate_after(mut self, bytes: u64) -> Self {
        self.effects.body.end = Some((bytes, BodyEnd::Truncate));
        self
    }

    /// After so many bytes of the body the connection is reset (RST). With 0, after the head.
    pub fn reset_after(mut self, bytes: u64) -> Self {
        self.effects.body.end = Some((bytes, BodyEnd::Reset));
        self
    }
}

/// The connection.
impl On {
    /// The connection is reset (RST) without an answer.
    pub fn reset(mut self) -> Self {
        self.effects.cut = Some(Cut::Before(End::Reset));
        self
    }

    /// The connection is reset (RST) in the middle of the answer's head.
    pub fn reset_in_head(mut self) -> Self {
        self.effects.cut = Some(Cut::InHead(End::Reset));
        self
    }

    /// The connection is closed in order, without an answer.
    pub fn close(mut self) -> Self {
        self.effects.cut = Some(Cut::Before(End::Close));
        self
    }

    /// The request is answered, and the connection takes no more: GOAWAY on HTTP/2, `Connection: close` on HTTP/1.1. What a real
    /// server does by `--goaway-chance` and when it shuts down.
    pub fn goaway(mut self) -> Self {
        self.effects.cut = Some(Cut::Graceful);
        self
    }

    /// GOAWAY that names the stream before the newest as the last one, and the end of the connection: by the protocol, the newest
    /// request was not looked at and may be sent again. On HTTP/1.1 the connection is closed without an answer.
    pub fn goaway_unprocessed(mut self) -> Self {
        self.effects.cut = Some(Cut::Before(End::Disowned));
        self
    }

    /// RST_STREAM with INTERNAL_ERROR in place of an answer; the connection goes on. On HTTP/1.1 it is closed without an answer.
    pub fn reset_stream(mut self) -> Self {
        self.effects.cut = Some(Cut::Stream(h2::Reason::INTERNAL_ERROR));
        self
    }

    /// RST_STREAM with REFUSED_STREAM: by the protocol, the request was not looked at and may be sent again. On HTTP/1.1 the
    /// connection is closed without an answer.
    pub fn refuse_stream(mut self) -> Self {
        self.effects.cut = Some(Cut::Stream(h2::Reason::REFUSED_STREAM));
        self
    }
}

/// Watches.
impl On {
    /// No bookmarks come, but for the one that ends the initial events.
    pub fn drop_bookmarks(mut self) -> Self {
        self.effects.events.drop_bookmarks = true;
        self
    }

    /// The watch ends in order after so many events, bookmarks not counted.
    pub fn end_after_events(mut self, events: u64) -> Self {
        self.effects.events.end = Some((events, EventEnd::Close));
        self
    }

    /// The watch ends after so many events with 410 Gone as an ERROR event, bookmarks not counted.
    pub fn expire_after_events(mut self, events: u64) -> Self {
        self.effects.events.end = Some((events, EventEnd::Expire));
        self
    }

    /// After so many events (bookmarks not counted) the watch stays open and says nothing more, until
    /// [`Fault::release`](crate::Fault::release): a connection that is dead without anybody knowing.
    pub fn stall_after_events(mut self, events: u64) -> Self {
        self.effects.events.end = Some((events, EventEnd::Stall));
        self
    }
}
