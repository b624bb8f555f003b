//! JSON values as YAML, in the form in which the real server writes it: members in order, long text folded, quotes where needed.

use serde_json::Value;

/// Lines are folded at the first space after this many characters.
const WIDTH: usize = 80;

/// The document with a line break at its end.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(all) if !all.is_empty() => mapping(value, 0, &mut out),
        Value::Array(all) if !all.is_empty() => sequence(value, 0, &mut out),
        scalar => leaf(scalar, 0, &mut out),
    }
    out.push('\n');
    out
}

fn indent(depth: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', depth));
}

fn mapping(value: &Value, depth: usize, out: &mut String) {
    let mut all: Vec<(&String, &Value)> = value.as_object().into_iter().flatten().collect();
    all.sort_by(|one, other| natural(one.0, other.0));
    for (index, (key, inner)) in all.into_iter().enumerate() {
        if index > 0 {
            indent(depth, out);
        }
        text(key, depth, true, out);
        out.push(':');
        match inner {
            Value::Object(it) if !it.is_empty() => {
                indent(depth + 2, out);
                mapping(inner, depth + 2, out);
            }
            // The dashes of a list stand under the name.
            Value::Array(it) if !it.is_empty() => {
                indent(depth, out);
                sequence(inner, depth, out);
            }
            scalar => {
                out.push(' ');
                leaf(scalar, depth + 2, out);
            }
        }
    }
}

fn sequence(value: &Value, depth: usize, out: &mut String) {
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        if index > 0 {
            indent(depth, out);
        }
        out.push_str("- ");
        match inner {
            Value::Object(it) if !it.is_empty() => mapping(inner, depth + 2, out),
            Value::Array(it) if !it.is_empty() => sequence(inner, depth + 2, out),
            scalar => leaf(scalar, depth + 2, out),
        }
    }
}

fn leaf(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::String(it) => text(it, depth, false, out),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        other => out.push_str(&other.to_string()),
    }
}

/// Members are ordered as a person would: numbers within names by value, letters after everything else.
fn natural(one: &str, other: &str) -> std::cmp::Ordering {
    use std::cmp::Ordering::{Greater, Less};
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut digits = false;
    for (at, (&left, &right)) in one.iter().zip(&other).enumerate() {
        if left == right {
            digits = left.is_ascii_digit();
            continue;
        }
        match (left.is_alphabetic(), right.is_alphabetic()) {
            (true, true) => return left.cmp(&right),
            (true, false) => return if digits { Less } else { Greater },
            (false, true) => return if digits { Greater } else { Less },
            (false, false) => {}
        }
        // Behind digits that say something a zero is a digit like any other.
        let earlier = one.get(..at).unwrap_or_default().iter().rev().take_while(|it| it.is_ascii_digit());
        let counts = (left == '0' || right == '0') && earlier.into_iter().any(|it| *it != '0');
        let run = |all: &[char]| -> (usize, u64) {
            let digits = all.iter().skip(at).map_while(|it| it.to_digit(10));
            digits.fold((0, u64::from(counts)), |(length, sum), it| {
                (length + 1, sum.wrapping_mul(10).wrapping_add(u64::from(it)))
            })
        };
        let ((left_length, left_number), (right_length, right_number)) = (run(&one), run(&other));
        if left_number != right_number {
            return left_number.cmp(&right_number);
        }
        if left_length != right_length {
            return left_length.cmp(&right_length);
        }
        return left.cmp(&right);
    }
    one.len().cmp(&other.len())
}

fn text(text: &str, depth: usize, key: bool, out: &mut String) {
    let start = out.rfind('\n').map_or(0, |at| at + 1);
    let column = out.get(start..).unwrap_or_default().chars().count();
    let multiline = text.contains('\n');
    if !key && multiline && can_be_literal(text) {
        return literal(text, depth, out);
    }
    let printable = text.chars().all(is_printable);
    if printable && !multiline && can_be_plain(text) && !means_another_type(text) {
        return folded(text, None, column, depth, key, out);
    }
    if printable && !multiline && !means_another_type(text) {
        return folded(text, Some('\''), column, depth, key, out);
    }
    double(text, column, depth, key, out);
}

fn is_printable(it: char) -> bool {
    matches!(it, '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && it != '\u{feff}'
        && !matches!(it, '\u{2028}' | '\u{2029}' | '\u{85}')
}

/// Text that a reader would take for a number, a truth value, nothing, or a time has to be quoted.
fn means_another_type(text: &str) -> bool {
    let word = matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
            | "y"
            | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "on"
            | "On"
            | "ON"
            | "off"
            | "Off"
            | "OFF"
            | ".nan"
            | ".NaN"
            | ".NAN"
            | ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
    );
    word || looks_like_a_number(text) || looks_like_a_time(text)
}

fn looks_like_a_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    let digits = plain.trim_start_matches(['+', '-']);
    if plain.len() - digits.len() > 1
        || !text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it))
    {
        return false;
    }
    let all = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|it| it.is_digit(radix));
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return all(rest, radix);
        }
    }
    if digits.split(':').count() > 1 {
        // Sixties, as in the first version of YAML.
        return digits.split(':').all(|it| all(it, 10));
    }
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is = |it: &str| it.is_empty() || all(it, 10);
    all(exponent, 10) && is(whole) && is(fraction) && !(whole.is_empty() && fraction.is_empty())
}

