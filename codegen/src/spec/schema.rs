//! A schema as OpenAPI v3 documents and CRDs write it, read strictly: a keyword of Kubernetes that is not in the table
//! below is an error in a document, since it could change what the type means; in a CRD a server passes over it. What
//! is only checked is in `constraints`. Decides nothing about Rust.

use serde_json::Value;

use super::constraints::Constraints;
use super::cursor::Cursor;
use crate::diag::{Code, Place, Report};

const REFERENCE: &str = "#/components/schemas/";

/// A schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    pub(crate) place: Place,
    pub(crate) description: String,
    /// The schema that `$ref`, or an `allOf` of one `$ref`, names.
    pub(crate) reference: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) values: Option<Vec<Value>>,
    pub(crate) properties: Vec<(String, Schema)>,
    pub(crate) required: Vec<String>,
    pub(crate) items: Option<Box<Schema>>,
    pub(crate) additional: Option<Additional>,
    pub(crate) nullable: bool,
    pub(crate) list_type: Option<String>,
    pub(crate) list_map_keys: Vec<String>,
    pub(crate) int_or_string: bool,
    pub(crate) preserve_unknown: bool,
    pub(crate) embedded_resource: bool,
    /// Whether `oneOf`, `anyOf` or `not` (or an `allOf` of more than a reference) stand there.
    pub(crate) union: bool,
    /// What a server fills in.
    pub(crate) default: Option<Value>,
    pub(crate) constraints: Option<Box<Constraints>>,
    pub(crate) group_version_kinds: Vec<GroupVersionKind>,
}

/// Who wrote a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A server, in its OpenAPI document.
    Document,
    /// People and their tools, in a CRD.
    Crd,
}

/// Whether a union is of an integer and a string and nothing else.
pub(crate) fn is_integer_or_string(union: &[Schema]) -> bool {
    let mut kinds: Vec<&str> = union.iter().filter_map(|one| one.kind.as_deref()).collect();
    kinds.sort_unstable();
    kinds.len() == union.len() && kinds == ["integer", "string"]
}

