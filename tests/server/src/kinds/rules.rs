//! Validation of built-in types: the rules of `data/rules.tsv`, walked with the path of each field.
//!
//! A rule looks at one member. What several members must agree on are functions by type (`TYPE_CHECKS`) or by kind.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::causes::{At, Causes};
use super::formats;
use super::{MAX_DEPTH, TYPE_CHECKS, others};
use crate::schema::{Schema, builtin};

/// A check of a type that looks at more than one member.
pub(crate) type TypeCheck = fn(&Map<String, Value>, &At, &mut Causes);

/// A line of the table.
struct Rule {
    field: &'static str,
    rule: &'static str,
    argument: &'static str,
}

fn table() -> &'static HashMap<&'static str, Vec<Rule>> {
    static ALL: OnceLock<HashMap<&'static str, Vec<Rule>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: HashMap<&'static str, Vec<Rule>> = HashMap::new();
        for line in include_str!("../../data/rules.tsv").lines().filter(|it| !it.starts_with('#')) {
            let mut cells = line.split('\t');
            let (Some(name), Some(field), Some(rule)) = (cells.next(), cells.next(), cells.next()) else {
                continue;
            };
            let argument = cells.next().unwrap_or_default();
            all.entry(name).or_default().push(Rule { field, rule, argument });
        }
        all
    })
}

/// Checks an object of a kind, without its metadata and status.
pub(crate) fn check_object(object: &Value, schema: &Arc<Schema>, causes: &mut Causes) {
    let Some(all) = object.as_object() else { return };
    fields(all, &schema.resolved(), &At::default(), causes, 0);
}

/// Checks a value of a named type and everything in it.
pub(crate) fn check_type(value: &Value, name: &str, at: &At, causes: &mut Causes) {
    if let Some(schema) = builtin::named(name) {
        walk(value, &schema, at, causes, 0);
    }
}

/// The path of a member; the first one of an object has no dot before it.
fn walk(value: &Value, schema: &Arc<Schema>, at: &At, causes: &mut Causes, depth: usize) {
    let schema = schema.resolved();
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(all) if schema.properties.is_empty() => {
            let Some(member) = &schema.additional else { return };
            for (key, inner) in all {
                walk(inner, member, &at.key(key), causes, depth + 1);
            }
        }
        Value::Object(all) => fields(all, &schema, at, causes, depth),
        Value::Array(items) => {
            let Some(member) = &schema.items else { return };
            for (index, item) in items.iter().enumerate() {
                walk(item, member, &at.index(index), causes, depth + 1);
            }
        }
        _ => {}
    }
}

/// The members in the order of the table, then the others, then what they must agree on.
fn fields(all: &Map<String, Value>, schema: &Schema, at: &At, causes: &mut Causes, depth: usize) {
    let name = schema.name.unwrap_or_default();
    let rules = table().get(name).map(Vec::as_slice).unwrap_or_default();
    let mut order: Vec<&str> = Vec::new();
    for field in rules.iter().map(|it| it.field).chain(schema.properties.keys().map(String::as_str)) {
        if !order.contains(&field) {
            order.push(field);
        }
    }
    for field in order {
        if depth == 0 && (field == "metadata" || field == "status") && at == &At::default() {
            continue;
        }
        let value = all.get(field).unwrap_or(&Value::Null);
        let at = at.field(field);
        let mut inside = true;
        for rule in rules.iter().filter(|it| it.field == field) {
            inside &= apply(rule, value, &at, causes);
        }
        if let (true, Some(member)) = (inside, schema.properties.get(field)) {
            walk(value, member, &at, causes, depth + 1);
        }
    }
    for (_, check) in TYPE_CHECKS.iter().chain(others::TYPE_CHECKS).filter(|(it, _)| *it == name) {
        check(all, at, causes);
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(it) => it.is_empty(),
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
        _ => false,
    }
}

/// Applies one rule; `false` where the inside is not to be looked at.
fn apply(rule: &Rule, value: &Value, at: &At, causes: &mut Causes) -> bool {
    let argument = rule.argument;
    match rule.rule {
        "required" if is_empty(value) => {
            causes.required(at, argument);
            return false;
        }
        // Checked elsewhere: by a function that knows more.
        "skip" => return false,
        _ => {}
    }
    if value.is_null() {
        return true;
    }
    let text = value.as_str();
    let number = value.as_i64();
    let bounds: Vec<i64> = argument.split(' ').filter_map(|it| it.parse().ok()).collect();
    match (rule.rule, text, number) {
        ("not-negative", _, Some(it)) if it < 0 => {
            causes.invalid(at, it, "must be greater than or equal to 0");
        }
        ("positive", _, Some(it)) if it <= 0 => causes.invalid(at, it, "must be greater than 0"),
        ("range", _, Some(it)) => {
            if let [least, most] = bounds.as_slice()
                && (it < *least || it > *most)
            {
                causes.invalid(at, it, &format!("must be between {least} and {most}, inclusive"));
            }
        }
        ("max", _, Some(it)) => {
            if let Some(most) = bounds.first().filter(|most| it > **most) {
                causes.invalid(at, it, &format!("must be less than or equal to {most}"));
            }
        }
        ("port", _, Some(it)) if !(1..=65535).contains(&it) => {
            causes.invalid(at, it, "must be between 1 and 65535, inclusive");
        }
        ("enum", Some(it), _) if !argument.split(',').any(|known| known == it) => {
            let supported: Vec<&str> = argument.split(',').filter(|it| !it.is_empty()).collect();
            causes.unsupported(at, it, &supported);
        }
        ("max-length", Some(it), _) => {
            if let Some(most) = argument.parse::<usize>().ok().filter(|most| it.len() > *most) {
                causes.too_long(at, most);
            }
        }
        ("format", Some(it), _) if !it.is_empty() => {
            for problem in formats::problems(argument, it) {
                causes.invalid(at, it, &problem);
            }
        }
        ("labels", _, _) => formats::labels(value, at, causes),
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{TYPE_CHECKS, others, table};
    use crate::schema::builtin;

    #[test]
    fn every_rule_is_known_and_of_a_member_that_exists() {
        const KNOWN: &[&str] = &[
            "required",
            "skip",
            "not-negative",
            "positive",
            "range",
            "max",
            "port",
            "enum",
            "max-length",
            "format",
            "labels",
        ];
        for (name, rules) in table() {
            let schema = builtin::named(name).unwrap_or_else(|| panic!("{name} is no type"));
            for rule in rules {
                assert!(schema.properties.contains_key(rule.field), "{name} has no {}", rule.field);
                assert!(KNOWN.contains(&rule.rule), "{name}: {} is no rule", rule.rule);
                let known = rule.rule != "format" || super::formats::is_known(rule.argument);
                assert!(known, "{name}: {} is no format", rule.argument);
            }
        }
        for (name, _) in TYPE_CHECKS.iter().chain(others::TYPE_CHECKS) {
            assert!(builtin::named(name).is_some(), "{name} is no type");
        }
    }
}
