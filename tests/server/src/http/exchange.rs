//! One request and its answer: read, remembered, hit by a fault or not, answered.
//!
//! What the answer is, is decided in `answer` and `fault`.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Request, Response, Version};

use super::connection::Peer;
use super::wire::Wire;
use super::{answer, receive};
use crate::server::Shared;
use crate::{clock, fault};

/// An answer is not given to its end. On HTTP/2 its stream is reset, with the reason if there is one.
#[derive(Debug)]
pub(crate) struct BrokenOff(pub(crate) Option<h2::Error>);

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken off by a fault")
    }
}

impl std::error::Error for BrokenOff {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref().map(|it| it as _)
    }
}

/// A body that may break off.
pub(crate) type Body = UnsyncBoxBody<Bytes, BrokenOff>;
/// An answer as it goes out.
pub(crate) type Out = Response<Body>;

/// The connection that an answer goes out on.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) wire: Arc<Wire>,
    pub(crate) http2: bool,
}

/// Answers a request.
pub(super) async fn run(
    request: Request<hyper::body::Incoming>,
    peer: &Peer,
    wire: &Arc<Wire>,
    shared: &Arc<Shared>,
) -> Result<Out, BrokenOff> {
    let line = Line { wire: wire.clone(), http2: request.version() == Version::HTTP_2 };
    let incoming = match receive::whole(request, peer).await {
        Ok(incoming) => incoming,
        Err(failure) => return Ok(open(answer::refused(&failure))),
    };
    let (number, received) = shared.requests.remember(&incoming);
    let real = clock::by(&shared.settings.clock, async { open(answer::to(shared, incoming).await) });
    let out = match shared.faults.hit(&received) {
        None => real.await,
        Some(hit) => fault::carry_out(hit, shared, &received, &line, real).await?,
    };
    shared.requests.answered(number, received, out.status().as_u16());
    Ok(out)
}

/// The server's own answers do not break off; those of a fault may.
fn open(out: answer::Out) -> Out {
    out.map(|body| body.map_err(|never| match never {}).boxed_unsync())
}
