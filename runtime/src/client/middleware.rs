//! What others may see of a request and add to it: the hook for programs that trace, sign or count by themselves.
//!
//! Deliberately no chain of services: a hook sees each try, adds headers and hears how it ended. It cannot send, change or
//! answer a request, so that what is said of retries and credentials stays true whatever is hooked in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use crate::Result;
use crate::request::{Headers, Method, Request};

/// Sees each try of each request; set by [`Config::middleware`](crate::Config::middleware).
///
/// ```
/// use clientset_runtime::{Config, Middleware, RequestHeaders, RequestInfo, Result};
///
/// /// Hands the caller's trace on.
/// struct TraceParent;
///
/// impl Middleware for TraceParent {
///     fn before(&self, _: &RequestInfo<'_>, headers: &mut RequestHeaders<'_>) -> Result<()> {
///         headers.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
///     }
/// }
///
/// let config = Config::new("https://203.0.113.7:6443").middleware(TraceParent);
/// ```
pub trait Middleware: Send + Sync + 'static {
    /// Called before each try goes out, credentials apart: nobody sees those.
    ///
    /// # Errors
    ///
    /// An error ends the call; nothing is sent.
    fn before(&self, request: &RequestInfo<'_>, headers: &mut RequestHeaders<'_>) -> Result<()> {
        let _ = (request, headers);
        Ok(())
    }

    /// Called when the answer to a try has begun, or none came.
    fn after(&self, request: &RequestInfo<'_>, response: &ResponseInfo<'_>) {
        let _ = (request, response);
    }
}

/// For hooks that somebody else holds as well.
impl<T: Middleware + ?Sized> Middleware for Arc<T> {
    fn before(&self, request: &RequestInfo<'_>, headers: &mut RequestHeaders<'_>) -> Result<()> {
        (**self).before(request, headers)
    }

    fn after(&self, request: &RequestInfo<'_>, response: &ResponseInfo<'_>) {
        (**self).after(request, response);
    }
}

/// What is asked of which server.
pub struct RequestInfo<'a> {
    pub(super) request: &'a Request,
    pub(super) host: &'a str,
    pub(super) resends: u32,
}

impl RequestInfo<'_> {
    /// The HTTP method.
    pub fn method(&self) -> Method {
        self.request.method
    }

    /// The path below the server's URL, without the query, which can be private.
    pub fn path(&self) -> &str {
        self.request.path.as_str()
    }

    /// The server, as `host` or `host:port`.
    pub fn host(&self) -> &str {
        self.host
    }

    /// How often it was sent before: 0 the first time.
    pub fn resend_count(&self) -> u32 {
        self.resends
    }

    /// The verb in the words of RBAC, as `get`, `list`, `deletecollection`; none for raw requests.
    pub fn verb(&self) -> Option<&str> {
        self.request.ask.as_ref().map(|ask| ask.verb)
    }

    /// The API group; empty for the core group, none for raw requests.
    pub fn group(&self) -> Option<&str> {
        self.request.ask.as_ref().map(|ask| ask.group.as_ref())
    }

    /// The version in the group.
    pub fn version(&self) -> Option<&str> {
        self.request.ask.as_ref().map(|ask| ask.version.as_ref())
    }

    /// The plural of the resource, with `/subresource` where there is one.
    pub fn resource(&self) -> Option<&str> {
        self.request.ask.as_ref().map(|ask| ask.resource.as_str())
    }

    /// The namespace that is asked in.
    pub fn namespace(&self) -> Option<&str> {
        self.request.ask.as_ref().and_then(|ask| ask.namespace.as_deref())
    }
}

impl fmt::Debug for RequestInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestInfo")
            .field("method", &self.method())
            .field("host", &self.host)
            .field("path", &self.path())
            .field("resend_count", &self.resends)
            .finish_non_exhaustive()
    }
}

/// The header fields of a try, to add to.
pub struct RequestHeaders<'a>(pub(super) &'a mut Headers);

impl RequestHeaders<'_> {
    /// Adds a field. `Accept`, `Content-Type` and `User-Agent` replace what would be sent otherwise.
    ///
    /// # Errors
    ///
    /// When it is no header, or one that the client sets itself: credentials, impersonation, the host, and what belongs to
    /// the connection.
    pub fn add(&mut self, name: &str, value: &str) -> Result<()> {
        self.0.add_checked(name, value)
    }
}

impl fmt::Debug for RequestHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a try ended, or what its answer begins with.
pub struct ResponseInfo<'a> {
    pub(super) head: Option<(u16, &'a Headers)>,
    pub(super) latency: Duration,
}

impl ResponseInfo<'_> {
    /// The HTTP status; none where no answer came.
    pub fn status(&self) -> Option<u16> {
        self.head.map(|(status, _)| status)
    }

    /// The first field of this name in the answer's head, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.and_then(|(_, headers)| headers.get(name))
    }

    /// How long it took until the answer began.
    pub fn latency(&self) -> Duration {
        self.latency
    }
}

impl fmt::Debug for ResponseInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseInfo")
            .field("status", &self.status())
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// What hooks get to know of a request.
    pub(super) fn info<'a>(&'a self, request: &'a Request, resends: u32) -> RequestInfo<'a> {
        RequestInfo { request, host: &self.shared.endpoint.host, resends }
    }
}
