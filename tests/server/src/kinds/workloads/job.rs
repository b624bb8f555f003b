//! Jobs: defaults, the labels and the selector that the server makes, what may change.

use serde_json::{Map, Value};

use super::super::causes::{At, Causes};
use super::super::look::{flag, has, text};
use super::super::{Change, Kind, difference, selectors};
use super::{copy_labels, counts, job_rules, labels, matches_template};
use crate::meta;

pub(super) const KIND: Kind = Kind {
    generations: true,
    defaults,
    prepare_create,
    // The real server fills defaults in again when it reads the job back.
    finish: |job| {
        let labels = labels(&job["spec"]).clone();
        copy_labels(job, &labels);
    },
    check,
    warn: super::warn_of_template,
    ..Kind::plain("batch", "jobs")
};

const UID: &str = "batch.kubernetes.io/controller-uid";
const NAME: &str = "batch.kubernetes.io/job-name";
const OLD_UID: &str = "controller-uid";
const OLD_NAME: &str = "job-name";

fn defaults(job: &mut Value) {
    let labels = labels(&job["spec"]).clone();
    let Some(spec) = job.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let set = |spec: &mut Map<String, Value>, name: &str, value: Value| {
        spec.entry(name).or_insert(value);
    };
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        set(spec, "completions", 1.into());
    }
    set(spec, "parallelism", 1.into());
    let retries = if spec.contains_key("backoffLimitPerIndex") { i32::MAX } else { 6 };
    set(spec, "backoffLimit", retries.into());
    set(spec, "completionMode", "NonIndexed".into());
    set(spec, "suspend", false.into());
    set(spec, "manualSelector", false.into());
    let replacement = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    set(spec, "podReplacementPolicy", replacement.into());
    copy_labels(job, &labels);
}

/// Without a selector by hand the pods are told apart by the job's uid.
fn prepare_create(job: &mut Value) {
    if flag(&job["spec"], "manualSelector") {
        return;
    }
    let shared = job["metadata"]["labels"] == *labels(&job["spec"]);
    let (name, uid) = (meta::name(job).to_owned(), meta::text(job, "uid").to_owned());
    for (label, value) in [(OLD_NAME, &name), (NAME, &name), (OLD_UID, &uid), (UID, &uid)] {
        let place = &mut job["spec"]["template"]["metadata"]["labels"][label];
        if place.is_null() {
            *place = value.as_str().into();
        }
    }
    // The real server's defaults share the one map with the job.
    if shared && !job["metadata"]["labels"].is_null() {
        job["metadata"]["labels"] = labels(&job["spec"]).clone();
    }
    let selected = &mut job["spec"]["selector"]["matchLabels"][UID];
    if selected.is_null() {
        *selected = uid.into();
    }
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        return check_status(change, causes);
    }
    let (job, at) = (change.new, At::new("spec"));
    let spec = &job["spec"];
    job_rules::check(spec, &at, causes);
    let selector = &spec["selector"];
    if selector.is_null() {
        causes.required(&at.field("selector"), "");
    } else {
        matches_template(spec, &at, selectors::matches(selector, labels(spec)), causes);
    }
    if change.old.is_none() {
        generated(job, causes);
        let indexes = spec["completions"].as_i64().unwrap_or(1).saturating_sub(1).max(0);
        let is_indexed = text(spec, "completionMode") == "Indexed";
        let hostname = format!("{}-{indexes}", meta::name(job));
        if is_indexed && hostname.len() > 63 {
            for problem in crate::names::label_problems(&hostname) {
                causes.invalid(&At::new("metadata.name"), meta::name(job), &problem);
            }
        }
    }
    if let Some(old) = change.old {
        update(spec, &old["spec"], old, &at, causes);
    }
}

/// The selector and the labels are those that the server made.
fn generated(job: &Value, causes: &mut Causes) {
    let spec = &job["spec"];
    if flag(spec, "manualSelector") {
        return;
    }
    let (name, uid) = (meta::name(job), meta::text(job, "uid"));
    let expected = serde_json::json!({OLD_UID: uid, OLD_NAME: name, UID: uid, NAME: name});
    let at = At::new("spec.template.metadata.labels");
    for (label, value) in expected.as_object().into_iter().flatten() {
        if labels(spec)[label.as_str()] != *value {
            let say = format!("must be '{}'", value.as_str().unwrap_or_default());
            causes.invalid(&at, labels(spec).clone(), &say);
        }
    }
    if !selectors::matches(&spec["selector"], &expected) {
        let shown = difference::shown("LabelSelector", &spec["selector"]);
        causes.invalid_shown(&At::new("spec.selector"), &shown, "`selector` not auto-generated");
    }
}

