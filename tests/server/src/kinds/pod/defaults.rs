//! Defaults of pods that templates of pods do not get.

use serde_json::{Map, Value, json};

use super::super::look::{flag, has, list, text};
use super::super::podspec::resources;
use super::super::podspec::{LISTS, resources::is_huge_page};
use super::APP_ARMOR;

pub(super) fn fill(pod: &mut Value) {
    addresses(pod);
    let on_host = flag(&pod["spec"], "hostNetwork");
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|it| it < 0) {
        spec.insert("terminationGracePeriodSeconds".to_owned(), 1.into());
    }
    if !spec.contains_key("enableServiceLinks") {
        spec.insert("enableServiceLinks".to_owned(), true.into());
    }
    for name in LISTS {
        let containers = spec.get_mut(name).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            if name != "ephemeralContainers" {
                requests(container);
            }
            if on_host && name != "ephemeralContainers" {
                host_ports(container);
            }
            protocols(container);
        }
    }
}

/// The address and the list of addresses say the same; where they differ the one address is right.
fn addresses(pod: &mut Value) {
    let ip = text(&pod["status"], "podIP").to_owned();
    let first = text(&pod["status"]["podIPs"][0], "ip").to_owned();
    if !ip.is_empty() && ip != first {
        pod["status"]["podIPs"] = json!([{ "ip": ip }]);
    } else if ip.is_empty() && !first.is_empty() {
        pod["status"]["podIP"] = first.into();
    }
}

/// A limit without a request is the request.
fn requests(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else { return };
    if !container["resources"]["requests"].is_object() {
        container["resources"]["requests"] = Value::Object(Map::new());
    }
    for (name, value) in limits {
        if container["resources"]["requests"][name.as_str()].is_null() {
            container["resources"]["requests"][name.as_str()] = value;
        }
    }
}

fn host_ports(container: &mut Value) {
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if !has(port, "hostPort") {
            let number = port["containerPort"].clone();
            port["hostPort"] = number;
        }
    }
}

/// Probes and hooks over HTTP say which version of it.
fn protocols(container: &mut Value) {
    let mut fill = |path: &str| {
        if let Some(http) = container.pointer_mut(path).filter(|it| it.is_object())
            && !has(http, "protocol")
        {
            http["protocol"] = "HTTP1".into();
        }
    };
    for name in
        ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle/postStart", "lifecycle/preStop"]
    {
        fill(&format!("/{name}/httpGet"));
    }
}

/// The requests of a pod as a whole: those of its containers, else its limits.
pub(super) fn pod_resources(pod: &mut Value) {
    let spec = &pod["spec"];
    let own = &spec["resources"];
    let is_set = |which: &str| own[which].as_object().is_some_and(|it| !it.is_empty());
    if !is_set("limits") && !is_set("requests") {
        return;
    }
    let mut limits = own["limits"].as_object().cloned().unwrap_or_default();
    let mut requests = own["requests"].as_object().cloned().unwrap_or_default();
    for (name, sum) in resources::sums(spec, "limits") {
        if is_huge_page(&name) && !requests.contains_key(&name) && !limits.contains_key(&name) {
            limits.insert(name, sum.canonical().into());
        }
    }
    for (name, sum) in resources::sums(spec, "requests") {
        if matches!(name.as_str(), "cpu" | "memory") && !requests.contains_key(&name) {
            requests.insert(name, sum.canonical().into());
        }
    }
    for (name, limit) in &limits {
        let is_known = matches!(name.as_str(), "cpu" | "memory") || is_huge_page(name);
        if is_known && !requests.contains_key(name) {
            requests.insert(name.clone(), limit.clone());
        }
    }
    for (name, all) in [("limits", limits), ("requests", requests)] {
        if !all.is_empty() {
            pod["spec"]["resources"][name] = Value::Object(all);
        }
    }
}

/// Label keys to match become requirements with the labels of the pod.
pub(super) fn label_keys(pod: &mut Value) {
    let labels = pod["metadata"]["labels"].clone();
    let spec = &mut pod["spec"];
    for name in ["podAffinity", "podAntiAffinity"] {
        for (list, below) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", ""),
            ("preferredDuringSchedulingIgnoredDuringExecution", "/podAffinityTerm"),
        ] {
            let terms = spec.pointer_mut(&format!("/affinity/{name}/{list}")).and_then(Value::as_array_mut);
            for term in terms.into_iter().flatten() {
                if let Some(term) = term.pointer_mut(below) {
                    add_keys(term, "matchLabelKeys", "In", &labels);
                    add_keys(term, "mismatchLabelKeys", "NotIn", &labels);
                }
            }
        }
    }
    let spread = spec.get_mut("topologySpreadConstraints").and_then(Value::as_array_mut);
    for constraint in spread.into_iter().flatten() {
        add_keys(constraint, "matchLabelKeys", "In", &labels);
    }
}

fn add_keys(term: &mut Value, field: &str, operator: &str, labels: &Value) {
    if !has(term, "labelSelector") {
        return;
    }
    let keys: Vec<String> =
        list(term, field).iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
    for key in keys {
        let value = &labels[key.as_str()];
        if value.is_null() {
            continue;
        }
        let requirement = json!({"key": key, "operator": operator, "values": [value]});
        match term["labelSelector"].get_mut("matchExpressions").and_then(Value::as_array_mut) {
            Some(all) => all.push(requirement),
            None => term["labelSelector"]["matchExpressions"] = json!([requirement]),
        }
    }
}

/// Profiles in annotations, as they once were written, become members.
pub(super) fn app_armor(pod: &mut Value) {
    if text(&pod["spec"]["os"], "name") == "windows" {
        return;
    }
    let annotations = pod["metadata"]["annotations"].clone();
    let of_pod = pod["spec"]["securityContext"]["appArmorProfile"].clone();
    for name in LISTS {
        let containers = pod["spec"].get_mut(name).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let key = format!("{APP_ARMOR}{}", text(container, "name"));
            let profile = match annotations[key.as_str()].as_str() {
                Some("runtime/default") => json!({"type": "RuntimeDefault"}),
                Some("unconfined") => json!({"type": "Unconfined"}),
                Some(other) => match other.strip_prefix("localhost/") {
                    Some(path) if !path.is_empty() => json!({"type": "Localhost", "localhostProfile": path}),
                    _ => continue,
                },
                None => continue,
            };
            if profile != of_pod && !has(&container["securityContext"], "appArmorProfile") {
                container["securityContext"]["appArmorProfile"] = profile;
            }
        }
    }
}
