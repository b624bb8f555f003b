//! Pods: what a create sets.

use serde_json::{Value, json};

use super::Kind;

pub(super) const KIND: Kind = Kind {
    generations: true,
    answers_with_object: true,
    selectable: &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ],
    prepare_create: |pod| pod["status"] = json!({"phase": "Pending", "qosClass": quality(pod)}),
    ..Kind::plain("", "pods")
};

/// The quality-of-service class, as far as it follows from the containers alone.
fn quality(pod: &Value) -> &'static str {
    let containers = pod["spec"]["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of =
        |container: &Value, key: &str| container["resources"][key].as_object().cloned().unwrap_or_default();
    if containers.iter().all(|it| of(it, "requests").is_empty() && of(it, "limits").is_empty()) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|it| {
        let (limits, requests) = (of(it, "limits"), of(it, "requests"));
        ["cpu", "memory"].iter().all(|key| {
            limits.contains_key(*key) && requests.get(*key).is_none_or(|it| Some(it) == limits.get(*key))
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}
