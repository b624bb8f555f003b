//! What makes a type a resource: its facts, as constants and as a value, and a way to its metadata.
//!
//! Deliberately small and usable behind `dyn`: everything else is in the generated types.

use std::borrow::Cow;

use crate::codec::Value;
use crate::wire::Time;

/// Whether objects of a resource live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster.
    Cluster,
}

/// A type that has metadata and can be read, written and compared: what the verbs of [`Api`](crate::Api) work on.
pub trait Entity: Value + Clone + Default + PartialEq + 'static {
    /// The object's metadata.
    fn metadata(&self) -> &dyn ObjectMetadata;

    /// The object's metadata, to be written to.
    fn metadata_mut(&mut self) -> &mut dyn ObjectMetadata;
}

/// A kind that the API serves under a path of its own, with its facts as constants.
///
/// Implemented by generated code through [`resource!`](crate::resource). Objects whose kind is known only at run time
/// are an [`Entity`] and bring their facts as a [`ResourceInfo`].
pub trait Resource: Entity {
    /// The API group; empty for the core group.
    const GROUP: &'static str;
    /// The version in the group.
    const VERSION: &'static str;
    /// The kind, in CamelCase.
    const KIND: &'static str;
    /// The name in URLs.
    const PLURAL: &'static str;
    /// Whether objects live in a namespace.
    const SCOPE: Scope;
}

/// The facts of a resource as a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ResourceInfo {
    /// The API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// The version in the group.
    pub version: Cow<'static, str>,
    /// The kind, in CamelCase.
    pub kind: Cow<'static, str>,
    /// The name in URLs.
    pub plural: Cow<'static, str>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
}

impl ResourceInfo {
    /// The facts of a resource that is known only at run time; [`Mapper`](crate::Mapper) finds them out.
    ///
    /// ```
    /// # use clientset_runtime::ResourceInfo;
    /// let widgets = ResourceInfo::new("example.com", "v1", "Widget", "widgets", true);
    /// assert_eq!(widgets.api_version(), "example.com/v1");
    /// ```
    pub fn new(
        group: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
        kind: impl Into<Cow<'static, str>>,
        plural: impl Into<Cow<'static, str>>,
        namespaced: bool,
    ) -> Self {
        ResourceInfo {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            namespaced,
        }
    }

    /// The facts of a type.
    pub const fn of<T: Resource>() -> Self {
        ResourceInfo {
            group: Cow::Borrowed(T::GROUP),
            version: Cow::Borrowed(T::VERSION),
            kind: Cow::Borrowed(T::KIND),
            plural: Cow::Borrowed(T::PLURAL),
            namespaced: matches!(T::SCOPE, Scope::Namespaced),
        }
    }

