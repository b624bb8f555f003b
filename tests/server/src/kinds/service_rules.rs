//! What a Service may say, and what of it may not change.
//!
//! Addresses and ports are handed out in `service`, before these rules are asked.

use std::collections::BTreeSet;

use serde_json::Value;

use super::causes::{At, Causes};
use super::formats;
use super::service::{has_health_port, is_external, is_headless};
use super::words::{IMMUTABLE, check_form, check_word, items, text, texts};
use super::{address, words};
use crate::failure::Cause;
use crate::names;

/// What is wrong with a Service; `old` is what it was, where it is an update.
pub(crate) fn check(service: &Value, old: Option<&Value>, causes: &mut Causes) {
    let spec = &service["spec"];
    let at = At::new("spec");
    if let Some(old) = old {
        check_changes(spec, &old["spec"], causes);
    }
    check_kind(spec, &at, causes);
    check_ports(spec, &at, causes);
    formats::labels(&spec["selector"], &at.field("selector"), causes);
    check_affinity(spec, &at, causes);
    check_addresses(spec, old.map(|it| &it["spec"]), causes);
    for (index, ip) in texts(spec, "externalIPs").into_iter().enumerate() {
        let at = at.field("externalIPs").index(index);
        let before = causes.0.len();
        address::check(ip, &at, causes);
        if causes.0.len() == before {
            address::check_endpoint(ip, &at, causes);
        }
    }
    check_balancer(service, &at, causes);
    check_policies(spec, &at, causes);
}

fn check_kind(spec: &Value, at: &At, causes: &mut Causes) {
    let kind = text(spec, "type");
    let supported = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    check_word(&spec["type"], &at.field("type"), &supported, causes);
    if items(spec, "ports").is_empty() && !is_headless(spec) && kind != "ExternalName" {
        causes.required(&at.field("ports"), "");
    }
    if matches!(kind, "LoadBalancer" | "NodePort") && is_headless(spec) {
        let say = format!("may not be set to 'None' for {kind} services");
        causes.invalid(&at.field("clusterIPs").index(0), "None", &say);
    }
    if kind != "ExternalName" {
        return;
    }
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !words::is_empty(&spec[field]) {
            causes.forbidden(&at.field(field), "may not be set for ExternalName services");
        }
    }
    let name = text(spec, "externalName");
    let at = at.field("externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => causes.required(&at, ""),
        name => check_form(name, &at, names::subdomain_problems, causes),
    }
}

