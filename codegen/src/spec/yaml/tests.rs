//! YAML as Kubernetes reads it, broken and hostile.

use std::time::{Duration, Instant};

use super::*;

fn all(text: impl AsRef<[u8]>) -> String {
    match documents(text.as_ref()) {
        Ok(documents) => documents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Err(Fault { code, place: (line, column), what, .. }) => format!("{code} {line}:{column}: {what}"),
    }
}

pub(super) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            let (Some(a), Some(b)) = (a.as_f64(), b.as_f64()) else { return false };
            (a - b).abs() <= a.abs() * 1e-15
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        (a, b) => a == b,
    }
}

#[test]
fn values_are_those_that_kubernetes_reads() {
    let table = include_str!("../../../tests/yaml.tsv");
    let mut wrong = String::new();
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    for (text, expected) in rows.filter_map(|line| line.split_once('\t')) {
        let text =
            text.replace("\\\\", "\u{1}").replace("\\n", "\n").replace("\\r", "\r").replace('\u{1}', "\\");
        let expected: Value = serde_json::from_str(expected).unwrap();
        let is_right = match documents(text.as_bytes()) {
            Ok(found) => is_same(found.last().unwrap_or(&Value::Null), &expected),
            Err(_) => false,
        };
        if !is_right {
            wrong += &format!("{text:?}: {}, and Kubernetes reads {expected}\n", all(&text));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        ("a: 1\nb: {c: 1, c: 2}\n", "CS0005 2:11: the key `c` stands twice in this mapping"),
        ("a: 1\n\"a\": 2\n", "CS0005 2:1: the key `a` stands twice"),
        ("a: .inf", "CS0002 1:4: JSON has no number `.inf`"),
        ("~: 1", "CS0002 1:1: a key has to be text"),
        ("1.5: 1", "CS0002 1:1: a key has to be text"),
        ("? [a]\n: b", "CS0002 1:3: a key has to be text"),
        ("a: !!int x", "CS0002 1:10: `x` is no `!!int`"),
        ("a: !!binary aGk=", "CS0002 1:13: the tag `!!binary` has no meaning in JSON"),
        ("a: &x [*x]", "CS0002 1:8: this alias stands inside of what it names"),
        ("a: *none", "CS0002 1:4: this is not YAML: "),
        ("a: {<<: 1}", "CS0002 1:9: only mappings can be merged with `<<`"),
        ("a:\n\tb: 1\n", "CS0002 2:2: this is not YAML: "),
        ("a: [1, 2", "CS0002 1:4: this is not YAML: "),
        ("a: 1\r\nb: [\r\n", "CS0002 "),
        ("a: b\0c", "CS0001 1:5: there is a NUL byte"),
        ("{{- if .Values.crds }}\na: 1\n", "CS0004 1:"),
        ("a: 1\nname: {{ .Release.Name }}\n", "CS0004 2:"),
        ("a: 1\n{{- include \"x\" . | nindent 4 }}\nb: 2\n", "CS0004 2:"),
    ] {
        let found = all(text);
        assert!(found.starts_with(expected), "{text:?}: {found}");
    }
    assert_eq!(all(b"a: 1\nb: \xff\n"), "CS0001 2:4: the byte 0xff is not UTF-8");
    assert_eq!(all([0xff, 0xfe, b'a', 0]), "CS0001 1:1: this is UTF-16");
    assert!(all([b'a', 0, b':', 0]).starts_with("CS0001 1:2: there is a NUL byte"));
}

#[test]
fn texts_of_all_editors_are_read() {
    for (text, expected) in [
        ("", ""),
        ("\n# nothing\n", ""),
        ("---\n---\n", "null null"),
        ("\u{feff}a: 1", r#"{"a":1}"#),
        ("a: 1\r\nb:\r\n- x\r\n", r#"{"a":1,"b":["x"]}"#),
        ("{\n\t\"a\": [\n\t\t1]\n}", r#"{"a":[1]}"#),
        (r#"{"a": "\ud83d\ude00 \/ \u0000"}"#, "{\"a\":\"😀 / \\u0000\"}"),
        ("a: '{{ x }}'\n", r#"{"a":"{{ x }}"}"#),
        ("a: &x {b: 1}\n---\na: 1\n", r#"{"a":{"b":1}} {"a":1}"#),
    ] {
        assert_eq!(all(text), expected, "{text:?}");
    }
}

#[test]
fn bombs_end_with_a_line_and_in_no_time() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut merges = "a0: &a0 {x: 1}\n".to_owned();
    for n in 1..30 {
        laughs += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
        merges += &format!("a{n}: &a{n} {{<<: *a{}, x{n}: [*a{0}, *a{0}]}}\n", n - 1);
    }
    let quadratic: String = (0..20_000).map(|n| format!("- &a{n} [*b]\n")).collect();
    let quadratic = format!("b: &b [{}]\nc:\n{quadratic}", "x, ".repeat(1000));
    let long = format!("a: &a '{}'\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 1000].join(","));
    for (name, text, expected) in [
        ("billion laughs", laughs, "CS0003 6:"),
        ("merges", merges, "CS0003 "),
        ("quadratic", quadratic, "CS0003 "),
        ("long text, many aliases", long, "CS0003 2:"),
        ("deep lists", "[".repeat(10_000), "CS0003 1:201: it is nested more than 200 deep"),
        ("deep closed lists", "[".repeat(100_000) + &"]".repeat(100_000), "CS0003 1:201: "),
        ("deep mappings in flow", "{a: ".repeat(100_000), "CS0003 1:801: "),
        ("deep mappings", (0..2000).map(|n| " ".repeat(n) + "a:\n").collect(), "CS0003 201:201: "),
        ("deep dashes", "- ".repeat(100_000), "CS0003 1:"),
        ("deep keys", "? ".repeat(100_000), "CS000"),
        ("wide", "- a\n".repeat(VALUES + 2), "CS0003 500001:3: it has more than 500000 values"),
        ("documents", "---\n".repeat(DOCUMENTS + 2), "CS0003 10001:1: it has more than 10000 documents"),
        ("large", " ".repeat(BYTES + 1), "CS0003 1:1: it is larger than 64 MiB"),
        ("one long line", format!("a: {}\n[", "x ".repeat(1 << 20)), "CS000"),
        ("anchors", "- &a b\n".repeat(300_000) + "[", "CS000"),
        ("braces", "{}".repeat(1 << 20), "CS0002 "),
        ("colons", ":".repeat(1 << 20) + "\n[", "CS000"),
        ("quotes", "'".repeat(1 << 20) + "[", "CS000"),
        ("tags", "!".repeat(1 << 20), "CS000"),
        ("percents", "%a\n".repeat(1 << 18), "CS000"),
    ] {
        let start = Instant::now();
        let found = all(&text);
        let spent = start.elapsed();
        assert!(found.starts_with(expected), "{name}: {}", found.chars().take(200).collect::<String>());
        let spent_locating = {
            let start = Instant::now();
            let _ = locate::best(text.as_bytes(), &["/a/b", "/0", "line 3, column 1"]);
            start.elapsed()
        };
        // Ten times what a slow machine takes; a quadratic reader takes minutes.
        assert!(spent.max(spent_locating) < Duration::from_secs(20), "{name}: {spent:?} {spent_locating:?}");
        println!("{name}: {spent:?}, locating {spent_locating:?}");
    }
}
