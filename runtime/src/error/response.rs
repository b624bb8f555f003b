//! From an answer with a failure to an [`Error`]: the Status read, or made up for what is none, and what to do about it.
//!
//! It deliberately reads at most [`BODY_SHOWN`] bytes of a body that is no Status, and shows nothing that could steer a
//! terminal.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Error, Kind};
use crate::codec;
use crate::request::{Method, Request};
use crate::wire::{Status, StatusCause, StatusDetails};

/// How much of a foreign body is kept.
pub(crate) const BODY_SHOWN: usize = 2048;
/// How much of a message is printed; the rest is in [`Error::status`].
const MESSAGE_SHOWN: usize = 4096;

/// The error for an answer of `http` with `body`.
pub(crate) fn from_answer(
    request: &Request,
    server: &str,
    http: u16,
    body: &[u8],
    retry_after: Option<Duration>,
) -> Error {
    let status = parse(body).unwrap_or_else(|| synthesize(request, http, body));
    let error = from_status(status, http, retry_after, request.context(server));
    match help(&error, request) {
        Some(help) => error.with_help(help),
        None => error,
    }
}

/// The error for a Status that came as an event of a watch, or with a success code.
pub(crate) fn from_status(
    mut status: Status,
    http: u16,
    retry_after: Option<Duration>,
    context: String,
) -> Error {
    if status.code.unwrap_or(0) == 0 {
        status.code = Some(i32::from(http));
    }
    let message = describe(&status);
    Error::new(Kind::Status { status: Box::new(status), http, retry_after }, context, message)
}

/// A body that is a Status and says that something failed.
fn parse(body: &[u8]) -> Option<Status> {
    let status: Status = codec::from_slice(body).ok()?;
    // The codec takes an absent kind; any JSON object would pass for a Status otherwise.
    let named = memchr::memmem::find(body, b"\"Status\"").is_some();
    (named && status.status.as_deref() != Some("Success")).then_some(status)
}

/// The Status for an answer that has none, with apimachinery's reasons for the codes.
fn synthesize(request: &Request, http: u16, body: &[u8]) -> Status {
    let (reason, message) = match http {
        400 => ("BadRequest", "the server rejected our request for an unknown reason"),
        401 => ("Unauthorized", "the server has asked for the client to provide credentials"),
        403 => ("Forbidden", "the server does not allow this"),
        404 => ("NotFound", "the server could not find the requested resource"),
        405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
        406 => ("NotAcceptable", "the server cannot answer in the form that was asked for"),
        409 if request.method == Method::Post => {
            ("AlreadyExists", "the server reported that it exists already")
        }
        409 => ("Conflict", "the server reported a conflict"),
        410 => ("Gone", "what was asked for is no longer there"),
        413 => ("RequestEntityTooLarge", "the request is larger than the server takes"),
        415 => ("UnsupportedMediaType", "the server does not take a body of this type"),
        422 => ("Invalid", "the server rejected our request because of its content"),
        429 => ("TooManyRequests", "the server asks for fewer requests"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "the server was unable to answer in time"),
        500..=599 => ("InternalError", "the server failed"),
        300..=399 => ("", "the server redirects elsewhere, which is never followed"),
        _ => ("", "the server answered with a code that the API does not have"),
    };
    let shown = excerpt(body, BODY_SHOWN);
    let shown = if shown.is_empty() { "0-length response".to_owned() } else { shown };
    let (group, resource, name) = request
        .ask
        .as_ref()
        .map(|ask| (ask.group.to_string(), ask.resource.clone(), ask.name.clone()))
        .unwrap_or_default();
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let cause = StatusCause {
        reason: Some("UnexpectedServerResponse".to_owned()),
        message: Some(shown),
        ..Default::default()
    };
    let details = StatusDetails {
        group: text(group),
        kind: text(resource),
        name,
        causes: Some(vec![cause]),
        ..Default::default()
    };
    Status {
        status: Some("Failure".to_owned()),
        reason: text(reason.to_owned()),
        message: Some(message.to_owned()),
        code: Some(i32::from(http)),
        details: Some(Box::new(details)),
        ..Default::default()
    }
}

