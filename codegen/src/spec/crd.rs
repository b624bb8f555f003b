//! CustomResourceDefinitions (apiextensions.k8s.io/v1), from YAML or JSON with any number of documents. Refused is what
//! a kube-apiserver refuses too; how versions are converted is skipped, since a client does not see it.

use serde_json::Value;

use super::cursor::Cursor;
use super::schema::{Dialect, Schema};
use crate::Source;
use crate::diag::{Code, Place, Report};
use crate::ir::Column;

/// One CustomResourceDefinition.
#[derive(Debug)]
pub(crate) struct Crd {
    pub(crate) place: Place,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    /// The name of the version that objects are stored in.
    pub(crate) storage: String,
    /// Those that are served.
    pub(crate) versions: Vec<CrdVersion>,
    /// The manifest itself.
    pub(crate) manifest: Value,
}

/// A version that is served.
#[derive(Debug)]
pub(crate) struct CrdVersion {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    /// The warning, or an empty one, where the version is deprecated.
    pub(crate) deprecated: Option<String>,
    pub(crate) status: bool,
    pub(crate) scale: bool,
    pub(crate) columns: Vec<Column>,
    /// The JSON paths of `selectableFields`.
    pub(crate) selectable: Vec<String>,
}

/// Reads all CRDs of all files, in the order of the files' names.
pub(crate) fn read_all(sources: &[Source], report: &mut Report) -> Vec<Crd> {
    let mut sources: Vec<&Source> = sources.iter().collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources.into_iter().flat_map(|source| read(source, report)).collect()
}

/// Reads all CRDs of one file.
pub(crate) fn read(source: &Source, report: &mut Report) -> Vec<Crd> {
    let mut crds = Vec::new();
    super::manifests::read(source, report, |root, report| {
        super::crd_names::check(&root, report);
        crds.extend(Crd::read(root, report));
    });
    crds
}

impl Crd {
    fn read(root: Cursor<'_>, report: &mut Report) -> Option<Crd> {
        root.object(report)?;
        let Some(spec) = root.get("spec") else {
            report.error(Code::Missing, &root.place(), "`spec` is missing", "");
            return None;
        };
        let Some(names) = spec.get("names") else {
            report.error(Code::Missing, &spec.place(), "`names` is missing", "");
            return None;
        };
        let scope = spec.required_string("scope", report);
        if !["Namespaced", "Cluster"].contains(&scope.as_str()) {
            report.error(
                Code::BadCrd,
                &spec.place(),
                format!("the scope `{scope}` is neither `Namespaced` nor `Cluster`"),
                "",
            );
        }
        let (mut versions, mut storage) = (Vec::new(), String::new());
        let listed = member(&spec, "versions");
        if let Some(list) = listed {
            for (index, value) in list.array(report).iter().enumerate() {
                versions.extend(CrdVersion::read(list.index(index, value), report));
                if value.get("storage").and_then(Value::as_bool) == Some(true) {
                    storage = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                }
            }
        }
        if listed.is_none_or(|list| list.value.as_array().is_some_and(Vec::is_empty)) {
            report.error(
                Code::BadCrd,
                &spec.place(),
                "there is no version",
                "a kube-apiserver wants one of `versions` at least",
            );
        }
        let is_served = |version: &Value| version.get("served").and_then(Value::as_bool) == Some(true);
        if let Some(list) = listed.and_then(|list| list.value.as_array())
            && !list.is_empty()
            && !list.iter().any(is_served)
        {
            report.warn(
                Code::NotServed,
                &spec.place(),
                "no version is served, so nothing is generated for it",
                "set `served: true` on one of `versions`",
            );
        }
        let kind = names.required_string("kind", report);
        let text = |key: &str, report: &mut Report| {
            member(&names, key).map(|at| at.string(report)).unwrap_or_default()
        };
        let list_kind = Some(text("listKind", report)).filter(|name| !name.is_empty());
        let singular = Some(text("singular", report)).filter(|name| !name.is_empty());
        let list = |key: &str, report: &mut Report| {
            member(&names, key).map(|at| at.strings(report)).unwrap_or_default()
        };
        Some(Crd {
            place: root.place(),
            group: spec.required_string("group", report),
            list_kind: list_kind.unwrap_or_else(|| format!("{kind}List")),
            singular: singular.unwrap_or_else(|| kind.to_lowercase()),
            short_names: list("shortNames", report),
            categories: list("categories", report),
            kind,
            plural: names.required_string("plural", report),
            namespaced: scope == "Namespaced",
            storage,
            versions,
            manifest: manifest(root.value),
        })
    }
}

