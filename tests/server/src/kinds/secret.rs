//! Secrets: their type, and `stringData` that becomes data.

use base64::Engine as _;
use serde_json::Value;

use super::Kind;

pub(super) const KIND: Kind = Kind { selectable: &["type"], defaults, ..Kind::plain("", "secrets") };

fn defaults(object: &mut Value) {
    if object.get("type").and_then(Value::as_str).unwrap_or_default().is_empty() {
        object["type"] = "Opaque".into();
    }
    let Some(plain) = object.as_object_mut().and_then(|it| it.remove("stringData")) else { return };
    for (key, value) in plain.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        object["data"][key.as_str()] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}
