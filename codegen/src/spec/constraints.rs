//! What a server checks of a value beyond its shape: bounds, patterns, rules, unions. Only the documentation of what is
//! generated tells of it, so nothing here decides about a type.

use serde_json::{Number, Value};

use super::cursor::Cursor;
use super::schema::{Dialect, Schema};
use crate::diag::{Code, Report};

/// The validation keywords of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constraints {
    pub(crate) minimum: Option<Number>,
    pub(crate) exclusive_minimum: bool,
    pub(crate) maximum: Option<Number>,
    pub(crate) exclusive_maximum: bool,
    pub(crate) multiple_of: Option<Number>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) pattern: Option<String>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique_items: bool,
    pub(crate) min_properties: Option<u64>,
    pub(crate) max_properties: Option<u64>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) all_of: Vec<Schema>,
    pub(crate) any_of: Vec<Schema>,
    pub(crate) one_of: Vec<Schema>,
    pub(crate) not: Option<Schema>,
}

/// One row of `x-kubernetes-validations`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    pub(crate) rule: String,
    pub(crate) message: String,
}

impl Constraints {
    /// Takes a keyword, and says whether it is one of these.
    pub(super) fn read(
        into: &mut Option<Box<Constraints>>,
        key: &str,
        at: Cursor<'_>,
        dialect: Dialect,
        report: &mut Report,
    ) -> bool {
        let known = [
            "minimum",
            "exclusiveMinimum",
            "maximum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "pattern",
            "minItems",
            "maxItems",
            "uniqueItems",
            "minProperties",
            "maxProperties",
            "x-kubernetes-validations",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
        ];
        if !known.contains(&key) {
            return false;
        }
        let found = into.get_or_insert_default();
        match key {
            "minimum" => found.minimum = number(at, report),
            "exclusiveMinimum" => found.exclusive_minimum = at.bool(report),
            "maximum" => found.maximum = number(at, report),
            "exclusiveMaximum" => found.exclusive_maximum = at.bool(report),
            "multipleOf" => found.multiple_of = number(at, report),
            "minLength" => found.min_length = count(at, report),
            "maxLength" => found.max_length = count(at, report),
            "pattern" => found.pattern = Some(at.string(report)),
            "minItems" => found.min_items = count(at, report),
            "maxItems" => found.max_items = count(at, report),
            "uniqueItems" => found.unique_items = at.bool(report),
            "minProperties" => found.min_properties = count(at, report),
            "maxProperties" => found.max_properties = count(at, report),
            "x-kubernetes-validations" => found.rules = rules(at, report),
            "allOf" => found.all_of = schemas(at, dialect, report),
            "anyOf" => found.any_of = schemas(at, dialect, report),
            "oneOf" => found.one_of = schemas(at, dialect, report),
            _ => found.not = Some(Schema::read(at, dialect, report)),
        }
        true
    }
}

fn number(at: Cursor<'_>, report: &mut Report) -> Option<Number> {
    match at.value {
        Value::Number(number) => Some(number.clone()),
        _ => {
            report.error(Code::WrongType, &at.place(), "expected a number", "");
            None
        }
    }
}

/// A count, also where it is written `1e2` or `3.0`.
fn count(at: Cursor<'_>, report: &mut Report) -> Option<u64> {
    let count = at.value.as_i64().or_else(|| {
        let float = at.value.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
    });
    if count.is_none() {
        report.error(Code::WrongType, &at.place(), "expected an integer", "");
    }
    // A negative bound bounds nothing.
    count.and_then(|count| u64::try_from(count).ok())
}

fn rules(at: Cursor<'_>, report: &mut Report) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (index, value) in at.array(report).iter().enumerate() {
        let at = at.index(index, value);
        if at.object(report).is_some() {
            let text = |key: &str, report: &mut Report| {
                at.get(key).filter(|at| !at.value.is_null()).map(|at| at.string(report)).unwrap_or_default()
            };
            rules.push(Rule { rule: text("rule", report), message: text("message", report) });
        }
    }
    rules
}

fn schemas(at: Cursor<'_>, dialect: Dialect, report: &mut Report) -> Vec<Schema> {
    let items = at.array(report).iter().enumerate();
    items.map(|(index, value)| Schema::read(at.index(index, value), dialect, report)).collect()
}
