//! Paths into a schema: `.spec.a`, `.spec['a']`, as selectable fields and `fieldPath` of CEL rules are written.

use serde_json::Value;

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub(crate) schema: &'a Value,
    /// As causes write it: `spec.a`, `labels[a]`.
    pub(crate) path: String,
    pub(crate) root: String,
}

fn tokens(path: &str) -> Vec<&str> {
    let (mut all, mut rest) = (Vec::new(), path);
    while let Some(first) = rest.chars().next() {
        let end = if first == '\'' {
            let mut escaped = false;
            rest.char_indices()
                .skip(1)
                .find(|(_, it)| {
                    let ends = *it == '\'' && !escaped;
                    escaped = *it == '\\';
                    ends
                })
                .map_or(rest.len(), |it| it.0 + 1)
        } else if matches!(first, '.' | '[' | ']') {
            1
        } else {
            rest.find(['.', '[', ']']).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(end);
        all.push(token);
        rest = after;
    }
    all
}

fn unescape(text: &str) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text.chars());
    while let Some(it) = rest.next() {
        if it != '\\' {
            out.push(it);
            continue;
        }
        match rest.next() {
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            Some(it @ ('\'' | '\\')) => out.push(it),
            Some(it) => return Err(format!("invalid string literal: invalid escape char \\{it}")),
            None => out.push('\\'),
        }
    }
    Ok(out)
}

/// Follows a path; the complaint is the real server's.
pub(crate) fn resolve<'a>(path: &str, schema: &'a Value, brackets: bool) -> Result<Found<'a>, String> {
    let mut found = Found { schema, path: String::new(), root: String::new() };
    let mut step = |name: &str| -> Result<(), String> {
        let next = if let Some(all) = found.schema["properties"].as_object().filter(|it| !it.is_empty()) {
            if !found.path.is_empty() {
                found.path.push('.');
            }
            found.path.push_str(name);
            all.get(name)
        } else {
            found.path.push_str(&format!("[{name}]"));
            found.schema.get("additionalProperties").filter(|it| it.is_object())
        };
        if found.root.is_empty() {
            found.root = name.to_owned();
        }
        found.schema = next.ok_or("does not refer to a valid field")?;
        Ok(())
    };
    let end = || "unexpected end of JSON path".to_owned();
    let all = tokens(path);
    let mut all = all.into_iter();
    while let Some(token) = all.next() {
        match token {
            "[" if !brackets => return Err("array notation is not allowed".to_owned()),
            "[" => {
                let name = all.next().ok_or_else(end)?;
                let inner = name.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
                let inner = inner.ok_or_else(|| format!("expected single quoted string but got {name}"))?;
                step(&unescape(inner)?)?;
                let close = all.next().ok_or_else(end)?;
                if close != "]" {
                    return Err(format!("expected ] but got {close}"));
                }
            }
            "." => step(all.next().ok_or_else(end)?)?,
            other => return Err(format!("expected [ or . but got: {other}")),
        }
    }
    Ok(found)
}
