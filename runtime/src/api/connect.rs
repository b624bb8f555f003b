//! Subresources that are no objects: what they are asked for begins here. `proxy` is done here as well; `exec`, `attach`
//! and `portforward` are in `streams`, behind the feature of that name.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use serde::Serialize;

use super::Api;
use super::call::{Target, refuse};
use crate::Result;
use crate::request::{Expect, Method};
use crate::rest::{RawResponse, RawStream, RestRequest};
use crate::transport::BoxFuture;

impl<T> Api<T> {
    /// Sends a request to what an object serves by itself, through the API server.
    ///
    /// `name` is `web`, `web:80` or `https:web:443`, with the number or the name of the port.
    pub fn proxy(
        &self,
        name: impl Into<String>,
        subresource: impl Into<std::borrow::Cow<'static, str>>,
    ) -> ProxyRequest {
        ProxyRequest::new(self.below(name, subresource))
    }
}

#[cfg(feature = "streams")]
impl<T> Api<T> {
    /// Runs a program in a container; `command` is the program and its arguments, without a shell between.
    pub fn exec<S: Into<String>>(
        &self,
        name: impl Into<String>,
        subresource: impl Into<std::borrow::Cow<'static, str>>,
        command: impl IntoIterator<Item = S>,
    ) -> crate::ExecRequest {
        let (client, request) = connection(self.below(name, subresource));
        crate::ExecRequest::new(client, request, command)
    }

    /// Attaches to the process that a container runs.
    pub fn attach(
        &self,
        name: impl Into<String>,
        subresource: impl Into<std::borrow::Cow<'static, str>>,
    ) -> crate::AttachRequest {
        let (client, request) = connection(self.below(name, subresource));
        crate::AttachRequest::new(client, request)
    }

    /// Copies a file or a folder out of a container, by its `tar`: `path` lands in `local` under its own last name.
    pub fn copy_from(
        &self,
        name: impl Into<String>,
        subresource: impl Into<std::borrow::Cow<'static, str>>,
        path: impl AsRef<str>,
        local: impl Into<std::path::PathBuf>,
    ) -> crate::CopyFromRequest {
        let exec = |command| self.exec(name, subresource, command);
        crate::CopyFromRequest::new(exec, path.as_ref(), local)
    }

    /// Copies a file or a folder into a container, by its `tar`: `local` lands in the folder `path` under its own name.
    pub fn copy_to(
        &self,
        name: impl Into<String>,
        subresource: impl Into<std::borrow::Cow<'static, str>>,
        local: impl Into<std::path::PathBuf>,
        path: impl AsRef<str>,
    ) -> crate::CopyToRequest {
        let exec = |command| self.exec(name, subresource, command);
        crate::CopyToRequest::new(exec, local, path.as_ref())
    }

    /// Connects to a port.
    pub fn port_forward(
        &self,
        name: impl Into<String>,
        subresource: impl Into<std::borrow::Cow<'static, str>>,
        port: u16,
    ) -> crate::PortForwardRequest {
        let (client, request) = connection(self.below(name, subresource));
        crate::PortForwardRequest::new(client, request, port)
    }
}

/// The request of a stream. Servers ask for both verbs: `get` for the method, and `create` for what it does.
#[cfg(feature = "streams")]
fn connection(target: Target) -> (crate::Client, Result<crate::request::Request>) {
    let request = target.request("get, create", Method::Get);
    (target.client.clone(), request.map_err(|error| error.in_context(|| target.describe("connect"))))
}

/// A request to what an object serves by itself. Awaited or sent, it gives a [`RawResponse`].
///
/// Redirects of the service are not followed, and an answer that is no success is an error, unless
/// [`ProxyRequest::any_status`].
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct ProxyRequest {
    target: Target,
    method: Method,
    path: Option<String>,
    /// What happens to the request once there is one.
    request: RestRequest,
}

