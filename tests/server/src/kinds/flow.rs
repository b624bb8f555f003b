//! FlowSchemas, PriorityLevelConfigurations and APIServices: stored with their defaults and the commonest rules. No request is queued, and
//! none is passed on.

use serde_json::{Map, Value, json};

use super::causes::{At, Causes};
use super::formats;
use super::words::{Members as _, check_form, check_word, text};
use super::{Change, Kind};
use crate::{meta, names};

const GROUP: &str = "flowcontrol.apiserver.k8s.io";

pub(super) const SCHEMA: Kind =
    Kind { generations: true, check: check_schema, ..Kind::plain(GROUP, "flowschemas") };

pub(super) const LEVEL: Kind =
    Kind { generations: true, check: check_level, ..Kind::plain(GROUP, "prioritylevelconfigurations") };

pub(super) const API_SERVICE: Kind =
    Kind { check: check_api_service, ..Kind::plain("apiregistration.k8s.io", "apiservices") };

/// Numbers that are zero are not set.
fn unless_zero(all: &mut Map<String, Value>, defaults: &[(&str, i64)]) {
    for (field, default) in defaults {
        if all.member(field).as_i64().unwrap_or(0) == 0 {
            all.insert((*field).to_owned(), json!(default));
        }
    }
}

pub(crate) fn schema_defaults(spec: &mut Map<String, Value>) {
    unless_zero(spec, &[("matchingPrecedence", 1000)]);
}

pub(crate) fn queuing_defaults(queuing: &mut Map<String, Value>) {
    unless_zero(queuing, &[("queues", 64), ("handSize", 8), ("queueLengthLimit", 50)]);
}

fn check_schema(change: &Change<'_>, causes: &mut Causes) {
    let at = At::new("spec.priorityLevelConfiguration.name");
    match text(&change.new["spec"]["priorityLevelConfiguration"], "name") {
        "" => causes.required(&at, "must reference a priority level"),
        name => check_form(name, &at, names::subdomain_problems, causes),
    }
    let at = At::new("spec.matchingPrecedence");
    if let Some(it) = change.new["spec"]["matchingPrecedence"].as_i64() {
        if it <= 0 {
            causes.invalid(&at, it, "must be a positive value");
        } else if it > 10_000 {
            causes.invalid(&at, it, "must not be greater than 10000");
        }
    }
}

fn check_level(change: &Change<'_>, causes: &mut Causes) {
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    match text(spec, "type") {
        "" => return causes.required(&at.field("type"), ""),
        _ => check_word(&spec["type"], &at.field("type"), &["Exempt", "Limited"], causes),
    }
    let response = at.field("limited").field("limitResponse").field("type");
    if text(spec, "type") == "Limited" {
        let given = &spec["limited"]["limitResponse"]["type"];
        match given.as_str().unwrap_or_default() {
            "" => causes.required(&response, ""),
            _ => check_word(given, &response, &["Queue", "Reject"], causes),
        }
        let limit = &spec["limited"]["limitResponse"];
        if text(limit, "type") == "Queue" && !limit["queuing"].is_object() {
            causes.required(&at.field("limited").field("limitResponse").field("queuing"), "");
        }
    }
}

fn check_api_service(change: &Change<'_>, causes: &mut Causes) {
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    let (group, version) = (text(spec, "group"), text(spec, "version"));
    let wanted = format!("{version}.{group}");
    if meta::name(change.new) != wanted {
        let say = format!("must be `spec.version+\".\"+spec.group`: \"{wanted}\"");
        causes.invalid(&At::new("metadata.name"), meta::name(change.new), &say);
    }
    if group.is_empty() && version != "v1" {
        let say = "only v1 may have an empty group and it better be legacy kube";
        causes.required(&at.field("group"), say);
    } else if !group.is_empty() {
        check_form(group, &at.field("group"), names::subdomain_problems, causes);
    }
    check_form(version, &at.field("version"), formats::dns1035_label, causes);
    for (field, most) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let number = spec[field].as_i64().unwrap_or(0);
        if !(1..=most).contains(&number) {
            causes.invalid(&at.field(field), number, &format!("must be positive and less than {most}"));
        }
    }
}
