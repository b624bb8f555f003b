//! Objects, their history and the one revision counter, in memory.
//!
//! It knows no kinds and no rules: what may be written is decided before it gets here. Objects are kept without `apiVersion` and
//! `kind`, so that every served version of a kind reads the same bytes.

mod snapshot;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use crate::history::History;
pub(crate) use crate::history::{Change, Compacted};
use crate::meta;
pub(crate) use snapshot::Image;

/// Objects with their keys, in order.
pub(crate) type Listed = Vec<(Arc<str>, Arc<Stored>)>;

/// Group and plural: versions share their objects.
pub(crate) type Place = (String, String);

/// One version of one object.
pub(crate) struct Stored {
    pub(crate) value: Value,
    pub(crate) revision: u64,
    json: OnceLock<Bytes>,
}

// What it says may be secret.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Stored {
    fn new(mut value: Value, revision: u64) -> Arc<Self> {
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        Arc::new(Stored { value, revision, json: OnceLock::new() })
    }

    /// The same revision of an object, seen in another way.
    pub(crate) fn seen_as(&self, value: Value) -> Arc<Self> {
        Arc::new(Stored { value, revision: self.revision, json: OnceLock::new() })
    }

    /// The object as JSON, without `apiVersion` and `kind`; encoded once.
    pub(crate) fn json(&self) -> &Bytes {
        self.json.get_or_init(|| Bytes::from(self.value.to_string()))
    }
}

#[derive(Debug)]
struct Collection {
    objects: BTreeMap<Arc<str>, Arc<Stored>>,
    history: History,
}

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Changes of each resource.
    pub(crate) changes: usize,
    /// Bytes that all changes together take.
    pub(crate) bytes: usize,
}

/// All of it. One lock around this is the server's transaction.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    limits: Limits,
    compacted: u64,
    collections: BTreeMap<Place, Collection>,
    /// Who names an owner of this uid.
    dependents: HashMap<String, BTreeSet<(Place, Arc<str>)>>,
    /// What happened since the controllers looked.
    unseen: Vec<(Place, Arc<Change>)>,
    /// Everything that ever happened, where somebody wants to know.
    recorded: Option<Vec<(Place, Arc<Change>)>>,
}

impl Store {
    /// What lies before that revision is unknown, as if it were forgotten.
    pub(crate) fn starting_at(revision: u64, limits: Limits) -> Self {
        Store {
            revision,
            limits,
            compacted: revision.saturating_sub(1),
            collections: BTreeMap::new(),
            dependents: HashMap::new(),
            unseen: Vec::new(),
            recorded: None,
        }
    }

    /// Keeps all changes from now on, also those that history forgets.
    pub(crate) fn record(&mut self) {
        self.recorded.get_or_insert_default();
    }

