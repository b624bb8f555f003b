//! JSON for people: members in the order in which the real server writes the heads of its objects.
//!
//! Only answers that somebody looks at pass here (failures, indented ones); order means nothing to a program.

use serde_json::Value;

/// The members that come first, in this order; all others follow by name.
const FIRST: &[&str] =
    &["kind", "apiVersion", "metadata", "spec", "status", "message", "reason", "details", "code"];

/// The order inside `metadata` and `details`.
const INSIDE: &[&str] = &[
    "name",
    "group",
    "generateName",
    "namespace",
    "kind",
    "uid",
    "resourceVersion",
    "continue",
    "remainingItemCount",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
    "causes",
    "retryAfterSeconds",
];

/// The value in one line, or indented by two spaces.
pub(crate) fn write(value: &Value, pretty: bool) -> String {
    let mut out = String::new();
    put(value, FIRST, pretty.then_some(0), &mut out);
    out
}

fn put(value: &Value, order: &[&str], depth: Option<usize>, out: &mut String) {
    let line = |depth: Option<usize>, out: &mut String| {
        if let Some(depth) = depth {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    let inner = depth.map(|it| it + 1);
    match value {
        Value::Object(all) if !all.is_empty() => {
            let rank = |name: &str| order.iter().position(|it| *it == name).unwrap_or(order.len());
            let mut members: Vec<(&String, &Value)> = all.iter().collect();
            members.sort_by(|one, other| rank(one.0).cmp(&rank(other.0)).then(one.0.cmp(other.0)));
            out.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(inner, out);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(if depth.is_some() { ": " } else { ":" });
                let order: &[&str] = match name.as_str() {
                    "metadata" | "details" => INSIDE,
                    "items" | "object" => FIRST,
                    _ => &[],
                };
                put(value, order, inner, out);
            }
            line(depth, out);
            out.push('}');
        }
        Value::Array(all) if !all.is_empty() => {
            out.push('[');
            for (index, value) in all.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                line(inner, out);
                put(value, order, inner, out);
            }
            line(depth, out);
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn heads_come_first() {
        let value = json!({"apiVersion": "v1", "code": 404, "details": {"kind": "pods", "name": "a"}, "kind": "Status", "metadata": {}});
        let expected = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"details":{"name":"a","kind":"pods"},"code":404}"#;
        assert_eq!(write(&value, false), expected);
        assert_eq!(write(&json!({"a": [1, {}]}), true), "{\n  \"a\": [\n    1,\n    {}\n  ]\n}");
    }
}
