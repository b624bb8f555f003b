//! The wire: connections, requests in, answers out.
//!
//! HTTP/1.1 and HTTP/2 with prior knowledge, on one loopback port. What is answered is decided elsewhere.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming as Body};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::call::Reply;
use crate::failure::Failure;
use crate::request::{Incoming, Query};
use crate::server::Shared;
use crate::{discovery, verbs};

/// The largest body that is read, as in the real server.
const MAX_BODY: usize = 3 * 1024 * 1024;

type Out = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Accepts connections until it is dropped; all of them end with it.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that is gone before it is accepted is the client's affair.
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                let shared = shared.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(shared.clone(), request));
                    let builder = auto::Builder::new(TokioExecutor::new());
                    // Broken connections end here; there is nobody to tell.
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Body>) -> Result<Out, Infallible> {
    let (parts, body) = request.into_parts();
    let text = |name: HeaderName| {
        parts.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    let body = Limited::new(body, MAX_BODY).collect().await;
    let incoming = Incoming {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        content_type: text(header::CONTENT_TYPE),
        accept: accepts(&parts.headers),
        user_agent: text(header::USER_AGENT),
        authorization: parts.headers.contains_key(header::AUTHORIZATION).then(|| text(header::AUTHORIZATION)),
        body: body.as_ref().map(|_| Bytes::new()).unwrap_or_default(),
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let Ok(body) = body else {
        let most = MAX_BODY;
        let failure = Failure::too_large(&format!("Request entity too large: limit is {most}"));
        return Ok(whole(failure.code, "application/json", failure.status().to_string().into(), &[]));
    };
    let incoming = Incoming { body: body.to_bytes(), ..incoming };
    shared.remember(&incoming, &query);
    Ok(route(&shared, &incoming))
}

fn accepts(headers: &HeaderMap) -> String {
    let all: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok()).collect();
    all.join(",")
}

fn route(shared: &Arc<Shared>, incoming: &Incoming) -> Out {
    if let Some(token) = &shared.settings.token {
        let given = incoming.authorization.as_deref().and_then(|it| it.strip_prefix("Bearer "));
        if given.map(str::trim) != Some(token.as_str()) {
            let failure = Failure::unauthorized();
            return whole(failure.code, "application/json", failure.status().to_string().into(), &[]);
        }
    }
    if let Some(answered) = verbs::answer(shared, incoming) {
        let yaml = match representation(&incoming.accept) {
            Some(yaml) => yaml,
            None => {
                let failure = Failure::not_acceptable(OFFERED);
                return whole(failure.code, "application/json", failure.status().to_string().into(), &[]);
            }
        };
        // JSON is YAML; who wants it prettier has tools.
        let media = if yaml { "application/yaml" } else { "application/json" };
        return match answered.outcome {
            Ok(Reply::Json { code, body }) => whole(code, media, body, &answered.warnings),
            Ok(Reply::Watch(watch)) => {
                let events = stream::unfold(watch, |mut watch| async move {
                    let bytes = watch.next().await?;
                    Some((Ok::<_, Infallible>(Frame::data(bytes)), watch))
                });
                response(200, "application/json", StreamBody::new(events).boxed_unsync(), &[])
            }
            Err(failure) => {
                let body = Bytes::from(failure.status().to_string());
                whole(failure.code, media, body, &answered.warnings)
            }
        };
    }
    if incoming.method == "GET"
        && let Some(told) = discovery::answer(shared, &incoming.path, &incoming.accept)
    {
        return whole(200, told.content_type, Bytes::from(told.body), &[]);
    }
    let mut parts = incoming.path.trim_matches('/').split('/');
    if let (Some("apis"), Some(group), Some(_)) = (parts.next(), parts.next(), parts.next())
        && verbs::has_builtin_group(shared, group)
    {
        let failure = Failure::no_such_resource();
        return whole(failure.code, "application/json", failure.status().to_string().into(), &[]);
    }
    let body = Bytes::from_static(b"404 page not found\n");
    whole(404, "text/plain; charset=utf-8", body, &[])
}

const OFFERED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, \
                       application/vnd.kubernetes.protobuf;stream=watch";

/// Whether YAML is wanted; `None` where nothing that is wanted can be had.
fn representation(accept: &str) -> Option<bool> {
    if accept.trim().is_empty() {
        return Some(false);
    }
    for wanted in accept.split(',') {
        let mut parts = wanted.split(';').map(str::trim);
        match parts.next().unwrap_or_default() {
            // Tables and partial objects are asked for by parameters of JSON; the plain object comes after them in the list.
            "application/json" if parts.any(|it| it.starts_with("as=")) => {}
            "application/json" | "*/*" | "application/*" => return Some(false),
            "application/yaml" => return Some(true),
            _ => {}
        }
    }
    None
}

fn whole(code: u16, content_type: &str, body: Bytes, warnings: &[String]) -> Out {
    response(code, content_type, Full::new(body).boxed_unsync(), warnings)
}

fn response(
    code: u16,
    content_type: &str,
    body: UnsyncBoxBody<Bytes, Infallible>,
    warnings: &[String],
) -> Out {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    if let Ok(value) = HeaderValue::from_str(content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    for warning in warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            headers.append(header::WARNING, value);
        }
    }
    response
}
