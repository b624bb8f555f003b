//! Deployments and replica sets.

use serde_json::{Map, Value, json};

use super::super::causes::{At, Causes};
use super::super::look::{has, text};
use super::super::{Change, Kind, difference};
use super::{Selector, amount, at_most, at_most_all, counts, immutable, running_template, selector, share};

pub(super) const KIND: Kind = Kind {
    generations: true,
    check: check_deployment,
    warn: super::warn_of_template,
    ..Kind::plain("apps", "deployments")
};

pub(super) const REPLICA_SET: Kind = Kind {
    generations: true,
    check: check_replica_set,
    warn: super::warn_of_template,
    ..Kind::plain("apps", "replicasets")
};

/// The real server calls the one like the other here.
const SELECTOR: Selector =
    Selector { kind: "deployment", required: true, unreadable: Some("invalid label selector") };

/// `DeploymentStrategy`.
pub(super) fn strategy_defaults(strategy: &mut Map<String, Value>) {
    if strategy.get("type").and_then(Value::as_str) != Some("RollingUpdate") {
        return;
    }
    let numbers = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
    for name in ["maxUnavailable", "maxSurge"] {
        if !has(numbers, name) {
            numbers[name] = "25%".into();
        }
    }
}

fn check_deployment(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        return check_status(&change.new["status"], causes);
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    selector(spec, &at, &SELECTOR, causes);
    running_template(spec, &at, "ReplicaSet", causes);
    strategy(&spec["strategy"], &at.field("strategy"), causes);
    let ready = spec["minReadySeconds"].as_i64().unwrap_or(0);
    if let Some(deadline) = spec["progressDeadlineSeconds"].as_i64().filter(|it| *it <= ready) {
        causes.invalid(
            &at.field("progressDeadlineSeconds"),
            deadline,
            "must be greater than minReadySeconds",
        );
    }
    immutable(change, &[("selector", "LabelSelector")], causes);
}

fn strategy(strategy: &Value, at: &At, causes: &mut Causes) {
    let (numbers, here) = (&strategy["rollingUpdate"], at.field("rollingUpdate"));
    match text(strategy, "type") {
        "Recreate" if !numbers.is_null() => {
            causes.forbidden(&here, "may not be specified when strategy `type` is 'Recreate'");
        }
        "Recreate" => {}
        "RollingUpdate" => {
            let (less, more) = (&numbers["maxUnavailable"], &numbers["maxSurge"]);
            let at = here.field("maxUnavailable");
            share(less, &at, causes);
            share(more, &here.field("maxSurge"), causes);
            if amount(less) == 0 && amount(more) == 0 {
                causes.invalid(&at, less.clone(), "may not be 0 when `maxSurge` is 0");
            }
            at_most_all(less, &at, causes);
        }
        _ => causes.unsupported_shown(
            at,
            &difference::shown("DeploymentStrategy", strategy),
            &["Recreate", "RollingUpdate"],
        ),
    }
}

fn check_status(status: &Value, causes: &mut Causes) {
    let parts = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    counts(status, &["observedGeneration", "replicas", "unavailableReplicas", "terminatingReplicas"], causes);
    counts(status, &parts, causes);
    at_most(status, &parts, "replicas", "status.replicas", causes);
    at_most(status, &["availableReplicas"], "readyReplicas", "readyReplicas", causes);
}

fn check_replica_set(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        return check_replicas(&change.new["status"], causes);
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    selector(spec, &at, &SELECTOR, causes);
    running_template(spec, &at, "ReplicaSet", causes);
    immutable(change, &[("selector", "LabelSelector")], causes);
}

/// The status of replica sets and of what came before them.
pub(super) fn check_replicas(status: &Value, causes: &mut Causes) {
    let parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    counts(status, &["replicas", "observedGeneration", "terminatingReplicas"], causes);
    counts(status, &parts, causes);
    at_most(status, &parts, "replicas", "status.replicas", causes);
    at_most(status, &["availableReplicas"], "readyReplicas", "readyReplicas", causes);
}
