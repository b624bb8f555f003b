//! JSON patch: the operations one by one, with the liberties that the real server's library takes.
//!
//! The operations themselves are the `json-patch` crate's. What it takes otherwise than the real server is put right before: an index
//! may be negative (from the end) or begin with zeros, a value that was left out is null, `replace` sets a member that is not
//! there, and a test for null holds for what is absent.

use json_patch::PatchOperation;
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};

/// The largest document that copying may make.
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// Applies all of them in place, or says that they are refused.
pub(super) fn apply(document: &mut Value, patch: &Value) -> Outcome<()> {
    let operations = patch.as_array().map(Vec::as_slice).unwrap_or_default();
    for operation in operations {
        let Some(kind) = operation.get("op").and_then(Value::as_str) else {
            return Err(Failure::patch_rejected());
        };
        let mut operation = operation.clone();
        if operation.get("value").is_none() && matches!(kind, "add" | "replace" | "test") {
            operation["value"] = Value::Null;
        }
        for (member, adds) in [("from", false), ("path", matches!(kind, "add" | "move" | "copy"))] {
            if let Some(path) = operation.get(member).and_then(Value::as_str) {
                operation[member] = normal(document, path, adds).into();
            }
        }
        let path = operation["path"].as_str().unwrap_or_default().to_owned();
        let absent = document.pointer(&path).is_none();
        if kind == "test" && absent && operation["value"].is_null() {
            continue;
        }
        let parent_of = |path: &str| path.rsplit_once('/').map_or("", |it| it.0).to_owned();
        let parent = parent_of(&path);
        if let ("copy", Some(from)) = (kind, operation.get("from").and_then(Value::as_str))
            && document.pointer(from).is_none()
            && document.pointer(&parent_of(from)).is_some_and(Value::is_object)
        {
            // Go reads a member that is not there as nil.
            operation = json!({"op": "add", "path": path, "value": null});
        }
        if kind == "replace" && absent && document.pointer(&parent).is_some_and(Value::is_object) {
            operation["op"] = "add".into();
        }
        one(document, operation)?;
    }
    Ok(())
}

fn one(document: &mut Value, operation: Value) -> Outcome<()> {
    let Ok(operation) = serde_json::from_value::<PatchOperation>(operation) else {
        return Err(Failure::patch_rejected());
    };
    let copies = matches!(operation, PatchOperation::Copy(_));
    json_patch::patch(document, &[operation]).map_err(|_| Failure::patch_rejected())?;
    // Copies of copies double.
    if copies && document.to_string().len() > MAX_COPIED {
        return Err(Failure::patch_rejected());
    }
    Ok(())
}

/// The pointer with the indexes of lists as the RFC writes them.
fn normal(document: &Value, path: &str, adds: bool) -> String {
    let mut at = Some(document);
    let mut out = String::new();
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    if steps.is_empty() {
        return path.to_owned();
    }
    for (index, step) in steps.iter().enumerate() {
        let step = match at {
            Some(Value::Array(items)) => {
                let room = items.len() + usize::from(adds && index + 1 == steps.len());
                from_end(step, room).unwrap_or_else(|| (*step).to_owned())
            }
            _ => (*step).to_owned(),
        };
        at = at.and_then(|it| it.pointer(&format!("/{step}")));
        out.push('/');
        out.push_str(&step);
    }
    out
}

/// An index as a number without a sign, of a list with so many places.
fn from_end(step: &str, places: usize) -> Option<String> {
    let index: i64 = step.parse().ok()?;
    let index = if index < 0 { index.checked_add(i64::try_from(places).ok()?)? } else { index };
    (index >= 0).then(|| index.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn indexes_are_taken_as_the_real_server_takes_them() {
        let document = json!({"a": [1, 2, {"b": [3]}], "-1": 0});
        let cases = [
            ("/a/-1/b/00", false, "/a/2/b/0"),
            ("/a/-1", true, "/a/3"),
            ("/a/-9", false, "/a/-9"),
            ("/a/-", true, "/a/-"),
            ("/-1", false, "/-1"),
            ("", false, ""),
            ("a", false, "a"),
        ];
        for (path, adds, expected) in cases {
            assert_eq!(normal(&document, path, adds), expected, "{path}");
        }
    }
}
