//! What all verbs have in common: where they point, how the request begins, and how an answer is read.
//!
//! Not generic where it need not be, so that each verb costs little in each program.

use std::borrow::Cow;

use crate::client::Response;
use crate::codec::{self, Value};
use crate::error::{self, Error, Kind};
use crate::request::{Ask, Method, Path, Request};
use crate::wire::Status;
use crate::{Client, Entity, ResourceInfo, Result};

/// How an object is asked for of which nothing but the metadata is wanted, and a list of such.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// Where objects are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Namespace(String),
    AllNamespaces,
    Cluster,
}

/// A collection, an object in it, or a subresource of one, on a server.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) client: Client,
    pub(super) resource: ResourceInfo,
    pub(super) place: Place,
    pub(super) metadata_only: bool,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<Cow<'static, str>>,
    /// Header fields of the caller's; checked when there is a request.
    pub(super) headers: Vec<(String, String)>,
    /// Whether a resuming watch asks; for messages.
    pub(super) resuming: bool,
}

impl Target {
    /// The same target, or one that is refused when `object` says that it belongs elsewhere.
    pub(super) fn holding<T: Entity>(self, object: &T) -> Holder {
        let mut refused = None;
        if let (Place::Namespace(here), Some(there)) = (&self.place, object.metadata().namespace())
            && !there.is_empty()
            && here != there
        {
            refused =
                Some(refuse(format!("the object says namespace {there:?}, this client is for {here:?}")));
        }
        Holder { target: self, refused }
    }

    /// A request of this verb to this target, with nothing but its path.
    pub(super) fn request(&self, verb: &'static str, method: Method) -> Result<Request> {
        let mut request = Request::new(method, self.path(verb)?);
        if self.metadata_only {
            let list = matches!(verb, "list" | "deletecollection");
            request.headers.set("accept", if list { METADATA_LIST } else { METADATA });
        }
        request.ask = Some(Ask {
            verb,
            group: self.resource.group.clone(),
            version: self.resource.version.clone(),
            resource: match &self.subresource {
                Some(subresource) => format!("{}/{subresource}", self.resource.plural),
                None => self.resource.plural.to_string(),
            },
            namespace: match &self.place {
                Place::Namespace(namespace) => Some(namespace.clone()),
                Place::AllNamespaces | Place::Cluster => None,
            },
            name: self.name.clone(),
            apply: false,
            resuming: self.resuming,
        });
        for (name, value) in &self.headers {
            request.headers.add_checked(name, value)?;
        }
        Ok(request)
    }

    fn path(&self, verb: &'static str) -> Result<Path> {
        let ResourceInfo { group, version, plural, namespaced, .. } = &self.resource;
        let mut path = Path::root();
        if group.is_empty() {
            path.push("path", "api")?;
        } else {
            path.push("path", "apis")?.push("group", group)?;
        }
        path.push("version", version)?;
        match (&self.place, namespaced) {
            (Place::Namespace(namespace), true) => {
                path.push("path", "namespaces")?.push("namespace", namespace)?;
            }
            (Place::AllNamespaces, true) if matches!(verb, "list" | "watch") => {}
            (Place::AllNamespaces | Place::Cluster, true) => {
                return Err(refuse(format!(
                    "{plural} live in a namespace, and {verb} needs to know in which"
                )));
            }
            (Place::Namespace(namespace), false) => {
                return Err(refuse(format!("{plural} live in no namespace, and {namespace:?} was given")));
            }
            (Place::AllNamespaces | Place::Cluster, false) => {}
        }
        path.push("resource", plural)?;
        if let Some(name) = &self.name {
            path.push("name", name)?;
        }
        if let Some(subresource) = &self.subresource {
            path.push("subresource", subresource)?;
        }
        Ok(path)
    }

    /// What errors that happen before there is a request are about.
    pub(super) fn describe(&self, verb: &str) -> String {
        let ask = Ask {
            group: self.resource.group.clone(),
            resource: self.resource.plural.to_string(),
            namespace: match &self.place {
                Place::Namespace(namespace) => Some(namespace.clone()),
                _ => None,
            },
            ..Ask::default()
        };
        let name = self.name.as_ref().map(|name| format!(" {name:?}")).unwrap_or_default();
        format!("{verb} {}{name}{} on {}", ask.group_resource(), ask.place(), self.client.server())
    }

    /// Sends a request and reads the answer as text.
    pub(super) async fn text(&self, request: &Request) -> Result<String> {
        let response = self.client.call(request).await?;
        check(&self.client, request, &response)?;
        self.text_of(request, response)
    }

    /// The same where the text must be an object.
    pub(super) async fn object_text(&self, request: &Request) -> Result<String> {
        let response = self.client.call(request).await?;
        check(&self.client, request, &response)?;
        self.client.object_of_the_api(request, &response)?;
        self.text_of(request, response)
    }

