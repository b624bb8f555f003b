//! Bytes to text, and what a syntax error really means: files that are templates, or of another encoding.

use super::Fault;
use crate::diag::Code;

const UTF_8: &str = "save it as UTF-8";

/// The bytes as text without a byte order mark, and how many bytes that mark was.
pub(super) fn decode(bytes: &[u8]) -> Result<(&str, usize), Fault> {
    let fault = |at, what: String| Err(Fault::new(Code::NotText, at, what, UTF_8));
    let (bytes, skipped) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return fault((1, 1), "this is UTF-16".to_owned()),
        [0xef, 0xbb, 0xbf, rest @ ..] => (rest, 3),
        _ => (bytes, 0),
    };
    match std::str::from_utf8(bytes) {
        // UTF-16 without a mark is UTF-8 with NUL bytes, which YAML does not have either.
        Ok(text) => match text.find('\0') {
            Some(at) => fault(place(text, at), "there is a NUL byte: this is not text".to_owned()),
            None => Ok((text, skipped)),
        },
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let text = String::from_utf8_lossy(good);
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            fault(place(&text, text.len()), format!("the byte 0x{byte:02x} is not UTF-8"))
        }
    }
}

/// Line and column of a byte, from 1.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    (line, column)
}

/// The byte at a line and column.
pub(super) fn offset(text: &str, (line, column): (usize, usize)) -> usize {
    let start = match line.checked_sub(2) {
        None => 0,
        Some(breaks) => text.match_indices('\n').nth(breaks).map_or(text.len(), |(at, _)| at + 1),
    };
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

/// Says of an error in a template that it is one.
pub(super) fn explain(text: &str, mut fault: Fault) -> Fault {
    let is_action = |line: &str| line.contains("{{") && line.contains("}}");
    let near = text.lines().skip(fault.place.0.saturating_sub(2)).take(2).any(is_action);
    let is_template = near || text.lines().any(|line| is_action(line) && line.trim_start().starts_with("{{"));
    if fault.code == Code::Syntax && is_template {
        fault.code = Code::Template;
        fault.what = format!("this is a template, not YAML ({})", fault.what);
        fault.help =
            "render it first, e.g. with `helm template`, or take the CRDs that its project publishes";
    }
    fault
}
