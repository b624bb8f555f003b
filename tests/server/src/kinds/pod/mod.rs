//! Pods: what only they get by default, what a create and an update set, what they may say.
//!
//! The rules of a pod's spec, which templates share, are in `podspec`.

mod admission;
mod defaults;
mod quality;
mod resize;
mod status;
mod update;

use serde_json::{Value, json};

use super::causes::{At, Causes};
use super::look::{has, list, map, text};
use super::{Change, Kind, podspec};
use crate::meta;

pub(super) const KIND: Kind = Kind {
    generations: true,
    answers_with_object: true,
    defaults: defaults::fill,
    admit: admission::admit,
    prepare_create,
    prepare_update: update::prepare,
    check,
    warn,
    ..Kind::plain("", "pods")
};

const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const MIRROR: &str = "kubernetes.io/config.mirror";
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

fn prepare_create(pod: &mut Value) {
    pod["status"] = json!({"phase": "Pending"});
    if !list(&pod["spec"], "schedulingGates").is_empty() {
        pod["status"]["conditions"] = json!([{
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": null,
            "lastTransitionTime": meta::now(0),
            "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        }]);
    }
    defaults::label_keys(pod);
    defaults::app_armor(pod);
    defaults::pod_resources(pod);
    pod["status"]["qosClass"] = quality::class(pod).into();
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    let pod = change.new;
    let old = change.old;
    match (change.subresource, old) {
        ("status", Some(old)) => return status::check(pod, old, causes),
        ("", None) => {
            if has(&pod["spec"], "ephemeralContainers") {
                causes.forbidden(&At::new("spec.ephemeralContainers"), "cannot be set on create");
            }
        }
        ("" | "ephemeralcontainers" | "resize", _) => {}
        // What else writes a pod has been looked at where it was read.
        _ => return,
    }
    annotations(pod, causes);
    spec(pod, change.subresource, causes);
    match (change.subresource, old) {
        ("", Some(old)) => update::check(pod, old, causes),
        ("ephemeralcontainers", Some(old)) => update::check_ephemeral(pod, old, causes),
        ("resize", Some(old)) => resize::check(pod, old, causes),
        _ => {}
    }
}

/// What a pod's spec may not say, templates aside.
fn spec(pod: &Value, subresource: &str, causes: &mut Causes) {
    let (spec, at) = (&pod["spec"], At::new("spec"));
    if !subresource.is_empty() {
        super::rules::check_type(spec, "io.k8s.api.core.v1.PodSpec", &at, causes);
    }
    if text(spec, "serviceAccountName").is_empty() {
        for (index, volume) in list(spec, "volumes").iter().enumerate() {
            let at = at.field("volumes").index(index).field("projected").field("sources");
            for (index, source) in list(&volume["projected"], "sources").iter().enumerate() {
                if has(source, "serviceAccountToken") {
                    let at = at.index(index).field("serviceAccountToken");
                    causes.forbidden(&at, "must not be specified when serviceAccountName is not set");
                }
            }
        }
    }
    if !list(spec, "schedulingGates").is_empty() && has(spec, "nodeName") {
        let say = "cannot be set until all schedulingGates have been cleared";
        causes.forbidden(&at.field("nodeName"), say);
    }
    for field in ["containers", "initContainers"] {
        for (index, container) in list(spec, field).iter().enumerate() {
            let image = text(container, "image");
            if image.trim() != image {
                let at = at.field(field).index(index).field("image");
                causes.invalid(&at, image, "must not have leading or trailing whitespace");
            }
        }
    }
}

/// Annotations that mean something to the server.
fn annotations(pod: &Value, causes: &mut Causes) {
    let at = At::new("metadata.annotations");
    for (key, value) in map(&pod["metadata"], "annotations") {
        let value = value.as_str().unwrap_or_default();
        let at = at.key(key);
        if key == MIRROR && !has(&pod["spec"], "nodeName") {
            causes.invalid(&at, value, "must set spec.nodeName if mirror pod annotation is set");
        }
        if key == DELETION_COST && !is_cost(value) {
            causes.invalid(&at, value, "must be a 32bit integer");
        }
        let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
        let all = podspec::all_containers(&pod["spec"], &At::default());
        if !all.iter().any(|(_, _, it)| text(it, "name") == name) {
            causes.invalid(&at, name, "container not found");
        }
        let known = matches!(value, "" | "runtime/default" | "unconfined") || value.starts_with("localhost/");
        if !known {
            causes.invalid(&at, value, &format!("invalid AppArmor profile name: \"{value}\""));
        }
    }
}

/// A number without a plus sign and without zeros before it.
fn is_cost(text: &str) -> bool {
    text.parse::<i32>().is_ok_and(|it| it.to_string() == text)
}

fn warn(change: &Change<'_>, out: &mut Vec<String>) {
    if change.old.is_some() {
        return;
    }
    let problems = crate::names::label_problems(meta::name(change.new));
    if !problems.is_empty() {
        out.push(format!(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        ));
    }
    podspec::warnings::collect(change.new, &At::default(), out);
}
