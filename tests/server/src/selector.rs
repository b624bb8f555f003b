//! Label and field selectors: parsed and matched.
//!
//! Which fields a kind can be selected by is a fact of the kind and is asked for by the caller.

use serde_json::Value;

use crate::failure::{Failure, Outcome};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
    Greater(i64),
    Less(i64),
}

/// What a list or watch selects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<(String, Test)>,
    /// Path, value, whether equality is wanted.
    fields: Vec<(String, String, bool)>,
}

impl Selector {
    pub(crate) fn parse(labels: &str, fields: &str, known: &[&str]) -> Outcome<Selector> {
        Ok(Selector { labels: Labels::new(labels).parse()?, fields: parse_fields(fields, known)? })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        self.labels.iter().all(|(key, test)| match (test, label(key)) {
            (Test::In(values), Some(it)) => values.iter().any(|value| value == it),
            (Test::NotIn(values), Some(it)) => !values.iter().any(|value| value == it),
            (Test::NotIn(_), None) | (Test::Missing, None) | (Test::Exists, Some(_)) => true,
            (Test::Greater(limit), Some(it)) => it.parse::<i64>().is_ok_and(|it| it > *limit),
            (Test::Less(limit), Some(it)) => it.parse::<i64>().is_ok_and(|it| it < *limit),
            _ => false,
        }) && self.fields.iter().all(|(path, value, equal)| (field(object, path) == *value) == *equal)
    }
}

