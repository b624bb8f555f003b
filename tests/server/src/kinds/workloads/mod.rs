//! Workloads: kinds that hold a template of pods. What their templates, selectors and numbers have in common.
//!
//! A kind is in a module of its own; the rules of a pod's spec are in `podspec`.

mod controller_revision;
mod cron_job;
mod daemon_set;
mod deployment;
mod job;
mod job_rules;
mod pod_template;
mod replication_controller;
mod schedule;
mod stateful_set;

use serde_json::Value;

use super::causes::{At, Causes};
use super::difference;
use super::formats;
use super::look::{has, list, map, text};
use super::rules::NOT_NEGATIVE;
use super::selectors;
use super::{Change, Kind, TypeDefaults, podspec};

pub(super) const KINDS: &[&Kind] = &[
    &controller_revision::KIND,
    &cron_job::KIND,
    &daemon_set::KIND,
    &deployment::KIND,
    &deployment::REPLICA_SET,
    &job::KIND,
    &pod_template::KIND,
    &replication_controller::KIND,
    &stateful_set::KIND,
];

pub(super) const TYPE_DEFAULTS: TypeDefaults = &[
    ("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", daemon_set::strategy_defaults),
    ("io.k8s.api.apps.v1.DeploymentStrategy", deployment::strategy_defaults),
    ("io.k8s.api.apps.v1.StatefulSetUpdateStrategy", stateful_set::strategy_defaults),
];

/// What a kind's selector has to be.
struct Selector {
    /// How the message about an empty one calls the kind.
    kind: &'static str,
    required: bool,
    /// What is said about one that cannot be read; empty says nothing.
    unreadable: Option<&'static str>,
}

/// The selector of a workload and the labels of its template.
fn selector(spec: &Value, at: &At, rules: &Selector, causes: &mut Causes) {
    let selector = &spec["selector"];
    let at_selector = at.field("selector");
    let shown = || difference::shown("LabelSelector", selector);
    if selector.is_null() {
        if rules.required {
            causes.required(&at_selector, "");
        }
    } else if selectors::is_empty(selector) {
        let say = format!("empty selector is invalid for {}", rules.kind);
        return causes.invalid_shown(&at_selector, &shown(), &say);
    } else if !is_readable(selector) {
        if let Some(say) = rules.unreadable {
            causes.invalid_shown(&at_selector, &shown(), say);
        }
        return;
    }
    matches_template(spec, at, !selector.is_null() && selectors::matches(selector, labels(spec)), causes);
}

fn labels(spec: &Value) -> &Value {
    &spec["template"]["metadata"]["labels"]
}

/// The complaint about a template whose pods the selector would not find.
fn matches_template(spec: &Value, at: &At, matches: bool, causes: &mut Causes) {
    if !matches {
        let at = at.field("template").field("metadata").field("labels");
        causes.invalid(&at, labels(spec).clone(), "`selector` does not match template `labels`");
    }
}

fn is_readable(selector: &Value) -> bool {
    let mut causes = Causes::default();
    for it in list(selector, "matchExpressions") {
        selectors::requirement(it, &At::default(), &mut causes);
        let problems = crate::names::qualified_problems(text(it, "key"));
        if !problems.is_empty() {
            return false;
        }
    }
    formats::labels(&selector["matchLabels"], &At::default(), &mut causes);
    causes.is_empty()
}

/// A template of pods: its metadata and what no template may have. `at` is where it stands.
fn template(template: &Value, at: &At, causes: &mut Causes) {
    formats::labels(&template["metadata"]["labels"], &at.field("labels"), causes);
    formats::annotations(&template["metadata"]["annotations"], &at.field("annotations"), causes);
    if has(&template["spec"], "ephemeralContainers") {
        let at = at.field("spec").field("ephemeralContainers");
        causes.forbidden(&at, "ephemeral containers not allowed in pod template");
    }
}

/// A template of pods that run until they are told to go.
fn running_template(spec: &Value, at: &At, kind: &str, causes: &mut Causes) {
    let (pod, here) = (&spec["template"], at.field("template"));
    template(pod, &here, causes);
    let policy = text(&pod["spec"], "restartPolicy");
    if matches!(policy, "OnFailure" | "Never") {
        causes.unsupported(&here.field("spec").field("restartPolicy"), policy, &["Always"]);
    }
    if has(&pod["spec"], "activeDeadlineSeconds") {
        let say = format!("activeDeadlineSeconds in {kind} is not Supported");
        causes.forbidden(&here.field("spec").field("activeDeadlineSeconds"), &say);
    }
}

/// The warnings about the template of a workload.
fn warn_of_template(change: &Change<'_>, out: &mut Vec<String>) {
    let template = &change.new["spec"]["template"];
    let same = change.old.is_some_and(|old| old["spec"]["template"] == *template);
    if change.subresource.is_empty() && !same {
        podspec::warnings::collect(template, &At::new("spec.template"), out);
    }
}

/// Members that never change, each with the type that it is shown as.
fn immutable(change: &Change<'_>, members: &[(&str, &str)], causes: &mut Causes) {
    let (Some(old), true) = (change.old, change.subresource.is_empty()) else { return };
    for (name, kind) in members {
        let (new, old) = (&change.new["spec"][*name], &old["spec"][*name]);
        if new != old {
            let at = At::new("spec").field(name);
            causes.invalid_shown(&at, &difference::shown(kind, new), "field is immutable");
        }
    }
}

/// Numbers of a status: none negative.
fn counts(status: &Value, names: &[&str], causes: &mut Causes) {
    for name in names {
        if let Some(number) = status[*name].as_i64().filter(|it| *it < 0) {
            causes.invalid(&At::new("status").field(name), number, NOT_NEGATIVE);
        }
    }
}

/// Numbers of a status that are at most another.
fn at_most(status: &Value, names: &[&str], most: &str, words: &str, causes: &mut Causes) {
    let number = |name: &str| status[name].as_i64().unwrap_or(0);
    for name in names.iter().filter(|it| number(it) > number(most)) {
        let say = format!("cannot be greater than {words}");
        causes.invalid(&At::new("status").field(name), number(name), &say);
    }
}

/// A number of pods or a share of them.
fn share(value: &Value, at: &At, causes: &mut Causes) {
    match value {
        Value::String(text) if percents(text).is_none() => {
            let say = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used \
                       for validation is '[0-9]+%')";
            causes.invalid(at, text.as_str(), say);
        }
        Value::Number(it) if it.as_i64().is_some_and(|it| it < 0) => {
            causes.invalid(at, value.clone(), NOT_NEGATIVE);
        }
        _ => {}
    }
}

fn at_most_all(value: &Value, at: &At, causes: &mut Causes) {
    if value.as_str().and_then(percents).is_some_and(|it| it > 100) {
        causes.invalid(at, value.clone(), "must not be greater than 100%");
    }
}

fn percents(text: &str) -> Option<u64> {
    let digits = text.strip_suffix('%')?;
    (!digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()))
        .then(|| digits.parse().unwrap_or(u64::MAX))
}

/// How much a share is, as far as it can be told without knowing of what.
fn amount(value: &Value) -> i64 {
    match value.as_str() {
        Some(text) => percents(text).map_or_else(|| text.parse().unwrap_or(0), |it| it.cast_signed()),
        None => value.as_i64().unwrap_or(0),
    }
}

/// Gives an object the labels of a template when it has none.
fn copy_labels(object: &mut Value, of: &Value) {
    let has_own = map(&object["metadata"], "labels").next().is_some();
    if !has_own && of.as_object().is_some_and(|it| !it.is_empty()) {
        object["metadata"]["labels"] = of.clone();
    }
}
