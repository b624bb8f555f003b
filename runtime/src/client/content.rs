//! Whether a success is an answer of an API server at all: proxies, login pages and other servers say 200 as well.
//!
//! Only what cannot be JSON is refused; what is called wrongly and looks like JSON is left to the codec.

use std::time::Duration;

use super::{Client, Response};
use crate::Result;
use crate::error::{self, Error, Kind};
use crate::request::{Expect, Headers, Request};
use crate::transport::Answer;

/// How much of a foreign page is shown.
const SHOWN: usize = 200;
/// How long its beginning is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

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

    fn foreign(&self, request: &Request, status: u16, headers: &Headers, body: &[u8]) -> Error {
        let content_type = headers.get("content-type").unwrap_or_default();
        let content_type = error::excerpt(content_type.as_bytes(), 64);
        let mut message = format!("the server answered {status} with {content_type} and no JSON");
        // Text is written for people; in anything else there could be a secret that nobody would see here.
        if is_text(headers) {
            message = format!("{message}: {}", error::excerpt(body, SHOWN));
        }
        let error = self.error(request, Kind::Content, message);
        self.with_origin(error.with_help("is this the API server, or a proxy or login page?"))
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
}