fn field(object: &Value, path: &str) -> String {
    let mut at = object;
    for part in path.split('.') {
        at = &at[part];
    }
    match at {
        Value::String(it) => it.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn parse_fields(text: &str, known: &[&str]) -> Outcome<Vec<(String, String, bool)>> {
    let mut all = Vec::new();
    for term in split_unescaped(text) {
        if term.is_empty() {
            continue;
        }
        let (path, value, equal) = if let Some((path, value)) = term.split_once("!=") {
            (path, value, false)
        } else if let Some((path, value)) = term.split_once("==") {
            (path, value, true)
        } else if let Some((path, value)) = term.split_once('=') {
            (path, value, true)
        } else {
            return Err(Failure::bad_request(format!(
                "invalid selector: '{text}'; can't understand '{term}'"
            )));
        };
        if !known.contains(&path) && path != "metadata.name" && path != "metadata.namespace" {
            // Kinds that are selected by more than their names have words of their own.
            if !known.is_empty() {
                return Err(Failure::bad_request(format!("field label not supported: {path}")));
            }
            let mut names = vec!["metadata.name", "metadata.namespace"];
            names.extend(known.iter().filter(|it| !it.starts_with("metadata.")));
            let names: Vec<String> = names.iter().map(|it| format!("\"{it}\"")).collect();
            let say = format!("\"{path}\" is not a known field selector: only {}", names.join(", "));
            return Err(Failure::bad_request(say));
        }
        all.push((path.to_owned(), unescape(value), equal));
    }
    Ok(all)
}

fn split_unescaped(text: &str) -> Vec<String> {
    let (mut all, mut term, mut escaped) = (Vec::new(), String::new(), false);
    for it in text.chars() {
        match it {
            ',' if !escaped => all.push(std::mem::take(&mut term)),
            _ => term.push(it),
        }
        escaped = it == '\\' && !escaped;
    }
    all.push(term);
    all
}

fn unescape(text: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for it in text.chars() {
        if it == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            out.push(it);
        }
    }
    out
}

/// The grammar of label selectors, token by token.
struct Labels<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Labels<'a> {
    fn new(text: &'a str) -> Self {
        let (mut tokens, mut rest) = (Vec::new(), text.trim_start());
        while let Some(first) = rest.chars().next() {
            let length = if ["==", "!="].iter().any(|it| rest.starts_with(it)) {
                2
            } else if "=!,()<>".contains(first) {
                1
            } else {
                rest.find(|it: char| it.is_whitespace() || "=!,()<>".contains(it)).unwrap_or(rest.len())
            };
            tokens.push(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        Labels { tokens, at: 0 }
    }

    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn fail<T>(what: &str) -> Outcome<T> {
        Err(Failure::bad_request(what))
    }

    fn parse(mut self) -> Outcome<Vec<(String, Test)>> {
        let mut all = Vec::new();
        if self.tokens.is_empty() {
            return Ok(all);
        }
        loop {
            all.push(self.requirement()?);
            match self.next() {
                "" => return Ok(all),
                "," => match self.peek() {
                    "" | "," | ")" | "(" | "=" | "==" | "!=" | "<" | ">" => {
                        let say = format!("found '{}', expected: identifier after ','", self.peek());
                        return Self::fail(&say);
                    }
                    _ => {}
                },
                other => return Self::fail(&format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Outcome<(String, Test)> {
        let missing = self.peek() == "!";
        if missing {
            self.next();
        }
        let key = self.next();
        if key.is_empty() || key.starts_with(|it| "=!,()<>".contains(it)) {
            return Self::fail(&format!("unable to parse requirement: found '{key}', expected: identifier"));
        }
        if let Some(problem) = crate::names::qualified_problems(key).into_iter().next() {
            let say = format!("unable to parse requirement: <nil>: Invalid value: \"{key}\": {problem}");
            return Self::fail(&say);
        }
        if missing {
            return Ok((key.to_owned(), Test::Missing));
        }
        let test = match self.peek() {
            "" | "," => Test::Exists,
            "=" | "==" => Test::In(vec![self.value()?]),
            "!=" => Test::NotIn(vec![self.value()?]),
            "in" => Test::In(self.values()?),
            "notin" => Test::NotIn(self.values()?),
            sign @ (">" | "<") => {
                let value = self.value()?;
                let Ok(limit) = value.parse::<i64>() else {
                    let say = format!(
                        "unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
                    );
                    return Self::fail(&say);
                };
                if sign == ">" { Test::Greater(limit) } else { Test::Less(limit) }
            }
            other => {
                let say = format!(
                    "unable to parse requirement: found '{other}', expected: in, notin, =, ==, !=, gt, lt"
                );
                return Self::fail(&say);
            }
        };
        Ok((key.to_owned(), test))
    }

    fn value(&mut self) -> Outcome<String> {
        self.next();
        let value = match self.peek() {
            "" | "," => "",
            other => {
                self.at += 1;
                other
            }
        };
        Self::checked(value)
    }

    fn checked(value: &str) -> Outcome<String> {
        match crate::names::label_value_problem(value) {
            None => Ok(value.to_owned()),
            Some(problem) => Self::fail(&format!(
                "unable to parse requirement: <nil>: Invalid value: \"{value}\": {problem}"
            )),
        }
    }

    fn values(&mut self) -> Outcome<Vec<String>> {
        self.next();
        let open = self.next();
        if open != "(" {
            return Self::fail(&format!("unable to parse requirement: found '{open}' expected: '('"));
        }
        let mut all = Vec::new();
        loop {
            match self.next() {
                ")" => {
                    all.sort();
                    return Ok(all);
                }
                "," => {}
                "" => return Self::fail("unable to parse requirement: found '', expected: ',' or ')'"),
                value => all.push(Self::checked(value)?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_match_as_their_grammar_says() {
        let object = json!({"metadata": {"name": "a", "labels": {"app": "web", "tier": "3"}}});
        let cases = [
            ("", "", true),
            ("app=web", "", true),
            ("app==web,tier=3", "", true),
            ("app!=web", "", false),
            ("gone!=x", "", true),
            ("app in (web, db)", "", true),
            ("app notin (db)", "", true),
            ("app notin (web)", "", false),
            ("app", "", true),
            ("!app", "", false),
            ("!gone", "", true),
            ("tier>2", "", true),
            ("tier<3", "", false),
            ("", "metadata.name=a", true),
            ("", "metadata.name!=a", false),
            ("app=web", "metadata.name==b", false),
        ];
        for (labels, fields, expected) in cases {
            let selector = Selector::parse(labels, fields, &[]).expect(labels);
            assert_eq!(selector.matches(&object), expected, "{labels} {fields}");
        }
    }

    #[test]
    fn selectors_that_make_no_sense_are_refused() {
        for (labels, fields) in
            [("x==1,,", ""), ("x in", ""), ("a b", ""), ("=x", ""), ("x>y", ""), ("", "a"), ("", "spec.x=1")]
        {
            assert_eq!(Selector::parse(labels, fields, &[]).unwrap_err().code, 400, "{labels} {fields}");
        }
    }
}
