//! How the real server shows a value of its own types, and what was tried to change in one: JSON with all members, compared by lines.
//!
//! Its types have other names for members than the API has; `data/internal.tsv` knows them. Longest common lines are found exactly
//! where the real server's library goes for the longest run of lines, which for one change is the same.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde_json::Value;

use super::MAX_DEPTH;
use crate::apply::compare::sorted;

/// Lines around a change.
const AROUND: usize = 3;

/// More lines than these are not compared, but shown as replaced.
const MOST_LINES: usize = 3000;

struct Member {
    shown: &'static str,
    name: &'static str,
    zero: &'static str,
    kind: &'static str,
}

fn members(kind: &str) -> Option<&'static [Member]> {
    static ALL: OnceLock<HashMap<&'static str, Vec<Member>>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let member = |text: &'static str| {
            let mut parts = text.split(':');
            Some(Member {
                shown: parts.next()?,
                name: parts.next()?,
                zero: parts.next()?,
                kind: parts.next()?,
            })
        };
        let lines = include_str!("../../data/internal.tsv").lines().filter(|it| !it.starts_with('#'));
        let line = |line: &'static str| {
            let (name, rest) = line.split_once('\t')?;
            Some((name, rest.split(' ').filter_map(member).collect()))
        };
        lines.filter_map(line).collect()
    });
    all.get(kind).map(Vec::as_slice)
}

/// Writes JSON, in one line or indented by one.
struct Writer {
    out: String,
    indented: bool,
}

impl Writer {
    fn line(&mut self, depth: usize) {
        if self.indented {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', depth));
        }
    }

    fn key(&mut self, key: &str) {
        let _ = write!(self.out, "{}:", Value::from(key));
        if self.indented {
            self.out.push(' ');
        }
    }

    fn value(&mut self, kind: &str, value: &Value, depth: usize) {
        let members = members(kind);
        match value {
            _ if depth > MAX_DEPTH => self.out.push_str("null"),
            Value::Array(items) if !items.is_empty() => {
                self.out.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.out.push_str(if index == 0 { "" } else { "," });
                    self.line(depth + 1);
                    self.value(kind, item, depth + 1);
                }
                self.line(depth);
                self.out.push(']');
            }
            Value::Object(all) if members.is_some() => {
                self.out.push('{');
                let mut first = true;
                for member in members.unwrap_or_default() {
                    // Of what has metadata, its members stand beside the others.
                    let of_metadata = || all.get("metadata").and_then(|it| it.get(member.name));
                    let inner = all.get(member.name).or_else(of_metadata).unwrap_or(&Value::Null);
                    if inner.is_null() && member.zero.ends_with('?') {
                        continue;
                    }
                    self.out.push_str(if first { "" } else { "," });
                    first = false;
                    self.line(depth + 1);
                    self.key(member.shown);
                    match (inner, member.zero.trim_end_matches('?')) {
                        (Value::Null, "s") => self.out.push_str("\"\""),
                        (Value::Null, "i") => self.out.push('0'),
                        (Value::Null, "q") => self.out.push_str("\"0\""),
                        (Value::Null, "b") => self.out.push_str("false"),
                        (Value::Null, "o") => {
                            self.value(member.kind, &Value::Object(serde_json::Map::new()), depth + 1);
                        }
                        (inner, _) => self.value(member.kind, inner, depth + 1),
                    }
                }
                self.line(depth);
                self.out.push('}');
            }
            Value::Object(all) if !all.is_empty() => {
                self.out.push('{');
                for (index, (key, inner)) in all.iter().enumerate() {
                    self.out.push_str(if index == 0 { "" } else { "," });
                    self.line(depth + 1);
                    self.key(key);
                    self.value("", inner, depth + 1);
                }
                self.line(depth);
                self.out.push('}');
            }
            other => {
                let _ = write!(self.out, "{other}");
            }
        }
    }
}

fn written(kind: &str, value: &Value, indented: bool) -> String {
    let mut writer = Writer { out: String::new(), indented };
    writer.value(kind, &sorted(value), 0);
    writer.out
}

/// A value of one of the real server's types in one line.
pub(super) fn shown(kind: &str, value: &Value) -> String {
    written(kind, value, false)
}

