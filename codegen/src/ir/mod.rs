//! The API as the generator sees it between reading and writing: plain data in ordered maps, entities addressed
//! by the name of their schema. No behaviour beyond small lookups.

pub(crate) mod id;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diag::Place;
use crate::spec::proto::Messages;
use crate::spec::schema::GroupVersionKind;

/// Everything that will be generated.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) versions: BTreeMap<Module, Version>,
    /// By schema name.
    pub(crate) types: BTreeMap<String, Type>,
    pub(crate) messages: Messages,
    /// The CustomResourceDefinitions behind the kinds.
    pub(crate) crds: Vec<Manifest>,
}

/// `core::v1`: where a group-version's code lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Module {
    pub(crate) group: String,
    pub(crate) version: String,
}

impl Module {
    /// Reads `core::v1`.
    pub(crate) fn parse(text: &str) -> Option<Module> {
        let (group, version) = text.split_once("::")?;
        Some(Module { group: group.to_owned(), version: version.to_owned() })
    }

    /// `core-v1`.
    pub(crate) fn feature(&self) -> String {
        format!("{}-{}", self.group, self.version)
    }

    /// `core_v1`.
    pub(crate) fn accessor(&self) -> String {
        format!("{}_{}", self.group.trim_end_matches('_'), self.version)
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.group, self.version)
    }
}

/// One group-version.
#[derive(Debug, Default)]
pub(crate) struct Version {
    /// `apps`; empty for core.
    pub(crate) group: String,
    pub(crate) version: String,
    /// The document it comes from.
    pub(crate) source: String,
    /// Whether a feature turns it on; `meta::v1` is always there.
    pub(crate) gated: bool,
    pub(crate) resources: Vec<Resource>,
    /// The types of other versions of the group that it shows as its own.
    pub(crate) reexports: Vec<Reexport>,
    /// The group-versions whose types it names.
    pub(crate) dependencies: BTreeSet<Module>,
}

impl Version {
    /// What people call it: `core/v1`, `apps/v1`.
    pub(crate) fn title(&self, module: &Module) -> String {
        let group = if self.group.is_empty() { &module.group } else { &self.group };
        format!("{group}/{}", self.version)
    }
}

/// A type that a module shows and another defines; or the same one under a second name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reexport {
    /// The type.
    pub(crate) id: String,
    /// What it is called here.
    pub(crate) name: String,
}

/// A CRD, to be registered by a client.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) place: Place,
    /// The module of its group.
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    /// The version that objects are stored in.
    pub(crate) storage: String,
    /// What it says of each version.
    pub(crate) versions: Vec<ManifestVersion>,
    /// What is registered.
    pub(crate) value: serde_json::Value,
}

/// What a CRD says of one version beside its schema.
#[allow(dead_code)]
#[derive(Debug, Default)]
pub(crate) struct ManifestVersion {
    /// The type of the kind.
    pub(crate) ty: String,
    pub(crate) columns: Vec<Column>,
}

/// A printer column: what `kubectl get` shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub(crate) kind: String,
    /// The JSON path.
    pub(crate) path: String,
    pub(crate) description: String,
    pub(crate) format: String,
    /// 0 is always shown, others in wide tables.
    pub(crate) priority: i64,
}

/// A type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Type {
    pub(crate) place: Place,
    pub(crate) module: Module,
    /// The Rust name.
    pub(crate) name: String,
    /// The description as the specification has it.
    pub(crate) description: String,
    /// The description as rustdoc gets it, line by line.
    pub(crate) docs: Vec<String>,
    /// What a server checks of a kind as a whole, as sentences for the documentation.
    pub(crate) notes: Vec<String>,
    /// For top-level kinds.
    pub(crate) gvk: Option<GroupVersionKind>,
    pub(crate) shape: Shape,
    /// A core type of the crate `clientset` that a package refers to: known by its facts, not emitted.
    pub(crate) external: bool,
    /// Whether an object keeps the members that its schema does not name, in a member of its own.
    pub(crate) preserves: bool,
    /// The file in its module, without ending: `pod`, `types`, `types/p`.
    pub(crate) file: String,
}

/// What a type is.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Its members.
    Object(Vec<Field>),
    /// `List<item>`.
    List(String),
    Enum(Vec<Variant>),
    /// As [`Shape::Enum`], of integers: each value is decimal text.
    IntEnum(Vec<Variant>),
    /// Another name for something that needs no type of its own.
    Alias(Ty),
}

