//! The store for the time of one request: nobody else sees it half done, and what follows from the changes is done at the end.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::controllers;
use crate::server::Shared;
use crate::store::Store;

/// The store, locked. When it is dropped the controllers do what the changes made necessary.
pub(crate) struct Transaction<'a> {
    shared: &'a Arc<Shared>,
    store: MutexGuard<'a, Store>,
}

impl Shared {
    pub(crate) fn store(self: &Arc<Self>) -> Transaction<'_> {
        Transaction { shared: self, store: self.store.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Deref for Transaction<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut Store {
        &mut self.store
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        controllers::settle(self.shared, &mut self.store);
    }
}
