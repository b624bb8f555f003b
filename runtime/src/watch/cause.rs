//! Why a watch or a list failed, in as many classes as there are ways to go on.
//!
//! Pure. What follows from which is decided in `machine`.

use crate::Error;
use crate::error::{ConnectFailure, Kind};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// 410: the version or the token is older than what the server remembers.
    Expired,
    /// 504 with its cause: the version is newer than all that the server knows.
    TooLarge,
    /// There is no connection.
    Unreachable,
    /// The server asks to come back later (429, 503, 504).
    Busy,
    /// The server failed in itself (500).
    Internal,
    /// The connection or the stream ended before its end.
    Broken,
    /// An event is longer than allowed.
    TooLong,
    /// 404: the resource is not served.
    Missing,
    /// The server does not take these options (400, 422).
    Options,
    /// It will be the same again until somebody acts: 401, 403, an answer that is none, credentials that cannot be had …
    Refused,
    /// The request can never be sent.
    Never,
}

/// Which of them an error is.
pub(super) fn of(error: &Error) -> Cause {
    if error.is_expired() || error.is_gone() {
        return Cause::Expired;
    }
    if error.is_too_large_resource_version() || is_too_large(error) {
        return Cause::TooLarge;
    }
    match error.kind() {
        // A certificate that is not trusted, or a proxy that wants a password, wants a person.
        Kind::Connect(ConnectFailure::Tls | ConnectFailure::Proxy { status: Some(407) }) => {
            return Cause::Refused;
        }
        Kind::Connect(_) => return Cause::Unreachable,
        Kind::Transport | Kind::Truncated | Kind::Stalled | Kind::Timeout => return Cause::Broken,
        Kind::TooLarge => return Cause::TooLong,
        Kind::Request => return Cause::Never,
        _ => {}
    }
    if error.is_not_found() {
        return Cause::Missing;
    }
    if error.is_bad_request() || error.is_invalid() {
        return Cause::Options;
    }
    let code = error.http_status().unwrap_or_default();
    if error.is_too_many_requests()
        || error.is_service_unavailable()
        || error.is_timeout()
        || error.is_server_timeout()
        || matches!(code, 408 | 502)
    {
        return Cause::Busy;
    }
    match code {
        500..=599 => Cause::Internal,
        _ => Cause::Refused,
    }
}

/// The one way of saying so that is no cause: servers from 1.17.0 to 1.18.5 put it into the message of a cause.
fn is_too_large(error: &Error) -> bool {
    let told = |message: &str| message == "Too large resource version";
    error.is_timeout() && error.causes().iter().any(|cause| cause.message.as_deref().is_some_and(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error;
    use crate::wire::{Status, StatusCause, StatusDetails};

    fn status(code: u16, reason: &str, message: &str, causes: Vec<StatusCause>) -> Error {
        let status = Status {
            reason: Some(reason.to_owned()).filter(|it| !it.is_empty()),
            message: Some(message.to_owned()),
            code: Some(i32::from(code)),
            details: Some(Box::new(StatusDetails { causes: Some(causes), ..Default::default() })),
            ..Default::default()
        };
        error::from_status(status, code, None, String::new())
    }

    #[test]
    fn w4_too_large_is_known_by_its_cause_and_by_both_old_texts() {
        let cause = StatusCause { reason: Some("ResourceVersionTooLarge".to_owned()), ..Default::default() };
        let told =
            StatusCause { message: Some("Too large resource version".to_owned()), ..Default::default() };
        for error in [
            status(504, "Timeout", "it is so", vec![cause]),
            status(504, "Timeout", "it is so", vec![told]),
            status(504, "Timeout", "Too large resource version: 9, current: 5", vec![]),
        ] {
            assert_eq!(of(&error), Cause::TooLarge, "{error}");
        }
        assert_eq!(of(&status(504, "Timeout", "upstream request timeout", vec![])), Cause::Busy);
    }

    #[test]
    fn each_answer_has_its_class() {
        for (code, reason, cause) in [
            (410, "Expired", Cause::Expired),
            (410, "Gone", Cause::Expired),
            (429, "TooManyRequests", Cause::Busy),
            (503, "ServiceUnavailable", Cause::Busy),
            (500, "ServerTimeout", Cause::Busy),
            (502, "InternalError", Cause::Busy),
            (500, "InternalError", Cause::Internal),
            (404, "NotFound", Cause::Missing),
            (400, "BadRequest", Cause::Options),
            (422, "Invalid", Cause::Options),
            (401, "Unauthorized", Cause::Refused),
            (403, "Forbidden", Cause::Refused),
            (405, "MethodNotAllowed", Cause::Refused),
            (302, "", Cause::Refused),
        ] {
            assert_eq!(of(&status(code, reason, "x", vec![])), cause, "{code} {reason}");
        }
        for (kind, cause) in [
            (Kind::Connect(ConnectFailure::Refused), Cause::Unreachable),
            (Kind::Connect(ConnectFailure::Tls), Cause::Refused),
            (Kind::Transport, Cause::Broken),
            (Kind::TooLarge, Cause::TooLong),
            (Kind::Content, Cause::Refused),
            (Kind::Timeout, Cause::Broken),
            (Kind::Decode, Cause::Refused),
            (Kind::Auth, Cause::Refused),
            (Kind::Request, Cause::Never),
        ] {
            assert_eq!(of(&Error::new(kind, "", "x")), cause);
        }
    }
}
