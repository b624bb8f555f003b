//! Normalising what programs print for people: ages, dates, addresses, columns.

use super::plain::Plain;
use super::scan;

/// Replaces what differs from run to run in printed text.
pub(crate) fn plain(plain: &mut Plain, text: &str) -> String {
    let text = plain.raw(text);
    let mut out = String::new();
    for line in text.lines() {
        let mut line = scan::replace(line, scan::date, |_| "<time>".to_owned());
        line = scan::replace(&line, scan::scratch, |it| {
            format!("{}<n>", it.trim_end_matches(|it: char| it.is_ascii_digit()))
        });
        line = scan::replace(&line, scan::log_head, |_| "<log>".to_owned());
        let narrow = scan::replace(&line, scan::address, |it| plain.address(it));
        let narrow = ages(&node_ports(&narrow));
        // The width of a column is that of what stands in it.
        let shown = if narrow == line { described(line) } else { narrowed(&narrow) };
        out.push_str(shown.trim_end());
        out.push('\n');
    }
    out
}

/// `Resource Version:    123`
fn described(line: String) -> String {
    match line.split_once("Resource Version:") {
        Some((before, _)) => format!("{before}Resource Version:  <version>"),
        None => line,
    }
}

/// `12s`, `3m4s` as words of their own.
fn ages(line: &str) -> String {
    let is_age = |it: &str| {
        let digits = it.starts_with(|it: char| it.is_ascii_digit());
        digits
            && it.ends_with(['s', 'm', 'h', 'd'])
            && it.chars().all(|it| it.is_ascii_digit() || "smhd".contains(it))
    };
    let words = line.split(' ').map(|it| if is_age(it) { "<age>" } else { it });
    words.collect::<Vec<_>>().join(" ")
}

/// `80:31234/TCP`
fn node_ports(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let parts = word.split(',').map(|part| match part.split_once(':') {
            Some((port, rest)) => match rest.split_once('/') {
                Some((node, protocol)) if node.len() == 5 && node.bytes().all(|it| it.is_ascii_digit()) => {
                    format!("{port}:<port>/{protocol}")
                }
                _ => part.to_owned(),
            },
            None => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join(",")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Three spaces for three and more, except at the start.
fn narrowed(line: &str) -> String {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let cells = text.split("   ").map(|it| it.trim_matches(' ')).filter(|it| !it.is_empty());
    " ".repeat(indent) + &cells.collect::<Vec<_>>().join("   ")
}
