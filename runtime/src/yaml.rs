//! YAML (so also JSON) of others, read into a small tree in which every node knows its line and column.
//!
//! The only place that names the YAML parser. It is driven by events and builds the tree without recursion, so neither
//! depth nor width of the input can exhaust the stack, and aliases are paid for from a budget. Deliberately no mapping
//! to types: whoever reads a tree says what it expects. Errors never repeat a value, only names of members.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, Tag};

/// No kubeconfig or plugin's answer is larger: some thousand clusters with their certificates fit.
pub(crate) const INPUT_LIMIT: usize = 8 << 20;

/// Deeper than any configuration, and safe for whatever walks the tree by recursion.
const DEPTH: usize = 64;

/// How many values a document may hold: some thousand clusters with their users and contexts, in less than 16 MiB.
const NODES: usize = 100_000;

/// How many values, and how many bytes of text, anchors and aliases may copy.
const COPIED_NODES: usize = 20_000;
const COPIED_BYTES: usize = 1 << 20;

/// How many lines of quoted text are mended; each costs another reading.
const MENDS: usize = 32;

/// Wider than anything that nests no deeper is indented by people.
const MARGIN: &str =
    "                                                                                                ";

/// One YAML value and where it stands.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) value: Value,
}

/// What stands there. Mappings keep their order; their keys are unique.
#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What is wrong, and where: `line 3, column 5: did not find expected key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// Line and column, both from 1; `None` where the input as a whole is meant.
    pub(crate) place: Option<(usize, usize)>,
    pub(crate) message: String,
}

/// Reads the one document in `input`; an empty input is null.
///
/// UTF-8, or UTF-16 with a byte order mark as some shells write it. Anchors and merge keys work within tight limits,
/// unknown tags are ignored, a key that stands twice in a mapping is an error, and so is a second document.
pub(crate) fn parse(input: &[u8]) -> Result<Node, YamlError> {
    if input.len() > INPUT_LIMIT {
        return Err(YamlError::whole(format!("it is larger than {INPUT_LIMIT} bytes")));
    }
    let mut text = decode_text(input)?;
    for _ in 0..MENDS {
        match read(&text)? {
            Read::Document(node) => return Ok(node),
            Read::Outdented(line) => text = Cow::Owned(indented(&text, line)),
        }
    }
    Err(YamlError::whole(format!("more than {MENDS} lines of quoted text begin left of what they belong to")))
}

/// What became of a text.
enum Read {
    Document(Node),
    /// In this line, from 1, quoted text goes on further left than YAML allows. Go's reader passes over it.
    Outdented(usize),
}

fn read(text: &str) -> Result<Read, YamlError> {
    let options = granit_parser::options! { block_nesting_limit: DEPTH, flow_nesting_limit: DEPTH };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) if *error.kind() == ErrorKind::InvalidQuotedScalarIndent => {
                return Ok(Read::Outdented(error.marker().line()));
            }
            Err(error) => {
                let marker = error.marker();
                return Err(YamlError {
                    place: Some((marker.line(), marker.col() + 1)),
                    message: error.info().replace("recursion limit exceeded", &too_deep()),
                });
            }
        };
        builder.event(event, span)?;
    }
    Ok(Read::Document(builder.document.unwrap_or(Node { line: 1, column: 1, value: Value::Null })))
}

/// The text with one of its lines moved far enough to the right: there, within quotes, white space means nothing.
fn indented(text: &str, line: usize) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    lines.flat_map(|(at, text)| [if at + 1 == line { MARGIN } else { "" }, text]).collect()
}

/// The tree under construction: what is open, innermost last.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    document: Option<Node>,
    nodes: usize,
    copied_nodes: usize,
    copied_bytes: usize,
}