fn check_ports(spec: &Value, at: &At, causes: &mut Causes) {
    let all = items(spec, "ports");
    let (mut names, mut numbers, mut nodes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (index, port) in all.iter().enumerate() {
        let at = at.field("ports").index(index);
        let name = text(port, "name");
        if name.is_empty() && all.len() > 1 {
            causes.required(&at.field("name"), "");
        } else if !name.is_empty() {
            check_form(name, &at.field("name"), names::label_problems, causes);
            if !names.insert(name) {
                causes.duplicate(&at.field("name"), name);
            }
        }
        let (number, protocol) = (port["port"].as_i64().unwrap_or(0), text(port, "protocol"));
        check_number(number, &at.field("port"), causes);
        check_word(&port["protocol"], &at.field("protocol"), &["SCTP", "TCP", "UDP"], causes);
        check_port(&port["targetPort"], &at.field("targetPort"), causes);
        if let Some(it) = port["appProtocol"].as_str() {
            check_form(it, &at.field("appProtocol"), names::qualified_problems, causes);
        }
        let node = port["nodePort"].as_i64().unwrap_or(0);
        if node != 0 {
            if text(spec, "type") == "ClusterIP" {
                causes.forbidden(&at.field("nodePort"), "may not be used when `type` is 'ClusterIP'");
            }
            if !nodes.insert((protocol, node)) {
                causes.duplicate(&at.field("nodePort"), node);
            }
        }
        if !numbers.insert((protocol, number)) {
            // A port in the form that it has inside of the real server.
            let message = format!(
                "Duplicate value: {{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{number},\"TargetPort\":0,\"NodePort\":0}}",
                Value::from(protocol)
            );
            causes.0.push(Cause { reason: "FieldValueDuplicate", field: (&at).into(), message });
        }
    }
}

pub(super) fn check_number(number: i64, at: &At, causes: &mut Causes) {
    if !(1..=65535).contains(&number) {
        causes.invalid(at, number, "must be between 1 and 65535, inclusive");
    }
}

/// A number of a port or the name of one.
pub(super) fn check_port(port: &Value, at: &At, causes: &mut Causes) {
    match port {
        Value::Number(it) => check_number(it.as_i64().unwrap_or(0), at, causes),
        Value::String(it) => check_form(it, at, formats::port_name, causes),
        _ => {}
    }
}

fn check_affinity(spec: &Value, at: &At, causes: &mut Causes) {
    check_word(&spec["sessionAffinity"], &at.field("sessionAffinity"), &["ClientIP", "None"], causes);
    let seconds = &spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"];
    if text(spec, "sessionAffinity") == "ClientIP"
        && let Some(it) = seconds.as_i64().filter(|it| !(1..=86400).contains(it))
    {
        let at = at.field("sessionAffinityConfig").field("clientIP").field("timeoutSeconds");
        causes.invalid(&at, it, "must be greater than 0 and less than 86400");
    }
}

/// The members about addresses and families, and whether they agree.
pub(super) fn check_addresses(spec: &Value, old: Option<&Value>, causes: &mut Causes) {
    if text(spec, "type") == "ExternalName" {
        return;
    }
    let spec_at = At::new("spec");
    let (at, families_at) = (spec_at.field("clusterIPs"), spec_at.field("ipFamilies"));
    let (first, all, families) =
        (text(spec, "clusterIP"), texts(spec, "clusterIPs"), texts(spec, "ipFamilies"));
    match (first, all.first()) {
        ("", Some(_)) => {
            causes.invalid(
                &at,
                spec["clusterIPs"].clone(),
                "must be empty when `clusterIP` is not specified",
            );
        }
        ("", None) => {}
        (_, None) => causes.required(&at, ""),
        (first, Some(it)) if *it != first => {
            causes.invalid(&at, spec["clusterIPs"].clone(), "first value must match `clusterIP`");
        }
        _ => {}
    }
    for (index, family) in families.iter().enumerate() {
        if !matches!(*family, "IPv4" | "IPv6") {
            causes.unsupported(&families_at.index(index), *family, &["IPv4", "IPv6"]);
        }
        if families.iter().take(index).any(|it| it == family) {
            causes.duplicate(&families_at.index(index), *family);
        }
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    check_word(&spec["ipFamilyPolicy"], &spec_at.field("ipFamilyPolicy"), &policies, causes);
    let known = old.map(|it| texts(it, "clusterIPs")).unwrap_or_default();
    let before = causes.0.len();
    for (index, ip) in all.iter().enumerate() {
        if index == 0 && *ip == "None" {
            if all.len() > 1 {
                let say = "'None' must be the first and only value";
                causes.invalid(&at, spec["clusterIPs"].clone(), say);
            }
        } else if !known.contains(ip) {
            address::check(ip, &at.index(index), causes);
        }
    }
    let bad = causes.0.len() > before;
    if all.len() > 2 {
        causes.invalid(&at, spec["clusterIPs"].clone(), "may only hold up to 2 values");
    }
    if bad {
        return;
    }
    let family_of = |it: &str| address::parse(it).map(address::family);
    if let [one, other, ..] = all.as_slice()
        && family_of(one) == family_of(other)
    {
        causes.invalid(&at, spec["clusterIPs"].clone(), "may specify no more than one IP for each IP family");
    }
    if is_headless(spec) {
        return;
    }
    for (index, (ip, family)) in all.iter().zip(&families).enumerate() {
        if matches!(*family, "IPv4" | "IPv6") && family_of(ip).is_some_and(|it| it != *family) {
            let say = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
            causes.invalid(&at.index(index), *ip, &say);
        }
    }
}

fn check_balancer(service: &Value, at: &At, causes: &mut Causes) {
    let spec = &service["spec"];
    let balanced = text(spec, "type") == "LoadBalancer";
    let only = "may only be used when `type` is 'LoadBalancer'";
    let ranges = texts(spec, "loadBalancerSourceRanges");
    // The path that the real server names.
    let ranges_at = at.field("LoadBalancerSourceRanges");
    if !ranges.is_empty() && !balanced {
        causes.forbidden(&ranges_at, only);
    }
    for (index, range) in ranges.into_iter().enumerate() {
        address::check_range(range.trim(), &ranges_at.index(index), causes);
    }
    if spec["allocateLoadBalancerNodePorts"].is_boolean() && !balanced {
        causes.forbidden(&at.field("allocateLoadBalancerNodePorts"), only);
    }
    if let Some(class) = spec["loadBalancerClass"].as_str() {
        let at = at.field("loadBalancerClass");
        if balanced {
            check_form(class, &at, names::qualified_problems, causes);
        } else {
            causes.forbidden(&at, only);
        }
    }
}

fn check_policies(spec: &Value, at: &At, causes: &mut Causes) {
    let external = at.field("externalTrafficPolicy");
    let policy = text(spec, "externalTrafficPolicy");
    if is_external(spec) {
        check_word(&spec["externalTrafficPolicy"], &external, &["Cluster", "Local"], causes);
    } else if !policy.is_empty() {
        causes.invalid(&external, policy, "may only be set for externally-accessible services");
    }
    let port = spec["healthCheckNodePort"].as_i64().unwrap_or(0);
    let port_at = at.field("healthCheckNodePort");
    if has_health_port(spec) {
        check_number(port, &port_at, causes);
    } else if port != 0 {
        let say = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
        causes.invalid(&port_at, port, say);
    }
    let internal = at.field("internalTrafficPolicy");
    check_word(&spec["internalTrafficPolicy"], &internal, &["Cluster", "Local"], causes);
    let near = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    check_word(&spec["trafficDistribution"], &at.field("trafficDistribution"), &near, causes);
}

/// What may not change once it is set.
fn check_changes(spec: &Value, old: &Value, causes: &mut Causes) {
    let at = At::new("spec");
    let named = |it: &Value| text(it, "type") == "ExternalName";
    if !named(spec) && !named(old) {
        if !(is_headless(spec) && is_headless(old)) {
            check_list(spec, old, "clusterIPs", true, causes);
        }
        if !is_headless(spec) && !is_headless(old) {
            check_list(spec, old, "ipFamilies", false, causes);
        }
    }
    let balanced = |it: &Value| text(it, "type") == "LoadBalancer";
    if balanced(spec) && balanced(old) && spec["loadBalancerClass"] != old["loadBalancerClass"] {
        let class = spec["loadBalancerClass"].clone();
        causes.invalid(&at.field("loadBalancerClass"), class, "may not change once set");
    }
    if has_health_port(spec)
        && has_health_port(old)
        && spec["healthCheckNodePort"] != old["healthCheckNodePort"]
    {
        causes.forbidden(&at.field("healthCheckNodePort"), IMMUTABLE);
    }
}

fn check_list(spec: &Value, old: &Value, field: &str, each: bool, causes: &mut Causes) {
    let (now, was) = (texts(spec, field), texts(old, field));
    let at = At::new("spec").field(field);
    if now.len() == was.len() {
        for index in (0..was.len()).filter(|it| now.get(*it) != was.get(*it)) {
            let at = at.index(if each { index } else { 0 });
            causes.invalid(&at, spec[field].clone(), "may not change once set");
        }
        return;
    }
    if now.is_empty() && each {
        causes.invalid(&at.index(0), spec[field].clone(), "primary clusterIP can not be unset");
    }
    if let (Some(now), Some(was)) = (now.first(), was.first())
        && now != was
    {
        causes.invalid(&at.index(0), spec["clusterIPs"].clone(), "may not change once set");
    }
    if now.len() == 1 && was.len() > 1 && text(spec, "ipFamilyPolicy") != "SingleStack" {
        let what = if each { "clusterIP" } else { "ipFamily" };
        let say = format!("must be set to 'SingleStack' when releasing the secondary {what}");
        causes.invalid(&At::new("spec.ipFamilyPolicy"), spec["ipFamilyPolicy"].clone(), &say);
    }
}

/// What is wrong with the status of a Service.
pub(crate) fn check_status(service: &Value, causes: &mut Causes) {
    let at = At::new("status.loadBalancer.ingress");
    let all = items(&service["status"]["loadBalancer"], "ingress");
    if !all.is_empty() && text(&service["spec"], "type") != "LoadBalancer" {
        return causes.forbidden(&at, "may only be used when `spec.type` is 'LoadBalancer'");
    }
    for (index, it) in all.iter().enumerate() {
        let at = at.index(index);
        let (ip, host) = (text(it, "ip"), text(it, "hostname"));
        if !ip.is_empty() {
            address::check(ip, &at.field("ip"), causes);
        }
        match it["ipMode"].as_str() {
            Some(_) if ip.is_empty() => {
                causes.forbidden(&at.field("ipMode"), "may not be specified when `ip` is not set");
            }
            _ => check_word(&it["ipMode"], &at.field("ipMode"), &["Proxy", "VIP"], causes),
        }
        if !host.is_empty() {
            check_host(host, &at.field("hostname"), causes);
        }
    }
}

/// A DNS name that is no address.
pub(super) fn check_host(host: &str, at: &At, causes: &mut Causes) {
    check_form(host, at, names::subdomain_problems, causes);
    if address::parse(host).is_some() {
        causes.invalid(at, host, "must be a DNS name, not an IP address");
    }
}

/// What a Service is warned of.
pub(crate) fn warnings(service: &Value) -> Vec<String> {
    let spec = &service["spec"];
    let mut all = Vec::new();
    let headless = text(spec, "type") == "ClusterIP" && text(spec, "clusterIP") == "None";
    let (named, external) = (text(spec, "type") == "ExternalName", !items(spec, "externalIPs").is_empty());
    let mut warn = |due: bool, say: &str| {
        if due {
            all.push(say.to_owned());
        }
    };
    let hints = "service.kubernetes.io/topology-aware-hints";
    warn(
        service["metadata"]["annotations"].get(hints).is_some(),
        "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead",
    );
    warn(
        headless && !text(spec, "loadBalancerIP").is_empty(),
        "spec.loadBalancerIP is ignored for headless services",
    );
    warn(headless && external, "spec.externalIPs is ignored for headless services");
    warn(
        headless && text(spec, "sessionAffinity") != "None",
        "spec.SessionAffinity is ignored for headless services",
    );
    warn(
        external && !headless && !named,
        "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    );
    warn(named && external, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    warn(
        !named && !text(spec, "externalName").is_empty(),
        "spec.externalName is ignored when spec.type is not \"ExternalName\"",
    );
    warn(
        text(spec, "trafficDistribution") == "PreferClose",
        "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"",
    );
    all
}
