//! Validation of custom resources against their schema, with the real server's causes.
//!
//! Types, required members, enums and the keywords; numbers, formats, lists and embedded resources have modules of their own. CEL
//! rules are judged elsewhere. On update, what did not change is not held against the object (ratcheting).

pub(crate) mod correlate;
pub(crate) mod embedded;
mod formats;
pub(crate) mod lists;
mod numbers;

pub(crate) use formats::is_known as is_known_format;
pub(crate) use numbers::go_float;

use std::sync::Arc;

use serde_json::Value;

use self::correlate::Pair;
use super::Schema;
use crate::failure::{Cause, shown};

/// Everything that is wrong with a new value. `base` is the path of the value in its object.
pub(crate) fn check(value: &Value, schema: &Arc<Schema>, base: &str) -> Vec<Cause> {
    found(base, walk(value, schema, "", None))
}

/// Everything that is wrong with a changed value, except with what did not change.
pub(crate) fn check_update(value: &Value, old: &Value, schema: &Arc<Schema>, base: &str) -> Vec<Cause> {
    found(base, ratcheted(Pair { new: value, old }, schema, ""))
}

fn found(base: &str, result: Outcome) -> Vec<Cause> {
    result.problems.into_iter().map(|it| it.into_cause(base)).collect()
}

/// What a value fails in: the real server's libraries tell the same problem once.
#[derive(Debug)]
struct Problem {
    /// Inside of the validated value; `None` where the real server's library forgets where it is.
    at: Option<String>,
    text: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Required,
    Enum(String, Vec<String>),
    TooLong(i64),
    TooMany(i64, i64),
    Type(String),
    /// With the value as it is shown.
    Invalid(String),
}

impl Problem {
    fn into_cause(self, base: &str) -> Cause {
        let inner = self.at.as_deref().map(|it| it.strip_prefix('.').unwrap_or(it)).unwrap_or_default();
        let field = match (base, inner) {
            ("", "") => "<nil>".to_owned(),
            (base, "") => base.to_owned(),
            ("", inner) => inner.to_owned(),
            (base, inner) => format!("{base}.{inner}"),
        };
        match self.kind {
            Kind::Required => Cause::required(field, ""),
            Kind::Enum(value, supported) => {
                let supported: Vec<&str> = supported.iter().map(String::as_str).collect();
                Cause::unsupported(field, &value, &supported)
            }
            Kind::TooLong(most) => Cause {
                reason: "FieldValueTooLong",
                field,
                message: match most {
                    0.. => format!(
                        "Too long: may not be more than {most} {}",
                        if most == 1 { "byte" } else { "bytes" }
                    ),
                    _ => "Too long: value is too long".to_owned(),
                },
            },
            Kind::TooMany(actual, most) => Cause {
                reason: "FieldValueTooMany",
                field,
                message: format!(
                    "Too many: {actual}: must have at most {most} {}",
                    if most == 1 { "item" } else { "items" }
                ),
            },
            Kind::Type(value) => Cause::wrong_type(field, &value, &self.text),
            Kind::Invalid(value) => Cause {
                reason: "FieldValueInvalid",
                field,
                message: format!("Invalid value: {value}: {}", self.text),
            },
        }
    }
}

/// Problems, and how many checks were passed: the alternative with the most is the one that is told of.
#[derive(Debug, Default)]
struct Outcome {
    problems: Vec<Problem>,
    matched: usize,
}

impl Outcome {
    fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    fn add(&mut self, problem: Problem) {
        if !self.problems.iter().any(|it| it.text == problem.text) {
            self.problems.push(problem);
        }
    }

    fn merge(&mut self, other: Outcome) {
        self.matched += other.matched;
        for problem in other.problems {
            self.add(problem);
        }
    }

    fn invalid(&mut self, at: &str, value: String, text: String) {
        self.add(Problem { at: Some(at.to_owned()), text, kind: Kind::Invalid(value) });
    }

    /// A complaint that names its place in the text alone.
    fn lost(&mut self, text: String) {
        self.add(Problem { at: None, text, kind: Kind::Invalid("\"\"".to_owned()) });
    }
}

