//! ResourceQuotas: their rules, and what they refuse when objects are created.
//!
//! What is used is counted when it is asked for, in place of the controller that counts in a cluster. Updates are not counted.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::causes::{At, Causes};
use super::limits::{Amounts, amounts, of_pod};
use super::quantity::Quantity;
use super::words::{IMMUTABLE, items, text, texts};
use super::{Change, Kind};
use crate::apply::fields::FieldSet;
use crate::apply::managers::{self, Manager};
use crate::catalog::Resource;
use crate::failure::{Failure, Outcome};
use crate::store::{Place, Store};
use crate::{meta, names};

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];
const PAIRS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
/// Counts of objects, which are whole.
const COUNTED: [&str; 9] = [
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const COMPUTED: [&str; 10] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];

pub(super) const KIND: Kind = Kind { answers_with_object: true, check, ..Kind::plain("", "resourcequotas") };

fn check(change: &Change<'_>, causes: &mut Causes) {
    if change.subresource == "status" {
        for field in ["hard", "used"] {
            check_amounts(&change.new["status"][field], &At::new("status").field(field), causes);
        }
        return;
    }
    let (spec, at) = (&change.new["spec"], At::new("spec"));
    check_amounts(&spec["hard"], &at.field("hard"), causes);
    let resources: Vec<&str> =
        spec["hard"].as_object().into_iter().flatten().map(|it| it.0.as_str()).collect();
    let scopes = texts(spec, "scopes");
    let scopes_at = at.field("scopes");
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            causes.invalid(&scopes_at, scopes.clone(), "unsupported scope");
        }
        for _ in resources.iter().filter(|it| is_standard(it) && !scope_fits(scope, it)) {
            causes.invalid(&scopes_at, scopes.clone(), "unsupported scope applied to resource");
        }
    }
    if PAIRS.iter().any(|pair| pair.iter().all(|it| scopes.contains(it))) {
        causes.invalid(&scopes_at, scopes.clone(), "conflicting scopes");
    }
    for expression in items(&spec["scopeSelector"], "matchExpressions") {
        check_expression(expression, &at.field("scopeSelector").field("matchExpressions"), causes);
    }
    if change.old.is_some_and(|it| texts(&it["spec"], "scopes") != scopes) {
        causes.invalid(&scopes_at, scopes, IMMUTABLE);
    }
}

