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

/// The same, of a type that reads better with absent members as null.
pub(crate) type ValueCheck = fn(&Value, &At, &mut Causes);

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
    fields(object, &schema.resolved(), &At::default(), causes, 0);
}

/// Checks a value of a named type and everything in it.
pub(crate) fn check_type(value: &Value, name: &str, at: &At, causes: &mut Causes) {
    if let Some(schema) = builtin::named(name) {
        walk(value, &schema, at, causes, 0);
    }
}

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
        Value::Object(_) => fields(value, &schema, at, causes, depth),
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
fn fields(all: &Value, schema: &Schema, at: &At, causes: &mut Causes, depth: usize) {
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
        let value = &all[field];
        let at = at.field(field);
        let mut inside = true;
        for rule in rules.iter().filter(|it| it.field == field) {
            // What is missing is not looked at further, unless a rule wants to say so twice.
            if inside || rule.rule == "always" {
                inside &= apply(rule, value, &at, causes);
            }
        }
        if let (true, Some(member)) = (inside, schema.properties.get(field)) {
            walk(value, member, &at, causes, depth + 1);
        }
    }
    for (_, check) in TYPE_CHECKS.iter().filter(|(it, _)| *it == name) {
        check(all, at, causes);
    }
    for (_, check) in others::TYPE_CHECKS.iter().filter(|(it, _)| *it == name) {
        if let Some(all) = all.as_object() {
            check(all, at, causes);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(it) => it.is_empty(),
        Value::Number(it) => it.as_i64() == Some(0),
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
        Value::Bool(_) => false,
    }
}

/// Applies one rule; `false` where the inside is not to be looked at.
fn apply(rule: &Rule, value: &Value, at: &At, causes: &mut Causes) -> bool {
    match rule.rule {
        "required" if is_empty(value) => {
            causes.required(at, rule.argument);
            return false;
        }
        "set" if value.is_null() => {
            causes.required(at, rule.argument);
            return false;
        }
        // Checked elsewhere: by a function that knows more.
        "skip" => return false,
        "labels" => formats::labels(value, at, causes),
        "port-or-name" => port_or_name(value, at, causes),
        // Also where it is empty or absent.
        "always" => format(rule.argument, value.as_str().unwrap_or_default(), at, causes),
        _ => match value {
            Value::String(text) => of_text(rule, text, at, causes),
            Value::Number(it) => of_number(rule, it.as_i64().unwrap_or_default(), at, causes),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().filter(|(_, it)| !it.is_object()) {
                    apply(rule, item, &at.index(index), causes);
                }
            }
            _ => {}
        },
    }
    true
}

fn of_number(rule: &Rule, number: i64, at: &At, causes: &mut Causes) {
    let bounds: Vec<i64> = rule.argument.split(' ').filter_map(|it| it.parse().ok()).collect();
    match (rule.rule, bounds.as_slice()) {
        ("not-negative", _) if number < 0 => causes.invalid(at, number, NOT_NEGATIVE),
        // The argument is how the real server writes nothing: it has two ways.
        ("positive", _) if number <= 0 => {
            causes.invalid(at, number, &format!("must be greater than {}", rule.argument));
        }
        ("range", [least, most]) if !(least..=most).contains(&&number) => {
            causes.invalid(at, number, &format!("must be between {least} and {most}, inclusive"));
        }
        ("port", _) if number != 0 && !(1..=65535).contains(&number) => causes.invalid(at, number, PORT),
        ("mode", _) if !(0..=0o777).contains(&number) => {
            causes.invalid(at, number, "must be a number between 0 and 0777 (octal), both inclusive");
        }
        ("weight", _) if !(1..=100).contains(&number) => {
            causes.invalid(at, number, "must be in the range 1-100");
        }
        _ => {}
    }
}

fn of_text(rule: &Rule, text: &str, at: &At, causes: &mut Causes) {
    match rule.rule {
        "enum" if !rule.argument.split(',').any(|it| it == text) => {
            let supported: Vec<&str> = rule.argument.split(',').collect();
            causes.unsupported(at, text, &supported);
        }
        "max-length" => {
            if let Some(most) = rule.argument.parse::<usize>().ok().filter(|most| text.len() > *most) {
                causes.too_long(at, most);
            }
        }
        "format" if !text.is_empty() => format(rule.argument, text, at, causes),
        _ => {}
    }
}

fn format(name: &str, text: &str, at: &At, causes: &mut Causes) {
    for problem in formats::problems(name, text) {
        causes.invalid(at, text, &problem);
    }
}

pub(crate) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
const PORT: &str = "must be between 1 and 65535, inclusive";

/// A port by its number or its name; absent is zero.
pub(crate) fn port_or_name(value: &Value, at: &At, causes: &mut Causes) {
    match value.as_str() {
        Some(name) => format("port-name", name, at, causes),
        None => {
            let number = value.as_i64().unwrap_or_default();
            if !(1..=65535).contains(&number) {
                causes.invalid(at, number, PORT);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TYPE_CHECKS, others, table};
    use crate::schema::builtin;

    #[test]
    fn every_rule_is_known_and_of_a_member_that_exists() {
        const KNOWN: &str = "required set skip not-negative positive range port mode weight enum max-length format always labels port-or-name";
        for (name, rules) in table() {
            let schema = builtin::named(name).unwrap_or_else(|| panic!("{name} is no type"));
            for rule in rules {
                assert!(schema.properties.contains_key(rule.field), "{name} has no {}", rule.field);
                assert!(KNOWN.split(' ').any(|it| it == rule.rule), "{name}: {} is no rule", rule.rule);
                let known =
                    !matches!(rule.rule, "format" | "always") || super::formats::is_known(rule.argument);
                assert!(known, "{name}: {} is no format", rule.argument);
            }
        }
        let others = others::TYPE_CHECKS.iter().map(|(name, _)| name);
        for name in TYPE_CHECKS.iter().map(|(name, _)| name).chain(others) {
            assert!(builtin::named(name).is_some(), "{name} is no type");
        }
    }
}
