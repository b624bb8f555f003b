//! Writing an answer: which part of the server gives it, in which form, and with which headers.
//!
//! What it says is decided in `verbs` and `discovery`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};

use crate::call::Reply;
use crate::failure::Failure;
use crate::request::Incoming;
use crate::server::Shared;
use crate::{discovery, verbs};

pub(super) type Out = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Answers a request.
pub(super) async fn to(shared: &Arc<Shared>, incoming: &Incoming) -> Out {
    route(shared, incoming)
}

/// Answers what could not be read.
pub(super) fn refused(failure: &Failure) -> Out {
    whole(failure.code, "application/json", failure.status().to_string().into(), &[])
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