impl ProxyRequest {
    pub(super) fn new(target: Target) -> Self {
        let request = target.request("get", Method::Get).and_then(|mut request| {
            check_name(target.name.as_deref().unwrap_or_default())?;
            request.headers.set("accept", "*/*");
            Ok(request)
        });
        let request = request.map_err(|error| error.in_context(|| target.describe("proxy")));
        let request = RestRequest::new(&target.client, Method::Get, request);
        ProxyRequest { target, method: Method::Get, path: None, request }
    }

    fn with(mut self, change: impl FnOnce(RestRequest) -> RestRequest) -> Self {
        self.request = change(self.request);
        self
    }

    /// The HTTP method; GET unless set.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The path behind the proxy, as `/metrics`. Segments that lead elsewhere are refused.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds a query parameter; the same name may come more than once.
    pub fn query(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|request| request.query(name, value))
    }

    /// Adds a header; those that the client sets itself are refused. The service does not see the client's credentials.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.with(|request| request.header(name, value))
    }

    /// The body, and what it is.
    pub fn body(self, content_type: impl AsRef<str>, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| request.body(content_type, body))
    }

    /// Any value as a JSON body.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.with(|request| request.json(value))
    }

    /// Gives up after this time.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|request| request.timeout(timeout))
    }

    /// Takes an answer of any status as a success: [`RawResponse::status`] tells which.
    pub fn any_status(self) -> Self {
        self.with(RestRequest::any_status)
    }

    fn ready(self) -> RestRequest {
        let ProxyRequest { target, method, path, request } = self;
        request.with_method(method).with(|request| {
            request.expect = Expect::Foreign;
            if let Some(path) = &path {
                request.path.append(path).map_err(|error| error.in_context(|| target.describe("proxy")))?;
            }
            if let Some(ask) = &mut request.ask {
                ask.verb = match method {
                    Method::Get | Method::Head | Method::Options => "get",
                    Method::Post => "create",
                    Method::Put => "update",
                    Method::Patch => "patch",
                    Method::Delete => "delete",
                };
            }
            Ok(())
        })
    }

    /// The whole URL, with its parameters.
    ///
    /// # Errors
    ///
    /// When a name or the path cannot be sent.
    pub fn url(self) -> Result<String> {
        let (client, request) = self.ready().ready()?;
        Ok(format!("{}{}", client.server(), request.target()))
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When a part of the request cannot be sent, when what answers behind the proxy, or the server itself, answers with a
    /// failure (unless [`ProxyRequest::any_status`]), or not at all.
    pub async fn send(self) -> Result<RawResponse> {
        self.ready().send().await
    }

    /// Sends the request and gives the answer as text.
    ///
    /// # Errors
    ///
    /// As [`ProxyRequest::send`], and when the answer is no UTF-8.
    pub async fn text(self) -> Result<String> {
        self.ready().text().await
    }

    /// Sends the request and gives the answer's body as it comes, for as long as it comes.
    ///
    /// # Errors
    ///
    /// As [`ProxyRequest::send`], up to the head of the answer. A timeout bounds only that.
    pub async fn stream(self) -> Result<RawStream> {
        self.ready().stream().await
    }
}

impl IntoFuture for ProxyRequest {
    type Output = Result<RawResponse>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for ProxyRequest {
    /// Neither query nor body: both can be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyRequest")
            .field("target", &self.target.describe(self.method.as_str()))
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Whether this is `name`, `name:port` or `scheme:name:port`, as servers read it.
fn check_name(name: &str) -> Result<()> {
    let parts: Vec<&str> = name.split(':').collect();
    let fits = match *parts.as_slice() {
        [name] => !name.is_empty(),
        [name, _] => !matches!(name, "" | "http" | "https"),
        [scheme, name, _] => matches!(scheme, "" | "http" | "https") && !name.is_empty(),
        _ => false,
    };
    match fits {
        true => Ok(()),
        false => Err(refuse(format!("{name:?} is none of `name`, `name:port` and `https:name:port`"))),
    }
}
