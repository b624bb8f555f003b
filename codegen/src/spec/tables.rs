//! The tables of `specs/`: quirks.toml, names.toml and clientset.toml. They are data about the inputs and read
//! as strictly as the inputs: an unknown key is an error. Applying them is the passes' task.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::Source;
use crate::diag::{Code, Place, Report};
use crate::names;

/// quirks.toml: where a specification differs from what the server does.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quirks {
    #[serde(default)]
    pub(crate) quirk: Vec<Quirk>,
}

/// One difference.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quirk {
    pub(crate) id: String,
    /// `schema#property`, or a schema alone.
    pub(crate) target: String,
    /// What the specification says today. When it no longer does, the row is stale and the run fails.
    pub(crate) expect: Facts,
    /// What is so.
    pub(crate) set: Facts,
    pub(crate) why: String,
}

/// Facts about a property or a schema; those that are not given are not touched.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    pub(crate) required: Option<bool>,
    pub(crate) list_type: Option<String>,
    pub(crate) list_map_keys: Option<Vec<String>>,
    /// A scalar's name as the generated code writes it: `i32`, `Time`, `RawJson` …
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// `group/version/Kind`, or `""` for none.
    pub(crate) gvk: Option<String>,
}

/// names.toml: everything about names that a rule cannot know, and the names given so far.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    /// Schema -> hand-written type of the runtime.
    #[serde(default)]
    pub(crate) externs: BTreeMap<String, String>,
    /// Prefix of schema names -> module, for the packages whose schemas have no kind that would tell.
    #[serde(default)]
    pub(crate) packages: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) words: Words,
    /// JSON name -> field.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
    /// Subresource -> its words.
    #[serde(default)]
    pub(crate) subresources: BTreeMap<String, String>,
    /// `subresource.verb` -> method.
    #[serde(default)]
    pub(crate) methods: BTreeMap<String, String>,
    /// Message of the .proto files and its field -> why no property stands for it.
    #[serde(default)]
    pub(crate) proto: BTreeMap<String, String>,
    /// Schema -> Rust path.
    #[serde(default)]
    pub(crate) types: BTreeMap<String, String>,
    /// `schema#property` -> Rust path of its enum.
    #[serde(default)]
    pub(crate) enums: BTreeMap<String, String>,
    /// `module/plural` -> client.
    #[serde(default)]
    pub(crate) clients: BTreeMap<String, String>,
}

/// What the splitting of names into words has to be told.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    /// Acronyms with a plural s, as they are written: `IPs`.
    #[serde(default)]
    pub(crate) plural_acronyms: Vec<String>,
    /// Words that type names write in capitals: `dns`.
    #[serde(default)]
    pub(crate) acronyms: Vec<String>,
}

/// clientset.toml: what to generate, and how.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The path under which generated code finds the runtime.
    #[serde(default)]
    pub(crate) runtime: String,
    /// The command that the first line of each file names.
    #[serde(default)]
    pub(crate) command: String,
    /// The features that are on by default.
    #[serde(default)]
    pub(crate) default: Vec<String>,
    /// Group -> module, where the first label of the group is not wanted.
    #[serde(default)]
    pub(crate) groups: BTreeMap<String, String>,
    /// Modules of groups that the crate `clientset` has, whose accessors would win over those of a package.
    #[serde(skip)]
    pub(crate) core: BTreeSet<String>,
    /// Type of a CRD, by id or by the name that it would have -> its name.
    #[serde(default)]
    pub(crate) types: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) debug: Debug,
}

/// What can be turned off to measure what it brings.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Debug {
    /// Core types for shapes inside of CRDs.
    pub(crate) reuse: bool,
    /// One type for equal shapes.
    pub(crate) share: bool,
}

impl Default for Debug {
    fn default() -> Debug {
        Debug { reuse: true, share: true }
    }
}

impl Config {
    pub(crate) fn runtime(&self) -> &str {
        if self.runtime.is_empty() { "clientset_runtime" } else { &self.runtime }
    }

    pub(crate) fn command(&self) -> &str {
        if self.command.is_empty() { "cargo xtask generate" } else { &self.command }
    }

    pub(crate) fn check(&self, source: &str, report: &mut Report) {
        if !self.runtime().split("::").all(|label| label == "crate" || names::is_identifier(label)) {
            report.error(
                Code::BadTable,
                &Place::new(source, "runtime"),
                format!("`{}` is no Rust path", self.runtime),
                "",
            );
        }
    }
}

/// clientset.toml of a package.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackageConfig {
    /// The folder that the package is written to: for those who write it.
    #[serde(default, rename = "output")]
    _output: Option<String>,
    /// Files and folders with CRDs: for those who read them.
    #[serde(default, rename = "inputs")]
    _inputs: Vec<String>,
    /// Group -> module.
    #[serde(default)]
    pub(crate) groups: BTreeMap<String, String>,
    /// Type, by id or by the name that it would have -> its name.
    #[serde(default)]
    pub(crate) types: BTreeMap<String, String>,
    /// Id of a property -> name of its field.
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) debug: Debug,
}

impl PackageConfig {
    /// Reports names that cannot be names in Rust.
    pub(crate) fn check(&self, source: &Source, report: &mut Report) {
        for (table, rows) in [("groups", &self.groups), ("types", &self.types), ("fields", &self.fields)] {
            for (key, name) in rows.iter().filter(|(_, name)| !names::is_identifier(name)) {
                let what = format!("`{}` cannot be a name in Rust", name.escape_default());
                report.error(
                    Code::BadTable,
                    &row(source, key),
                    what,
                    format!("choose another for the row of [{table}]"),
                );
            }
        }
    }
}

/// Where a row of a table stands, by its key.
pub(crate) fn row(source: &Source, key: &str) -> Place {
    let text = String::from_utf8_lossy(&source.bytes);
    let is_row = |line: &str| {
        let line = line.trim_start();
        let rest = [format!("\"{key}\""), format!("'{key}'"), key.to_owned()];
        rest.iter().any(|start| {
            line.strip_prefix(start.as_str()).is_some_and(|rest| rest.trim_start().starts_with('='))
        })
    };
    match text.lines().position(is_row) {
        Some(index) => Place::line(&source.name, index + 1, 1),
        None => Place::new(&source.name, key),
    }
}

/// Reads one table; what is wrong is in the report.
pub(crate) fn read<T: Default + for<'a> Deserialize<'a>>(source: &Source, report: &mut Report) -> T {
    let text = match std::str::from_utf8(&source.bytes) {
        Ok(text) => text,
        Err(_) => {
            report.error(Code::NotText, &Place::new(&source.name, ""), "this is not UTF-8", "");
            return T::default();
        }
    };
    match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            report.error(
                Code::Syntax,
                &Place::new(&source.name, format!("line {line}")),
                error.message(),
                "",
            );
            T::default()
        }
    }
}
