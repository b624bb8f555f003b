//! What kube-controller-manager does for the API itself: the garbage collector and the namespace controller.
//!
//! They work at the end of the transaction that gave them work, so that an answer is sent when all that follows from the request is
//! done. In a cluster it happens a moment later: who waits for it there need not wait here. The other controllers (deployments, jobs,
//! endpoints …) are not here: nobody runs pods.
//!
//! It ends: work comes from changes only, and every change takes away an object, a reference or a finalizer, or marks an object as
//! going, which happens to each once.

mod garbage;
mod namespaces;

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, PoisonError};

use serde_json::Value;

use crate::apply::fields::FieldSet;
use crate::apply::managers::{self, Manager};
use crate::catalog::Resource;
use crate::server::Shared;
use crate::store::{Place, Store};
use crate::{crd, deletion, kinds, meta};

/// Something that has to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Work {
    /// An object that has owners, or waits for its dependents.
    Object(Place, Arc<str>),
    /// An object whose dependents are to be left alone.
    Orphan(Place, Arc<str>),
    /// A namespace that is going.
    Namespace(String),
    /// A resource whose definition may be going.
    Definition(Place),
}

/// Work to be done, each piece once.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Work>,
    known: HashSet<Work>,
}

impl Queue {
    fn push(&mut self, work: Work) {
        if self.known.insert(work.clone()) {
            self.waiting.push_back(work);
        }
    }

    fn pop(&mut self) -> Option<Work> {
        let work = self.waiting.pop_front()?;
        self.known.remove(&work);
        Some(work)
    }
}

/// Does all that follows from what happened in this transaction.
pub(crate) fn settle(shared: &Arc<Shared>, store: &mut Store) {
    let mut queue = Queue::default();
    loop {
        for (place, change) in store.take_unseen() {
            if shared.settings.controllers {
                garbage::notice(shared, store, &place, &change, &mut queue);
                namespaces::notice(store, &place, &change, &mut queue);
            }
            if change.deleted && !place.0.is_empty() {
                queue.push(Work::Definition(place));
            }
        }
        match queue.pop() {
            None => return,
            Some(Work::Object(place, key)) => garbage::attempt(shared, store, &place, &key, &mut queue),
            Some(Work::Orphan(place, key)) => garbage::orphan(shared, store, &place, &key),
            Some(Work::Namespace(name)) => namespaces::go_on(shared, store, &name),
            Some(Work::Definition(place)) => {
                if let Some(resource) = resource_at(shared, &place).filter(|it| it.is_custom()) {
                    crd::object_is_gone(shared, store, &resource);
                }
            }
        }
    }
}

/// The resource whose objects lie at a place, in the form in which they lie there.
fn resource_at(shared: &Shared, place: &Place) -> Option<Arc<Resource>> {
    let catalog = shared.catalog.read().unwrap_or_else(PoisonError::into_inner);
    let found = catalog.all().find(|it| it.group == place.0 && it.plural == place.1)?;
    Some(kinds::versions::hub(found).unwrap_or(found).clone())
}

/// Stores what a controller made of an object, or ends it when that was the last thing it waited for.
fn write(store: &mut Store, resource: &Resource, key: &str, mut new: Value, subresource: &str) {
    let place = deletion::place(resource);
    let Some(old) = store.get(&place, key).cloned() else { return };
    meta::tidy(&mut new);
    if let Some(schema) = resource.schema() {
        let manager = Manager {
            name: "kube-controller-manager".to_owned(),
            applies: false,
            api_version: resource.api_version(),
            subresource: subresource.to_owned(),
        };
        managers::update(&old.value, &mut new, &schema, manager, &FieldSet::default(), &meta::now(0));
    }
    if managers::nothing_changed(&old.value, &new) {
        return;
    }
    if deletion::is_finished(resource, &new) {
        store.remove(&place, key);
    } else {
        store.put(&place, key, new);
    }
}
