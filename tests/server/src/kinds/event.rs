//! Events: the form of events.k8s.io and that of the core group, which is stored, and what each of them needs.

use serde_json::Value;

use super::causes::{At, Causes};
use super::words::{check_form, check_same, drop_member, is_empty, text};
use super::{Change, Kind};
use crate::{meta, names};

/// What the form of events.k8s.io and that of the core group call the same members.
const NAMES: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

pub(super) const CORE: Kind = Kind {
    check: |change, causes| check(change.new, "reportingComponent", causes),
    ..Kind::plain("", "events")
};

pub(super) const EVENTS: Kind = Kind {
    check: |change, causes| {
        check(change.new, "reportingController", causes);
        check_strictly(change, causes);
    },
    ..Kind::plain("events.k8s.io", "events")
};

fn rename(event: &mut Value, names: impl Iterator<Item = (&'static str, &'static str)>) {
    let Some(all) = event.as_object_mut() else { return };
    for (from, to) in names {
        if let Some(value) = all.remove(from) {
            all.insert(to.to_owned(), value);
        }
    }
}

/// From events.k8s.io to what is stored.
pub(super) fn to_core(event: &mut Value) {
    rename(event, NAMES.into_iter());
    if event["count"].as_i64() == Some(0) {
        drop_member(event, "count");
    }
}

/// From what is stored to events.k8s.io.
pub(super) fn from_core(event: &mut Value) {
    rename(event, NAMES.into_iter().map(|(one, other)| (other, one)));
}

/// What both forms need.
fn check(event: &Value, controller: &str, causes: &mut Causes) {
    let (namespace, of) = (meta::namespace(event), text(&event["involvedObject"], "namespace"));
    // An object without a namespace has its events in the default one.
    if of != namespace && !(of.is_empty() && matches!(namespace, "" | "default")) {
        let at = At::new("involvedObject.namespace");
        causes.invalid(&at, of, "does not match event.namespace");
    }
    if is_empty(&event["eventTime"]) {
        return;
    }
    let at = At::new(controller);
    if text(event, "reportingComponent").is_empty() {
        causes.required(&at, "");
    }
    check_form(text(event, "reportingComponent"), &at, names::qualified_problems, causes);
    for field in ["reportingInstance", "action", "reason"] {
        if text(event, field).is_empty() {
            causes.required(&At::new(field), "");
        } else if text(event, field).len() > 128 {
            causes.invalid(&At::new(field), "", "can have at most 128 characters");
        }
    }
    if text(event, "message").len() > 1024 {
        causes.invalid(&At::new("message"), "", "can have at most 1024 characters");
    }
}

/// What the newer form needs besides.
fn check_strictly(change: &Change<'_>, causes: &mut Causes) {
    let event = change.new;
    if is_empty(&event["eventTime"]) {
        causes.required(&At::new("eventTime"), "");
    }
    let kind = text(event, "type");
    if !matches!(kind, "Normal" | "Warning") {
        causes.invalid(&At::new("type"), "", &format!("has invalid value: {kind}"));
    }
    let Some(old) = change.old else {
        for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
            let unset = match &event[field] {
                Value::Number(it) => it.as_i64() == Some(0),
                other => is_empty(other),
            };
            if !unset {
                causes.invalid(&At::new(field), "", "needs to be unset");
            }
        }
        return;
    };
    for field in [
        "involvedObject",
        "reason",
        "message",
        "source",
        "firstTimestamp",
        "lastTimestamp",
        "count",
        "type",
        "eventTime",
        "action",
        "related",
        "reportingComponent",
        "reportingInstance",
    ] {
        let path = if field == "reportingComponent" { "reportingController" } else { field };
        check_same(&event[field], &old[field], &At::new(path), causes);
    }
}
