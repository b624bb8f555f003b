//! What the spec of a job may say, in jobs and in cron jobs.

use serde_json::Value;

use super::super::causes::{At, Causes};
use super::super::look::{has, list, text};
use super::super::{difference, formats};
use crate::names;

const MOST_AT_ONCE: i64 = 100_000;

pub(super) fn check(spec: &Value, at: &At, causes: &mut Causes) {
    let number = |name: &str| spec[name].as_i64();
    let indexed = text(spec, "completionMode") == "Indexed";
    let (per_index, failed) = (number("backoffLimitPerIndex"), number("maxFailedIndexes"));
    if failed.is_some() && per_index.is_none() {
        causes.required(&at.field("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    }
    if indexed {
        if !has(spec, "completions") {
            causes.required(&at.field("completions"), "when completion mode is Indexed");
        }
        if let Some(many) = number("parallelism").filter(|it| *it > MOST_AT_ONCE) {
            let say = format!("must be less than or equal to {MOST_AT_ONCE} when completion mode is Indexed");
            causes.invalid(&at.field("parallelism"), many, &say);
        }
        if let (Some(failed), Some(all)) = (failed, number("completions"))
            && failed > all
        {
            causes.invalid(
                &at.field("maxFailedIndexes"),
                failed,
                "must be less than or equal to completions",
            );
        }
    } else {
        for (name, value) in [("backoffLimitPerIndex", per_index), ("maxFailedIndexes", failed)] {
            if let Some(value) = value {
                causes.invalid(&at.field(name), value, "requires indexed completion mode");
            }
        }
        if has(spec, "successPolicy") {
            let shown = difference::shown("SuccessPolicy", &spec["successPolicy"]);
            causes.invalid_shown(&at.field("successPolicy"), &shown, "requires indexed completion mode");
        }
    }
    if let Some(by) = spec["managedBy"].as_str() {
        managed_by(by, &at.field("managedBy"), causes);
    }
    if has(spec, "podFailurePolicy") {
        failure_policy(spec, &at.field("podFailurePolicy"), causes);
        let policy = text(spec, "podReplacementPolicy");
        if policy == "TerminatingOrFailed" {
            causes.unsupported(&at.field("podReplacementPolicy"), policy, &["Failed"]);
        }
    }
    super::template(&spec["template"], &at.field("template"), causes);
    let at = at.field("template").field("spec").field("restartPolicy");
    match text(&spec["template"]["spec"], "restartPolicy") {
        "" | "Always" => causes.required(&at, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if has(spec, "podFailurePolicy") => {
            let say = "only \"Never\" is supported when podFailurePolicy is specified";
            causes.invalid(&at, "OnFailure", say);
        }
        "OnFailure" | "Never" => {}
        other => causes.unsupported(&at, other, &["OnFailure", "Never"]),
    }
}

fn managed_by(by: &str, at: &At, causes: &mut Causes) {
    if by.is_empty() {
        return causes.required(at, "");
    }
    match by.split_once('/') {
        Some((host, path)) if !host.is_empty() && !path.is_empty() => {
            for problem in names::subdomain_problems(host) {
                causes.invalid(at, host, &problem);
            }
        }
        _ => causes.invalid(at, by, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
    if by.len() > 63 {
        causes.too_long(at, 63);
    }
}

fn failure_policy(spec: &Value, at: &At, causes: &mut Causes) {
    let rules = list(&spec["podFailurePolicy"], "rules");
    if rules.len() > 20 {
        causes.too_many(&at.field("rules"), rules.len(), 20);
    }
    for (index, rule) in rules.iter().enumerate() {
        let at = at.field("rules").index(index);
        match text(rule, "action") {
            "" => causes.required(
                &at.field("action"),
                "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]",
            ),
            "FailIndex" if !has(spec, "backoffLimitPerIndex") => {
                let say = "requires the backoffLimitPerIndex to be set";
                causes.invalid(&at.field("action"), "FailIndex", say);
            }
            "Count" | "FailIndex" | "FailJob" | "Ignore" => {}
            other => {
                causes.unsupported(&at.field("action"), other, &["Count", "FailIndex", "FailJob", "Ignore"]);
            }
        }
        let (codes, conditions) = (has(rule, "onExitCodes"), !list(rule, "onPodConditions").is_empty());
        if codes {
            exit_codes(&rule["onExitCodes"], &spec["template"]["spec"], &at.field("onExitCodes"), causes);
        }
        for (index, condition) in list(rule, "onPodConditions").iter().enumerate() {
            let at = at.field("onPodConditions").index(index);
            for problem in formats::problems("qualified-name", text(condition, "type")) {
                causes.invalid(&at.field("type"), text(condition, "type"), &problem);
            }
            let status = text(condition, "status");
            if !matches!(status, "True" | "False" | "Unknown") {
                causes.unsupported(&at.field("status"), status, &["False", "True", "Unknown"]);
            }
        }
        match (codes, conditions) {
            (true, true) => {
                let say = "specifying both OnExitCodes and OnPodConditions is not supported";
                causes.invalid_unshown(&at, say);
            }
            (false, false) => {
                let say = "specifying one of OnExitCodes and OnPodConditions is required";
                causes.invalid_unshown(&at, say);
            }
            _ => {}
        }
    }
}

fn exit_codes(codes: &Value, pod: &Value, at: &At, causes: &mut Causes) {
    let operator = text(codes, "operator");
    match operator {
        "In" | "NotIn" => {}
        "" => causes.required(&at.field("operator"), "valid values: [\"In\" \"NotIn\"]"),
        other => causes.unsupported(&at.field("operator"), other, &["In", "NotIn"]),
    }
    if let Some(name) = codes["containerName"].as_str() {
        let mut all = list(pod, "containers").iter().chain(list(pod, "initContainers"));
        if !all.any(|it| text(it, "name") == name) {
            let say = "must be one of the container or initContainer names in the pod template";
            causes.invalid(&at.field("containerName"), name, say);
        }
    }
    let (values, at) = (list(codes, "values"), at.field("values"));
    if values.is_empty() {
        causes.invalid(&at, Value::Array(Vec::new()), "at least one value is required");
    } else if values.len() > 255 {
        causes.too_many(&at, values.len(), 255);
    }
    let numbers: Vec<i64> = values.iter().filter_map(Value::as_i64).collect();
    for (index, number) in numbers.iter().enumerate() {
        if *number == 0 && operator == "In" {
            causes.invalid(&at.index(index), 0, "must not be 0 for the In operator");
        }
        if numbers.iter().take(index).any(|it| it == number) {
            causes.duplicate(&at.index(index), *number);
        }
    }
    if !numbers.is_sorted() {
        causes.invalid(&at, Value::Array(values.to_vec()), "must be ordered");
    }
}
