//! The generator of `clientset`: OpenAPI v3 documents of Kubernetes and CRDs in, Rust source files out.
//!
//! A pure function: no file, no clock, no environment, no order that depends on a hash. Reading, writing and
//! printing are the caller's. The way through: [`spec`](self) reads strictly, `lower` makes the IR, the passes of
//! `pass` each do one thing to it, `emit` writes it down.

mod catalog;
mod compare;
mod diag;
mod emit;
mod explain;
mod ir;
mod lower;
mod names;
mod package;
mod pass;
mod pins;
mod pointer;
mod spec;
mod surface;
mod text;
mod version;

use std::collections::BTreeMap;

pub use compare::{Aspect, Change, compare};
pub use diag::{Code, Diagnostic, Place, Severity, Span};
pub use explain::{Explanation, explain};
pub use package::{Package, PackageInputs, PackageResource, package};
pub use spec::yaml::locate::{Part, locate};
pub use surface::Surface;

use diag::Report;
use spec::tables::{Config, Names, Quirks};

/// A named input. The name is used in diagnostics and in the first line of what is generated from it, so it should
/// be a path that a reader can follow: `specs/kubernetes/api__v1.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// What to call it.
    pub name: String,
    /// Its bytes, as they are.
    pub bytes: Vec<u8>,
}

impl Source {
    /// A source from its name and bytes.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Source {
        Source { name: name.into(), bytes: bytes.into() }
    }
}

/// Everything that goes in.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// OpenAPI v3 documents, one a group-version. Order does not matter.
    pub documents: Vec<Source>,
    /// `.proto` files; without any, the tables hold no protobuf numbers.
    pub protos: Vec<Source>,
    /// CustomResourceDefinitions, YAML or JSON.
    pub crds: Vec<Source>,
    /// quirks.toml.
    pub quirks: Source,
    /// names.toml.
    pub names: Source,
    /// clientset.toml.
    pub config: Source,
    /// The Cargo.toml of the crate that is generated; its features are rewritten between the marks.
    pub manifest: Option<Source>,
    /// The lib.rs of the crate that is generated; its module tree is rewritten between the marks.
    pub root: Option<Source>,
    /// Allows rows of the tables that apply to nothing: for documents of another release than the tables are for.
    pub lenient: bool,
}

impl Inputs {
    fn sources(&self) -> impl Iterator<Item = &Source> {
        let lists = self.documents.iter().chain(&self.protos).chain(&self.crds);
        let optional = self.manifest.iter().chain(&self.root);
        lists.chain([&self.quirks, &self.names, &self.config]).chain(optional)
    }
}

/// Path in the generated crate -> text.
pub type FileSet = BTreeMap<String, String>;

/// Everything that comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The files of the crate: `src/**`, and `Cargo.toml` and `src/lib.rs` where they were given.
    pub files: FileSet,
    /// names.toml with every name pinned. Names that are pinned never change by themselves; new ones show here.
    pub names: String,
    /// The facts about core types that packages refer to: codegen/data/catalog.json.
    pub catalog: String,
    /// What is worth knowing although it stops nothing.
    pub warnings: Vec<Diagnostic>,
}

/// Generates the crate.
///
/// # Errors
///
/// Everything that is wrong with the inputs, and the warnings, each with its place. Nothing is generated then.
pub fn generate(inputs: &Inputs) -> Result<Output, Vec<Diagnostic>> {
    let mut report = Report::default();
    let report = &mut report;
    let quirks: Quirks = spec::tables::read(&inputs.quirks, report);
    let names: Names = spec::tables::read(&inputs.names, report);
    let config: Config = spec::tables::read(&inputs.config, report);
    config.check(&inputs.config.name, report);

    let mut api = ir::Api::default();
    let mut documents: Vec<&Source> = inputs.documents.iter().collect();
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    let documents =
        documents.into_iter().filter_map(|source| spec::openapi::Document::read(source, report)).collect();
    let merged = lower::merge::merge(documents, report);
    for proto in &inputs.protos {
        spec::proto::read(proto, &mut api.messages, report);
    }
    let crds = spec::crd::read_all(&inputs.crds, report);

    lower::types::lower(&merged.schemas, &names, &config, &mut api, report);
    if !inputs.lenient {
        lower::types::check_externs(&merged.schemas, &names, &inputs.names.name, report);
    }
    lower::resources::lower(&merged.operations, &config, &mut api, report);
    lower::crd::lower(&crds, &names.words, &config, &mut api, report);
    let pinned = pins::nested(&names);
    let tables = pass::Tables {
        quirks: &quirks,
        quirks_name: &inputs.quirks.name,
        names: &names,
        names_name: &inputs.names.name,
        pinned: &pinned,
        renames: &config.types,
        config_name: &inputs.config.name,
        debug: config.debug,
        strict: !inputs.lenient,
    };
    // Names that no server takes have been reported; the passes would say so once more.
    let is_named = !report.has(Code::BadPath);
    let pins = if is_named { pass::run(&mut api, &tables, report) } else { pass::Pins::default() };
    pass::check_modules(&api, report);
    // Emission relies on names that can be written down.
    if report.has_errors() {
        return Err(report.take(inputs.sources()));
    }
    let by = format!("`{}`", config.command());
    let settings = emit::Settings {
        home: emit::Home::Crate,
        by: &by,
        all: "all documents",
        config: &config,
        names: &names,
        manifest: inputs.manifest.as_ref(),
        root: inputs.root.as_ref(),
    };
    let files = emit::run(&api, &settings, report);
    if report.has_errors() {
        return Err(report.take(inputs.sources()));
    }
    let catalog = catalog::write(&api, &names);
    let warnings = report.take(inputs.sources());
    Ok(Output { files, names: pins::write(&inputs.names, &pins), catalog, warnings })
}