fn update(spec: &Value, was: &Value, old: &Value, at: &At, causes: &mut Causes) {
    const FIXED: &[(&str, &str)] = &[
        ("selector", "LabelSelector"),
        ("completionMode", ""),
        ("podFailurePolicy", "PodFailurePolicy"),
        ("backoffLimitPerIndex", ""),
        ("managedBy", ""),
        ("successPolicy", "SuccessPolicy"),
    ];
    let (new, at_count) = (&spec["completions"], at.field("completions"));
    if *new != was["completions"] {
        if text(spec, "completionMode") != "Indexed" {
            causes.invalid(&at_count, new.clone(), "field is immutable");
        } else if *new != spec["parallelism"] && !new.is_null() {
            causes.invalid(&at_count, new.clone(), "can only be modified in tandem with spec.parallelism");
        }
    }
    for (name, kind) in FIXED.iter().filter(|(name, _)| spec[*name] != was[*name]) {
        let shown = difference::shown(kind, &spec[*name]);
        causes.invalid_shown(&at.field(name), &shown, "field is immutable");
    }
    let suspended = flag(was, "suspend");
    let mut expected = was["template"].clone();
    if suspended && !has(&old["status"], "startTime") {
        for field in ["nodeSelector", "tolerations", "schedulingGates"] {
            take(&mut expected["spec"], &spec["template"]["spec"], field);
        }
        for field in ["labels", "annotations"] {
            take(&mut expected["metadata"], &spec["template"]["metadata"], field);
        }
        let nodes = &spec["template"]["spec"]["affinity"]["nodeAffinity"];
        if !nodes.is_null() {
            expected["spec"]["affinity"]["nodeAffinity"] = nodes.clone();
        } else if let Some(affinity) = expected.pointer_mut("/spec/affinity").and_then(Value::as_object_mut) {
            affinity.remove("nodeAffinity");
        }
    }
    if suspended {
        let both = [&spec["template"]["spec"], &expected["spec"]].map(without_resources);
        if both[0] != both[1] {
            let shown = difference::shown("PodSpec", &spec["template"]["spec"]);
            causes.invalid_shown(&at.field("template.spec"), &shown, "field is immutable");
        }
    } else if spec["template"] != expected {
        let shown = difference::shown("PodTemplateSpec", &spec["template"]);
        causes.invalid_shown(&at.field("template"), &shown, "field is immutable");
    }
}

fn take(into: &mut Value, from: &Value, field: &str) {
    match from.get(field) {
        Some(value) => into[field] = value.clone(),
        None => {
            if let Some(all) = into.as_object_mut() {
                all.remove(field);
            }
        }
    }
}

fn without_resources(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for field in ["containers", "initContainers"] {
        for container in spec.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            take(container, &Value::Null, "resources");
        }
    }
    spec
}

fn check_status(change: &Change<'_>, causes: &mut Causes) {
    let (status, at) = (&change.new["status"], At::new("status"));
    let was = change.old.map_or(&Value::Null, |old| &old["status"]);
    counts(status, &["active", "succeeded", "failed", "ready", "terminating"], causes);
    for name in ["succeeded", "failed"] {
        let number = status[name].as_i64().unwrap_or(0);
        if number < was[name].as_i64().unwrap_or(0) {
            causes.invalid(&at.field(name), number, &format!("cannot decrease the {name} counter"));
        }
    }
    let holds = |kind: &str| {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|it| it["type"] == kind && it["status"] == "True")
    };
    let (complete, failed) = (holds("Complete"), holds("Failed"));
    let active = status["active"].as_i64().filter(|it| *it > 0 && (complete || failed));
    if let Some(active) = active {
        causes.invalid(&at.field("active"), active, "active>0 is invalid for finished job");
    }
    if complete && !has(status, "completionTime") {
        let say = "completionTime is required for Complete jobs";
        causes.required(&at.field("completionTime"), say);
    }
    let met = [(complete, "Complete", "SuccessCriteriaMet"), (failed, "Failed", "FailureTarget")];
    for (_, end, before) in met.iter().filter(|(ended, _, before)| *ended && !holds(before)) {
        let say = format!("cannot set {end}=True condition without the {before}=true condition");
        causes.invalid_unshown(&at.field("conditions"), &say);
    }
    let indexes = text(status, "completedIndexes");
    let most = change.new["spec"]["completions"].as_i64();
    if let Some(say) = most.and_then(|it| index_problem(indexes, it)) {
        let say = format!("error parsing completedIndexes: {say}");
        causes.invalid(&at.field("completedIndexes"), indexes, &say);
    }
    if !indexes.is_empty() && text(&change.new["spec"], "completionMode") != "Indexed" {
        let at = at.field("completedIndexes");
        let say = "cannot set non-empty completedIndexes when non-indexed completion mode";
        causes.invalid(&at, indexes, say);
    }
}

/// What is wrong with `1,3-5,7` as indexes below a number.
fn index_problem(text: &str, most: i64) -> Option<String> {
    let mut last = None;
    for part in text.split(',').filter(|it| !it.is_empty()) {
        let ends: Vec<&str> = part.split('-').collect();
        if ends.len() > 2 {
            return Some(format!("wrong format for interval: \"{part}\""));
        }
        for end in ends {
            let Ok(index) = end.parse::<i64>() else {
                return Some(format!("cannot convert string to integer for index: \"{end}\""));
            };
            if index >= most {
                return Some(format!("too large index: \"{end}\""));
            }
            if last.is_some_and(|it| index <= it) {
                let before = last.unwrap_or_default();
                return Some(format!("non-increasing order, previous: {before}, current: {index}"));
            }
            last = Some(index);
        }
    }
    None
}