/// What a map's values are.
#[derive(Clone, Debug)]
pub(crate) enum Additional {
    Anything,
    Of(Box<Schema>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupVersionKind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Schema {
    pub(crate) fn read(cursor: Cursor<'_>, dialect: Dialect, report: &mut Report) -> Schema {
        let mut schema = Schema { place: cursor.place(), ..Schema::default() };
        // Go reads null as the empty schema.
        if cursor.value.is_null() && dialect == Dialect::Crd {
            return schema;
        }
        let Some(members) = cursor.object(report) else { return schema };
        for (key, value) in members {
            let at = cursor.key(key, value);
            // Go reads null as nothing.
            if value.is_null() && dialect == Dialect::Crd {
                continue;
            }
            match key.as_str() {
                "description" => schema.description = at.string(report),
                "$ref" => schema.reference = reference(at, dialect, report),
                "allOf" if is_reference(value) => schema.all_of(at, dialect, report),
                "type" => schema.kind = Some(at.string(report)).filter(|kind| !kind.is_empty()),
                "format" => schema.format = Some(at.string(report)).filter(|format| !format.is_empty()),
                "enum" => schema.values = Some(at.array(report).to_vec()),
                "properties" => schema.properties = properties(at, dialect, report),
                "required" => schema.required = at.strings(report),
                "items" => schema.items = Some(Box::new(Schema::read(at, dialect, report))),
                "additionalProperties" => schema.additional = additional(at, dialect, report),
                "nullable" => schema.nullable = at.bool(report),
                "default" => schema.default = Some(value.clone()),
                "x-kubernetes-list-type" => schema.list_type = Some(at.string(report)),
                "x-kubernetes-list-map-keys" => schema.list_map_keys = at.strings(report),
                "x-kubernetes-int-or-string" => schema.int_or_string = at.bool(report),
                "x-kubernetes-preserve-unknown-fields" => schema.preserve_unknown = at.bool(report),
                "x-kubernetes-embedded-resource" => schema.embedded_resource = at.bool(report),
                "x-kubernetes-group-version-kind" => schema.group_version_kinds = kinds(at, report),
                // Merge rules of server-side apply and of strategic merge patch, which the server does.
                "x-kubernetes-map-type"
                | "x-kubernetes-patch-merge-key"
                | "x-kubernetes-patch-strategy"
                | "x-kubernetes-unions" => {}
                _ if Constraints::read(&mut schema.constraints, key, at, dialect, report) => {
                    schema.union |= ["allOf", "anyOf", "oneOf", "not"].contains(&key.as_str());
                }
                _ if key.starts_with("x-kubernetes-") && dialect == Dialect::Crd => report.warn(
                    Code::UnknownKeyword,
                    &at.place(),
                    format!("the keyword `{key}` is not known"),
                    "a server passes over it, and so does what is generated",
                ),
                _ if key.starts_with("x-kubernetes-") => report.error(
                    Code::UnknownKeyword,
                    &at.place(),
                    format!("the keyword `{key}` is not known"),
                    "teach codegen/src/spec/schema.rs what it means for the generated type",
                ),
                // What says nothing about the values.
                "title" | "example" | "externalDocs" | "id" | "$schema" => {}
                _ if dialect == Dialect::Crd => report.warn(
                    Code::UnknownKeyword,
                    &at.place(),
                    format!("the keyword `{}` is not known", key.escape_default()),
                    "a server drops it: look for a misspelling",
                ),
                _ => {}
            }
        }
        schema
    }

    fn all_of(&mut self, at: Cursor<'_>, dialect: Dialect, report: &mut Report) {
        if let [one] = at.array(report) {
            let one = at.index(0, one);
            self.reference = one.get("$ref").and_then(|at| reference(at, dialect, report));
        }
    }
}

/// Whether an `allOf` is one `$ref`, which documents write to give it a description.
fn is_reference(value: &Value) -> bool {
    matches!(value.as_array().map(Vec::as_slice), Some([one]) if one.get("$ref").is_some())
}

fn reference(at: Cursor<'_>, dialect: Dialect, report: &mut Report) -> Option<String> {
    let text = at.string(report);
    if dialect == Dialect::Crd {
        report.error(
            Code::NotStructural,
            &at.place(),
            "a CRD cannot refer to another schema",
            "a kube-apiserver refuses `$ref` too: write what it names in its place",
        );
        return None;
    }
    match text.strip_prefix(REFERENCE) {
        Some(name) => Some(crate::pointer::name(name)),
        None => {
            report.error(
                Code::BadReference,
                &at.place(),
                format!("the reference `{text}` does not point into `{REFERENCE}`"),
                "documents have to stand for themselves: inline what the reference names",
            );
            None
        }
    }
}

fn properties(at: Cursor<'_>, dialect: Dialect, report: &mut Report) -> Vec<(String, Schema)> {
    let members = at.object(report).into_iter().flatten();
    members.map(|(name, value)| (name.clone(), Schema::read(at.key(name, value), dialect, report))).collect()
}

fn additional(at: Cursor<'_>, dialect: Dialect, report: &mut Report) -> Option<Additional> {
    match at.value {
        Value::Bool(false) => None,
        Value::Bool(true) => Some(Additional::Anything),
        Value::Object(members) if members.is_empty() => Some(Additional::Anything),
        _ => Some(Additional::Of(Box::new(Schema::read(at, dialect, report)))),
    }
}

fn kinds(at: Cursor<'_>, report: &mut Report) -> Vec<GroupVersionKind> {
    let mut kinds = Vec::new();
    for (index, value) in at.array(report).iter().enumerate() {
        kinds.push(GroupVersionKind::read(at.index(index, value), report));
    }
    kinds.sort();
    kinds
}

impl GroupVersionKind {
    pub(crate) fn read(at: Cursor<'_>, report: &mut Report) -> GroupVersionKind {
        GroupVersionKind {
            group: at.required_string("group", report),
            version: at.required_string("version", report),
            kind: at.required_string("kind", report),
        }
    }

    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}
