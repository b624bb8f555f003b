//! What a server checks, as sentences for the documentation of a member: short, exact, Markdown that is safe to write.
//! What the Rust type says already is left out; a long pattern, value or rule is cut, and says so.

use serde_json::{Number, Value};

use super::scalar::QUANTITY;
use super::{default, union};
use crate::ir::Ty;
use crate::spec::constraints::Constraints;
use crate::spec::crd::{Crd, CrdVersion};
use crate::spec::schema::{Additional, Schema};
use crate::text;

/// The longest text of others that is shown whole, in characters.
const LONGEST: usize = 120;
/// How many values or names of a list are shown.
const SHOWN: usize = 12;

/// The sentences of a member.
pub(super) fn of(schema: &Schema, ty: &Ty) -> Vec<String> {
    let mut notes = of_value(schema, ty);
    if let Some(default) = &schema.default {
        notes.push(format!("Default: {}.", value(default)));
    }
    notes
}

/// The sentences of a kind.
pub(super) fn of_kind(crd: &Crd, version: &CrdVersion) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(warning) = &version.deprecated {
        notes.push(match warning.trim() {
            "" => "The version is deprecated.".to_owned(),
            warning => {
                format!("The version is deprecated: {}", ended(text::escape(&cut(warning, 2 * LONGEST))))
            }
        });
    }
    notes.extend(of_object(&version.schema));
    if !version.selectable.is_empty() {
        let paths = all(version.selectable.iter().map(|path| code(path)));
        notes.push(format!("Field selectors of {} may name {paths}.", code(&crd.plural)));
    }
    notes
}

/// The sentences of an object as a whole.
fn of_object(schema: &Schema) -> Vec<String> {
    let mut notes: Vec<String> = checks(schema, None).iter().map(Check::sentence).collect();
    notes.extend(missing(schema));
    notes.extend(schema.constraints.iter().flat_map(|constraints| union::of(constraints)));
    notes.extend(rules(schema));
    notes
}

/// The sentences of a kind's metadata: a CRD may restrict the name.
pub(super) fn of_metadata(schema: &Schema) -> Vec<String> {
    let own = schema.properties.iter().flat_map(|(json, schema)| {
        let ty = super::scalar::of(schema, &mut Default::default()).unwrap_or_default();
        of_value(schema, &ty).into_iter().map(move |note| format!("{}: {note}", code(json)))
    });
    own.chain(of_object(schema)).collect()
}

fn of_value(schema: &Schema, ty: &Ty) -> Vec<String> {
    let mut notes: Vec<String> = checks(schema, Some(ty)).iter().map(Check::sentence).collect();
    if schema.embedded_resource {
        notes.push("A whole object, with `apiVersion`, `kind` and `metadata`.".to_owned());
    }
    let is_bare = schema.kind.as_deref() == Some("object")
        && schema.properties.is_empty()
        && schema.additional.is_none()
        && !schema.preserve_unknown
        && !schema.embedded_resource;
    if is_bare && *ty == Ty::runtime("RawJson") {
        notes.push("The schema names no members, so a server keeps none.".to_owned());
    }
    notes.extend(missing(schema));
    notes.extend(schema.constraints.iter().flat_map(|constraints| union::of(constraints)));
    notes.extend(rules(schema));
    let inner = match (ty, &schema.items, &schema.additional) {
        (Ty::List(ty), Some(items), _) => Some(("Items", ty, items)),
        (Ty::Map(ty), _, Some(Additional::Of(values))) => Some(("Values", ty, values)),
        _ => None,
    };
    if let Some((what, ty, schema)) = inner {
        let ty = if let Ty::Nullable(ty) = ty.as_ref() { ty } else { ty };
        notes.extend(of_value(schema, ty).into_iter().map(|note| format!("{what}: {note}")));
    }
    notes
}

/// The names that are required and that no property describes.
fn missing(schema: &Schema) -> Option<String> {
    let known = |name: &&String| schema.properties.iter().any(|(json, _)| json == *name);
    let names: Vec<&String> = schema.required.iter().filter(|name| !known(name)).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    (!names.is_empty()).then(|| format!("{} {verb} to be set.", all(names.iter().map(|name| code(name)))))
}

fn rules(schema: &Schema) -> Vec<String> {
    let rules = schema.constraints.iter().flat_map(|constraints| &constraints.rules);
    let rules = rules.filter(|rule| !rule.rule.is_empty() || !rule.message.is_empty());
    rules
        .map(|rule| match rule.message.trim() {
            "" => format!("Rule: {}.", code(&rule.rule)),
            message => format!("Rule: {}", ended(text::escape(&cut(message, 2 * LONGEST)))),
        })
        .collect()
}

/// A text of others as a sentence.
fn ended(text: String) -> String {
    if text.ends_with(['.', '!', '?', '…']) { text } else { format!("{text}.") }
}

/// One check, as a verb and what it says: `has`, `at most 3 items`.
pub(super) struct Check {
    verb: &'static str,
    what: String,
}

impl Check {
    /// `At most 3 items.`
    pub(super) fn sentence(&self) -> String {
        let what = if self.verb == "matches" { self.predicate() } else { self.what.clone() };
        let mut letters = what.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        format!("{}{}.", first.map(String::from).unwrap_or_default(), letters.as_str())
    }

    /// `at most 3 items`
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// `has at most 3 items`
    pub(super) fn predicate(&self) -> String {
        format!("{} {}", self.verb, self.what)
    }
}

