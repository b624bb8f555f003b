//! Puts the members that a build does not know back into the JSON text of an object.
//!
//! It copies texts and builds no tree: numbers of any length and values of any depth come out as they came in.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::unknown::{Below, Found, Item, Step, UnknownFields, identity, items_of, render};
use super::{DecodeError, Peek, Reader, Writer};

/// So many lost members are named; who has lost so many has lost the object.
const NAMED: usize = 100;

/// `known` with the unknown members in it, and the paths of what found no place (the first hundred).
pub(super) fn restore(known: &str, unknown: &UnknownFields) -> (String, Vec<String>) {
    let mut restore = Restore { writer: Writer::new(), path: Vec::new(), lost: Vec::new() };
    let found: Vec<&Found> = unknown.found().iter().collect();
    match restore.value(&mut Reader::new(known), &found) {
        Ok(()) => {
            // Named in the order in which they were read.
            let mut lost: HashSet<String> = restore.lost.into_iter().collect();
            let number = lost.len();
            let paths = unknown.iter().map(|field| field.path()).filter(|path| lost.remove(path));
            (restore.writer.into_string(), paths.take(number).collect())
        }
        // Deeper than we read: built by hand, and not read from a server.
        Err(_) => (known.to_owned(), unknown.iter().take(NAMED).map(|field| field.path()).collect()),
    }
}

struct Restore<'a> {
    writer: Writer,
    path: Vec<&'a Step>,
    lost: Vec<String>,
}

impl<'a> Restore<'a> {
    /// Copies the next value, with `found` put into it.
    fn value(&mut self, reader: &mut Reader<'_>, found: &[&'a Found]) -> Result<(), DecodeError> {
        match reader.peek()? {
            Peek::Object if !found.is_empty() => self.members(reader, found),
            Peek::Array if !found.is_empty() => self.items(reader, found),
            _ => {
                self.writer.raw(reader.raw()?);
                self.lose(found);
                Ok(())
            }
        }
    }

    fn members(&mut self, reader: &mut Reader<'_>, found: &[&'a Found]) -> Result<(), DecodeError> {
        // Of a name that stood twice the last one counts.
        let mut own: HashMap<&str, (usize, &str)> = HashMap::new();
        let mut below: HashMap<&str, (usize, Vec<&'a Found>)> = HashMap::new();
        for (at, entry) in found.iter().enumerate() {
            match (&entry.step, &entry.below) {
                (Step::Member(name), Below::Json(json)) => _ = own.insert(name, (at, json)),
                (Step::Member(name), Below::More(_)) => {
                    below.entry(name).or_insert((at, Vec::new())).1.push(entry)
                }
                (Step::Item(_), _) => self.lose(&[entry]),
            }
        }
        self.writer.open('{');
        reader.enter(b'{', "an object")?;
        let mut more = !reader.close(b'}');
        while more {
            let name: Cow<'_, str> = reader.name()?;
            if own.contains_key(&*name) {
                reader.raw()?;
            } else {
                self.writer.name(&name);
                match below.remove(&*name) {
                    Some((_, entries)) => self.below(reader, &entries)?,
                    None => self.writer.raw(reader.raw()?),
                }
            }
            more = reader.more(b'}')?;
        }
        let mut own: Vec<_> = own.into_iter().collect();
        own.sort_unstable_by_key(|(_, (at, _))| *at);
        for (name, (_, json)) in own {
            self.writer.name(name);
            self.writer.raw(json);
        }
        self.writer.close('}');
        let mut gone: Vec<_> = below.into_values().collect();
        gone.sort_unstable_by_key(|(at, _)| *at);
        gone.iter().for_each(|(_, entries)| self.lose(entries));
        Ok(())
    }

    fn items(&mut self, reader: &mut Reader<'_>, found: &[&'a Found]) -> Result<(), DecodeError> {
        let items = items_of(reader)?;
        let mut places = Places { items: &items, keys: &[], only: HashMap::new() };
        let mut below: HashMap<usize, Vec<&'a Found>> = HashMap::new();
        for entry in found {
            let place = match &entry.step {
                Step::Item(item) => places.find(item),
                Step::Member(_) => None,
            };
            match place {
                Some(at) => below.entry(at).or_default().push(entry),
                None => self.lose(&[entry]),
            }
        }
        self.writer.open('[');
        for (at, item) in items.iter().enumerate() {
            self.writer.next();
            match below.get(&at) {
                Some(entries) => self.below(&mut Reader::new(item), entries)?,
                None => self.writer.raw(item),
            }
        }
        self.writer.close(']');
        Ok(())
    }

    /// Goes on behind a step that several entries may share.
    fn below(&mut self, reader: &mut Reader<'_>, entries: &[&'a Found]) -> Result<(), DecodeError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let more = entries.iter().flat_map(|entry| match &entry.below {
            Below::More(more) => more.as_slice(),
            Below::Json(_) => &[],
        });
        let more: Vec<&Found> = more.collect();
        self.path.push(&first.step);
        let done = self.value(reader, &more);
        self.path.pop();
        // What is nested wrote its own separators.
        self.writer.written();
        done
    }

    fn lose(&mut self, found: &[&'a Found]) {
        for entry in found {
            if self.lost.len() >= NAMED {
                return;
            }
            self.path.push(&entry.step);
            match &entry.below {
                Below::Json(_) => self.lost.push(render(&self.path)),
                Below::More(more) => self.lose(&more.iter().collect::<Vec<_>>()),
            }
            self.path.pop();
        }
    }
}

/// Finds items of a list again.
struct Places<'t> {
    items: &'t [&'t str],
    keys: &'static [&'static str],
    /// Where the only item of an identity stands; `None` for several. Made when first asked for.
    only: HashMap<u64, Option<usize>>,
}

impl Places<'_> {
    /// By its merge keys; or as the one that is still what and where it was; or as the only one that is what it was.
    fn find(&mut self, item: &Item) -> Option<usize> {
        if !item.keys.is_empty() {
            let found = self.only(item.keyed?, item.keys)?;
            // Servers let some lists have two of the same keys.
            return found.or_else(|| self.unmoved(item));
        }
        self.unmoved(item).or_else(|| self.only(item.whole?, item.keys).flatten())
    }

    fn unmoved(&self, item: &Item) -> Option<usize> {
        let text = self.items.get(item.index)?;
        (identity(text, &[]) == item.whole?).then_some(item.index)
    }

    /// `None` where nothing has this identity; `Some(None)` where several have and cannot be told apart.
    fn only(&mut self, wanted: u64, keys: &'static [&'static str]) -> Option<Option<usize>> {
        if self.only.is_empty() || self.keys != keys {
            self.keys = keys;
            self.only.clear();
            for (at, item) in self.items.iter().enumerate() {
                let same = self.only.entry(identity(item, keys));
                same.and_modify(|only| *only = None).or_insert(Some(at));
            }
        }
        self.only.get(&wanted).copied()
    }
}
