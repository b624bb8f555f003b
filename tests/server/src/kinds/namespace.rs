//! Namespaces: their label, their finalizer, their phase.

use serde_json::{Value, json};

use super::Kind;
use crate::meta;

pub(super) const KIND: Kind = Kind {
    selectable: &["status.phase"],
    defaults,
    prepare_create: |object| {
        object["spec"]["finalizers"] = json!(["kubernetes"]);
        object["status"] = json!({"phase": "Active"});
    },
    // What a namespace waits for is changed through `finalize`.
    prepare_update: |new, old, subresource| {
        if subresource.is_empty() {
            new["spec"] = old["spec"].clone();
        }
    },
    ..Kind::plain("", "namespaces")
};

fn defaults(object: &mut Value) {
    let name = meta::name(object).to_owned();
    if !name.is_empty() {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
    }
}
