//! Members that a build does not know: kept beside the object they were read with, by path.
//!
//! A client that is older than its cluster must not delete a new member by reading an object and writing it back. How they
//! are put back is in `restore`. They are a tree and not a list of paths: a path of its own for each would let a small
//! text fill the memory.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::error::{Segment, render_path};
use super::{ListKind, Reader, Value};

/// The members of one object that this build does not know, by path.
///
/// Ignored by `==`: two objects are equal when all that the types show is equal.
#[derive(Clone, Default)]
#[expect(clippy::box_collection, reason = "one word in every object, where nearly none has any")]
pub struct UnknownFields(Option<Box<Vec<Found>>>);

/// One member that this build does not know.
#[derive(Clone, Debug)]
pub struct UnknownField<'a> {
    path: String,
    json: &'a str,
}

/// A step towards unknown members, and what lies behind it.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) step: Step,
    pub(super) below: Below,
}

/// One step of the path to an unknown member.
#[derive(Clone)]
pub(super) enum Step {
    Member(Box<str>),
    Item(Item),
}

#[derive(Clone)]
pub(super) enum Below {
    /// The member's value.
    Json(Box<str>),
    More(Vec<Found>),
}

/// An item of a list: where it stood, and what it was. No [`identity`] is known where that had cost too much.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) index: usize,
    /// What all of it was.
    pub(super) whole: Option<u64>,
    /// The list's merge keys; without any, all of it counts.
    pub(super) keys: &'static [&'static str],
    /// What these were.
    pub(super) keyed: Option<u64>,
}

impl Found {
    pub(super) fn new(name: &str, json: &str) -> Self {
        Found { step: Step::Member(name.into()), below: Below::Json(json.into()) }
    }

    /// Whether it was met in the member `name` of the object that is being read.
    pub(super) fn is_below(&self, name: &str) -> bool {
        matches!(&self.step, Step::Member(member) if **member == *name)
    }
}

/// Where members were found in items of `list`, which has merge keys: notes these, so that an item is found when it has
/// moved and changed.
pub(super) fn identify_items(found: &mut [Found], kind: ListKind, list: &dyn Value, reader: &mut Reader<'_>) {
    let ListKind::Map(keys) = kind else { return };
    let text = reader.fingerprint(list);
    let items = text.as_deref().and_then(|text| items_of(&mut Reader::new(text)).ok());
    for entry in found {
        let Step::Item(item) = &mut entry.step else { continue };
        item.keys = keys;
        item.keyed = items.as_ref().and_then(|items| items.get(item.index)).map(|text| identity(text, keys));
    }
}

impl Reader<'_> {
    /// Puts the unknown members met since `mark` below `step`.
    pub(super) fn wrap_unknown(&mut self, mark: usize, step: Step) {
        if self.unknown.len() > mark {
            let more = self.unknown.split_off(mark);
            self.unknown.push(Found { step, below: Below::More(more) });
        }
    }

    /// The text of a value, as long as such texts have not cost many times what was read: lists may nest, and each level
    /// would be written once more. Behind the limit, items are not found again, and what was in them counts as lost.
    pub(super) fn fingerprint(&mut self, value: &dyn Value) -> Option<String> {
        if self.fingerprints == 0 {
            return None;
        }
        let text = super::to_string(value);
        self.fingerprints = self.fingerprints.saturating_sub(text.len());
        Some(text)
    }
}

/// What an item is told from others by, of its JSON text as we write it.
pub(super) fn identity(item: &str, keys: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut reader = Reader::new(item);
    let mut values = vec![None; keys.len()];
    let read = !keys.is_empty()
        && super::decode_members(&mut reader, "an item", |reader, name| {
            let value = reader.raw()?;
            if let Some(at) = keys.iter().position(|key| *key == name) {
                values[at] = Some(value);
            }
            Ok(())
        })
        .is_ok();
    if read {
        values.hash(&mut hasher)
    } else {
        item.hash(&mut hasher)
    }
    hasher.finish()
}

/// The texts of the items of the list that comes next.
pub(super) fn items_of<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a str>, super::DecodeError> {
    let mut items = Vec::new();
    reader.enter(b'[', "a list")?;
    let mut more = !reader.close(b']');
    while more {
        items.push(reader.raw()?);
        more = reader.more(b']')?;
    }
    Ok(items)
}

impl UnknownFields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|found| found.is_empty())
    }

    /// The members, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = UnknownField<'_>> {
        Leaves { open: vec![self.found().iter()], path: Vec::new() }
    }

    /// Forgets them all: the next update deletes them on the server.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    pub(super) fn found(&self) -> &[Found] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(super) fn take(&mut self, found: impl Iterator<Item = Found>) {
        self.0.get_or_insert_default().extend(found);
    }
}

/// Walks to the unknown members one after another.
struct Leaves<'a> {
    open: Vec<std::slice::Iter<'a, Found>>,
    path: Vec<&'a Step>,
}

impl<'a> Iterator for Leaves<'a> {
    type Item = UnknownField<'a>;

    fn next(&mut self) -> Option<UnknownField<'a>> {
        loop {
            let Some(found) = self.open.last_mut()?.next() else {
                self.open.pop();
                self.path.pop();
                continue;
            };
            self.path.push(&found.step);
            match &found.below {
                Below::More(more) => self.open.push(more.iter()),
                Below::Json(json) => {
                    let path = render(&self.path);
                    self.path.pop();
                    return Some(UnknownField { path, json });
                }
            }
        }
    }
}

pub(super) fn render(path: &[&Step]) -> String {
    let segments: Vec<Segment> = path
        .iter()
        .map(|step| match step {
            Step::Member(name) => Segment::Member((&**name).into()),
            Step::Item(item) => Segment::Index(item.index),
        })
        .collect();
    render_path(&segments)
}

impl UnknownField<'_> {
    /// The place it was read from, as in `.spec.containers[0].newField`.
    pub fn path(&self) -> String {
        self.path.clone()
    }

    /// Its value, as JSON text.
    pub fn json(&self) -> &str {
        self.json
    }
}

impl PartialEq for UnknownFields {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for UnknownFields {
    /// Paths only: a value may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|field| field.path)).finish()
    }
}
