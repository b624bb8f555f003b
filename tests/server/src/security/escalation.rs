//! Nobody grants more than they have: the check before a role or a binding is written.
//!
//! The verbs `escalate` and `bind` and the group `system:masters` are the ways around it.

use serde_json::Value;

use super::attributes::{Attributes, quote, quoted_list};
use super::bootstrap::GROUP;
use super::identity::{Identity, MASTERS};
use super::rbac::{Granted, Rule, has, referenced, rules, url_matches};
use crate::call::Call;
use crate::failure::{Failure, Outcome};
use crate::meta;
use crate::store::Store;

/// Refuses a role or binding that gives more than its writer has. `old` is what it was before.
pub(crate) fn check(call: &Call<'_>, store: &Store, new: &Value, old: Option<&Value>) -> Outcome<()> {
    let resource = &call.resource;
    let who = &call.incoming.caller;
    if resource.group != GROUP || !call.shared.security.rbac() || who.is_in(MASTERS) {
        return Ok(());
    }
    if old.is_some_and(|old| only_bookkeeping(old, new)) {
        return Ok(());
    }
    let namespace = call.target.namespace.as_deref().unwrap_or_default();
    let granted = Granted::to(store, who, namespace);
    let may = |verb: &str, resource: &str, name: &str| {
        let asked = Attributes {
            is_resource: true,
            verb: verb.to_owned(),
            group: GROUP.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Attributes::default()
        };
        granted.decide(&asked).0
    };
    let refuse = |why: &str| Err(Failure::forbidden(GROUP, &resource.plural, meta::name(new), why));
    match resource.plural.as_str() {
        "roles" | "clusterroles" => {
            if may("escalate", &resource.plural, call.name()) {
                return Ok(());
            }
            if let Some(why) = missing(&granted, who, &rules(new)) {
                return refuse(&why);
            }
            let sums = |it: &Value| {
                it["aggregationRule"]["clusterRoleSelectors"].as_array().is_some_and(|it| !it.is_empty())
            };
            if (sums(new) || old.is_some_and(sums)) && missing(&granted, who, &everything()).is_some() {
                return refuse("must have cluster-admin privileges to use the aggregationRule");
            }
            Ok(())
        }
        _ => {
            let reference = &new["roleRef"];
            let text = |name: &str| reference[name].as_str().unwrap_or_default();
            let plural = match text("kind") {
                "ClusterRole" => "clusterroles",
                "Role" => "roles",
                _ => "",
            };
            if !plural.is_empty() && may("bind", plural, text("name")) {
                return Ok(());
            }
            let wanted = referenced(store, text("kind"), text("name"), namespace).map_err(|failure| {
                // Whatever is not found while a binding is written is called a binding.
                let is_missing = failure.code == 404;
                if is_missing { Failure::not_found(GROUP, &resource.plural, text("name")) } else { failure }
            })?;
            match missing(&granted, who, &wanted) {
                Some(why) => refuse(&why),
                None => Ok(()),
            }
        }
    }
}

fn everything() -> [Rule; 2] {
    let all = || vec!["*".to_owned()];
    [
        Rule { verbs: all(), groups: all(), resources: all(), ..Rule::default() },
        Rule { verbs: all(), urls: all(), ..Rule::default() },
    ]
}

/// Whether a change is one of those that garbage collection needs and nothing else.
fn only_bookkeeping(old: &Value, new: &Value) -> bool {
    let plain = |it: &Value| {
        let mut it = it.clone();
        for field in ["ownerReferences", "finalizers", "managedFields", "selfLink"] {
            meta::remove(&mut it, field);
        }
        it
    };
    plain(old) == plain(new)
}

/// The words about rules that a user does not have and would grant.
fn missing(granted: &Granted, who: &Identity, wanted: &[Rule]) -> Option<String> {
    let mut left: Vec<Rule> = Vec::new();
    for rule in wanted.iter().flat_map(broken_down) {
        if !granted.rules.iter().any(|(own, _)| covers(own, &rule)) {
            left.push(rule);
        }
    }
    if left.is_empty() {
        return None;
    }
    let mut shown: Vec<String> = compact(left).iter().map(described).collect();
    shown.sort();
    shown.dedup();
    let mut why = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quote(&who.name),
        quoted_list(&who.groups),
        shown.join("\n")
    );
    let error = granted.error();
    if !error.is_empty() {
        why.push_str(&format!("; resolution errors: [{error}]"));
    }
    Some(why)
}

/// The same as rules of one verb and one resource each.
fn broken_down(rule: &Rule) -> Vec<Rule> {
    let mut all = Vec::new();
    let one = |it: &String| vec![it.clone()];
    for group in &rule.groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let simple = Rule {
                    verbs: one(verb),
                    groups: one(group),
                    resources: one(resource),
                    ..Rule::default()
                };
                if rule.names.is_empty() {
                    all.push(simple);
                    continue;
                }
                all.extend(rule.names.iter().map(|it| Rule { names: one(it), ..simple.clone() }));
            }
        }
    }
    for url in &rule.urls {
        all.extend(rule.verbs.iter().map(|it| Rule { verbs: one(it), urls: one(url), ..Rule::default() }));
    }
    all
}

fn covers(own: &Rule, wanted: &Rule) -> bool {
    let all = |own: &[String], wanted: &[String]| has(own, "*") || wanted.iter().all(|it| has(own, it));
    let resource = |it: &String| {
        has(&own.resources, it)
            || it.split_once('/').is_some_and(|(_, sub)| has(&own.resources, &format!("*/{sub}")))
    };
    let named = if wanted.names.is_empty() {
        own.names.is_empty()
    } else {
        own.names.is_empty() || wanted.names.iter().all(|it| has(&own.names, it))
    };
    all(&own.verbs, &wanted.verbs)
        && all(&own.groups, &wanted.groups)
        && (has(&own.resources, "*") || wanted.resources.iter().all(resource))
        && named
        && wanted.urls.iter().all(|it| own.urls.iter().any(|own| url_matches(own, it)))
}

/// Rules of one verb each, put together where they differ by verb only. Rules for paths stay apart.
fn compact(all: Vec<Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for rule in all {
        let same = |it: &&mut Rule| {
            rule.urls.is_empty()
                && it.groups == rule.groups
                && it.resources == rule.resources
                && it.names == rule.names
                && it.urls.is_empty()
        };
        match out.iter_mut().find(same) {
            Some(found) => found.verbs.extend(rule.verbs),
            None => out.push(rule),
        }
    }
    out
}

fn described(rule: &Rule) -> String {
    let parts = [
        ("APIGroups", &rule.groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.urls),
        ("ResourceNames", &rule.names),
        ("Verbs", &rule.verbs),
    ];
    let shown: Vec<String> = parts
        .iter()
        .filter(|(_, all)| !all.is_empty())
        .map(|(name, all)| format!("{name}:{}", quoted_list(all)))
        .collect();
    format!("{{{}}}", shown.join(", "))
}