/// The checks of a schema that are no union and no rule. With a type, those that it says already are left out.
pub(super) fn checks(schema: &Schema, ty: Option<&Ty>) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut add = |verb: &'static str, what: String| checks.push(Check { verb, what });
    if let Some(format) = schema.format.as_deref().filter(|format| !is_said(format, ty)) {
        add("is", format!("of the format {}", code(format)));
    }
    if let Some(values) = schema.values.as_deref().filter(|_| ty.is_none_or(|ty| !is_enum(ty))) {
        let values: Vec<&Value> = values.iter().filter(|value| ty.is_none() || !value.is_null()).collect();
        match values.as_slice() {
            [] => {}
            [one] if ty.is_some() => add("is", format!("only {}", value(one))),
            [one] => add("is", value(one)),
            values => add("is", format!("one of {}", all(values.iter().map(|one| value(one))))),
        }
    }
    let Some(constraints) = &schema.constraints else { return checks };
    let Constraints { minimum, exclusive_minimum, maximum, exclusive_maximum, multiple_of, .. } =
        &**constraints;
    if let Some(what) = range(minimum.as_ref(), *exclusive_minimum, maximum.as_ref(), *exclusive_maximum) {
        add("is", what);
    }
    if let Some(number) = multiple_of {
        add("is", format!("a multiple of {}", number_text(number)));
    }
    let counts = [
        (constraints.min_length, constraints.max_length, "character", "characters"),
        (constraints.min_items, constraints.max_items, "item", "items"),
        (constraints.min_properties, constraints.max_properties, "member", "members"),
    ];
    for (min, max, one, many) in counts {
        if let Some(what) = count(min, max, one, many) {
            add("has", what);
        }
    }
    if constraints.unique_items {
        add("has", "no item twice".to_owned());
    }
    let is_quantity = ty == Some(&Ty::runtime("Quantity"));
    if let Some(pattern) = constraints
        .pattern
        .as_deref()
        .filter(|pattern| !(pattern.is_empty() || is_quantity && *pattern == QUANTITY))
    {
        add("matches", code(pattern));
    }
    checks
}

/// Whether the Rust type says what the format does.
fn is_said(format: &str, ty: Option<&Ty>) -> bool {
    match ty {
        Some(Ty::I32 | Ty::I64 | Ty::F64 | Ty::OneOfInt(_)) => {
            ["int32", "int64", "int", "uint", "float", "double"].contains(&format)
        }
        Some(Ty::Runtime(_)) => ["date-time", "datetime", "byte", "int-or-string"].contains(&format),
        Some(Ty::String | Ty::OneOf(_)) => format == "string",
        _ => false,
    }
}

fn is_enum(ty: &Ty) -> bool {
    matches!(ty, Ty::OneOf(_) | Ty::OneOfInt(_))
}

fn range(min: Option<&Number>, more: bool, max: Option<&Number>, less: bool) -> Option<String> {
    let low = min.map(|min| format!("{} {}", if more { "more than" } else { "at least" }, number_text(min)));
    let high = max.map(|max| format!("{} {}", if less { "less than" } else { "at most" }, number_text(max)));
    match (min, max) {
        (Some(min), Some(max)) if !more && !less && min == max => {
            Some(format!("exactly {}", number_text(min)))
        }
        (Some(min), Some(max)) if !more && !less => {
            Some(format!("between {} and {}", number_text(min), number_text(max)))
        }
        _ => match (low, high) {
            (Some(low), Some(high)) => Some(format!("{low} and {high}")),
            (low, high) => low.or(high),
        },
    }
}

fn count(min: Option<u64>, max: Option<u64>, one: &str, many: &str) -> Option<String> {
    let noun = |count: u64| if count == 1 { one } else { many };
    match (min.filter(|min| *min > 0), max) {
        (Some(min), Some(max)) if min == max => Some(format!("exactly {min} {}", noun(min))),
        (Some(min), Some(max)) => Some(format!("between {min} and {max} {}", noun(max))),
        (Some(min), None) => Some(format!("at least {min} {}", noun(min))),
        (None, Some(max)) => Some(format!("at most {max} {}", noun(max))),
        (None, None) => None,
    }
}

fn number_text(number: &Number) -> String {
    let value = Value::Number(number.clone());
    default::integer(&value).map_or_else(|| number.to_string(), |integer| integer.to_string())
}

/// A value as JSON.
pub(super) fn value(value: &Value) -> String {
    match default::integer(value).filter(|_| value.is_number()) {
        Some(integer) => code(&integer.to_string()),
        None => code(&value.to_string()),
    }
}

/// A text as code. One that is too long is cut, and says so.
pub(super) fn code(text: &str) -> String {
    let short = cut(text, LONGEST);
    let code = text::code(&short);
    if short.len() < text.len() {
        format!("{code} (cut; {} characters in the CRD)", text.chars().count())
    } else {
        code
    }
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// `a`, `b` and `c`, and how many more there are where they are many.
pub(super) fn all(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.get(..SHOWN).filter(|_| items.len() > SHOWN + 1) {
        Some(shown) => format!("{} and {} more", shown.join(", "), items.len() - SHOWN),
        None => join(items.into_iter(), "and"),
    }
}

/// `a`, `b` and `c`.
pub(super) fn join(items: impl Iterator<Item = String>, word: &str) -> String {
    let items: Vec<String> = items.collect();
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