fn looks_like_a_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let is = |it: Option<&str>, most: usize| {
        it.is_some_and(|it| (1..=most).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_digit()))
    };
    let year = parts.next().filter(|it| it.len() == 4);
    let month = parts.next();
    let Some(rest) = parts.next() else { return false };
    let day = rest.split(['T', 't', ' ']).next();
    is(year, 4) && is(month, 2) && is(day, 2) && (rest.len() <= 2 || rest.contains(':'))
}

/// Whether text can stand without quotes.
fn can_be_plain(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    let (mut before, mut first) = (' ', true);
    if text.starts_with("---") || text.starts_with("...") || text.starts_with(' ') || text.ends_with(' ') {
        return false;
    }
    while let Some(it) = characters.next() {
        let ends = characters.peek().is_none_or(|it| *it == ' ');
        let bad = match it {
            '#' if first => true,
            '#' => before == ' ',
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            '-' | '?' => first && ends,
            ':' => ends,
            _ => false,
        };
        if bad {
            return false;
        }
        (before, first) = (it, false);
    }
    true
}

fn folded(text: &str, quote: Option<char>, column: usize, depth: usize, key: bool, out: &mut String) {
    let mut column = column;
    out.extend(quote);
    column += usize::from(quote.is_some());
    let characters: Vec<char> = text.chars().collect();
    let mut spaces = false;
    for (at, &it) in characters.iter().enumerate() {
        let next_is_space = characters.get(at + 1) == Some(&' ');
        let inside = quote.is_none() || (at > 0 && at + 1 < characters.len());
        if it == ' ' && !key && !spaces && column > WIDTH && inside && !next_is_space {
            indent(depth, out);
            column = depth;
        } else {
            out.push(it);
            column += 1;
            if Some(it) == quote {
                out.push(it);
                column += 1;
            }
        }
        spaces = it == ' ';
    }
    out.extend(quote);
}

fn can_be_literal(text: &str) -> bool {
    // A space before a line break would not be seen.
    let odd = text.contains(" \n") || text.ends_with(' ');
    !odd && text.chars().all(|it| it == '\n' || is_printable(it))
}

fn literal(text: &str, depth: usize, out: &mut String) {
    let body = text.strip_suffix('\n');
    out.push('|');
    if text.starts_with([' ', '\n']) {
        // What begins with space says how much of it is indentation.
        out.push('2');
    }
    out.push_str(match body {
        None => "-",
        Some(body) if body.is_empty() || body.ends_with('\n') => "+",
        Some(_) => "",
    });
    for line in body.unwrap_or(text).split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            indent(depth, out);
            out.push_str(line);
        }
    }
}

fn double(text: &str, column: usize, depth: usize, key: bool, out: &mut String) {
    let mut column = column + 1;
    out.push('"');
    let characters: Vec<char> = text.chars().collect();
    let mut spaces = false;
    for (at, &it) in characters.iter().enumerate() {
        let before = out.len();
        match it {
            ' ' if !key && !spaces && column > WIDTH && at > 0 && at + 1 < characters.len() => {
                indent(depth, out);
                if characters.get(at + 1) == Some(&' ') {
                    out.push('\\');
                }
                column = depth;
                spaces = true;
                continue;
            }
            '"' | '\\' => out.extend(['\\', it]),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            it if is_printable(it) => out.push(it),
            it => {
                let code = u32::from(it);
                match code {
                    ..=0xff => out.push_str(&format!("\\x{code:02X}")),
                    0x100..=0xffff => out.push_str(&format!("\\u{code:04X}")),
                    _ => out.push_str(&format!("\\U{code:08X}")),
                }
            }
        }
        column += out.get(before..).unwrap_or_default().chars().count();
        spaces = it == ' ';
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_the_real_server_writes_them() {
        let value = json!({
            "z": [{"a": 1, "b": [true, null]}, "x", []],
            "empty": {},
            "text": ["", "y", "1", "0x1f", "1.5e3", "2026-11-21T12:54:17Z", "a: b", "a:b", "#a", "a#b", "it's", "- a", "-a", "'q'"],
            "lines": "one\ntwo\n",
            "more": "one\n\ntwo",
            "tab": "a\tb",
        });
        let expected = "empty: {}\nlines: |\n  one\n  two\nmore: |-\n  one\n\n  two\ntab: \"a\\tb\"\ntext:\n- \"\"\n- \"y\"\n- \"1\"\n- \"0x1f\"\n- \"1.5e3\"\n- \"2026-11-21T12:54:17Z\"\n- 'a: b'\n- a:b\n- '#a'\n- a#b\n- it's\n- '- a'\n- -a\n- '''q'''\nz:\n- a: 1\n  b:\n  - true\n  - null\n- x\n- []\n";
        assert_eq!(write(&value), expected);
    }

    #[test]
    fn long_text_is_folded() {
        let long = "word ".repeat(20).trim_end().to_owned();
        let expected = format!("a: {}\n  {}\n", ["word"; 16].join(" "), ["word"; 4].join(" "));
        assert_eq!(write(&json!({ "a": long })), expected);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let all = [
            "null", "~", " x", "x ", "a\u{1}b", "üñ", "😀", "---", "{a}", "%", "@x", "a, b", "1:30", "\n",
            "x\n\n", ">",
        ];
        for text in all {
            let written = write(&json!({ "k": text }));
            assert_eq!(crate::body::yaml(written.as_bytes()), Ok(json!({ "k": text })), "{written}");
        }
    }
}
