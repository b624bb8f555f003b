//! The passes, in the order in which they run. Each is one concern, from IR to IR; none reads bytes, none writes
//! Rust.

mod candidates;
mod cycles;
mod docs;
mod enums;
mod externs;
mod features;
mod files;
mod names;
mod nested_names;
mod proto;
mod quirks;
pub(crate) mod reuse;
mod share;
mod tree;
mod variants;

use std::collections::BTreeMap;

use crate::diag::Report;
use crate::ir::Api;
use crate::spec::tables::{Debug, Names, Quirks};

pub(crate) use names::{Pins, check_modules};

/// What the passes are told.
pub(crate) struct Tables<'a> {
    pub(crate) quirks: &'a Quirks,
    pub(crate) quirks_name: &'a str,
    pub(crate) names: &'a Names,
    pub(crate) names_name: &'a str,
    /// The names that types of CRDs were given before, by id.
    pub(crate) pinned: &'a BTreeMap<String, String>,
    /// The names that a person gives types of CRDs, by id or by the name that they would have.
    pub(crate) renames: &'a BTreeMap<String, String>,
    pub(crate) config_name: &'a str,
    pub(crate) debug: Debug,
    /// Whether a row that applies to nothing is an error. It is, except where the tables are written for another
    /// release than the documents.
    pub(crate) strict: bool,
}

/// Runs all passes and returns the names as they are now.
pub(crate) fn run(api: &mut Api, tables: &Tables<'_>, report: &mut Report) -> Pins {
    quirks::run(api, tables, report); // what upstream says wrongly
    externs::run(api, tables, report); // schemas that the runtime writes by hand; aliases vanish
    let mut pins = Pins::default();
    reuse::run(api, tables.debug.reuse); // core types inside of CRDs
    enums::run(api, tables, &mut pins, report); // strings with known values become types
    let tree = tree::Tree::new(api, &tables.names.words);
    let classes = share::run(api, &tree, tables.pinned, tables.debug.share); // one type of the equal shapes of a group
    nested_names::run(api, &tree, &classes, tables, &mut pins, report); // the types of CRDs
    names::run(api, tables, &mut pins, report); // types, fields, clients, against names.toml
    cycles::run(api); // required objects that hold themselves
    proto::run(api, tables, report); // protobuf numbers and the order of fields
    files::run(api); // which file a type lives in
    features::run(api, report); // which group-version needs which
    docs::run(api); // descriptions to rustdoc
    pins
}
