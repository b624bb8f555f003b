//! The whole store at one moment, to be gone back to.
//!
//! Objects are shared with the store and not copied. History is no part of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Collection, Compacted, Place, Store, Stored};
use crate::history::History;
use crate::meta;

/// All objects and the revision counter.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) revision: u64,
    objects: BTreeMap<Place, BTreeMap<Arc<str>, Arc<Stored>>>,
}

impl Image {
    /// Objects of one resource with their keys.
    pub(crate) fn of(&self, place: &Place) -> impl Iterator<Item = (&Arc<str>, &Arc<Stored>)> {
        self.objects.get(place).into_iter().flatten()
    }

    /// Everything, in the order of groups, resources and keys.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Place, &Arc<str>, &Arc<Stored>)> {
        self.objects.iter().flat_map(|(place, all)| all.iter().map(move |(key, it)| (place, key, it)))
    }
}

impl Store {
    /// What is there now.
    pub(crate) fn image(&self) -> Image {
        let objects = self.collections.iter().map(|(place, it)| (place.clone(), it.objects.clone()));
        Image { revision: self.revision, objects: objects.collect() }
    }

    /// What was there at a revision, as far back as history goes.
    pub(crate) fn image_at(&self, revision: u64) -> Result<Image, Compacted> {
        let mut objects = BTreeMap::new();
        for place in self.places() {
            let then = self.list_at(&place, "", revision)?;
            objects.insert(place, then.into_iter().collect());
        }
        Ok(Image { revision: revision.min(self.revision), objects })
    }

    /// Makes everything what it was, the counter too. All history is forgotten.
    pub(crate) fn become_image(&mut self, image: &Image) {
        self.revision = image.revision;
        self.compacted = image.revision;
        self.unseen.clear();
        self.dependents = HashMap::new();
        self.collections.clear();
        for (place, objects) in &image.objects {
            for (key, object) in objects {
                for uid in meta::owner_uids(&object.value) {
                    let entry = (place.clone(), key.clone());
                    self.dependents.entry(uid.to_owned()).or_default().insert(entry);
                }
            }
            let history = History::starting_at(image.revision);
            self.collections.insert(place.clone(), Collection { objects: objects.clone(), history });
        }
    }
}
