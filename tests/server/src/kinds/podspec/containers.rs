//! Containers among each other and with their pod: names, ports, restart policies, what init and ephemeral ones may not have.

use serde_json::Value;

use super::{handlers, mounts, resources, security};
use crate::kinds::causes::{At, Causes};
use crate::kinds::look::{flag, has, list, text};

const ONLY_SIDECARS: &str = "may not be set for init containers without restartPolicy=Always";
const NOT_EPHEMERAL: &str = "cannot be set for an Ephemeral Container";

pub(super) fn check(spec: &Value, at: &At, causes: &mut Causes) {
    let mut names: Vec<&str> = Vec::new();
    let mut host_ports = Vec::new();
    let grace = spec["terminationGracePeriodSeconds"].as_i64();
    for (index, container) in list(spec, "containers").iter().enumerate() {
        let at = at.field("containers").index(index);
        common(spec, container, &at, causes);
        name(container, &mut names, &at, causes);
        handlers::check_container(container, grace, &spec["os"], &at, causes);
        restart_policy(container, &at, causes);
        unique_host_ports(container, &mut host_ports, &at, causes);
        if flag(spec, "hostNetwork") {
            ports_of_host(container, &at, causes);
        }
    }
    for (index, container) in list(spec, "initContainers").iter().enumerate() {
        let at = at.field("initContainers").index(index);
        common(spec, container, &at, causes);
        name(container, &mut names, &at, causes);
        unique_host_ports(container, &mut Vec::new(), &at, causes);
        init(container, grace, &spec["os"], &at, causes);
    }
    let others = names.clone();
    for (index, container) in list(spec, "ephemeralContainers").iter().enumerate() {
        let at = at.field("ephemeralContainers").index(index);
        common(spec, container, &at, causes);
        name(container, &mut names, &at, causes);
        ephemeral(container, &others, &at, causes);
    }
}

/// What all three kinds of containers have in common.
fn common(spec: &Value, container: &Value, at: &At, causes: &mut Causes) {
    port_names(container, at, causes);
    mounts::check(spec, container, at, causes);
    resources::check_container(spec, container, at, causes);
    resize_policies(spec, container, at, causes);
    security::check_container(spec, container, at, causes);
}

fn name<'a>(container: &'a Value, names: &mut Vec<&'a str>, at: &At, causes: &mut Causes) {
    let name = text(container, "name");
    if names.contains(&name) && !name.is_empty() {
        causes.duplicate(&at.field("name"), name);
    } else {
        names.push(name);
    }
}

fn port_names(container: &Value, at: &At, causes: &mut Causes) {
    let mut names: Vec<&str> = Vec::new();
    for (index, port) in list(container, "ports").iter().enumerate() {
        let name = text(port, "name");
        if names.contains(&name) {
            causes.duplicate(&at.field("ports").index(index).field("name"), name);
        } else if !name.is_empty() {
            names.push(name);
        }
    }
}

fn unique_host_ports(container: &Value, taken: &mut Vec<String>, at: &At, causes: &mut Causes) {
    for (index, port) in list(container, "ports").iter().enumerate() {
        let number = port["hostPort"].as_i64().unwrap_or(0);
        if number == 0 {
            continue;
        }
        let key = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
        if taken.contains(&key) {
            causes.duplicate(&at.field("ports").index(index).field("hostPort"), key);
        } else {
            taken.push(key);
        }
    }
}

fn ports_of_host(container: &Value, at: &At, causes: &mut Causes) {
    for (index, port) in list(container, "ports").iter().enumerate() {
        let host = port["hostPort"].as_i64().unwrap_or(0);
        if host != 0 && Some(host) != port["containerPort"].as_i64() {
            let say = "must match `containerPort` when `hostNetwork` is true";
            causes.invalid(&at.field("ports").index(index).field("hostPort"), host, say);
        }
    }
}

