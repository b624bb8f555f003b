//! Stateful sets.

use serde_json::{Map, Value, json};

use super::super::causes::{At, Causes};
use super::super::look::{has, text};
use super::super::{Change, Kind, difference};
use super::{Selector, amount, at_most, at_most_all, counts, immutable, running_template, selector, share};

pub(super) const KIND: Kind = Kind {
    generations: true,
    defaults: claims,
    check,
    warn: super::warn_of_template,
    ..Kind::plain("apps", "statefulsets")
};

const SELECTOR: Selector = Selector { kind: "statefulset", required: true, unreadable: Some("") };

/// `StatefulSetUpdateStrategy`.
pub(super) fn strategy_defaults(strategy: &mut Map<String, Value>) {
    if !strategy.contains_key("type") {
        strategy.insert("type".to_owned(), "RollingUpdate".into());
        strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
    }
    let is_rolling = strategy.get("type").and_then(Value::as_str) == Some("RollingUpdate");
    if let (true, Some(numbers)) = (is_rolling, strategy.get_mut("rollingUpdate").filter(|it| it.is_object()))
    {
        for (name, number) in [("partition", 0), ("maxUnavailable", 1)] {
            if !has(numbers, name) {
                numbers[name] = number.into();
            }
        }
    }
}

/// Templates of claims are whole objects, and are written as such.
fn claims(object: &mut Value) {
    let all = object["spec"].get_mut("volumeClaimTemplates").and_then(Value::as_array_mut);
    for claim in all.into_iter().flatten() {
        claim["apiVersion"] = "v1".into();
        claim["kind"] = "PersistentVolumeClaim".into();
        if !has(&claim["status"], "phase") {
            claim["status"]["phase"] = "Pending".into();
        }
    }
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        return check_status(&change.new["status"], causes);
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    match text(spec, "podManagementPolicy") {
        "OrderedReady" | "Parallel" => {}
        other => {
            let say = "must be 'OrderedReady' or 'Parallel'";
            causes.invalid(&at.field("podManagementPolicy"), other, say);
        }
    }
    strategy(&spec["updateStrategy"], &at.field("updateStrategy"), causes);
    selector(spec, &at, &SELECTOR, causes);
    running_template(spec, &at, "StatefulSet", causes);
    let fixed = [
        ("selector", "LabelSelector"),
        ("serviceName", ""),
        ("podManagementPolicy", ""),
        ("volumeClaimTemplates", "PersistentVolumeClaim"),
    ];
    immutable(change, &fixed, causes);
}

fn strategy(strategy: &Value, at: &At, causes: &mut Causes) {
    let (numbers, here) = (&strategy["rollingUpdate"], at.field("rollingUpdate"));
    match text(strategy, "type") {
        "" => causes.required(at, ""),
        "OnDelete" if !numbers.is_null() => {
            let shown = difference::shown("RollingUpdateStatefulSetStrategy", numbers);
            causes.invalid_shown(&here, &shown, "only allowed for updateStrategy 'RollingUpdate'");
        }
        "OnDelete" => {}
        "RollingUpdate" if !numbers.is_null() => {
            let (value, at) = (&numbers["maxUnavailable"], here.field("maxUnavailable"));
            share(value, &at, causes);
            if !value.is_null() && amount(value) == 0 {
                causes.invalid(&at, value.clone(), "cannot be 0");
            }
            at_most_all(value, &at, causes);
        }
        "RollingUpdate" => {}
        _ => {
            let shown = difference::shown("StatefulSetUpdateStrategy", strategy);
            causes.invalid_shown(at, &shown, "must be 'RollingUpdate', 'OnDelete', or 'Recreate'");
        }
    }
}

fn check_status(status: &Value, causes: &mut Causes) {
    let parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    counts(status, &["replicas", "observedGeneration", "collisionCount"], causes);
    counts(status, &parts, causes);
    at_most(status, &parts, "replicas", "status.replicas", causes);
    at_most(status, &["availableReplicas"], "readyReplicas", "status.readyReplicas", causes);
}
