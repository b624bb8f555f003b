//! Replication controllers, whose selectors are labels.

use serde_json::Value;

use super::super::causes::{At, Causes};
use super::super::look::map;
use super::super::{Change, Kind};
use super::{copy_labels, labels, matches_template, running_template};

pub(super) const KIND: Kind = Kind {
    generations: true,
    defaults,
    check,
    warn: super::warn_of_template,
    ..Kind::plain("", "replicationcontrollers")
};

fn defaults(object: &mut Value) {
    let labels = labels(&object["spec"]).clone();
    if labels.is_null() {
        return;
    }
    if map(&object["spec"], "selector").next().is_none() {
        object["spec"]["selector"] = labels.clone();
    }
    copy_labels(object, &labels);
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        return super::deployment::check_replicas(&change.new["status"], causes);
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    let mut selector = map(spec, "selector").peekable();
    if selector.peek().is_none() {
        causes.required(&at.field("selector"), "");
    }
    if spec["template"].is_null() {
        return causes.required(&at.field("template"), "");
    }
    if selector.peek().is_some() {
        let matches = selector.all(|(key, value)| labels(spec)[key.as_str()] == *value);
        matches_template(spec, &at, matches, causes);
    }
    running_template(spec, &at, "ReplicationController", causes);
}
