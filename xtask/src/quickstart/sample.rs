//! An object that a CRD's schema accepts, as small as the schema allows: what is required, with the first value that
//! fits. Patterns and rules in CEL are not understood; for those there is `--object`.

use serde_json::{Map, Value, json};

/// Objects in objects: no schema that people write is deeper.
const DEEPEST: usize = 32;

/// An object of the version's schema.
pub(crate) fn of(crd: &Value, version: &str) -> Value {
    let schema = super::found::versions(crd)
        .find(|candidate| candidate["name"] == version)
        .map_or(&Value::Null, |candidate| &candidate["schema"]["openAPIV3Schema"]);
    let mut object = value(schema, DEEPEST);
    let spec = &schema["properties"]["spec"];
    if let Some(members) = object.as_object_mut() {
        // Nearly every kind has one, and most servers' controllers expect it even where the schema does not.
        if spec.is_object() && !members.contains_key("spec") {
            members.insert("spec".to_owned(), value(spec, DEEPEST));
        }
        members.remove("metadata");
        members.remove("status");
        members.remove("apiVersion");
        members.remove("kind");
    }
    object
}

fn value(schema: &Value, depth: usize) -> Value {
    for given in [&schema["default"], &schema["enum"][0], &schema["example"]] {
        if !given.is_null() {
            return given.clone();
        }
    }
    if depth == 0 {
        return Value::Null;
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return json!(1);
    }
    match schema["type"].as_str() {
        Some("string") => string(schema).into(),
        Some("integer") => json!(least(schema).ceil() as i64),
        Some("number") => json!(least(schema)),
        Some("boolean") => json!(false),
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or(0).min(100);
            (0..count).map(|_| value(&schema["items"], depth - 1)).collect()
        }
        Some("object") => object(schema, depth),
        _ => json!({}),
    }
}

fn object(schema: &Value, depth: usize) -> Value {
    let mut members = Map::new();
    let required = |schema: &Value| -> Vec<String> {
        schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let mut names = required(schema);
    // One of several forms is asked for: the first will do.
    for choice in ["oneOf", "anyOf"] {
        names.extend(required(&schema[choice][0]));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        names.extend(required(part));
    }
    for name in names {
        let inner = value(&schema["properties"][&name], depth - 1);
        members.insert(name, inner);
    }
    let missing = schema["minProperties"].as_u64().unwrap_or(0).saturating_sub(members.len() as u64).min(100);
    let unused: Vec<(&String, &Value)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !members.contains_key(*name))
        .take(usize::try_from(missing).unwrap_or(0))
        .collect();
    for (name, inner) in unused {
        members.insert(name.clone(), value(inner, depth - 1));
    }
    Value::Object(members)
}

fn least(schema: &Value) -> f64 {
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    let least = schema["minimum"].as_f64().unwrap_or(if most < 1.0 { most } else { 1.0 });
    if schema["exclusiveMinimum"] == true { least + 1.0 } else { least }
}

fn string(schema: &Value) -> String {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("duration") => "1s",
        Some("byte") => "aGVsbG8=",
        Some("uri" | "url") => "https://example.com",
        Some("email") => "somebody@example.com",
        Some("hostname") => "example.com",
        Some("ipv4" | "ip") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("cidr") => "192.0.2.0/24",
        Some("uuid" | "uuid4") => "12345678-1234-4234-8234-123456789abc",
        _ => "example",
    };
    let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0).min(10_000)).unwrap_or(0);
    let most = usize::try_from(schema["maxLength"].as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let mut text: String = text.chars().take(most).collect();
    while text.len() < least {
        text.push('x');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_there_and_fits() {
        for (schema, expected) in [
            (json!({"type": "string"}), json!("example")),
            (json!({"type": "string", "enum": ["Red", "Blue"]}), json!("Red")),
            (json!({"type": "string", "minLength": 9}), json!("examplexx")),
            (json!({"type": "string", "maxLength": 2}), json!("ex")),
            (json!({"type": "integer", "minimum": 5}), json!(5)),
            (json!({"type": "integer", "maximum": 0}), json!(0)),
            (json!({"type": "integer", "default": 7}), json!(7)),
            (json!({"type": "array", "items": {"type": "boolean"}, "minItems": 2}), json!([false, false])),
            (json!({"type": "array", "items": {}}), json!([])),
            (
                json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}),
                json!({"a": "example"}),
            ),
            (
                json!({"type": "object", "minProperties": 1, "properties": {"b": {"type": "boolean"}}}),
                json!({"b": false}),
            ),
            (
                json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                       "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}}}),
                json!({"a": false}),
            ),
        ] {
            assert_eq!(value(&schema, DEEPEST), expected, "{schema}");
        }
    }

    #[test]
    fn a_kind_gets_a_spec_and_no_status() {
        let schema = json!({"type": "object", "required": ["status"], "properties": {
            "spec": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
            "status": {"type": "object"},
        }});
        let crd = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}});
        assert_eq!(of(&crd, "v1"), json!({"spec": {"n": 1}}));
    }
}
