//! The map of every `labels`, `annotations`, `data` and `limits`: string keys, in order, in one allocation.
//!
//! A sorted vector and not a tree: see DESIGN.md for the measurement.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Index;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{self, DecodeError, Reader, Value, Writer};

/// A map from strings, sorted by key.
///
/// ```
/// # use clientset_runtime::wire::Map;
/// let mut labels = Map::from([("app", "web".to_owned())]);
/// labels.insert("tier", "front".to_owned());
/// assert_eq!(labels.get("app").map(String::as_str), Some("web"));
/// ```
///
/// Made from arrays, vectors and the standard library's maps, and by `collect()`. Reading by key is a binary search; inserting in order, as servers send, appends. It holds its entries in one exact
/// allocation, which is what a controller with many objects in memory wants.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Map<V>(Vec<(Box<str>, V)>);

impl<V> Map<V> {
    /// An empty map.
    pub const fn new() -> Self {
        Map(Vec::new())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| (**name).cmp(key))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().map(|at| &self.0[at].1)
    }

    /// The value of `key`, to be written to.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut self.0[at].1)
    }

    /// Whether there is a value of `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value of `key` and returns the one before.
    pub fn insert(&mut self, key: impl Into<String>, value: V) -> Option<V> {
        let key = key.into().into_boxed_str();
        // In order is the usual case, and needs no search.
        if self.0.last().is_none_or(|(last, _)| *last < key) {
            self.push(key, value);
            return None;
        }
        match self.find(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    fn push(&mut self, key: Box<str>, value: V) {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(self.0.len().max(1));
        }
        self.0.push((key, value));
    }

    /// Puts entries that were appended in any order into theirs; of those with the same key the last stays.
    fn sort(&mut self) {
        // Stable, so after turning it around the last of each key comes first, which is the one that stays.
        self.0.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.0.reverse();
        self.0.dedup_by(|(one, _), (other, _)| one == other);
        self.0.reverse();
    }

    /// The value of `key`, which is set to `default()` where there is none.
    pub fn get_or_insert_with(&mut self, key: impl Into<String>, default: impl FnOnce() -> V) -> &mut V {
        let key = key.into();
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (key.into_boxed_str(), default()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// Takes the value of `key` out.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.find(key).ok().map(|at| self.0.remove(at).1)
    }

    /// Keeps the entries for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &mut V) -> bool) {
        self.0.retain_mut(|(key, value)| keep(key, value));
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter(self.0.iter())
    }

    /// The entries in the order of their keys, the values to be written to.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&**key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

/// The entries of a [`Map`] in the order of their keys.
#[derive(Debug)]
pub struct Iter<'a, V>(std::slice::Iter<'a, (Box<str>, V)>);

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = (&'a str, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&**key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<V> ExactSizeIterator for Iter<'_, V> {}

/// The entries of a [`Map`], owned, in the order of their keys.
#[derive(Debug)]
pub struct IntoIter<V>(std::vec::IntoIter<(Box<str>, V)>);

impl<V> Iterator for IntoIter<V> {
    type Item = (String, V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key.into_string(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a, V> IntoIterator for &'a Map<V> {
    type Item = (&'a str, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (String, V);
    type IntoIter = IntoIter<V>;

    fn into_iter(self) -> Self::IntoIter {
        IntoIter(self.0.into_iter())
    }
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Map::new()
    }
}

impl<K: Into<String>, V> Extend<(K, V)> for Map<V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        let mut sorted = true;
        for (key, value) in entries {
            let key = key.into().into_boxed_str();
            sorted &= self.0.last().is_none_or(|(last, _)| **last < *key);
            self.0.push((key, value));
        }
        if !sorted {
            self.sort();
        }
    }
}

impl<K: Into<String>, V> FromIterator<(K, V)> for Map<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Map::new();
        map.extend(entries);
        map.0.shrink_to_fit();
        map
    }
}

impl<K: Into<String>, V> From<Vec<(K, V)>> for Map<V> {
    fn from(entries: Vec<(K, V)>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Into<String>, V> From<BTreeMap<K, V>> for Map<V> {
    fn from(entries: BTreeMap<K, V>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Into<String>, V> From<HashMap<K, V>> for Map<V> {
    fn from(entries: HashMap<K, V>) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Into<String>, V, const N: usize> From<[(K, V); N]> for Map<V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K: Borrow<str>, V> Index<K> for Map<V> {
    type Output = V;

    /// # Panics
    /// When there is no such key, as other maps do: [`Map::get`] does not.
    fn index(&self, key: K) -> &V {
        self.get(key.borrow()).expect("the key is in the map")
    }
}

/// Under this annotation `kubectl apply` keeps a copy of the whole object: of a Secret too, with all that is secret in it.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl<V: fmt::Debug> fmt::Debug for Map<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_map();
        for (key, value) in self {
            match key {
                LAST_APPLIED => out.entry(&key, &format_args!("<redacted>")),
                _ => out.entry(&key, value),
            };
        }
        out.finish()
    }
}

impl<V: Value + Default + PartialEq> Value for Map<V> {
    fn decode(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.clear();
        let mut sorted = true;
        let read = codec::decode_map(reader, |key, value| {
            sorted &= self.0.last().is_none_or(|(last, _)| **last < *key);
            self.push(key.into_boxed_str(), value);
        });
        if !sorted {
            self.sort();
        }
        self.0.shrink_to_fit();
        read
    }
    fn encode(&self, writer: &mut Writer) {
        codec::encode_map(self, writer);
    }
    fn reset(&mut self) {
        self.clear();
    }
    fn is_default(&self) -> bool {
        self.is_empty()
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_map();
        for (key, value) in self {
            match key {
                LAST_APPLIED => out.entry(&key, &format_args!("<redacted>")),
                _ => out.entry(&key, &codec::DebugValue(value)),
            };
        }
        out.finish()
    }
    fn objects_mut(&mut self, visit: &mut codec::VisitObjects<'_>) {
        for (_, value) in &mut self.0 {
            value.objects_mut(visit);
        }
    }
}

impl<V: Value + Default + PartialEq> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        codec::serialize(self, serializer)
    }
}

impl<'de, V: Value + Default + PartialEq> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        codec::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_any_order_are_sorted_and_of_two_the_last_wins() {
        let map: Map<String> =
            codec::from_str(r#"{"b":"1","a":"2","c":"3","a":"4","b":"5","a":"6"}"#).unwrap();
        assert_eq!(codec::to_string(&map), r#"{"a":"6","b":"5","c":"3"}"#);
        assert_eq!(
            map,
            [("b", "5"), ("a", "4"), ("c", "3"), ("a", "6")].map(|(k, v)| (k, v.to_owned())).into()
        );
    }

    #[test]
    fn many_keys_in_the_worst_order_take_no_quadratic_time() {
        let members: Vec<String> = (0..100_000).rev().map(|key| format!("\"{key:06}\":{key}")).collect();
        let begun = std::time::Instant::now();
        let map: Map<i64> = codec::from_str(&format!("{{{}}}", members.join(","))).unwrap();
        let again: Map<i64> = (0..100_000).rev().map(|key| (format!("{key:06}"), key)).collect();
        assert!(map == again && map.values().copied().eq(0..100_000));
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
