//! The value rules of a node of a custom resource's schema, read once: limits, patterns, alternatives and CEL rules.
//!
//! What the structure is (properties, items, lists) is the schema's own; nothing is judged here.

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::Schema;
use super::go_regex::compile;

/// A pattern as it is written and as it is matched. What does not compile matches nothing.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) regex: Option<Regex>,
}

/// What a value must fulfil besides its type.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) exclusive_maximum: bool,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) min_length: Option<i64>,
    pub(crate) max_length: Option<i64>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) min_items: Option<i64>,
    pub(crate) max_items: Option<i64>,
    pub(crate) min_properties: Option<i64>,
    pub(crate) max_properties: Option<i64>,
    pub(crate) all_of: Vec<Arc<Schema>>,
    pub(crate) any_of: Vec<Arc<Schema>>,
    pub(crate) one_of: Vec<Arc<Schema>>,
    pub(crate) not: Option<Arc<Schema>>,
    /// `additionalProperties: false`
    pub(crate) closed: bool,
    pub(crate) cel: crate::cel::rules::Rules,
}

impl Rules {
    pub(super) fn read(all: &serde_json::Map<String, Value>) -> Rules {
        let number = |key: &str| all.get(key).and_then(Value::as_f64);
        let count = |key: &str| all.get(key).and_then(Value::as_i64);
        let flag = |key: &str| all.get(key).and_then(Value::as_bool).unwrap_or(false);
        let nested = |key: &str| -> Vec<Arc<Schema>> {
            let list = all.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.iter().map(|it| Arc::new(Schema::read(it, true))).collect()
        };
        let pattern = all.get("pattern").and_then(Value::as_str).filter(|it| !it.is_empty());
        Rules {
            minimum: number("minimum"),
            maximum: number("maximum"),
            exclusive_minimum: flag("exclusiveMinimum"),
            exclusive_maximum: flag("exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            pattern: pattern.map(|text| Pattern { text: text.to_owned(), regex: compile(text).ok() }),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
            all_of: nested("allOf"),
            any_of: nested("anyOf"),
            one_of: nested("oneOf"),
            not: all.get("not").filter(|it| it.is_object()).map(|it| Arc::new(Schema::read(it, true))),
            cel: crate::cel::rules::Rules::read(all),
            closed: all.get("additionalProperties").and_then(Value::as_bool) == Some(false),
        }
    }
}
