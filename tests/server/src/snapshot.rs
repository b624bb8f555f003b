//! Going back: snapshots of the server, and the resourceVersion of an etcd that was restored from a backup.
//!
//! How the store does it is in `store::snapshot`.

use std::io;
use std::sync::{Arc, PoisonError};

use crate::server::{Shared, TestServer};
use crate::store::{Image, Place};
use crate::{clock, crd};

/// What a server held at one moment. Cheap: it shares the objects with the server.
///
/// See [`TestServer::snapshot`].
#[derive(Debug, Clone)]
pub struct Snapshot(Image);

impl Snapshot {
    /// The newest resourceVersion at that moment.
    pub fn resource_version(&self) -> u64 {
        self.0.revision
    }
}

impl TestServer {
    /// What is there now, for [`restore`](TestServer::restore).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// let before = server.snapshot();
    /// // … a test that changes things …
    /// server.restore(&before).await?;
    /// assert_eq!(server.resource_version(), before.resource_version());
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.shared.store().image())
    }

    /// Goes back to a snapshot, also one of another server: objects and the resourceVersion counter are what they were, as after
    /// etcd was restored from a backup. Connections end, history is forgotten; settings, requests and faults stay.
    ///
    /// # Errors
    ///
    /// When the port is lost to somebody else.
    pub async fn restore(&self, snapshot: &Snapshot) -> io::Result<()> {
        self.take_down().await?;
        clock::sync_by(&self.shared.settings.clock, || become_image(&self.shared, &snapshot.0));
        self.bring_up().await
    }

    /// Goes back to what was there at a resourceVersion: the same as [`restore`](TestServer::restore), by number.
    ///
    /// Clients then hold versions that are greater than the server's.
    ///
    /// # Errors
    ///
    /// When history does not reach back so far, and when the port is lost to somebody else.
    pub async fn rewind(&self, resource_version: u64) -> io::Result<()> {
        let (newest, image) = {
            let store = self.shared.store();
            (store.revision(), store.image_at(resource_version))
        };
        let image = image.map_err(|_| {
            let say = format!("resourceVersion {resource_version} is forgotten; the newest is {newest}");
            io::Error::new(io::ErrorKind::InvalidInput, say)
        })?;
        self.restore(&Snapshot(image)).await
    }
}

/// The store and the resources that CRDs in it declare.
fn become_image(shared: &Arc<Shared>, image: &Image) {
    let crds: Place = ("apiextensions.k8s.io".to_owned(), "customresourcedefinitions".to_owned());
    let mut store = shared.store();
    for (name, _) in store.list(&crds, "") {
        shared.catalog.write().unwrap_or_else(PoisonError::into_inner).remove(&name);
    }
    store.become_image(image);
    for (name, _) in image.of(&crds) {
        crd::register(shared, &mut store, name);
    }
}
