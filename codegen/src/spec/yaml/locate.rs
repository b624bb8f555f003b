//! Where a JSON pointer stands in the text: in several documents, behind aliases and merge keys, in flow and in block
//! style. Called only for what is reported, so it reads the text again instead of keeping every place.
//!
//! A pointer that leads through an alias or a merge is looked up where the anchor stands: the search is repeated with
//! the pointer put differently.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

use granit_parser::Event;

use super::scalar::{self, Scalar};
use super::{parser, text};
use crate::diag::Span;

/// Searches for one pointer, each over the whole text.
const ROUNDS: usize = 16;

/// Anchors whose places are kept.
const ANCHORS: usize = 4096;

/// Which part of a member is meant.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its key; items of lists have none.
    Key,
    /// Its value.
    Value,
}

/// Finds a JSON pointer in YAML or JSON text. Where there are several documents, pointers start with the number of
/// the document, from 0. What cannot be found, or stands behind an error of syntax, is `None`.
///
/// ```
/// use clientset_codegen::{Part, locate};
///
/// let text = "spec:\n  names: {kind: Widget}\n";
/// let span = locate(text.as_bytes(), "/spec/names/kind", Part::Value).unwrap();
/// assert_eq!((span.line, span.column), (2, 17));
/// assert_eq!(&text[span.offset..span.offset + span.len], "Widget");
/// ```
pub fn locate(bytes: &[u8], pointer: &str, part: Part) -> Option<Span> {
    let (text, skipped) = text::decode(bytes).ok()?;
    let found = search_all(text, &[pointer]).pop()?.exact?;
    let span = match part {
        Part::Key => found.key?,
        Part::Value => found.value,
    };
    Some(Span { offset: span.offset + skipped, ..span })
}

/// The places that a reader of a message should look at: the value where it is one word, else its key, else what is
/// nearest above. One answer a pointer; `None` for places that are no pointers, but `line 3, column 5` is understood.
pub(crate) fn best(bytes: &[u8], pointers: &[&str]) -> Vec<Option<Span>> {
    let Ok((text, skipped)) = text::decode(bytes) else {
        // Where a text ends to be one is the only place that can be meant.
        let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        return pointers.iter().map(|pointer| line_and_column(text, pointer)).collect();
    };
    let found = search_all(text, pointers);
    let spans = pointers.iter().zip(found).map(|(pointer, hit)| {
        let span = match hit.exact {
            Some(Found { key: Some(key), value, is_scalar })
                if !is_scalar || value.len == 0 || value.line != key.line =>
            {
                Some(key)
            }
            Some(Found { value, .. }) => Some(value),
            None => hit.nearest.or_else(|| line_and_column(text, pointer)),
        }?;
        // The first line says enough; where only a start is known, it is what is meant.
        let end = if span.len == 0 { text.len() } else { span.offset.saturating_add(span.len) };
        let line = text.get(span.offset..end).and_then(|text| text.lines().next());
        let len = line.map_or(0, |line| line.trim_end().len());
        Some(Span { offset: span.offset + skipped, len, ..span })
    });
    spans.collect()
}

/// Reads `line 3, column 5` and `line 3`.
fn line_and_column(text: &str, place: &str) -> Option<Span> {
    let numbers = place.strip_prefix("line ")?;
    let (line, column) = numbers.split_once(", column ").unwrap_or((numbers, "1"));
    let (line, column) = (line.parse().ok()?, column.parse().ok()?);
    let offset = text::offset(text, (line, column));
    let len = text.get(offset..).and_then(|rest| rest.chars().next()).filter(|letter| *letter != '\n');
    Some(Span { offset, len: len.map_or(0, char::len_utf8), line, column })
}

/// What a search found of one pointer.
#[derive(Clone, Default)]
struct Hit {
    exact: Option<Found>,
    /// The key, or else the first line, of the deepest member above that is there.
    nearest: Option<Span>,
    /// The pointer put differently, for what stands behind an alias or a merge.
    detours: Vec<Vec<String>>,
}

#[derive(Clone, Copy)]
struct Found {
    key: Option<Span>,
    value: Span,
    is_scalar: bool,
}

