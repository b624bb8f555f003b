//! Packages: CRDs of somebody's own crate in, a tree of modules for that crate out. It writes nothing and knows no
//! command line; `cargo clientset` and build scripts do that around it.

mod fields;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::diag::{Code, Report};
use crate::ir::Api;
use crate::pass::Pins;
use crate::spec::crd::Crd;
use crate::spec::tables::{Config, Names, PackageConfig, Quirks};
use crate::{Diagnostic, FileSet, Source, emit, lower, pass, spec};

/// Everything that goes into a package.
#[derive(Clone, Debug, Default)]
pub struct PackageInputs {
    /// CustomResourceDefinitions, YAML or JSON. Order does not matter.
    pub crds: Vec<Source>,
    /// clientset.toml; may be empty.
    pub config: Source,
    /// The names that were given before: id of a type to its name, as [`Package::names`] gave them.
    pub names: BTreeMap<String, String>,
}

impl PackageInputs {
    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.crds.iter().chain([&self.config])
    }
}

/// Everything that comes out of a package.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Package {
    /// Path in the output folder -> text: `mod.rs`, `example/v1/widget.rs`.
    pub files: FileSet,
    /// Every name that is given now, to be handed in the next time: then a change elsewhere renames nothing.
    pub names: BTreeMap<String, String>,
    /// The features of the crate `clientset` that the output needs.
    pub features: BTreeSet<String>,
    /// The resources that clients were generated for.
    pub resources: Vec<PackageResource>,
    /// What is worth knowing and stops nothing.
    pub warnings: Vec<Diagnostic>,
}

/// One resource of one version in a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageResource {
    /// The API group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// Its type: `Widget`, but for kinds that have no name in Rust.
    pub rust_type: String,
    /// The name in URLs.
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// The path of its module in the package: `example::v1`.
    pub module: String,
    /// The method that leads to its group-version: `example_v1`.
    pub accessor: String,
    /// Its client: `Widgets`.
    pub client: String,
    /// The method of the group-version's client that leads to it: `widgets`.
    pub method: String,
    /// The input that defines it.
    pub source: String,
}

/// Generates a package.
///
/// # Errors
///
/// Everything that is wrong with the inputs, each with its place. Nothing is generated then.
pub fn package(inputs: &PackageInputs) -> Result<Package, Vec<Diagnostic>> {
    let mut report = Report::default();
    let report = &mut report;
    let Prepared { api, config, names, pins, .. } = prepare(inputs, report);
    // Emission relies on names that can be written down.
    if report.has_errors() {
        return Err(report.take(inputs.sources()));
    }
    let settings = emit::Settings {
        home: emit::Home::Package,
        by: concat!("cargo clientset ", env!("CARGO_PKG_VERSION")),
        all: if inputs.config.name.is_empty() { "several inputs" } else { &inputs.config.name },
        config: &config,
        names: &names,
        manifest: None,
        root: None,
    };
    let files = emit::run(&api, &settings, report);
    if report.has_errors() {
        return Err(report.take(inputs.sources()));
    }
    Ok(Package {
        files,
        names: pinned(&pins),
        features: features(&api),
        resources: resources(&api),
        warnings: report.take(inputs.sources()),
    })
}

/// A package before it is written down.
pub(crate) struct Prepared {
    /// The CRDs as they were read.
    pub(crate) crds: Vec<Crd>,
    pub(crate) api: Api,
    pub(crate) config: Config,
    pub(crate) names: Names,
    pub(crate) pins: Pins,
}

/// Reads the inputs and runs the passes. What is wrong is in the report, and then nothing else counts.
pub(crate) fn prepare(inputs: &PackageInputs, report: &mut Report) -> Prepared {
    let own: PackageConfig = spec::tables::read(&inputs.config, report);
    own.check(&inputs.config, report);
    let config = Config {
        runtime: "clientset".to_owned(),
        groups: own.groups.clone(),
        core: Catalog::get().groups().clone(),
        ..Config::default()
    };
    let names = names(&inputs.names);

    let mut api = Api::default();
    let crds = spec::crd::read_all(&inputs.crds, report);
    lower::crd::lower(&crds, &names.words, &config, &mut api, report);
    check_groups(&inputs.config, &config, &api, report);
    fields::rename(&mut api, &own.fields, &inputs.config, report);
    api.load_all();
    let tables = pass::Tables {
        quirks: &Quirks::default(),
        quirks_name: "",
        names: &names,
        names_name: LOCK,
        pinned: &inputs.names,
        renames: &own.types,
        config_name: &inputs.config.name,
        debug: own.debug,
        strict: false,
    };
    // Names that no server takes have been reported; the passes would say so once more.
    let is_named = !report.has(Code::BadPath);
    let pins = if is_named { pass::run(&mut api, &tables, report) } else { Pins::default() };
    Prepared { crds, api, config, names, pins }
}

/// Warns of rows of [groups] that move nothing: a typing mistake, or a CRD that went away.
fn check_groups(source: &Source, config: &Config, api: &Api, report: &mut Report) {
    for group in config.groups.keys() {
        if !api.versions.values().any(|version| version.group == *group) {
            let what = format!("no input is of the group `{group}`");
            report.warn(
                Code::StaleRow,
                &spec::tables::row(source, group),
                what,
                "remove the row of [groups]",
            );
        }
    }
}

/// The table of names as diagnostics call it.
const LOCK: &str = "clientset.lock";

/// The names to begin with: those of the catalog, and the ones that were given before.
fn names(given: &BTreeMap<String, String>) -> Names {
    let mut names = Catalog::get().names().clone();
    for (key, name) in given {
        if let Some(("client", id)) = key.split_once(' ') {
            names.clients.insert(id.to_owned(), name.clone());
        }
    }
    names
}

fn pinned(pins: &Pins) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> =
        pins.nested.iter().map(|(id, (_, name))| (id.clone(), name.clone())).collect();
    names.extend(pins.clients.iter().map(|(id, name)| (format!("client {id}"), name.clone())));
    names
}

/// The features behind the core types that are referred to.
fn features(api: &Api) -> BTreeSet<String> {
    let modules = api.types.values().filter(|ty| ty.external).map(|ty| &ty.module);
    modules.filter(|module| module.group != "meta").map(|module| module.feature()).collect()
}

fn resources(api: &Api) -> Vec<PackageResource> {
    let mut resources = Vec::new();
    for (module, version) in &api.versions {
        for resource in &version.resources {
            let ty = api.types.get(&resource.kind);
            let kind = ty.and_then(|ty| ty.gvk.as_ref());
            resources.push(PackageResource {
                group: version.group.clone(),
                version: version.version.clone(),
                kind: kind.map(|kind| kind.kind.clone()).unwrap_or_default(),
                rust_type: ty.map(|ty| ty.name.clone()).unwrap_or_default(),
                plural: resource.plural.clone(),
                namespaced: resource.namespaced,
                module: module.to_string(),
                accessor: module.accessor(),
                client: resource.client.clone(),
                method: resource.accessor.clone(),
                source: resource.place.source.clone(),
            });
        }
    }
    resources
}
