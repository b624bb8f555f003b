//! One raw request: query, headers, body, and the ways to read the answer.

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::response::{RawResponse, RawStream};
use super::warning::Warning;
use crate::codec::Value;
use crate::error::{Error, Kind};
use crate::request::{Class, Expect, JSON, Method, Path, Request, WarningHandler};
use crate::transport::BoxFuture;
use crate::watch::Watch;
use crate::{Client, Result};

/// A raw request. Awaited or sent, it gives a [`RawResponse`].
///
/// What is wrong with a part of it (the path, a header, a body that cannot be written) is said when it is sent, and then
/// nothing goes out.
#[must_use = "a request does nothing until it is awaited or sent"]
pub struct RestRequest {
    client: Client,
    method: Method,
    request: Result<Request>,
}

impl RestRequest {
    pub(crate) fn new(client: &Client, method: Method, mut request: Result<Request>) -> Self {
        if let Ok(request) = &mut request {
            request.expect = Expect::Any;
        }
        RestRequest { client: client.clone(), method, request }
    }

    pub(super) fn absolute(client: &Client, method: Method, path: &str) -> Self {
        Self::new(client, method, Path::absolute(path).map(|path| Request::new(method, path)))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Request) -> Result<()>) -> Self {
        if let Ok(request) = &mut self.request
            && let Err(error) = change(request)
        {
            self.request = Err(error);
        }
        self
    }

    /// Another method; the path stays.
    pub(crate) fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self.with(|request| {
            request.method = method;
            Ok(())
        })
    }

    /// Adds a query parameter; the same name may come more than once.
    pub fn query(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|request| {
            request.query.push(name.into(), value.into());
            Ok(())
        })
    }

    /// Adds a header. `Accept`, `Content-Type` and `User-Agent` replace what would be sent otherwise; credentials,
    /// impersonation and what belongs to the connection are refused.
    pub fn header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        self.with(|request| request.headers.add_checked(name.as_ref(), value.as_ref()))
    }

    /// The body, and what it is: `application/json`, `application/merge-patch+json` …
    pub fn body(self, content_type: impl AsRef<str>, body: impl Into<Vec<u8>>) -> Self {
        self.with(|request| {
            request.headers.add_checked("content-type", content_type.as_ref())?;
            request.body = body.into().into();
            Ok(())
        })
    }

    /// Any value as a JSON body. A content type that was set before stays, for patches.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.with(|request| {
            let body = serde_json::to_vec(value)
                .map_err(|error| Error::new(Kind::Request, "", format!("the body is no JSON: {error}")))?;
            if request.headers.get("content-type").is_none() {
                request.headers.set("content-type", JSON);
            }
            request.body = body.into();
            Ok(())
        })
    }

    /// Gives up after this time. The server is not told; for that there is `.query("timeout", "30s")`.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|request| {
            request.timeout = Some(timeout);
            Ok(())
        })
    }

    /// Takes an answer of any status as a success: [`RawResponse::status`] tells which. Redirects are not followed, and
    /// nothing is tried again because the server says so.
    pub fn any_status(self) -> Self {
        self.with(|request| {
            request.any_status = true;
            Ok(())
        })
    }

    /// Sends it again at most this often, whatever the client says; see [`Client::max_retries`].
    pub fn max_retries(self, retries: u32) -> Self {
        self.with(|request| {
            request.max_retries = Some(retries);
            Ok(())
        })
    }

    /// Hears what the server warns of beside its answer to this request, in place of the client's handler.
    pub fn on_warning(self, handler: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.with(|request| {
            request.on_warning = Some(WarningHandler(Arc::new(handler)));
            Ok(())
        })
    }

    pub(crate) fn ready(self) -> Result<(Client, Request)> {
        let RestRequest { client, method, request } = self;
        let request =
            request.map_err(|error| error.in_context(|| format!("{method} on {}", client.server())))?;
        Ok((client, request))
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When a part of the request cannot be sent, the server answers with a failure (unless [`RestRequest::any_status`])
    /// or not at all.
    pub async fn send(self) -> Result<RawResponse> {
        let (client, request) = self.ready()?;
        let response = client.call(&request).await?;
        Ok(RawResponse::new(request.context(client.server()), response))
    }

    /// Sends the request and gives the answer as text.
    ///
    /// # Errors
    ///
    /// As [`RestRequest::send`], and when the answer is no UTF-8.
    pub async fn text(self) -> Result<String> {
        self.send().await?.text().map(str::to_owned)
    }

    /// Sends the request and gives the answer's body as it comes, for as long as it comes.
    ///
    /// # Errors
    ///
    /// As [`RestRequest::send`], up to the head of the answer. A timeout bounds only that.
    pub async fn stream(self) -> Result<RawStream> {
        let (client, mut request) = self.ready()?;
        request.class = Class::Stream;
        let answer = client.open_within(&request, request.timeout).await?;
        Ok(RawStream::new(client, request, answer))
    }

    /// Sends the request with `watch=true` and reads the answer as the events of a watch.
    ///
    /// # Errors
    ///
    /// As [`RestRequest::send`].
    pub async fn watch<T: Value + Default>(self) -> Result<Watch<T>> {
        let (client, mut request) = self.query("watch", "true").ready()?;
        request.class = Class::Stream;
        let answer = client.open_within(&request, request.timeout).await?;
        Ok(Watch::new(client, request, answer.body, None))
    }
}

impl IntoFuture for RestRequest {
    type Output = Result<RawResponse>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for RestRequest {
    /// Neither query nor body: both can be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.request {
            Ok(request) => request.context(self.client.server()),
            Err(error) => error.to_string(),
        };
        f.debug_struct("RestRequest").field("target", &target).finish_non_exhaustive()
    }
}
