//! What an update of a pod may change, and what it leaves alone.

use serde_json::Value;

use super::super::causes::{At, Causes};
use super::super::difference;
use super::super::look::{has, list, map, text};
use super::{APP_ARMOR, MIRROR, resize};

const CHANGEABLE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
                          (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it \
                          was previously negative)";

pub(super) fn prepare(new: &mut Value, old: &Value, subresource: &str) {
    match subresource {
        "" if !has(&new["spec"], "resources") && has(&old["spec"], "resources") => {
            new["spec"]["resources"] = old["spec"]["resources"].clone();
        }
        "status" => super::status::prepare(new, old),
        "ephemeralcontainers" => {
            let containers = new["spec"].get("ephemeralContainers").cloned();
            new["spec"] = old["spec"].clone();
            new["status"] = old["status"].clone();
            match containers {
                Some(containers) => new["spec"]["ephemeralContainers"] = containers,
                None => take(&mut new["spec"], &Value::Null, "ephemeralContainers"),
            }
        }
        "resize" => resize::prepare(new, old),
        _ => {}
    }
}

pub(super) fn check(pod: &Value, old: &Value, causes: &mut Causes) {
    annotations(pod, old, causes);
    let (new_spec, old_spec, at) = (&pod["spec"], &old["spec"], At::new("spec"));
    for field in ["containers", "initContainers"] {
        if list(new_spec, field).len() != list(old_spec, field).len() {
            return causes.forbidden(&at.field(field), "pod updates may not add or remove containers");
        }
    }
    let deadline = at.field("activeDeadlineSeconds");
    match (new_spec["activeDeadlineSeconds"].as_i64(), old_spec["activeDeadlineSeconds"].as_i64()) {
        (Some(new), Some(old)) if new > old => {
            return causes.invalid(&deadline, new, "must be less than or equal to previous value");
        }
        (None, Some(_)) => {
            causes.invalid(&deadline, Value::Null, "must not update from a positive integer to nil value");
        }
        _ => {}
    }
    tolerations(new_spec, old_spec, &at, causes);
    let old_gates = list(old_spec, "schedulingGates");
    for (index, gate) in list(new_spec, "schedulingGates").iter().enumerate() {
        if !old_gates.contains(gate) {
            let say =
                format!("only deletion is allowed, but found new scheduling gate '{}'", text(gate, "name"));
            causes.forbidden(&at.field("schedulingGates").index(index).field("name"), &say);
        }
    }
    let mut rest = new_spec.clone();
    for field in ["containers", "initContainers"] {
        let all = rest.get_mut(field).and_then(Value::as_array_mut);
        for (container, old) in all.into_iter().flatten().zip(list(old_spec, field)) {
            container["image"] = old["image"].clone();
        }
    }
    for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        take(&mut rest, old_spec, field);
    }
    if !old_gates.is_empty() {
        gated(new_spec, old_spec, &at, causes);
        take(&mut rest, old_spec, "nodeSelector");
        if rest["affinity"].is_object() || old_spec["affinity"].is_object() {
            let of_nodes = &old_spec["affinity"]["nodeAffinity"];
            let only_nodes =
                rest["affinity"].as_object().is_none_or(|it| it.keys().all(|it| it == "nodeAffinity"));
            if old_spec["affinity"].is_null() && only_nodes {
                take(&mut rest, old_spec, "affinity");
            } else if of_nodes.is_null() {
                if let Some(all) = rest["affinity"].as_object_mut() {
                    all.remove("nodeAffinity");
                }
            } else {
                rest["affinity"]["nodeAffinity"] = of_nodes.clone();
            }
        }
    }
    if rest != *old_spec {
        let shown = difference::of("PodSpec", old_spec, &rest);
        causes.forbidden(&at, &format!("pod updates may not change fields other than {CHANGEABLE}\n{shown}"));
    }
}

fn take(new: &mut Value, old: &Value, field: &str) {
    match old.get(field) {
        Some(value) => new[field] = value.clone(),
        None => {
            if let Some(all) = new.as_object_mut() {
                all.remove(field);
            }
        }
    }
}