fn restart_policy(container: &Value, at: &At, causes: &mut Causes) {
    let rules = list(container, "restartPolicyRules");
    match container["restartPolicy"].as_str() {
        None if !rules.is_empty() => {
            causes.required(
                &at.field("restartPolicy"),
                "must specify restartPolicy when restart rules are used",
            );
        }
        None | Some("Always" | "Never" | "OnFailure") => {}
        Some(other) => {
            causes.unsupported(&at.field("restartPolicy"), other, &["Always", "Never", "OnFailure"]);
        }
    }
    if rules.len() > 20 {
        causes.too_many(&at.field("restartPolicyRules"), rules.len(), 20);
    }
    for (index, rule) in rules.iter().enumerate() {
        let at = at.field("restartPolicyRules").index(index);
        if !matches!(text(rule, "action"), "Restart" | "RestartAllContainers") {
            let supported = &["Restart", "RestartAllContainers"];
            causes.unsupported(&at.field("action"), text(rule, "action"), supported);
        }
        let codes = at.field("exitCodes");
        if !has(rule, "exitCodes") {
            causes.required(&codes, "must be specified");
            continue;
        }
        let operator = text(&rule["exitCodes"], "operator");
        if !matches!(operator, "In" | "NotIn") {
            causes.unsupported(&codes.field("operator"), operator, &["In", "NotIn"]);
        }
        let count = list(&rule["exitCodes"], "values").len();
        if count > 255 {
            causes.too_many(&codes.field("values"), count, 255);
        }
    }
}

fn init(container: &Value, grace: Option<i64>, os: &Value, at: &At, causes: &mut Causes) {
    restart_policy(container, at, causes);
    let stays = text(container, "restartPolicy") == "Always";
    if stays {
        handlers::check_container(container, grace, os, at, causes);
    } else {
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if has(container, field) {
                causes.forbidden(&at.field(field), ONLY_SIDECARS);
            }
        }
        for (index, policy) in list(container, "resizePolicy").iter().enumerate() {
            if text(policy, "restartPolicy") == "RestartContainer" {
                let at = at.field("resizePolicy").index(index).field("restartPolicy");
                let say = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                causes.invalid(&at, "RestartContainer", say);
            }
        }
    }
}

fn ephemeral(container: &Value, others: &[&str], at: &At, causes: &mut Causes) {
    let target = text(container, "targetContainerName");
    if !target.is_empty() && !others.contains(&target) {
        causes.not_found(&at.field("targetContainerName"), target);
    }
    let image = text(container, "image");
    if image.trim() != image {
        causes.invalid(&at.field("image"), image, "must not have leading or trailing whitespace");
    }
    let not_allowed = [
        "ports",
        "resizePolicy",
        "restartPolicy",
        "restartPolicyRules",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
    ];
    for field in not_allowed.into_iter().filter(|it| has(container, it)) {
        causes.forbidden(&at.field(field), NOT_EPHEMERAL);
    }
    if container["resources"].as_object().is_some_and(|it| !it.is_empty()) {
        causes.forbidden(&at.field("resources"), NOT_EPHEMERAL);
    }
    for (index, mount) in list(container, "volumeMounts").iter().enumerate() {
        for field in ["subPath", "subPathExpr"].into_iter().filter(|it| has(mount, it)) {
            causes.forbidden(&at.field("volumeMounts").index(index).field(field), NOT_EPHEMERAL);
        }
    }
}

fn resize_policies(spec: &Value, container: &Value, at: &At, causes: &mut Causes) {
    let at = at.field("resizePolicy");
    let mut seen: Vec<&str> = Vec::new();
    for (index, policy) in list(container, "resizePolicy").iter().enumerate() {
        let (resource, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if seen.contains(&resource) {
            causes.duplicate(&at.index(index), resource);
        }
        seen.push(resource);
        match resource {
            "cpu" | "memory" => {}
            "" => causes.required(&at, ""),
            other => causes.unsupported(&at, other, &["cpu", "memory"]),
        }
        match restart {
            "NotRequired" | "RestartContainer" => {}
            "" => causes.required(&at, ""),
            other => causes.unsupported(&at, other, &["NotRequired", "RestartContainer"]),
        }
        if text(spec, "restartPolicy") == "Never" && restart != "NotRequired" {
            let say = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
            causes.invalid(&at, restart, say);
        }
    }
}
