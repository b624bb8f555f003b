//! SubjectAccessReview and its kin: may somebody do something?
//!
//! Selectors are checked as the real server checks them; no rule of RBAC could use them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::identity::Identity;
use crate::call::Call;
use crate::failure::{Cause, Failure, Outcome};
use crate::fields::Fields;
use crate::kinds::selectors;
use crate::schema::strings;
use crate::selector::Selector;
use crate::{meta, names};

const GROUP: &str = "authorization.k8s.io";
const UNION: &str = "exactly one of nonResourceAttributes or resourceAttributes must be specified";

/// Checks a review and fills in its status.
pub(super) fn answer(call: &Call<'_>, object: &mut Value) -> Outcome<()> {
    let is_self = call.resource.plural == "selfsubjectaccessreviews";
    let is_local = call.resource.plural == "localsubjectaccessreviews";
    let causes = check(object, is_self, is_local);
    if !causes.is_empty() {
        return Err(Failure::invalid(GROUP, "", "", &causes));
    }
    let spec = &object["spec"];
    let who = if is_self { call.incoming.caller.clone() } else { subject(spec) };
    let asked = asked(spec);
    let (allowed, reason) = super::decide(call.shared, &who, &asked);
    let mut status = Map::from_iter([("allowed".to_owned(), allowed.into())]);
    if !reason.is_empty() {
        status.insert("reason".to_owned(), reason.into());
    }
    let ignored: Vec<String> = [("fieldSelector", read_fields as Reader), ("labelSelector", read_labels)]
        .into_iter()
        .filter_map(|(name, read)| {
            let (good, bad) = read(spec["resourceAttributes"].get(name)?);
            let how = if good > 0 { "partially ignored" } else { "ignored" };
            (bad > 0).then(|| format!("spec.resourceAttributes.{name} {how} due to parse error"))
        })
        .collect();
    if !ignored.is_empty() {
        status.insert("evaluationError".to_owned(), ignored.join("; ").into());
    }
    object["status"] = Value::Object(status);
    Ok(())
}

fn subject(spec: &Value) -> Identity {
    let text = |name: &str| spec[name].as_str().unwrap_or_default().to_owned();
    let extra = spec["extra"].as_object().into_iter().flatten();
    Identity {
        name: text("user"),
        uid: text("uid"),
        groups: strings(spec.get("groups")),
        extra: extra.map(|(key, it)| (key.clone(), strings(Some(it)))).collect::<BTreeMap<_, _>>(),
    }
}

fn asked(spec: &Value) -> Attributes {
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    if !resource.is_object() {
        return Attributes { verb: text(path, "verb"), path: text(path, "path"), ..Attributes::default() };
    }
    Attributes {
        is_resource: true,
        verb: text(resource, "verb"),
        group: text(resource, "group"),
        namespace: text(resource, "namespace"),
        resource: text(resource, "resource"),
        subresource: text(resource, "subresource"),
        name: text(resource, "name"),
        path: String::new(),
    }
}

fn check(object: &Value, is_self: bool, is_local: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let spec = &object["spec"];
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    // The type behind it has no names of its own for JSON.
    let shown = match path.as_object() {
        None => "null".to_owned(),
        Some(path) => {
            let text = |name: &str| path.get(name).cloned().unwrap_or_else(|| "".into());
            format!("{{\"Path\":{},\"Verb\":{}}}", text("path"), text("verb"))
        }
    };
    let odd = |field: &str, shown: &str, why: &str| Cause {
        reason: "FieldValueInvalid",
        field: field.to_owned(),
        message: format!("Invalid value: {shown}: {why}"),
    };
    if resource.is_object() == path.is_object() {
        causes.push(odd("spec", &shown, UNION));
    }
    let nobody =
        spec["user"].as_str().unwrap_or_default().is_empty() && strings(spec.get("groups")).is_empty();
    if !is_self && nobody {
        causes.push(odd("spec.user", "\"\"", "at least one of user or group must be specified"));
    }
    for (name, is_field) in [("fieldSelector", true), ("labelSelector", false)] {
        if let Some(selector) = resource.get(name).filter(|it| it.is_object()) {
            check_selector(selector, &format!("spec.resourceAttributes.{name}"), is_field, &mut causes);
        }
    }
    let mut metadata = object["metadata"].as_object().cloned().unwrap_or_default();
    metadata.remove("managedFields");
    if is_local {
        metadata.remove("namespace");
    }
    if !metadata.is_empty() {
        let why = if is_local { "must be empty except for namespace" } else { "must be empty" };
        causes.push(odd("metadata", &in_order(&object["metadata"], METADATA), why));
    }
    if is_local {
        let namespace = resource["namespace"].as_str().unwrap_or_default();
        if resource.is_object() && namespace != meta::namespace(object) {
            let field = "spec.resourceAttributes.namespace";
            causes.push(odd(field, &json!(namespace).to_string(), "must match metadata.namespace"));
        }
        if path.is_object() {
            causes.push(odd("spec.nonResourceAttributes", &shown, "disallowed on this kind of request"));
        }
    }
    causes
}

