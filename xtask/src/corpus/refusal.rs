//! Whether a kube-apiserver would refuse a CRD too: the rules of structural schemas that real CRDs break. Deliberately
//! not all that a server checks (`tests/server/src/crd` has more): a rule that is missing here makes a refusal count as a
//! failure, never the other way round.

use serde_json::Value;

/// Deeper schemas are not looked into.
const DEEPEST: usize = 256;

/// The first thing that a server would not accept in a version that is served, as it would say it.
pub(crate) fn reason(crd: &Value) -> Option<String> {
    let versions = crd["spec"]["versions"].as_array()?;
    for (index, version) in versions.iter().enumerate() {
        if version["served"] == false {
            continue;
        }
        let schema = &version["schema"]["openAPIV3Schema"];
        let at = format!("spec.versions[{index}].schema.openAPIV3Schema");
        if !schema.is_object() {
            return Some(format!("{at}: Required value: schemas are required"));
        }
        if schema["type"] != "object" {
            return Some(format!("{at}.type: must be object at the root"));
        }
        if let Some(reason) = node(schema, &at, "object fields", DEEPEST) {
            return Some(reason);
        }
    }
    None
}

fn node(schema: &Value, at: &str, place: &str, depth: usize) -> Option<String> {
    if depth == 0 {
        return None;
    }
    let flag = |name: &str| schema[name] == true;
    let any_type = flag("x-kubernetes-int-or-string") || flag("x-kubernetes-preserve-unknown-fields");
    if !any_type && schema["type"].as_str().is_none_or(str::is_empty) {
        return Some(format!("{at}.type: Required value: must not be empty for specified {place}"));
    }
    if schema["type"] == "array" && schema["items"].is_null() {
        return Some(format!("{at}.items: Required value: must be specified"));
    }
    if schema["items"].is_array() {
        return Some(format!("{at}.items: must be a schema, but is an array"));
    }
    if schema["$ref"].is_string() {
        return Some(format!("{at}.$ref: Forbidden"));
    }
    let has_properties = schema["properties"].as_object().is_some_and(|members| !members.is_empty());
    if has_properties && !schema["additionalProperties"].is_null() {
        return Some(format!("{at}: additionalProperties and properties are mutual exclusive"));
    }
    if schema["items"].is_object()
        && let Some(reason) = node(&schema["items"], &format!("{at}.items"), "array items", depth - 1)
    {
        return Some(reason);
    }
    if schema["additionalProperties"].is_object() {
        let inner = format!("{at}.additionalProperties");
        if let Some(reason) = node(&schema["additionalProperties"], &inner, "object fields", depth - 1) {
            return Some(reason);
        }
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.into_iter().find_map(|(name, inner)| {
        node(inner, &format!("{at}.properties[{name}]"), "object fields", depth - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn crd(spec: Value) -> Value {
        let schema = json!({"type": "object", "properties": {"spec": spec}});
        json!({"spec": {"versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": schema}}]}})
    }

    #[test]
    fn what_a_server_refuses_has_a_reason() {
        for (spec, expected) in [
            (json!({}), "must not be empty for specified object fields"),
            (json!({"type": "array"}), "items: Required value"),
            (json!({"type": "array", "items": {}}), "must not be empty for specified array items"),
            (json!({"type": "object", "additionalProperties": {}}), "additionalProperties.type: Required"),
            (json!({"$ref": "x", "type": "object"}), "$ref: Forbidden"),
            (
                json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": true}),
                "mutual exclusive",
            ),
        ] {
            let reason = reason(&crd(spec.clone())).unwrap_or_default();
            assert!(reason.contains(expected), "{spec}: {reason}");
        }
    }

    #[test]
    fn structural_schemas_have_none() {
        for spec in [
            json!({"x-kubernetes-int-or-string": true}),
            json!({"x-kubernetes-preserve-unknown-fields": true}),
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "oneOf": [{"required": ["a"]}], "properties": {"a": {"type": "string"}}}),
        ] {
            assert_eq!(reason(&crd(spec.clone())), None, "{spec}");
        }
    }

    #[test]
    fn versions_that_are_not_served_do_not_count() {
        let mut old = crd(json!({}));
        old["spec"]["versions"][0]["served"] = json!(false);
        assert_eq!(reason(&old), None);
    }
}
