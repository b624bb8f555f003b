//! Reading a request: its head, and its body up to the limit.
//!
//! What the request means is read in `request`.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::Request;
use hyper::body::Incoming as Body;
use hyper::header::{self, HeaderMap, HeaderName};

use super::connection::Peer;
use crate::failure::Failure;
use crate::request::{Incoming, Query};
use crate::security::{Identity, Presented};

/// The largest body that is read, as in the real server.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// A request with all of its body.
pub(super) async fn whole(request: Request<Body>, peer: &Peer) -> Result<Incoming, Failure> {
    let (parts, body) = request.into_parts();
    let text = |name: HeaderName| {
        parts.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    let query = parts.uri.query().unwrap_or_default();
    let incoming = Incoming {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: Query::parse(query),
        query_text: query.to_owned(),
        content_type: text(header::CONTENT_TYPE),
        accept: accepts(&parts.headers),
        accept_encoding: text(header::ACCEPT_ENCODING),
        user_agent: text(header::USER_AGENT),
        presented: Presented::of(&parts.headers, peer.certificate.as_ref()),
        caller: Identity::default(),
        body: Bytes::new(),
    };
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(Incoming { body: body.to_bytes(), ..incoming }),
        Err(_) => Err(Failure::too_large(&format!("Request entity too large: limit is {MAX_BODY}"))),
    }
}

fn accepts(headers: &HeaderMap) -> String {
    let all: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok()).collect();
    all.join(",")
}
