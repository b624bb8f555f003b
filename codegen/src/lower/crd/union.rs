//! `oneOf`, `anyOf`, `allOf` and `not` as sentences. The forms that people write (one of several members, one of several
//! formats) read as people say them; what has no short form is told of and left to the CRD.

use super::notes::{Check, checks, code, join};
use super::scalar::is_integer_or_string;
use crate::spec::constraints::Constraints;
use crate::spec::schema::Schema;

/// The longest list of alternatives that is written down.
const LONGEST: usize = 480;

/// The sentences of the unions of a schema.
pub(super) fn of(constraints: &Constraints) -> Vec<String> {
    let mut found = Vec::new();
    for (union, quantity, keyword) in
        [(&constraints.one_of, "Exactly one", "oneOf"), (&constraints.any_of, "At least one", "anyOf")]
    {
        match union.as_slice() {
            [] => {}
            [one] => found.extend(all_of(one)),
            many if is_integer_or_string(many) => {}
            many => found.push(alternatives(many, quantity, keyword)),
        }
    }
    for one in &constraints.all_of {
        found.extend(all_of(one));
    }
    found.extend(constraints.not.as_ref().map(not));
    found
}

/// What has to hold besides.
fn all_of(schema: &Schema) -> Vec<String> {
    let mut found: Vec<String> = checks(schema, None).iter().map(Check::sentence).collect();
    if !schema.required.is_empty() {
        let verb = if schema.required.len() == 1 { "has" } else { "have" };
        found.push(format!("{} {verb} to be set.", names(&schema.required, "and")));
    }
    for (json, property) in &schema.properties {
        found.extend(all_of(property).into_iter().map(|sentence| format!("{}: {sentence}", code(json))));
    }
    found.extend(schema.constraints.iter().flat_map(|constraints| of(constraints)));
    found
}

fn alternatives(union: &[Schema], quantity: &str, keyword: &str) -> String {
    if let Some(sets) = union.iter().map(only_required).collect::<Option<Vec<_>>>() {
        return if sets.iter().all(|set| set.len() == 1) {
            format!(
                "{quantity} of {} has to be set.",
                join(sets.iter().flat_map(|set| set.iter().map(|name| code(name))), "and")
            )
        } else {
            let sets: Vec<String> = sets.iter().map(|set| names(set, "and")).collect();
            format!("{quantity} of these has to be set: {}.", sets.join("; "))
        };
    }
    if let Some(names) = at_most_one(union).filter(|_| keyword == "oneOf") {
        return format!("At most one of {} can be set.", self::names(names, "and"));
    }
    let listed = union.iter().map(predicate).collect::<Option<Vec<_>>>().map(|listed| listed.join("; "));
    match listed.filter(|listed| listed.len() <= LONGEST) {
        Some(listed) => format!("{quantity} of these has to hold: {listed}."),
        None => format!(
            "{quantity} of {} alternatives has to hold; the CRD has them in `{keyword}`.",
            union.len()
        ),
    }
}

/// `a` or `b` or neither, as it is written: none of them is set, or one is, or the other.
fn at_most_one(union: &[Schema]) -> Option<Vec<String>> {
    let (none, others) = union.split_first()?;
    let none = none.constraints.as_ref().filter(|_| none.required.is_empty())?.not.as_ref()?;
    let others = single_names(others)?;
    let denied = match only_required(none) {
        Some([name]) => vec![name.clone()],
        _ => single_names(&none.constraints.as_ref()?.any_of)?,
    };
    (denied == others).then_some(others)
}

/// The names, where each alternative requires one and nothing else.
fn single_names(union: &[Schema]) -> Option<Vec<String>> {
    let names = union.iter().map(|one| match only_required(one) {
        Some([name]) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// What a schema requires, where it says nothing else.
fn only_required(schema: &Schema) -> Option<&[String]> {
    let says_more = schema.constraints.is_some()
        || !schema.properties.is_empty()
        || schema.values.is_some()
        || schema.format.is_some()
        || schema.items.is_some()
        || schema.kind.as_deref().is_some_and(|kind| kind != "object");
    (!says_more && !schema.required.is_empty()).then_some(&schema.required)
}

/// What an alternative says of the value: `it is a string`, `` `a` is set and `b` is `"x"` ``; none if that has no short form.
fn predicate(schema: &Schema) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(kind) =
        schema.kind.as_deref().filter(|kind| *kind != "object" || schema.properties.is_empty())
    {
        let article = if kind.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
        parts.push(format!("it is {article} {}", code(kind).trim_matches('`')));
    }
    parts.extend(checks(schema, None).iter().map(|check| format!("it {}", check.predicate())));
    if !schema.required.is_empty() {
        let verb = if schema.required.len() == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} set", names(&schema.required, "and")));
    }
    for (json, property) in &schema.properties {
        let said = predicate(property)?;
        // An alternative that only names a property says nothing of it.
        if said != ANYTHING {
            parts.push(said.replacen("it ", &format!("{} ", code(json)), 1));
        }
    }
    if let Some(constraints) = &schema.constraints {
        parts.extend(inner(constraints)?);
    }
    if schema.items.is_some() && schema.kind.is_none() {
        return None;
    }
    Some(if parts.is_empty() { ANYTHING.to_owned() } else { parts.join(" and ") })
}

const ANYTHING: &str = "it is anything";

/// What the unions inside an alternative say.
fn inner(constraints: &Constraints) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    if !constraints.one_of.is_empty() {
        return None;
    }
    if !constraints.any_of.is_empty() {
        let any = constraints.any_of.iter().map(predicate).collect::<Option<Vec<_>>>()?;
        parts.push(any.join(" or "));
    }
    for one in &constraints.all_of {
        parts.push(predicate(one)?);
    }
    match &constraints.not {
        None => {}
        Some(not) => parts.push(match only_required(not) {
            Some([name]) => format!("{} is not set", code(name)),
            Some(names) => format!("{} are not all set", self::names(names, "and")),
            None => match single_names(&not.constraints.as_ref().filter(|_| not.required.is_empty())?.any_of)
            {
                Some(names) if !names.is_empty() => format!("none of {} is set", self::names(names, "and")),
                _ => return None,
            },
        }),
    }
    Some(parts)
}

fn not(schema: &Schema) -> String {
    match only_required(schema) {
        Some([name]) => return format!("{} cannot be set.", code(name)),
        Some(names) => return format!("{} cannot be set together.", self::names(names, "and")),
        None => {}
    }
    let any =
        schema.constraints.as_ref().filter(|_| schema.required.is_empty() && schema.properties.is_empty());
    if let Some(names) = any.and_then(|any| single_names(&any.any_of)).filter(|names| !names.is_empty()) {
        return format!("None of {} can be set.", self::names(names, "and"));
    }
    match predicate(schema).filter(|said| said != ANYTHING && said.len() <= LONGEST) {
        Some(said) => format!("Must not hold: {said}."),
        None => "Must not hold: what the CRD has in `not`.".to_owned(),
    }
}

fn names<T: AsRef<str>>(names: impl AsRef<[T]>, word: &str) -> String {
    join(names.as_ref().iter().map(|name| code(name.as_ref())), word)
}
