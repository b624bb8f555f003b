//! Writing an answer: which part of the server gives it, in which form, and with which headers.
//!
//! What it says is decided in `verbs` and `discovery`.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};

use super::path;
use crate::call::Reply;
use crate::discovery::Told;
use crate::failure::Failure;
use crate::represent::Form;
use crate::request::Incoming;
use crate::server::Shared;
use crate::{discovery, security, verbs};

pub(crate) type Out = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Answers a request.
pub(crate) async fn to(shared: &Arc<Shared>, mut incoming: Incoming) -> Out {
    let mut out = match security::admit(shared, &incoming) {
        Ok(caller) => {
            incoming.caller = caller;
            route(shared, &incoming)
        }
        Err(failure) => refusal(&Form::plain(&incoming), &failure, &[]),
    };
    if let Some(text) = incoming.presented.warning() {
        warn(out.headers_mut(), text);
    }
    out
}

/// Answers what could not be read.
pub(super) fn refused(failure: &Failure) -> Out {
    whole(failure.code, "application/json", failure.status().to_string().into(), &[])
}

fn route(shared: &Arc<Shared>, incoming: &Incoming) -> Out {
    match path::odd(&incoming.path) {
        Ok(None) => {}
        Ok(Some(told)) => return page(incoming, told),
        Err(failure) => return refusal(&Form::plain(incoming), &failure, &[]),
    }
    if let Some(answered) = verbs::answer(shared, incoming) {
        let form = answered.form;
        return match answered.outcome {
            Ok(Reply::Json { code, body }) => match form.whole(body) {
                Ok(body) => compressed(incoming, code, form.content_type(), body, &answered.warnings),
                Err(failure) => refusal(&form, &failure, &answered.warnings),
            },
            Ok(Reply::Watch(watch)) => {
                let media = form.stream_type();
                let events = stream::unfold((watch, form), |(mut watch, mut form)| async move {
                    let bytes = form.events(watch.next().await?);
                    Some((Ok::<_, Infallible>(Frame::data(bytes)), (watch, form)))
                });
                response(200, media, StreamBody::new(events).boxed_unsync(), &[])
            }
            Err(failure) => refusal(&form, &failure, &answered.warnings),
        };
    }
    if incoming.method == "GET"
        && let Some((media, keys)) = security::keys(shared, &incoming.path)
    {
        return whole(200, media, keys.to_string().into(), &[]);
    }
    match discovery::answer(shared, incoming) {
        Ok(Some(told)) => return page(incoming, told),
        Ok(None) => {}
        Err(failure) => return refusal(&Form::plain(incoming), &failure, &[]),
    }
    let mut parts = incoming.path.trim_matches('/').split('/');
    let below = match (parts.next(), parts.next(), parts.next()) {
        (Some("api"), Some(_), _) => true,
        (Some("apis"), Some(group), Some(_)) => verbs::has_builtin_group(shared, group),
        _ => false,
    };
    if below {
        return refusal(&Form::plain(incoming), &Failure::no_such_resource(), &[]);
    }
    page(incoming, Told::no_page())
}

fn page(incoming: &Incoming, told: Told) -> Out {
    let mut response = compressed(incoming, told.code, told.content_type, told.body, &[]);
    response.headers_mut().extend(told.headers);
    response
}

fn refusal(form: &Form, failure: &Failure, warnings: &[String]) -> Out {
    let (body, media) = form.failure(failure);
    let mut response = whole(failure.code, media, body, warnings);
    let seconds = failure.details.as_ref().and_then(|it| it["retryAfterSeconds"].as_u64());
    if let Some(seconds) = seconds.filter(|it| *it > 0) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Answers longer than this are compressed for who takes that.
const COMPRESSED_FROM: usize = 128 * 1024;

fn compressed(incoming: &Incoming, code: u16, media: &str, body: Bytes, warnings: &[String]) -> Out {
    let wanted =
        incoming.accept_encoding.split(',').any(|it| it.trim() == "gzip" || it.trim().starts_with("gzip;"));
    if !wanted || body.len() <= COMPRESSED_FROM {
        return whole(code, media, body, warnings);
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let Ok(body) = encoder.write_all(&body).and_then(|()| encoder.finish()) else {
        return whole(code, media, body, warnings);
    };
    let mut response = whole(code, media, body.into(), warnings);
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
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
    if let (false, Ok(value)) = (content_type.is_empty(), HeaderValue::from_str(content_type)) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    for warning in warnings {
        warn(headers, warning);
    }
    response
}

fn warn(headers: &mut HeaderMap, text: &str) {
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
        headers.append(header::WARNING, value);
    }
}