/// The changed lines of a value of a type, with three lines around each.
pub(super) fn of(kind: &str, old: &Value, new: &Value) -> String {
    let (old, new) = (written(kind, old, true), written(kind, new, true));
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let changes = compare(&old, &new);
    let mut out = String::new();
    for hunk in hunks(&changes) {
        let Some(changes) = changes.get(hunk.clone()) else { continue };
        let count = |skip: char| changes.iter().filter(|it| it.mark != skip).count();
        let (mut from, mut to) = (0, 0);
        if let Some(first) = changes.first() {
            (from, to) = (first.old, first.new);
        }
        let _ = writeln!(out, "@@ -{} +{} @@", range(from, count('+')), range(to, count('-')));
        for it in changes {
            let _ = writeln!(out, "{}{}", it.mark, it.text);
        }
    }
    out
}

fn range(start: usize, length: usize) -> String {
    match length {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    }
}

/// A line of one side or both, and where it stands in both.
struct Line<'a> {
    mark: char,
    text: &'a str,
    old: usize,
    new: usize,
}

fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let before = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let (old_rest, new_rest) = (old.get(before..).unwrap_or_default(), new.get(before..).unwrap_or_default());
    let after =
        old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(one, other)| one == other).count();
    let old_middle = old_rest.get(..old_rest.len() - after).unwrap_or_default();
    let new_middle = new_rest.get(..new_rest.len() - after).unwrap_or_default();
    let mut out = Vec::new();
    let (mut at, mut to) = (0, 0);
    let mut push = |mark: char, text: &'a str| {
        out.push(Line { mark, text, old: at, new: to });
        at += usize::from(mark != '+');
        to += usize::from(mark != '-');
    };
    old.iter().take(before).for_each(|it| push(' ', it));
    for (mark, text) in common(old_middle, new_middle) {
        push(mark, text);
    }
    old.iter().skip(old.len() - after).for_each(|it| push(' ', it));
    out
}

/// The middle by its longest common lines; what is removed comes before what is added.
fn common<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let width = new.len() + 1;
    let mut lengths = Vec::new();
    if old.len().max(new.len()) <= MOST_LINES {
        lengths = vec![0_u16; (old.len() + 1) * width];
        for (row, one) in old.iter().enumerate().rev() {
            for (column, other) in new.iter().enumerate().rev() {
                let at = |row: usize, column: usize| lengths.get(row * width + column).copied().unwrap_or(0);
                let length = if one == other {
                    at(row + 1, column + 1) + 1
                } else {
                    at(row + 1, column).max(at(row, column + 1))
                };
                if let Some(place) = lengths.get_mut(row * width + column) {
                    *place = length;
                }
            }
        }
    }
    let at = |row: usize, column: usize| lengths.get(row * width + column).copied().unwrap_or(0);
    let (mut row, mut column, mut out) = (0, 0, Vec::new());
    loop {
        match (old.get(row), new.get(column)) {
            (Some(one), Some(other)) if one == other && !lengths.is_empty() => {
                out.push((' ', *one));
                row += 1;
                column += 1;
            }
            (Some(one), other) if other.is_none() || at(row + 1, column) >= at(row, column + 1) => {
                out.push(('-', *one));
                row += 1;
            }
            (_, Some(other)) => {
                out.push(('+', *other));
                column += 1;
            }
            _ => return out,
        }
    }
}

/// The stretches of lines that are shown.
fn hunks(lines: &[Line<'_>]) -> Vec<std::ops::Range<usize>> {
    let mut all: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, _) in lines.iter().enumerate().filter(|(_, it)| it.mark != ' ') {
        let (start, end) = (index.saturating_sub(AROUND), (index + AROUND + 1).min(lines.len()));
        match all.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => all.push(start..end),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{of, shown};

    #[test]
    fn members_have_the_names_and_the_order_of_the_real_server() {
        let claim = json!({"name": "a", "resourceClaimName": "b"});
        let expected = r#"{"Name":"a","ResourceClaimName":"b","ResourceClaimTemplateName":null}"#;
        assert_eq!(shown("PodResourceClaim", &claim), expected);
    }

    #[test]
    fn a_change_is_shown_with_the_lines_around_it() {
        let old = json!({"type": "Localhost", "localhostProfile": "a"});
        let new = json!({"type": "Localhost", "localhostProfile": "b"});
        let expected = "@@ -1,4 +1,4 @@\n {\n  \"Type\": \"Localhost\",\n- \"LocalhostProfile\": \"a\"\n+ \"LocalhostProfile\": \"b\"\n }\n";
        assert_eq!(of("SeccompProfile", &old, &new), expected);
        assert_eq!(of("SeccompProfile", &old, &old), "");
    }
}
