//! YAML as it comes, broken and hostile.

use super::*;

fn json(yaml: impl AsRef<[u8]>) -> String {
    match parse(yaml.as_ref()) {
        Ok(node) => node.to_json().to_string(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn documents_are_read_as_kubernetes_tools_read_them() {
    for (yaml, expected) in [
        ("", "null"),
        ("   \n", "null"),
        ("# only a comment\n", "null"),
        ("---\n", "null"),
        ("---\na: 1\n", r#"{"a":1}"#),
        ("a: 1\n---\n", r#"{"a":1}"#),
        ("a: 1\n...\n", r#"{"a":1}"#),
        ("%YAML 1.2\n---\na: 1", r#"{"a":1}"#),
        (
            "a: [1, -2.5, x, true, yes, ~, null, 'q', '1', .nan, 0x10]",
            r#"{"a":[1,-2.5,"x",true,true,null,null,"q","1",".nan",16]}"#,
        ),
        (
            "a: 2001-01-01\nb: 1.2.3\nc: 1e400\nd: inf\ne: 0xzz",
            r#"{"a":"2001-01-01","b":"1.2.3","c":"1e400","d":"inf","e":"0xzz"}"#,
        ),
        (
            "a: !!str 1\nb: !foo 1\nc: !!python/object:os.system {d: 1}\ne: !!binary c2V",
            r#"{"a":"1","b":1,"c":{"d":1},"e":"c2V"}"#,
        ),
        ("a: &x {b: 1}\nc: *x\n", r#"{"a":{"b":1},"c":{"b":1}}"#),
        ("x: &x {b: 1, d: 1}\nc: {<<: *x, d: 2}\n", r#"{"x":{"b":1,"d":1},"c":{"d":2,"b":1}}"#),
        ("c: {<<: [{a: 1}, {a: 2, b: 2}]}", r#"{"c":{"a":1,"b":2}}"#),
        ("'<<': 1", r#"{"<<":1}"#),
        ("1: x\ntrue: z\n", r#"{"1":"x","true":"z"}"#),
        (r#"{"a": "\u00e9\n"}"#, r#"{"a":"é\n"}"#),
        (
            "a: [0644, 0o644, 0b101, -0x10, 1_000, 08, 0, -0, +7, 1__0.5, 0b12, 0x, 18446744073709551615, -9223372036854775809]",
            r#"{"a":[420,420,5,-16,1000,8.0,0,0,7,10.5,"0b12","0x",18446744073709551615,-9223372036854775809]}"#,
        ),
        ("on: 1\n8080: 2\n0644: 3\n1.5: 4\n'yes': 5\n", r#"{"true":1,"8080":2,"420":3,"1.5":4,"yes":5}"#),
        (
            "a:\n  b: 'one\n  two'\n  c: \"three\nfour\n\n  five\"\n",
            r#"{"a":{"b":"one two","c":"three four\nfive"}}"#,
        ),
        ("a: |\n  text\n  more\n", r#"{"a":"text\nmore\n"}"#),
        ("\u{feff}a: 1", r#"{"a":1}"#),
    ] {
        assert_eq!(json(yaml), reordered(expected), "{yaml:?}");
    }
}

/// As serde_json orders the members in this build.
fn reordered(json: &str) -> String {
    serde_json::from_str::<serde_json::Value>(json).unwrap().to_string()
}

#[test]
fn broken_documents_are_refused_with_the_place_in_them() {
    for (yaml, expected) in [
        ("a: 1\n---\nb: 2\n", "line 3, column 1: a second document"),
        ("a: 1\na: 2\n", "line 2, column 1: \"a\" stands twice"),
        ("a:\n\tb: 1\n", "line 2, column 2: tabs disallowed"),
        ("a: b: c\n", "line 1, column 5: "),
        ("c: *nope\n", "line 1, column 4: "),
        ("a: &x [*x]\n", "line 1, column 8: "),
        ("? [a, b]\n: c\n", "line 1, column 3: a key has to be text"),
        ("a: &x [b]\n*x : c\n", "line 2, column 1: a key has to be text"),
        ("a: {<<: 1}", "line 1, column 9: only mappings can be merged"),
        ("a: 'unclosed", "line 1, column 4: unclosed quote"),
        ("a: {b: [}", "line 1, column 8: "),
        ("a: \u{0}b", "line 1, column 4: "),
    ] {
        let error = json(yaml);
        assert!(error.starts_with(&format!("error: {expected}")), "{yaml:?}: {error}");
    }
    assert_eq!(json(b"a: 1\nb: \xff\n"), "error: line 2, column 4: the byte 0xff is not UTF-8");
}

#[test]
fn utf_16_with_a_byte_order_mark_is_read() {
    assert_eq!(json([0xff, 0xfe, b'a', 0, b':', 0, b' ', 0, b'1', 0]), r#"{"a":1}"#);
    assert_eq!(json([0xfe, 0xff, 0, b'a', 0, b':', 0, b' ', 0, b'1']), r#"{"a":1}"#);
    assert_eq!(json([0xff, 0xfe, b'a']), "error: it starts as UTF-16 but is not");
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
        laughs += &format!("a{n}: &a{n} [{aliases}]\n");
    }
    let text = format!("a: &a '{}'\nb: [{}]\n", "x".repeat(1 << 19), vec!["*a"; 1000].join(","));
    let merges: String = (0..30_000).map(|n| format!("d{n}: {{<<: *a}}\n")).collect();
    let merges = format!("a: &a {{b: c}}\n{merges}");
    for (name, yaml, expected) in [
        ("billion laughs", laughs, "copy more than"),
        ("long text, many aliases", text, "copy more than"),
        ("many merges", merges, "copy more than"),
        ("deep lists", "[".repeat(100_000), "nested more than 64 deep"),
        ("deep closed lists", "[".repeat(100_000) + &"]".repeat(100_000), "nested more than 64 deep"),
        ("deep mappings", (0..2000).map(|n| " ".repeat(n) + "a:\n").collect(), "nested more than 64 deep"),
        ("deep dashes", "- ".repeat(100_000), "nested more than 64 deep"),
        ("wide", "- a\n".repeat(300_000), "more than 100000 values"),
        ("large", " ".repeat(INPUT_LIMIT + 1), "larger than"),
    ] {
        let error = json(yaml);
        assert!(error.starts_with("error") && error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn trees_are_written_in_blocks_and_only_what_could_be_misread_is_quoted() {
    let text = r#"{"a": "text", "on": "yes", "1": "2001-01-01", "b": [], "c": {}, "d": null, "e": [1, -2.5, true, "x: y", "k:", "", "https://[::1]:6443/", "https://h:6443/p"],
        "f": [{"name": "a b", "l": [["x"], []]}, {}], "g": {"h": {"i": "a\nb\u2028\u0085c\"\\é"}}}"#;
    let written = write(&parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}")));
    let expected = r#"a: text
"on": "yes"
"1": "2001-01-01"
b: []
c: {}
d: null
e:
- 1
- -2.5
- true
- "x: y"
- "k:"
- ""
- "https://[::1]:6443/"
- https://h:6443/p
f:
- name: "a b"
  l:
  -
    - x
  - []
- {}
g:
  h:
    i: "a\nb\u2028\u0085c\"\\é"
"#;
    assert_eq!(written, expected);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config {
        rng_seed: proptest::test_runner::RngSeed::Fixed(7),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..256)) {
        let _ = json(bytes);
    }

    #[test]
    fn no_text_of_yaml_characters_panics(text in "[-a:?&*!|>'\"%@`{}\\[\\],#<~ \n\t\\\\.0]{0,80}") {
        let _ = json(text);
    }

    #[test]
    fn json_reads_as_itself(texts in proptest::collection::btree_map("[ -~é\\n]{0,12}", "[ -~é\\n\\t]{0,20}", 0..6)) {
        let text = serde_json::to_string(&texts).unwrap();
        proptest::prop_assert_eq!(json(&text), text);
    }

    #[test]
    fn what_is_written_reads_as_the_same(text in "[-a:?&*!|>'\"%@`{}\\[\\],#<~ \n\t.0yn1e+_=/]{0,12}", key in "[-a:?&*!|>'\"{}\\[\\],#~ \n\t.0yn<]{0,8}", n: i64, f in -1e300..1e300_f64) {
        let json = serde_json::json!({ key.clone(): [text, {"k": n}, [[f], []], {key: {}}, null, true] });
        let node = parse(json.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"));
        let written = write(&node);
        let again = parse(written.as_bytes()).unwrap_or_else(|error| panic!("{error}:\n{written}"));
        proptest::prop_assert_eq!(again.to_json(), node.to_json(), "{}", written);
    }

    #[test]
    fn any_text_is_written_so_that_it_reads_as_itself(text in "\\PC{0,20}", odd in "[\u{0}-\u{a0}\u{2028}\u{feff}\u{1f600}]{0,20}") {
        for text in [text, odd] {
            let node = Node::new(Value::List(vec![Node::new(Value::String(text.clone()))]));
            let again = parse(write(&node).as_bytes()).unwrap_or_else(|error| panic!("{error}: {text:?}"));
            proptest::prop_assert_eq!(again.to_json(), serde_json::json!([text]));
        }
    }
}