fn search_all(text: &str, pointers: &[&str]) -> Vec<Hit> {
    let documents = parser(text)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::DocumentStart(..)))
        .count();
    let mut hits = vec![Hit::default(); pointers.len()];
    let mut queues: Vec<VecDeque<Vec<String>>> =
        pointers.iter().map(|pointer| segments(pointer, documents).into_iter().collect()).collect();
    for round in 0..ROUNDS {
        let next: Vec<Option<Vec<String>>> = queues.iter_mut().map(VecDeque::pop_front).collect();
        if next.iter().all(Option::is_none) {
            break;
        }
        for (index, found) in search(text, &next).into_iter().enumerate() {
            let (Some(hit), Some(queue)) = (hits.get_mut(index), queues.get_mut(index)) else { continue };
            if round == 0 {
                hit.nearest = found.nearest;
            }
            if found.exact.is_some() {
                hit.exact = found.exact;
                queue.clear();
            }
            for detour in found.detours.into_iter().rev() {
                queue.push_front(detour);
            }
        }
    }
    hits
}

/// The steps of a pointer, the document's number first.
fn segments(pointer: &str, documents: usize) -> Option<Vec<String>> {
    let steps = pointer.strip_prefix('/')?.split('/').map(crate::pointer::name);
    let document = (documents < 2).then(|| "0".to_owned());
    Some(document.into_iter().chain(steps).collect())
}

/// A list or mapping that the search is in.
struct Frame<'a> {
    step: Step<'a>,
    /// The pointers that lead here.
    active: Vec<usize>,
    /// Those of them whose next step was found.
    passed: Vec<usize>,
    /// What `<<` of this mapping has: one mapping, or so many of them.
    merge: Option<Merge>,
    start: Span,
    exact: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Merge {
    One,
    Many(usize),
}

enum Step<'a> {
    Index(usize),
    AwaitsKey,
    Key(Cow<'a, str>, Span, bool),
}

struct Search<'a> {
    text: &'a str,
    wanted: &'a [Option<Vec<String>>],
    hits: Vec<Hit>,
    frames: Vec<Frame<'a>>,
    anchors: BTreeMap<usize, Vec<String>>,
}

fn search(text: &str, wanted: &[Option<Vec<String>>]) -> Vec<Hit> {
    let all = (0..wanted.len()).filter(|index| wanted.get(*index).is_some_and(Option::is_some)).collect();
    let root = Frame {
        step: Step::Index(0),
        active: all,
        passed: Vec::new(),
        merge: None,
        start: Span::default(),
        exact: Vec::new(),
    };
    let hits = vec![Hit::default(); wanted.len()];
    let mut search = Search { text, wanted, hits, frames: vec![root], anchors: BTreeMap::new() };
    for (event, span) in parser(text).map_while(Result::ok) {
        search.event(event, &span);
    }
    search.hits
}

impl<'a> Search<'a> {
    fn event(&mut self, event: Event<'a>, at: &granit_parser::Span) {
        let span = span(at);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::DocumentEnd => {
                // An empty document has a value too, so the number of the next one is set here.
                if let [root] = self.frames.as_mut_slice()
                    && let Step::Index(index) = &mut root.step
                {
                    *index += 1;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                if let Some(Frame { step: step @ Step::AwaitsKey, .. }) = self.frames.last_mut() {
                    let scalar = scalar::resolve(text, style, tag.as_deref()).unwrap_or(Scalar::Null);
                    let is_merge = scalar == Scalar::Merge;
                    let key = scalar.key().unwrap_or_default().into_owned();
                    *step = Step::Key(Cow::Owned(key), span, is_merge);
                    return;
                }
                self.anchor(anchor);
                self.value(span, true);
                self.done(None);
            }
            Event::SequenceStart(_, anchor, _) => self.open(Step::Index(0), anchor, span),
            Event::MappingStart(_, anchor, _) => self.open(Step::AwaitsKey, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.close(span.offset + span.len),
            Event::Alias(id) => {
                if let Some(Frame { step: step @ Step::AwaitsKey, .. }) = self.frames.last_mut() {
                    *step = Step::Key(Cow::Borrowed(""), span, false);
                    return;
                }
                let depth = self.frames.len();
                for index in self.value(span, true) {
                    let rest = self.steps(index).get(depth..).unwrap_or_default().to_vec();
                    if let (Some(anchor), Some(hit), false) =
                        (self.anchors.get(&id), self.hits.get_mut(index), rest.is_empty())
                    {
                        hit.detours.push(anchor.iter().cloned().chain(rest).collect());
                    }
                }
                self.done(Some(Merge::One));
            }
            _ => {}
        }
    }

    fn steps(&self, index: usize) -> &'a [String] {
        self.wanted.get(index).and_then(Option::as_deref).unwrap_or_default()
    }