/// A list or mapping whose end has not come yet.
struct Open {
    node: Node,
    anchor: usize,
    /// Of a mapping: the key whose value comes next, with whether it is a merge key.
    key: Option<(String, bool)>,
    seen: HashSet<String>,
    merged: Vec<Node>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let place = (span.start.line(), span.start.col() + 1);
        let node = |value| Node { line: place.0, column: place.1, value };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if self.awaits_key() {
                    let merge = style == ScalarStyle::Plain && text == "<<";
                    let key = key(text, style, tag.as_deref());
                    self.anchor(anchor, &node(Value::String(key.clone())))?;
                    return self.key(key, merge, place);
                }
                self.close(node(scalar(text, style, tag.as_deref())), anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(node(Value::List(Vec::new())), anchor),
            Event::MappingStart(_, anchor, _) => self.open(node(Value::Map(Vec::new())), anchor),
            Event::SequenceEnd => match self.open.pop() {
                Some(open) => self.close(open.node, open.anchor),
                None => Ok(()),
            },
            Event::MappingEnd => match self.open.pop() {
                Some(mut open) => {
                    self.merge(&mut open)?;
                    self.close(open.node, open.anchor)
                }
                None => Ok(()),
            },
            Event::Alias(id) => {
                let Some(target) = self.anchors.remove(&id) else {
                    return Err(node(Value::Null).error("this alias stands inside of what it names"));
                };
                let copy = self.copy(&target, place);
                self.anchors.insert(id, target);
                let copy = copy?;
                match (self.awaits_key(), copy.value) {
                    (true, Value::String(text)) => self.key(text, false, place),
                    (true, _) => Err(node(Value::Null).error("a key has to be text")),
                    (false, value) => self.close(node(value), 0),
                }
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn awaits_key(&self) -> bool {
        self.open.last().is_some_and(|open| matches!(open.node.value, Value::Map(_)) && open.key.is_none())
    }

    fn key(&mut self, key: String, merge: bool, place: (usize, usize)) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        if !merge && !open.seen.insert(key.clone()) {
            return Err(YamlError {
                place: Some(place),
                message: format!("{key:?} stands twice in this mapping"),
            });
        }
        open.key = Some((key, merge));
        Ok(())
    }

    fn open(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        if self.awaits_key() {
            return Err(node.error("a key has to be text"));
        }
        if self.open.len() >= DEPTH {
            return Err(node.error(too_deep()));
        }
        self.open.push(Open { node, anchor, key: None, seen: HashSet::new(), merged: Vec::new() });
        Ok(())
    }

    /// A value is complete: it belongs to what is open, or is the document.
    fn close(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(node.error(format!("more than {NODES} values")));
        }
        self.anchor(anchor, &node)?;
        match self.open.last_mut() {
            Some(Open { node: Node { value: Value::List(items), .. }, .. }) => items.push(node),
            Some(Open { node: Node { value: Value::Map(members), .. }, key, merged, .. }) => match key.take()
            {
                Some((_, true)) => merged.push(node),
                Some((key, false)) => members.push((key, node)),
                None => return Err(node.error("a key has to be text")),
            },
            _ if matches!(node.value, Value::Null) => {}
            _ if self.document.is_some() => {
                return Err(node.error("a second document, where one is expected: it would not be read"));
            }
            _ => self.document = Some(node),
        }
        Ok(())
    }

    fn anchor(&mut self, id: usize, node: &Node) -> Result<(), YamlError> {
        if id != 0 {
            let copy = self.copy(node, (node.line, node.column))?;
            self.anchors.insert(id, copy);
        }
        Ok(())
    }

    /// Members of merged mappings that the mapping does not have itself; the first mapping that has one wins.
    fn merge(&mut self, open: &mut Open) -> Result<(), YamlError> {
        for node in std::mem::take(&mut open.merged) {
            let sources = match node.value {
                Value::List(items) => items,
                _ => vec![node],
            };
            for source in sources {
                let Value::Map(members) = source.value else {
                    return Err(source.error("only mappings can be merged with `<<`"));
                };
                let Value::Map(own) = &mut open.node.value else { continue };
                own.extend(members.into_iter().filter(|(key, _)| open.seen.insert(key.clone())));
            }
        }
        Ok(())
    }

    fn copy(&mut self, node: &Node, place: (usize, usize)) -> Result<Node, YamlError> {
        let (nodes, bytes) = node.size();
        self.copied_nodes = self.copied_nodes.saturating_add(nodes);
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_nodes > COPIED_NODES || self.copied_bytes > COPIED_BYTES {
            let message = "anchors and aliases copy more than a configuration needs".to_owned();
            return Err(YamlError { place: Some(place), message });
        }
        Ok(node.clone())
    }
}

