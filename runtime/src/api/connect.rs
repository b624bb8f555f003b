//! Subresources that are no objects: `exec`, `attach`, `portforward`, `proxy`.
//!
//! The request side only: what goes over an upgraded connection is not here yet. A proxied GET can be read.

use std::fmt::Write as _;
use std::time::Duration;

use super::call::{Target, header_setter, refuse};
use crate::request::{Expect, Method, Query, Request};
use crate::{Error, Result};

/// A request to a subresource that is no object.
#[must_use = "a request does nothing until it is sent"]
pub struct ConnectRequest {
    target: Target,
    method: Method,
    path: Option<String>,
    query: Query,
    body: Option<(&'static str, Vec<u8>)>,
    refused: Option<Error>,
    timeout: Option<Duration>,
}

impl ConnectRequest {
    pub(super) fn new(target: Target) -> Self {
        ConnectRequest {
            target,
            method: Method::Get,
            path: None,
            query: Query::default(),
            body: None,
            refused: None,
            timeout: None,
        }
    }

    /// The HTTP method; GET unless set.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// One query parameter.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push(name.into(), value);
        self
    }

    /// Which container.
    pub fn container(self, container: impl Into<String>) -> Self {
        self.query("container", container)
    }

    /// The program to run and its arguments, each as it is: no shell is between.
    pub fn command<S: Into<String>>(mut self, command: impl IntoIterator<Item = S>) -> Self {
        for argument in command {
            self.query.push("command", argument);
        }
        self
    }

    /// Connects the standard input.
    pub fn stdin(self) -> Self {
        self.query("stdin", "true")
    }

    /// Connects the standard output.
    pub fn stdout(self) -> Self {
        self.query("stdout", "true")
    }

    /// Connects the standard error; not together with a terminal.
    pub fn stderr(self) -> Self {
        self.query("stderr", "true")
    }

    /// Runs the program in a terminal.
    pub fn tty(self) -> Self {
        self.query("tty", "true")
    }

    /// The ports to forward.
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        let mut list = String::new();
        for port in ports {
            let _ = write!(list, "{}{port}", if list.is_empty() { "" } else { "," });
        }
        if list.is_empty() {
            self.refused = Some(refuse("no port to forward was given"));
        }
        self.query("ports", list)
    }

    /// The path behind a proxy, as `/metrics`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// A body for a proxied request.
    pub fn body(mut self, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some((content_type, body.into()));
        self
    }

    /// Gives up on a proxied request after this time.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
    header_setter!();

    pub(crate) fn request(&mut self) -> Result<Request> {
        self.request_once().map_err(|error| error.in_context(|| self.target.describe("connect")))
    }

    fn request_once(&mut self) -> Result<Request> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let verb = match self.method {
            Method::Get | Method::Head | Method::Options => "get",
            Method::Post => "create",
            Method::Put => "update",
            Method::Patch => "patch",
            Method::Delete => "delete",
        };
        let mut request = self.target.request(verb, self.method)?;
        if let Some(path) = &self.path {
            request.path.append(path)?;
        }
        request.headers.set("accept", "*/*");
        request.expect = Expect::Foreign;
        request.query = self.query.clone();
        request.timeout = self.timeout;
        Ok(match self.body.take() {
            Some((content_type, body)) => request.with_body(content_type, body),
            None => request,
        })
    }

    /// The whole URL, with its parameters.
    ///
    /// # Errors
    ///
    /// When a name or the path cannot be sent.
    pub fn url(mut self) -> Result<String> {
        let request = self.request()?;
        Ok(format!("{}{}", self.target.client.server(), request.target()))
    }

    /// Sends the request as it is and reads the answer, for what is proxied.
    ///
    /// # Errors
    ///
    /// When what answers behind the proxy, or the server itself, answers with a failure or not at all.
    pub async fn bytes(mut self) -> Result<Vec<u8>> {
        let request = self.request()?;
        Ok(self.target.client.call(&request).await?.body.into())
    }
}

impl std::fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectRequest")
            .field("target", &self.target.describe(self.method.as_str()))
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
