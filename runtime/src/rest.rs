//! Any verb on any path: for what has no typed client, as `/healthz`, a service's proxy, or a group of tomorrow.
//!
//! Deliberately thin: what goes out is checked as for the typed clients, what comes back is handed over as it is. Failures
//! are the same errors, read from the same Status.

mod path;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod warning;

pub use path::RestPath;
pub use request::RestRequest;
pub(crate) use response::unfit;
pub use response::{RawResponse, RawStream};
pub use warning::Warning;
pub(crate) use warning::warnings;

use crate::Client;
use crate::request::Method;

/// The client for any path of the server. Cheap to clone; from [`Client::rest`].
///
/// Paths begin with a slash and go below the server's URL, whatever path prefix that has.
///
/// ```no_run
/// # async fn run(client: clientset_runtime::Client) -> clientset_runtime::Result<()> {
/// let health = client.rest().get("/healthz").query("verbose", "").text().await?;
/// let answer = client.rest().post("/api/v1/namespaces/default/configmaps")
///     .body("application/json", r#"{"metadata":{"name":"a"}}"#)
///     .send().await?;
/// assert_eq!(answer.status(), 201);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct RestClient {
    client: Client,
}

impl RestClient {
    pub(crate) fn new(client: &Client) -> Self {
        RestClient { client: client.clone() }
    }

    /// A request of any method to an absolute path.
    ///
    /// A path that would leave the server's (`..` in any spelling, a host, empty segments) or that holds a query is refused
    /// when the request is sent; the query goes into [`RestRequest::query`].
    pub fn verb(&self, method: Method, path: impl AsRef<str>) -> RestRequest {
        RestRequest::absolute(&self.client, method, path.as_ref())
    }

    /// Reads a path.
    pub fn get(&self, path: impl AsRef<str>) -> RestRequest {
        self.verb(Method::Get, path)
    }

    /// Posts to a path.
    pub fn post(&self, path: impl AsRef<str>) -> RestRequest {
        self.verb(Method::Post, path)
    }

    /// Puts to a path.
    pub fn put(&self, path: impl AsRef<str>) -> RestRequest {
        self.verb(Method::Put, path)
    }

    /// Patches at a path; what sort of patch the body is, is said by its content type.
    pub fn patch(&self, path: impl AsRef<str>) -> RestRequest {
        self.verb(Method::Patch, path)
    }

    /// Deletes at a path.
    pub fn delete(&self, path: impl AsRef<str>) -> RestRequest {
        self.verb(Method::Delete, path)
    }

    /// The path of a resource, built of its parts: `("apps/v1", "deployments")`, `("v1", "pods")`.
    ///
    /// Each part is checked as in the typed clients; what is wrong is said when the request is sent.
    pub fn resource(&self, api_version: impl Into<String>, plural: impl Into<String>) -> RestPath {
        RestPath::new(&self.client, api_version.into(), plural.into())
    }
}

impl Client {
    /// The client for any verb on any path.
    pub fn rest(&self) -> RestClient {
        RestClient::new(self)
    }
}
