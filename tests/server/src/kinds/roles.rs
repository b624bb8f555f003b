//! Roles and their bindings: the groups that are understood, what rules and subjects may say, and the role that stays.
//!
//! What they allow is evaluated in `security`.

use serde_json::{Map, Value, json};

use super::Kind;
use super::causes::{At, Causes};
use super::words::{IMMUTABLE, Members as _, check_form, check_word, is_empty, items, text};
use crate::failure::Cause;
use crate::names;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) const ROLE: Kind =
    Kind { check: |change, causes| check_rules(change.new, true, causes), ..Kind::plain(GROUP, "roles") };

pub(super) const CLUSTER_ROLE: Kind = Kind {
    check: |change, causes| check_cluster_role(change.new, causes),
    ..Kind::plain(GROUP, "clusterroles")
};

pub(super) const BINDING: Kind = Kind {
    check: |change, causes| check_binding(change.new, change.old, true, causes),
    ..Kind::plain(GROUP, "rolebindings")
};

pub(super) const CLUSTER_BINDING: Kind = Kind {
    check: |change, causes| check_binding(change.new, change.old, false, causes),
    ..Kind::plain(GROUP, "clusterrolebindings")
};

/// The group of a role that names none.
pub(crate) fn reference_defaults(reference: &mut Map<String, Value>) {
    if text(reference, "apiGroup").is_empty() {
        reference.insert("apiGroup".to_owned(), GROUP.into());
    }
}

/// The group of users and groups that name none.
pub(crate) fn subject_defaults(subject: &mut Map<String, Value>) {
    if text(subject, "apiGroup").is_empty() && matches!(text(subject, "kind"), "User" | "Group") {
        subject.insert("apiGroup".to_owned(), GROUP.into());
    }
}

fn check_rules(role: &Value, namespaced: bool, causes: &mut Causes) {
    for (index, rule) in items(role, "rules").iter().enumerate() {
        let at = At::new("rules").index(index);
        let has = |field: &str| !items(rule, field).is_empty();
        if !has("verbs") {
            causes.required(&at.field("verbs"), "");
        }
        if has("nonResourceURLs") {
            let at = at.field("nonResourceURLs");
            let urls = rule["nonResourceURLs"].clone();
            if namespaced {
                causes.invalid(&at, urls.clone(), "namespaced rules cannot apply to non-resource URLs");
            }
            if has("apiGroups") || has("resources") || has("resourceNames") {
                let say = "rules cannot apply to both regular resources and non-resource URLs";
                causes.invalid(&at, urls, say);
            }
            continue;
        }
        if !has("apiGroups") {
            causes.required(&at.field("apiGroups"), "resource rules must supply at least one api group");
        }
        if !has("resources") {
            causes.required(&at.field("resources"), "resource rules must supply at least one resource");
        }
    }
}

fn check_cluster_role(role: &Value, causes: &mut Causes) {
    check_rules(role, false, causes);
    let rule = role.member("aggregationRule");
    if rule.is_object() && items(rule, "clusterRoleSelectors").is_empty() {
        let at = At::new("aggregationRule.clusterRoleSelectors");
        causes.required(&at, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
    for (index, selector) in items(rule, "clusterRoleSelectors").iter().enumerate() {
        if !is_selector(selector) {
            let at = At::new("aggregationRule.clusterRoleSelectors").index(index);
            causes.invalid(&at, Value::Null, "invalid label selector.");
        }
    }
}

/// Whether a selector can be evaluated; what is wrong with its parts is said where they are.
fn is_selector(selector: &Value) -> bool {
    let is_label = |key: &str, value: &str| {
        names::qualified_problems(key).is_empty() && names::label_value_problem(value).is_none()
    };
    let mut labels = selector["matchLabels"].as_object().into_iter().flatten();
    labels.all(|(key, value)| is_label(key, value.as_str().unwrap_or_default()))
        && items(selector, "matchExpressions").iter().all(|it| {
            let values = crate::schema::strings(it.get("values"));
            let is_complete = match text(it, "operator") {
                "In" | "NotIn" => !values.is_empty(),
                "Exists" | "DoesNotExist" => values.is_empty(),
                _ => false,
            };
            is_complete && is_label(text(it, "key"), "") && values.iter().all(|value| is_label("a", value))
        })
}

fn check_binding(binding: &Value, old: Option<&Value>, namespaced: bool, causes: &mut Causes) {
    let (role, at) = (&binding["roleRef"], At::new("roleRef"));
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if old.is_some_and(|it| it["roleRef"] != *role) {
        // A reference in the form that it has inside of the real server.
        let part = |key: &str| Value::from(text(role, key));
        let message = format!(
            "Invalid value: {{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}: {IMMUTABLE}",
            part("apiGroup"),
            part("kind"),
            part("name")
        );
        causes.0.push(Cause { reason: "FieldValueInvalid", field: (&at).into(), message });
    }
    check_word(&text(role, "apiGroup").into(), &at.field("apiGroup"), &[GROUP], causes);
    check_word(&text(role, "kind").into(), &at.field("kind"), kinds, causes);
    match text(role, "name") {
        "" => causes.required(&at.field("name"), ""),
        name => check_form(name, &at.field("name"), names::path_segment_problems, causes),
    }
    for (index, subject) in items(binding, "subjects").iter().enumerate() {
        check_subject(subject, namespaced, &At::new("subjects").index(index), causes);
    }
}

fn check_subject(subject: &Value, namespaced: bool, at: &At, causes: &mut Causes) {
    let (kind, name) = (text(subject, "kind"), text(subject, "name"));
    if name.is_empty() {
        causes.required(&at.field("name"), "");
    }
    let group = json!(text(subject, "apiGroup"));
    match kind {
        "ServiceAccount" => {
            if !name.is_empty() {
                check_form(name, &at.field("name"), names::subdomain_problems, causes);
            }
            check_word(&group, &at.field("apiGroup"), &[""], causes);
            if !namespaced && is_empty(&subject["namespace"]) {
                causes.required(&at.field("namespace"), "");
            }
        }
        "User" | "Group" => check_word(&group, &at.field("apiGroup"), &[GROUP], causes),
        _ => causes.unsupported(&at.field("kind"), kind, &["ServiceAccount", "User", "Group"]),
    }
}