    /// What was kept.
    pub(crate) fn recorded(&self) -> &[(Place, Arc<Change>)] {
        self.recorded.as_deref().unwrap_or_default()
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    fn collection(&mut self, place: &Place) -> &mut Collection {
        let compacted = self.compacted;
        self.collections.entry(place.clone()).or_insert_with(|| Collection {
            objects: BTreeMap::new(),
            history: History::starting_at(compacted),
        })
    }

    pub(crate) fn get(&self, place: &Place, key: &str) -> Option<&Arc<Stored>> {
        self.collections.get(place)?.objects.get(key)
    }

    /// Objects under a prefix (`namespace/`, or empty for all), in the order of their keys.
    pub(crate) fn list(&self, place: &Place, prefix: &str) -> Listed {
        let Some(collection) = self.collections.get(place) else { return Vec::new() };
        let from = (Bound::Included(prefix), Bound::Unbounded);
        collection
            .objects
            .range::<str, _>(from)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, it)| (key.clone(), it.clone()))
            .collect()
    }

    /// The same as it was at a revision.
    pub(crate) fn list_at(&self, place: &Place, prefix: &str, revision: u64) -> Result<Listed, Compacted> {
        self.reaches(place, revision)?;
        let now = self.list(place, prefix);
        let Some(collection) = self.collections.get(place) else { return Ok(now) };
        let mut later = collection.history.undo(prefix, revision).peekable();
        if later.peek().is_none() {
            return Ok(now);
        }
        let mut objects: BTreeMap<Arc<str>, Arc<Stored>> = now.into_iter().collect();
        for change in later {
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
        let collection = self.collection(place);
        let (key, before) = match collection.objects.get_key_value(key) {
            Some((key, before)) => (key.clone(), Some(before.clone())),
            None => (Arc::from(key), None),
        };
        collection.objects.insert(key.clone(), object.clone());
        self.remember(place, Change::new(key, before, object.clone(), false));
        object
    }

    /// Removes an object and gives back its last state under the revision of its deletion.
    pub(crate) fn remove(&mut self, place: &Place, key: &str) -> Option<Arc<Stored>> {
        let (key, before) = self.collections.get_mut(place)?.objects.remove_entry(key)?;
        self.revision += 1;
        let object = Stored::new(before.value.clone(), self.revision);
        self.remember(place, Change::new(key, Some(before), object.clone(), true));
        Some(object)
    }

    fn remember(&mut self, place: &Place, change: Arc<Change>) {
        self.index_owners(place, &change);
        let limits = self.limits;
        let history = &mut self.collection(place).history;
        history.push(&change);
        while history.len() > limits.changes {
            history.forget();
        }
        self.keep_bytes();
        if let Some(collection) = self.collections.get(place) {
            collection.history.wake(&change);
        }
        if let Some(recorded) = &mut self.recorded {
            recorded.push((place.clone(), change.clone()));
        }
        self.unseen.push((place.clone(), change));
    }

    /// Forgets the oldest changes, whosever they are, until the rest is small enough. The newest stays.
    fn keep_bytes(&mut self) {
        let mut weight: usize = self.collections.values().map(|it| it.history.weight()).sum();
        while weight > self.limits.bytes {
            let oldest = self.collections.values_mut().filter_map(|it| Some((it.history.oldest()?, it)));
            let Some((revision, collection)) = oldest.min_by_key(|it| it.0) else { return };
            if revision >= self.revision {
                return;
            }
            weight -= collection.history.weight();
            collection.history.forget();
            weight += collection.history.weight();
        }
    }

    fn index_owners(&mut self, place: &Place, change: &Change) {
        if let Some(before) = &change.before {
            for uid in meta::owner_uids(&before.value) {
                let Some(all) = self.dependents.get_mut(uid) else { continue };
                all.remove(&(place.clone(), change.key.clone()));
                if all.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
        if change.deleted {
            return;
        }
        for uid in meta::owner_uids(&change.object.value) {
            let entry = (place.clone(), change.key.clone());
            self.dependents.entry(uid.to_owned()).or_default().insert(entry);
        }
    }

    /// The objects that name an owner of this uid.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<(Place, Arc<str>)> {
        self.dependents.get(uid).map(|it| it.iter().cloned().collect()).unwrap_or_default()
    }

    /// What happened since this was asked before.
    pub(crate) fn take_unseen(&mut self) -> Vec<(Place, Arc<Change>)> {
        std::mem::take(&mut self.unseen)
    }

    /// Whether everything since a revision is known.
    pub(crate) fn reaches(&self, place: &Place, revision: u64) -> Result<(), Compacted> {
        match self.collections.get(place) {
            Some(collection) => collection.history.reaches(revision),
            None if revision < self.compacted => Err(Compacted),
            None => Ok(()),
        }
    }

    /// Changes under a prefix after a revision, for a watch that has seen everything up to there.
    pub(crate) fn since(
        &self,
        place: &Place,
        prefix: &str,
        revision: u64,
    ) -> Result<Vec<Arc<Change>>, Compacted> {
        match self.collections.get(place) {
            Some(collection) => collection.history.since(prefix, revision),
            None => Ok(Vec::new()),
        }
    }

    /// Wakes at each change under a prefix.
    pub(crate) fn subscribe(&mut self, place: &Place, prefix: &str) -> watch::Receiver<u64> {
        self.collection(place).history.subscribe(prefix)
    }

    /// Forgets all history up to now.
    pub(crate) fn compact(&mut self) {
        self.compacted = self.revision;
        for collection in self.collections.values_mut() {
            collection.history.compact(self.compacted);
        }
    }

    /// Where objects lie or have lain.
    pub(crate) fn places(&self) -> Vec<Place> {
        self.collections.keys().cloned().collect()
    }
}
