//! Rules that nobody should write, and values that nobody expects: no panic, no hang.

use std::sync::Arc;

use serde_json::{Value, json};

use super::rules;
use crate::schema::Schema;

fn schema(rule: &str) -> Arc<Schema> {
    let schema = json!({
        "type": "object",
        "properties": {
            "i": {"type": "integer"}, "n": {"type": "number"}, "s": {"type": "string"}, "b": {"type": "boolean"},
            "l": {"type": "array", "items": {"type": "string"}},
            "m": {"type": "object", "additionalProperties": {"type": "integer"}},
            "e": {"x-kubernetes-int-or-string": true},
            "t": {"type": "string", "format": "date-time"}, "d": {"type": "string", "format": "duration"},
        },
        "x-kubernetes-validations": [{"rule": rule, "messageExpression": "self.s"}],
    });
    Arc::new(Schema::read(&schema, true))
}

fn ask(rule: &str, value: &Value) -> Vec<String> {
    let (causes, _) = rules::check_object(value, None, &schema(rule));
    causes.into_iter().map(|it| it.message).collect()
}

fn object() -> Value {
    json!({"i": 5, "n": 1.5, "s": "text", "b": true, "l": ["a", "b"], "m": {"a": 1}, "e": "x", "t": "2024-01-01T00:00:00Z", "d": "1h"})
}

#[test]
fn deep_expressions_are_refused_and_not_followed() {
    let count = 50_000;
    for (open, inside, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("!(", "true", ")"),
        ("-(", "1", ")"),
        ("{1: ", "1", "}"),
        ("1 + ", "1", ""),
        ("true && ", "true", ""),
        ("true ? 1 : ", "1", ""),
        ("self.l.all(x, ", "true", ")"),
        ("size(", "self.l", ")"),
        ("self", ".l", ""),
        ("!", "true", ""),
        ("-", "1", ""),
        ("\"", "", "\""),
    ] {
        for count in [10, 90, 110, 200, 1000, count] {
            let text = format!("{}{inside}{}", open.repeat(count), close.repeat(count));
            let _ = ask(&text, &object());
        }
    }
}

#[test]
fn what_costs_too_much_is_stopped() {
    let items: Vec<String> = (0..1000).map(|it| it.to_string()).collect();
    let value = json!({"i": 1, "s": "x".repeat(100_000), "l": items, "m": {}});
    let nested = "self.l.all(a, self.l.all(b, self.l.all(c, self.l.all(d, a + b + c + d != ''))))";
    let doubling = "[1,2,3,4,5,6,7,8].map(a, [1,2,3,4,5,6,7,8].map(b, self.s + self.s)).size() > 0 && \
                    self.s.replace('', self.s).size() > 0";
    for rule in [nested, doubling, "lists.range(1000000).size() > 0"] {
        let started = std::time::Instant::now();
        let said = ask(rule, &value);
        assert!(said.iter().any(|it| it.contains("cost limit exceeded")), "{rule}: {said:?}");
        assert!(started.elapsed().as_secs() < 20, "{rule}");
    }
}

/// A small source of numbers that repeats from run to run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most.max(1)
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all.get(self.below(all.len())).copied().unwrap_or_default()
    }
}

const PARTS: &[&str] = &[
    "self",
    ".",
    "i",
    "n",
    "s",
    "l",
    "m",
    "e",
    "t",
    "d",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "?",
    ":",
    "==",
    "!=",
    "<",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&&",
    "||",
    "!",
    ",",
    "1",
    "0",
    "9223372036854775807",
    "1.5",
    "1e309",
    "'a'",
    "\"\\u00e9\"",
    "b'x'",
    "r'\\d'",
    "true",
    "null",
    "in",
    ".all(x, x)",
    ".exists(x, x == 'a')",
    ".map(x, x)",
    ".filter(x, true)",
    "has(",
    "size(",
    "int(",
    "string(",
    "duration('1h')",
    "timestamp(",
    "quantity('1Gi')",
    ".add(",
    "ip('::1')",
    "cidr('10.0.0.0/8')",
    "url('/a')",
    ".matches('a')",
    ".split(",
    ".substring(1)",
    ".format([",
    "optional.of(",
    ".?",
    "[?",
    "semver('1.2.3')",
    ".orValue(",
    "oldSelf",
    "type(",
    "dyn(",
    ".sum()",
    ".slice(0, 9)",
    "é",
    "\u{1f600}",
    "\\",
    "`",
    "#",
    "'",
    " ",
    "\n",
];

#[test]
fn nonsense_is_refused_or_evaluated_but_never_breaks() {
    let mut numbers = Numbers(7);
    let value = object();
    for _ in 0..1500 {
        let mut text = String::new();
        for _ in 0..numbers.below(12) + 1 {
            text.push_str(numbers.pick(PARTS));
        }
        let _ = ask(&text, &value);
    }
}

#[test]
fn functions_take_any_value() {
    let values = [
        "null",
        "true",
        "1",
        "-1",
        "9223372036854775807",
        "0u",
        "1.5",
        "'a'",
        "''",
        "b'a'",
        "duration('1h')",
        "timestamp('2024-01-01T00:00:00Z')",
        "[]",
        "[1, 2]",
        "{}",
        "{'a': 1}",
        "optional.none()",
        "optional.of(1)",
        "quantity('1Gi')",
        "ip('::1')",
        "cidr('10.0.0.0/8')",
        "url('/a')",
        "semver('1.2.3')",
        "format.uri()",
        "type(1)",
        "self",
    ];
    let mut names: Vec<(&str, &str, usize)> = Vec::new();
    for line in include_str!("../../data/cel.tsv").lines().filter(|it| !it.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[name, style, args, _] = cells.as_slice() else { continue };
        names.push((name, style, args.split(',').filter(|it| !it.is_empty()).count()));
    }
    let mut numbers = Numbers(3);
    let value = object();
    for (name, style, count) in names.iter().filter(|it| !it.0.contains(['_', '@'])) {
        for _ in 0..20 {
            let args: Vec<String> = (0..*count).map(|_| format!("dyn({})", numbers.pick(&values))).collect();
            let call = match (*style, args.split_first()) {
                ("m", Some((target, rest))) => format!("{target}.{name}({})", rest.join(", ")),
                _ => format!("{name}({})", args.join(", ")),
            };
            let _ = ask(&format!("dyn({call}) == 1"), &value);
        }
    }
    for operator in ["+", "-", "*", "/", "%", "<", "==", "in"] {
        for one in values {
            for other in values {
                let _ = ask(&format!("(dyn({one}) {operator} dyn({other})) == 1"), &value);
            }
        }
    }
}

#[test]
fn values_that_do_not_fit_the_schema_are_no_trouble() {
    for value in
        [json!(null), json!([]), json!("x"), json!({"i": "x", "l": 5, "m": [1], "t": "no", "d": {}, "n": {}})]
    {
        for rule in
            ["self.i > 1", "self.l.all(x, x != '')", "self.m['a'] == 1", "self.t < self.t", "self.n > 1.0"]
        {
            let _ = ask(rule, &value);
        }
    }
}