    /// `group/version`, or `version` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// Metadata of any object, whatever its kind.
pub trait ObjectMetadata: Send + Sync {
    /// The name; unique in a namespace among objects of one resource.
    fn name(&self) -> Option<&str>;
    /// The beginning of a name that the server completes.
    fn generate_name(&self) -> Option<&str>;
    /// The namespace.
    fn namespace(&self) -> Option<&str>;
    /// The identity; never used twice.
    fn uid(&self) -> Option<&str>;
    /// The version of the object in storage.
    fn resource_version(&self) -> Option<&str>;
    /// How often what is wanted has changed.
    fn generation(&self) -> Option<i64>;
    /// When the object was created.
    fn creation_timestamp(&self) -> Option<&Time>;
    /// Since when the object is to be deleted.
    fn deletion_timestamp(&self) -> Option<&Time>;
    /// The value of a label.
    fn label(&self, name: &str) -> Option<&str>;
    /// All labels.
    fn labels(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_>;
    /// The value of an annotation.
    fn annotation(&self, name: &str) -> Option<&str>;
    /// All annotations.
    fn annotations(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_>;
    /// What must happen before the object can go.
    fn finalizers(&self) -> &[String];
    /// The objects that this one belongs to.
    fn owners(&self) -> Vec<Owner<'_>>;
    /// Sets the name.
    fn set_name(&mut self, name: Option<String>);
    /// Sets the namespace.
    fn set_namespace(&mut self, namespace: Option<String>);
    /// Sets the resourceVersion: with one, a write fails if the object has changed since.
    fn set_resource_version(&mut self, version: Option<String>);
    /// Forgets who manages which field; servers refuse to apply an object that says so.
    fn clear_managed_fields(&mut self);
}

/// An object that another one belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'a> {
    /// `group/version` of the owner.
    pub api_version: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its uid.
    pub uid: &'a str,
    /// Whether it is the one that manages the object.
    pub controller: bool,
}

/// Implements [`Entity`] and [`Resource`] for a generated kind: `resource! { Pod = "" "v1" "Pod" "pods" Namespaced }`.
#[macro_export]
macro_rules! resource {
    ($name:ident = $group:literal $version:literal $kind:literal $plural:literal $scope:ident) => {
        impl $crate::Entity for $name {
            fn metadata(&self) -> &dyn $crate::ObjectMetadata {
                &self.metadata
            }
            fn metadata_mut(&mut self) -> &mut dyn $crate::ObjectMetadata {
                &mut self.metadata
            }
        }
        impl $crate::Resource for $name {
            const GROUP: &'static $crate::__private::str = $group;
            const VERSION: &'static $crate::__private::str = $version;
            const KIND: &'static $crate::__private::str = $kind;
            const PLURAL: &'static $crate::__private::str = $plural;
            const SCOPE: $crate::Scope = $crate::Scope::$scope;
        }
    };
}

/// Implements [`ObjectMetadata`] for the generated `ObjectMeta`, by the names of its members.
#[macro_export]
macro_rules! object_metadata {
    ($name:ident) => {
        impl $crate::ObjectMetadata for $name {
            fn name(&self) -> Option<&str> {
                self.name.as_deref()
            }
            fn generate_name(&self) -> Option<&str> {
                self.generate_name.as_deref()
            }
            fn namespace(&self) -> Option<&str> {
                self.namespace.as_deref()
            }
            fn uid(&self) -> Option<&str> {
                self.uid.as_deref()
            }
            fn resource_version(&self) -> Option<&str> {
                self.resource_version.as_deref()
            }
            fn generation(&self) -> Option<i64> {
                self.generation
            }
            fn creation_timestamp(&self) -> Option<&$crate::wire::Time> {
                self.creation_timestamp.as_ref()
            }
            fn deletion_timestamp(&self) -> Option<&$crate::wire::Time> {
                self.deletion_timestamp.as_ref()
            }
            fn label(&self, name: &str) -> Option<&str> {
                self.labels.as_ref()?.get(name).map(|value| value.as_str())
            }
            fn labels(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
                let labels = self.labels.iter().flatten();
                Box::new(labels.map(|(name, value)| (name.as_ref(), value.as_str())))
            }
            fn annotation(&self, name: &str) -> Option<&str> {
                self.annotations.as_ref()?.get(name).map(|value| value.as_str())
            }
            fn annotations(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
                let annotations = self.annotations.iter().flatten();
                Box::new(annotations.map(|(name, value)| (name.as_ref(), value.as_str())))
            }
            fn finalizers(&self) -> &[String] {
                self.finalizers.as_deref().unwrap_or_default()
            }
            fn owners(&self) -> Vec<$crate::Owner<'_>> {
                let owners = self.owner_references.iter().flatten();
                owners
                    .map(|owner| $crate::Owner {
                        api_version: &owner.api_version,
                        kind: &owner.kind,
                        name: &owner.name,
                        uid: &owner.uid,
                        controller: owner.controller.unwrap_or(false),
                    })
                    .collect()
            }
            fn set_name(&mut self, name: Option<String>) {
                self.name = name;
            }
            fn set_namespace(&mut self, namespace: Option<String>) {
                self.namespace = namespace;
            }
            fn set_resource_version(&mut self, version: Option<String>) {
                self.resource_version = version;
            }
            fn clear_managed_fields(&mut self) {
                self.managed_fields = None;
            }
        }
    };
}
