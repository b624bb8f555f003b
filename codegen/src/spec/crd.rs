//! CustomResourceDefinitions (apiextensions.k8s.io/v1), from YAML or JSON with any number of documents. What the
//! server checks (CEL, defaults, conversion, printer columns) is skipped: a client does not need it.

use serde_json::Value;

use super::cursor::Cursor;
use super::schema::Schema;
use crate::Source;
use crate::diag::{Place, Report};

/// One CustomResourceDefinition.
#[derive(Debug)]
pub(crate) struct Crd {
    pub(crate) place: Place,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) namespaced: bool,
    pub(crate) versions: Vec<CrdVersion>,
    /// The manifest itself.
    pub(crate) manifest: Value,
}

/// A version that is served.
#[derive(Debug)]
pub(crate) struct CrdVersion {
    pub(crate) name: String,
    pub(crate) schema: Schema,
    pub(crate) status: bool,
    pub(crate) scale: bool,
}

/// Reads all CRDs of one file.
pub(crate) fn read(source: &Source, report: &mut Report) -> Vec<Crd> {
    let mut crds = Vec::new();
    super::manifests::read(source, report, |root, report| crds.extend(Crd::read(root, report)));
    crds
}

impl Crd {
    fn read(root: Cursor<'_>, report: &mut Report) -> Option<Crd> {
        root.object(report)?;
        let Some(spec) = root.get("spec") else {
            report.add(&root.place(), "`spec` is missing", "");
            return None;
        };
        let Some(names) = spec.get("names") else {
            report.add(&spec.place(), "`names` is missing", "");
            return None;
        };
        let scope = spec.required_string("scope", report);
        if !["Namespaced", "Cluster"].contains(&scope.as_str()) {
            report.add(
                &spec.place(),
                format!("the scope `{scope}` is neither `Namespaced` nor `Cluster`"),
                "",
            );
        }
        let mut versions = Vec::new();
        if let Some(list) = spec.get("versions") {
            for (index, value) in list.array(report).iter().enumerate() {
                versions.extend(CrdVersion::read(list.index(index, value), report));
            }
        }
        if versions.is_empty() {
            report.add(&spec.place(), "no version is served", "set `served: true` on one of `versions`");
        }
        let kind = names.required_string("kind", report);
        let list_kind = names.get("listKind").map(|at| at.string(report)).filter(|name| !name.is_empty());
        Some(Crd {
            place: root.place(),
            group: spec.required_string("group", report),
            list_kind: list_kind.unwrap_or_else(|| format!("{kind}List")),
            kind,
            plural: names.required_string("plural", report),
            namespaced: scope == "Namespaced",
            versions,
            manifest: manifest(root.value),
        })
    }
}

impl CrdVersion {
    fn read(at: Cursor<'_>, report: &mut Report) -> Option<CrdVersion> {
        at.object(report)?;
        if !at.get("served").is_none_or(|served| served.bool(report)) {
            return None;
        }
        let name = at.required_string("name", report);
        let Some(schema) = at.get("schema") else {
            report.add(&at.place(), "`schema` is missing", "structural schemas are mandatory in v1");
            return None;
        };
        let Some(schema) = schema.get("openAPIV3Schema") else {
            report.add(
                &schema.place(),
                "`openAPIV3Schema` is missing",
                "structural schemas are mandatory in v1",
            );
            return None;
        };
        let schema = Schema::read(schema, report);
        if schema.kind.as_deref() != Some("object") {
            report.add(&schema.place, "the schema of a kind has to be of `type: object`", "");
        }
        let subresources = at.get("subresources");
        let has = |name: &str| subresources.is_some_and(|subresources| subresources.get(name).is_some());
        Some(CrdVersion { name, schema, status: has("status"), scale: has("scale") })
    }
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
