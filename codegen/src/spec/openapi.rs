//! An OpenAPI v3 document as kube-apiserver serves it: its schemas, and of its paths what a client needs. Decides
//! nothing about Rust.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cursor::Cursor;
use super::schema::{Dialect, GroupVersionKind, Schema};
use crate::Source;
use crate::diag::{Code, Place, Report};

/// One document.
#[derive(Debug)]
pub(crate) struct Document {
    /// `info.version`: the release that served the document, or `unversioned`.
    pub(crate) version: String,
    pub(crate) schemas: Vec<(String, Schema)>,
    pub(crate) operations: Vec<Operation>,
}

/// One verb of one path.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) place: Place,
    pub(crate) path: String,
    /// `x-kubernetes-action`; paths without one (discovery, logs) are not a resource's.
    pub(crate) action: String,
    pub(crate) kind: GroupVersionKind,
    /// The schema of the request's body.
    pub(crate) request: Option<String>,
    /// The schema of the answer.
    pub(crate) response: Option<String>,
    /// The query parameters, of this verb and of the whole path.
    pub(crate) query: BTreeSet<String>,
}

impl Document {
    /// Reads one document. Anything wrong with it is in the report.
    pub(crate) fn read(source: &Source, report: &mut Report) -> Option<Document> {
        let value: Value = match serde_json::from_slice(&source.bytes) {
            Ok(value) => value,
            Err(error) => {
                let place = Place::new(&source.name, format!("line {}", error.line()));
                report.error(
                    Code::Syntax,
                    &place,
                    format!("this is not JSON: {error}"),
                    "pull the document again",
                );
                return None;
            }
        };
        let root = Cursor::root(&source.name, &value);
        root.object(report)?;
        let mut document = Document { version: String::new(), schemas: Vec::new(), operations: Vec::new() };
        if let Some(info) = root.get("info") {
            document.version = info.required_string("version", report);
        }
        if !root.value.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3."))
        {
            report.error(
                Code::NotOpenApi,
                &root.place(),
                "this is not an OpenAPI v3 document",
                "ask the server's /openapi/v3 for one",
            );
            return None;
        }
        if let Some(components) = root.get("components")
            && let Some(schemas) = components.get("schemas")
        {
            for (name, value) in schemas.object(report).into_iter().flatten() {
                document
                    .schemas
                    .push((name.clone(), Schema::read(schemas.key(name, value), Dialect::Document, report)));
            }
        }
        if let Some(paths) = root.get("paths") {
            for (path, value) in paths.object(report).into_iter().flatten() {
                document.read_path(paths.key(path, value), path, report);
            }
        }
        Some(document)
    }

    fn read_path(&mut self, at: Cursor<'_>, path: &str, report: &mut Report) {
        let shared = at.get("parameters").map(|parameters| query(parameters, report)).unwrap_or_default();
        for (method, value) in at.object(report).into_iter().flatten() {
            if method == "parameters" {
                continue;
            }
            let at = at.key(method, value);
            if at.object(report).is_none() {
                continue;
            }
            let Some(action) = at.get("x-kubernetes-action") else { continue };
            let Some(kind) = at.get("x-kubernetes-group-version-kind") else {
                report.error(
                    Code::UnknownApi,
                    &at.place(),
                    "an action without a group, version and kind",
                    "",
                );
                continue;
            };
            let request = at.get("requestBody").and_then(|body| content(body, report));
            let response = at.get("responses").and_then(|responses| answer(responses, report));
            let mut query = at.get("parameters").map(|own| query(own, report)).unwrap_or_default();
            query.extend(shared.iter().cloned());
            self.operations.push(Operation {
                place: at.place(),
                path: path.to_owned(),
                action: action.string(report),
                kind: GroupVersionKind::read(kind, report),
                request,
                response,
                query,
            });
        }
    }
}

/// The names of the query parameters in a list.
fn query(parameters: Cursor<'_>, report: &mut Report) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (index, value) in parameters.array(report).iter().enumerate() {
        let parameter = parameters.index(index, value);
        // A reference leads to what every resource has, as `dryRun`.
        if value.get("in").and_then(Value::as_str) == Some("query") {
            names.insert(parameter.required_string("name", report));
        }
    }
    names
}

/// The schema of the answer to a request that went well.
fn answer(responses: Cursor<'_>, report: &mut Report) -> Option<String> {
    let responses_by_code = responses.object(report)?;
    let (code, value) = responses_by_code.iter().find(|(code, _)| code.starts_with('2'))?;
    content(responses.key(code, value), report)
}

/// The schema behind the media types: they all show the same one.
fn content(body: Cursor<'_>, report: &mut Report) -> Option<String> {
    let content = body.get("content")?;
    let (media_type, value) = content.object(report)?.iter().next()?;
    let media = content.key(media_type, value);
    let schema = media.get("schema")?;
    Schema::read(schema, Dialect::Document, report).reference
}
