//! What `metadata.ownerReferences` and `metadata.finalizers` may say, and what of metadata an update may not change.
//!
//! What owners do to their dependents is in `controllers`.

use std::collections::HashSet;

use serde_json::Value;

use crate::failure::Cause;
use crate::meta;

/// What is wrong with the references to owners.
pub(crate) fn check(object: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let owners = meta::owners(object);
    let mut controller: Option<String> = None;
    for (index, owner) in owners.iter().enumerate() {
        let path = format!("metadata.ownerReferences[{index}]");
        let text = |key: &str| owner[key].as_str().unwrap_or_default();
        let version = text("apiVersion");
        let readable = version.matches('/').count() < 2 && !version.ends_with('/');
        if version.is_empty() {
            causes.push(Cause::required(format!("{path}.apiVersion"), "must not be empty"));
        } else if !readable {
            let say = "must be <group>/<version> or <version>";
            causes.push(Cause::invalid(format!("{path}.apiVersion"), &version.into(), say));
        }
        for key in ["kind", "name", "uid"] {
            if text(key).is_empty() {
                causes.push(Cause::required(format!("{path}.{key}"), "must not be empty"));
            }
        }
        if version == "v1" && text("kind") == "Event" {
            let say = "/v1, Kind=Event is disallowed from being an owner";
            causes.push(invalid(&path, &shown(owner), say));
        }
        if owner["controller"] != true {
            continue;
        }
        let this = format!("{}/{}", text("kind"), text("name"));
        match &controller {
            None => controller = Some(this),
            Some(first) => {
                let all: Vec<String> = owners.iter().map(shown).collect();
                let say = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                );
                causes.push(invalid("metadata.ownerReferences", &format!("[{}]", all.join(",")), &say));
            }
        }
    }
    causes
}

fn invalid(field: &str, shown: &str, say: &str) -> Cause {
    let message = format!("Invalid value: {shown}: {say}");
    Cause { reason: "FieldValueInvalid", field: field.to_owned(), message }
}

/// A reference as Go writes it: these members always, in this order.
fn shown(owner: &Value) -> String {
    let text = |key: &str| Value::from(owner[key].as_str().unwrap_or_default());
    let always = ["apiVersion", "kind", "name", "uid"].map(|key| format!("\"{key}\":{}", text(key)));
    let flags = ["controller", "blockOwnerDeletion"];
    let flags = flags.into_iter().filter(|key| owner[*key].is_boolean());
    let flags = flags.map(|key| format!("\"{key}\":{}", owner[key]));
    format!("{{{}}}", always.into_iter().chain(flags).collect::<Vec<_>>().join(","))
}

/// The two finalizers of the garbage collector exclude each other.
pub(crate) fn check_finalizers(object: &Value) -> Option<Cause> {
    let all = meta::finalizers(object);
    let has = |name: &str| all.iter().any(|it| it == name);
    (has("orphan") && has("foregroundDeletion")).then(|| {
        let say = "finalizer orphan and foregroundDeletion cannot be both set";
        Cause::invalid("metadata.finalizers", &all.into(), say)
    })
}

/// What an update tries to change of metadata and may not.
pub(crate) fn check_update(old: &Value, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if meta::is_deleting(old) {
        let before: HashSet<String> = meta::finalizers(old).into_iter().collect();
        let mut added = meta::finalizers(new);
        added.retain(|it| !before.contains(it));
        added.sort();
        added.dedup();
        if !added.is_empty() {
            let added: Vec<String> = added.iter().map(|it| format!("\"{it}\"")).collect();
            let say = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            causes.push(Cause::forbidden("metadata.finalizers", &say));
        }
    }
    for field in ["uid", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (old, new) = (&old["metadata"][field], &new["metadata"][field]);
        if old != new {
            causes.push(Cause::invalid(format!("metadata.{field}"), new, "field is immutable"));
        }
    }
    causes
}
