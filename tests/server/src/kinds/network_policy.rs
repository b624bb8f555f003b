//! NetworkPolicies: the types that follow from their rules, and what ports and peers may say.

use serde_json::{Map, Value, json};

use super::address::{self, Range};
use super::causes::{At, Causes};
use super::service_rules::check_port;
use super::words::{Members as _, check_word, items, text, texts};

const TYPES: [&str; 2] = ["Ingress", "Egress"];

/// Policy types follow from the rules: always ingress, and egress where there is any.
pub(crate) fn defaults(spec: &mut Map<String, Value>) {
    if items(spec, "policyTypes").is_empty() {
        let both = !items(spec, "egress").is_empty();
        let types = if both { json!(TYPES) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".to_owned(), types);
    }
}

pub(crate) fn check_spec(spec: &Map<String, Value>, at: &At, causes: &mut Causes) {
    let types = texts(spec, "policyTypes");
    let at = at.field("policyTypes");
    if types.len() > TYPES.len() {
        return causes.invalid(&at, types, "may not specify more than two policyTypes");
    }
    for (index, it) in types.into_iter().enumerate() {
        check_word(&it.into(), &at.index(index), &TYPES, causes);
    }
}

pub(crate) fn check_policy_port(all: &Map<String, Value>, at: &At, causes: &mut Causes) {
    check_word(all.member("protocol"), &at.field("protocol"), &["TCP", "UDP", "SCTP"], causes);
    let (port, end) = (all.member("port"), all.member("endPort").as_i64());
    let end_at = at.field("endPort");
    check_port(port, &at.field("port"), causes);
    let Some(end) = end else { return };
    match port.as_i64() {
        Some(port) => {
            if end < port {
                causes.invalid(&end_at, end, "must be greater than or equal to `port`");
            }
            super::service_rules::check_number(end, &end_at, causes);
        }
        None if port.is_null() => {
            causes.invalid(&end_at, end, "may not be specified when `port` is not specified");
        }
        None => causes.invalid(&end_at, end, "may not be specified when `port` is non-numeric"),
    }
}

pub(crate) fn check_peer(peer: &Map<String, Value>, at: &At, causes: &mut Causes) {
    let block = peer.member("ipBlock").is_object();
    let selects = peer.member("podSelector").is_object() || peer.member("namespaceSelector").is_object();
    match (block, selects) {
        (false, false) => causes.required(at, "must specify a peer"),
        (true, true) => causes.forbidden(at, "may not specify both ipBlock and another peer"),
        _ => {}
    }
}

pub(crate) fn check_block(block: &Map<String, Value>, at: &At, causes: &mut Causes) {
    let cidr = text(block, "cidr");
    if cidr.is_empty() {
        return causes.required(&at.field("cidr"), "");
    }
    address::check_range(cidr, &at.field("cidr"), causes);
    let Some(whole) = Range::parse(cidr) else { return };
    for (index, except) in texts(block, "except").into_iter().enumerate() {
        let at = at.field("except").index(index);
        address::check_range(except, &at, causes);
        if Range::parse(except).is_some_and(|it| !whole.strictly_contains(it)) {
            causes.invalid(&at, except, "must be a strict subset of `cidr`");
        }
    }
}
