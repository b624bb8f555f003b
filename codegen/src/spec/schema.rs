//! A schema as OpenAPI v3 documents and CRDs write it, read strictly: a keyword of Kubernetes that is not in the table
//! below is an error, since it could change what the type means. Decides nothing about Rust.

use serde_json::Value;

use super::cursor::Cursor;
use crate::diag::{Place, Report};

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
    pub(crate) group_version_kinds: Vec<GroupVersionKind>,
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
    pub(crate) fn read(cursor: Cursor<'_>, report: &mut Report) -> Schema {
        let mut schema = Schema { place: cursor.place(), ..Schema::default() };
        let Some(members) = cursor.object(report) else { return schema };
        for (key, value) in members {
            let at = cursor.key(key, value);
            match key.as_str() {
                "description" => schema.description = at.string(report),
                "$ref" => schema.reference = reference(at, report),
                "allOf" => schema.all_of(at, report),
                "type" => schema.kind = Some(at.string(report)),
                "format" => schema.format = Some(at.string(report)),
                "enum" => schema.values = Some(at.array(report).to_vec()),
                "properties" => schema.properties = properties(at, report),
                "required" => schema.required = at.strings(report),
                "items" => schema.items = Some(Box::new(Schema::read(at, report))),
                "additionalProperties" => schema.additional = additional(at, report),
                "nullable" => schema.nullable = at.bool(report),
                "oneOf" | "anyOf" | "not" => schema.union = true,
                "x-kubernetes-list-type" => schema.list_type = Some(at.string(report)),
                "x-kubernetes-list-map-keys" => schema.list_map_keys = at.strings(report),
                "x-kubernetes-int-or-string" => schema.int_or_string = at.bool(report),
                "x-kubernetes-preserve-unknown-fields" => schema.preserve_unknown = at.bool(report),
                "x-kubernetes-embedded-resource" => schema.embedded_resource = at.bool(report),
                "x-kubernetes-group-version-kind" => schema.group_version_kinds = kinds(at, report),
                // Merge rules of server-side apply and of strategic merge patch, which the server does; and CEL.
                "x-kubernetes-map-type"
                | "x-kubernetes-patch-merge-key"
                | "x-kubernetes-patch-strategy"
                | "x-kubernetes-unions"
                | "x-kubernetes-validations" => {}
                _ if key.starts_with("x-kubernetes-") => report.add(
                    &at.place(),
                    format!("the keyword `{key}` is not known"),
                    "teach codegen/src/spec/schema.rs what it means for the generated type",
                ),
                // What servers check and fill in (`default`, `pattern`, `minimum` …): a client sends what it is told to.
                _ => {}
            }
        }
        schema
    }

    fn all_of(&mut self, at: Cursor<'_>, report: &mut Report) {
        match at.array(report) {
            [one] if one.get("$ref").is_some() => {
                let one = at.index(0, one);
                self.reference = one.get("$ref").and_then(|at| reference(at, report));
            }
            _ => self.union = true,
        }
    }
}

fn reference(at: Cursor<'_>, report: &mut Report) -> Option<String> {
    let text = at.string(report);
    match text.strip_prefix(REFERENCE) {
        Some(name) => Some(name.replace("~1", "/").replace("~0", "~")),
        None => {
            report.add(
                &at.place(),
                format!("the reference `{text}` does not point into `{REFERENCE}`"),
                "documents have to stand for themselves: inline what the reference names",
            );
            None
        }
    }
}

fn properties(at: Cursor<'_>, report: &mut Report) -> Vec<(String, Schema)> {
    let members = at.object(report).into_iter().flatten();
    members.map(|(name, value)| (name.clone(), Schema::read(at.key(name, value), report))).collect()
}

fn additional(at: Cursor<'_>, report: &mut Report) -> Option<Additional> {
    match at.value {
        Value::Bool(false) => None,
        Value::Bool(true) => Some(Additional::Anything),
        Value::Object(members) if members.is_empty() => Some(Additional::Anything),
        _ => Some(Additional::Of(Box::new(Schema::read(at, report)))),
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
