//! Whether an object came back unchanged: two JSON values beside the schema that they follow.
//!
//! `null` equals absent in metadata and where a member is optional; numbers are compared by value, quantities and Go's zero
//! time too. Metadata has a type of its own, whose required members are always written: one that was missing reads as empty. The order of lists matters, that of members does not. Reads no file and knows no generated type.

use serde_json::{Map, Value};

/// How Go writes a time that was never set; it encodes as `null`.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";
/// Deeper values are not looked into: they differ if their texts do.
const DEEPEST: usize = 200;

/// The first path at which they differ, and how.
pub(crate) fn difference(schema: &Value, before: &Value, after: &Value) -> Option<String> {
    let mut walk = Walk { path: Vec::new(), in_metadata: false };
    walk.value(schema, before, after)
}

struct Walk {
    path: Vec<String>,
    in_metadata: bool,
}

impl Walk {
    fn value(&mut self, schema: &Value, before: &Value, after: &Value) -> Option<String> {
        if self.path.len() > DEEPEST {
            return (before != after).then(|| self.say("differs"));
        }
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => self.members(schema, before, after),
            (Value::Array(before), Value::Array(after)) => self.items(schema, before, after),
            (Value::Null, Value::String(text)) if self.in_metadata && text.is_empty() => None,
            _ if same_scalar(schema, before, after) => None,
            _ => Some(self.say(&format!("{} became {}", shown(before), shown(after)))),
        }
    }

    fn members(
        &mut self,
        schema: &Value,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Option<String> {
        for (name, value) in before {
            self.path.push(format!(".{name}"));
            let found = match after.get(name) {
                Some(other) => self.member(schema, name, value, other),
                None if self.may_be_absent(schema, name, value) => None,
                None => Some(self.say(&format!("{} is lost", shown(value)))),
            };
            self.path.pop();
            if found.is_some() {
                return found;
            }
        }
        for (name, value) in after {
            // A reference inside of a core type always has its name, as Go writes it: empty, which is what a server fills in.
            let empty_by_default = schema["properties"][name]["default"] == "";
            let filled = value == "" && (self.in_metadata || empty_by_default);
            if !before.contains_key(name) && !filled && !self.may_be_absent(schema, name, value) {
                self.path.push(format!(".{name}"));
                let found = self.say(&format!("{} came from nowhere", shown(value)));
                self.path.pop();
                return Some(found);
            }
        }
        None
    }

    fn member(&mut self, schema: &Value, name: &str, before: &Value, after: &Value) -> Option<String> {
        let inner = match &schema["properties"][name] {
            Value::Null => &schema["additionalProperties"],
            property => property,
        };
        let outside = self.in_metadata;
        self.in_metadata |= self.path.len() == 1 && name == "metadata";
        self.in_metadata |= schema["x-kubernetes-embedded-resource"] == true && name == "metadata";
        let found = self.value(inner, before, after);
        self.in_metadata = outside;
        found
    }

    /// Whether a member with this value and no member at all mean the same.
    fn may_be_absent(&self, schema: &Value, name: &str, value: &Value) -> bool {
        let property = &schema["properties"][name];
        let zero = is_time(property) && value == ZERO_TIME;
        if !value.is_null() && !zero {
            return false;
        }
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
        // What no property describes is raw JSON, or a value of a map: there `null` is a value.
        self.in_metadata || (!property.is_null() && !required)
    }

    fn items(&mut self, schema: &Value, before: &[Value], after: &[Value]) -> Option<String> {
        if before.len() != after.len() {
            return Some(self.say(&format!("{} items became {}", before.len(), after.len())));
        }
        for (index, (before, after)) in before.iter().zip(after).enumerate() {
            self.path.push(format!("[{index}]"));
            let found = self.value(&schema["items"], before, after);
            self.path.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn say(&self, what: &str) -> String {
        let path = if self.path.is_empty() { ".".to_owned() } else { self.path.concat() };
        format!("{path}: {what}")
    }
}

fn same_scalar(schema: &Value, before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Number(before), Value::Number(after)) => {
            before == after || (before.as_f64() == after.as_f64() && (!exact(before) || !exact(after)))
        }
        // A quantity may be written as a number, and is text ever after.
        (Value::Number(before), Value::String(after)) => {
            schema["x-kubernetes-int-or-string"] == true
                && schema["pattern"].is_string()
                && (before.to_string() == *after || after.parse().ok() == before.as_f64())
        }
        (Value::String(before), Value::Null) => is_time(schema) && before == ZERO_TIME,
        _ => before == after,
    }
}

/// Whether a number is an integer, so that the digits beyond a float's count.
fn exact(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64()
}

fn is_time(schema: &Value) -> bool {
    schema["format"] == "date-time"
}

/// A value for people, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({"type": "object", "required": ["must"], "properties": {
            "metadata": {"type": "object"},
            "must": {"type": "string", "nullable": true},
            "may": {"type": "string", "nullable": true},
            "name": {"type": "string", "default": ""},
            "mode": {"type": "string", "default": "a"},
            "time": {"type": "string", "format": "date-time"},
            "amount": {"x-kubernetes-int-or-string": true, "pattern": "^[0-9]+$"},
            "either": {"x-kubernetes-int-or-string": true},
            "map": {"type": "object", "additionalProperties": {"type": "string", "nullable": true}},
            "list": {"type": "array", "items": {"type": "number"}},
            "raw": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        }})
    }

    #[test]
    fn what_means_the_same_is_the_same() {
        for (before, after) in [
            (json!({"may": null}), json!({})),
            (json!({}), json!({"may": null})),
            (json!({"metadata": {"creationTimestamp": null}}), json!({"metadata": {}})),
            (
                json!({"metadata": {"ownerReferences": [{"name": "a"}, {"uid": null}]}}),
                json!({"metadata": {"ownerReferences": [{"name": "a", "uid": ""}, {"uid": ""}]}}),
            ),
            (json!({"list": [1, 2.0]}), json!({"list": [1.0, 2]})),
            (json!({"amount": 1}), json!({"amount": "1"})),
            (json!({"time": ZERO_TIME}), json!({"time": null})),
            (json!({}), json!({"name": ""})),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})),
        ] {
            assert_eq!(difference(&schema(), &before, &after), None, "{before} {after}");
        }
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        for (before, after, expected) in [
            (json!({"metadata": {"a": ""}}), json!({"metadata": {}}), ".metadata.a: \"\" is lost"),
            (json!({"must": null}), json!({}), ".must: null is lost"),
            (json!({"map": {"a": null}}), json!({"map": {}}), ".map.a: null is lost"),
            (json!({"raw": {"a": null}}), json!({"raw": {}}), ".raw.a: null is lost"),
            (json!({"list": [1, 2]}), json!({"list": [2, 1]}), ".list[0]: 1 became 2"),
            (json!({"list": [1]}), json!({"list": [1, 1]}), ".list: 1 items became 2"),
            (json!({"list": []}), json!({}), ".list: [] is lost"),
            (json!({"either": 1}), json!({"either": "1"}), ".either: 1 became \"1\""),
            (json!({}), json!({"mode": "a"}), ".mode: \"a\" came from nowhere"),
            (json!({"name": ""}), json!({}), ".name: \"\" is lost"),
            (json!({}), json!({"must": ""}), ".must: \"\" came from nowhere"),
            (json!({"list": [9007199254740993u64]}), json!({"list": [9007199254740992u64]}), ".list[0]"),
        ] {
            let found = difference(&schema(), &before, &after).unwrap_or_default();
            assert!(found.starts_with(expected), "{before} {after}: {found}");
        }
    }
}
