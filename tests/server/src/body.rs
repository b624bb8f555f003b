//! Bodies of requests: JSON or YAML in, one JSON value out, with the complaints of the real server.
//!
//! What the value means is not looked at here, beyond being an object of the expected type.

use serde_json::{Map, Value};

use crate::catalog::Resource;
use crate::failure::{Cause, Failure, Outcome};
use crate::patch::go;
use crate::protobuf;
use crate::request::Incoming;
use crate::schema::builtin;

/// The body as a value, or what is wrong with it. An absent content type means JSON.
pub(crate) fn decode(incoming: &Incoming) -> Outcome<Result<Value, String>> {
    let media = incoming.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (value, problem) = match media.as_str() {
        "" | "application/json" => match serde_json::from_slice::<Value>(&incoming.body) {
            Ok(value) => (value, String::new()),
            Err(error) => (
                Value::Null,
                format!("couldn't get version/kind; json parse error: {}", syntax(&error, &incoming.body)),
            ),
        },
        "application/yaml" => match yaml(&incoming.body) {
            Ok(value) => (value, String::new()),
            Err(error) => (Value::Null, go_yaml(&error)),
        },
        "application/vnd.kubernetes.protobuf" => match protobuf::read(&incoming.body) {
            Ok(value) => (value, String::new()),
            Err(error) => (Value::Null, error),
        },
        _ => {
            return Err(Failure::unsupported_media_type(&[
                "application/json",
                "application/yaml",
                "application/vnd.kubernetes.protobuf",
            ]));
        }
    };
    let problem = match &value {
        _ if !problem.is_empty() => problem,
        Value::Null => return Ok(Ok(Value::Object(Map::new()))),
        Value::Object(all) => match ["apiVersion", "kind"].iter().find_map(|it| unfit(all, it)) {
            None => return Ok(Ok(value)),
            Some((member, got)) => format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {got} into Go struct field .{member} of type string"
            ),
        },
        other => format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
            go(other)
        ),
    };
    Ok(Err(problem))
}

/// The body as the object that is expected.
pub(crate) fn read(incoming: &Incoming, expected: &str) -> Outcome<Value> {
    decode(incoming)?.map_err(|problem| {
        Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {expected}): {problem} ({})",
            excerpt(&incoming.body)
        ))
    })
}

/// A member that has to be text and is something else.
fn unfit<'a>(all: &Map<String, Value>, member: &'a str) -> Option<(&'a str, &'static str)> {
    let value = all.get(member).filter(|it| !it.is_string() && !it.is_null())?;
    Some((member, go(value)))
}

/// Reads YAML as JSON would be read.
pub(crate) fn yaml(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|it| it.to_string())?;
    serde_saphyr::from_str(first_document(text)).map_err(|it| it.to_string())
}

/// Of several documents the real server reads the first.
fn first_document(text: &str) -> &str {
    let (mut at, mut begun) = (0, false);
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let marks = |marker: &str| bare == marker || bare.starts_with(&format!("{marker} "));
        if begun && (marks("---") || marks("...")) {
            return &text[..at];
        }
        begun |= !bare.is_empty() && !bare.starts_with('#') && !bare.starts_with('%');
        at += line.len();
    }
    text
}

/// An error of our reader of YAML in the form of Go's: the line where it is not the first, and what is wrong.
fn go_yaml(error: &str) -> String {
    let plain = error.strip_prefix("error: ").unwrap_or(error).lines().next().unwrap_or_default();
    let placed = plain.strip_prefix("line ").and_then(|rest| {
        let (place, message) = rest.split_once(": ")?;
        let line: usize = place.split_whitespace().next()?.parse().ok()?;
        Some((line, message))
    });
    match placed {
        Some((line, message)) if line > 1 => format!("yaml: line {}: {message}", line - 1),
        Some((_, message)) => format!("yaml: {message}"),
        None => format!("yaml: {plain}"),
    }
}

/// Go's words for the common mistakes.
pub(crate) fn syntax(error: &serde_json::Error, body: &[u8]) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let offset: usize = body
        .split_inclusive(|it| *it == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum::<usize>()
        + error.column().saturating_sub(1);
    let character = match body.get(offset).map_or(' ', |it| char::from(*it)) {
        '\'' => "\\'".to_owned(),
        other => other.to_string(),
    };
    let text = error.to_string();
    let in_object = text.starts_with("trailing comma") && body.get(offset) == Some(&b'}');
    let place = if in_object || text.starts_with("key must be a string") || text.starts_with("expected `:`") {
        "looking for beginning of object key string"
    } else if text.starts_with("trailing characters") {
        "after top-level value"
    } else {
        "looking for beginning of value"
    };
    format!("invalid character '{character}' {place}")
}

/// The start of a body as the real server shows it: text as it is, anything else in hex.
fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 30;
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let start = &body[..body.len().min(MOST)];
    let looks_like_json = start.iter().find(|it| !it.is_ascii_whitespace()) == Some(&b'{');
    let mut text = match std::str::from_utf8(start) {
        Ok(text) if looks_like_json => text.to_owned(),
        _ => start.iter().map(|it| format!("{it:02x}")).collect(),
    };
    if body.len() > MOST {
        text.push_str(" ...");
    }
    text
}

/// Checks `apiVersion` and `kind`, which may be absent for built-in kinds only, and takes them off.
pub(crate) fn check_type(value: &mut Value, resource: &Resource, raw: &[u8]) -> Outcome<()> {
    let Some(all) = value.as_object_mut() else { return Ok(()) };
    let text = |it: Option<Value>| it.and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default();
    let (api_version, kind) = (text(all.remove("apiVersion")), text(all.remove("kind")));
    let (expected, wanted) = (&resource.kind, resource.api_version());
    if resource.is_custom() {
        if kind.is_empty() {
            let body = String::from_utf8_lossy(raw);
            let body = body.trim();
            let say = format!(
                "the object provided is unrecognized (must be of type {expected}): Object 'Kind' is missing in '{body}' ({body})"
            );
            return Err(Failure::bad_request(say));
        }
        if api_version != wanted {
            let say = format!(
                "the API version in the data ({api_version}) does not match the expected API version ({wanted})"
            );
            return Err(Failure::bad_request(say));
        }
        if kind != *expected {
            let cause = Cause::invalid("kind", &kind.as_str().into(), &format!("must be {expected}"));
            return Err(Failure::invalid(&resource.group, &kind, crate::meta::name(value), &[cause]));
        }
        return Ok(());
    }
    let known = |kind: &str| {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
        builtin::of_kind(group, version, kind).is_some()
    };
    if !kind.is_empty() && !api_version.is_empty() && !known(&kind) {
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let say = format!(
            "{kind} in version \"{version}\" cannot be handled as a {expected}: no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:111\""
        );
        return Err(Failure::bad_request(say));
    }
    if !kind.is_empty() && kind != *expected {
        let version = api_version.rsplit('/').next().unwrap_or_default().to_owned();
        let internal = if resource.group.is_empty() {
            "core"
        } else {
            resource.group.split('.').next().unwrap_or_default()
        };
        let say = format!(
            "{kind} in version \"{version}\" cannot be handled as a {expected}: converting ({version}.{kind}) to ({internal}.{expected}): unknown conversion"
        );
        return Err(Failure::bad_request(say));
    }
    if !api_version.is_empty() && api_version != wanted {
        let say = format!(
            "the API version in the data ({api_version}) does not match the expected API version ({wanted})"
        );
        return Err(Failure::bad_request(say));
    }
    Ok(())
}
