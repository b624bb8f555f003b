//! HorizontalPodAutoscalers as they are stored (v2): their defaults and rules.

use serde_json::{Map, Value, json};

use super::causes::{At, Causes};
use super::quantity::Quantity;
use super::words::{Members as _, check_form, check_word, items, text};
use super::{Change, Kind};
use crate::names;

/// The sources of metrics, the member of each, and which targets it may have.
const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

pub(super) const KIND: Kind =
    Kind { generations: true, check, ..Kind::plain("autoscaling", "horizontalpodautoscalers") };

/// Without metrics it is the CPU that counts; a behavior is filled up.
pub(crate) fn spec_defaults(spec: &mut Map<String, Value>) {
    if items(spec, "metrics").is_empty() {
        let cpu = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}});
        spec.insert("metrics".to_owned(), json!([cpu]));
    }
    let Some(behavior) = spec.get_mut("behavior").filter(|it| it.is_object()) else { return };
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let up = json!({
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, percent],
    });
    let down = json!({"selectPolicy": "Max", "policies": [percent]});
    for (field, mut rules) in [("scaleUp", up), ("scaleDown", down)] {
        for (key, value) in behavior[field].as_object().into_iter().flatten().filter(|(_, it)| !it.is_null())
        {
            rules[key.as_str()] = value.clone();
        }
        behavior[field] = rules;
    }
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        for field in ["currentReplicas", "desiredReplicas"] {
            if let Some(it) = change.new["status"][field].as_i64().filter(|it| *it < 0) {
                let at = At::new("status").field(field);
                causes.invalid(&at, it, "must be greater than or equal to 0");
            }
        }
        return;
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    let (least, most) = (spec["minReplicas"].as_i64(), spec["maxReplicas"].as_i64().unwrap_or(0));
    if let Some(it) = least.filter(|it| *it < 0) {
        causes.invalid(&at.field("minReplicas"), it, "must be greater than or equal to 0");
    }
    match most {
        0 => causes.required(&at.field("maxReplicas"), ""),
        ..0 => causes.invalid(&at.field("maxReplicas"), most, "must be greater than or equal to 1"),
        _ => {}
    }
    if least.is_some_and(|it| most < it) {
        causes.invalid(&at.field("maxReplicas"), most, "must be greater than or equal to `minReplicas`");
    }
    check_target_reference(&spec["scaleTargetRef"], &at.field("scaleTargetRef"), true, causes);
    let metrics = items(spec, "metrics");
    for (index, metric) in metrics.iter().enumerate() {
        check_metric(metric, &at.field("metrics").index(index), causes);
    }
    if least == Some(0) && !metrics.iter().any(|it| matches!(text(it, "type"), "Object" | "External")) {
        let say = "must specify at least one Object or External metric to support scaling to zero replicas";
        causes.forbidden(&at.field("metrics"), say);
    }
    for field in ["scaleUp", "scaleDown"] {
        let rules = &spec["behavior"][field];
        if rules.is_object() {
            check_rules(rules, &at.field("behavior").field(field), causes);
        }
    }
}

fn check_target_reference(reference: &Value, at: &At, grouped: bool, causes: &mut Causes) {
    for field in ["kind", "name"] {
        match text(reference, field) {
            "" => causes.required(&at.field(field), ""),
            it => check_form(it, &at.field(field), names::path_segment_problems, causes),
        }
    }
    let version = text(reference, "apiVersion");
    if version.matches('/').count() > 1 {
        let say = format!("unexpected GroupVersion string: {version}");
        causes.invalid(&at.field("apiVersion"), version, &say);
    } else if grouped && !version.contains('/') {
        causes.invalid(&at.field("apiVersion"), version, "apiVersion must specify API group");
    }
}

