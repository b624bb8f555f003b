//! YAML (so also JSON) of others, with any number of documents, read into JSON values as Kubernetes' own tools read it:
//! their reader knows YAML 1.1, so that `on` is true and `0644` is 420.
//!
//! Driven by events and built without recursion, so neither depth nor width of the input can exhaust the stack; what
//! anchors multiply is paid for from a budget. Two things are stricter than Kubernetes' reader: a key that stands
//! twice is an error, and so is what JSON cannot hold. Deliberately no mapping to types.

pub(crate) mod locate;
mod scalar;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Marker, Parser, Span};
use serde_json::{Map, Value};

use crate::diag::Code;
use scalar::Scalar;

/// Some hundred of the largest CRDs there are.
const BYTES: usize = 64 << 20;

/// Deeper than a schema may be, counted in lists and mappings.
const DEPTH: usize = 200;

/// How many values the documents of one input may hold together.
const VALUES: usize = 500_000;

/// How many bytes of text anchors and aliases may copy.
const COPIED_BYTES: usize = 16 << 20;

const DOCUMENTS: usize = 10_000;

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: Code,
    /// Line and column, both from 1.
    pub(crate) place: (usize, usize),
    pub(crate) what: String,
    pub(crate) help: &'static str,
}

impl Fault {
    fn new(code: Code, place: (usize, usize), what: impl Into<String>, help: &'static str) -> Fault {
        Fault { code, place, what: what.into(), help }
    }

    fn limit(place: (usize, usize), what: impl Into<String>) -> Fault {
        Fault::new(
            Code::Limit,
            place,
            what,
            "no honest input is like that: split it, or look where it is from",
        )
    }
}

/// Reads all documents of an input; those without content are null.
pub(crate) fn documents(bytes: &[u8]) -> Result<Vec<Value>, Fault> {
    if bytes.len() > BYTES {
        return Err(Fault::limit((1, 1), format!("it is larger than {} MiB", BYTES >> 20)));
    }
    let (text, _) = text::decode(bytes)?;
    read(text).map_err(|fault| text::explain(text, fault))
}

fn read(text: &str) -> Result<Vec<Value>, Fault> {
    let mut builder = Builder::default();
    for event in parser(text) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let (place, info) = (place(error.marker()), error.info());
                return Err(if info.contains("recursion limit") {
                    Fault::limit(place, too_deep())
                } else {
                    Fault::new(Code::Syntax, place, format!("this is not YAML: {info}"), "")
                });
            }
        }
    }
    Ok(builder.documents)
}

fn parser(text: &str) -> Parser<'_, granit_parser::StrInput<'_>> {
    let mut options = granit_parser::options! { block_nesting_limit: DEPTH, flow_nesting_limit: DEPTH };
    options.set_emit_comments(false);
    Parser::new_from_str_with_options(text, options)
}

fn place(marker: &Marker) -> (usize, usize) {
    (marker.line(), marker.col() + 1)
}

fn too_deep() -> String {
    format!("it is nested more than {DEPTH} deep")
}

/// The values under construction: what is open, innermost last.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Value>,
    documents: Vec<Value>,
    values: usize,
    copied_bytes: usize,
}

/// A list or mapping whose end has not come yet.
struct Open {
    anchor: usize,
    partial: Partial,
}

enum Partial {
    List(Vec<Value>),
    Mapping {
        members: Map<String, Value>,
        key: Option<Key>,
        /// The members that came from a merge, which the mapping's own may still replace.
        merged: BTreeSet<String>,
    },
}