const METADATA: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];
const ENTRY: &[&str] =
    &["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];

/// Metadata with its members as Go's type has them, and everything inside by name.
fn in_order(value: &Value, order: &[&str]) -> String {
    let mut parts = Vec::new();
    for name in order {
        let Some(inner) = value.get(*name) else { continue };
        let text = match inner.as_array().filter(|_| *name == "managedFields") {
            Some(all) => {
                let all: Vec<String> = all.iter().map(|it| in_order(it, ENTRY)).collect();
                format!("[{}]", all.join(","))
            }
            None => inner.to_string(),
        };
        parts.push(format!("\"{name}\":{text}"));
    }
    format!("{{{}}}", parts.join(","))
}

fn requirements(selector: &Value) -> &[Value] {
    selector["requirements"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn check_selector(selector: &Value, field: &str, is_field: bool, causes: &mut Vec<Cause>) {
    let raw = selector["rawSelector"].as_str().unwrap_or_default();
    let all = requirements(selector);
    if !raw.is_empty() && !all.is_empty() {
        let why = "may not specified at the same time as requirements";
        causes.push(Cause::invalid(format!("{field}.rawSelector"), &raw.into(), why));
    }
    if raw.is_empty() && all.is_empty() {
        let why = format!("when {field} is specified, requirements or rawSelector is required");
        causes.push(Cause::required(format!("{field}.requirements"), &why));
    }
    for (index, it) in all.iter().enumerate() {
        let here = format!("{field}.requirements[{index}]");
        let at = |name: &str| format!("{here}.{name}");
        let key = it["key"].as_str().unwrap_or_default();
        let values = strings(it.get("values"));
        if is_field && key.is_empty() {
            causes.push(Cause::required(at("key"), "must be specified"));
        }
        // An operator that nobody knows is no mistake here: newer servers may know it.
        let operator = it["operator"].as_str().filter(|it| selectors::OPERATORS.contains(it));
        causes.extend(operator.and_then(|it| selectors::operator(it, values.len(), &here)));
        if is_field {
            continue;
        }
        for problem in names::qualified_problems(key) {
            causes.push(Cause::invalid(at("key"), &key.into(), &problem));
        }
        for (number, value) in values.iter().enumerate() {
            if let Some(problem) = names::label_value_problem(value) {
                let at = format!("{}[{number}]", at("values"));
                causes.push(Cause::invalid(at, &value.as_str().into(), problem));
            }
        }
    }
}

/// How many terms of a selector were understood, and how many were not.
type Reader = fn(&Value) -> (usize, usize);

fn read_fields(selector: &Value) -> (usize, usize) {
    let raw = selector["rawSelector"].as_str().unwrap_or_default();
    if !raw.is_empty() {
        let is_good = raw.split(',').all(|it| it.is_empty() || it.contains('='));
        return if is_good { (1, 0) } else { (0, 1) };
    }
    let is_good = |it: &&Value| {
        matches!(it["operator"].as_str(), Some("In" | "NotIn")) && strings(it.get("values")).len() == 1
    };
    let (all, good) = (requirements(selector), requirements(selector).iter().filter(is_good).count());
    (good, all.len().saturating_sub(good))
}

fn read_labels(selector: &Value) -> (usize, usize) {
    let raw = selector["rawSelector"].as_str().unwrap_or_default();
    if !raw.is_empty() {
        return if Selector::parse(raw, "", &Fields::of_custom(true, &[])).is_ok() { (1, 0) } else { (0, 1) };
    }
    let is_good =
        |it: &&Value| matches!(it["operator"].as_str(), Some("In" | "NotIn" | "Exists" | "DoesNotExist"));
    let (all, good) = (requirements(selector), requirements(selector).iter().filter(is_good).count());
    (good, all.len().saturating_sub(good))
}
