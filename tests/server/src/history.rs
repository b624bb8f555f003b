//! What happened to a collection, for watches and for lists of the past.
//!
//! Every change is kept once and shared; who watches one namespace reads and is woken by that namespace alone. How much is kept is
//! decided in `store`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use crate::store::Stored;

/// One step of an object's history.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Arc<str>,
    pub(crate) before: Option<Arc<Stored>>,
    /// What it became; for a deletion its last state under the revision of the deletion.
    pub(crate) object: Arc<Stored>,
    pub(crate) deleted: bool,
    weight: usize,
    lines: Mutex<Vec<(String, Bytes)>>,
}

/// More forms of one event than this are made anew for each watch.
const SHARED_FORMS: usize = 8;

impl Change {
    pub(crate) fn new(
        key: Arc<str>,
        before: Option<Arc<Stored>>,
        object: Arc<Stored>,
        deleted: bool,
    ) -> Arc<Self> {
        let weight = size(&object.value) + size_of::<Self>();
        let lines = Mutex::default();
        Arc::new(Change { revision: object.revision, key, before, object, deleted, weight, lines })
    }

    /// The event in one form, encoded once for all watches that want it so.
    ///
    /// `form` has to tell apart all that the bytes depend on besides the change itself.
    pub(crate) fn line(&self, form: &str, encode: impl FnOnce() -> Bytes) -> Bytes {
        let find = |all: &[(String, Bytes)]| all.iter().find(|it| it.0 == form).map(|it| it.1.clone());
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = find(&lines) {
            return found;
        }
        // Encoded under the lock: the others wait for the bytes instead of making them too.
        let bytes = encode();
        if lines.len() < SHARED_FORMS {
            lines.push((form.to_owned(), bytes.clone()));
        }
        bytes
    }
}

/// What a document takes in memory, about.
fn size(value: &Value) -> usize {
    let inner = match value {
        Value::String(it) => it.len(),
        Value::Array(all) => all.iter().map(size).sum(),
        Value::Object(all) => all.iter().map(|(key, it)| key.len() + 64 + size(it)).sum(),
        _ => 0,
    };
    inner + size_of::<Value>()
}

/// The changes that one kind of watch reads.
#[derive(Debug, Default)]
struct Feed {
    changes: VecDeque<Arc<Change>>,
    /// The newest change that was here and is forgotten.
    lost: u64,
    wake: watch::Sender<u64>,
}

impl Feed {
    fn after(&self, revision: u64) -> impl Iterator<Item = &Arc<Change>> {
        let start = self.changes.partition_point(|it| it.revision <= revision);
        self.changes.range(start..)
    }
}

/// The history of a collection.
#[derive(Debug, Default)]
pub(crate) struct History {
    all: Feed,
    namespaces: HashMap<String, Feed>,
    /// What was before this revision cannot be told.
    compacted: u64,
    weight: usize,
}

/// A watch or a list asked for a revision that is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compacted;

/// `namespace/` of a key, where there is one.
fn namespace(key: &str) -> Option<&str> {
    key.find('/').and_then(|at| key.get(..=at))
}

impl History {
    pub(crate) fn starting_at(compacted: u64) -> Self {
        History { compacted, ..History::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.changes.len()
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        self.all.changes.front().map(|it| it.revision)
    }

    pub(crate) fn push(&mut self, change: &Arc<Change>) {
        self.weight += change.weight;
        if let Some(prefix) = namespace(&change.key) {
            match self.namespaces.get_mut(prefix) {
                Some(feed) => feed.changes.push_back(change.clone()),
                None => {
                    let feed = Feed { changes: VecDeque::from([change.clone()]), ..Feed::default() };
                    self.namespaces.insert(prefix.to_owned(), feed);
                }
            }
        }
        self.all.changes.push_back(change.clone());
    }

    /// Tells the watches of a change that it is there.
    pub(crate) fn wake(&self, change: &Change) {
        self.all.wake.send_replace(change.revision);
        if let Some(feed) = namespace(&change.key).and_then(|it| self.namespaces.get(it)) {
            feed.wake.send_replace(change.revision);
        }
    }

    /// Forgets the oldest change.
    pub(crate) fn forget(&mut self) {
        let Some(change) = self.all.changes.pop_front() else { return };
        self.weight = self.weight.saturating_sub(change.weight);
        self.compacted = self.compacted.max(change.revision);
        self.all.lost = change.revision;
        let Some(prefix) = namespace(&change.key) else { return };
        let Some(feed) = self.namespaces.get_mut(prefix) else { return };
        feed.changes.pop_front();
        feed.lost = change.revision;
        if feed.changes.is_empty() && feed.wake.receiver_count() == 0 {
            self.namespaces.remove(prefix);
        }
    }

    /// Forgets everything up to a revision that is now.
    pub(crate) fn compact(&mut self, revision: u64) {
        while !self.all.changes.is_empty() {
            self.forget();
        }
        self.compacted = revision;
    }

    fn feed(&self, prefix: &str) -> Option<&Feed> {
        if prefix.is_empty() { Some(&self.all) } else { self.namespaces.get(prefix) }
    }

    /// Whether everything since a revision is known.
    pub(crate) fn reaches(&self, revision: u64) -> Result<(), Compacted> {
        if revision < self.compacted { Err(Compacted) } else { Ok(()) }
    }

    /// Changes under a prefix after a revision, for a watch that has seen everything up to there.
    ///
    /// A quiet watch loses nothing when what others did is forgotten.
    pub(crate) fn since(&self, prefix: &str, revision: u64) -> Result<Vec<Arc<Change>>, Compacted> {
        let Some(feed) = self.feed(prefix) else { return Ok(Vec::new()) };
        if revision < feed.lost {
            return Err(Compacted);
        }
        Ok(feed.after(revision).cloned().collect())
    }

    /// The changes after a revision, newest first.
    pub(crate) fn undo(&self, prefix: &str, revision: u64) -> impl Iterator<Item = &Arc<Change>> {
        self.feed(prefix)
            .into_iter()
            .flat_map(|feed| feed.changes.iter().rev())
            .take_while(move |it| it.revision > revision)
    }

    pub(crate) fn subscribe(&mut self, prefix: &str) -> watch::Receiver<u64> {
        if prefix.is_empty() {
            return self.all.wake.subscribe();
        }
        self.namespaces.entry(prefix.to_owned()).or_default().wake.subscribe()
    }
}
