//! Services: their defaults, and what a change of type clears.
//!
//! Addresses and ports are handed out in `service_allocation`; what a Service may say is in `service_rules`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::service_allocation::{Refusal, Taken, allocate, reallocate};
use super::service_rules;
use super::words::{drop_member, items, text, texts};
use super::{Admission, Kind};
use crate::failure::{Failure, Outcome};

pub(super) const KIND: Kind = Kind {
    answers_with_object: true,
    admit,
    check: |change, causes| match change.subresource {
        "status" => service_rules::check_status(change.new, causes),
        _ => service_rules::check(change.new, change.old, causes),
    },
    warn: |change, warnings| {
        if change.subresource.is_empty() {
            warnings.extend(service_rules::warnings(change.new));
        }
    },
    ..Kind::plain("", "services")
};

/// Hands out addresses and ports before the rules are asked, as the real server does it.
fn admit(admission: &Admission<'_>, service: &mut Value) -> Outcome<()> {
    if !admission.subresource.is_empty() {
        return Ok(());
    }
    let mut taken = Taken::new(admission.store.revision());
    for (_, it) in admission.store.list(&(String::new(), "services".to_owned()), "") {
        taken.add(&it.value);
    }
    let outcome = match admission.old {
        None => allocate(service, &mut taken, admission.dry_run),
        Some(old) => reallocate(service, old, &mut taken, admission.dry_run),
    };
    if let Some(old) = admission.old {
        clear_for_type(service, old);
    }
    if kind_of(&service["spec"]) == "ExternalName" {
        drop_member(&mut service["spec"], "internalTrafficPolicy");
    }
    outcome.map_err(|refusal| match refusal {
        Refusal::Invalid(causes) => Failure::invalid("", "Service", crate::meta::name(service), &causes.0),
        Refusal::Internal(why) => Failure::internal(&why),
    })
}

pub(super) fn node_ports(spec: &Value) -> impl Iterator<Item = i64> {
    items(spec, "ports").iter().filter_map(|it| it["nodePort"].as_i64()).filter(|it| *it != 0)
}

pub(super) fn kind_of(spec: &Value) -> &str {
    text(spec, "type")
}

pub(super) fn has_address(spec: &Value) -> bool {
    kind_of(spec) != "ExternalName"
}

pub(super) fn has_node_ports(spec: &Value) -> bool {
    match kind_of(spec) {
        "NodePort" => true,
        "LoadBalancer" => spec["allocateLoadBalancerNodePorts"].as_bool() != Some(false),
        _ => false,
    }
}

pub(crate) fn has_health_port(spec: &Value) -> bool {
    kind_of(spec) == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

/// Reached from outside of the cluster: by node ports, a load balancer or addresses of its own.
pub(crate) fn is_external(spec: &Value) -> bool {
    matches!(kind_of(spec), "NodePort" | "LoadBalancer")
        || (kind_of(spec) == "ClusterIP" && !items(spec, "externalIPs").is_empty())
}

pub(crate) fn is_headless(spec: &Value) -> bool {
    texts(spec, "clusterIPs") == ["None"]
}

/// Defaults of a Service that depend on its other members.
pub(crate) fn defaults(service: &mut Map<String, Value>) {
    let Some(spec) = service.get_mut("spec").filter(|it| it.is_object()) else { return };
    if text(spec, "sessionAffinity").is_empty() {
        spec["sessionAffinity"] = "None".into();
    }
    match text(spec, "sessionAffinity") {
        "None" => drop_member(spec, "sessionAffinityConfig"),
        "ClientIP" if spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].is_null() => {
            spec["sessionAffinityConfig"] = json!({"clientIP": {"timeoutSeconds": 10800}});
        }
        _ => {}
    }
    if kind_of(spec).is_empty() {
        spec["type"] = "ClusterIP".into();
    }
    if is_external(spec) && text(spec, "externalTrafficPolicy").is_empty() {
        spec["externalTrafficPolicy"] = "Cluster".into();
    }
    let policy = spec.get("internalTrafficPolicy").is_none_or(Value::is_null);
    if policy && matches!(kind_of(spec), "ClusterIP" | "NodePort" | "LoadBalancer") {
        spec["internalTrafficPolicy"] = "Cluster".into();
    }
    if kind_of(spec) != "LoadBalancer" {
        return;
    }
    if spec.get("allocateLoadBalancerNodePorts").is_none_or(Value::is_null) {
        spec["allocateLoadBalancerNodePorts"] = true.into();
    }
    let ingress = service.get_mut("status").and_then(|it| it.get_mut("loadBalancer")?.get_mut("ingress"));
    for it in ingress.and_then(Value::as_array_mut).into_iter().flatten() {
        if !text(it, "ip").is_empty() && it.get("ipMode").is_none_or(Value::is_null) {
            it["ipMode"] = "VIP".into();
        }
    }
}

/// A port without a target aims at the same number.
pub(crate) fn port_defaults(port: &mut Map<String, Value>) {
    let unset = match port.get("targetPort") {
        None | Some(Value::Null) => true,
        Some(it) => it.as_i64() == Some(0) || it.as_str() == Some(""),
    };
    if unset && let Some(number) = port.get("port").cloned() {
        port.insert("targetPort".to_owned(), number);
    }
}

/// Clears what a type before needed and the type now cannot have, where the client did not change it too.
fn clear_for_type(new: &mut Value, old: &Value) {
    let was = &old["spec"];
    let Some(spec) = new.get_mut("spec").filter(|it| it.is_object()) else { return };
    if has_address(was) && !has_address(spec) {
        if text(was, "clusterIP") == text(spec, "clusterIP")
            && texts(was, "clusterIPs") == texts(spec, "clusterIPs")
        {
            drop_member(spec, "clusterIP");
            drop_member(spec, "clusterIPs");
        }
        if texts(was, "ipFamilies") == texts(spec, "ipFamilies") {
            drop_member(spec, "ipFamilies");
        }
        if text(was, "ipFamilyPolicy") == text(spec, "ipFamilyPolicy") {
            drop_member(spec, "ipFamilyPolicy");
        }
    }
    let by_ports = |it: &Value| matches!(kind_of(it), "NodePort" | "LoadBalancer");
    if by_ports(was) && !by_ports(spec) {
        let before: BTreeSet<i64> = node_ports(was).collect();
        if node_ports(spec).all(|it| before.contains(&it)) {
            for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                drop_member(port, "nodePort");
            }
        }
    }
    let balanced = |it: &Value| kind_of(it) == "LoadBalancer";
    let gone = [
        ("healthCheckNodePort", has_health_port(was) && !has_health_port(spec)),
        ("allocateLoadBalancerNodePorts", balanced(was) && !balanced(spec)),
        ("loadBalancerClass", balanced(was) && !balanced(spec)),
        ("externalTrafficPolicy", is_external(was) && !is_external(spec)),
    ];
    for (field, gone) in gone {
        if gone && was.get(field) == spec.get(field) {
            drop_member(spec, field);
        }
    }
    if !balanced(spec) {
        new["status"]["loadBalancer"] = json!({});
    }
}
