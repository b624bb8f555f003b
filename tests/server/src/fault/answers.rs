//! The answers that a script can give in place of the server's, as the real server or a proxy before it words them.
//!
//! When they are due is decided elsewhere.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Response;
use hyper::header::{self, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::effects::{Answer, Effects, RetryAfter};
use crate::asked::Verb;
use crate::http::Out;
use crate::meta;
use crate::request::Query;
use crate::requests::ReceivedRequest;

/// Reason and message that the real server's library has for a status code.
fn usual(code: u16) -> (&'static str, String) {
    let (reason, message) = match code {
        400 => ("BadRequest", "the server rejected our request for an unknown reason"),
        401 => ("Unauthorized", "Unauthorized"),
        403 => ("Forbidden", "forbidden"),
        404 => ("NotFound", "the server could not find the requested resource"),
        405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
        406 => {
            ("NotAcceptable", "the server was unable to respond with a content type that the client supports")
        }
        409 => ("Conflict", "the server reported a conflict"),
        410 => ("Expired", "The resourceVersion for the provided list is too old."),
        413 => ("RequestEntityTooLarge", "Request entity too large"),
        415 => ("UnsupportedMediaType", "the body of the request was in an unknown format"),
        422 => ("Invalid", "the server rejected our request due to an error in our request"),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        500 => ("InternalError", "Internal error occurred"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted, but may still be processing the request",
        ),
        other => ("", &*format!("the server responded with the status code {other}")),
    };
    (reason, message.to_owned())
}

fn status(code: u16, reason: &str, message: &str, retry_after: Option<RetryAfter>) -> Value {
    let (verdict, mut status) = match code {
        200..=299 => ("Success", json!({})),
        _ => ("Failure", json!({"message": message})),
    };
    status["kind"] = "Status".into();
    status["apiVersion"] = "v1".into();
    status["metadata"] = json!({});
    status["status"] = verdict.into();
    status["code"] = code.into();
    if !reason.is_empty() {
        status["reason"] = reason.into();
    }
    if let Some(RetryAfter::Seconds(seconds)) = retry_after {
        status["details"] = json!({ "retryAfterSeconds": seconds });
    }
    status
}

/// 410 as an object, for a request of this kind.
pub(super) fn expired(request: &ReceivedRequest, current: u64) -> Value {
    let query = Query::parse(&request.query);
    let message = match request.verb {
        Verb::Watch => {
            let asked = query.get("resourceVersion");
            let asked = if asked.is_empty() { "0" } else { asked };
            format!("too old resource version: {asked} ({current})")
        }
        _ if query.has("continue") => {
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
             the continue parameter."
                .to_owned()
        }
        _ => "The resourceVersion for the provided list is too old.".to_owned(),
    };
    status(410, "Expired", &message, None)
}

/// 410 as an event.
pub(super) fn expired_event(request: &ReceivedRequest, current: u64) -> Bytes {
    format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", expired(request, current)).into()
}

/// The answer that a script gives.
pub(super) fn scripted(answer: &Answer, effects: &Effects, request: &ReceivedRequest, current: u64) -> Out {
    let code = effects.code.unwrap_or(200);
    let (usual_reason, usual_message) = usual(code);
    let json = |value: Value| ("application/json", Bytes::from(value.to_string()));
    let (content_type, body) = match answer {
        Answer::Status => {
            let reason = effects.reason.as_deref().unwrap_or(usual_reason);
            let message = effects.message.as_deref().unwrap_or(&usual_message);
            json(status(code, reason, message, effects.retry_after))
        }
        Answer::Expired => json(expired(request, current)),
        Answer::ExpiredEvent => ("application/json", expired_event(request, current)),
        Answer::TooManyRequests => {
            let text = "Too many requests, please try again later.\n";
            ("text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
        }
        Answer::DiskFull => json(status(code, "", "etcdserver: mvcc: database space exceeded", None)),
        Answer::Given { content_type, body } => (content_type.as_str(), body.clone()),
    };
    let mut out = Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
    if let Ok(code) = hyper::StatusCode::from_u16(code) {
        *out.status_mut() = code;
    }
    set(&mut out, "cache-control", "no-cache, private");
    set(&mut out, "content-type", content_type);
    if let Answer::TooManyRequests = answer {
        set(&mut out, "x-content-type-options", "nosniff");
        set(&mut out, "x-kubernetes-pf-flowschema-uid", &meta::uid());
        set(&mut out, "x-kubernetes-pf-prioritylevel-uid", &meta::uid());
    }
    out
}

/// Puts the headers of the script on an answer.
pub(super) fn dress(out: &mut Out, effects: &Effects) {
    match effects.retry_after {
        Some(RetryAfter::Seconds(seconds)) => set(out, header::RETRY_AFTER.as_str(), &seconds.to_string()),
        Some(RetryAfter::Date(from_now)) => set(out, header::RETRY_AFTER.as_str(), &http_date(from_now)),
        None => {}
    }
    for (name, value) in &effects.headers {
        set(out, name, value);
    }
}

fn set(out: &mut Out, name: &str, value: &str) {
    // What is no header cannot be sent, not even by a script.
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        out.headers_mut().insert(name, value);
    }
}

/// A time as HTTP writes it. The wire's own time: a client compares it with its own clock.
fn http_date(from_now: std::time::Duration) -> String {
    let now = jiff::Timestamp::now();
    now.checked_add(from_now).unwrap_or(now).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
