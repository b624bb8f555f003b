//! The metadata of an object whose kind is known at run time only.
//!
//! What is of another type than metadata has is taken as absent: the server says what is wrong with it.

use serde_json::{Map, Value as Json};

use super::DynamicObject;
use crate::wire::Time;
use crate::{ObjectMetadata, Owner, codec};

/// The members of metadata that are lent out in a form that JSON does not have; made again after each change.
#[derive(Clone, Default)]
pub(super) struct Parsed {
    finalizers: Vec<String>,
    created: Option<Time>,
    deleted: Option<Time>,
}

impl Parsed {
    pub(super) fn of(members: &Map<String, Json>) -> Self {
        let Some(metadata) = members.get("metadata").and_then(Json::as_object) else {
            return Parsed::default();
        };
        let time = |name: &str| {
            let text = metadata.get(name).filter(|value| value.is_string())?;
            codec::from_str(&text.to_string()).ok()
        };
        let finalizers = metadata.get("finalizers").and_then(Json::as_array);
        Parsed {
            finalizers: finalizers
                .into_iter()
                .flatten()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
            created: time("creationTimestamp"),
            deleted: time("deletionTimestamp"),
        }
    }
}

impl DynamicObject {
    fn metadata_member(&self, name: &str) -> Option<&Json> {
        self.members.get("metadata")?.get(name)
    }

    fn metadata_text(&self, name: &str) -> Option<&str> {
        self.metadata_member(name)?.as_str()
    }

    fn texts(&self, name: &str) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
        let members = self.metadata_member(name).and_then(Json::as_object);
        let texts = members.into_iter().flatten();
        Box::new(texts.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))))
    }

    fn set_metadata(&mut self, name: &str, value: Option<String>) {
        let Some(value) = value else {
            if let Some(members) = self.members.get_mut("metadata").and_then(Json::as_object_mut) {
                members.remove(name);
            }
            return;
        };
        let metadata = self.members.entry("metadata").or_insert(Json::Null);
        match metadata.as_object_mut() {
            Some(members) => _ = members.insert(name.to_owned(), Json::String(value)),
            None => *metadata = Json::Object(Map::from_iter([(name.to_owned(), Json::String(value))])),
        }
    }
}

impl ObjectMetadata for DynamicObject {
    fn name(&self) -> Option<&str> {
        self.metadata_text("name")
    }
    fn generate_name(&self) -> Option<&str> {
        self.metadata_text("generateName")
    }
    fn namespace(&self) -> Option<&str> {
        self.metadata_text("namespace")
    }
    fn uid(&self) -> Option<&str> {
        self.metadata_text("uid")
    }
    fn resource_version(&self) -> Option<&str> {
        self.metadata_text("resourceVersion")
    }
    fn generation(&self) -> Option<i64> {
        self.metadata_member("generation")?.as_i64()
    }
    fn creation_timestamp(&self) -> Option<&Time> {
        self.parsed.created.as_ref()
    }
    fn deletion_timestamp(&self) -> Option<&Time> {
        self.parsed.deleted.as_ref()
    }
    fn label(&self, name: &str) -> Option<&str> {
        self.metadata_member("labels")?.get(name)?.as_str()
    }
    fn labels(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
        self.texts("labels")
    }
    fn annotation(&self, name: &str) -> Option<&str> {
        self.metadata_member("annotations")?.get(name)?.as_str()
    }
    fn annotations(&self) -> Box<dyn Iterator<Item = (&str, &str)> + '_> {
        self.texts("annotations")
    }
    fn finalizers(&self) -> &[String] {
        &self.parsed.finalizers
    }
    fn owners(&self) -> Vec<Owner<'_>> {
        let owners = self.metadata_member("ownerReferences").and_then(Json::as_array);
        owners
            .into_iter()
            .flatten()
            .map(|owner| Owner {
                api_version: member_text(owner, "apiVersion"),
                kind: member_text(owner, "kind"),
                name: member_text(owner, "name"),
                uid: member_text(owner, "uid"),
                controller: owner.get("controller").and_then(Json::as_bool).unwrap_or(false),
            })
            .collect()
    }
    fn set_name(&mut self, name: Option<String>) {
        self.set_metadata("name", name);
    }
    fn set_namespace(&mut self, namespace: Option<String>) {
        self.set_metadata("namespace", namespace);
    }
    fn set_resource_version(&mut self, version: Option<String>) {
        self.set_metadata("resourceVersion", version);
    }
    fn clear_managed_fields(&mut self) {
        self.set_metadata("managedFields", None);
    }
}

fn member_text<'a>(value: &'a Json, name: &str) -> &'a str {
    value.get(name).and_then(Json::as_str).unwrap_or_default()
}
