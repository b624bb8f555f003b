//! LimitRanges: their defaults and rules, what they give to containers that say nothing, and what they refuse.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::causes::{At, Causes};
use super::quantity::Quantity;
use super::words::{Members as _, check_form, items, text};
use super::{Admission, Change, Kind};
use crate::failure::{Failure, Outcome};
use crate::{meta, names};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

pub(super) const KIND: Kind = Kind { check, ..Kind::plain("", "limitranges") };

/// Amounts by resource.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// The amounts in a member of resources.
pub(super) fn amounts(of: &Value, key: &str) -> Amounts {
    let all = of[key].as_object().into_iter().flatten();
    all.filter_map(|(key, it)| Some((key.clone(), Quantity::parse(it.as_str()?)?))).collect()
}

/// What all containers of a pod together ask for: those that run side by side, or the greatest of those before them.
pub(super) fn of_pod(pod: &Value, key: &str) -> Amounts {
    let spec = &pod["spec"];
    let add = |sum: &mut Amounts, more: &Amounts| {
        for (name, amount) in more {
            let old = sum.get(name).copied().unwrap_or_else(Quantity::zero);
            sum.insert(name.clone(), old.plus(*amount));
        }
    };
    let (mut sum, mut sidecars, mut before) = (Amounts::new(), Amounts::new(), Amounts::new());
    for container in items(spec, "containers") {
        add(&mut sum, &amounts(&container["resources"], key));
    }
    for container in items(spec, "initContainers") {
        let mut own = amounts(&container["resources"], key);
        if text(container, "restartPolicy") == "Always" {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            own = sidecars.clone();
        } else {
            add(&mut own, &sidecars);
        }
        keep_greater(&mut before, own);
    }
    keep_greater(&mut sum, before);
    for (name, amount) in amounts(&spec["resources"], key) {
        if matches!(name.as_str(), "cpu" | "memory") {
            sum.insert(name, amount);
        }
    }
    sum
}

fn keep_greater(all: &mut Amounts, others: Amounts) {
    for (name, amount) in others {
        if all.get(&name).is_none_or(|it| amount > *it) {
            all.insert(name, amount);
        }
    }
}

/// Limits of containers follow from their maximum, requests from their limits and minimum.
pub(crate) fn item_defaults(item: &mut Map<String, Value>) {
    if text(item, "type") != "Container" {
        return;
    }
    for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
        let source = item.member(from).as_object().cloned().unwrap_or_default();
        if source.is_empty() {
            continue;
        }
        let target = item.entry(to).or_insert(Value::Null);
        if target.is_null() {
            *target = json!({});
        }
        if let Some(target) = target.as_object_mut() {
            for (key, value) in source {
                target.entry(key).or_insert(value);
            }
        }
    }
}

fn check(change: &Change<'_>, causes: &mut Causes) {
    let all = items(&change.new["spec"], "limits");
    for (index, item) in all.iter().enumerate() {
        let at = At::new("spec.limits").index(index);
        let kind = text(item, "type");
        let form = names::qualified_problems(kind);
        if form.is_empty()
            && !kind.contains('/')
            && !matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim")
        {
            causes.invalid(&at.field("type"), kind, "must be a standard limit type or fully qualified");
        }
        check_form(kind, &at.field("type"), names::qualified_problems, causes);
        if all.iter().take(index).any(|it| text(it, "type") == kind) {
            causes.duplicate(&at.field("type"), kind);
        }
        check_item(item, kind, &at, causes);
    }
}

