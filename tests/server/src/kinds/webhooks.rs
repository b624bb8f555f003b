//! Webhook configurations and admission policies: stored with their defaults and rules. Nothing is called and nothing evaluated.

use serde_json::{Map, Value, json};

use super::causes::{At, Causes};
use super::words::{Members as _, check_word, is_empty, items, text, texts};
use super::{Change, Kind};
use crate::names;

const GROUP: &str = "admissionregistration.k8s.io";
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SEGMENTS: &str = "should be a domain with at least three segments separated by dots";

pub(super) const VALIDATING: Kind =
    Kind { generations: true, check, ..Kind::plain(GROUP, "validatingwebhookconfigurations") };

pub(super) const MUTATING: Kind =
    Kind { generations: true, check, ..Kind::plain(GROUP, "mutatingwebhookconfigurations") };

pub(super) const POLICY: Kind =
    Kind { generations: true, check: check_policy, ..Kind::plain(GROUP, "validatingadmissionpolicies") };

pub(super) const POLICY_BINDING: Kind = Kind {
    generations: true,
    check: check_policy_binding,
    ..Kind::plain(GROUP, "validatingadmissionpolicybindings")
};

/// Selectors that nobody sets select everything.
pub(crate) fn selector_defaults(all: &mut Map<String, Value>) {
    for field in ["namespaceSelector", "objectSelector"] {
        if all.member(field).is_null() {
            all.insert(field.to_owned(), json!({}));
        }
    }
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    let hooks = items(change.new, "webhooks");
    for (index, hook) in hooks.iter().enumerate() {
        let at = At::new("webhooks").index(index);
        let name = text(hook, "name");
        if hooks.iter().take(index).any(|it| text(it, "name") == name) {
            causes.duplicate(&at.field("name"), name);
        }
        check_hook(hook, &at, causes);
    }
}

fn check_hook(hook: &Value, at: &At, causes: &mut Causes) {
    let name = text(hook, "name");
    let name_at = at.field("name");
    if name.is_empty() {
        causes.required(&name_at, "");
    } else if !names::subdomain_problems(name).is_empty() {
        super::words::check_form(name, &name_at, names::subdomain_problems, causes);
    } else if name.split('.').count() < 3 {
        causes.invalid(&name_at, name, SEGMENTS);
    }
    let effects = at.field("sideEffects");
    match text(hook, "sideEffects") {
        "" => causes.required(&effects, "must specify one of None, NoneOnDryRun"),
        _ => check_word(&hook["sideEffects"], &effects, &["None", "NoneOnDryRun"], causes),
    }
    check_word(&hook["failurePolicy"], &at.field("failurePolicy"), &["Fail", "Ignore"], causes);
    check_word(&hook["matchPolicy"], &at.field("matchPolicy"), &["Equivalent", "Exact"], causes);
    check_word(&hook["reinvocationPolicy"], &at.field("reinvocationPolicy"), &["IfNeeded", "Never"], causes);
    if let Some(it) = hook["timeoutSeconds"].as_i64().filter(|it| !(1..=30).contains(it)) {
        causes.invalid(&at.field("timeoutSeconds"), it, "the timeout value must be between 1 and 30 seconds");
    }
    check_versions(hook, at, causes);
    check_client(&hook["clientConfig"], &at.field("clientConfig"), causes);
    for (index, rule) in items(hook, "rules").iter().enumerate() {
        check_rule(rule, &at.field("rules").index(index), causes);
    }
}

fn check_versions(hook: &Value, at: &At, causes: &mut Causes) {
    let (versions, at) = (texts(hook, "admissionReviewVersions"), at.field("admissionReviewVersions"));
    if versions.is_empty() {
        causes.required(&at, "must specify one of v1, v1beta1");
    } else if !versions.iter().any(|it| matches!(*it, "v1" | "v1beta1")) {
        causes.invalid(&at, versions, "must include at least one of v1, v1beta1");
    }
}

fn check_client(client: &Value, at: &At, causes: &mut Causes) {
    let (url, service) = (client.member("url"), client.member("service"));
    match (url.as_str(), service.is_object()) {
        (Some(url), false) => check_url(url, &at.field("url"), causes),
        (None, true) => {
            let at = at.field("service");
            for field in ["namespace", "name"] {
                if text(service, field).is_empty() {
                    let say = format!("service {field} is required");
                    causes.required(&at.field(field), &say);
                }
            }
            if let Some(port) = service["port"].as_i64().filter(|it| !(1..=65535).contains(it)) {
                causes.invalid(
                    &at.field("port"),
                    port,
                    "port is not valid: must be between 1 and 65535, inclusive",
                );
            }
        }
        _ => causes.required(at, "exactly one of url or service is required"),
    }
}

fn check_url(url: &str, at: &At, causes: &mut Causes) {
    const FORM: &str = "desired format: https://host[/path]";
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme != "https" {
        causes.invalid(at, scheme, &format!("'https' is the only allowed URL scheme; {FORM}"));
    }
    if rest.split('/').next().unwrap_or_default().is_empty() {
        causes.invalid(at, "", &format!("host must be specified; {FORM}"));
    }
}

fn check_rule(rule: &Value, at: &At, causes: &mut Causes) {
    for (field, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        let (all, at) = (texts(rule, field), at.field(field));
        if all.is_empty() {
            causes.required(&at, "");
        } else if all.len() > 1 && all.contains(&"*") {
            causes.invalid(&at, all, &format!("if '*' is present, must not specify other {what}"));
        }
    }
    if items(rule, "resources").is_empty() {
        causes.required(&at.field("resources"), "");
    }
    let operations = texts(rule, "operations");
    let operations_at = at.field("operations");
    if operations.is_empty() {
        causes.required(&operations_at, "");
    } else if operations.len() > 1 && operations.contains(&"*") {
        let say = "if '*' is present, must not specify other operations";
        causes.invalid(&operations_at, operations.clone(), say);
    }
    for (index, it) in operations.into_iter().enumerate() {
        check_word(&it.into(), &operations_at.index(index), &OPERATIONS, causes);
    }
    check_word(&rule["scope"], &at.field("scope"), &["*", "Cluster", "Namespaced"], causes);
}

fn check_policy(change: &Change<'_>, causes: &mut Causes) {
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    if !spec["matchConstraints"].is_object() {
        causes.required(&at.field("matchConstraints"), "");
    } else if items(&spec["matchConstraints"], "resourceRules").is_empty() {
        causes.required(&at.field("matchConstraints").field("resourceRules"), "");
    }
    if is_empty(&spec["validations"]) && is_empty(&spec["auditAnnotations"]) {
        for field in ["validations", "auditAnnotations"] {
            let say = "validations or auditAnnotations must contain at least one item";
            causes.required(&at.field(field), say);
        }
    }
    check_word(&spec["failurePolicy"], &at.field("failurePolicy"), &["Fail", "Ignore"], causes);
}

fn check_policy_binding(change: &Change<'_>, causes: &mut Causes) {
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    if text(spec, "policyName").is_empty() {
        causes.required(&at.field("policyName"), "");
    }
    let actions = texts(spec, "validationActions");
    if actions.is_empty() {
        causes.required(&at.field("validationActions"), "");
    }
    for it in actions {
        check_word(&it.into(), &at.field("validationActions"), &["Audit", "Deny", "Warn"], causes);
    }
}
