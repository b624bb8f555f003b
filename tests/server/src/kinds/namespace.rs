//! Namespaces: their label, their finalizer, their phase.

use serde_json::{Value, json};

use super::causes::{At, Causes};
use super::{Admission, Change, Kind};
use crate::failure::Outcome;
use crate::{meta, names};

pub(super) const KIND: Kind = Kind {
    defaults,
    admit,
    prepare_create: |object| {
        let mut all = crate::schema::strings(object["spec"].get("finalizers"));
        if !all.iter().any(|it| it == "kubernetes") {
            all.push("kubernetes".to_owned());
        }
        object["spec"]["finalizers"] = json!(all);
        object["status"] = json!({"phase": "Active"});
    },
    check,
    ..Kind::plain("", "namespaces")
};

/// What a namespace waits for is changed through `finalize` alone.
fn admit(admission: &Admission<'_>, namespace: &mut Value) -> Outcome<()> {
    if let (Some(old), "" | "status") = (admission.old, admission.subresource) {
        namespace["spec"] = old["spec"].clone();
    }
    Ok(())
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    let at = At::new("spec.finalizers");
    for (index, it) in crate::schema::strings(change.new["spec"].get("finalizers")).iter().enumerate() {
        for problem in names::qualified_problems(it) {
            causes.invalid(&at.index(index), it.as_str(), &problem);
        }
        if !it.contains('/') && it != "kubernetes" {
            let say = "name is neither a standard finalizer name nor is it fully qualified";
            causes.invalid(&at.index(index), it.as_str(), say);
        }
    }
    let (phase, at) = (&change.new["status"]["phase"], At::new("status.Phase"));
    let deleting = meta::is_deleting(change.new);
    if change.subresource == "status" && (phase == "Terminating") != deleting {
        let (only, state) = if deleting { ("Terminating", "not empty") } else { ("Active", "empty") };
        causes.invalid(
            &at,
            phase.clone(),
            &format!("may only be '{only}' if `deletionTimestamp` is {state}"),
        );
    }
}

fn defaults(object: &mut Value) {
    let name = meta::name(object).to_owned();
    if !name.is_empty() {
        object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name.into();
    }
}