fn annotations(pod: &Value, old: &Value, causes: &mut Causes) {
    let at = At::new("metadata.annotations");
    let (new, old) = (&pod["metadata"], &old["metadata"]);
    for (key, value) in map(old, "annotations") {
        if new["annotations"][key.as_str()] == *value {
            continue;
        }
        if key.starts_with(APP_ARMOR) {
            causes.forbidden(&at.key(key), "may not remove or update AppArmor annotations");
        }
        if key == MIRROR {
            causes.forbidden(&at.key(key), "may not remove or update mirror pod annotation");
        }
    }
    for (key, _) in map(new, "annotations").filter(|(key, _)| !has(&old["annotations"], key)) {
        if key.starts_with(APP_ARMOR) {
            causes.forbidden(&at.key(key), "may not add AppArmor annotations");
        }
        if key == MIRROR {
            causes.forbidden(&at.key(key), "may not add mirror pod annotation");
        }
    }
}

/// Old tolerations stay, but for their seconds.
fn tolerations(new: &Value, old: &Value, at: &At, causes: &mut Causes) {
    let plain = |it: &Value| {
        let mut it = it.as_object().cloned().unwrap_or_default();
        it.remove("tolerationSeconds");
        it
    };
    let kept = |old: &Value| list(new, "tolerations").iter().any(|it| plain(it) == plain(old));
    if !list(old, "tolerations").iter().all(kept) {
        let say = "existing toleration can not be modified except its tolerationSeconds";
        causes.forbidden(&at.field("tolerations"), say);
    }
}

/// What a pod may change while gates hold it: its choice of nodes may become stricter.
fn gated(new: &Value, old: &Value, at: &At, causes: &mut Causes) {
    let kept = map(old, "nodeSelector").all(|(key, value)| new["nodeSelector"][key.as_str()] == *value);
    if !kept {
        let shown = if has(new, "nodeSelector") { new["nodeSelector"].clone() } else { Value::Null };
        let say = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        causes.invalid(&at.field("nodeSelector"), shown, say);
    }
    let terms = |spec: &'_ Value| -> Vec<Value> {
        let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
        list(required, "nodeSelectorTerms").to_vec()
    };
    let (new, old) = (terms(new), terms(old));
    let at = at.field("affinity").field("nodeAffinity");
    let at = at.field("requiredDuringSchedulingIgnoredDuringExecution").field("nodeSelectorTerms");
    if !old.is_empty() && old.len() != new.len() {
        let say = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        let all: Vec<String> = new.iter().map(|it| difference::shown("NodeSelectorTerm", it)).collect();
        return causes.invalid_shown(&at, &format!("[{}]", all.join(",")), say);
    }
    for (index, (new, old)) in new.iter().zip(&old).enumerate() {
        let starts = |field: &str| list(new, field).starts_with(list(old, field));
        let was_empty = list(old, "matchExpressions").is_empty() && list(old, "matchFields").is_empty();
        let kept = starts("matchExpressions") && starts("matchFields");
        if !kept || (was_empty && new != old) {
            let say = "only additions are allowed (no mutations or deletions)";
            causes.invalid_shown(&at.index(index), &difference::shown("NodeSelectorTerm", new), say);
        }
    }
}

/// Ephemeral containers are added, never changed.
pub(super) fn check_ephemeral(pod: &Value, old: &Value, causes: &mut Causes) {
    annotations(pod, old, causes);
    let at = At::new("spec.ephemeralContainers");
    let new = list(&pod["spec"], "ephemeralContainers");
    for old in list(&old["spec"], "ephemeralContainers") {
        let name = text(old, "name");
        match new.iter().find(|it| text(it, "name") == name) {
            None => {
                let say = format!("existing ephemeral containers \"{name}\" may not be removed\n");
                causes.forbidden(&at, &say);
            }
            Some(new) if new != old => {
                let shown = difference::of("EphemeralContainer", old, new);
                let say = format!("existing ephemeral containers \"{name}\" may not be changed\n{shown}");
                causes.forbidden(&at, &say);
            }
            Some(_) => {}
        }
    }
}
