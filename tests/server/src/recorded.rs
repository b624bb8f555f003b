//! Everything that was ever stored, for tests that hold a client's view against it.
//!
//! It is independent of the history that watches read: what is compacted there is still known here.

use std::collections::BTreeMap;

use crate::meta;
use crate::server::TestServer;

/// A change of an object as the server stored it. See [`TestServer::record_changes`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedChange {
    /// The resourceVersion that it made.
    pub resource_version: u64,
    /// The object's namespace, or empty.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// The object's identity.
    pub uid: String,
    /// The object's labels after the change.
    pub labels: BTreeMap<String, String>,
    /// Whether the object is gone since.
    pub deleted: bool,
}

impl TestServer {
    /// Keeps all changes from now on, without bound, for [`recorded_changes`](TestServer::recorded_changes).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use clientset_testserver::TestServer;
    /// let server = TestServer::start().await?;
    /// server.record_changes();
    /// server.load("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}}").await?;
    /// server.compact();
    /// let changes = server.recorded_changes("", "configmaps");
    /// assert!(changes.iter().any(|it| it.name == "a" && !it.deleted));
    /// # Ok(())
    /// # }
    /// ```
    pub fn record_changes(&self) {
        self.shared.store().record();
    }

    /// The changes of a resource since [`record_changes`](TestServer::record_changes), oldest first. They outlive
    /// [`compact`](TestServer::compact) and [`restart`](TestServer::restart).
    pub fn recorded_changes(&self, group: &str, plural: &str) -> Vec<RecordedChange> {
        let store = self.shared.store();
        let of = store
            .recorded()
            .iter()
            .filter(|((its_group, its_plural), _)| its_group == group && its_plural == plural);
        of.map(|(_, change)| {
            let object = &change.object.value;
            let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
            RecordedChange {
                resource_version: change.revision,
                namespace: meta::namespace(object).to_owned(),
                name: meta::name(object).to_owned(),
                uid: meta::text(object, "uid").to_owned(),
                labels: labels.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))).collect(),
                deleted: change.deleted,
            }
        })
        .collect()
    }
}
