//! Objects, their history and the one revision counter, in memory.
//!
//! It knows no kinds and no rules: what may be written is decided before it gets here. Objects are kept without `apiVersion` and
//! `kind`, so that every served version of a kind reads the same bytes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

/// Group and plural: versions share their objects.
pub(crate) type Place = (String, String);

/// One version of one object.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) value: Value,
    pub(crate) revision: u64,
    json: OnceLock<Bytes>,
}

impl Stored {
    fn new(mut value: Value, revision: u64) -> Arc<Self> {
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        Arc::new(Stored { value, revision, json: OnceLock::new() })
    }

    /// The object as JSON, without `apiVersion` and `kind`; encoded once.
    pub(crate) fn json(&self) -> &Bytes {
        self.json.get_or_init(|| Bytes::from(self.value.to_string()))
    }
}

/// One step of an object's history.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: String,
    pub(crate) before: Option<Arc<Stored>>,
    /// What it became; for a deletion its last state under the revision of the deletion.
    pub(crate) object: Arc<Stored>,
    pub(crate) deleted: bool,
}

#[derive(Debug)]
struct Collection {
    objects: BTreeMap<String, Arc<Stored>>,
    history: VecDeque<Change>,
    /// Changes up to here are forgotten.
    compacted: u64,
    wake: watch::Sender<u64>,
}

/// All of it. One lock around this is the server's transaction.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    history_limit: usize,
    compacted: u64,
    collections: HashMap<Place, Collection>,
}

/// A watch or a list asked for a revision that is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compacted;

impl Store {
    pub(crate) fn new(history_limit: usize) -> Self {
        Store { revision: 1, history_limit, compacted: 0, collections: HashMap::new() }
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    fn collection(&mut self, place: &Place) -> &mut Collection {
        let compacted = self.compacted;
        self.collections.entry(place.clone()).or_insert_with(|| Collection {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            compacted,
            wake: watch::Sender::new(0),
        })
    }

    pub(crate) fn get(&self, place: &Place, key: &str) -> Option<&Arc<Stored>> {
        self.collections.get(place)?.objects.get(key)
    }

    /// Objects under a prefix (`namespace/`, or empty for all), in the order of their keys.
    pub(crate) fn list(&self, place: &Place, prefix: &str) -> Vec<(String, Arc<Stored>)> {
        let Some(collection) = self.collections.get(place) else { return Vec::new() };
        collection
            .objects
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, it)| (key.clone(), it.clone()))
            .collect()
    }

    /// The same as it was at a revision.
    pub(crate) fn list_at(
        &self,
        place: &Place,
        prefix: &str,
        revision: u64,
    ) -> Result<Vec<(String, Arc<Stored>)>, Compacted> {
        let Some(collection) = self.collections.get(place) else {
            return if revision < self.compacted { Err(Compacted) } else { Ok(Vec::new()) };
        };
        if revision < collection.compacted {
            return Err(Compacted);
        }
        let mut objects: BTreeMap<String, Arc<Stored>> = self.list(place, prefix).into_iter().collect();
        let later = collection.history.iter().rev().take_while(|it| it.revision > revision);
        for change in later.filter(|it| it.key.starts_with(prefix)) {
            match &change.before {
                Some(before) => objects.insert(change.key.clone(), before.clone()),
                None => objects.remove(&change.key),
            };
        }
        Ok(objects.into_iter().collect())
    }

    /// Writes an object and says what it became.
    pub(crate) fn put(&mut self, place: &Place, key: &str, value: Value) -> Arc<Stored> {
        self.revision += 1;
        let object = Stored::new(value, self.revision);
        let before = self.collection(place).objects.insert(key.to_owned(), object.clone());
        self.remember(
            place,
            Change {
                revision: self.revision,
                key: key.to_owned(),
                before,
                object: object.clone(),
                deleted: false,
            },
        );
        object
    }

    /// Removes an object and gives back its last state under the revision of its deletion.
    pub(crate) fn remove(&mut self, place: &Place, key: &str) -> Option<Arc<Stored>> {
        let before = self.collection(place).objects.remove(key)?;
        self.revision += 1;
        let object = Stored::new(before.value.clone(), self.revision);
        let change = Change {
            revision: self.revision,
            key: key.to_owned(),
            before: Some(before),
            object: object.clone(),
            deleted: true,
        };
        self.remember(place, change);
        Some(object)
    }

    fn remember(&mut self, place: &Place, change: Change) {
        let (revision, limit) = (self.revision, self.history_limit);
        let collection = self.collection(place);
        collection.history.push_back(change);
        while collection.history.len() > limit {
            if let Some(oldest) = collection.history.pop_front() {
                collection.compacted = oldest.revision;
            }
        }
        collection.wake.send_replace(revision);
    }

    /// Changes after a revision.
    pub(crate) fn since(&self, place: &Place, revision: u64) -> Result<Vec<Change>, Compacted> {
        let Some(collection) = self.collections.get(place) else {
            return if revision < self.compacted { Err(Compacted) } else { Ok(Vec::new()) };
        };
        if revision < collection.compacted {
            return Err(Compacted);
        }
        let start = collection.history.partition_point(|it| it.revision <= revision);
        Ok(collection.history.range(start..).cloned().collect())
    }

    /// Wakes at each change of a collection.
    pub(crate) fn subscribe(&mut self, place: &Place) -> watch::Receiver<u64> {
        self.collection(place).wake.subscribe()
    }

    /// Forgets all history up to now.
    pub(crate) fn compact(&mut self) {
        self.compacted = self.revision;
        for collection in self.collections.values_mut() {
            collection.history.clear();
            collection.compacted = self.compacted;
        }
    }

    /// Where objects of a namespace lie.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.collections.keys().cloned().collect()
    }
}
