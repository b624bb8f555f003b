//! Embedded resources: each has an apiVersion, a kind, and metadata that a resource could have.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::failure::{Cause, shown};
use crate::kinds::formats::dns1035_label;
use crate::names;
use crate::schema::{Schema, builtin, types};

/// What is wrong with the resources inside an object; not with the object itself.
pub(crate) fn check(value: &Value, schema: &Arc<Schema>, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(value, schema, path, &mut causes);
    causes
}

fn walk(value: &Value, schema: &Arc<Schema>, path: &str, causes: &mut Vec<Cause>) {
    match value {
        Value::Object(all) => {
            if schema.embedded {
                resource(value, path, causes);
            }
            for (name, inner) in all {
                match (schema.properties.get(name), &schema.additional) {
                    (Some(it), _) if it.custom => walk(inner, it, &join(path, name), causes),
                    (None, Some(it)) => walk(inner, it, &format!("{path}[{name}]"), causes),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            if let Some(inner) = &schema.items {
                for (index, item) in items.iter().enumerate() {
                    walk(item, inner, &format!("{path}[{index}]"), causes);
                }
            }
        }
        _ => {}
    }
}

/// The first embedded resource whose type or metadata Go could not read.
pub(crate) fn unreadable(value: &Value, schema: &Arc<Schema>, path: &str) -> Option<String> {
    match value {
        Value::Object(all) => {
            if schema.embedded {
                for name in ["apiVersion", "kind"] {
                    if let Some(it) = all.get(name).filter(|it| !it.is_string()) {
                        let field = join(path, name);
                        return Some(format!("{field}: Invalid value: {}: must be a string", shown(it)));
                    }
                }
                if let (Some(it), Some(meta)) = (all.get("metadata"), builtin::named(builtin::OBJECT_META))
                    && let Err(why) = types::check(it, &meta, "ObjectMeta")
                {
                    return Some(format!("{}: Invalid value: {}: {why}", join(path, "metadata"), shown(it)));
                }
            }
            all.iter().find_map(|(name, inner)| match (schema.properties.get(name), &schema.additional) {
                (Some(it), _) if it.custom => unreadable(inner, it, &join(path, name)),
                (None, Some(it)) => unreadable(inner, it, &format!("{path}[{name}]")),
                _ => None,
            })
        }
        Value::Array(items) => {
            let inner = schema.items.as_ref()?;
            items.iter().enumerate().find_map(|(at, it)| unreadable(it, inner, &format!("{path}[{at}]")))
        }
        _ => None,
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn resource(value: &Value, path: &str, causes: &mut Vec<Cause>) {
    for name in ["apiVersion", "kind"] {
        let at = join(path, name);
        let wrong = |say: &str| Cause::invalid(at.clone(), &value[name], say);
        match &value[name] {
            Value::Null if value.get(name).is_none() => causes.push(Cause::required(at, "")),
            Value::String(text) if text.is_empty() => causes.push(wrong("must not be empty")),
            Value::String(text) if name == "apiVersion" && text.matches('/').count() > 1 => {
                causes.push(wrong(&format!("unexpected GroupVersion string: {text}")));
            }
            Value::String(text) if name == "kind" => {
                let problems = dns1035_label(&text.to_lowercase());
                if !problems.is_empty() {
                    let say =
                        format!("may have mixed case, but should otherwise match: {}", problems.join(","));
                    causes.push(wrong(&say));
                }
            }
            Value::String(_) => {}
            _ => causes.push(wrong("must be a string")),
        }
    }
    if value["metadata"].is_object() {
        let mut object = json!({"metadata": value["metadata"]});
        if object["metadata"]["name"].as_str().unwrap_or_default().is_empty() {
            object["metadata"]["name"] = "fakename".into();
        }
        for mut cause in names::check_embedded(&object) {
            cause.field = join(path, &cause.field);
            causes.push(cause);
        }
    }
}
