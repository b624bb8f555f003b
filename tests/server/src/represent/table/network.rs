//! Rows of what leads traffic: services, endpoints, ingresses.

use std::collections::BTreeSet;

use serde_json::Value;

use super::view::{View, first_few, labels};

const MOST: usize = 3;

pub(super) fn service(it: View<'_>) -> Vec<Value> {
    let spec = it.at("spec");
    let ports: Vec<String> = spec
        .list("ports")
        .map(|port| {
            let (number, node, protocol) = (port.int("port"), port.int("nodePort"), port.text("protocol"));
            if node > 0 { format!("{number}:{node}/{protocol}") } else { format!("{number}/{protocol}") }
        })
        .collect();
    let ip = spec.list("clusterIPs").next().and_then(|it| it.0.as_str()).unwrap_or("<none>");
    vec![
        it.name(),
        spec.text("type").into(),
        ip.into(),
        external_ip(it).into(),
        if ports.is_empty() { "<none>".into() } else { ports.join(",").into() },
        it.age(),
        labels(spec.at("selector")).into(),
    ]
}

fn external_ip(it: View<'_>) -> String {
    let external: Vec<&str> = it.list("spec.externalIPs").filter_map(|it| it.0.as_str()).collect();
    match it.text("spec.type") {
        "ClusterIP" | "NodePort" if external.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => external.join(","),
        "LoadBalancer" => {
            let balancer = load_balancer(it);
            let all: Vec<&str> =
                [balancer.as_str()].into_iter().chain(external).filter(|it| !it.is_empty()).collect();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => it.text("spec.externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn load_balancer(it: View<'_>) -> String {
    let all: BTreeSet<&str> = it
        .list("status.loadBalancer.ingress")
        .map(|it| it.text_or("ip", it.text("hostname")))
        .filter(|it| !it.is_empty())
        .collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn host_and_port(host: &str, port: i64) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

pub(super) fn endpoints(it: View<'_>) -> Vec<Value> {
    let mut all: Vec<String> = Vec::new();
    for subset in it.list("subsets") {
        let addresses = subset.list("addresses").map(|it| it.text("ip"));
        if subset.count("ports") == 0 {
            all.extend(addresses.map(str::to_owned));
            continue;
        }
        for port in subset.list("ports") {
            all.extend(addresses.clone().map(|it| host_and_port(it, port.int("port"))));
        }
    }
    let shown = match it.count("subsets") {
        0 => "<none>".to_owned(),
        _ if all.is_empty() => String::new(),
        _ => first_few(&all, MOST),
    };
    vec![it.name(), shown.into(), it.age()]
}

pub(super) fn endpoint_slice(it: View<'_>) -> Vec<Value> {
    let port = |port: View<'_>| match (port.at("port").0.as_i64(), port.at("name").0.as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    };
    let ports: Vec<String> = it.list("ports").map(port).collect();
    let addresses: Vec<&str> =
        it.list("endpoints").flat_map(|it| it.list("addresses")).filter_map(|it| it.0.as_str()).collect();
    vec![
        it.name(),
        it.text("addressType").into(),
        first_few(&ports, MOST).into(),
        first_few(&addresses, MOST).into(),
        it.age(),
    ]
}

pub(super) fn ingress(it: View<'_>) -> Vec<Value> {
    let (mut hosts, mut more) = (Vec::new(), false);
    for rule in it.list("spec.rules") {
        more |= hosts.len() == MOST;
        let host = rule.text("host");
        if !more && !host.is_empty() {
            hosts.push(host);
        }
    }
    let shown = match (hosts.is_empty(), more) {
        (true, _) => "*".to_owned(),
        (false, false) => hosts.join(","),
        (false, true) => {
            format!("{} + {} more...", hosts.join(","), it.count("spec.rules").saturating_sub(MOST))
        }
    };
    vec![
        it.name(),
        it.at("spec.ingressClassName").0.as_str().unwrap_or("<none>").into(),
        shown.into(),
        load_balancer(it).into(),
        if it.count("spec.tls") > 0 { "80, 443" } else { "80" }.into(),
        it.age(),
    ]
}

pub(super) fn ingress_class(it: View<'_>) -> Vec<Value> {
    let mut name = it.text("metadata.name").to_owned();
    if it.at("metadata.annotations").named("ingressclass.kubernetes.io/is-default-class").0 == "true" {
        name.push_str(" (default)");
    }
    let wanted = it.at("spec.parameters");
    let parameters = match (wanted.is_set(), wanted.at("apiGroup").0.as_str()) {
        (false, _) => "<none>".to_owned(),
        (true, Some(group)) => format!("{}.{group}/{}", wanted.text("kind"), wanted.text("name")),
        (true, None) => format!("{}/{}", wanted.text("kind"), wanted.text("name")),
    };
    vec![name.into(), it.text("spec.controller").into(), parameters.into(), it.age()]
}

pub(super) fn ip_address(it: View<'_>) -> Vec<Value> {
    let parent = it.at("spec.parentRef");
    let shown = if parent.is_set() {
        let resource = match parent.text("group") {
            "" => parent.text("resource").to_lowercase(),
            group => format!("{}.{group}", parent.text("resource")).to_lowercase(),
        };
        match parent.text("namespace") {
            "" => format!("{resource}/{}", parent.text("name")),
            namespace => format!("{resource}/{namespace}/{}", parent.text("name")),
        }
    } else {
        "<none>".to_owned()
    };
    // One cell more than there are columns: so it is in the real server.
    vec![it.name(), shown.into(), it.age()]
}