/// A key whose value comes next.
enum Key {
    Merge,
    Text(String, (usize, usize)),
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let at = place(&span.start);
        match event {
            Event::DocumentStart(..) => {
                if self.documents.len() >= DOCUMENTS {
                    return Err(Fault::limit(at, format!("it has more than {DOCUMENTS} documents")));
                }
                self.documents.push(Value::Null);
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = scalar::resolve(text, style, tag.as_deref()).map_err(|what| {
                    Fault::new(Code::Syntax, at, what, "write the text in quotes if text is meant")
                })?;
                if self.awaits_key() {
                    if anchor != 0 {
                        let copy = scalar.key().map_or(Value::Null, |key| Value::String(key.into_owned()));
                        self.anchors.insert(anchor, copy);
                    }
                    return self.key(&scalar, at);
                }
                self.close(scalar.into_value(), anchor, at)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Partial::List(Vec::new()), anchor, at),
            Event::MappingStart(_, anchor, _) => {
                let partial = Partial::Mapping { members: Map::new(), key: None, merged: BTreeSet::new() };
                self.open(partial, anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open { anchor, partial: Partial::List(items) }) => {
                    self.close(Value::Array(items), anchor, at)
                }
                Some(Open { anchor, partial: Partial::Mapping { members, .. } }) => {
                    self.close(Value::Object(members), anchor, at)
                }
                None => Ok(()),
            },
            Event::Alias(id) => {
                let Some(target) = self.anchors.remove(&id) else {
                    let what = "this alias stands inside of what it names";
                    return Err(Fault::new(Code::Syntax, at, what, ""));
                };
                let copy = self.copy(&target, at);
                self.anchors.insert(id, target);
                match (self.awaits_key(), copy?) {
                    (true, Value::String(text)) => self.key(&Scalar::Text(text.into()), at),
                    (true, _) => Err(not_a_key(at)),
                    (false, value) => self.close(value, 0, at),
                }
            }
            _ => Ok(()),
        }
    }

    fn awaits_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { partial: Partial::Mapping { key: None, .. }, .. }))
    }

    fn key(&mut self, scalar: &Scalar<'_>, at: (usize, usize)) -> Result<(), Fault> {
        let next = match scalar {
            Scalar::Merge => Key::Merge,
            _ => Key::Text(scalar.key().ok_or_else(|| not_a_key(at))?.into_owned(), at),
        };
        if let Some(Open { partial: Partial::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(next);
        }
        Ok(())
    }

    fn open(&mut self, partial: Partial, anchor: usize, at: (usize, usize)) -> Result<(), Fault> {
        if self.awaits_key() {
            return Err(not_a_key(at));
        }
        if self.open.len() >= DEPTH {
            return Err(Fault::limit(at, too_deep()));
        }
        self.open.push(Open { anchor, partial });
        Ok(())
    }

    /// A value is complete: it belongs to what is open, or is the document.
    fn close(&mut self, value: Value, anchor: usize, at: (usize, usize)) -> Result<(), Fault> {
        self.count(1, at)?;
        if anchor != 0 {
            let copy = self.copy(&value, at)?;
            self.anchors.insert(anchor, copy);
        }
        match self.open.last_mut() {
            Some(Open { partial: Partial::List(items), .. }) => items.push(value),
            Some(Open { partial: Partial::Mapping { members, key, merged }, .. }) => match key.take() {
                Some(Key::Merge) => merge(members, merged, value, at)?,
                Some(Key::Text(name, at)) => {
                    let is_merged = !merged.is_empty() && merged.remove(&name);
                    if members.contains_key(&name) && !is_merged {
                        let what = format!("the key `{name}` stands twice in this mapping");
                        return Err(Fault::new(Code::DuplicateKey, at, what, "keep one of the two"));
                    }
                    members.insert(name, value);
                }
                None => return Err(not_a_key(at)),
            },
            None => {
                if let Some(document) = self.documents.last_mut() {
                    *document = value;
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, values: usize, at: (usize, usize)) -> Result<(), Fault> {
        self.values = self.values.saturating_add(values);
        if self.values > VALUES {
            return Err(Fault::limit(at, format!("it has more than {VALUES} values, aliases counted in")));
        }
        Ok(())
    }

    fn copy(&mut self, value: &Value, at: (usize, usize)) -> Result<Value, Fault> {
        let (values, bytes) = size(value);
        self.count(values, at)?;
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_bytes > COPIED_BYTES {
            let what = format!("its aliases copy more than {} MiB", COPIED_BYTES >> 20);
            return Err(Fault::limit(at, what));
        }
        Ok(value.clone())
    }
}

fn not_a_key(at: (usize, usize)) -> Fault {
    Fault::new(Code::Syntax, at, "a key has to be text", "write it in quotes")
}

/// Takes over the members of what `<<` names. As in Kubernetes' reader, they replace what stands before the `<<`, and
/// are replaced by what stands after it; of several mappings the first wins.
fn merge(
    members: &mut Map<String, Value>,
    merged: &mut BTreeSet<String>,
    value: Value,
    at: (usize, usize),
) -> Result<(), Fault> {
    let sources = match value {
        Value::Array(items) => items,
        one => vec![one],
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            let what = "only mappings can be merged with `<<`";
            return Err(Fault::new(Code::Syntax, at, what, "write `<<` in quotes if a key is meant"));
        };
        for (name, value) in source {
            merged.insert(name.clone());
            members.insert(name, value);
        }
    }
    Ok(())
}

/// How many values it holds and how many bytes of text. As deep as the input may be, not deeper.
fn size(value: &Value) -> (usize, usize) {
    let add = |(values, bytes): (usize, usize), more: (usize, usize)| (values + more.0, bytes + more.1);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => (1, 0),
        Value::String(text) => (1, text.len()),
        Value::Array(items) => items.iter().map(size).fold((1, 0), add),
        Value::Object(members) => {
            members.iter().map(|(key, value)| add((0, key.len()), size(value))).fold((1, 0), add)
        }
    }
}

#[cfg(test)]
mod tests;
