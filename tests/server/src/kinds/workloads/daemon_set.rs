//! Daemon sets.

use serde_json::{Map, Value, json};

use super::super::causes::{At, Causes};
use super::super::look::{has, text};
use super::super::{Change, Kind, difference};
use super::{Selector, amount, at_most_all, counts, immutable, running_template, selector, share};

pub(super) const KIND: Kind = Kind {
    generations: true,
    defaults: |object| {
        // How often the template changed, from before generations were counted.
        if !has(&object["metadata"]["annotations"], TEMPLATE_GENERATION) {
            object["metadata"]["annotations"][TEMPLATE_GENERATION] = "0".into();
        }
    },
    prepare_create: |object| object["metadata"]["annotations"][TEMPLATE_GENERATION] = "1".into(),
    prepare_update,
    check,
    warn: super::warn_of_template,
    ..Kind::plain("apps", "daemonsets")
};

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

const SELECTOR: Selector = Selector { kind: "daemonset", required: false, unreadable: None };

/// `DaemonSetUpdateStrategy`.
pub(super) fn strategy_defaults(strategy: &mut Map<String, Value>) {
    if strategy.get("type").and_then(Value::as_str) != Some("RollingUpdate") {
        return;
    }
    let numbers = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
    for (name, number) in [("maxUnavailable", 1), ("maxSurge", 0)] {
        if !has(numbers, name) {
            numbers[name] = number.into();
        }
    }
}

fn prepare_update(new: &mut Value, old: &Value, _: &str) {
    let before = text(&old["metadata"]["annotations"], TEMPLATE_GENERATION);
    let mut count: i64 = before.parse().unwrap_or(0);
    if new["spec"]["template"] != old["spec"]["template"] {
        count += 1;
    }
    new["metadata"]["annotations"][TEMPLATE_GENERATION] = count.to_string().into();
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        let names = [
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
        ];
        return counts(&change.new["status"], &names, causes);
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    selector(spec, &at, &SELECTOR, causes);
    running_template(spec, &at, "DaemonSet", causes);
    strategy(&spec["updateStrategy"], &at.field("updateStrategy"), causes);
    immutable(change, &[("selector", "LabelSelector")], causes);
}

fn strategy(strategy: &Value, at: &At, causes: &mut Causes) {
    let (numbers, here) = (&strategy["rollingUpdate"], at.field("rollingUpdate"));
    match text(strategy, "type") {
        "OnDelete" => {}
        "RollingUpdate" => {
            let (less, more) = (&numbers["maxUnavailable"], &numbers["maxSurge"]);
            let (at_less, at_more) = (here.field("maxUnavailable"), here.field("maxSurge"));
            for (value, at) in [(less, &at_less), (more, &at_more)] {
                share(value, at, causes);
                at_most_all(value, at, causes);
            }
            match (amount(less) != 0, amount(more) != 0) {
                (true, true) => {
                    let say = "may not be set when maxUnavailable is non-zero";
                    causes.invalid(&at_more, more.clone(), say);
                }
                (false, false) => causes.required(&at_less, "cannot be 0 when maxSurge is 0"),
                _ => {}
            }
        }
        _ => {
            let shown = difference::shown("DaemonSetUpdateStrategy", strategy);
            causes.unsupported_shown(at, &shown, &["RollingUpdate", "OnDelete"]);
        }
    }
}
