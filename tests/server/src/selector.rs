//! Label and field selectors: parsed and matched.
//!
//! Which fields a kind can be selected by is a fact of the kind and is asked for by the caller.

use serde_json::Value;

use crate::failure::{Failure, Outcome};
use crate::fields::{Field, Fields};

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
    /// Field, value, whether equality is wanted.
    fields: Vec<(Field, String, bool)>,
}

impl Selector {
    pub(crate) fn parse(labels: &str, fields: &str, known: &Fields) -> Outcome<Selector> {
        Ok(Selector { labels: Labels::new(labels).parse()?, fields: parse_fields(fields, known)? })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        self.labels.iter().all(|(key, test)| match (test, label(key)) {
            (Test::In(values), Some(it)) => has(values, it),
            (Test::NotIn(values), Some(it)) => !has(values, it),
            (Test::NotIn(_), None) | (Test::Missing, None) | (Test::Exists, Some(_)) => true,
            (Test::Greater(limit), Some(it)) => it.parse::<i64>().is_ok_and(|it| it > *limit),
            (Test::Less(limit), Some(it)) => it.parse::<i64>().is_ok_and(|it| it < *limit),
            _ => false,
        }) && self.fields.iter().all(|(path, value, equal)| (path.of(object) == *value) == *equal)
    }
}

/// The values are in order.
fn has(values: &[String], wanted: &str) -> bool {
    values.binary_search_by(|it| it.as_str().cmp(wanted)).is_ok()
}

fn parse_fields(text: &str, known: &Fields) -> Outcome<Vec<(Field, String, bool)>> {
    let mut all = Vec::new();
    let mut terms = split_unescaped(text);
    terms.sort_unstable();
    for term in terms.into_iter().filter(|it| !it.is_empty()) {
        let at = term.char_indices().find_map(|(at, _)| {
            let rest = term.get(at..)?;
            ["!=", "==", "="].iter().find(|it| rest.starts_with(**it)).map(|it| (at, *it))
        });
        let Some((at, sign)) = at else {
            let say = format!("invalid selector: '{text}'; can't understand '{term}'");
            return Err(Failure::bad_request(say));
        };
        let (path, value) = term.split_at(at);
        let value = unescape(value.strip_prefix(sign).unwrap_or(value)).map_err(Failure::bad_request)?;
        all.push((path.to_owned(), value, sign != "!="));
    }
    let known = |(path, value, equal): (String, String, bool)| {
        let field = known.find(&path).map_err(Failure::bad_request)?.clone();
        Ok((field, value, equal))
    };
    all.into_iter().map(known).collect()
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let (mut all, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, it) in text.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                all.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    all.extend(text.get(start..));
    all
}

/// Undoes the escapes of a value, which are for backslashes, commas and equals signs.
fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(it) = rest.next() {
        match it {
            '\\' => match rest.next() {
                Some(escaped @ ('\\' | ',' | '=')) => out.push(escaped),
                other => {
                    let shown: String = other.into_iter().collect();
                    return Err(format!("invalid field selector: invalid escape sequence: \\{shown}"));
                }
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {}",
                    u32::from(it)
                ));
            }
            _ => out.push(it),
        }
    }
    Ok(out)
}

