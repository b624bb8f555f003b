//! Makes an object with every member set, from the specification alone: what the tests of completeness send around.
//!
//! Values are of the right type and form, and otherwise arbitrary: a server may find them invalid, but must know them all.

use serde_json::{Map, Value, json};

use crate::spec_reader::{Schema, reference, schema, strings};

/// An object of a schema with every property set, each list and map with one item.
///
/// A schema inside itself is cut where it would begin again.
pub(crate) fn populated(of: Schema) -> Value {
    Maker::default().object(of)
}

#[derive(Default)]
struct Maker {
    /// The schemas that are being filled.
    open: Vec<&'static str>,
    /// So that values differ, and each form of a value comes up.
    count: u32,
}

impl Maker {
    fn object(&mut self, of: Schema) -> Value {
        self.open.push(of.name);
        let mut object = Map::new();
        for (name, json) in of.properties() {
            let value = match (name, of.kind()) {
                ("apiVersion", Some((api_version, _))) => Some(Value::String(api_version)),
                ("kind", Some((_, kind))) => Some(kind.into()),
                _ => self.value(name, json),
            };
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        }
        self.open.pop();
        Value::Object(object)
    }

    /// Nothing where the value would hold the object that it belongs to.
    fn value(&mut self, name: &str, json: &'static Value) -> Option<Value> {
        if let Some(of) = reference(json) {
            return self.referenced(of);
        }
        self.count += 1;
        let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
        Some(match (text("type"), text("format")) {
            ("string", "byte") => "aGVsbG8=".into(),
            ("string", _) => {
                match strings(&json["enum"]).filter(|value| !value.is_empty()).collect::<Vec<_>>() {
                    values if values.is_empty() => self.text(name),
                    values => values[self.count as usize % values.len()].into(),
                }
            }
            ("boolean", _) => (self.count.is_multiple_of(2)).into(),
            ("integer", _) => (self.count % 100 + 1).into(),
            ("number", _) => json!(f64::from(self.count) + 0.5),
            ("array", _) => Value::Array(vec![self.value(name, &json["items"])?]),
            ("object", _) => {
                let value = match json.get("additionalProperties") {
                    Some(of) => self.value(name, of)?,
                    None => json!({"free": true}),
                };
                json!({ "key": value })
            }
            other => panic!("{name}: a type that the tests do not know: {other:?}"),
        })
    }

    fn text(&self, name: &str) -> Value {
        match name {
            "operation" => "Update".into(),
            "fieldsType" => "FieldsV1".into(),
            "apiVersion" => "v1".into(),
            _ => format!("text-{}", self.count).into(),
        }
    }

    fn referenced(&mut self, name: &'static str) -> Option<Value> {
        self.count += 1;
        let one_of = |values: [Value; 2]| values[self.count as usize % 2].clone();
        let last = name.rsplit('.').next().expect("a name");
        Some(match last {
            "Time" => "2024-02-29T12:34:56Z".into(),
            "MicroTime" => "2024-02-29T12:34:56.654321Z".into(),
            "Quantity" => one_of(["1500m".into(), "2Gi".into()]),
            "IntOrString" => one_of([8080.into(), "25%".into()]),
            "FieldsV1" => json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}}}),
            "RawExtension" => json!({"apiVersion": "example.com/v1", "kind": "Any", "n": [1, 2.5, null]}),
            "JSON" => json!({"any": [1, "two", true]}),
            "JSONSchemaPropsOrBool" => one_of([true.into(), json!({"type": "string"})]),
            "JSONSchemaPropsOrArray" => one_of([json!({"type": "string"}), json!([{"type": "integer"}])]),
            "JSONSchemaPropsOrStringArray" => one_of([json!(["a", "b"]), json!({"type": "string"})]),
            _ if self.open.contains(&name) => return None,
            _ => self.object(schema(name).unwrap_or_else(|| panic!("{name} is referred to, and not there"))),
        })
    }
}
