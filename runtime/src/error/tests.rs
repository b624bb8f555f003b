//! apimachinery's rules: the reason first, the code only where the reason says nothing.

use std::time::Duration;

use super::*;
use crate::wire::{StatusCause, StatusDetails};

fn error(reason: &str, code: i32) -> Error {
    let status = Status {
        reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
        code: Some(code),
        ..Default::default()
    };
    from_status(status, u16::try_from(code).unwrap(), None, "GET x".to_owned())
}

type Predicate = fn(&Error) -> bool;

#[test]
fn predicates_follow_the_reason_and_the_code_only_where_the_reason_is_unknown() {
    let table: [(&str, i32, Predicate, bool); 19] = [
        // reason, code, predicate, whether the code alone is enough
        ("Unauthorized", 401, Error::is_unauthorized, true),
        ("Forbidden", 403, Error::is_forbidden, true),
        ("NotFound", 404, Error::is_not_found, true),
        ("AlreadyExists", 409, Error::is_already_exists, false),
        ("Conflict", 409, Error::is_conflict, true),
        ("Gone", 410, Error::is_gone, true),
        ("Invalid", 422, Error::is_invalid, true),
        ("ServerTimeout", 500, Error::is_server_timeout, false),
        ("StorageReadError", 500, Error::is_storage_read_error, false),
        ("Timeout", 504, Error::is_timeout, true),
        ("TooManyRequests", 429, Error::is_too_many_requests, true),
        ("BadRequest", 400, Error::is_bad_request, true),
        ("MethodNotAllowed", 405, Error::is_method_not_allowed, true),
        ("NotAcceptable", 406, Error::is_not_acceptable, true),
        ("RequestEntityTooLarge", 413, Error::is_request_entity_too_large, true),
        ("UnsupportedMediaType", 415, Error::is_unsupported_media_type, true),
        ("InternalError", 500, Error::is_internal, true),
        ("Expired", 410, Error::is_expired, false),
        ("ServiceUnavailable", 503, Error::is_service_unavailable, true),
    ];
    for (reason, code, predicate, by_code) in table {
        assert!(predicate(&error(reason, code)), "{reason}");
        assert!(predicate(&error(reason, 0)), "{reason} without a code");
        for unknown in ["", "Unheard"] {
            assert_eq!(predicate(&error(unknown, code)), by_code, "{reason} by code {code}");
        }
        // A known reason decides, but for the two that apimachinery tells by code as well.
        let other = if reason == "Forbidden" { "NotFound" } else { "Forbidden" };
        let by_code_anyway = matches!(code, 429 | 413);
        assert_eq!(predicate(&error(other, code)), by_code_anyway, "{other} with {code}");
    }
}

#[test]
fn waiting_is_told_by_the_header_and_else_by_the_status() {
    let with = |reason: &str, seconds: Option<i32>, header: Option<u64>| {
        let details = StatusDetails { retry_after_seconds: seconds, ..Default::default() };
        let status =
            Status { reason: Some(reason.into()), details: Some(Box::new(details)), ..Default::default() };
        from_status(status, 500, header.map(Duration::from_secs), String::new())
            .retry_after()
            .map(|wait| wait.as_secs())
    };
    for (reason, seconds, header, expected) in [
        ("TooManyRequests", Some(3), Some(5), Some(5)),
        ("TooManyRequests", Some(3), None, Some(3)),
        ("TooManyRequests", Some(0), None, None),
        ("TooManyRequests", Some(-3), None, None),
        ("ServerTimeout", None, None, Some(0)),
        ("Conflict", None, None, None),
    ] {
        assert_eq!(with(reason, seconds, header), expected, "{reason} {seconds:?} {header:?}");
    }
}

#[test]
fn causes_are_listed_once_and_long_texts_are_cut_when_shown() {
    let cause = |field: &str, message: &str| StatusCause {
        field: Some(field.to_owned()),
        message: Some(message.to_owned()),
        ..Default::default()
    };
    let details = StatusDetails {
        causes: Some(vec![cause("spec.size", "must be positive"), cause("spec.name", "said already")]),
        ..Default::default()
    };
    let status = Status {
        reason: Some("Invalid".into()),
        code: Some(422),
        message: Some(format!("said already\u{1b}]0;x\u{7}{}", "y".repeat(100_000))),
        details: Some(Box::new(details)),
        ..Default::default()
    };
    let error = from_status(status, 422, None, "POST x".to_owned());
    let text = error.to_string();
    assert!(
        text.contains("; spec.size: must be positive") && !text.contains("spec.name"),
        "{}",
        &text[..200]
    );
    assert!(text.len() < 6000 && !text.contains('\u{1b}') && !text.contains('\u{7}'));
    assert_eq!(error.causes().len(), 2);
    assert!(
        error.status().unwrap().message.as_ref().unwrap().len() > 100_000,
        "the whole text stays in the Status"
    );
}

#[test]
fn an_error_is_one_word_and_can_travel() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Error>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