fn check_item(item: &Value, kind: &str, at: &At, causes: &mut Causes) {
    const PARTS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
    let mut parts = PARTS.map(|it| amounts(item, it));
    for field in PARTS {
        if kind == "Pod" && field.starts_with("default") {
            if item[field].as_object().is_some_and(|it| !it.is_empty()) {
                causes.forbidden(&at.field(field), "may not be specified when `type` is 'Pod'");
            }
            continue;
        }
        for key in item[field].as_object().into_iter().flatten().map(|it| it.0) {
            check_resource(key, matches!(kind, "Pod" | "Container"), &at.field(field).key(key), causes);
        }
    }
    if kind == "Pod" {
        parts[2].clear();
        parts[3].clear();
    }
    let [max, min, default, request, ratio] = &parts;
    if kind == "PersistentVolumeClaim" && !max.contains_key("storage") && !min.contains_key("storage") {
        let say = "either minimum or maximum storage value is required, but neither was provided";
        causes.required(&at.field("limits"), say);
    }
    let keys: BTreeSet<&String> = parts.iter().flat_map(BTreeMap::keys).collect();
    for key in keys {
        // Two amounts, what they are called, whose path is named and whose value is shown there.
        let pairs = [
            (min, max, "min value", "max value", "min", true),
            (min, request, "min value", "default request value", "defaultRequest", false),
            (request, max, "default request value", "max value", "defaultRequest", true),
            (request, default, "default request value", "default limit value", "defaultRequest", true),
            (min, default, "min value", "default value", "default", true),
            (default, max, "default value", "max value", "default", false),
        ];
        for (less, more, less_name, more_name, field, shows_less) in pairs {
            if let (Some(less), Some(more)) = (less.get(key), more.get(key))
                && less > more
            {
                let shown = if shows_less { less } else { more };
                let say = format!(
                    "{less_name} {} is greater than {more_name} {}",
                    less.canonical(),
                    more.canonical()
                );
                causes.invalid(&at.field(field).key(key), shown.canonical(), &say);
            }
        }
        let Some(ratio) = ratio.get(key) else { continue };
        let ratio_at = at.field("maxLimitRequestRatio").key(key);
        let number = ratio.nano() as f64 / 1e9;
        if number < 1.0 {
            causes.invalid(
                &ratio_at,
                ratio.canonical(),
                &format!("ratio {} is less than 1", ratio.canonical()),
            );
        }
        if let (Some(min), Some(max)) = (min.get(key), max.get(key)) {
            let most = max.nano() as f64 / min.nano() as f64;
            if number > most {
                let say = format!("ratio {} is greater than max/min = {most:.6}", ratio.canonical());
                causes.invalid(&ratio_at, ratio.canonical(), &say);
            }
        }
    }
}

/// A resource by its name: of containers, or any.
fn check_resource(name: &str, of_containers: bool, at: &At, causes: &mut Causes) {
    let problems = names::qualified_problems(name);
    for problem in &problems {
        causes.invalid(at, name, problem);
    }
    if name.contains('/') {
        return;
    }
    let known = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if of_containers && !known {
        causes.invalid(at, name, "must be a standard resource for containers");
    } else if !of_containers && problems.is_empty() && !known && name != "storage" {
        causes.invalid(at, name, "must be a standard resource type or fully qualified");
    }
}

