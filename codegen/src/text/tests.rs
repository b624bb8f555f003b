//! What the cleaning of documentation makes of hostile and odd text.

use super::*;

fn one(text: &str) -> String {
    markdown(text, 60).join("\n")
}

#[test]
fn markup_is_escaped() {
    let cases = [
        ("a [b] <c> d\\e", "a \\[b\\] \\<c\\> d\\\\e"),
        ("the `code <x>` stays", "the `code <x>` stays"),
        ("an odd ` backtick", "an odd \\` backtick"),
        ("see https://k8s.io/a_b, and more", "see <https://k8s.io/a_b>, and more"),
        ("(see https://k8s.io/docs/).", "(see <https://k8s.io/docs/>)."),
        ("used will be http://", "used will be `http://`"),
        ("[label](https://k8s.io/x) here", "[label](<https://k8s.io/x>) here"),
        ("snake_case __init__ *bold*", "snake_case \\_\\_init\\_\\_ \\*bold\\*"),
        ("a &lt; b & c", "a \\&lt; b & c"),
        ("a\u{202e}b\u{0}c", "abc"),
        ("1. First", "1\\. First"),
        ("# no heading", "\\# no heading"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(one(text), expected, "{text}");
    }
}

#[test]
fn the_first_sentence_stands_alone() {
    assert_eq!(one("One thing. Another e.g. this."), "One thing.\n\nAnother e.g. this.");
    assert_eq!(one("Use a form, e.g. This one."), "Use a form, e.g. This one.");
    assert_eq!(one("Short"), "Short");
}

#[test]
fn nothing_becomes_a_doctest() {
    let text = "Example:\n\n    let x = 1;\n    run(x);\n\nEnd.";
    assert_eq!(one(text), "Example:\n\n```text\nlet x = 1;\nrun(x);\n```\n\nEnd.");
    assert_eq!(one("A\n```rust\npanic!()\n```\nB"), "A\n\n```text\npanic!()\n```\n\nB");
    assert_eq!(one("A\n\n\tindented\n\t\tmore"), "A\n\n```text\nindented\n    more\n```");
    assert_eq!(one("odd ``` fence"), "odd \\`\\`\\` fence");
}

#[test]
fn lists_stay_lists() {
    let text = "Values:\n - one is long enough to be wrapped somewhere at sixty columns\n - two\n\nEnd.";
    let expected =
        "Values:\n\n- one is long enough to be wrapped somewhere at sixty\n  columns\n- two\n\nEnd.";
    assert_eq!(one(text), expected);
}

#[test]
fn lines_do_not_start_with_markup() {
    let text = format!("{} - minus", "word ".repeat(12).trim());
    assert_eq!(one(&text), format!("{}\n\\- minus", "word ".repeat(12).trim()));
}
