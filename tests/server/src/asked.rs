//! What a request asks for, in the terms of the API: verb, resource, object.
//!
//! It looks at paths and queries only; whether such a resource exists is not known here.

use crate::request::{Incoming, Target};

/// The verbs of the Kubernetes API, as RBAC rules name them.
///
/// ```
/// use clientset_testserver::{Verb, on};
///
/// let lists_of_pods = on(Verb::List).resource("pods");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// One object is read. Also everything that is read outside of resources: discovery, `/version`, `/readyz`.
    Get,
    /// A collection is read.
    List,
    /// A collection is watched.
    Watch,
    /// `POST`.
    Create,
    /// `PUT`.
    Update,
    /// `PATCH` in any form, server-side apply too.
    Patch,
    /// One object is deleted.
    Delete,
    /// A collection is deleted.
    DeleteCollection,
}

impl Verb {
    /// Whether something may change by it.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Verb::Get | Verb::List | Verb::Watch)
    }

    /// As RBAC writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "deletecollection",
        }
    }
}

/// Verb and target of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) verb: Verb,
    /// Empty where the path leads to no resource.
    pub(crate) target: Target,
}

impl Asked {
    pub(crate) fn of(incoming: &Incoming) -> Asked {
        let target = Target::parse(&incoming.path);
        let is_collection = target.as_ref().is_some_and(|it| it.name.is_none());
        let verb = match incoming.method.as_str() {
            "POST" => Verb::Create,
            "PUT" => Verb::Update,
            "PATCH" => Verb::Patch,
            "DELETE" if is_collection => Verb::DeleteCollection,
            "DELETE" => Verb::Delete,
            _ if !is_collection => Verb::Get,
            _ if incoming.query.flag("watch") => Verb::Watch,
            _ => Verb::List,
        };
        Asked { verb, target: target.unwrap_or_default() }
    }
}