    fn text_of(&self, request: &Request, response: Response) -> Result<String> {
        String::from_utf8(response.body.into())
            .map_err(|_| self.client.error(request, Kind::Decode, "the answer is no UTF-8 text"))
    }

    /// Sends a request and reads the answer as one object.
    pub(super) async fn value<T: Value + Default>(&self, request: &Request) -> Result<T> {
        let response = self.client.call(request).await?;
        decode(&self.client, request, &response)
    }
}

/// A target for a given object, and whether they go together.
pub(super) struct Holder {
    pub(super) target: Target,
    pub(super) refused: Option<Error>,
}

impl From<Target> for Holder {
    fn from(target: Target) -> Self {
        Holder { target, refused: None }
    }
}

pub(super) fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Request, "", message).with_help("nothing was sent")
}

/// An answer as the type that was asked for.
pub(super) fn decode<T: Value + Default>(
    client: &Client,
    request: &Request,
    response: &Response,
) -> Result<T> {
    check(client, request, response)?;
    client.object_of_the_api(request, response)?;
    codec::from_slice(&response.body).map_err(|error| undecodable(client, request, &error.to_string()))
}

/// An answer that is a Status, if it is one.
pub(super) fn status(response: &Response) -> Option<Status> {
    // A Status says so at its beginning; an object of another kind is refused by the codec.
    let start = &response.body[..response.body.len().min(512)];
    memchr::memmem::find(start, b"\"Status\"")?;
    codec::from_slice(&response.body).ok()
}

/// Finds failures that travel as success: nothing at all, or a Status that says so.
pub(super) fn check(client: &Client, request: &Request, response: &Response) -> Result<()> {
    if response.body.is_empty() {
        return Err(client.no_api(request, format!("0-length response with status {}", response.status)));
    }
    match status(response) {
        Some(status) if status.status.as_deref() == Some("Failure") => {
            let http = status.code.and_then(|code| u16::try_from(code).ok()).unwrap_or(response.status);
            Err(error::from_status(status, http, None, request.context(client.server())))
        }
        _ => Ok(()),
    }
}

/// An answer that cannot be read. It is never shown, since it may be a Secret.
fn undecodable(client: &Client, request: &Request, why: &str) -> Error {
    let message = format!("the answer cannot be read: {why}");
    client.error(request, Kind::Decode, message).with_help("`.raw()` gives the answer as it came")
}

/// Makes a request value awaitable, and says what it is in `Debug`.
macro_rules! awaitable {
    ($name:ident $(<$generic:ident> where [$($bound:tt)+])? => $output:ty) => {
        impl$(<$generic: $($bound)+>)? std::future::IntoFuture for $name$(<$generic>)? {
            type Output = crate::Result<$output>;
            type IntoFuture = crate::transport::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}

/// `Debug` for a request value: its target and its options.
macro_rules! debug_request {
    ($name:ident $(<$generic:ident>)?) => {
        impl$(<$generic>)? std::fmt::Debug for $name$(<$generic>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("target", &self.target.describe(""))
                    .field("options", &self.options)
                    .finish_non_exhaustive()
            }
        }
    };
}

/// Setters on a request value that forward to its options.
macro_rules! option_setters {
    ($options:ty { $($(#[$doc:meta])* $form:ident $field:ident $($type:ty)?;)* }) => {
        /// Replaces all options.
        pub fn options(mut self, options: &$options) -> Self {
            self.options = options.clone();
            self
        }
        $(crate::api::call::option_setters!(@ $(#[$doc])* $form $field $($type)?);)*
    };
    (@ $(#[$doc:meta])* text $field:ident) => {
        $(#[$doc])*
        pub fn $field(mut self, $field: impl Into<String>) -> Self {
            self.options.$field = Some($field.into());
            self
        }
    };
    (@ $(#[$doc:meta])* some $field:ident $type:ty) => {
        $(#[$doc])*
        pub fn $field(mut self, $field: $type) -> Self {
            self.options.$field = Some($field);
            self
        }
    };
    (@ $(#[$doc:meta])* flag $field:ident) => {
        $(#[$doc])*
        pub fn $field(mut self) -> Self {
            self.options.$field = true;
            self
        }
    };
}

/// The deadline of a call that ends by itself.
macro_rules! timeout_setter {
    () => {
        /// Gives up after this time, here and on the server.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.timeout = Some(timeout);
            self
        }
        crate::api::call::header_setter!();
    };
}

/// Header fields of the caller's.
macro_rules! header_setter {
    () => {
        /// Adds a header field to this request. What the client sets itself is refused when it is sent: credentials,
        /// impersonation, the host, and what belongs to the connection.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.target.headers.push((name.into(), value.into()));
            self
        }
    };
}

pub(super) use {awaitable, debug_request, header_setter, option_setters, timeout_setter};
