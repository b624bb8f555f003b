//! Whether an applied configuration fits its schema, with the complaints of structured merge.
//!
//! Which values are allowed is validation's; here only types, keys and members that do not exist are looked at.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{Step, item_step, shown};
use crate::patch::shown::{literal, plain};
use crate::schema::{ListKind, Schema};

/// What is wrong with a configuration, as one text.
///
/// # Errors
///
/// The complaints, each with its path.
pub(crate) fn check(config: &Value, schema: &Arc<Schema>) -> Result<(), String> {
    let mut walk = Walk { at: Vec::new(), errors: Vec::new() };
    walk.node(config, schema);
    match walk.errors.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        many => Err(format!("errors:\n  {}", many.join("\n  "))),
    }
}

struct Walk {
    at: Vec<Step>,
    errors: Vec<String>,
}

impl Walk {
    fn say(&mut self, what: &str) {
        self.errors.push(format!("{}: {what}", shown(&self.at)));
    }

    fn below(&mut self, step: Step, value: &Value, schema: &Arc<Schema>) {
        self.at.push(step);
        self.node(value, schema);
        self.at.pop();
    }

    fn node(&mut self, value: &Value, schema: &Arc<Schema>) {
        let schema = schema.resolved();
        if value.is_null() {
            return;
        }
        if schema.int_or_string {
            // Of a custom resource the real server knows no type here, so that validation has to complain.
            if !schema.custom && value.is_object() || value.is_array() {
                self.say(&format!("expected any scalar, got {}", pointer(value)));
            }
            return;
        }
        match schema.kind.as_deref() {
            Some("string") if !value.is_string() && !takes_numbers(&schema) => {
                self.say(&format!(
                    "expected string, got &value.valueUnstructured{{Value:{}}}",
                    literal(value)
                ));
            }
            Some("integer" | "number") if !value.is_number() => {
                self.say(&format!("expected numeric (int or float), got {}", type_name(value)));
            }
            Some("boolean") if !value.is_boolean() => {
                self.say(&format!("expected boolean, got {}", pointer(value)));
            }
            Some("array") => self.list(value, &schema),
            Some("object") if !schema.custom && schema.is_opaque() => {}
            Some("object") => self.map(value, &schema),
            _ => {}
        }
    }

    fn map(&mut self, value: &Value, schema: &Arc<Schema>) {
        let Value::Object(all) = value else {
            self.say(&format!("expected map, got {}", pointer(value)));
            return;
        };
        for (name, inner) in all {
            let step = Step::Field(name.clone());
            match schema.member(name) {
                Some(member) => self.below(step, inner, &member),
                None if schema.preserve_unknown => {}
                None => {
                    self.at.push(step);
                    self.say("field not declared in schema");
                    self.at.pop();
                }
            }
        }
    }

    fn list(&mut self, value: &Value, schema: &Arc<Schema>) {
        let Value::Array(items) = value else {
            self.say(&format!("expected list, got {}", pointer(value)));
            return;
        };
        let Some(item_schema) = schema.item() else { return };
        let mut seen: Vec<Step> = Vec::new();
        let mut told: Vec<Step> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if let Some(why) = unfit_item(item, &schema.list, &item_schema) {
                self.say(&format!("element {index}: {why}"));
                continue;
            }
            let step = item_step(item, &schema.list, Some(&item_schema), index);
            if schema.list != ListKind::Atomic {
                if seen.contains(&step) && !told.contains(&step) {
                    self.say(&format!("duplicate entries for key {}", shown(std::slice::from_ref(&step))));
                    told.push(step.clone());
                }
                seen.push(step.clone());
            }
            self.below(step, item, &item_schema);
        }
    }
}

/// Why an item has no place in its list.
fn unfit_item(item: &Value, list: &ListKind, schema: &Arc<Schema>) -> Option<String> {
    match (list, item) {
        (ListKind::Map(_), Value::Null) => {
            Some("associative list with keys may not have a null element".to_owned())
        }
        (ListKind::Map(keys), Value::Object(all)) => {
            let missing = |key: &&String| {
                all.get(*key).is_none_or(Value::is_null)
                    && schema
                        .member(key)
                        .is_none_or(|it| it.resolved().default.is_none() && it.default.is_none())
            };
            keys.iter()
                .all(|it| missing(&it))
                .then(|| keys.first())
                .flatten()
                .map(|key| format!("associative list with keys has an element that omits key field {key:?} (and doesn't have default value)"))
        }
        (ListKind::Map(_), _) => Some("associative list with keys may not have non-map elements".to_owned()),
        (ListKind::Set, Value::Null) => {
            Some("associative list without keys has an element that's an explicit null".to_owned())
        }
        (ListKind::Set, Value::Object(_)) => {
            Some("associative list without keys has an element that's a map type".to_owned())
        }
        _ => None,
    }
}

/// Quantities and the like: text in the document's schema, any scalar in the server's.
fn takes_numbers(schema: &Schema) -> bool {
    schema.format.as_deref() == Some("int-or-string")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(it) if it.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// As Go shows a pointer to the value with `%v`.
fn pointer(value: &Value) -> String {
    format!("&{{{}}}", plain(value))
}
