//! Filling objects, lists and maps in place from a [`Reader`].

use std::borrow::Cow;

use super::items::Items;
use super::unknown::{Found, Item, Step, identify_items, identity};
use super::{DecodeError, Field, Object, Reader, Table, Value};
use crate::wire::RawJson;

/// How deep values may nest: 256. Kubernetes' own types need about 30, the deepest custom resource definitions known 120.
pub const MAX_DEPTH: usize = 256;

/// Reads one value from JSON bytes.
///
/// # Errors
/// When they are no UTF-8 or no JSON, or of another type; the error says where.
pub fn from_slice<T: Value + Default>(json: &[u8]) -> Result<T, DecodeError> {
    match std::str::from_utf8(json) {
        Ok(text) => from_str(text),
        Err(error) => Err(DecodeError::new(error.valid_up_to(), "UTF-8", "a byte that is none")),
    }
}

/// Reads one value from JSON text.
///
/// # Errors
/// When it is no JSON, or of another type; the error says where.
pub fn from_str<T: Value + Default>(json: &str) -> Result<T, DecodeError> {
    let mut reader = Reader::new(json);
    let mut value = T::default();
    value.decode(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Fills an object from the next value. What [`object!`](crate::object) forwards to.
///
/// # Errors
/// When the next value is no object or a member is of another type.
pub fn decode_object(object: &mut dyn Object, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    if reader.null()? {
        return Ok(());
    }
    let table = object.table();
    let first_unknown = reader.unknown.len();
    // The members that are there more than once, and where the unknown ones of their last time begin.
    let mut again: Vec<(usize, usize)> = Vec::new();
    let mut preserved: Vec<(String, RawJson)> = Vec::new();
    reader.enter(b'{', "an object").map_err(|error| error.of_type(table.name))?;
    if !reader.close(b'}') {
        // Servers write members in the table's order, so the search for the next one starts behind the last.
        let mut hint = 0;
        let mut seen = 0u128;
        loop {
            let (name, found) = match reader.known_name(table.fields, hint) {
                Some(index) => (Cow::Borrowed(table.fields[index].json), Some(index)),
                None => {
                    let name = reader.name()?;
                    let index = find(table, &name, hint);
                    (name, index)
                }
            };
            match found {
                Some(index) => {
                    hint = index + 1;
                    if let Some(member) = object.member_mut(index) {
                        let bit = 1u128.checked_shl(index as u32).unwrap_or(0);
                        if bit == 0 || seen & bit != 0 {
                            member.reset();
                            note_again(&mut again, index, reader.unknown.len());
                        }
                        seen |= bit;
                        let before = reader.unknown.len();
                        member.decode(reader).map_err(|error| error.at_member(&name).of_type(table.name))?;
                        if reader.unknown.len() > before {
                            within_member(reader, before, &table.fields[index], member);
                        }
                    }
                }
                None if object.preserved().is_some() && !is_type_meta(table, &name) => {
                    let mut value = RawJson::default();
                    value.decode(reader).map_err(|error| error.at_member(&name).of_type(table.name))?;
                    preserved.push((name.into_owned(), value));
                }
                None => other_member(table, &name, reader)?,
            }
            if !reader.more(b'}')? {
                break;
            }
        }
    }
    if !preserved.is_empty()
        && let Some(members) = object.preserved_mut()
    {
        members.extend(preserved);
    }
    if !again.is_empty() && reader.unknown.len() > first_unknown {
        forget(&mut reader.unknown, first_unknown, table, &again);
    }
    if reader.unknown.len() > first_unknown
        && let Some(unknown) = object.unknown_mut()
    {
        unknown.take(reader.unknown.drain(first_unknown..));
    }
    Ok(())
}

/// Whether it is `apiVersion` or `kind` of a type that has them beside its rows.
pub(super) fn is_type_meta(table: &Table, name: &str) -> bool {
    table.type_meta.is_some() && matches!(name, "apiVersion" | "kind")
}

#[cold]
fn note_again(again: &mut Vec<(usize, usize)>, index: usize, begin: usize) {
    match again.iter_mut().find(|(at, _)| *at == index) {
        Some((_, last)) => *last = begin,
        None => again.push((index, begin)),
    }
}

/// Forgets the unknown members that were met in members which were there once more later.
#[cold]
fn forget(unknown: &mut Vec<Found>, first: usize, table: &Table, again: &[(usize, usize)]) {
    let mut place = 0;
    unknown.retain(|entry| {
        place += 1;
        let replaced =
            |&(index, begin): &(usize, usize)| place <= begin && entry.is_below(table.fields[index].json);
        place <= first || !again.iter().any(replaced)
    });
}

#[inline]
fn find(table: &Table, name: &str, hint: usize) -> Option<usize> {
    let fields = table.fields;
    for (index, field) in fields.iter().enumerate().skip(hint) {
        if field.json == name {
            return Some(index);
        }
    }
    fields.iter().take(hint).position(|field| field.json == name)
}

/// A member that is in no row: `apiVersion`, `kind`, or one that this build does not know.
#[cold]
fn other_member(table: &Table, name: &str, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let wanted = match (&table.type_meta, name) {
        (Some(meta), "apiVersion") => meta.api_version,
        (Some(meta), "kind") => meta.kind,
        _ => {
            let raw = reader.raw().map_err(|error| error.at_member(name).of_type(table.name))?;
            reader.unknown.push(Found::new(name, raw));
            return Ok(());
        }
    };
    if reader.null()? {
        return Ok(());
    }
    let at = reader.position();
    let value = reader.string().map_err(|error| error.at_member(name).of_type(table.name))?;
    // An empty one is a zero value of Go, which says nothing.
    if value == wanted || value.is_empty() {
        return Ok(());
    }
    Err(DecodeError::new(at, format!("{wanted:?}"), "another value").at_member(name).of_type(table.name))
}

/// Unknown members found in the value of a row: their paths grow outwards.
#[cold]
fn within_member(reader: &mut Reader<'_>, mark: usize, field: &Field, member: &dyn Value) {
    let mut found = reader.unknown.split_off(mark);
    identify_items(&mut found, field.list, member, reader);
    reader.unknown.append(&mut found);
    reader.wrap_unknown(mark, Step::Member(field.json.into()));
}

/// Fills a list from the next value, growing it exactly.
pub(super) fn decode_list(list: &mut dyn Items, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    list.empty();
    if reader.null()? {
        return Ok(());
    }
    reader.enter(b'[', "a list")?;
    if reader.close(b']') {
        return Ok(());
    }
    for index in 0.. {
        let before = reader.unknown.len();
        if let Some(item) = list.grow() {
            item.decode(reader).map_err(|error| error.at_index(index))?;
            if reader.unknown.len() > before {
                let whole = reader.fingerprint(item).map(|text| identity(&text, &[]));
                reader.wrap_unknown(before, Step::Item(Item { index, whole, keys: &[], keyed: None }));
            }
        }
        if !reader.more(b']')? {
            break;
        }
    }
    list.fit();
    Ok(())
}

/// Hands each member of the next object to `member`, which takes its value.
pub(crate) fn decode_members<'a>(
    reader: &mut Reader<'a>,
    expected: &'static str,
    mut member: impl FnMut(&mut Reader<'a>, &str) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    reader.enter(b'{', expected)?;
    let mut more = !reader.close(b'}');
    while more {
        let name = reader.name()?;
        member(reader, &name).map_err(|error| error.at_member(&name))?;
        more = reader.more(b'}')?;
    }
    Ok(())
}

/// Fills a map from the next value; `insert` replaces what a repeated name held.
pub(crate) fn decode_map<T: Value + Default>(
    reader: &mut Reader<'_>,
    mut insert: impl FnMut(String, T),
) -> Result<(), DecodeError> {
    if reader.null()? {
        return Ok(());
    }
    reader.enter(b'{', "an object")?;
    if reader.close(b'}') {
        return Ok(());
    }
    loop {
        let name = reader.name()?;
        let mut value = T::default();
        let before = reader.unknown.len();
        value.decode(reader).map_err(|error| error.at_member(&name))?;
        if reader.unknown.len() > before {
            reader.wrap_unknown(before, Step::Member((&*name).into()));
        }
        insert(name.into_owned(), value);
        if !reader.more(b'}')? {
            return Ok(());
        }
    }
}
