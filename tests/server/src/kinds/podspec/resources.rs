//! Resources of containers and pods: their names, amounts, requests within limits, claims of devices.

use serde_json::Value;

use crate::kinds::causes::{At, Causes};
use crate::kinds::difference;
use crate::kinds::look::{has, list, map, quantity, text};
use crate::kinds::quantity::Quantity;
use crate::kinds::rules::NOT_NEGATIVE;
use crate::names;

/// Names without a domain that containers may ask for.
const OF_CONTAINERS: &[&str] = &["cpu", "memory", "ephemeral-storage"];

/// Names without a domain that there are at all.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

pub(in crate::kinds) fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Names with a domain of their own, and not that of Kubernetes.
pub(in crate::kinds) fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_problems(&format!("requests.{name}")).is_empty()
}

fn is_native(name: &str) -> bool {
    match name.split_once('/') {
        None => true,
        Some((domain, _)) => domain == "kubernetes.io" || domain.ends_with(".kubernetes.io"),
    }
}

/// Whether more may be promised than there is.
fn may_be_overcommitted(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// Whether the name of a resource is one of those that there are.
fn standard_name(name: &str, at: &At, causes: &mut Causes) -> bool {
    let problems = names::qualified_problems(name);
    for problem in &problems {
        causes.invalid(at, name, problem);
    }
    if problems.is_empty() && !name.contains('/') && !STANDARD.contains(&name) && !is_huge_page(name) {
        causes.invalid(at, name, "must be a standard resource type or fully qualified");
        return false;
    }
    problems.is_empty()
}

fn container_name(name: &str, at: &At, causes: &mut Causes) {
    standard_name(name, at, causes);
    if !name.contains('/') {
        if !OF_CONTAINERS.contains(&name) && !is_huge_page(name) {
            causes.invalid(at, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        causes.invalid(at, name, "doesn't follow extended resource name standard");
    }
}

fn pod_name(name: &str, at: &At, causes: &mut Causes) {
    if standard_name(name, at, causes) && !matches!(name, "cpu" | "memory") && !is_huge_page(name) {
        causes.unsupported(at, name, &["cpu", "hugepages-", "memory"]);
    }
}

/// An amount of this resource: not negative, whole where it is counted.
pub(in crate::kinds) fn amount(name: &str, value: &Quantity, at: &At, causes: &mut Causes) {
    if value.is_negative() {
        causes.invalid(at, value.canonical(), NOT_NEGATIVE);
    }
    let counted = matches!(
        name,
        "pods"
            | "resourcequotas"
            | "services"
            | "replicationcontrollers"
            | "secrets"
            | "configmaps"
            | "persistentvolumeclaims"
            | "services.nodeports"
            | "services.loadbalancers"
    ) || is_extended(name);
    if counted && !value.is_whole() {
        causes.invalid(at, value.canonical(), "must be an integer");
    }
}

fn huge_page_size(name: &str, value: &Quantity, at: &At, causes: &mut Causes) {
    let size = name.strip_prefix("hugepages-").and_then(Quantity::parse);
    if is_huge_page(name) && !size.is_some_and(|it| value.is_multiple_of(&it)) {
        let text = value.canonical();
        causes.invalid(at, text.as_str(), &format!("{text} is not positive integer multiple of {name}"));
    }
}

fn requirements(value: &Value, name_of: fn(&str, &At, &mut Causes), at: &At, causes: &mut Causes) {
    let (mut computes, mut huge) = (false, false);
    for list in ["limits", "requests"] {
        for (name, amount_of) in map(value, list) {
            let Some(given) = quantity(amount_of) else { continue };
            let here = at.field(list).key(name);
            name_of(name, &here, causes);
            amount(name, &given, &here, causes);
            huge_page_size(name, &given, &here, causes);
            huge |= is_huge_page(name);
            computes |= matches!(name.as_str(), "cpu" | "memory");
            if list == "requests" {
                within_limit(value, name, &given, at, causes);
            }
        }
    }
    if huge && !computes {
        causes.forbidden(at, "HugePages require cpu or memory");
    }
}

fn within_limit(value: &Value, name: &str, request: &Quantity, at: &At, causes: &mut Causes) {
    let Some(limit) = quantity(&value["limits"][name]) else {
        if !may_be_overcommitted(name) {
            causes.required(&at.field("limits"), "Limit must be set for non overcommitable resources");
        }
        return;
    };
    let relation = if !may_be_overcommitted(name) && *request != limit {
        "equal to"
    } else if *request > limit {
        "less than or equal to"
    } else {
        return;
    };
    let say = format!("must be {relation} {name} limit of {}", limit.canonical());
    causes.invalid(&at.field("requests"), request.canonical(), &say);
}

/// The resources of a container.
pub(super) fn check_container(spec: &Value, container: &Value, at: &At, causes: &mut Causes) {
    let at = at.field("resources");
    requirements(&container["resources"], container_name, &at, causes);
    let mut known: Vec<&str> = list(spec, "resourceClaims").iter().map(|it| text(it, "name")).collect();
    known.sort_unstable();
    let mut seen: Vec<String> = Vec::new();
    for (index, claim) in list(&container["resources"], "claims").iter().enumerate() {
        let at = at.field("claims").index(index);
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            causes.required(&at, "");
            continue;
        }
        let key = if request.is_empty() { name.to_owned() } else { format!("{name}/{request}") };
        if seen.iter().any(|it| it == name || *it == key) {
            causes.duplicate(&at, if seen.iter().any(|it| it == name) { name } else { &key });
        }
        seen.push(key);
        if !known.contains(&name) {
            let say = match known.as_slice() {
                [] => " which is empty".to_owned(),
                all => format!(": {}", all.join(", ")),
            };
            let say =
                format!("Not found: \"{name}\": must be one of the names in pod.spec.resourceClaims{say}");
            let field = String::from(&at);
            causes.0.push(crate::failure::Cause { reason: "FieldValueNotFound", field, message: say });
        }
    }
}

/// The resources of the pod as a whole, and its overhead.
pub(super) fn check_pod(spec: &Value, at: &At, causes: &mut Causes) {
    let overhead = serde_json::json!({"limits": spec["overhead"]});
    for (name, value) in map(&overhead, "limits") {
        let at = at.field("overhead").field("limits").key(name);
        if let Some(value) = quantity(value) {
            container_name(name, &at, causes);
            amount(name, &value, &at, causes);
        }
    }
    if !has(spec, "resources") {
        return;
    }
    let at = at.field("resources");
    if text(&spec["os"], "name") == "windows" {
        return causes.forbidden(&at, "may not be set for a windows pod");
    }
    if has(&spec["resources"], "claims") {
        causes.forbidden(&at.field("claims"), "claims may not be set for Resources at pod-level");
    }
    requirements(&spec["resources"], pod_name, &at, causes);
    for (name, sum) in sums(spec, "requests") {
        let given = quantity(&spec["resources"]["requests"][name.as_str()]);
        if let Some(given) = given.filter(|it| sum > *it) {
            let say = format!(
                "must be greater than or equal to aggregate container requests of {}",
                sum.canonical()
            );
            causes.invalid(&at.field("requests").key(&name), given.canonical(), &say);
        }
    }
    for (index, container) in list(spec, "containers").iter().enumerate() {
        for (name, limit) in map(&container["resources"], "limits") {
            let (Some(limit), Some(most)) =
                (quantity(limit), quantity(&spec["resources"]["limits"][name.as_str()]))
            else {
                continue;
            };
            if limit > most {
                let at = at.field("containers").index(index).key(name).field("limits");
                let say = format!("must be less than or equal to pod limits of {}", most.canonical());
                causes.invalid(&at, limit.canonical(), &say);
            }
        }
    }
}

/// What the containers of a pod ask for together, sidecars included; an init container counts while it runs.
pub(in crate::kinds) fn sums(spec: &Value, field: &str) -> Vec<(String, Quantity)> {
    let mut all: Vec<(String, Quantity)> = Vec::new();
    let put = |all: &mut Vec<(String, Quantity)>, name: &str, value: Quantity, most: bool| match all
        .iter_mut()
        .find(|(it, _)| it == name)
    {
        Some((_, it)) if most => *it = if value > *it { value } else { *it },
        Some((_, it)) => *it = it.plus(value),
        None => all.push((name.to_owned(), value)),
    };
    let amounts = |container: &Value| -> Vec<(String, Quantity)> {
        map(&container["resources"], field)
            .filter_map(|(key, it)| Some((key.clone(), quantity(it)?)))
            .collect()
    };
    for container in list(spec, "containers") {
        for (name, value) in amounts(container) {
            put(&mut all, &name, value, false);
        }
    }
    let (mut before, mut most): (Vec<(String, Quantity)>, _) = (Vec::new(), Vec::new());
    for container in list(spec, "initContainers") {
        let stays = text(container, "restartPolicy") == "Always";
        for (name, value) in amounts(container) {
            if stays {
                put(&mut all, &name, value, false);
                put(&mut before, &name, value, false);
            }
            let beside = before.iter().find(|(it, _)| *it == name).map(|(_, it)| *it).filter(|_| !stays);
            let now = match (stays, beside) {
                (true, _) => before.iter().find(|(it, _)| *it == name).map_or(value, |(_, it)| *it),
                (false, Some(it)) => value.plus(it),
                (false, None) => value,
            };
            put(&mut most, &name, now, true);
        }
    }
    for (name, value) in most {
        put(&mut all, &name, value, true);
    }
    all
}

/// The claims of devices that a pod makes.
pub(super) fn check_claims(spec: &Value, at: &At, causes: &mut Causes) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, claim) in list(spec, "resourceClaims").iter().enumerate() {
        let at = at.field("resourceClaims").index(index);
        let name = text(claim, "name");
        if name.is_empty() {
            causes.required(&at.field("name"), "");
        } else if seen.contains(&name) {
            causes.duplicate(&at.field("name"), name);
        } else {
            for problem in names::label_problems(name) {
                causes.invalid(&at.field("name"), name, &problem);
            }
            seen.push(name);
        }
        let (of_name, of_template) = (claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName"));
        let say = match (of_name.is_some(), of_template.is_some()) {
            (true, true) => {
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            }
            (false, false) => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            _ => "",
        };
        if !say.is_empty() {
            causes.invalid_shown(&at, &difference::shown("PodResourceClaim", claim), say);
        }
        for field in ["resourceClaimName", "resourceClaimTemplateName"] {
            let Some(name) = claim[field].as_str() else { continue };
            for problem in names::subdomain_problems(name) {
                causes.invalid(&at.field(field), name, &problem);
            }
        }
    }
}