/// Whether a text has a format that is known.
pub(crate) fn has_format(format: &str, text: &str) -> bool {
    formats::check(format, text).unwrap_or(true)
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(it) if it.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// A changed value: its problems do not count if it is what it was.
fn ratcheted(pair: Pair<'_>, schema: &Arc<Schema>, path: &str) -> Outcome {
    let mut result = walk(pair.new, schema, path, Some(pair));
    if !result.is_fine() && pair.is_same(schema) {
        result.problems.clear();
    }
    result
}

/// One member or item, with what it was where that can be told.
fn inside(value: &Value, old: Option<Pair<'_>>, schema: &Arc<Schema>, path: &str) -> Outcome {
    match old {
        Some(pair) => ratcheted(pair, schema, path),
        None => walk(value, schema, path, None),
    }
}

fn walk(value: &Value, schema: &Arc<Schema>, path: &str, pair: Option<Pair<'_>>) -> Outcome {
    let mut result = Outcome::default();
    if value.is_null() {
        result.merge(types(value, schema, path));
        result.merge(values(value, schema, path));
        return result;
    }
    let format = formats::of(schema);
    if schema.int_or_string || schema.kind.is_some() || !format.is_empty() {
        result.merge(types(value, schema, path));
        result.matched += 1;
    }
    result.merge(alternatives(value, schema, path, pair));
    result.matched += 1;
    match value {
        Value::String(text) => {
            result.merge(strings(value, text, schema, path));
            result.matched += 1;
            if let Some(fits) = formats::check(&format, text) {
                if !fits {
                    let say = format!("{path} in body must be of type {}: {}", format, shown(value));
                    result.add(Problem {
                        at: Some(path.to_owned()),
                        text: say,
                        kind: Kind::Type(shown(value)),
                    });
                }
                result.matched += 1;
            }
        }
        Value::Number(number) => {
            result.merge(numbers::check(number, schema, path));
            result.matched += 1;
        }
        Value::Array(items) => {
            result.merge(list(items, schema, path, pair));
            result.matched += 1;
        }
        _ => {}
    }
    result.merge(values(value, schema, path));
    result.matched += 1;
    if let Value::Object(all) = value {
        result.merge(object(all, schema, path, pair));
        result.matched += 1;
    }
    result.matched += 1;
    result
}

fn types(value: &Value, schema: &Schema, path: &str) -> Outcome {
    let wanted: Vec<&str> = match (schema.int_or_string, schema.kind.as_deref()) {
        (true, _) => vec!["integer", "string"],
        (false, Some(kind)) => vec![kind],
        (false, None) => Vec::new(),
    };
    let wrong = |wanted: &str, got: &str| {
        let kind = Kind::Type(format!("\"{got}\""));
        let text = format!("{path} in body must be of type {wanted}: \"{got}\"");
        Outcome { problems: vec![Problem { at: Some(path.to_owned()), text, kind }], matched: 0 }
    };
    let fine = Outcome { problems: Vec::new(), matched: 1 };
    let got = type_name(value);
    if value.is_null() {
        return if wanted.is_empty() || schema.nullable { fine } else { wrong(&wanted.join(","), "null") };
    }
    let has = |kind: &str| wanted.contains(&kind);
    let whole = got == "number" && value.as_f64().is_some_and(numbers::is_whole) && has("integer");
    let as_float = got == "integer" && has("number");
    let format = formats::of(schema);
    let is_text = matches!(value, Value::String(_) | Value::Array(_));
    let data_format = match got {
        "integer" => "int64",
        "number" => "float64",
        _ => "",
    };
    let fits = has(got) || whole || as_float;
    if !(is_text || format.is_empty() || fits || data_format == format) {
        return wrong(&format, data_format);
    }
    if is_text && !(has("number") || has("integer") || format.is_empty()) {
        return fine;
    }
    if !(fits || wanted.is_empty()) {
        return wrong(&wanted.join(","), got);
    }
    fine
}

fn values(value: &Value, schema: &Schema, path: &str) -> Outcome {
    let mut result = Outcome::default();
    let same = |it: &Value| match (it, value) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    };
    if !schema.values.is_empty() && !schema.values.iter().any(same) {
        let supported =
            schema.values.iter().map(|it| it.as_str().map_or_else(|| shown(it), str::to_owned)).collect();
        let text = format!("{path} in body should be one of");
        let kind = Kind::Enum(shown(value), supported);
        result.add(Problem { at: Some(path.to_owned()), text, kind });
    }
    result
}

fn strings(value: &Value, text: &str, schema: &Schema, path: &str) -> Outcome {
    let mut result = Outcome::default();
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(most) = schema.rules.max_length.filter(|it| length > *it) {
        let say = format!("{path} in body should be at most {most} chars long");
        result.add(Problem { at: Some(path.to_owned()), text: say, kind: Kind::TooLong(most) });
    } else if let Some(least) = schema.rules.min_length.filter(|it| length < *it) {
        let say = format!("{path} in body should be at least {least} chars long");
        result.invalid(path, shown(value), say);
    } else if let Some(pattern) = &schema.rules.pattern
        && !pattern.regex.as_ref().is_some_and(|it| it.is_match(text))
    {
        result.invalid(path, shown(value), format!("{path} in body should match '{}'", pattern.text));
    }
    result
}

