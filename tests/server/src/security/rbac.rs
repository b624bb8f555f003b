//! Role-based access control: which rules a user has, and whether one of them allows what is asked.
//!
//! Rules are read from the stored objects each time. Aggregated ClusterRoles are added up (`aggregate`), so that they act as they do in a
//! cluster whose controller writes the sum into them. What may be granted to others is in `escalation`.

use serde_json::Value;

use super::aggregate;
use super::attributes::{Attributes, quote};
use super::bootstrap::GROUP;
use super::identity::Identity;
use crate::failure::Failure;
use crate::schema::strings;
use crate::store::Store;

/// One rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) names: Vec<String>,
    pub(crate) urls: Vec<String>,
}

pub(super) fn has(all: &[String], one: &str) -> bool {
    all.iter().any(|it| it == one)
}

/// Whether a pattern of paths, which may end in `*`, holds for a path.
pub(super) fn url_matches(pattern: &str, path: &str) -> bool {
    pattern == path || pattern.ends_with('*') && path.starts_with(pattern.trim_end_matches('*'))
}

impl Rule {
    fn read(value: &Value) -> Rule {
        let list = |name: &str| strings(value.get(name));
        Rule {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    pub(crate) fn allows(&self, asked: &Attributes) -> bool {
        if !has(&self.verbs, "*") && !has(&self.verbs, &asked.verb) {
            return false;
        }
        if !asked.is_resource {
            return self.urls.iter().any(|it| url_matches(it, &asked.path));
        }
        let combined = asked.combined();
        let resource = |it: &String| {
            it == "*"
                || *it == combined
                || !asked.subresource.is_empty() && it.strip_prefix("*/") == Some(asked.subresource.as_str())
        };
        (has(&self.groups, "*") || has(&self.groups, &asked.group))
            && self.resources.iter().any(resource)
            && (self.names.is_empty() || has(&self.names, &asked.name))
    }
}

/// The rules in an object or a list of rules.
pub(super) fn rules(role: &Value) -> Vec<Rule> {
    role["rules"].as_array().into_iter().flatten().map(Rule::read).collect()
}

/// What a user may do in a namespace, or outside of any when that is empty.
#[derive(Debug, Default)]
pub(crate) struct Granted {
    /// Each rule with the words for the binding that gives it.
    pub(crate) rules: Vec<(Rule, String)>,
    /// Roles that are bound and are not there.
    pub(crate) errors: Vec<String>,
}

impl Granted {
    /// All rules of a user.
    pub(crate) fn to(store: &Store, who: &Identity, namespace: &str) -> Granted {
        let mut granted = Granted::default();
        granted.collect(store, who, "clusterrolebindings", "");
        if !namespace.is_empty() {
            granted.collect(store, who, "rolebindings", namespace);
        }
        granted
    }

    fn collect(&mut self, store: &Store, who: &Identity, bindings: &str, namespace: &str) {
        let place = (GROUP.to_owned(), bindings.to_owned());
        let prefix = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
        for (key, binding) in store.list(&place, &prefix) {
            let subjects = binding.value["subjects"].as_array().map(Vec::as_slice).unwrap_or_default();
            let Some(subject) = subjects.iter().find(|it| applies(it, who, namespace)) else { continue };
            let reference = &binding.value["roleRef"];
            let (kind, role) = (text(reference, "kind"), text(reference, "name"));
            match referenced(store, kind, role, namespace) {
                Err(failure) => self.errors.push(failure.message),
                Ok(rules) => {
                    let (what, name) = match key.split_once('/') {
                        Some((namespace, name)) => ("RoleBinding", format!("{name}/{namespace}")),
                        None => ("ClusterRoleBinding", key.to_string()),
                    };
                    let source = format!(
                        "{what} {} of {kind} {} to {}",
                        quote(&name),
                        quote(role),
                        described(subject, namespace)
                    );
                    self.rules.extend(rules.into_iter().map(|it| (it, source.clone())));
                }
            }
        }
    }

    /// What resolving went wrong, in the words of an aggregate error.
    pub(crate) fn error(&self) -> String {
        let mut all: Vec<&str> = Vec::new();
        for error in &self.errors {
            if !all.contains(&error.as_str()) {
                all.push(error);
            }
        }
        match all.as_slice() {
            [] => String::new(),
            [one] => (*one).to_owned(),
            many => format!("[{}]", many.join(", ")),
        }
    }

    /// Whether something is allowed, with the reason.
    pub(crate) fn decide(&self, asked: &Attributes) -> (bool, String) {
        if let Some((_, source)) = self.rules.iter().find(|(it, _)| it.allows(asked)) {
            return (true, format!("RBAC: allowed by {source}"));
        }
        let error = self.error();
        (false, if error.is_empty() { error } else { format!("rbac: RBAC: {error}") })
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn applies(subject: &Value, who: &Identity, namespace: &str) -> bool {
    let name = text(subject, "name");
    match text(subject, "kind") {
        "User" => who.name == name,
        "Group" => who.is_in(name),
        "ServiceAccount" => {
            let namespace = match text(subject, "namespace") {
                "" => namespace,
                own => own,
            };
            !namespace.is_empty() && who.name == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

fn described(subject: &Value, namespace: &str) -> String {
    let (kind, name) = (text(subject, "kind"), text(subject, "name"));
    if kind != "ServiceAccount" {
        return format!("{kind} {}", quote(name));
    }
    let namespace = match text(subject, "namespace") {
        "" => namespace,
        own => own,
    };
    format!("{kind} {}", quote(&format!("{name}/{namespace}")))
}

/// The rules of the role that a binding in a namespace refers to.
pub(super) fn referenced(
    store: &Store,
    kind: &str,
    name: &str,
    namespace: &str,
) -> Result<Vec<Rule>, Failure> {
    let (plural, singular, key) = match kind {
        "Role" => ("roles", "role", format!("{namespace}/{name}")),
        "ClusterRole" => ("clusterroles", "clusterrole", name.to_owned()),
        other => return Err(Failure::plain(format!("unsupported role reference kind: {}", quote(other)))),
    };
    let Some(role) = store.get(&(GROUP.to_owned(), plural.to_owned()), &key) else {
        return Err(Failure::not_found(GROUP, singular, name));
    };
    let mut all = rules(&role.value);
    if kind == "ClusterRole" && role.value.get("aggregationRule").is_some() {
        aggregate::add(store, &role.value, &mut all);
    }
    Ok(all)
}