fn check_expression(expression: &Value, at: &At, causes: &mut Causes) {
    let (scope, values) = (text(expression, "scopeName"), texts(expression, "values"));
    if !SCOPES.contains(&scope) {
        causes.invalid(&at.field("scopeName"), scope, "unsupported scope");
    }
    match text(expression, "operator") {
        "In" | "NotIn" if values.is_empty() => {
            let say = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            causes.required(&at.field("values"), say);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let say = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            causes.invalid(&at.field("values"), values, say);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => causes.invalid(&at.field("operator"), other, "not a valid selector operator"),
    }
}

fn is_standard(resource: &str) -> bool {
    COUNTED.contains(&resource) || COMPUTED.contains(&resource)
}

fn scope_fits(scope: &str, resource: &str) -> bool {
    match scope {
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => resource == "pods" || (COMPUTED.contains(&resource) && resource != "requests.storage"),
    }
}

fn check_amounts(all: &Value, at: &At, causes: &mut Causes) {
    for (name, value) in all.as_object().into_iter().flatten() {
        let at = at.key(name);
        let problems = names::qualified_problems(name);
        for problem in &problems {
            causes.invalid(&at, name.as_str(), problem);
        }
        if !name.contains('/') {
            let known = is_standard(name)
                || name.starts_with("hugepages-")
                || name.starts_with("requests.hugepages-");
            if problems.is_empty() && !known && name != "storage" {
                causes.invalid(&at, name.as_str(), "must be a standard resource type or fully qualified");
            }
            if !known {
                causes.invalid(&at, name.as_str(), "must be a standard resource for quota");
            }
        }
        let Some(amount) = value.as_str().and_then(Quantity::parse) else { continue };
        if amount.is_negative() {
            causes.invalid(&at, value.clone(), "must be greater than or equal to 0");
        }
        if (COUNTED.contains(&name.as_str()) || name.starts_with("count/")) && !amount.is_whole() {
            causes.invalid(&at, value.clone(), "must be an integer");
        }
    }
}

/// What one object uses.
fn usage(resource: &Resource, object: &Value) -> Amounts {
    let one = || Quantity::parse("1").unwrap_or_else(Quantity::zero);
    let mut all = Amounts::new();
    let plural = &resource.plural;
    let counted =
        if resource.group.is_empty() { plural.clone() } else { format!("{plural}.{}", resource.group) };
    all.insert(format!("count/{counted}"), one());
    if !resource.group.is_empty() {
        return all;
    }
    let spec = &object["spec"];
    match plural.as_str() {
        "pods" if matches!(text(&object["status"], "phase"), "Succeeded" | "Failed") => {}
        "pods" => {
            all.insert("pods".to_owned(), one());
            for (name, amount) in of_pod(object, "requests") {
                all.insert(format!("requests.{name}"), amount);
                all.insert(name, amount);
            }
            all.extend(of_pod(object, "limits").into_iter().map(|(name, it)| (format!("limits.{name}"), it)));
        }
        "persistentvolumeclaims" => {
            all.insert(plural.clone(), one());
            if let Some(it) = amounts(&spec["resources"], "requests").remove("storage") {
                all.insert("requests.storage".to_owned(), it);
            }
        }
        "services" => {
            all.insert(plural.clone(), one());
            let balanced = text(spec, "type") == "LoadBalancer";
            let ports = items(spec, "ports").len();
            let automatic = spec["allocateLoadBalancerNodePorts"].as_bool() != Some(false);
            if text(spec, "type") == "NodePort" || (balanced && automatic) {
                let count = Quantity::parse(&ports.to_string()).unwrap_or_else(Quantity::zero);
                all.insert("services.nodeports".to_owned(), count);
            }
            if balanced {
                all.insert("services.loadbalancers".to_owned(), one());
            }
        }
        it if COUNTED.contains(&it) => {
            all.insert(plural.clone(), one());
        }
        _ => {}
    }
    all
}

/// Whether a quota is about an object.
fn concerns(quota: &Value, resource: &Resource, object: &Value) -> bool {
    let spec = &quota["spec"];
    let selected = items(&spec["scopeSelector"], "matchExpressions");
    let scopes = texts(spec, "scopes");
    if scopes.is_empty() && selected.is_empty() {
        return true;
    }
    if !resource.is("", "pods") {
        return false;
    }
    let asks = |key| of_pod(object, key).keys().any(|it| matches!(it.as_str(), "cpu" | "memory"));
    let best_effort = !asks("requests") && !asks("limits");
    let ends = object["spec"]["activeDeadlineSeconds"].is_number();
    let fits = |scope: &str| match scope {
        "BestEffort" => best_effort,
        "NotBestEffort" => !best_effort,
        "Terminating" => ends,
        "NotTerminating" => !ends,
        _ => false,
    };
    let class = text(&object["spec"], "priorityClassName");
    let matches = |it: &Value| {
        let scope = text(it, "scopeName");
        if scope != "PriorityClass" {
            return fits(scope);
        }
        match text(it, "operator") {
            "In" => texts(it, "values").contains(&class),
            "NotIn" => !texts(it, "values").contains(&class),
            "Exists" => !class.is_empty(),
            _ => class.is_empty(),
        }
    };
    scopes.into_iter().all(fits) && selected.iter().all(matches)
}

/// New states of quotas that go with a create.
pub(crate) type Charges = Vec<(String, Value)>;

fn place() -> Place {
    (String::new(), "resourcequotas".to_owned())
}

/// What the quotas of a namespace become with a new object.
///
/// # Errors
///
/// 403 where one of them would be exceeded, or an object does not say what has to be limited.
pub(crate) fn charges(
    store: &Store,
    resource: &Resource,
    namespace: &str,
    object: &Value,
) -> Outcome<Charges> {
    let mut all = Charges::new();
    if namespace.is_empty() || resource.is_custom() {
        return Ok(all);
    }
    let asked = usage(resource, object);
    for (key, quota) in store.list(&place(), &format!("{namespace}/")) {
        let hard = amounts(&quota.value["spec"], "hard");
        let limited: BTreeMap<&String, &Quantity> =
            hard.iter().filter(|(name, _)| asked.contains_key(*name)).collect();
        let named = meta::name(&quota.value);
        let refuse =
            |why: &str| Err(Failure::forbidden(&resource.group, &resource.plural, meta::name(object), why));
        if !concerns(&quota.value, resource, object) {
            continue;
        }
        if resource.is("", "pods") {
            let missing = missing(object, &hard);
            if !missing.is_empty() {
                return refuse(&format!("failed quota: {named}: must specify {}", missing.join("; ")));
            }
        }
        if limited.is_empty() {
            continue;
        }
        let used = counted(store, resource, namespace, &quota.value);
        let now = |name: &str| used.get(name).copied().unwrap_or_else(Quantity::zero);
        let over: Vec<&String> = limited
            .iter()
            .filter(|(name, most)| {
                asked.get(**name).is_some_and(|it| !it.is_zero() && now(name).plus(*it) > ***most)
            })
            .map(|it| *it.0)
            .collect();
        if !over.is_empty() {
            let list = |of: &dyn Fn(&str) -> Quantity| {
                over.iter().map(|it| format!("{it}={}", of(it).canonical())).collect::<Vec<_>>().join(",")
            };
            let get = |of: &Amounts, name: &str| of.get(name).copied().unwrap_or_else(Quantity::zero);
            return refuse(&format!(
                "exceeded quota: {named}, requested: {}, used: {}, limited: {}",
                list(&|it| get(&asked, it)),
                list(&now),
                list(&|it| get(&hard, it))
            ));
        }
        let mut changed = quota.value.clone();
        changed["status"]["hard"] = changed["spec"]["hard"].clone();
        for name in hard.keys() {
            let known = changed["status"]["used"].get(name).and_then(Value::as_str).and_then(Quantity::parse);
            let sum = match asked.get(name) {
                Some(it) => now(name).plus(*it),
                None => known.unwrap_or_else(Quantity::zero),
            };
            changed["status"]["used"][name.as_str()] = json!(sum.canonical());
        }
        if let Some(schema) = crate::schema::builtin::named("io.k8s.api.core.v1.ResourceQuota") {
            let manager = Manager {
                name: "kube-apiserver".to_owned(),
                applies: false,
                api_version: "v1".to_owned(),
                subresource: "status".to_owned(),
            };
            let (nothing, now) = (FieldSet::default(), meta::now(0));
            managers::update(&quota.value, &mut changed, &schema, manager, &nothing, &now);
        }
        all.push((key.to_string(), changed));
    }
    Ok(all)
}

/// Writes what [`charges`] found.
pub(crate) fn charge(store: &mut Store, charges: Charges) {
    for (key, quota) in charges {
        store.put(&place(), &key, quota);
    }
}

/// What the objects of a kind in a namespace use.
fn counted(store: &Store, resource: &Resource, namespace: &str, quota: &Value) -> Amounts {
    let mut sum = Amounts::new();
    let place = crate::deletion::place(resource);
    for (_, it) in store.list(&place, &format!("{namespace}/")) {
        if concerns(quota, resource, &it.value) {
            for (name, amount) in usage(resource, &it.value) {
                let old = sum.get(&name).copied().unwrap_or_else(Quantity::zero);
                sum.insert(name, old.plus(amount));
            }
        }
    }
    sum
}

/// What containers have to say and do not, because a quota limits it.
fn missing(pod: &Value, hard: &Amounts) -> Vec<String> {
    let whole = &pod["spec"]["resources"];
    let mut all = Vec::new();
    for name in hard.keys() {
        let (key, resource) = match name.split_once('.') {
            Some(("requests", it)) => ("requests", it),
            Some(("limits", it)) => ("limits", it),
            _ => ("requests", name.as_str()),
        };
        if !matches!(resource, "cpu" | "memory") || whole[key].get(resource).is_some() {
            continue;
        }
        let containers = ["containers", "initContainers"].into_iter().flat_map(|it| items(&pod["spec"], it));
        let silent: Vec<&str> = containers
            .filter(|it| it["resources"][key].get(resource).is_none())
            .map(|it| text(it, "name"))
            .collect();
        if !silent.is_empty() {
            all.push(format!("{name} for: {}", silent.join(",")));
        }
    }
    all
}