fn list(items: &[Value], schema: &Schema, path: &str, pair: Option<Pair<'_>>) -> Outcome {
    let mut result = Outcome::default();
    if let Some(inner) = &schema.items {
        for (index, item) in items.iter().enumerate() {
            let old = pair.and_then(|it| it.item(schema, index));
            result.merge(inside(item, old, inner, &format!("{path}[{index}]")));
        }
    }
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.rules.min_items.filter(|it| count < *it) {
        let say = format!("{path} in body should have at least {least} items");
        result.invalid(path, count.to_string(), say);
    }
    if let Some(most) = schema.rules.max_items.filter(|it| count > *it) {
        let say = format!("{path} in body should have at most {most} items");
        result.add(Problem { at: Some(path.to_owned()), text: say, kind: Kind::TooMany(count, most) });
    }
    result.matched += 1;
    result
}

fn object(
    all: &serde_json::Map<String, Value>,
    schema: &Schema,
    path: &str,
    pair: Option<Pair<'_>>,
) -> Outcome {
    let mut result = Outcome::default();
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.rules.min_properties.filter(|it| count < *it) {
        let say = format!("{path} in body should have at least {least} properties");
        result.invalid(path, count.to_string(), say);
    }
    if let Some(most) = schema.rules.max_properties.filter(|it| count > *it) {
        let say = format!("{path} in body should have at most {most} properties");
        result.add(Problem { at: Some(path.to_owned()), text: say, kind: Kind::TooMany(count, most) });
    }
    let known = |name: &str| match schema.is_resource && matches!(name, "metadata" | "apiVersion" | "kind") {
        true => schema.declared.get(name),
        false => schema.properties.get(name),
    };
    let old = |name: &str| match path.is_empty() && matches!(name, "apiVersion" | "kind") {
        true => None,
        false => pair.and_then(|it| it.member(name)),
    };
    for (name, value) in all {
        if schema.properties.contains_key(name) || known(name).is_some() {
            continue;
        }
        if schema.rules.closed {
            let say = format!("{path}.{name} in body is a forbidden property");
            result.invalid(path, shown(&name.as_str().into()), say);
        } else if let Some(inner) = &schema.additional {
            result.merge(inside(value, old(name), inner, &format!("{path}.{name}")));
        }
    }
    for (name, value) in all {
        if let Some(inner) = known(name) {
            result.merge(inside(value, old(name), inner, &join(path, name)));
        }
    }
    for name in schema.required.iter().filter(|it| !all.contains_key(*it)) {
        let at = format!("{path}.{name}");
        let text = format!("{at} in body is required");
        result.add(Problem { at: Some(at), text, kind: Kind::Required });
    }
    result
}

fn alternatives(value: &Value, schema: &Schema, path: &str, pair: Option<Pair<'_>>) -> Outcome {
    let mut result = Outcome::default();
    let rules = &schema.rules;
    let quoted = shown(&path.into());
    let run = |it: &Arc<Schema>| walk(value, it, path, pair);
    if !rules.any_of.is_empty() {
        let mut best: Option<Outcome> = None;
        for it in &rules.any_of {
            let one = run(it);
            let fine = one.is_fine();
            if fine || best.as_ref().is_none_or(|it| one.matched > it.matched) {
                best = Some(one);
            }
            if fine {
                break;
            }
        }
        if best.as_ref().is_some_and(|it| !it.is_fine()) {
            result.lost(format!("{quoted} must validate at least one schema (anyOf)"));
        }
        result.merge(best.unwrap_or_default());
    }
    if !rules.one_of.is_empty() {
        let (mut valid, mut first, mut best) = (0, None, None::<Outcome>);
        for it in &rules.one_of {
            let one = run(it);
            if one.is_fine() {
                valid += 1;
                best = None;
                first = first.or(Some(one));
            } else if valid == 0 && best.as_ref().is_none_or(|it| one.matched > it.matched) {
                best = Some(one);
            }
        }
        match valid {
            1 => result.merge(first.unwrap_or_default()),
            count => {
                let found = match count {
                    0 => "Found none valid".to_owned(),
                    many => format!("Found {many} valid alternatives"),
                };
                result.lost(format!("{quoted} must validate one and only one schema (oneOf). {found}"));
                result.merge(best.unwrap_or_default());
            }
        }
    }
    if !rules.all_of.is_empty() {
        let mut valid = 0;
        for it in &rules.all_of {
            let one = run(it);
            valid += usize::from(one.is_fine());
            result.merge(one);
        }
        if valid != rules.all_of.len() {
            let none = if valid == 0 { ". None validated" } else { "" };
            result.lost(format!("{quoted} must validate all the schemas (allOf){none}"));
        }
    }
    if let Some(not) = &rules.not
        && run(not).is_fine()
    {
        result.lost(format!("{quoted} must not validate the schema (not)"));
    }
    result.matched += 1;
    result
}
