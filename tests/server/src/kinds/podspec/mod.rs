//! What a pod's spec may say and gets by default, wherever it stands: in pods, templates of workloads, pod templates.
//!
//! Rules about one member are in `data/rules.tsv`; what only pods do is in the module `pod`.

pub(super) mod containers;
pub(super) mod defaults;
pub(super) mod environment;
pub(super) mod handlers;
pub(super) mod mounts;
pub(super) mod resources;
pub(super) mod scheduling;
pub(super) mod security;
pub(super) mod volumes;
pub(super) mod warnings;

use serde_json::Value;

use super::causes::{At, Causes};
use super::look::{flag, has, list, text};

/// The three lists of containers, in the order in which the real server walks them.
pub(super) const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// All containers with their paths.
pub(super) fn all_containers<'a>(spec: &'a Value, at: &At) -> Vec<(&'static str, At, &'a Value)> {
    let mut all = Vec::new();
    for name in LISTS {
        for (index, container) in list(spec, name).iter().enumerate() {
            all.push((name, at.field(name).index(index), container));
        }
    }
    all
}

/// `PodSpec`: what its members must agree on.
pub(super) fn check(spec: &Value, at: &At, causes: &mut Causes) {
    volumes::check_names(spec, at, causes);
    resources::check_claims(spec, at, causes);
    containers::check(spec, at, causes);
    resources::check_pod(spec, at, causes);
    security::check_pod(spec, at, causes);
    scheduling::check_pod(spec, at, causes);
    dns(spec, at, causes);
    if let Some(os) = spec.get("os").filter(|it| !it.is_null()) {
        match text(os, "name") {
            "" => causes.required(&at.field("os").field("name"), ""),
            "linux" | "windows" => security::check_system(spec, at, causes),
            other => causes.unsupported(&at.field("os"), other, &["linux", "windows"]),
        }
    }
    if let Some(name) = spec["hostnameOverride"].as_str() {
        let at = at.field("hostnameOverride");
        if flag(spec, "setHostnameAsFQDN") {
            causes.forbidden(&at, "may not be specified when setHostnameAsFQDN is true");
        }
        if flag(spec, "hostNetwork") {
            causes.forbidden(&at, "may not be specified when hostNetwork is true");
        }
        if name.len() > 64 {
            causes.too_long(&at, 64);
        }
        for problem in crate::names::subdomain_problems(name) {
            causes.invalid(&at, name, &problem);
        }
    }
}

fn dns(spec: &Value, at: &At, causes: &mut Causes) {
    let at = at.field("dnsConfig");
    let config = &spec["dnsConfig"];
    let servers = list(config, "nameservers");
    if text(spec, "dnsPolicy") == "None" {
        if !has(spec, "dnsConfig") {
            return causes.required(&at, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            let say = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return causes.required(&at.field("nameservers"), say);
        }
    }
    if servers.len() > 3 {
        let say = "must not have more than 3 nameservers";
        causes.invalid(&at.field("nameservers"), config["nameservers"].clone(), say);
    }
    let searches = list(config, "searches");
    if searches.len() > 32 {
        let say = "must not have more than 32 search paths";
        causes.invalid(&at.field("searches"), config["searches"].clone(), say);
    }
    for (index, option) in list(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            causes.required(&at.field("options").index(index), "must not be empty");
        }
    }
}
