//! Values as Go shows them in messages.
//!
//! Text only: nothing here is read again.

use serde_json::Value;

/// With `%v`: `map[a:1 b:[x y]]`.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let all: Vec<String> = items.iter().map(plain).collect();
            format!("[{}]", all.join(" "))
        }
        Value::Object(all) => {
            let mut names: Vec<&String> = all.keys().collect();
            names.sort();
            let show = |name: &&String| format!("{name}:{}", all.get(*name).map(plain).unwrap_or_default());
            let all: Vec<String> = names.iter().map(show).collect();
            format!("map[{}]", all.join(" "))
        }
        other => other.to_string(),
    }
}

/// With `%#v`: `map[string]interface {}{"a":1}`.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Array(items) => {
            let all: Vec<String> = items.iter().map(literal).collect();
            format!("[]interface {{}}{{{}}}", all.join(", "))
        }
        Value::Object(all) => {
            let mut names: Vec<&String> = all.keys().collect();
            names.sort();
            let show =
                |name: &&String| format!("{name:?}:{}", all.get(*name).map(literal).unwrap_or_default());
            let all: Vec<String> = names.iter().map(show).collect();
            format!("map[string]interface {{}}{{{}}}", all.join(", "))
        }
        other => other.to_string(),
    }
}
