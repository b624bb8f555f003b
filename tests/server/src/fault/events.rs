//! Watches whose bookmarks are lost, or that end, expire or fall silent after a number of events.
//!
//! An event is a line; what it says is looked at only as far as its type.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;

use super::Hit;
use super::effects::{EventEnd, EventPlan};
use crate::http::{Body, BrokenOff};

/// Changes the events of a watch; `expired` is the event that says 410.
pub(super) fn alter(inner: Body, plan: EventPlan, expired: Bytes, hit: Hit) -> Body {
    let altered = Altered {
        inner,
        partial: BytesMut::new(),
        lines: VecDeque::new(),
        sent: 0,
        plan,
        expired,
        hit,
        ended: false,
    };
    let frames = stream::unfold(altered, |mut altered| async move {
        let next = altered.next().await?;
        Some((next.map(Frame::data), altered))
    });
    StreamBody::new(frames).boxed_unsync()
}

struct Altered {
    inner: Body,
    /// A line that is not at its end.
    partial: BytesMut,
    lines: VecDeque<Bytes>,
    /// Events so far, bookmarks not counted.
    sent: u64,
    plan: EventPlan,
    expired: Bytes,
    hit: Hit,
    ended: bool,
}

impl Altered {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        loop {
            if self.ended {
                return None;
            }
            if let Some((after, end)) = self.plan.end
                && self.sent >= after
            {
                match end {
                    EventEnd::Close => return None,
                    EventEnd::Expire => {
                        self.ended = true;
                        return Some(Ok(self.expired.clone()));
                    }
                    EventEnd::Stall => {
                        self.hit.released().await;
                        self.plan.end = None;
                    }
                }
            }
            let Some(line) = self.lines.pop_front() else {
                match self.inner.frame().await? {
                    Ok(frame) => self.read(&frame.into_data().unwrap_or_default()),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            if !is_bookmark(&line) {
                self.sent += 1;
            } else if self.plan.drop_bookmarks && !ends_initial_events(&line) {
                continue;
            }
            return Some(Ok(line));
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(end) = self.partial.iter().position(|it| *it == b'\n') {
            self.lines.push_back(self.partial.split_to(end + 1).freeze());
        }
    }
}

fn is_bookmark(line: &[u8]) -> bool {
    line.starts_with(b"{\"type\":\"BOOKMARK\"")
}

fn ends_initial_events(line: &[u8]) -> bool {
    let mark = b"\"k8s.io/initial-events-end\"";
    line.windows(mark.len()).any(|it| it == mark)
}