fn check_metric(metric: &Value, at: &At, causes: &mut Causes) {
    let kind = text(metric, "type");
    let Some((_, member)) = SOURCES.iter().find(|it| it.0 == kind) else {
        if kind.is_empty() {
            return causes.required(&at.field("type"), "must specify a metric source type");
        }
        return causes.unsupported(&at.field("type"), kind, &SOURCES.map(|it| it.0));
    };
    let source = &metric[*member];
    let at = at.field(member);
    if !source.is_object() {
        return causes.required(&at, "must populate information for the given metric source");
    }
    let target = &source["target"];
    let target_at = at.field("target");
    match kind {
        "Resource" | "ContainerResource" => {
            if text(source, "name").is_empty() {
                causes.required(&at.field("name"), "must specify a resource name");
            }
            if kind == "ContainerResource" && text(source, "container").is_empty() {
                causes.required(&at.field("container"), "must specify a container");
            }
        }
        _ => {
            if kind == "Object" {
                check_target_reference(
                    &source["describedObject"],
                    &at.field("describedObject"),
                    false,
                    causes,
                );
            }
            match text(&source["metric"], "name") {
                "" => causes.required(&at.field("metric").field("name"), "must specify a metric name"),
                it => check_form(it, &at.field("metric").field("name"), names::path_segment_problems, causes),
            }
        }
    }
    check_target(target, &target_at, causes);
    let has = |field: &str| !target.member(field).is_null();
    match kind {
        "Pods" if !has("averageValue") => {
            causes.required(&target_at.field("averageValue"), "must specify a positive target averageValue");
        }
        "Resource" | "ContainerResource" => match (has("averageUtilization"), has("averageValue")) {
            (false, false) => {
                let say = "must set either a target raw value or a target utilization";
                causes.required(&target_at.field("averageUtilization"), say);
            }
            (true, true) => {
                let say = "may not set both a target raw value and a target utilization";
                causes.forbidden(&target_at.field("averageValue"), say);
            }
            _ => {}
        },
        "Object" | "External" if !has("value") && !has("averageValue") => {
            let say = "must set either a target value for metric or a per-pod target";
            causes.required(&target_at.field("averageValue"), say);
        }
        _ => {}
    }
}

fn check_target(target: &Value, at: &At, causes: &mut Causes) {
    let kind = text(target, "type");
    if kind.is_empty() {
        causes.required(&at.field("type"), "must specify a metric target type");
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        causes.invalid(&at.field("type"), kind, "must be either Utilization, Value, or AverageValue");
    }
    for field in ["value", "averageValue"] {
        let amount = target[field].as_str().and_then(Quantity::parse);
        if amount.is_some_and(|it| it.is_negative() || it.is_zero()) {
            causes.invalid(&at.field(field), target[field].clone(), "must be positive");
        }
    }
    if let Some(it) = target["averageUtilization"].as_i64().filter(|it| *it < 1) {
        causes.invalid(&at.field("averageUtilization"), it, "must be greater than 0");
    }
}

fn check_rules(rules: &Value, at: &At, causes: &mut Causes) {
    let window = at.field("stabilizationWindowSeconds");
    match rules["stabilizationWindowSeconds"].as_i64() {
        Some(it) if it < 0 => causes.invalid(&window, it, "must be greater than or equal to zero"),
        Some(it) if it > 3600 => causes.invalid(&window, it, "must be less than or equal to 3600"),
        _ => {}
    }
    check_word(&rules["selectPolicy"], &at.field("selectPolicy"), &["Disabled", "Max", "Min"], causes);
    let policies = items(rules, "policies");
    if policies.is_empty() {
        causes.required(&at.field("policies"), "must specify at least one Policy");
    }
    for (index, policy) in policies.iter().enumerate() {
        let at = at.field("policies").index(index);
        check_word(&text(policy, "type").into(), &at.field("type"), &["Percent", "Pods"], causes);
        for field in ["value", "periodSeconds"] {
            let it = policy[field].as_i64().unwrap_or(0);
            if it <= 0 {
                causes.invalid(&at.field(field), it, "must be greater than zero");
            } else if field == "periodSeconds" && it > 1800 {
                causes.invalid(&at.field(field), it, "must be less than or equal to 1800");
            }
        }
    }
}
