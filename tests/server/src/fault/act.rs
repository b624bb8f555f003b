//! Carrying out a fault on one request.
//!
//! What is to happen stands in `effects`; the body and the events of a watch are changed in `body` and `events`.

use std::sync::Arc;

use hyper::header::{CONNECTION, HeaderValue};

use super::effects::{BodyEnd, BodyPlan, Cut, Effects};
use super::{Hit, answers, body, events};
use crate::http::{BrokenOff, End, Line, Out};
use crate::requests::ReceivedRequest;
use crate::server::Shared;

/// So much of an answer's head is sent before it is cut: a part of the status line, or of the first frame.
const PART_OF_HEAD: u64 = 12;

/// Answers a request that is hit; `real` is what the server itself would do.
pub(crate) async fn carry_out(
    hit: Hit,
    shared: &Arc<Shared>,
    request: &ReceivedRequest,
    line: &Line,
    real: impl Future<Output = Out>,
) -> Result<Out, BrokenOff> {
    let rule = hit.rule.clone();
    let effects = &rule.on.effects;
    let (mut real, mut done) = (Some(real), None);
    if effects.carried_out
        && let Some(real) = real.take()
    {
        done = Some(real.await);
    }
    if let Some(time) = effects.delay {
        tokio::time::sleep(time).await;
    }
    if effects.hold {
        hit.released().await;
    }
    match effects.cut {
        None => {}
        Some(Cut::Before(End::Disowned) | Cut::Stream(_)) if !line.http2 => gone(line, End::Close).await,
        Some(Cut::Before(how)) => gone(line, how).await,
        Some(Cut::InHead(how)) => line.wire.end_after(PART_OF_HEAD, how),
        // HTTP/1.1 says it in the head.
        Some(Cut::Graceful) if !line.http2 => {}
        Some(Cut::Graceful) => line.wire.end(End::Graceful),
        Some(Cut::Stream(reason)) => return Err(BrokenOff(Some(reason.into()))),
    }
    let current = || shared.store().revision();
    let mut out = match (&effects.answer, done, real) {
        (Some(answer), ..) => answers::scripted(answer, effects, request, current()),
        (None, Some(done), _) => done,
        (None, None, Some(real)) => real.await,
        // One of the two is always there.
        (None, None, None) => return Err(BrokenOff(None)),
    };
    answers::dress(&mut out, effects);
    if let (Some(Cut::Graceful), false) = (effects.cut, line.http2) {
        out.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if effects.events.changes_something() && request.verb == crate::asked::Verb::Watch && out.status() == 200
    {
        let expired = answers::expired_event(request, current());
        out = out.map(|it| events::alter(it, effects.events, expired, hit.clone()));
    }
    let plan = body_plan(effects, line);
    if plan.changes_something() {
        out = body::alter(out, plan, hit, line.wire.clone());
    }
    Ok(out)
}

/// On HTTP/1.1 a body that ends too early is what a wrong length comes to; the connection's end is part of it.
fn body_plan(effects: &Effects, line: &Line) -> BodyPlan {
    let mut plan = effects.body;
    if let (Some((at, BodyEnd::Truncate)), Some(length)) = (plan.end, plan.length)
        && at >= length
        && !line.http2
    {
        plan.end = None;
    }
    plan
}

/// Ends the connection; the answer is never given.
async fn gone(line: &Line, how: End) {
    line.wire.end(how);
    std::future::pending().await
}
