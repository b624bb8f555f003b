//! `oneOf`, `anyOf`, `allOf` and `not` as sentences. The forms that people write (one of several members, one of several
//! formats) read as people say them; what has no short form is told of and left to the CRD.

use super::notes::{Check, all, checks, code, join};
use crate::spec::constraints::Constraints;
use crate::spec::schema::{Schema, is_integer_or_string};

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
            many if keyword == "anyOf" && many.iter().any(says_nothing) => {}
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
        found.push(format!("{} {verb} to be set.", names(&schema.required)));
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
                all(sets.iter().flat_map(|set| set.iter().map(|name| code(name))))
            )
        } else {
            let sets: Vec<String> = sets.iter().map(names).collect();
            format!("{quantity} of these has to be set: {}.", sets.join("; "))
        };
    }
    if let Some(names) = at_most_one(union).filter(|_| keyword == "oneOf") {
        return format!("At most one of {} can be set.", self::names(names));
    }
    if let Some(kinds) = union.iter().map(only_kind).collect::<Option<Vec<_>>>() {
        return sentence(&join(kinds.into_iter(), "or"));
    }
    let listed = union.iter().map(|one| predicate(one, "it").filter(|said| !said.is_empty()));
    let listed = listed.collect::<Option<Vec<_>>>().map(|listed| listed.join("; "));
    match listed.filter(|listed| listed.len() <= LONGEST) {
        Some(listed) => format!("{quantity} of these has to hold: {listed}."),
        None => format!(
            "{quantity} of {} alternatives has to hold; the CRD has them in `{keyword}`.",
            union.len()
        ),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.map(String::from).unwrap_or_default(), letters.as_str())
}

/// `a string`, where an alternative says nothing else.
fn only_kind(schema: &Schema) -> Option<String> {
    let says_more = schema.constraints.is_some()
        || !schema.properties.is_empty()
        || !schema.required.is_empty()
        || schema.values.is_some()
        || schema.format.is_some()
        || schema.items.is_some();
    schema.kind.as_deref().filter(|_| !says_more).map(kind)
}

fn kind(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {}", code(kind).trim_matches('`'))
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
        || schema.properties.iter().any(|(_, property)| !says_nothing(property))
        || schema.values.is_some()
        || schema.format.is_some()
        || schema.items.is_some()
        || schema.kind.as_deref().is_some_and(|kind| kind != "object");
    (!says_more && !schema.required.is_empty()).then_some(&schema.required)
}

/// What an alternative says of the value: `it is a string`, `` `a` is set and `b` is `"x"` ``, nothing at all; none if
/// that has no short form.
fn predicate(schema: &Schema, subject: &str) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(kind) =
        schema.kind.as_deref().filter(|kind| *kind != "object" || schema.properties.is_empty())
    {
        parts.push(format!("{subject} is {}", self::kind(kind)));
    }
    parts.extend(checks(schema, None).iter().map(|check| format!("{subject} {}", check.predicate())));
    if !schema.required.is_empty() {
        let verb = if schema.required.len() == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} set", names(&schema.required)));
    }
    for (json, property) in &schema.properties {
        parts.push(predicate(property, &code(json))?);
    }
    if let Some(constraints) = &schema.constraints {
        parts.extend(inner(constraints, subject)?);
    }
    if schema.items.is_some() && schema.kind.is_none() {
        return None;
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join(" and "))
}

/// Whether a schema holds for everything. Looks no deeper, so that what calls it on each level stays linear.
fn says_nothing(schema: &Schema) -> bool {
    schema.kind.is_none()
        && schema.required.is_empty()
        && schema.properties.is_empty()
        && schema.values.is_none()
        && schema.format.is_none()
        && schema.items.is_none()
        && schema.constraints.is_none()
}

/// What the unions inside an alternative say.
fn inner(constraints: &Constraints, subject: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    if !constraints.one_of.is_empty() {
        return None;
    }
    if !constraints.any_of.is_empty() {
        let any = constraints.any_of.iter().map(|one| predicate(one, subject)).collect::<Option<Vec<_>>>()?;
        if any.iter().all(|said| !said.is_empty()) {
            parts.push(any.join(" or "));
        }
    }
    for one in &constraints.all_of {
        parts.push(predicate(one, subject)?);
    }
    match &constraints.not {
        None => {}
        Some(not) => parts.push(match only_required(not) {
            Some([name]) => format!("{} is not set", code(name)),
            Some(names) => format!("{} are not all set", self::names(names)),
            None => match denied(not) {
                Some(names) => format!("none of {} is set", self::names(names)),
                None => format!("{subject} is not {}", denied_values(not)?),
            },
        }),
    }
    Some(parts)
}

/// The names of which none can be set.
fn denied(not: &Schema) -> Option<Vec<String>> {
    let is_bare = not.required.is_empty() && not.properties.is_empty();
    let names = single_names(&not.constraints.as_ref().filter(|_| is_bare)?.any_of)?;
    (!names.is_empty()).then_some(names)
}

/// The values that are not allowed, where `not` tells of values alone: `"a"`, `one of 1 and 2`.
fn denied_values(not: &Schema) -> Option<String> {
    let is_bare = not.constraints.is_none() && not.format.is_none() && not.properties.is_empty();
    match checks(not, None).as_slice() {
        [check] if is_bare && not.values.is_some() => Some(check.what().to_owned()),
        _ => None,
    }
}

fn not(schema: &Schema) -> String {
    match only_required(schema) {
        Some([name]) => return format!("{} cannot be set.", code(name)),
        Some(names) => return format!("{} cannot be set together.", self::names(names)),
        None => {}
    }
    if let Some(names) = denied(schema) {
        return format!("None of {} can be set.", self::names(names));
    }
    if let Some(values) = denied_values(schema) {
        return format!("Cannot be {values}.");
    }
    match predicate(schema, "it").filter(|said| !said.is_empty() && said.len() <= LONGEST) {
        Some(said) => format!("Must not hold: {said}."),
        None => "Must not hold: what the CRD has in `not`.".to_owned(),
    }
}

fn names<T: AsRef<str>>(names: impl AsRef<[T]>) -> String {
    all(names.as_ref().iter().map(|name| code(name.as_ref())))
}
