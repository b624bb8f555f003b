//! Ingresses and their classes: what they may say.
//!
//! Nothing is routed, and no class is handed out as default.

use serde_json::{Map, Value};

use super::Kind;
use super::causes::{At, Causes};
use super::service_rules::{check_host, check_number};
use super::words::{
    Members as _, check_domain_path, check_form, check_word, items, text, texts, wildcard_problems,
};
use super::{address, formats};
use crate::names;

const CLASS: &str = "kubernetes.io/ingress.class";
/// What a path of the types that are compared may not contain, and what it may not end with.
const NOT_INSIDE: [&str; 5] = ["//", "/./", "/../", "%2f", "%2F"];
const NOT_AT_END: [&str; 2] = ["/..", "/."];

pub(super) const KIND: Kind = Kind {
    generations: true,
    check: |change, causes| match change.subresource {
        "status" => check_status(change.new, causes),
        _ => check(change.new, change.old, causes),
    },
    warn: |change, warnings| {
        if change.old.is_none() {
            warnings.extend(warning(change.new));
        }
    },
    ..Kind::plain("networking.k8s.io", "ingresses")
};

pub(super) const CLASS_KIND: Kind = Kind {
    generations: true,
    check: |change, causes| check_class(change.new, change.old, causes),
    ..Kind::plain("networking.k8s.io", "ingressclasses")
};

/// What is wrong with an Ingress beyond what its parts say themselves.
pub(crate) fn check(ingress: &Value, old: Option<&Value>, causes: &mut Causes) {
    let (spec, at) = (&ingress["spec"], At::new("spec"));
    if items(spec, "rules").is_empty() && spec.member("defaultBackend").is_null() {
        causes.invalid(&at, Value::Null, "either `defaultBackend` or `rules` must be specified");
    }
    if spec["defaultBackend"].is_object() {
        check_backend(&spec["defaultBackend"], &at.field("defaultBackend"), causes);
    }
    let class = spec.member("ingressClassName").as_str();
    if let Some(class) = class {
        check_form(class, &at.field("ingressClassName"), names::subdomain_problems, causes);
    }
    let annotated = text(&ingress["metadata"]["annotations"], CLASS);
    if old.is_none() && !annotated.is_empty() && class.is_some_and(|it| it != annotated) {
        let at = At::new("annotations").field(CLASS);
        causes.invalid(&at, annotated, "must match `ingressClassName` when both are specified");
    }
}

/// What is wrong with the status of an Ingress.
pub(crate) fn check_status(ingress: &Value, causes: &mut Causes) {
    for (index, it) in items(&ingress["status"]["loadBalancer"], "ingress").iter().enumerate() {
        let at = At::new("status.loadBalancer.ingress").index(index);
        let (ip, host) = (text(it, "ip"), text(it, "hostname"));
        if !ip.is_empty() {
            address::check(ip, &at.field("ip"), causes);
        }
        if !host.is_empty() {
            check_host(host, &at.field("hostname"), causes);
        }
    }
}

fn warning(ingress: &Value) -> Option<String> {
    let annotated = ingress["metadata"]["annotations"].get(CLASS).is_some();
    annotated
        .then(|| format!("annotation \"{CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"))
}

pub(crate) fn check_rule(rule: &Map<String, Value>, at: &At, causes: &mut Causes) {
    let host = text(rule, "host");
    let host_at = at.field("host");
    if !host.is_empty() && address::parse(host).is_some() {
        causes.invalid(&host_at, host, "must be a DNS name, not an IP address");
    }
    if host.contains('*') {
        check_form(host, &host_at, wildcard_problems, causes);
    } else if !host.is_empty() {
        check_form(host, &host_at, names::subdomain_problems, causes);
    }
    let http = rule.member("http");
    if http.is_object() && items(http, "paths").is_empty() {
        causes.required(&at.field("http").field("paths"), "");
    }
}

