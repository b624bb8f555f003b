//! JSON patch, merge patch and strategic merge patch: a document and a patch in, a document out.
//!
//! Server-side apply is a module of its own; what may be patched is decided elsewhere.

mod operations;
pub(crate) mod shown;
mod strategic;

use std::sync::Arc;

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::schema::Schema;

/// The most operations that a JSON patch may have, as in the real server.
const MAX_OPERATIONS: usize = 10_000;

/// The kinds of patch, by their media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Kind {
    pub(crate) fn of(content_type: &str) -> Option<Kind> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Some(Kind::Json),
            "application/merge-patch+json" => Some(Kind::Merge),
            "application/strategic-merge-patch+json" => Some(Kind::Strategic),
            "application/apply-patch+yaml" | "application/apply-patch+cbor" => Some(Kind::Apply),
            _ => None,
        }
    }
}

/// The JSON of a patch of this kind, checked for its outer form.
pub(crate) fn read(kind: Kind, body: &[u8]) -> Outcome<Value> {
    let Ok(patch) = serde_json::from_slice::<Value>(body) else {
        return Err(Failure::bad_request("invalid JSON patch"));
    };
    let say = match (kind, &patch) {
        (Kind::Json, Value::Array(operations)) if operations.len() > MAX_OPERATIONS => {
            let count = operations.len();
            let say =
                format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}");
            return Err(Failure::too_large(&say));
        }
        (Kind::Json, Value::Array(_)) | (Kind::Merge | Kind::Strategic | Kind::Apply, Value::Object(_)) => {
            return Ok(patch);
        }
        (Kind::Json, other) => {
            format!(
                "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
                go(other)
            )
        }
        (_, other) => {
            format!(
                "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                go(other)
            )
        }
    };
    Err(Failure::bad_request(say))
}

/// What Go's decoder calls a JSON value.
pub(crate) fn go(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The document after the patch.
pub(crate) fn apply(
    kind: Kind,
    document: &Value,
    patch: &Value,
    schema: Option<&Arc<Schema>>,
) -> Outcome<Value> {
    let mut out = document.clone();
    match kind {
        Kind::Json => operations::apply(&mut out, patch)?,
        Kind::Merge => json_patch::merge(&mut out, patch),
        Kind::Strategic => strategic::merge(&mut out, patch, schema)?,
        Kind::Apply => {}
    }
    Ok(out)
}
