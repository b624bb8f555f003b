//! Requests as plain data: method, path, query, headers and body, checked before anything is sent.
//!
//! It deliberately does no IO: `transport` carries what is described here, `client` decides about retries.

mod headers;
mod path;
mod query;
pub(crate) mod retry;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub(crate) use headers::Headers;
pub(crate) use path::Path;
pub(crate) use query::Query;

use crate::rest::Warning;

/// The content type of JSON bodies.
pub(crate) const JSON: &str = "application/json";

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head only.
    Head,
    /// Creates.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Deletes.
    Delete,
    /// Asks what is allowed.
    Options,
}

impl Method {
    /// The method as it stands in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }

    /// Whether sending it twice changes no more than sending it once, without asking what it does.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Method::Get | Method::Head | Method::Options)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the connection is used: many short calls share one, long streams get others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The answer ends by itself.
    Unary,
    /// The answer may stay open for hours.
    Stream,
}

/// What the answer should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// An object of the API, in JSON.
    Object,
    /// Anything that the server has.
    Any,
    /// Anything that another program has to say through the server: what a proxy leads to, the log of a container.
    Foreign,
}

/// What is being asked, in the words of the API: for messages only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The RBAC verb: `get`, `list`, `deletecollection` …
    pub(crate) verb: &'static str,
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    /// The plural name, with `/subresource` where there is one.
    pub(crate) resource: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    /// Whether a patch is an apply, whose conflicts have another meaning.
    pub(crate) apply: bool,
    /// Whether a resuming watch asks, which needs both `list` and `watch` sooner or later.
    pub(crate) resuming: bool,
}

impl Ask {
    /// `pods` or `deployments.apps`.
    pub(crate) fn group_resource(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// ` in namespace "x"`, or nothing.
    pub(crate) fn place(&self) -> String {
        self.namespace.as_ref().map(|namespace| format!(" in namespace {namespace:?}")).unwrap_or_default()
    }
}

/// Somebody who hears of warnings.
#[derive(Clone)]
pub(crate) struct WarningHandler(pub(crate) Arc<dyn Fn(&Warning) + Send + Sync>);

impl PartialEq for WarningHandler {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for WarningHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WarningHandler")
    }
}

/// One request, complete but for what the client adds (credentials, user agent, impersonation).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Query,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
    pub(crate) class: Class,
    /// The whole call may take this long, retries included.
    pub(crate) timeout: Option<Duration>,
    /// Whether an answer of any status is a success: for the REST client.
    pub(crate) any_status: bool,
    pub(crate) expect: Expect,
    /// How often it is sent again at most, where that is not left to the client.
    pub(crate) max_retries: Option<u32>,
    /// Whether it is sent again where no server asks for that. Not for those who have a rule of their own.
    pub(crate) uninvited: bool,
    pub(crate) ask: Option<Ask>,
    /// Who hears of warnings, where that is not left to the client.
    pub(crate) on_warning: Option<WarningHandler>,
}

impl Request {
    pub(crate) fn new(method: Method, path: Path) -> Self {
        let mut headers = Headers::default();
        headers.set("accept", JSON);
        Request {
            method,
            path,
            query: Query::default(),
            headers,
            body: Bytes::new(),
            class: Class::Unary,
            timeout: None,
            any_status: false,
            expect: Expect::Object,
            max_retries: None,
            uninvited: true,
            ask: None,
            on_warning: None,
        }
    }

    /// Sets the body and what it is.
    pub(crate) fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.set("content-type", content_type);
        self.body = body.into();
        self
    }

    /// Bounds the call on both sides: the server is told by `?timeout=`, and the client gives up by itself.
    pub(crate) fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        if let Some(timeout) = timeout {
            self.query.push("timeout", go_duration(timeout));
            self.timeout = Some(timeout);
        }
        self
    }

    /// The path and query, as they stand in the request line.
    pub(crate) fn target(&self) -> String {
        let mut out = String::new();
        self.write_target(&mut out);
        out
    }

    /// The same, behind what is there.
    pub(crate) fn write_target(&self, out: &mut String) {
        out.push_str(self.path.as_str());
        self.query.write(out);
    }

    /// What errors say of this request: `GET https://host/path`, without the query (selectors can be private).
    pub(crate) fn context(&self, server: &str) -> String {
        format!("{} {server}{}", self.method, self.path.as_str())
    }
}

/// A duration as Go reads it.
fn go_duration(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis().max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_told_to_the_server_as_go_writes_it() {
        for (millis, text) in [(30_000, "/x?timeout=30s"), (1_500, "/x?timeout=1500ms")] {
            let request = Request::new(Method::Get, Path::absolute("/x").unwrap());
            assert_eq!(request.with_timeout(Some(Duration::from_millis(millis))).target(), text);
        }
    }
}