fn too_deep() -> String {
    format!("nested more than {DEPTH} deep")
}

/// What a scalar means, by the rules that Kubernetes' tools read it with (YAML 1.1's words for true and false).
fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    if style != ScalarStyle::Plain || tag.and_then(Tag::core_suffix) == Some("str") {
        return Value::String(text.into_owned());
    }
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => {
            Value::Bool(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => {
            Value::Bool(false)
        }
        _ => number(&text).map_or_else(|| Value::String(text.into_owned()), Value::Number),
    }
}

/// A key as text: keys of JSON are nothing else, so `8080`, `on` and `0644` become what their values are.
fn key(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> String {
    match scalar(text.clone(), style, tag) {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => text.into_owned(),
    }
}

/// A number as goyaml has it, whose integers are those of Go's source code: `0644` and `0o644` are octal.
fn number(text: &str) -> Option<serde_json::Number> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    let prefixes = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)];
    let prefixed = prefixes.iter().find_map(|(prefix, radix)| Some((digits.strip_prefix(prefix)?, *radix)));
    let (magnitude, radix) = match prefixed {
        Some(found) => found,
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    let all_digits = magnitude.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if let Some(magnitude) = u64::from_str_radix(magnitude, radix).ok().filter(|_| all_digits) {
        let number = match negative {
            true => 0i64.checked_sub_unsigned(magnitude).map(Into::into),
            false => Some(magnitude.into()),
        };
        if number.is_some() {
            return number;
        }
    }
    let is_float = digits.bytes().all(|b| b.is_ascii_digit() || b".eE+-".contains(&b));
    plain.parse::<f64>().ok().filter(|_| is_float).and_then(serde_json::Number::from_f64)
}

/// Text as UTF-8, without a byte order mark.
fn decode_text(input: &[u8]) -> Result<Cow<'_, str>, YamlError> {
    let wide = |decode: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| decode(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        match text {
            Ok(text) if rest.is_empty() => Ok(Cow::Owned(text)),
            _ => Err(YamlError::whole("it starts as UTF-16 but is not".to_owned())),
        }
    };
    match input {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => match std::str::from_utf8(rest) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => {
                let good = &rest[..error.valid_up_to()];
                let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count();
                let start = good.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
                let column = 1 + String::from_utf8_lossy(&good[start..]).chars().count();
                let message = format!("the byte 0x{:02x} is not UTF-8", rest[error.valid_up_to()]);
                Err(YamlError { place: Some((line, column)), message })
            }
        },
    }
}

impl YamlError {
    fn whole(message: String) -> Self {
        YamlError { place: None, message }
    }
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Node {
    /// An error about this node.
    pub(crate) fn error(&self, message: impl Into<String>) -> YamlError {
        YamlError { place: Some((self.line, self.column)), message: message.into() }
    }

    /// What it is, for messages; never what it holds.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// How many values it holds and how many bytes of text.
    fn size(&self) -> (usize, usize) {
        let add = |(nodes, bytes): (usize, usize), node: &Node| {
            let (more_nodes, more_bytes) = node.size();
            (nodes + more_nodes, bytes + more_bytes)
        };
        match &self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) => (1, 0),
            Value::String(text) => (1, text.len()),
            Value::List(items) => items.iter().fold((1, 0), add),
            Value::Map(members) => {
                members.iter().fold((1, 0), |sum, (key, node)| add((sum.0, sum.1 + key.len()), node))
            }
        }
    }

    /// A value that stands nowhere.
    pub(crate) fn new(value: Value) -> Self {
        Node { line: 0, column: 0, value }
    }

    /// The same as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => serde_json::Value::String(text.clone()),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(members) => {
                let members = members.iter().map(|(key, node)| (key.clone(), node.to_json()));
                serde_json::Value::Object(members.collect())
            }
        }
    }
}

mod write;

pub(crate) use write::write;

#[cfg(test)]
mod tests;