/// Gives a new pod what the LimitRanges of its namespace say, and refuses what is outside of them.
///
/// # Errors
///
/// 403 where a pod or a claim asks for too much or too little.
pub(super) fn admit(admission: &Admission<'_>, object: &mut Value) -> Outcome<()> {
    let (is_pod, is_claim) =
        (admission.resource.is("", "pods"), admission.resource.is("", "persistentvolumeclaims"));
    let concerned = (is_pod && admission.old.is_none()) || is_claim;
    if !concerned || !admission.subresource.is_empty() {
        return Ok(());
    }
    let place = (String::new(), "limitranges".to_owned());
    let ranges = admission.store.list(&place, &format!("{}/", admission.namespace));
    if is_pod {
        for (_, range) in &ranges {
            complete_pod(items(&range.value["spec"], "limits"), object);
        }
    }
    for (_, range) in &ranges {
        let mut why = Vec::new();
        for item in items(&range.value["spec"], "limits") {
            match text(item, "type") {
                "PersistentVolumeClaim" if is_claim => {
                    let asked = amounts(&object["spec"]["resources"], "requests");
                    refuse(item, &asked, None, &mut why);
                }
                "Container" if is_pod => {
                    let containers = ["containers", "initContainers"].into_iter();
                    for container in containers.flat_map(|it| items(&object["spec"], it)) {
                        let of = |key| amounts(&container["resources"], key);
                        refuse(item, &of("requests"), Some(&of("limits")), &mut why);
                    }
                }
                "Pod" if is_pod => {
                    refuse(item, &of_pod(object, "requests"), Some(&of_pod(object, "limits")), &mut why);
                }
                _ => {}
            }
        }
        let why = match why.as_slice() {
            [] => continue,
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        return Err(Failure::forbidden("", &admission.resource.plural, meta::name(object), &why));
    }
    Ok(())
}

fn complete_pod(limits: &[Value], pod: &mut Value) {
    let (mut requests, mut maxima) = (Map::new(), Map::new());
    for item in limits.iter().filter(|it| text(*it, "type") == "Container") {
        requests.extend(item["defaultRequest"].as_object().cloned().unwrap_or_default());
        maxima.extend(item["default"].as_object().cloned().unwrap_or_default());
    }
    let mut said = Vec::new();
    for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
        let all = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for container in all.into_iter().flatten() {
            let name = text(container, "name").to_owned();
            for (key, defaults, word) in [("requests", &requests, "request"), ("limits", &maxima, "limit")] {
                let mut set = Vec::new();
                for (resource, amount) in defaults {
                    let place = &mut container["resources"][key];
                    if place.get(resource).is_none() {
                        place[resource.as_str()] = amount.clone();
                        set.push(resource.as_str());
                    }
                }
                if !set.is_empty() {
                    said.push(format!("{} {word} for {what} {name}", set.join(", ")));
                }
            }
        }
    }
    if !said.is_empty() {
        pod["metadata"]["annotations"][ANNOTATION] =
            format!("LimitRanger plugin set: {}", said.join("; ")).into();
    }
}

/// Says what of an item is not kept to. Without limits it is a claim.
fn refuse(item: &Value, requests: &Amounts, limits: Option<&Amounts>, why: &mut Vec<String>) {
    let kind = text(item, "type");
    for (name, least) in amounts(item, "min") {
        let say = format!("minimum {name} usage per {kind} is {}", least.canonical());
        let limit = limits.and_then(|it| it.get(&name));
        match requests.get(&name) {
            None => why.push(format!("{say}.  No request is specified")),
            Some(it) if *it < least => why.push(format!("{say}, but request is {}", it.canonical())),
            Some(_) => {
                if let Some(it) = limit.filter(|it| **it < least) {
                    why.push(format!("{say}, but limit is {}", it.canonical()));
                }
            }
        }
    }
    for (name, most) in amounts(item, "max") {
        let say = format!("maximum {name} usage per {kind} is {}", most.canonical());
        let request = requests.get(&name);
        match limits.map(|it| it.get(&name)) {
            Some(None) => why.push(format!("{say}.  No limit is specified")),
            Some(Some(it)) if *it > most => why.push(format!("{say}, but limit is {}", it.canonical())),
            None if request.is_none() => why.push(format!("{say}.  No request is specified")),
            _ => {
                if let Some(it) = request.filter(|it| **it > most) {
                    why.push(format!("{say}, but request is {}", it.canonical()));
                }
            }
        }
    }
    for (name, most) in amounts(item, "maxLimitRequestRatio") {
        let say = format!("{name} max limit to request ratio per {kind} is {}", most.canonical());
        let number = |it: Option<&Quantity>| it.map_or(0.0, |it| it.nano() as f64);
        let (request, limit) = (number(requests.get(&name)), number(limits.and_then(|it| it.get(&name))));
        if request == 0.0 {
            why.push(format!("{say}, but no request is specified or request is 0"));
        } else if limit == 0.0 {
            why.push(format!("{say}, but no limit is specified or limit is 0"));
        } else if limit / request > most.nano() as f64 / 1e9 {
            why.push(format!("{say}, but provided ratio is {:.6}", limit / request));
        }
    }
}