impl Default for Shape {
    fn default() -> Shape {
        Shape::Object(Vec::new())
    }
}

/// A field of an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    pub(crate) place: Place,
    pub(crate) json: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) docs: Vec<String>,
    pub(crate) ty: Ty,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) list_type: Option<String>,
    pub(crate) list_map_keys: Vec<String>,
    /// What a server puts where the member is missing, as JSON text.
    pub(crate) default: Option<String>,
    /// Whether it is an object of which a server keeps nothing, since its schema names no members.
    pub(crate) pruned: bool,
    /// What a server checks, as sentences for the documentation.
    pub(crate) notes: Vec<String>,
    /// The protobuf field numbers on the way to it.
    pub(crate) number: Vec<u32>,
}

impl Field {
    /// The default, unless it is what a missing member counts as anyway.
    pub(crate) fn telling_default(&self) -> Option<&str> {
        self.default.as_deref().filter(|json| !["{}", "[]", "\"\"", "0", "false", "null"].contains(json))
    }
}

/// The type of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    I32,
    I64,
    F64,
    #[default]
    String,
    /// A type of the runtime.
    Runtime(String),
    /// A generated type, by schema name.
    Named(String),
    /// A string with known values; the pass `enums` gives it a type.
    OneOf(Vec<String>),
    /// An integer with known values.
    OneOfInt(Vec<i64>),
    List(Box<Ty>),
    Map(Box<Ty>),
    /// An item or value that may be null.
    Nullable(Box<Ty>),
}

impl Ty {
    pub(crate) fn runtime(name: &str) -> Ty {
        Ty::Runtime(name.to_owned())
    }

    /// The type at the bottom of lists and maps.
    pub(crate) fn leaf(&self) -> &Ty {
        match self {
            Ty::List(inner) | Ty::Map(inner) | Ty::Nullable(inner) => inner.leaf(),
            leaf => leaf,
        }
    }

    pub(crate) fn leaf_mut(&mut self) -> &mut Ty {
        match self {
            Ty::List(inner) | Ty::Map(inner) | Ty::Nullable(inner) => inner.leaf_mut(),
            leaf => leaf,
        }
    }
}

/// A known value of an open enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) docs: Vec<String>,
}

/// A resource: a path and its verbs.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) place: Place,
    pub(crate) plural: String,
    /// The type of its objects.
    pub(crate) kind: String,
    pub(crate) namespaced: bool,
    pub(crate) verbs: BTreeSet<Verb>,
    /// The verbs across all namespaces.
    pub(crate) all_verbs: BTreeSet<Verb>,
    pub(crate) subresources: BTreeMap<String, Subresource>,
    /// `Pods`.
    pub(crate) client: String,
    /// `pods`.
    pub(crate) accessor: String,
}

/// A subresource and its verbs, each with the type that it sends or answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subresource {
    pub(crate) verbs: BTreeMap<Verb, Option<String>>,
    /// What one that is connected to leads to.
    pub(crate) connection: Option<Connection>,
}

/// What a connection is for. The parameters of a request tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// A program is run: there is a `command`.
    Exec,
    /// The streams of what runs: there is a `stdin`.
    Attach,
    /// There are `ports`.
    PortForward,
    /// Requests go on: there is a `path`.
    Proxy,
}

impl Connection {
    pub(crate) fn from_query(query: &BTreeSet<String>) -> Option<Connection> {
        let has = |name: &str| query.contains(name);
        if has("command") {
            Some(Connection::Exec)
        } else if has("stdin") {
            Some(Connection::Attach)
        } else if has("ports") {
            Some(Connection::PortForward)
        } else if has("path") {
            Some(Connection::Proxy)
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
    Connect,
}

impl Verb {
    /// The verb behind `x-kubernetes-action`.
    pub(crate) fn from_action(action: &str) -> Option<Verb> {
        Some(match action {
            "get" => Verb::Get,
            "list" => Verb::List,
            "watchlist" => Verb::Watch,
            "post" => Verb::Create,
            "put" => Verb::Update,
            "patch" => Verb::Patch,
            "delete" => Verb::Delete,
            "deletecollection" => Verb::DeleteCollection,
            "connect" => Verb::Connect,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Verb::Get => "get",
            Verb::List => "list",
            Verb::Watch => "watch",
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Patch => "patch",
            Verb::Delete => "delete",
            Verb::DeleteCollection => "delete_collection",
            Verb::Connect => "connect",
        }
    }
}
