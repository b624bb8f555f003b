//! What every cluster has from its start: namespaces, the Service of the API server, the PriorityClasses of the system.
//!
//! The objects are `data/seeds.tsv`. Roles and their bindings are not here.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::apply::fields::{FieldSet, Step};
use crate::apply::managers::{self, Manager};
use crate::server::Shared;
use crate::{kinds, meta};

/// Writes them into an empty store, in the name of the API server.
pub(crate) fn seed(shared: &Arc<Shared>) {
    let now = meta::now(0);
    let port = shared.address.port().to_string();
    for line in include_str!("../data/seeds.tsv").lines().filter(|it| !it.starts_with('#')) {
        let Ok([group, version, plural, text]) = <[&str; 4]>::try_from(line.split('\t').collect::<Vec<_>>())
        else {
            continue;
        };
        let found = shared
            .catalog
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .find(group, version, plural);
        let (Some(resource), Ok(mut object)) =
            (found, serde_json::from_str::<Value>(&text.replace("\"$PORT\"", &port)))
        else {
            continue;
        };
        kinds::fill_defaults(&resource, &mut object);
        if let Some(schema) = resource.schema() {
            let mut ignored = FieldSet::default();
            if resource.has("status") {
                ignored.insert(&[Step::Field("status".to_owned())]);
            }
            let manager = Manager {
                name: "kube-apiserver".to_owned(),
                applies: false,
                api_version: resource.api_version(),
                subresource: String::new(),
            };
            managers::update(&json!({}), &mut object, &schema, manager, &ignored, &now);
        }
        let (namespace, name) = (meta::namespace(&object).to_owned(), meta::name(&object).to_owned());
        let mut store = shared.store();
        let admission = kinds::Admission {
            store: &store,
            resource: &resource,
            namespace: &namespace,
            old: None,
            subresource: "",
            dry_run: false,
        };
        if kinds::admit(&admission, &mut object).is_err() {
            continue;
        }
        kinds::prepare_create(&resource, &mut object);
        object["metadata"]["uid"] = meta::uid().into();
        object["metadata"]["creationTimestamp"] = now.as_str().into();
        let key = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
        store.put(&(group.to_owned(), plural.to_owned()), &key, object);
    }
}
