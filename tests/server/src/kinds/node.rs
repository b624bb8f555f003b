//! Nodes: the taint of a new one, ranges of addresses for its pods, what is set once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::address::{self, Range};
use super::causes::{At, Causes};
use super::words::{check_form, check_word, drop_member, items, text, texts};
use super::{Admission, Change, Kind};
use crate::failure::{Cause, Outcome};
use crate::names;

const NOT_READY: &str = "node.kubernetes.io/not-ready";

pub(super) const KIND: Kind = Kind { defaults, admit, check, ..Kind::plain("", "nodes") };

/// What can be used is all there is unless it is said, and the two forms of the range say the same.
fn defaults(node: &mut Value) {
    if let Some(capacity) = node["status"].get("capacity").filter(|it| it.is_object()).cloned() {
        let allocatable = &mut node["status"]["allocatable"];
        if allocatable.as_object().is_none_or(serde_json::Map::is_empty) {
            *allocatable = capacity;
        }
    }
    let Some(spec) = node.get_mut("spec").filter(|it| it.is_object()) else { return };
    let one = text(spec, "podCIDR").to_owned();
    let all: Vec<String> = texts(spec, "podCIDRs").into_iter().map(str::to_owned).collect();
    match (one.is_empty(), all.first()) {
        (false, None) => spec["podCIDRs"] = json!([one]),
        (true, Some(first)) => spec["podCIDR"] = first.as_str().into(),
        (true, None) => {
            drop_member(spec, "podCIDR");
            drop_member(spec, "podCIDRs");
        }
        _ => {}
    }
}

/// A new node is not ready.
fn admit(admission: &Admission<'_>, node: &mut Value) -> Outcome<()> {
    if admission.old.is_none() {
        let mut taints = items(&node["spec"], "taints").to_vec();
        if !taints.iter().any(|it| text(it, "key") == NOT_READY && text(it, "effect") == "NoSchedule") {
            taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
        }
        node["spec"]["taints"] = taints.into();
    }
    Ok(())
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        return;
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    check_taints(spec, causes);
    let ranges = texts(spec, "podCIDRs");
    let ranges_at = at.field("podCIDRs");
    for (index, range) in ranges.iter().enumerate() {
        address::check_range(range, &ranges_at.index(index), causes);
    }
    let families: Vec<&str> = ranges.iter().filter_map(|it| Range::parse(it)).map(Range::family).collect();
    if ranges.len() > 2 || (ranges.len() == 2 && families.first() == families.get(1)) {
        let say = "may specify no more than one CIDR for each IP family";
        causes.invalid(&ranges_at, ranges.clone(), say);
    }
    let Some(old) = change.old.map(|it| &it["spec"]) else { return };
    if !items(old, "podCIDRs").is_empty() && ranges != texts(old, "podCIDRs") {
        causes.forbidden(&ranges_at, "node updates may not change podCIDR except from \"\" to valid");
    }
    let provider = text(old, "providerID");
    if !provider.is_empty() && provider != text(spec, "providerID") {
        causes.invalid(&at.field("providerID"), Value::Null, "field cannot be modified once set");
    }
}

fn check_taints(spec: &Value, causes: &mut Causes) {
    let mut seen = BTreeSet::new();
    for (index, taint) in items(spec, "taints").iter().enumerate() {
        // The path that the real server names.
        let at = At::new("metadata.taints").index(index);
        let (key, effect, value) = (text(taint, "key"), text(taint, "effect"), text(taint, "value"));
        check_form(key, &at.field("key"), names::qualified_problems, causes);
        if let Some(problem) = names::label_value_problem(value) {
            causes.invalid(&at.field("value"), value, problem);
        }
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        check_word(&taint["effect"], &at.field("effect"), &effects, causes);
        if !seen.insert((key, effect)) {
            let part = |it: &str| Value::from(it);
            let message = format!(
                "Duplicate value: {{\"Key\":{},\"Value\":{},\"Effect\":{},\"TimeAdded\":{}}}: taints must be unique by key and effect pair",
                part(key),
                part(value),
                part(effect),
                taint["timeAdded"]
            );
            causes.0.push(Cause { reason: "FieldValueDuplicate", field: (&at).into(), message });
        }
    }
}
