//! Members that a build does not know: kept beside the object they were read with, and put back by path.
//!
//! A client that is older than its cluster must not delete a new member by reading an object and writing it back. All of
//! this runs only where such a member was met, so it is written for exactness and not for speed.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::error::{Segment, render_path};
use super::{ListKind, Value};

/// The members of one object that this build does not know, by path.
///
/// Ignored by `==`: two objects are equal when all that the types show is equal.
#[derive(Clone, Default)]
#[expect(clippy::box_collection, reason = "one word in every object, where nearly none has any")]
pub struct UnknownFields(Option<Box<Vec<UnknownField>>>);

/// One member that this build does not know.
#[derive(Clone)]
pub struct UnknownField {
    path: Vec<Step>,
    json: Box<str>,
}

/// The merge keys of an item, and their values in it.
type Keys = Arc<[(&'static str, Json)]>;

/// One step of the path to an unknown member.
#[derive(Clone)]
pub(super) enum Step {
    Place(Segment),
    /// An item of a list: where it stood, what it was, and the values of its merge keys where the list has such.
    Item {
        index: usize,
        /// Shared by all members of the item: a thousand of them must not hold the item a thousand times.
        fingerprint: Arc<str>,
        keys: Option<Keys>,
    },
}

/// An unknown member while the readers return: its path is still growing outwards.
pub(super) struct Found {
    inside_out: Vec<Step>,
    json: Box<str>,
}

impl Found {
    pub(super) fn new(name: &str, json: &str) -> Self {
        Found { inside_out: vec![Step::Place(Segment::Member(name.into()))], json: json.into() }
    }

    /// Whether it was met in the member `name` of the object that is being read.
    pub(super) fn is_below(&self, name: &str) -> bool {
        let outermost = self.inside_out.last();
        matches!(outermost, Some(Step::Place(Segment::Member(member))) if **member == *name)
    }

    pub(super) fn outwards(&mut self, step: Step) {
        self.inside_out.push(step);
    }
}

/// Where the outermost step of members found in `list` is an item of it: notes its merge keys, so that it is found when it
/// has moved.
pub(super) fn identify_items(found: &mut [Found], kind: ListKind, list: &dyn Value) {
    let ListKind::Map(names) = kind else { return };
    let Ok(items) = serde_json::from_str::<Json>(&super::to_string(list)) else { return };
    // The members of an item follow one another.
    let mut last: Option<(usize, Keys)> = None;
    for entry in found {
        let Some(Step::Item { index, keys, .. }) = entry.inside_out.last_mut() else { continue };
        let known = last.take().filter(|(at, _)| at == index).unwrap_or_else(|| {
            let item = &items[*index];
            (*index, names.iter().map(|name| (*name, item[*name].clone())).collect())
        });
        *keys = Some(known.1.clone());
        last = Some(known);
    }
}

impl UnknownFields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|fields| fields.is_empty())
    }

    /// The members, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &UnknownField> {
        self.0.iter().flat_map(|fields| fields.iter())
    }

    /// Forgets them all: the next update deletes them on the server.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    pub(super) fn take(&mut self, found: impl Iterator<Item = Found>) {
        let fields = self.0.get_or_insert_default();
        fields.extend(found.map(|entry| UnknownField {
            path: entry.inside_out.into_iter().rev().collect(),
            json: entry.json,
        }));
    }
}

impl UnknownField {
    /// The place it was read from, as in `.spec.containers[0].newField`.
    pub fn path(&self) -> String {
        let segments: Vec<Segment> = self
            .path
            .iter()
            .map(|step| match step {
                Step::Place(segment) => segment.clone(),
                Step::Item { index, .. } => Segment::Index(*index),
            })
            .collect();
        render_path(&segments)
    }

    /// Its value, as JSON text.
    pub fn json(&self) -> &str {
        &self.json
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
        f.debug_list().entries(self.iter().map(UnknownField::path)).finish()
    }
}

/// Puts `unknown` back into the JSON of an object; returns what found no place.
pub(super) fn restore(known: &str, unknown: &UnknownFields) -> (String, Vec<String>) {
    let mut lost = Vec::new();
    let Ok(mut root) = serde_json::from_str::<Json>(known) else {
        return (known.to_owned(), unknown.iter().map(UnknownField::path).collect());
    };
    // Items are looked up in the object as it is now, before anything is put back into them.
    let before = root.clone();
    for field in unknown.iter() {
        let value = serde_json::from_str(field.json()).unwrap_or(Json::Null);
        if !place(&mut root, &before, &field.path, value) {
            lost.push(field.path());
        }
    }
    (root.to_string(), lost)
}

fn place(parent: &mut Json, before: &Json, path: &[Step], value: Json) -> bool {
    match path {
        [Step::Place(Segment::Member(name))] => match parent {
            Json::Object(members) => {
                members.insert(name.to_string(), value);
                true
            }
            _ => false,
        },
        [Step::Place(Segment::Member(name)), rest @ ..] => {
            match (parent.get_mut(&**name), before.get(&**name)) {
                (Some(child), Some(before)) => place(child, before, rest, value),
                _ => false,
            }
        }
        [Step::Item { index, fingerprint, keys }, rest @ ..] => {
            let (Json::Array(items), Json::Array(before)) = (parent, before) else { return false };
            let Some(at) = find_item(before, *index, fingerprint, keys.as_deref()) else { return false };
            match (items.get_mut(at), before.get(at)) {
                (Some(item), Some(before)) => place(item, before, rest, value),
                _ => false,
            }
        }
        _ => false,
    }
}

/// The item that an unknown member was read in: by its merge keys, or as the one that is still what it was.
fn find_item(
    items: &[Json],
    index: usize,
    fingerprint: &str,
    keys: Option<&[(&'static str, Json)]>,
) -> Option<usize> {
    if let Some(keys) = keys {
        let named = |item: &Json| keys.iter().all(|(name, value)| item[*name] == *value);
        let mut found = items.iter().enumerate().filter(|(_, item)| named(item)).map(|(at, _)| at);
        match (found.next(), found.next()) {
            (only, None) => return only,
            // Servers let some lists have two of the same keys: then only one that is still what and where it was will do.
            _ => {
                let wanted: Json = serde_json::from_str(fingerprint).ok()?;
                return (items.get(index) == Some(&wanted)).then_some(index);
            }
        }
    }
    let wanted: Json = serde_json::from_str(fingerprint).ok()?;
    if items.get(index) == Some(&wanted) {
        return Some(index);
    }
    let mut same = items.iter().enumerate().filter(|(_, item)| **item == wanted);
    // Two that look alike cannot be told apart.
    same.next().filter(|_| same.next().is_none()).map(|(at, _)| at)
}
