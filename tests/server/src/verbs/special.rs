//! Resources and subresources that store nothing of their own: eviction, binding; reviews and tokens are in `security`.
//!
//! Logs, exec, attach, port-forward and proxy are not answered yet.

use serde_json::{Value, json};

use super::update::{Tracking, store_changed};
use crate::call::{Call, Reply};
use crate::catalog::Resource;
use crate::failure::{Failure, Outcome};
use crate::security::token_request;
use crate::{body, meta};

/// Whether a create is only answered and never stored.
pub(super) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
}

pub(super) fn answer(call: &Call<'_>, subresource: &str) -> Outcome<Reply> {
    match (call.resource.plural.as_str(), subresource) {
        ("serviceaccounts", "token") => token_request::create(call),
        ("pods", "binding") => bind(call),
        ("pods", "eviction") => evict(call),
        _ => Err(Failure::no_such_resource()),
    }
}

fn success(code: u16) -> Reply {
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code});
    Reply::value(code, &status)
}

fn bind(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("CreateOptions", false)?;
    let binding = body::read(call.incoming, "Binding")?;
    let node = binding["target"]["name"].as_str().unwrap_or_default();
    let mut store = call.store();
    let old = call.find(&store)?;
    let bound = old.value["spec"]["nodeName"].as_str().unwrap_or_default();
    if !bound.is_empty() {
        let why = format!("pod {} is already assigned to node \"{bound}\"", call.name());
        return Err(Failure::conflict("", "pods/binding", call.name(), &why));
    }
    let mut new = old.value.clone();
    new["spec"]["nodeName"] = node.into();
    store_changed(call, &mut store, &old, new, &options, Tracking::None)?;
    Ok(success(201))
}

/// The pod that says why it goes.
fn disrupted(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let mut conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.retain(|it| it["type"] != "DisruptionTarget");
    conditions.push(json!({
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastProbeTime": null,
        "lastTransitionTime": meta::now(0),
    }));
    pod["status"]["conditions"] = conditions.into();
    pod
}

/// An eviction deletes; disruption budgets are not asked.
fn evict(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("CreateOptions", false)?;
    let eviction: Value = body::read(call.incoming, "Eviction")?;
    if meta::name(&eviction) != call.name() {
        return Err(Failure::bad_request("name in URL does not match name in Eviction object"));
    }
    let mut store = call.store();
    let pod = call.find(&store)?;
    let wanted = eviction["deleteOptions"].clone();
    if !options.dry_run {
        store.put(&call.place(), &call.key(call.name()), disrupted(&pod.value));
        super::delete::evicted(call, &mut store, &call.resource, &wanted);
    }
    Ok(success(201))
}
