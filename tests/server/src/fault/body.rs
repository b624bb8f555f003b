//! Bodies that come slowly, in pieces, with a wrong length, or not to their end.
//!
//! It knows bytes only.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body as _, Frame};
use hyper::header::CONTENT_LENGTH;

use super::Hit;
use super::effects::{BodyEnd, BodyPlan};
use crate::http::{Body, BrokenOff, End, Out, Wire};

/// A slow body comes in so many pieces a second, where it has the bytes.
const PIECES_PER_SECOND: u64 = 20;

/// Changes the body of an answer.
pub(super) fn alter(out: Out, plan: BodyPlan, hit: Hit, wire: Arc<Wire>) -> Out {
    let (mut head, inner) = out.into_parts();
    // The true length is still said, so that what is missing is missed.
    if let Some(length) = plan.length.or(inner.size_hint().exact()) {
        head.headers.insert(CONTENT_LENGTH, length.into());
    }
    let written = wire.written();
    let altered = Altered { inner, rest: Bytes::new(), sent: 0, plan, hit, wire, written };
    let frames = stream::unfold(Some(altered), |altered| async move {
        let mut altered = altered?;
        match altered.next().await? {
            Ok(bytes) => Some((Ok(Frame::data(bytes)), Some(altered))),
            Err(error) => Some((Err(error), None)),
        }
    });
    hyper::Response::from_parts(head, StreamBody::new(frames).boxed_unsync())
}

struct Altered {
    inner: Body,
    /// Read and not sent yet.
    rest: Bytes,
    sent: u64,
    plan: BodyPlan,
    hit: Hit,
    wire: Arc<Wire>,
    /// What the connection had written when the answer began.
    written: u64,
}

impl Altered {
    async fn next(&mut self) -> Option<Result<Bytes, BrokenOff>> {
        if let Some((at, end)) = self.plan.end
            && self.sent >= at
        {
            match end {
                BodyEnd::Stall => {
                    self.hit.released().await;
                    self.plan.end = None;
                }
                BodyEnd::Truncate => {
                    self.until_written().await;
                    return Some(Err(BrokenOff(None)));
                }
                BodyEnd::Reset => {
                    self.until_written().await;
                    self.wire.end(End::Reset);
                    std::future::pending().await
                }
            }
        }
        if self.sent > 0 && self.plan.piece.is_some() {
            self.until_written().await;
        }
        while self.rest.is_empty() {
            let Some(frame) = self.inner.frame().await else {
                if self.plan.length.is_some_and(|it| it > self.sent) {
                    // What was promised does not come, and the connection ends over it.
                    self.until_written().await;
                }
                return None;
            };
            match frame {
                Ok(frame) => self.rest = frame.into_data().unwrap_or_default(),
                Err(error) => return Some(Err(error)),
            }
        }
        let mut most = self.plan.piece.unwrap_or(usize::MAX).min(self.rest.len());
        if let Some(rate) = self.plan.bytes_per_second {
            most = most.min(size(rate.div_ceil(PIECES_PER_SECOND)));
        }
        if let Some((at, _)) = self.plan.end {
            most = most.min(size(at - self.sent));
        }
        let piece = self.rest.split_to(most.min(self.rest.len()));
        self.sent += piece.len() as u64;
        if let Some(rate) = self.plan.bytes_per_second {
            tokio::time::sleep(Duration::from_secs_f64(piece.len() as f64 / rate as f64)).await;
        }
        Some(Ok(piece))
    }

    /// Waits until the head and what was given of the body have left: what is broken off next must not take them along.
    fn until_written(&self) -> impl Future<Output = ()> + Send + use<> {
        let (wire, bytes) = (self.wire.clone(), self.written + self.sent);
        async move { wire.written_more_than(bytes).await }
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
