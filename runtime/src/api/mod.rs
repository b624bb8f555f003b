//! The verbs of one resource: a generic shell that generated clients and dynamic objects share.
//!
//! Each verb returns a small request value that is owned, `'static`, and does nothing until it is awaited or sent. The
//! facts of the resource are a value, so that nothing here depends on how they became known.

mod apply;
mod call;
mod connect;
mod create;
mod delete;
mod diff;
mod edit;
mod get;
mod list;
mod log;
mod log_resume;
mod pager;
mod patch;
mod update;
mod watch;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

pub use apply::{ApplyBody, ApplyRequest};
pub use connect::ProxyRequest;
pub use create::CreateRequest;
pub use delete::{DeleteCollectionRequest, DeleteRequest, Deleted};
pub use edit::EditRequest;
pub use get::GetRequest;
pub use list::ListRequest;
pub use log::{LogBytes, LogLines, LogRequest};
pub use log_resume::ResumingLogLines;
pub use pager::ListStream;
pub use patch::PatchRequest;
pub use update::UpdateRequest;
pub use watch::WatchRequest;

use crate::codec::Value;
use crate::{Client, DynamicApi, Entity, Patch, Resource, ResourceInfo};
use call::{Place, Target};

/// The client for one resource in one place: a namespace, all namespaces, or the cluster.
///
/// Cheap to clone. Which verbs and subresources a resource really has is known to the generated clients, which offer only
/// those; here the server says it.
pub struct Api<T> {
    client: Client,
    resource: ResourceInfo,
    place: Place,
    /// Whether of each object the metadata is all that is wanted.
    metadata_only: bool,
    of: PhantomData<fn() -> T>,
}

impl<T: Resource> Api<T> {
    /// Objects in one namespace.
    pub fn namespaced(client: &Client, namespace: impl Into<String>) -> Self {
        Self::at(client, ResourceInfo::of::<T>(), Place::Namespace(namespace.into()))
    }

    /// Objects in all namespaces: for lists and watches.
    pub fn all(client: &Client) -> Self {
        Self::at(client, ResourceInfo::of::<T>(), Place::AllNamespaces)
    }

    /// Objects that live in no namespace.
    pub fn cluster(client: &Client) -> Self {
        Self::at(client, ResourceInfo::of::<T>(), Place::Cluster)
    }
}

impl<T> Api<T> {
    fn at(client: &Client, resource: ResourceInfo, place: Place) -> Self {
        Api { client: client.clone(), resource, place, metadata_only: false, of: PhantomData }
    }

    /// The client underneath.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The facts of the resource.
    pub fn resource(&self) -> &ResourceInfo {
        &self.resource
    }

    /// The same resource, of whose objects the server gives nothing but the metadata (`PartialObjectMetadata`): much less
    /// to send and to keep where specification and status do not matter.
    ///
    /// For reading, watching, patching and deleting. What it gives is not the whole object, so a server refuses it as the
    /// body of `create` and `update`. Servers that cannot do this answer with [`is_not_acceptable`](crate::Error::is_not_acceptable).
    pub fn metadata_only(&self) -> DynamicApi {
        let api = DynamicApi::at(&self.client, self.resource.clone(), self.place.clone());
        Api { metadata_only: true, ..api }
    }

    fn collection(&self) -> Target {
        Target {
            metadata_only: self.metadata_only,
            client: self.client.clone(),
            resource: self.resource.clone(),
            place: self.place.clone(),
            name: None,
            subresource: None,
            headers: Vec::new(),
            resuming: false,
        }
    }

    fn object(&self, name: impl Into<String>) -> Target {
        Target { name: Some(name.into()), ..self.collection() }
    }

    fn below(&self, name: impl Into<String>, subresource: impl Into<Cow<'static, str>>) -> Target {
        Target { subresource: Some(subresource.into()), ..self.object(name) }
    }
}

impl<T: Entity> Api<T> {
    /// Objects of a resource whose facts are known only at run time, in `namespace` or (`None`) in all of them or in none.
    pub fn dynamic(client: &Client, resource: ResourceInfo, namespace: Option<String>) -> Self {
        let place = match namespace {
            Some(namespace) => Place::Namespace(namespace),
            None if resource.namespaced => Place::AllNamespaces,
            None => Place::Cluster,
        };
        Self::at(client, resource, place)
    }

    /// Reads one object.
    pub fn get(&self, name: impl Into<String>) -> GetRequest<T> {
        GetRequest::new(self.object(name))
    }

