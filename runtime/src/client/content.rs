//! Whether a success is an answer of an API server at all: proxies, login pages and other servers say 200 as well.
//!
//! Refused is what cannot be JSON, and JSON that is no object of the API; what is called wrongly and looks like JSON, and
//! JSON that is broken, is left to the codec.

use std::borrow::Cow;
use std::time::Duration;

use super::{Client, Response};
use crate::Result;
use crate::codec::{Peek, Reader, decode_members};
use crate::error::{self, Error, Kind};
use crate::request::{Expect, Headers, Request};
use crate::transport::Answer;

/// How much of a foreign page is shown.
const SHOWN: usize = 200;
/// How long its beginning is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// At least one of these is at the top of every object and every list.
const TOP: [&str; 4] = ["kind", "apiVersion", "metadata", "items"];

impl Client {
    /// An answer as it is, unless an object was asked for and this is none.
    pub(super) fn of_the_api(&self, request: &Request, response: Response) -> Result<Response> {
        if let Some(encoding) =
            response.headers.get("content-encoding").filter(|it| !it.eq_ignore_ascii_case("identity"))
            && request.expect == Expect::Object
        {
            let message = format!(
                "the answer is encoded as {:?}, which was not asked for",
                error::excerpt(encoding.as_bytes(), 64)
            );
            return Err(self.error(request, Kind::Decode, message));
        }
        if request.expect != Expect::Object
            || is_json(&response.headers)
            || response.body.is_empty()
            || looks_like_json(&response.body)
        {
            return Ok(response);
        }
        Err(self.foreign(request, response.status, &response.headers, &response.body))
    }

    /// The same for an answer whose body has only begun.
    pub(super) async fn stream_of_the_api(&self, request: &Request, mut answer: Answer) -> Result<Answer> {
        if request.expect != Expect::Object || is_json(&answer.headers) || !is_text(&answer.headers) {
            return Ok(answer);
        }
        let start = match tokio::time::timeout(PATIENCE, answer.body.chunk()).await {
            Ok(Some(Ok(chunk))) => chunk,
            _ => bytes::Bytes::new(),
        };
        if looks_like_json(&start) {
            answer.body = answer.body.after(start);
            return Ok(answer);
        }
        Err(self.foreign(request, answer.status, &answer.headers, &start))
    }

    /// Refuses JSON that is no object of the API.
    ///
    /// client-go takes `{}` and `null` for every type that is read. Here they are failures: a login page's or another
    /// server's JSON would be an empty list, and whoever watches would believe that everything was deleted.
    ///
    /// # Errors
    ///
    /// When the answer's top has nothing that an object or a list has. What is no JSON is not looked at.
    pub(crate) fn object_of_the_api(&self, request: &Request, response: &Response) -> Result<()> {
        if is_object_of_the_api(&response.body) {
            return Ok(());
        }
        // It has no kind, so it can be shown: no Secret comes without one.
        let shown = error::excerpt(&response.body, SHOWN);
        let message = format!(
            "the server answered {} with JSON that is no object of the API: {shown}",
            response.status
        );
        Err(self.no_api(request, message))
    }

    fn foreign(&self, request: &Request, status: u16, headers: &Headers, body: &[u8]) -> Error {
        let content_type = headers.get("content-type").unwrap_or_default();
        let content_type = error::excerpt(content_type.as_bytes(), 64);
        let mut message = format!("the server answered {status} with {content_type} and no JSON");
        // Text is written for people; in anything else there could be a secret that nobody would see here.
        if is_text(headers) {
            message = format!("{message}: {}", error::excerpt(body, SHOWN));
        }
        self.no_api(request, message)
    }

    /// A success that says nothing an API server says.
    pub(crate) fn no_api(&self, request: &Request, message: String) -> Error {
        let error = self.error(request, Kind::Content, message);
        self.with_origin(error.with_help(error::NO_API))
    }
}

/// Whether it is called JSON, or nothing at all.
fn is_json(headers: &Headers) -> bool {
    let Some(content_type) = headers.get("content-type") else { return true };
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let ends_with_json = kind.len() >= 5 && kind.is_char_boundary(kind.len() - 5) && {
        let (_, end) = kind.split_at(kind.len() - 5);
        end.eq_ignore_ascii_case("+json") || end.eq_ignore_ascii_case("/json")
    };
    ends_with_json || kind.is_empty()
}

fn is_text(headers: &Headers) -> bool {
    let kind = headers.get("content-type").unwrap_or_default();
    kind.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"))
}

/// Whether JSON has a member at its top that objects and lists have. Servers write such a member first, so that nothing
/// else is read of a usual answer.
fn is_object_of_the_api(body: &[u8]) -> bool {
    let known = |name: &str| TOP.contains(&name);
    if first_name(body).is_some_and(|name| known(&name)) {
        return true;
    }
    let Ok(text) = std::str::from_utf8(body) else { return true };
    let mut reader = Reader::new(text);
    let mut found = false;
    let read = match reader.peek() {
        Ok(Peek::Object) => decode_members(&mut reader, "an object", |reader, name| {
            found |= known(name);
            reader.raw().map(drop)
        }),
        Ok(Peek::Null) => reader.null().map(drop),
        // No type takes it, so it is the codec's, which shows nothing: a string alone can be a secret.
        _ => return true,
    };
    // Where and why it is broken is said by the codec.
    found || read.is_err()
}

/// The name of the first member of an object, if it is at the very beginning.
fn first_name(body: &[u8]) -> Option<Cow<'_, str>> {
    let start = body.get(..64).unwrap_or(body).utf8_chunks().next()?.valid();
    let mut reader = Reader::new(start);
    reader.enter(b'{', "an object").ok()?;
    reader.name().ok()
}

fn looks_like_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_json_is_told_from_the_rest() {
        for (content_type, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json;stream=watch", true),
            ("application/vnd.api+json", true),
            ("", true),
            ("application/jsonp", false),
            ("text/html; charset=utf-8", false),
            ("text/plain", false),
            ("application/vnd.kubernetes.protobuf", false),
            ("ü", false),
            ("json", false),
        ] {
            let mut headers = Headers::default();
            headers.set("content-type", content_type);
            assert_eq!(is_json(&headers), json, "{content_type}");
        }
        assert!(is_json(&Headers::default()));
    }

    #[test]
    fn an_object_of_the_api_is_told_by_one_member_at_its_top() {
        let late = format!(r#"{{"x":"{}","y":[{{"kind":1}}],"items":null}}"#, "x".repeat(200));
        for (body, of_the_api) in [
            (r#"{"kind":"Pod"}"#, true),
            (r#" { "apiVersion" :"v1"}"#, true),
            (r#"{"metadata":null,"x":1}"#, true),
            (r#"{"\u006bind":"Pod"}"#, true),
            (r#"{"spec":{},"items":[]}"#, true),
            (&late, true),
            ("{}", false),
            ("null", false),
            ("[]", true),
            (r#"[{"kind":"Pod"}]"#, true),
            ("1", true),
            (r#""kind""#, true),
            (r#"{"error":"login required"}"#, false),
            (r#"{"data":{"kind":"Pod"}}"#, false),
            (r#"{"Kind":"Pod"}"#, false),
            // Broken: the codec says where.
            ("", true),
            ("{", true),
            (r#"{"error":"#, true),
            ("<html>", true),
            (r#"{"a":1}}"#, false),
        ] {
            assert_eq!(is_object_of_the_api(body.as_bytes()), of_the_api, "{body}");
        }
        assert!(is_object_of_the_api(b"{\"a\":\"\xff\"}"), "no UTF-8");
    }
}