/// A word of a label selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name or a value, also `in` and `notin` where a value may stand.
    Word(&'a str),
    Sign(&'a str),
    /// Signs that mean nothing together.
    Wrong(&'a str),
    End,
}

impl<'a> Token<'a> {
    /// As it is shown in complaints.
    fn text(self) -> String {
        match self {
            Token::Word(it) | Token::Sign(it) => it.to_owned(),
            Token::Wrong(it) => format!("error expected: keyword found '{it}'"),
            Token::End => String::new(),
        }
    }
}

const SIGNS: &[&str] = &[")", ",", "!", "==", "=", ">", "!=", "(", "<"];
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

fn is_sign(it: char) -> bool {
    "=!(),><".contains(it)
}

/// The grammar of label selectors.
struct Labels<'a> {
    rest: &'a str,
}

impl<'a> Labels<'a> {
    fn new(text: &'a str) -> Self {
        Labels { rest: text }
    }

    /// The next token and what follows it.
    fn scan(&self) -> (Token<'a>, &'a str) {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { return (Token::End, rest) };
        if !is_sign(first) {
            let end = rest.find(|it: char| is_sign(it) || " \t\r\n".contains(it)).unwrap_or(rest.len());
            let (word, rest) = rest.split_at(end);
            return (Token::Word(word), rest);
        }
        // No sign has more than two characters; a long run of them is not looked at again and again.
        let run = rest.chars().take(2).take_while(|it| is_sign(*it)).count();
        let longest = (1..=run).rev().find_map(|length| {
            let (sign, rest) = rest.split_at_checked(length)?;
            SIGNS.contains(&sign).then_some((Token::Sign(sign), rest))
        });
        longest.unwrap_or((Token::Wrong(rest), ""))
    }

    fn peek(&self) -> Token<'a> {
        self.scan().0
    }

    fn next(&mut self) -> Token<'a> {
        let (token, rest) = self.scan();
        self.rest = rest;
        token
    }

    fn parse(mut self) -> Outcome<Vec<(String, Test)>> {
        let mut all = Vec::new();
        loop {
            match self.peek() {
                Token::Word(_) | Token::Sign("!") => {}
                Token::End => return Ok(all),
                other => {
                    let say =
                        format!("found '{}', expected: !, identifier, or 'end of string'", other.text());
                    return Err(Failure::bad_request(say));
                }
            }
            let requirement = self
                .requirement()
                .map_err(|why| Failure::bad_request(format!("unable to parse requirement: {why}")))?;
            all.push(requirement);
            match self.next() {
                Token::End => return Ok(all),
                Token::Sign(",") => match self.peek() {
                    Token::Word(_) | Token::Sign("!") => {}
                    other => {
                        let say = format!("found '{}', expected: identifier after ','", other.text());
                        return Err(Failure::bad_request(say));
                    }
                },
                other => {
                    let say = format!("found '{}', expected: ',' or 'end of string'", other.text());
                    return Err(Failure::bad_request(say));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<(String, Test), String> {
        let missing = self.peek() == Token::Sign("!");
        if missing {
            self.next();
        }
        let key = match self.next() {
            Token::Word(key) => key,
            other => return Err(format!("found '{}', expected: identifier", other.text())),
        };
        let problems = crate::names::qualified_problems(key);
        if !problems.is_empty() {
            let shown = Value::from(key);
            return Err(format!("<nil>: Invalid value: {shown}: {}", problems.join("; ")));
        }
        if missing {
            return Ok((key.to_owned(), Test::Missing));
        }
        if matches!(self.peek(), Token::End | Token::Sign(",")) {
            return Ok((key.to_owned(), Test::Exists));
        }
        let test = match self.next() {
            Token::Word("in") => Test::In(checked(key, self.values()?)?),
            Token::Word("notin") => Test::NotIn(checked(key, self.values()?)?),
            Token::Sign("=" | "==") => Test::In(checked(key, vec![self.value()?])?),
            Token::Sign("!=") => Test::NotIn(checked(key, vec![self.value()?])?),
            Token::Sign(sign @ (">" | "<")) => {
                let value = self.value()?;
                let Ok(limit) = value.parse::<i64>() else {
                    let shown = Value::from(value);
                    let say = "for 'Gt', 'Lt' operators, the value must be an integer";
                    return Err(format!("values[0]: Invalid value: {shown}: {say}"));
                };
                if sign == ">" { Test::Greater(limit) } else { Test::Less(limit) }
            }
            other => return Err(format!("found '{}', expected: {OPERATORS}", other.text())),
        };
        Ok((key.to_owned(), test))
    }

    fn value(&mut self) -> Result<&'a str, String> {
        match self.peek() {
            Token::End | Token::Sign(",") => return Ok(""),
            _ => {}
        }
        match self.next() {
            Token::Word(it) => Ok(it),
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    fn values(&mut self) -> Result<Vec<&'a str>, String> {
        match self.next() {
            Token::Sign("(") => {}
            other => return Err(format!("found '{}' expected: '('", other.text())),
        }
        let mut all = Vec::new();
        match self.peek() {
            Token::Word(_) | Token::Sign(",") => {}
            Token::Sign(")") => {
                self.next();
                return Ok(vec![""]);
            }
            other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
        }
        loop {
            match self.next() {
                Token::Word(it) => {
                    all.push(it);
                    match self.peek() {
                        Token::Sign(",") => {}
                        Token::Sign(")") => break,
                        other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
                    }
                }
                Token::Sign(",") => {
                    // Nothing before, between or after commas is an empty value.
                    if all.is_empty() {
                        all.push("");
                    }
                    match self.peek() {
                        Token::Sign(")") => {
                            all.push("");
                            break;
                        }
                        Token::Sign(",") => all.push(""),
                        _ => {}
                    }
                }
                other => return Err(format!("found '{}', expected: ',', or identifier", other.text())),
            }
        }
        self.next();
        Ok(all)
    }
}

/// The values in order, each once, if all of them may be values of labels.
fn checked(key: &str, mut values: Vec<&str>) -> Result<Vec<String>, String> {
    values.sort_unstable();
    values.dedup();
    let mut problems = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if let Some(problem) = crate::names::label_value_problem(value) {
            let shown = Value::from(*value);
            problems.push(format!("values[{index}][{key}]: Invalid value: {shown}: {problem}"));
        }
    }
    match problems.as_slice() {
        [] => Ok(values.into_iter().map(str::to_owned).collect()),
        [one] => Err(one.clone()),
        many => Err(format!("[{}]", many.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_match_as_their_grammar_says() {
        let known = Fields::of_custom(true, &[]);
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
            let selector = Selector::parse(labels, fields, &known).expect(labels);
            assert_eq!(selector.matches(&object), expected, "{labels} {fields}");
        }
    }

    #[test]
    fn selectors_that_make_no_sense_are_refused() {
        let known = Fields::of_custom(true, &[]);
        for (labels, fields) in [
            ("x==1,,", ""),
            ("x in", ""),
            ("x===1", ""),
            ("x in (a", ""),
            ("a b", ""),
            ("=x", ""),
            ("x>y", ""),
            ("", "a"),
            ("", "spec.x=1"),
        ] {
            assert_eq!(Selector::parse(labels, fields, &known).unwrap_err().code, 400, "{labels} {fields}");
        }
    }
}
