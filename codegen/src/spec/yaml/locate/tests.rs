//! Pointers into texts of every style.

use super::*;

/// `line:column:text` of key and value, as the answer for each pointer.
fn at(text: &str, pointer: &str, part: Part) -> String {
    match locate(text.as_bytes(), pointer, part) {
        Some(span) => {
            let text = &text[span.offset..span.offset + span.len];
            format!("{}:{}:{text}", span.line, span.column)
        }
        None => "nothing".to_owned(),
    }
}

#[test]
fn members_are_found_in_block_and_flow_style() {
    let text = "# a comment\nspec:\n  names: {kind: Widget, \"short names\": [w, 'wd']}\n  list:\n  - a: 1\n    b: 2\n  -\n    - x\n    - é: y\n  a/b: {c~d: deep}\n  empty:\n";
    for (pointer, key, value) in [
        ("/spec/names/kind", "3:11:kind", "3:17:Widget"),
        ("/spec/names/short names", "3:25:\"short names\"", "3:40:[w, 'wd']"),
        ("/spec/names/short names/1", "nothing", "3:44:'wd'"),
        ("/spec/list/0/b", "6:5:b", "6:8:2"),
        ("/spec/list/0", "nothing", "5:5:a: 1\n    b: 2"),
        ("/spec/list/1/1/é", "9:7:é", "9:10:y"),
        ("/spec/a~1b/c~0d", "10:9:c~d", "10:14:deep"),
        ("/spec/empty", "11:3:empty", "11:8:"),
        ("/spec/none", "nothing", "nothing"),
        ("/spec/list/7", "nothing", "nothing"),
        ("", "nothing", "nothing"),
    ] {
        assert_eq!(at(text, pointer, Part::Key), key, "{pointer}");
        assert_eq!(at(text, pointer, Part::Value), value, "{pointer}");
    }
}

#[test]
fn json_is_found_like_yaml() {
    let text = "{\n\t\"a\": {\"b\": [1, {\"c\\u0041\": null}]}\r\n}";
    assert_eq!(at(text, "/a/b/1/cA", Part::Key), "2:18:\"c\\u0041\"");
    assert_eq!(at(text, "/a/b/0", Part::Value), "2:14:1");
}

#[test]
fn documents_are_counted_where_there_are_several() {
    let text = "\u{feff}a: 1\n---\n# nothing\n---\na: {b: 2}\n...\n---\na: 3\n";
    assert_eq!(at(text, "/0/a", Part::Value), "1:4:1");
    assert_eq!(at(text, "/2/a/b", Part::Value), "5:8:2");
    assert_eq!(at(text, "/3/a", Part::Value), "8:4:3");
    assert_eq!(at(text, "/a", Part::Value), "nothing");
}

#[test]
fn block_scalars_do_not_disturb() {
    let text = "a: |\n  b: 1\n  c\nb: >-\n\n   x\n   y\nc: 1\n";
    assert_eq!(at(text, "/c", Part::Value), "8:4:1");
    assert_eq!(at(text, "/b", Part::Key), "4:1:b");
    assert!(at(text, "/a", Part::Value).starts_with("2:3:b: 1\n  c"), "{}", at(text, "/a", Part::Value));
}

#[test]
fn keys_are_those_that_the_reader_sees() {
    let text = "on: 1\n0x10: {yes: 2}\n";
    assert_eq!(at(text, "/true", Part::Key), "1:1:on");
    assert_eq!(at(text, "/16/true", Part::Value), "2:13:2");
}

#[test]
fn aliases_and_merges_lead_to_what_they_name() {
    let text = "\
base: &base {type: object, deep: &deep {x: 1}}
other: &other
  w: 2
use: *base
merged:
  <<: *base
  own: 3
many:
  <<: [*other, {z: 4}, *base]
inline:
  <<: {q: &q 5}
chain: {<<: *deep, and: *q}
list: [*other]
";
    for (pointer, key, value) in [
        ("/use", "4:1:use", "4:6:*base"),
        ("/use/deep/x", "1:41:x", "1:44:1"),
        ("/merged/type", "1:14:type", "1:20:object"),
        ("/merged/deep/x", "1:41:x", "1:44:1"),
        ("/merged/own", "7:3:own", "7:8:3"),
        ("/many/w", "3:3:w", "3:6:2"),
        ("/many/z", "9:17:z", "9:20:4"),
        ("/many/type", "1:14:type", "1:20:object"),
        ("/inline/q", "11:8:q", "11:14:5"),
        ("/chain/x", "1:41:x", "1:44:1"),
        ("/list/0/w", "3:3:w", "3:6:2"),
        ("/merged/none", "nothing", "nothing"),
    ] {
        assert_eq!(at(text, pointer, Part::Key), key, "{pointer}");
        assert_eq!(at(text, pointer, Part::Value), value, "{pointer}");
    }
}

#[test]
fn cycles_and_broken_texts_end() {
    for text in ["a: &a [*a]", "a: &a {<<: *a}", "a: [", "a: *b", "\0", "", "- - - -", "? {a: b}\n: c"] {
        for pointer in ["/a", "/a/0", "/a/0/0", "/a/b", "/0/0/0", "/"] {
            let _ = (at(text, pointer, Part::Key), best(text.as_bytes(), &[pointer]));
        }
    }
}

#[test]
fn the_best_place_is_a_word_a_key_or_what_is_above() {
    let text = "spec:\n  scope: Odd\n  names:\n    kind: W\n  text: |\n    long\n    text\n  items:\n  - a: 1\n    b: 2\n";
    let pointers = [
        "/spec/scope",
        "/spec/names",
        "/spec/names/plural/x",
        "/spec/text",
        "/spec/items/0",
        "/spec/items/0/c",
        "/nothing",
        "line 4, column 5",
        "line 2",
        "a row",
        "",
    ];
    let spans = best(text.as_bytes(), &pointers).into_iter().map(|span| {
        span.map(|span| {
            format!("{}:{}:{}", span.line, span.column, &text[span.offset..span.offset + span.len])
        })
    });
    let expected = [
        Some("2:10:Odd"),
        Some("3:3:names"),
        Some("3:3:names"),
        Some("5:3:text"),
        Some("9:5:a: 1"),
        Some("9:5:a: 1"),
        Some("1:1:spec:"),
        Some("4:5:k"),
        Some("2:1:"),
        None,
        None,
    ];
    assert_eq!(spans.collect::<Vec<_>>(), expected.map(|text| text.map(str::to_owned)));
}
