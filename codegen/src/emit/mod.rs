//! The IR as Rust source files. Emission knows verbs and shapes, and no kind or group by name; every name passes
//! through an identifier and every other text through a literal, so that nothing in a specification is code.

mod client;
mod crds;
mod file;
mod group;
mod manifest;
mod module;
mod root;
mod scope;
mod subresource;
mod table;
mod types;

pub(crate) use module::group_client;

use std::collections::BTreeMap;

use crate::diag::Report;
use crate::ir::{Api, Shape, Ty};
use crate::spec::tables::{Config, Names};
use crate::{FileSet, Source};

/// Where the code will stand: what its files are called and how its paths are written follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// The crate `clientset`, whose group-versions are features.
    Crate,
    /// A tree of modules somewhere in another crate.
    Package,
}

impl Home {
    /// The path of a file from its path below the groups.
    fn file(self, path: &str) -> String {
        match self {
            Home::Crate => format!("src/{path}"),
            Home::Package => path.to_owned(),
        }
    }
}

/// What emission is told.
pub(crate) struct Settings<'a> {
    pub(crate) home: Home,
    /// Who generates, for the first line of each file.
    pub(crate) by: &'a str,
    /// What the files come from that come from no single input.
    pub(crate) all: &'a str,
    pub(crate) config: &'a Config,
    pub(crate) names: &'a Names,
    /// The crate's Cargo.toml and lib.rs, whose marked sections are written anew.
    pub(crate) manifest: Option<&'a Source>,
    pub(crate) root: Option<&'a Source>,
}

impl Settings<'_> {
    /// What a file comes from that is about a whole group: in a package its name, which tells more than the config.
    fn source_of_group<'b>(&'b self, api: &'b Api, group: &str) -> &'b str {
        let mut versions = api.versions.iter().filter(|(module, _)| module.group == group);
        match (self.home, versions.next()) {
            (Home::Package, Some((_, version))) => &version.group,
            _ => self.all,
        }
    }
}

/// Writes everything.
pub(crate) fn run(api: &Api, settings: &Settings<'_>, report: &mut Report) -> FileSet {
    let mut files = BTreeMap::new();
    for module in api.versions.keys() {
        module::run(api, module, settings, &mut files, report);
    }
    crds::run(api, settings, &mut files);
    group::run(api, settings, &mut files, report);
    match settings.home {
        Home::Crate => manifest::run(api, settings, &mut files, report),
        Home::Package => root::run(api, settings, &mut files, report),
    }
    files
}

/// The wire kind of a type; a list has that of its items.
pub(crate) fn wire<'a>(ty: &'a Ty, is_enum: &dyn Fn(&str) -> bool) -> &'a str {
    match ty {
        Ty::Bool | Ty::I32 | Ty::I64 | Ty::OneOfInt(_) => "Varint",
        Ty::F64 => "Double",
        Ty::String | Ty::OneOf(_) => "String",
        Ty::Named(id) if is_enum(id) => "String",
        Ty::Named(_) => "Message",
        Ty::List(inner) | Ty::Nullable(inner) => wire(inner, is_enum),
        Ty::Map(_) => "Map",
        Ty::Runtime(name) => match name.as_str() {
            "RawJson" => "Raw",
            "Bytes" | "Time" | "MicroTime" | "Quantity" | "IntOrString" => name,
            _ => "Message",
        },
    }
}

impl Api {
    /// Whether a type is an open enum, of strings or of integers.
    fn is_enum(&self, id: &str) -> bool {
        self.types.get(id).is_some_and(|ty| matches!(ty.shape, Shape::Enum(_) | Shape::IntEnum(_)))
    }

    fn is_int_enum(&self, id: &str) -> bool {
        self.types.get(id).is_some_and(|ty| matches!(ty.shape, Shape::IntEnum(_)))
    }
}