    /// A value begins: notes which pointers lead to it, and gives those that lead to or into it.
    fn value(&mut self, span: Span, is_scalar: bool) -> Vec<usize> {
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return Vec::new() };
        if frame.active.is_empty() {
            return Vec::new();
        }
        let (step, key) = match &frame.step {
            Step::Index(index) => (Cow::Owned(index.to_string()), None),
            Step::Key(key, span, _) => (Cow::Borrowed(&**key), Some(*span)),
            Step::AwaitsKey => return Vec::new(),
        };
        let wanted = self.wanted;
        let is_next = |index: &usize| {
            let steps = wanted.get(*index).and_then(Option::as_deref).unwrap_or_default();
            steps.get(depth - 1).is_some_and(|wanted| *wanted == step)
        };
        let reached: Vec<usize> = frame.active.iter().copied().filter(is_next).collect();
        drop(step);
        frame.passed.extend(&reached);
        for index in &reached {
            let is_exact = self.steps(*index).len() == depth;
            if let Some(hit) = self.hits.get_mut(*index) {
                hit.nearest = Some(key.unwrap_or(span));
                if is_exact {
                    hit.exact = Some(Found { key, value: span, is_scalar });
                }
            }
        }
        reached
    }

    fn open(&mut self, step: Step<'a>, anchor: usize, start: Span) {
        self.anchor(anchor);
        if let Some(Frame { step: step @ Step::AwaitsKey, .. }) = self.frames.last_mut() {
            // A list or mapping as a key: nothing points into it.
            *step = Step::Key(Cow::Borrowed(""), start, false);
        }
        let depth = self.frames.len();
        let reached = self.value(start, false);
        let (exact, active) = reached.into_iter().partition(|index| self.steps(*index).len() == depth);
        self.frames.push(Frame { step, active, passed: Vec::new(), merge: None, start, exact });
    }

    fn close(&mut self, end: usize) {
        if self.frames.len() < 2 {
            return;
        }
        let Some(frame) = self.frames.pop() else { return };
        let depth = self.frames.len();
        let body = self.text.get(frame.start.offset..end).unwrap_or_default().trim_end().len();
        for index in &frame.exact {
            if let Some(found) = self.hits.get_mut(*index).and_then(|hit| hit.exact.as_mut()) {
                found.value.len = body;
            }
        }
        if let Some(merge) = frame.merge {
            for index in frame.active.iter().copied().filter(|index| !frame.passed.contains(index)) {
                let Some((before, after)) = self.steps(index).split_at_checked(depth) else { continue };
                let detour = |number: Option<usize>| -> Vec<String> {
                    let number = number.map(|number| number.to_string());
                    let merged = std::iter::once("<<".to_owned()).chain(number);
                    before.iter().cloned().chain(merged).chain(after.iter().cloned()).collect()
                };
                let detours: Vec<_> = match merge {
                    Merge::One => vec![detour(None)],
                    Merge::Many(count) => (0..count.min(ROUNDS)).map(|number| detour(Some(number))).collect(),
                };
                if let Some(hit) = self.hits.get_mut(index) {
                    hit.detours.extend(detours);
                }
            }
        }
        self.done(Some(match frame.step {
            Step::Index(count) => Merge::Many(count),
            _ => Merge::One,
        }));
    }

    /// A value is over.
    fn done(&mut self, merge: Option<Merge>) {
        let is_root = self.frames.len() == 1;
        if let Some(frame) = self.frames.last_mut() {
            match &mut frame.step {
                Step::Index(_) if is_root => {}
                Step::Index(index) => *index += 1,
                Step::Key(_, _, is_merge) => {
                    if *is_merge {
                        frame.merge = merge;
                    }
                    frame.step = Step::AwaitsKey;
                }
                Step::AwaitsKey => {}
            }
        }
    }

    fn anchor(&mut self, id: usize) {
        if id == 0 || self.anchors.len() >= ANCHORS {
            return;
        }
        let steps = self.frames.iter().map(|frame| match &frame.step {
            Step::Index(index) => index.to_string(),
            Step::Key(key, ..) => key.clone().into_owned(),
            Step::AwaitsKey => String::new(),
        });
        let path = steps.collect();
        self.anchors.insert(id, path);
    }
}

fn span(span: &granit_parser::Span) -> Span {
    let bytes = span.byte_range().unwrap_or_default();
    Span {
        offset: bytes.start,
        len: bytes.end.saturating_sub(bytes.start),
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

#[cfg(test)]
mod tests;
