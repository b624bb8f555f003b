//! The quality-of-service class of a pod, from the resources of its containers or its own.

use serde_json::Value;

use super::super::look::{list, quantity};
use super::super::quantity::Quantity;

pub(super) fn class(pod: &Value) -> &'static str {
    let spec = &pod["spec"];
    let own = &spec["resources"];
    let has_own =
        ["limits", "requests"].iter().any(|it| own[*it].as_object().is_some_and(|it| !it.is_empty()));
    if has_own {
        return of(own);
    }
    let mut classes =
        list(spec, "initContainers").iter().chain(list(spec, "containers")).map(|it| of(&it["resources"]));
    let Some(first) = classes.next() else { return "BestEffort" };
    if classes.all(|it| it == first) { first } else { "Burstable" }
}

fn of(resources: &Value) -> &'static str {
    let is_empty = |which: &str| resources[which].as_object().is_none_or(serde_json::Map::is_empty);
    if is_empty("requests") && is_empty("limits") {
        return "BestEffort";
    }
    let amount = |which: &str, name: &str| quantity(&resources[which][name]).unwrap_or_else(Quantity::zero);
    let class = |name: &str| {
        let (request, limit) = (amount("requests", name), amount("limits", name));
        match request == limit {
            false => "Burstable",
            true if request.is_zero() => "BestEffort",
            true => "Guaranteed",
        }
    };
    let (cpu, memory) = (class("cpu"), class("memory"));
    if cpu == memory { cpu } else { "Burstable" }
}
