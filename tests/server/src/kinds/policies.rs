//! PodDisruptionBudgets, PriorityClasses, RuntimeClasses and Leases: small kinds with a few rules each.

use serde_json::Value;

use super::causes::{At, Causes};
use super::words::{IMMUTABLE, check_form, check_same, check_word, percent_problem, text};
use super::{Change, Kind};
use crate::failure::Cause;
use crate::names;

const HIGHEST_PRIORITY: i64 = 1_000_000_000;
/// The classes that the system has, with their values.
const SYSTEM_CLASSES: [(&str, i64); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

pub(super) const BUDGET: Kind =
    Kind { generations: true, check: check_budget, ..Kind::plain("policy", "poddisruptionbudgets") };

pub(super) const PRIORITY_CLASS: Kind = Kind {
    // The generation of a class is never counted.
    prepare_create: |class| class["metadata"]["generation"] = 1.into(),
    check: check_priority_class,
    ..Kind::plain("scheduling.k8s.io", "priorityclasses")
};

pub(super) const RUNTIME_CLASS: Kind =
    Kind { check: check_runtime_class, ..Kind::plain("node.k8s.io", "runtimeclasses") };

pub(super) const LEASE: Kind = Kind { check: check_lease, ..Kind::plain("coordination.k8s.io", "leases") };

fn check_budget(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        let at = At::new("status");
        for field in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
            if let Some(it) = change.new["status"][field].as_i64().filter(|it| *it < 0) {
                causes.invalid(&at.field(field), it, "must be greater than or equal to 0");
            }
        }
        return;
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    let (least, most) = (&spec["minAvailable"], &spec["maxUnavailable"]);
    if !least.is_null() && !most.is_null() {
        // A spec in the form that it has inside of the real server.
        let message = format!(
            "Invalid value: {{\"MinAvailable\":{least},\"Selector\":{},\"MaxUnavailable\":{most},\"UnhealthyPodEvictionPolicy\":{}}}: minAvailable and maxUnavailable cannot be both set",
            spec["selector"], spec["unhealthyPodEvictionPolicy"]
        );
        causes.0.push(Cause { reason: "FieldValueInvalid", field: (&at).into(), message });
    }
    for (value, at) in [(least, at.field("minAvailable")), (most, at.field("maxUnavailable"))] {
        check_share(value, &at, causes);
    }
    let policy = at.field("unhealthyPodEvictionPolicy");
    check_word(&spec["unhealthyPodEvictionPolicy"], &policy, &["AlwaysAllow", "IfHealthyBudget"], causes);
}

/// A number that is not negative, or a share of at most everything.
fn check_share(value: &Value, at: &At, causes: &mut Causes) {
    match value {
        Value::Number(it) if it.as_i64().is_some_and(|it| it < 0) => {
            causes.invalid(at, value.clone(), "must be greater than or equal to 0");
        }
        Value::String(it) => match percent_problem(it) {
            Some(problem) => causes.invalid(at, value.clone(), problem),
            None if it.trim_end_matches('%').parse::<u64>().is_ok_and(|it| it <= 100) => {}
            None => causes.invalid(at, value.clone(), "must not be greater than 100%"),
        },
        _ => {}
    }
}

fn check_priority_class(change: &Change<'_>, causes: &mut Causes) {
    let class = change.new;
    let (name, value) = (crate::meta::name(class), class["value"].as_i64().unwrap_or(0));
    check_word(
        &class["preemptionPolicy"],
        &At::new("preemptionPolicy"),
        &["PreemptLowerPriority", "Never"],
        causes,
    );
    if let Some(old) = change.old {
        if old["value"].as_i64().unwrap_or(0) != value {
            causes.forbidden(&At::new("value"), "may not be changed in an update.");
        }
        let at = At::new("preemptionPolicy");
        return check_same(&class["preemptionPolicy"], &old["preemptionPolicy"], &at, causes);
    }
    if name.starts_with("system-") {
        if !SYSTEM_CLASSES.contains(&(name, value)) {
            let say = format!(
                "priority class names with 'system-' prefix are reserved for system use only. error: {name} is not a known system priority class"
            );
            causes.forbidden(&At::new("metadata.name"), &say);
        }
    } else if value > HIGHEST_PRIORITY {
        let say = format!("maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}");
        causes.forbidden(&At::new("value"), &say);
    }
}

/// Whether a PriorityClass belongs to the system and stays.
pub(super) fn is_system_class(name: &str) -> bool {
    SYSTEM_CLASSES.iter().any(|(it, _)| *it == name)
}

fn check_runtime_class(change: &Change<'_>, causes: &mut Causes) {
    let (handler, at) = (text(change.new, "handler"), At::new("handler"));
    if change.old.is_some_and(|it| text(it, "handler") != handler) {
        return causes.invalid(&at, Value::Null, IMMUTABLE);
    }
    if handler.is_empty() {
        return causes.required(&at, "");
    }
    check_form(handler, &at, names::label_problems, causes);
}

fn check_lease(change: &Change<'_>, causes: &mut Causes) {
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    if let Some(it) = spec["leaseDurationSeconds"].as_i64().filter(|it| *it <= 0) {
        causes.invalid(&at.field("leaseDurationSeconds"), it, "must be greater than 0");
    }
    if let Some(it) = spec["leaseTransitions"].as_i64().filter(|it| *it < 0) {
        causes.invalid(&at.field("leaseTransitions"), it, "must be greater than or equal to 0");
    }
    let strategy = at.field("strategy").field("strategy");
    match spec["strategy"].as_str() {
        None if !text(spec, "preferredHolder").is_empty() => {
            causes.forbidden(&at.field("preferredHolder"), "may only be specified if `strategy` is defined");
        }
        None => {}
        // A strategy of somebody else has a domain.
        Some(it) if it.contains('/') => check_form(it, &strategy, names::qualified_problems, causes),
        Some(_) => check_word(&spec["strategy"], &strategy, &["OldestEmulationVersion"], causes),
    }
}
