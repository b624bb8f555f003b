//! JSONPath as far as printer columns use it: members, indices, slices, wildcards, descents and filters.

use serde_json::Value;

/// A path that was understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Member(String),
    Every,
    Anywhere(String),
    Slice(Option<i64>, Option<i64>, bool),
    Filter { path: Path, operator: String, value: Option<Value> },
}

/// No path is longer: it is walked once a cell.
const MOST_STEPS: usize = 64;

impl Path {
    /// Reads `.spec.items[0]['a.b']`, `.status.conditions[?(@.type=="Ready")].status`.
    pub(super) fn parse(text: &str) -> Option<Path> {
        let (mut steps, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            if steps.len() == MOST_STEPS {
                return None;
            }
            rest = if let Some(after) = rest.strip_prefix("..") {
                let (name, after) = member(after);
                steps.push(Step::Anywhere(name));
                after
            } else if let Some(after) = rest.strip_prefix('.') {
                let (name, after) = member(after);
                match name.as_str() {
                    "" => {}
                    "*" => steps.push(Step::Every),
                    _ => steps.push(Step::Member(name)),
                }
                after
            } else {
                let (inside, after) = bracket(rest.strip_prefix('[')?)?;
                steps.push(subscript(inside)?);
                after
            };
        }
        Some(Path(steps))
    }

    /// The first value that it leads to.
    pub(super) fn first<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.all(value).into_iter().next()
    }

    fn all<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![value];
        for step in &self.0 {
            let mut next = Vec::new();
            found.into_iter().for_each(|it| step.walk(it, &mut next));
            found = next;
        }
        found
    }
}

/// A member's name, where a backslash takes a dot or a bracket as it is.
fn member(text: &str) -> (String, &str) {
    let (mut name, mut escaped) = (String::new(), false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '.' | '[' => return (name, text.get(at..).unwrap_or_default()),
            _ => {}
        }
        name.push(character);
    }
    (name, "")
}

/// A name without its backslashes.
fn unescaped(text: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for it in text.chars() {
        if it == '\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        out.push(it);
    }
    out
}

/// What is between brackets, and what comes after them; brackets in quotes and nested ones do not count.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let (mut quote, mut depth) = (None, 0usize);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), it) if it == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn quoted(text: &str) -> Option<&str> {
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('\'').or_else(|| inside('"'))
}

fn subscript(inside: &str) -> Option<Step> {
    let inside = inside.trim();
    if inside == "*" {
        return Some(Step::Every);
    }
    if let Some(name) = quoted(inside) {
        return Some(Step::Member(unescaped(name)));
    }
    if let Some(filter) = inside.strip_prefix("?(").and_then(|it| it.strip_suffix(')')) {
        return parse_filter(filter);
    }
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    match inside.split_once(':') {
        Some((from, to)) => Some(Step::Slice(number(from)?, number(to)?, false)),
        None => Some(Step::Slice(number(inside)?, None, true)),
    }
}

fn parse_filter(text: &str) -> Option<Step> {
    let found =
        ["==", "!=", "<=", ">=", "<", ">"].into_iter().find_map(|it| Some((text.split_once(it)?, it)));
    let ((left, right), operator) = found.map_or(((text, ""), ""), |(parts, operator)| (parts, operator));
    let path = Path::parse(left.trim().strip_prefix('@')?)?;
    let value = match (operator, right.trim()) {
        ("", _) => None,
        (_, right) => Some(match quoted(right) {
            Some(text) => text.into(),
            None => serde_json::from_str(right).ok()?,
        }),
    };
    Some(Step::Filter { path, operator: operator.to_owned(), value })
}

impl Step {
    fn walk<'a>(&self, value: &'a Value, out: &mut Vec<&'a Value>) {
        match (self, value) {
            (Step::Member(name), Value::Object(all)) => out.extend(all.get(name)),
            (Step::Every, Value::Object(all)) => out.extend(all.values()),
            (Step::Every, Value::Array(all)) => out.extend(all),
            (Step::Anywhere(name), value) => anywhere(name, value, out),
            (Step::Slice(from, to, one), Value::Array(all)) => {
                let count = all.len() as i64;
                let place = |at: i64| if at < 0 { at + count } else { at };
                let from = place(from.unwrap_or(0));
                let to = if *one { from + 1 } else { place(to.unwrap_or(count)) };
                let range = usize::try_from(from).ok().zip(usize::try_from(to.min(count)).ok());
                out.extend(range.and_then(|(from, to)| all.get(from..to)).unwrap_or_default());
            }
            (Step::Filter { path, operator, value }, Value::Array(all)) => {
                let kept = |it: &&Value| match (path.first(it), value) {
                    (found, None) => found.is_some(),
                    (Some(found), Some(value)) => compare(found, operator, value),
                    (None, Some(_)) => false,
                };
                out.extend(all.iter().filter(kept));
            }
            _ => {}
        }
    }
}

fn anywhere<'a>(name: &str, value: &'a Value, out: &mut Vec<&'a Value>) {
    match value {
        Value::Object(all) => {
            out.extend(all.get(name));
            all.values().for_each(|it| anywhere(name, it, out));
        }
        Value::Array(all) => all.iter().for_each(|it| anywhere(name, it, out)),
        _ => {}
    }
}

fn compare(one: &Value, operator: &str, other: &Value) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let order = match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => one.as_f64().partial_cmp(&other.as_f64()),
        (one, other) => (one == other).then_some(Equal),
    };
    match operator {
        "==" => order == Some(Equal),
        "!=" => order != Some(Equal),
        "<" => order == Some(Less),
        ">" => order == Some(Greater),
        "<=" => matches!(order, Some(Less | Equal)),
        _ => matches!(order, Some(Greater | Equal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let value = serde_json::json!({
            "spec": {"a.b": 1, "list": [10, 20, 30], "deep": {"name": "x"}},
            "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        let cases = [
            (".spec.a\\.b", "1"),
            (".spec['a.b']", "1"),
            (".spec['a\\.b']", "1"),
            (".spec.list[0]", "10"),
            (".spec.list[-1]", "30"),
            (".spec.list[1:]", "20"),
            (".spec.list[*]", "10"),
            (".spec.list[7]", "-"),
            ("..name", "\"x\""),
            (".status.conditions[?(@.type==\"Ready\")].status", "\"True\""),
            (".status.conditions[?(@.type=='Nix')].status", "-"),
            (".status.conditions[?(@.type!='A')].type", "\"Ready\""),
            (".nix.nix", "-"),
        ];
        for (path, expected) in cases {
            let path_read = Path::parse(path).expect(path);
            let got = path_read.first(&value).map_or_else(|| "-".to_owned(), Value::to_string);
            assert_eq!(got, expected, "{path}");
        }
        for path in ["spec", ".a[", ".a[x]", ".a[?(b)]"] {
            assert_eq!(Path::parse(path), None, "{path}");
        }
    }
}
