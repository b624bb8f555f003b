//! Endpoints and EndpointSlices: what their addresses and ports may be.

use serde_json::{Map, Value, json};

use super::Kind;
use super::causes::{At, Causes};
use super::service_rules::check_number;
use super::words::{Members as _, check_form, check_word, items, text, texts};
use super::{address, words};
use crate::names;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const MOST_ADDRESSES: usize = 100;
const MOST_ENDPOINTS: usize = 1000;
const MOST_PORTS: usize = 20000;

pub(super) const KIND: Kind =
    Kind { check: |change, causes| check(change.new, change.old, causes), ..Kind::plain("", "endpoints") };

pub(super) const SLICE_KIND: Kind = Kind {
    generations: true,
    check: |change, causes| check_slice(change.new, change.old, causes),
    warn: |change, warnings| {
        if text(change.new, "addressType") == "FQDN" {
            warnings.push("spec.addressType: FQDN endpoints are deprecated".to_owned());
        }
    },
    ..Kind::plain("discovery.k8s.io", "endpointslices")
};

/// What is wrong with Endpoints. What was there before is not judged again.
pub(crate) fn check(endpoints: &Value, old: Option<&Value>, causes: &mut Causes) {
    if old.is_some_and(|it| it["subsets"] == endpoints["subsets"]) {
        return;
    }
    for (index, subset) in items(endpoints, "subsets").iter().enumerate() {
        let at = At::new("subsets").index(index);
        if items(subset, "addresses").is_empty() && items(subset, "notReadyAddresses").is_empty() {
            causes.required(&at, "must specify `addresses` or `notReadyAddresses`");
        }
        for field in ["addresses", "notReadyAddresses"] {
            for (index, it) in items(subset, field).iter().enumerate() {
                check_address(it, &at.field(field).index(index), causes);
            }
        }
        let ports = items(subset, "ports");
        for (index, port) in ports.iter().enumerate() {
            check_endpoint_port(port, ports.len() > 1, &at.field("ports").index(index), causes);
        }
    }
}

fn check_address(it: &Value, at: &At, causes: &mut Causes) {
    let ip = text(it, "ip");
    address::check(ip, &at.field("ip"), causes);
    address::check_endpoint(ip, &at.field("ip"), causes);
    let host = text(it, "hostname");
    if !host.is_empty() {
        check_form(host, &at.field("hostname"), names::label_problems, causes);
    }
    if let Some(node) = it["nodeName"].as_str() {
        check_form(node, &at.field("nodeName"), names::subdomain_problems, causes);
    }
}

fn check_endpoint_port(port: &Value, named: bool, at: &At, causes: &mut Causes) {
    match text(port, "name") {
        "" if named => causes.required(&at.field("name"), ""),
        "" => {}
        name => check_form(name, &at.field("name"), names::label_problems, causes),
    }
    check_number(port["port"].as_i64().unwrap_or(0), &at.field("port"), causes);
    check_word(&port["protocol"], &at.field("protocol"), &PROTOCOLS, causes);
    if let Some(it) = port["appProtocol"].as_str() {
        check_form(it, &at.field("appProtocol"), names::qualified_problems, causes);
    }
}

/// A port of a slice has a name, if an empty one, and a protocol.
pub(crate) fn slice_port_defaults(port: &mut Map<String, Value>) {
    for (field, default) in [("name", ""), ("protocol", "TCP")] {
        if port.member(field).is_null() {
            port.insert(field.to_owned(), json!(default));
        }
    }
}

/// What is wrong with an EndpointSlice.
pub(crate) fn check_slice(slice: &Value, old: Option<&Value>, causes: &mut Causes) {
    let kind = text(slice, "addressType");
    let at = At::new("addressType");
    if old.is_some_and(|it| text(it, "addressType") != kind) {
        return causes.invalid(&at, Value::Null, words::IMMUTABLE);
    }
    if kind.is_empty() {
        causes.required(&at, "");
    } else {
        check_word(&slice["addressType"], &at, &["FQDN", "IPv4", "IPv6"], causes);
    }
    let endpoints = items(slice, "endpoints");
    if endpoints.len() > MOST_ENDPOINTS {
        return causes.too_many(&At::new("endpoints"), endpoints.len(), MOST_ENDPOINTS);
    }
    for (index, endpoint) in endpoints.iter().enumerate() {
        check_slice_endpoint(endpoint, kind, &At::new("endpoints").index(index), causes);
    }
    let ports = items(slice, "ports");
    if ports.len() > MOST_PORTS {
        return causes.too_many(&At::new("ports"), ports.len(), MOST_PORTS);
    }
    for (index, port) in ports.iter().enumerate() {
        let at = At::new("ports").index(index);
        let name = text(port, "name");
        if !name.is_empty() {
            check_form(name, &at.field("name"), names::label_problems, causes);
        }
        if ports.iter().take(index).any(|it| text(it, "name") == name) {
            causes.duplicate(&at.field("name"), name);
        }
        if let Some(number) = port["port"].as_i64() {
            check_number(number, &at.field("port"), causes);
        }
        check_word(&port["protocol"], &at.field("protocol"), &PROTOCOLS, causes);
        if let Some(it) = port["appProtocol"].as_str() {
            check_form(it, &at.field("appProtocol"), names::qualified_problems, causes);
        }
    }
}

fn check_slice_endpoint(endpoint: &Value, kind: &str, at: &At, causes: &mut Causes) {
    let addresses = texts(endpoint, "addresses");
    let addresses_at = at.field("addresses");
    if addresses.is_empty() {
        causes.required(&addresses_at, "");
    } else if addresses.len() > MOST_ADDRESSES {
        causes.too_many(&addresses_at, addresses.len(), MOST_ADDRESSES);
    }
    for (index, it) in addresses.into_iter().enumerate() {
        let at = addresses_at.index(index);
        match (kind, address::parse(it).map(address::family)) {
            ("FQDN", _) => check_form(it, &at, names::subdomain_problems, causes),
            ("IPv4" | "IPv6", family) => {
                let before = causes.0.len();
                address::check(it, &at, causes);
                if causes.0.len() > before {
                    continue;
                }
                if family.is_some_and(|it| it != kind) {
                    // The path that the real server names is that of the list.
                    causes.invalid(&addresses_at, it, &format!("must be an {kind} address"));
                }
                address::check_endpoint(it, &at, causes);
            }
            _ => {}
        }
    }
    if let Some(node) = endpoint["nodeName"].as_str() {
        check_form(node, &at.field("nodeName"), names::subdomain_problems, causes);
    }
    if let Some(host) = endpoint["hostname"].as_str() {
        check_form(host, &at.field("hostname"), names::label_problems, causes);
    }
}