/// A member that is there and not null, which Go reads as nothing.
fn member<'b>(at: &'b Cursor<'_>, key: &'b str) -> Option<Cursor<'b>> {
    at.get(key).filter(|at| !at.value.is_null())
}

impl CrdVersion {
    /// Reads a version; none if it is not served or has no schema that a server takes.
    fn read(at: Cursor<'_>, report: &mut Report) -> Option<CrdVersion> {
        at.object(report)?;
        let flag = |key: &str, report: &mut Report| member(&at, key).is_some_and(|at| at.bool(report));
        // Go reads a flag that is missing as false.
        if !flag("served", report) {
            return None;
        }
        let name = at.required_string("name", report);
        let Some(schema) = member(&at, "schema") else {
            report.error(
                Code::Missing,
                &at.place(),
                "`schema` is missing",
                "structural schemas are mandatory in v1",
            );
            return None;
        };
        let Some(schema) = member(&schema, "openAPIV3Schema") else {
            report.error(
                Code::Missing,
                &schema.place(),
                "`openAPIV3Schema` is missing",
                "structural schemas are mandatory in v1",
            );
            return None;
        };
        let schema = Schema::read(schema, Dialect::Crd, report);
        if schema.kind.as_deref() != Some("object") {
            report.error(
                Code::NotStructural,
                &schema.place,
                "the schema of a kind has to be of `type: object`",
                "a kube-apiserver refuses it too",
            );
            return None;
        }
        let deprecated = flag("deprecated", report)
            .then(|| member(&at, "deprecationWarning").map(|at| at.string(report)).unwrap_or_default());
        let subresources = member(&at, "subresources");
        let has = |name: &str| subresources.is_some_and(|subresources| member(&subresources, name).is_some());
        Some(CrdVersion {
            deprecated,
            status: has("status"),
            scale: has("scale"),
            columns: columns(&at, report),
            selectable: selectable(&at, report),
            name,
            schema,
        })
    }
}

fn columns(version: &Cursor<'_>, report: &mut Report) -> Vec<Column> {
    let mut columns = Vec::new();
    let Some(list) = member(version, "additionalPrinterColumns") else { return columns };
    for (index, value) in list.array(report).iter().enumerate() {
        let at = list.index(index, value);
        if at.object(report).is_none() {
            continue;
        }
        let text =
            |key: &str, report: &mut Report| member(&at, key).map(|at| at.string(report)).unwrap_or_default();
        columns.push(Column {
            name: text("name", report),
            kind: text("type", report),
            path: text("jsonPath", report),
            description: text("description", report),
            format: text("format", report),
            priority: at.value.get("priority").and_then(Value::as_i64).unwrap_or_default(),
        });
    }
    columns
}

fn selectable(version: &Cursor<'_>, report: &mut Report) -> Vec<String> {
    let Some(list) = member(version, "selectableFields") else { return Vec::new() };
    let items = list.array(report).iter().enumerate();
    items.map(|(index, value)| list.index(index, value).required_string("jsonPath", report)).collect()
}

/// What is registered: the manifest without what a server wrote into it.
fn manifest(document: &Value) -> Value {
    let mut manifest = document.clone();
    if let Some(members) = manifest.as_object_mut() {
        members.shift_remove("status");
        if let Some(metadata) = members.get_mut("metadata").and_then(Value::as_object_mut) {
            for key in ["creationTimestamp", "generation", "resourceVersion", "uid", "managedFields"] {
                metadata.shift_remove(key);
            }
        }
    }
    manifest
}
