//! Random schemas and values: nothing that is read, pruned, filled in or validated panics or never ends.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Schema, defaults, prune, validate};
use crate::cel;
use crate::crd::check;

/// A small source of numbers that repeats from run to run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most.max(1)
    }
}

const NAMES: &[&str] = &["a", "b", "metadata", "kind", "x-y", "spec"];

/// Any JSON.
fn value(numbers: &mut Numbers, depth: usize) -> Value {
    match numbers.below(if depth == 0 { 8 } else { 10 }) {
        0 => Value::Null,
        1 => true.into(),
        2 => json!(numbers.below(5)),
        3 => json!(-1.5),
        4 => json!(u64::MAX),
        5 => json!(1e300),
        6 => "2024-01-01".into(),
        7 => "é\u{0}".into(),
        8 => (0..numbers.below(3)).map(|_| value(numbers, depth - 1)).collect(),
        _ => object(numbers, depth),
    }
}

fn object(numbers: &mut Numbers, depth: usize) -> Value {
    let mut all = Map::new();
    for _ in 0..numbers.below(4) {
        let name = NAMES.get(numbers.below(NAMES.len())).copied().unwrap_or_default();
        all.insert(name.to_owned(), value(numbers, depth.saturating_sub(1)));
    }
    Value::Object(all)
}

const KEYWORDS: &[&str] = &[
    "type",
    "format",
    "properties",
    "items",
    "additionalProperties",
    "required",
    "enum",
    "default",
    "nullable",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-validations",
];

/// A schema that says anything, most of it with the right types.
fn schema(numbers: &mut Numbers, depth: usize) -> Value {
    let mut all = Map::new();
    for _ in 0..numbers.below(6) + 1 {
        let keyword = KEYWORDS.get(numbers.below(KEYWORDS.len())).copied().unwrap_or_default();
        let inner = |numbers: &mut Numbers| match depth {
            0 => json!({"type": "string"}),
            depth => schema(numbers, depth - 1),
        };
        let given = match (numbers.below(12), keyword) {
            (0, _) => value(numbers, 1),
            (_, "type") => {
                let all = ["object", "array", "string", "integer", "number", "boolean", "odd"];
                all.get(numbers.below(all.len())).copied().unwrap_or_default().into()
            }
            (_, "format") => ["date", "byte", "int32", "duration", "odd"]
                .get(numbers.below(5))
                .copied()
                .unwrap_or_default()
                .into(),
            (_, "properties") => {
                let names = NAMES.iter().take(numbers.below(NAMES.len()));
                Value::Object(names.map(|it| ((*it).to_owned(), inner(numbers))).collect())
            }
            (_, "items" | "not" | "additionalProperties") => inner(numbers),
            (_, "allOf" | "anyOf" | "oneOf") => (0..numbers.below(3)).map(|_| inner(numbers)).collect(),
            (_, "required" | "x-kubernetes-list-map-keys") => json!(["a", "b"]),
            (_, "enum") => json!(["a", 1, null]),
            (_, "default") => value(numbers, 2),
            (_, "pattern") => {
                ["^a", "[", "(a|b)*$"].get(numbers.below(3)).copied().unwrap_or_default().into()
            }
            (_, "x-kubernetes-list-type") => {
                ["set", "map", "atomic"].get(numbers.below(3)).copied().unwrap_or_default().into()
            }
            (_, "x-kubernetes-map-type") => "atomic".into(),
            (_, "x-kubernetes-validations") => {
                json!([{"rule": "self == oldSelf", "fieldPath": ".a"}, {"rule": "has(self.a)"}])
            }
            (_, it)
                if it.starts_with("x-") || matches!(it, "nullable" | "uniqueItems" | "exclusiveMinimum") =>
            {
                true.into()
            }
            _ => json!(numbers.below(4)),
        };
        all.insert(keyword.to_owned(), given);
    }
    Value::Object(all)
}

#[test]
fn any_schema_and_any_value_are_taken() {
    let mut numbers = Numbers(11);
    for round in 0..3000 {
        let given = schema(&mut numbers, 3);
        let crd = json!({
            "metadata": {"name": "as.b.c"},
            "spec": {"group": "b.c", "scope": "Cluster", "names": {"plural": "as", "kind": "A"}, "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": given}},
            ]},
        });
        let _ = check::create(&crd);
        let _ = check::warnings(&crd);
        let read = Arc::new(Schema::read(&given, true).into_resource());
        cel::rules::prepare(&read);
        let (mut new, old) = (object(&mut numbers, 4), object(&mut numbers, 4));
        defaults::fill(&mut new, &read);
        let _ = validate::check(&new, &read, "");
        let _ = validate::check_update(&new, &old, &read, "");
        let _ = validate::embedded::check(&new, &read, "");
        let _ = validate::embedded::unreadable(&new, &read, "");
        let _ = validate::lists::check(&new, &read);
        let _ = cel::rules::check_object(&new, Some(&old), &read);
        prune::prune(&mut new, &read);
        let again = prune::prune(&mut new, &read);
        assert!(again.is_empty(), "round {round}: pruning twice removes nothing more: {again:?}");
    }
}
