//! What the status of a pod may say, and what of it stays when nothing is said.

use serde_json::Value;

use super::super::causes::{At, Causes};
use super::super::formats;
use super::super::look::{has, list, text};

/// The real server keeps these when a status does without them.
const KEPT: &[&str] = &[
    "qosClass",
    "resourceClaimStatuses",
    "extendedResourceClaimStatus",
    "nodeAllocatableResourceClaimStatuses",
    "observedGeneration",
];

pub(super) fn prepare(new: &mut Value, old: &Value) {
    if !new["status"].is_object() {
        new["status"] = serde_json::json!({});
    }
    for field in KEPT {
        if !has(&new["status"], field) && has(&old["status"], field) {
            new["status"][*field] = old["status"][*field].clone();
        }
    }
    let old_conditions = list(&old["status"], "conditions").to_vec();
    let conditions = new["status"].get_mut("conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten().filter(|it| !has(it, "observedGeneration")) {
        let same = old_conditions.iter().find(|it| it["type"] == condition["type"]);
        if let Some(generation) = same.map(|it| &it["observedGeneration"]).filter(|it| !it.is_null()) {
            condition["observedGeneration"] = generation.clone();
        }
    }
}

pub(super) fn check(pod: &Value, old: &Value, causes: &mut Causes) {
    let (status, was, at) = (&pod["status"], &old["status"], At::new("status"));
    for (index, condition) in list(status, "conditions").iter().enumerate() {
        let (kind, at) = (text(condition, "type"), at.field("conditions").index(index));
        if condition["observedGeneration"].as_i64().is_some_and(|it| it < 0) {
            let value = condition["observedGeneration"].clone();
            causes.invalid(&at.field("observedGeneration"), value, "must be a non-negative integer");
        }
        if matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            continue;
        }
        for problem in crate::names::qualified_problems(kind) {
            causes.invalid(&at.field("Type"), kind, &problem);
        }
    }
    let node = text(status, "nominatedNodeName");
    if !node.is_empty() && node != text(was, "nominatedNodeName") {
        let at = at.field("nominatedNodeName");
        for problem in crate::names::subdomain_problems(node) {
            causes.invalid(&at, node, &problem);
        }
        if has(&old["spec"], "nodeName") {
            causes.forbidden(&at, "may not be set on pods that are already bound to a node");
        }
    }
    if let Some(generation) = status["observedGeneration"].as_i64().filter(|it| *it < 0) {
        causes.invalid(&at.field("observedGeneration"), generation, "must be a non-negative integer");
    }
    if status["qosClass"] != was["qosClass"] {
        causes.invalid(&at.field("qosClass"), status["qosClass"].clone(), "field is immutable");
    }
    for (field, containers) in [
        ("containerStatuses", "containers"),
        ("initContainerStatuses", "initContainers"),
        ("ephemeralContainerStatuses", ""),
    ] {
        transitions(status, was, &old["spec"], field, containers, causes);
    }
    addresses(status, "podIP", "podIPs", &at, causes);
    addresses(status, "hostIP", "hostIPs", &at, causes);
}

/// A container that ended and does not start again stays ended.
fn transitions(new: &Value, old: &Value, spec: &Value, field: &str, containers: &str, causes: &mut Causes) {
    for (index, was) in list(old, field).iter().enumerate() {
        let (name, ended) = (text(was, "name"), &was["state"]["terminated"]);
        let now = list(new, field).iter().find(|it| text(it, "name") == name);
        let (false, Some(now)) = (ended.is_null(), now) else { continue };
        if has(&now["state"], "terminated") {
            continue;
        }
        let container = list(spec, containers).iter().find(|it| text(it, "name") == name);
        let own = container.map(|it| text(it, "restartPolicy")).filter(|it| !it.is_empty());
        let failed = ended["exitCode"].as_i64().unwrap_or(0) != 0;
        let starts_again = match own.unwrap_or_else(|| text(spec, "restartPolicy")) {
            _ if containers.is_empty() => false,
            "Never" => false,
            "OnFailure" => failed,
            _ => true,
        };
        if !starts_again {
            let at = At::new("status").field(field).index(index).field("state");
            causes.forbidden(&at, "may not be transitioned to non-terminated state");
        }
    }
}

fn addresses(status: &Value, one: &str, many: &str, at: &At, causes: &mut Causes) {
    let all: Vec<&str> = list(status, many).iter().map(|it| text(it, "ip")).collect();
    let Some(first) = all.first() else { return };
    let at = at.field(many);
    if *first != text(status, one) {
        causes.invalid(&at.index(0).field("ip"), *first, &format!("must be equal to `{one}`"));
    }
    for (index, ip) in all.iter().enumerate() {
        for problem in formats::problems("ip", ip) {
            causes.invalid(&at.index(index), *ip, &problem);
        }
    }
    let sixes = all.iter().filter(|it| it.contains(':')).count();
    if all.len() > 1 && (all.len() > 2 || sixes != 1) {
        let shown: Value = all.iter().map(|it| serde_json::json!({ "IP": it })).collect();
        causes.invalid(&at, shown, "may specify no more than one IP for each IP family");
    }
}