    /// Lists objects: awaited it gives one page, and `.stream()` goes over all of them.
    pub fn list(&self) -> ListRequest<T> {
        ListRequest::new(self.collection())
    }

    /// Watches objects for changes.
    pub fn watch(&self) -> WatchRequest<T> {
        WatchRequest::new(self.collection())
    }

    /// Creates an object.
    pub fn create(&self, object: &T) -> CreateRequest<T> {
        CreateRequest::new(self.collection().holding(object), object)
    }

    /// Replaces an object; with the `resourceVersion` it was read with, only if it has not changed since.
    pub fn update(&self, object: &T) -> UpdateRequest<T> {
        UpdateRequest::new(self.object(name_of(object)).holding(object), object)
    }

    /// Replaces a subresource that is read and written as the object itself, as `status`.
    pub fn update_own_subresource(
        &self,
        subresource: impl Into<Cow<'static, str>>,
        object: &T,
    ) -> UpdateRequest<T> {
        UpdateRequest::new(self.below(name_of(object), subresource).holding(object), object)
    }

    /// Changes a part of an object.
    pub fn patch(&self, name: impl Into<String>, patch: &Patch) -> PatchRequest<T> {
        PatchRequest::new(self.object(name), patch)
    }

    /// Says what this program wants of an object, by server-side apply. A field manager is required.
    pub fn apply(&self, name: impl Into<String>, object: &impl ApplyBody) -> ApplyRequest<T> {
        ApplyRequest::new(self.object(name), object)
    }

    /// Reads an object, lets `change` change it, and sends what became different; again, if somebody else was faster.
    pub fn edit(
        &self,
        name: impl Into<String>,
        change: impl FnMut(&mut T) + Send + 'static,
    ) -> EditRequest<T> {
        EditRequest::new(self.object(name), Box::new(change))
    }

    /// Deletes an object.
    pub fn delete(&self, name: impl Into<String>) -> DeleteRequest<T> {
        DeleteRequest::new(self.object(name))
    }

    /// Deletes all objects that the selectors choose; without any, all there are.
    pub fn delete_collection(&self) -> DeleteCollectionRequest<T> {
        DeleteCollectionRequest::new(self.collection())
    }
}

impl<T> Api<T> {
    /// Reads a subresource, as `scale`.
    pub fn get_subresource<S: Value + Default + 'static>(
        &self,
        name: impl Into<String>,
        subresource: impl Into<Cow<'static, str>>,
    ) -> GetRequest<S> {
        GetRequest::new(self.below(name, subresource))
    }

    /// Replaces a subresource.
    pub fn update_subresource<S: Value + Default + 'static>(
        &self,
        name: impl Into<String>,
        subresource: impl Into<Cow<'static, str>>,
        object: &S,
    ) -> UpdateRequest<S> {
        UpdateRequest::new(self.below(name, subresource), object)
    }

    /// Changes a part of a subresource.
    pub fn patch_subresource<S: Value + Default + 'static>(
        &self,
        name: impl Into<String>,
        subresource: impl Into<Cow<'static, str>>,
        patch: &Patch,
    ) -> PatchRequest<S> {
        PatchRequest::new(self.below(name, subresource), patch)
    }

    /// Applies a subresource.
    pub fn apply_subresource<S: Value + Default + 'static>(
        &self,
        name: impl Into<String>,
        subresource: impl Into<Cow<'static, str>>,
        object: &impl ApplyBody,
    ) -> ApplyRequest<S> {
        ApplyRequest::new(self.below(name, subresource), object)
    }

    /// Posts to a subresource, as `eviction`, `binding` or `token`.
    pub fn create_subresource<S: Value + Default + 'static>(
        &self,
        name: impl Into<String>,
        subresource: impl Into<Cow<'static, str>>,
        object: &S,
    ) -> CreateRequest<S> {
        CreateRequest::new(self.below(name, subresource), object)
    }

    /// Reads the log of a container.
    pub fn logs(&self, name: impl Into<String>) -> LogRequest {
        LogRequest::new(self.below(name, "log"))
    }
}

fn name_of<T: Entity>(object: &T) -> String {
    object.metadata().name().unwrap_or_default().to_owned()
}

impl<T> Clone for Api<T> {
    fn clone(&self) -> Self {
        let api = Self::at(&self.client, self.resource.clone(), self.place.clone());
        Api { metadata_only: self.metadata_only, ..api }
    }
}

impl<T> fmt::Debug for Api<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("server", &self.client.server())
            .field("resource", &self.resource)
            .field("place", &self.place)
            .finish()
    }
}

#[cfg(test)]
mod tests;