/// What came back, on one line.
fn describe(status: &Status) -> String {
    let code = status.code.unwrap_or_default();
    let reason = status.reason.as_deref().filter(|reason| !reason.is_empty()).unwrap_or("no reason");
    let mut out = format!("the server answered {code} {}: ", excerpt(reason.as_bytes(), 64));
    let message =
        status.message.as_deref().filter(|message| !message.is_empty()).unwrap_or("without a message");
    out.push_str(&excerpt(message.as_bytes(), MESSAGE_SHOWN));
    let causes = status.details.as_ref().and_then(|details| details.causes.as_deref()).unwrap_or_default();
    for cause in causes.iter().take(16) {
        let text = cause.message.as_deref().unwrap_or_default();
        if text.is_empty() || message.contains(text) {
            continue;
        }
        match cause.field.as_deref().filter(|field| !field.is_empty()) {
            Some(field) => {
                _ = write!(out, "; {}: {}", excerpt(field.as_bytes(), 256), excerpt(text.as_bytes(), 512))
            }
            None => _ = write!(out, "; {}", excerpt(text.as_bytes(), 512)),
        }
    }
    out
}

/// What the reader can do about it.
fn help(error: &Error, request: &Request) -> Option<String> {
    let status = error.status()?;
    let code = status.code.unwrap_or_default();
    if (300..400).contains(&code) {
        return Some("check the server's URL: is its path complete, and is it the API server?".to_owned());
    }
    if error.is_unauthorized() {
        return Some("the credentials are missing, wrong or expired".to_owned());
    }
    if error.is_unsupported_media_type() {
        return Some("custom resources take no strategic merge patch: use a merge patch or apply".to_owned());
    }
    if error.is_request_entity_too_large() {
        return Some(format!(
            "the body has {} bytes; servers take about 3 MiB, and etcd half of that",
            request.body.len()
        ));
    }
    let ask = request.ask.as_ref()?;
    if error.is_forbidden() {
        let group = if ask.group.is_empty() { "\"\"".to_owned() } else { ask.group.to_string() };
        let role = if ask.namespace.is_some() { "Role" } else { "ClusterRole" };
        return Some(format!(
            "a {role} must allow this{}: apiGroups [{group}], resources [{}], verbs [{}]",
            ask.place(),
            ask.resource,
            if ask.resuming { "list, watch" } else { ask.verb }
        ));
    }
    if error.is_not_found() {
        if ask.name.is_none() || error.is_unexpected_server_response() {
            let version = if ask.group.is_empty() {
                ask.version.to_string()
            } else {
                format!("{}/{}", ask.group, ask.version)
            };
            return Some(format!(
                "does the server serve {} in {version}? The CRD may not be installed, or not in this version{}",
                ask.resource,
                if ask.verb == "create" && ask.namespace.is_some() {
                    "; or the namespace does not exist"
                } else {
                    ""
                }
            ));
        }
        return None;
    }
    if error.is_conflict() {
        return Some(match ask.apply {
            true => "another field manager owns these fields: leave them out, or take them over with force()"
                .to_owned(),
            false => {
                "it changed since it was read: read it again and repeat the change, or use edit".to_owned()
            }
        });
    }
    if error.is_expired() || error.is_gone() {
        return Some("list again without a resourceVersion and go on from there".to_owned());
    }
    None
}

/// The beginning of a text from outside, at most `limit` bytes, with everything that steers a terminal made visible.
pub(crate) fn excerpt(text: &[u8], limit: usize) -> String {
    let cut = text.len() > limit;
    let text = String::from_utf8_lossy(&text[..text.len().min(limit)]);
    let text = if cut { text.trim_end_matches('\u{fffd}') } else { &text };
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.trim().chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    if cut {
        out.push('…');
    }
    out
}
