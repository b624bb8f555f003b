//! One field as users see it: its form, whether it has to be there, its values, and what a server checks of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diag::Place;

/// One field, or a schema that is no object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    /// `string`, `[]Container`, `map[string]Quantity`, …
    pub(crate) form: String,
    /// Whether those who write the object have to give it.
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    /// Whether members that are not named are kept.
    pub(crate) preserves: bool,
    /// The permitted values, where there is a list.
    pub(crate) values: BTreeSet<String>,
    /// Its list or map type with merge keys, as for server-side apply.
    pub(crate) topology: String,
    /// As JSON text.
    pub(crate) default: Option<String>,
    /// `minimum`, `maxLength` … with their bounds.
    pub(crate) bounds: BTreeMap<&'static str, f64>,
    pub(crate) pattern: Option<String>,
    /// CEL rules.
    pub(crate) rules: BTreeSet<String>,
    pub(crate) place: Option<Place>,
}

/// Which way a bound is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A greater number permits less.
    Lower,
    /// A smaller number permits less.
    Upper,
}

/// The keywords that bound a value.
pub(crate) const BOUNDS: [(&str, Bound); 8] = [
    ("minimum", Bound::Lower),
    ("minLength", Bound::Lower),
    ("minItems", Bound::Lower),
    ("minProperties", Bound::Lower),
    ("maximum", Bound::Upper),
    ("maxLength", Bound::Upper),
    ("maxItems", Bound::Upper),
    ("maxProperties", Bound::Upper),
];

/// Where a field stands does not make it another one.
impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        let facts = |field: &Field| {
            let flags = (field.required, field.nullable, field.preserves);
            (flags, field.form.clone(), field.topology.clone(), field.default.clone(), field.pattern.clone())
        };
        facts(self) == facts(other)
            && (&self.values, &self.bounds, &self.rules) == (&other.values, &other.bounds, &other.rules)
    }
}

impl Field {
    /// The facts of a schema. Whether it is required is told by what it stands in.
    pub(crate) fn of(value: &Value) -> Field {
        let is_true = |name: &str| value.get(name) == Some(&Value::Bool(true));
        let rules = value.get("x-kubernetes-validations").and_then(Value::as_array);
        let rules = rules.into_iter().flatten().filter_map(|rule| rule.get("rule")?.as_str());
        Field {
            form: form(value, 0),
            required: false,
            nullable: is_true("nullable"),
            preserves: is_true("x-kubernetes-preserve-unknown-fields"),
            values: values(value),
            topology: topology(value),
            default: value.get("default").map(Value::to_string),
            bounds: BOUNDS
                .iter()
                .filter_map(|(name, _)| Some((*name, value.get(*name)?.as_f64()?)))
                .collect(),
            pattern: value.get("pattern").and_then(Value::as_str).map(str::to_owned),
            rules: rules.map(str::to_owned).collect(),
            place: None,
        }
    }

    /// Whether a server checks or fills in anything beyond the form.
    pub(crate) fn is_checked(&self) -> bool {
        !(self.values.is_empty() && self.bounds.is_empty() && self.rules.is_empty())
            || self.pattern.is_some()
            || self.nullable
            || self.preserves
    }
}

fn topology(value: &Value) -> String {
    let extension =
        |name: &str| value.get(format!("x-kubernetes-{name}")).and_then(Value::as_str).unwrap_or_default();
    let keys = value.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
    let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
    let parts = [extension("list-type"), extension("map-type"), &keys.join(",")].map(str::to_owned);
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// The permitted values, also those of a list's items or a map's values.
fn values(value: &Value) -> BTreeSet<String> {
    let inner = ["items", "additionalProperties"].into_iter().filter_map(|key| value.get(key));
    let lists = std::iter::once(value).chain(inner).filter_map(|value| value.get("enum")?.as_array());
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    lists.take(1).flatten().map(shown).collect()
}

/// How a schema's type is written for people. Beyond a depth that no real schema has it is `…`.
fn form(value: &Value, depth: usize) -> String {
    if depth > 64 {
        return "…".to_owned();
    }
    let inner = |value: &Value| form(value, depth + 1);
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        return reference.rsplit('/').next().unwrap_or(reference).to_owned();
    }
    if let Some([one]) = value.get("allOf").and_then(Value::as_array).map(Vec::as_slice)
        && value.get("type").is_none()
    {
        return inner(one);
    }
    let is_int_or_string = value.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    if is_int_or_string || value.get("format").and_then(Value::as_str) == Some("int-or-string") {
        return "int-or-string".to_owned();
    }
    let values = value.get("additionalProperties").filter(|values| values.is_object());
    match (value.get("type").and_then(Value::as_str), values) {
        (Some("array"), _) => format!("[]{}", value.get("items").map_or("any".to_owned(), inner)),
        (Some("object"), Some(values)) => format!("map[string]{}", inner(values)),
        (Some(name), _) => match value.get("format").and_then(Value::as_str) {
            Some(format) => format!("{name}({format})"),
            None => name.to_owned(),
        },
        (None, _) => match value.get("oneOf").and_then(Value::as_array) {
            Some(choices) => choices.iter().map(inner).collect::<Vec<_>>().join(" or "),
            None => "any".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_are_written_as_people_say_them() {
        for (schema, expected) in [
            (json!({"type": "string"}), "string"),
            (json!({"type": "string", "format": "date-time"}), "string(date-time)"),
            (json!({"$ref": "#/components/schemas/io.k8s.X"}), "io.k8s.X"),
            (json!({"allOf": [{"$ref": "#/components/schemas/io.k8s.X"}], "default": {}}), "io.k8s.X"),
            (json!({"type": "array", "items": {"type": "string"}}), "[]string"),
            (json!({"type": "object", "additionalProperties": {"type": "integer"}}), "map[string]integer"),
            (json!({"type": "object"}), "object"),
            (json!({"oneOf": [{"type": "string"}, {"type": "number"}]}), "string or number"),
            (json!({"x-kubernetes-int-or-string": true}), "int-or-string"),
            (json!({}), "any"),
        ] {
            assert_eq!(form(&schema, 0), expected);
        }
    }
}
