//! In which order, and with which places, diagnostics come out.

use super::*;

fn taken(report: &mut Report, sources: &[Source]) -> Vec<String> {
    report.take(sources).iter().map(ToString::to_string).collect()
}

#[test]
fn diagnostics_come_out_in_the_order_of_the_text_and_once() {
    let sources = [Source::new("b.yaml", "x: 1\nw:\n- {z: 2}\n"), Source::new("a.yaml", "k: v\n")];
    let mut report = Report::default();
    report.error(Code::WrongType, &Place::new("b.yaml", "/w/0/z"), "third", "");
    report.warn(Code::Skipped, &Place::new("b.yaml", "/x"), "second", "do it");
    report.error(Code::WrongType, &Place::new("b.yaml", "/w/0/z"), "third", "");
    report.error(Code::Syntax, &Place::line("a.yaml", 1, 4), "first", "");
    report.error(Code::Other, &Place::new("c.toml", "row"), "fourth", "");
    assert!(report.has_errors());
    assert_eq!(
        taken(&mut report, &sources),
        [
            "a.yaml:1:4: error: first [CS0002]",
            "b.yaml:1:4: warning: second [CS0102]\n  at /x\n  help: do it",
            "b.yaml:3:7: error: third [CS0006]\n  at /w/0/z",
            "c.toml: error: fourth [CS0900]\n  at row",
        ]
    );
}

#[test]
fn warnings_alone_do_not_stop() {
    let mut report = Report::default();
    report.warn(Code::Skipped, &Place::new("a", ""), "odd", "");
    assert!(!report.has_errors());
}

#[test]
fn x2_messages_hold_nothing_that_a_terminal_obeys() {
    let mut report = Report::default();
    let long = "x".repeat(1 << 20);
    report.error(Code::Other, &Place::new("a", "/\u{1b}[2J"), "a\u{1b}[31m\u{202e}\n\0b", long);
    let text = taken(&mut report, &[]).concat();
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\0'), "{text:?}");
    assert!(
        text.starts_with("a: error: a\\u{1b}[31m\\u{202e}\\u{a}\\u{0}b [CS0900]\n  at /\\u{1b}[2J"),
        "{text}"
    );
    assert!(text.len() < 2_000);
}
