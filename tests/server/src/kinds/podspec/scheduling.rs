//! Where a pod may run: tolerations, affinity, spreading, gates.

use serde_json::Value;

use crate::kinds::causes::{At, Causes};
use crate::kinds::look::{has, list, map, text};
use crate::kinds::selectors;
use crate::names;

/// `Toleration`.
pub(in crate::kinds) fn toleration(value: &Value, at: &At, causes: &mut Causes) {
    let (key, operator, given) = (text(value, "key"), text(value, "operator"), text(value, "value"));
    if key.is_empty() && operator != "Exists" {
        let say =
            "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        causes.invalid(&at.field("operator"), operator, say);
    }
    if has(value, "tolerationSeconds") && text(value, "effect") != "NoExecute" {
        let say = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        causes.invalid(&at.field("effect"), text(value, "effect"), say);
    }
    let at = at.field("operator");
    match operator {
        "" | "Equal" => {
            if let Some(problem) = names::label_value_problem(given) {
                causes.invalid(&at, given, problem);
            }
        }
        "Exists" if !given.is_empty() => {
            causes.invalid(&at, given, "value must be empty when `operator` is 'Exists'");
        }
        "Exists" => {}
        "Lt" | "Gt" => causes.unsupported(&at, operator, &["Equal", "Exists", "Lt", "Gt"]),
        other => causes.unsupported(&at, other, &["Equal", "Exists"]),
    }
}

/// `NodeSelectorTerm`.
pub(in crate::kinds) fn node_term(term: &Value, at: &At, causes: &mut Causes) {
    for (index, it) in list(term, "matchExpressions").iter().enumerate() {
        let at = at.field("matchExpressions").index(index);
        let values = list(it, "values");
        match text(it, "operator") {
            "Gt" | "Lt" if values.len() != 1 => {
                let say = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                causes.required(&at.field("values"), say);
            }
            "Gt" | "Lt" => {}
            other => causes.0.extend(selectors::operator(other, values.len(), &at.to_string())),
        }
        for problem in names::qualified_problems(text(it, "key")) {
            causes.invalid(&at.field("key"), text(it, "key"), &problem);
        }
    }
    for (index, it) in list(term, "matchFields").iter().enumerate() {
        let at = at.field("matchFields").index(index);
        let values = list(it, "values");
        match text(it, "operator") {
            "In" | "NotIn" if values.len() != 1 => {
                let say = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                causes.required(&at.field("values"), say);
            }
            "In" | "NotIn" => {}
            other => causes.invalid(&at.field("operator"), other, "not a valid selector operator"),
        }
        if text(it, "key") != "metadata.name" {
            causes.invalid(&at.field("key"), text(it, "key"), "not a valid field selector key");
            continue;
        }
        for (index, value) in values.iter().enumerate() {
            for problem in names::subdomain_problems(value.as_str().unwrap_or_default()) {
                causes.invalid(&at.field("values").index(index), value.clone(), &problem);
            }
        }
    }
}

/// `NodeSelector`: the values of what is required are those of labels.
pub(in crate::kinds) fn node_selector(selector: &Value, at: &At, causes: &mut Causes) {
    for (index, term) in list(selector, "nodeSelectorTerms").iter().enumerate() {
        for (which, it) in list(term, "matchExpressions").iter().enumerate() {
            let at = at.field("nodeSelectorTerms").index(index).field("matchExpressions").index(which);
            for (index, value) in list(it, "values").iter().enumerate() {
                if let Some(problem) = value.as_str().and_then(names::label_value_problem) {
                    causes.invalid(&at.field("values").index(index), value.clone(), problem);
                }
            }
        }
    }
}

/// `PodAffinityTerm`.
pub(in crate::kinds) fn pod_term(term: &Value, at: &At, causes: &mut Causes) {
    for name in list(term, "namespaces").iter().filter_map(Value::as_str) {
        for problem in names::label_problems(name) {
            causes.invalid(&at.field("namespace"), name, &problem);
        }
    }
    label_keys(term, at, causes);
}

/// `matchLabelKeys` and `mismatchLabelKeys` beside a selector.
fn label_keys(term: &Value, at: &At, causes: &mut Causes) {
    for field in ["matchLabelKeys", "mismatchLabelKeys"] {
        let keys = list(term, field);
        if keys.is_empty() {
            continue;
        }
        let at = at.field(field);
        if !has(term, "labelSelector") {
            causes.forbidden(&at, "must not be specified when labelSelector is not set");
            continue;
        }
        for (index, key) in keys.iter().enumerate() {
            for problem in names::qualified_problems(key.as_str().unwrap_or_default()) {
                causes.invalid(&at.index(index), key.clone(), &problem);
            }
        }
    }
    let selector = &term["labelSelector"];
    let mut asked: Vec<&str> = map(selector, "matchLabels").map(|(key, _)| key.as_str()).collect();
    for it in list(selector, "matchExpressions") {
        let key = text(it, "key");
        let place = list(term, "matchLabelKeys").iter().position(|it| it == key);
        if let Some(place) = place.filter(|_| asked.contains(&key)) {
            causes.invalid(&at.index(place), key, "exists in both matchLabelKeys and labelSelector");
        }
        asked.push(key);
    }
    let other = list(term, "mismatchLabelKeys");
    for (index, key) in list(term, "matchLabelKeys").iter().enumerate().filter(|(_, it)| other.contains(it)) {
        let say = "exists in both matchLabelKeys and mismatchLabelKeys";
        causes.invalid(&at.field("matchLabelKeys").index(index), key.clone(), say);
    }
}

/// Spreading and gates, whose items must differ.
pub(super) fn check_pod(spec: &Value, at: &At, causes: &mut Causes) {
    let spread = list(spec, "topologySpreadConstraints");
    for (index, it) in spread.iter().enumerate() {
        let at = at.field("topologySpreadConstraints").index(index);
        let (key, action) = (text(it, "topologyKey"), text(it, "whenUnsatisfiable"));
        let mut later = spread.iter().skip(index + 1);
        if later.any(|it| text(it, "topologyKey") == key && text(it, "whenUnsatisfiable") == action) {
            let shown = format!("{{{key}, {action}}}");
            causes.duplicate(&at.field("{topologyKey, whenUnsatisfiable}"), shown);
        }
        if let (true, Some(least)) = (action != "DoNotSchedule", it["minDomains"].as_i64()) {
            let say = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
            causes.invalid(&at.field("minDomains"), least, &say);
        }
        label_keys(it, &at, causes);
    }
    let mut seen: Vec<&str> = Vec::new();
    for (index, gate) in list(spec, "schedulingGates").iter().enumerate() {
        let (name, at) = (text(gate, "name"), at.field("schedulingGates").index(index));
        for problem in names::qualified_problems(name) {
            causes.invalid(&at, name, &problem);
        }
        if seen.contains(&name) {
            causes.duplicate(&at, name);
        }
        seen.push(name);
    }
}
