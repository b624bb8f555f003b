//! What admission does to pods: priority, tolerations of troubled nodes, runtime classes.
//!
//! Service accounts are not given to pods: the plugin that would do it wants tokens that a controller makes.

use serde_json::{Value, json};

use super::super::Admission;
use super::super::look::{has, list, map, text};
use crate::failure::{Failure, Outcome};
use crate::meta;

pub(super) fn admit(admission: &Admission<'_>, pod: &mut Value) -> Outcome<()> {
    if !admission.subresource.is_empty() {
        return Ok(());
    }
    priority(admission, pod)?;
    tolerations(pod);
    if admission.old.is_none() {
        runtime_class(admission, pod)?;
    }
    Ok(())
}

fn forbidden(pod: &Value, why: &str) -> Failure {
    Failure::forbidden("", "pods", meta::name(pod), why)
}

fn find(admission: &Admission<'_>, group: &str, plural: &str, name: &str) -> Option<Value> {
    let found = admission.store.get(&(group.to_owned(), plural.to_owned()), name)?;
    Some(found.value.clone())
}

/// Classes that every server has.
const SYSTEM: &[(&str, i64)] =
    &[("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];

fn priority(admission: &Admission<'_>, pod: &mut Value) -> Outcome<()> {
    if let Some(old) = admission.old {
        for field in ["priority", "preemptionPolicy"] {
            if !has(&pod["spec"], field) && has(&old["spec"], field) {
                pod["spec"][field] = old["spec"][field].clone();
            }
        }
        return Ok(());
    }
    let name = text(&pod["spec"], "priorityClassName").to_owned();
    let class = if name.is_empty() {
        default_class(admission)
    } else {
        let system = SYSTEM.iter().find(|(it, _)| *it == name);
        let found = find(admission, "scheduling.k8s.io", "priorityclasses", &name);
        let found =
            found.or_else(|| system.map(|(name, value)| json!({"metadata": {"name": name}, "value": value})));
        match found {
            Some(class) => Some(class),
            None => return Err(forbidden(pod, &format!("no PriorityClass with name {name} was found"))),
        }
    };
    let class = class.unwrap_or_default();
    let (value, policy) = (class["value"].as_i64().unwrap_or(0), class["preemptionPolicy"].as_str());
    let policy = policy.unwrap_or("PreemptLowerPriority").to_owned();
    if let Some(given) = pod["spec"]["priority"].as_i64().filter(|it| *it != value) {
        let why = format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        );
        return Err(forbidden(pod, &why));
    }
    if let Some(given) = pod["spec"]["preemptionPolicy"].as_str().filter(|it| *it != policy) {
        let why = format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
        );
        return Err(forbidden(pod, &why));
    }
    if name.is_empty() && !meta::name(&class).is_empty() {
        pod["spec"]["priorityClassName"] = meta::name(&class).into();
    }
    pod["spec"]["priority"] = value.into();
    pod["spec"]["preemptionPolicy"] = policy.into();
    Ok(())
}

/// Of the classes that are the default, the lowest.
fn default_class(admission: &Admission<'_>) -> Option<Value> {
    let place = ("scheduling.k8s.io".to_owned(), "priorityclasses".to_owned());
    let all = admission.store.list(&place, "");
    let defaults = all.iter().map(|(_, it)| &it.value).filter(|it| it["globalDefault"] == true);
    defaults.min_by_key(|it| it["value"].as_i64()).cloned()
}

/// A pod stays for five minutes on a node in trouble, unless it says otherwise.
fn tolerations(pod: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let has_own = list(&pod["spec"], "tolerations").iter().any(|it| {
            let (own, effect) = (text(it, "key"), text(it, "effect"));
            (own == key || own.is_empty()) && matches!(effect, "" | "NoExecute")
        });
        if has_own {
            continue;
        }
        let toleration =
            json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
        add_toleration(pod, toleration);
    }
}

fn add_toleration(pod: &mut Value, toleration: Value) {
    match pod["spec"].get_mut("tolerations").and_then(Value::as_array_mut) {
        Some(all) => all.push(toleration),
        None => pod["spec"]["tolerations"] = json!([toleration]),
    }
}

fn runtime_class(admission: &Admission<'_>, pod: &mut Value) -> Outcome<()> {
    let name = text(&pod["spec"], "runtimeClassName").to_owned();
    if name.is_empty() {
        if has(&pod["spec"], "overhead") {
            let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
            return Err(forbidden(pod, why));
        }
        return Ok(());
    }
    let Some(class) = find(admission, "node.k8s.io", "runtimeclasses", &name) else {
        return Err(forbidden(pod, &format!("pod rejected: RuntimeClass \"{name}\" not found")));
    };
    let overhead = &class["overhead"]["podFixed"];
    if !overhead.is_null() {
        if has(&pod["spec"], "overhead") && pod["spec"]["overhead"] != *overhead {
            let why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
            return Err(forbidden(pod, why));
        }
        pod["spec"]["overhead"] = overhead.clone();
    } else if has(&pod["spec"], "overhead") {
        let why = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead";
        return Err(forbidden(pod, why));
    }
    for (key, value) in map(&class["scheduling"], "nodeSelector") {
        let own = pod["spec"]["nodeSelector"][key.as_str()].clone();
        if let Some(own) = own.as_str().filter(|it| Some(*it) != value.as_str()) {
            let why = format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; pod.spec.nodeSelector[{key}] = {own}",
                value.as_str().unwrap_or_default()
            );
            return Err(forbidden(pod, &why));
        }
        pod["spec"]["nodeSelector"][key.as_str()] = value.clone();
    }
    for toleration in list(&class["scheduling"], "tolerations") {
        if !list(&pod["spec"], "tolerations").contains(toleration) {
            add_toleration(pod, toleration.clone());
        }
    }
    Ok(())
}