pub(crate) fn check_path(all: &Map<String, Value>, at: &At, causes: &mut Causes) {
    let path = text(all, "path");
    let path_at = at.field("path");
    let kind = all.member("pathType");
    let Some(kind) = kind.as_str() else {
        return causes.required(&at.field("pathType"), "pathType must be specified");
    };
    let compared = matches!(kind, "Exact" | "Prefix");
    check_word(&kind.into(), &at.field("pathType"), &["Exact", "ImplementationSpecific", "Prefix"], causes);
    let relative =
        (compared || (kind == "ImplementationSpecific" && !path.is_empty())) && !path.starts_with('/');
    if relative {
        causes.invalid(&path_at, path, "must be an absolute path");
    }
    if compared {
        for part in NOT_INSIDE.iter().filter(|it| path.contains(**it)) {
            causes.invalid(&path_at, path, &format!("must not contain '{part}'"));
        }
        for part in NOT_AT_END.iter().filter(|it| path.ends_with(**it)) {
            causes.invalid(&path_at, path, &format!("cannot end with '{part}'"));
        }
    }
    check_backend(all.member("backend"), &at.field("backend"), causes);
}

/// Of a path that names no type nothing else is looked at, so its backend is not checked by type.
pub(crate) fn check_backend(backend: &Value, at: &At, causes: &mut Causes) {
    let (service, resource) = (backend.member("service"), backend.member("resource"));
    match (service.is_object(), resource.is_object()) {
        (true, true) => causes.invalid(at, "", "cannot set both resource and service backends"),
        (false, true) => check_reference(resource, &at.field("resource"), causes),
        (false, false) => causes.invalid(at, "", "resource or service backend is required"),
        (true, false) => check_service(service, at, causes),
    }
}

fn check_service(service: &Value, at: &At, causes: &mut Causes) {
    let inside = at.field("service");
    match text(service, "name") {
        "" => causes.required(&inside.field("name"), ""),
        name => check_form(name, &inside.field("name"), names::label_problems, causes),
    }
    let port = service.member("port");
    let (name, number) = (text(port, "name"), port["number"].as_i64().unwrap_or(0));
    let port_at = inside.field("port");
    match (name.is_empty(), number == 0) {
        (false, false) => causes.invalid(at, "", "cannot set both port name & port number"),
        (false, true) => check_form(name, &port_at.field("name"), formats::port_name, causes),
        (true, false) => check_number(number, &port_at.field("number"), causes),
        (true, true) => causes.required(at, "port name or number is required"),
    }
}

/// A reference to an object by kind and name.
fn check_reference(reference: &Value, at: &At, causes: &mut Causes) {
    if let Some(group) = reference.member("apiGroup").as_str() {
        check_form(group, &at.field("apiGroup"), names::subdomain_problems, causes);
    }
    for field in ["kind", "name"] {
        match text(reference, field) {
            "" => causes.required(&at.field(field), ""),
            it => check_form(it, &at.field(field), names::path_segment_problems, causes),
        }
    }
}

pub(crate) fn check_tls(tls: &Map<String, Value>, at: &At, causes: &mut Causes) {
    for (index, host) in texts(tls, "hosts").into_iter().enumerate() {
        let form = if host.contains('*') { wildcard_problems } else { names::subdomain_problems };
        check_form(host, &at.field("hosts").index(index), form, causes);
    }
    let secret = text(tls, "secretName");
    if !secret.is_empty() {
        check_form(secret, &at.field("secretName"), names::subdomain_problems, causes);
    }
}

/// What is wrong with an IngressClass.
pub(crate) fn check_class(class: &Value, old: Option<&Value>, causes: &mut Causes) {
    let (spec, at) = (&class["spec"], At::new("spec"));
    let controller = text(spec, "controller");
    if let Some(old) = old {
        super::words::check_same(
            &spec["controller"],
            &old["spec"]["controller"],
            &at.field("controller"),
            causes,
        );
    }
    if controller.len() > 250 {
        causes.too_long(&at.field("controller"), 250);
    }
    check_domain_path(controller, &at.field("controller"), causes);
    let parameters = spec.member("parameters");
    if !parameters.is_object() {
        return;
    }
    let at = at.field("parameters");
    check_reference(parameters, &at, causes);
    check_word(&parameters["scope"], &at.field("scope"), &["Cluster", "Namespace"], causes);
    let namespace = parameters.member("namespace").as_str();
    match (text(parameters, "scope"), namespace) {
        ("Namespace", None) => {
            causes.required(&at.field("namespace"), "`parameters.scope` is set to 'Namespace'");
        }
        ("Namespace", Some(it)) => check_form(it, &at.field("namespace"), names::label_problems, causes),
        ("Cluster", Some(_)) => {
            causes.forbidden(&at.field("namespace"), "`parameters.scope` is set to 'Cluster'");
        }
        _ => {}
    }
}
