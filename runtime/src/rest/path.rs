//! A path built of group, version, namespace, resource, name and subresource, each checked by itself.
//!
//! It deliberately does not know whether the server has such a resource, or whether it lives in a namespace.

use super::RestRequest;
use crate::error::{Error, Kind};
use crate::request::{Ask, Method, Path, Request};
use crate::{Client, Result};

/// The path of a resource under construction; from [`RestClient::resource`](super::RestClient::resource).
#[derive(Clone, Debug)]
#[must_use = "a path does nothing until a verb is called on it"]
pub struct RestPath {
    client: Client,
    api_version: String,
    plural: String,
    namespace: Option<String>,
    name: Option<String>,
    subresource: Option<String>,
}

impl RestPath {
    pub(super) fn new(client: &Client, api_version: String, plural: String) -> Self {
        RestPath {
            client: client.clone(),
            api_version,
            plural,
            namespace: None,
            name: None,
            subresource: None,
        }
    }

    /// In this namespace.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The object of this name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// This subresource of the object.
    pub fn subresource(mut self, subresource: impl Into<String>) -> Self {
        self.subresource = Some(subresource.into());
        self
    }

    /// A request of any method to this path.
    pub fn verb(self, method: Method) -> RestRequest {
        let request = self.request(method);
        RestRequest::new(&self.client, method, request)
    }

    /// Reads it.
    pub fn get(self) -> RestRequest {
        self.verb(Method::Get)
    }

    /// Posts to it.
    pub fn post(self) -> RestRequest {
        self.verb(Method::Post)
    }

    /// Puts to it.
    pub fn put(self) -> RestRequest {
        self.verb(Method::Put)
    }

    /// Patches it; what sort of patch the body is, is said by its content type.
    pub fn patch(self) -> RestRequest {
        self.verb(Method::Patch)
    }

    /// Deletes it.
    pub fn delete(self) -> RestRequest {
        self.verb(Method::Delete)
    }

    fn request(&self, method: Method) -> Result<Request> {
        let (group, version) = match self.api_version.split_once('/') {
            Some((group, version)) => (group, version),
            None => ("", self.api_version.as_str()),
        };
        let mut path = Path::root();
        if self.api_version.contains('/') {
            path.push("path", "apis")?.push("group", group)?;
        } else {
            path.push("path", "api")?;
        }
        path.push("version", version)?;
        if let Some(namespace) = &self.namespace {
            path.push("path", "namespaces")?.push("namespace", namespace)?;
        }
        path.push("resource", &self.plural)?;
        if let Some(name) = &self.name {
            path.push("name", name)?;
        }
        if let Some(subresource) = &self.subresource {
            if self.name.is_none() {
                // It would be taken for a name.
                let message =
                    format!("the subresource {subresource:?} belongs to an object, and no name was given");
                return Err(
                    Error::new(Kind::Request, "", message).with_help("nothing was sent; add `.name(…)`")
                );
            }
            path.push("subresource", subresource)?;
        }
        let mut request = Request::new(method, path);
        request.ask = Some(Ask {
            verb: match (method, &self.name) {
                (Method::Post, _) => "create",
                (Method::Put, _) => "update",
                (Method::Patch, _) => "patch",
                (Method::Delete, Some(_)) => "delete",
                (Method::Delete, None) => "deletecollection",
                (_, Some(_)) => "get",
                (_, None) => "list",
            },
            group: group.to_owned().into(),
            version: version.to_owned().into(),
            resource: match &self.subresource {
                Some(subresource) => format!("{}/{subresource}", self.plural),
                None => self.plural.clone(),
            },
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            apply: false,
            resuming: false,
        });
        Ok(request)
    }
}
