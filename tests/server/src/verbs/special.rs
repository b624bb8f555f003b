//! Resources and subresources that store nothing of their own: reviews, eviction, binding.
//!
//! Logs, exec, attach, port-forward, proxy and tokens are not answered yet.

use serde_json::{Value, json};

use super::update::{Tracking, store_changed};
use crate::apply::fields::{FieldSet, Step};
use crate::apply::managers;
use crate::call::{Call, Reply};
use crate::catalog::Resource;
use crate::failure::{Failure, Outcome};
use crate::{body, meta};

/// Whether a create is only answered and never stored.
pub(super) fn is_review(resource: &Resource) -> bool {
    matches!(resource.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io")
}

pub(super) fn review(call: &Call<'_>) -> Outcome<Reply> {
    let mut object = body::read(call.incoming, &call.resource.kind)?;
    body::check_type(&mut object, &call.resource, &call.incoming.body)?;
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let user =
        json!({"username": "admin", "uid": "admin", "groups": ["system:masters", "system:authenticated"]});
    object["status"] = match call.resource.plural.as_str() {
        "selfsubjectreviews" => {
            object["metadata"]["creationTimestamp"] = meta::now(0).into();
            json!({ "userInfo": user })
        }
        "tokenreviews" => {
            let token = object["spec"]["token"].as_str().unwrap_or_default();
            match call.shared.settings.token.as_deref() {
                Some(known) if known != token => {
                    json!({"user": {}, "error": "[invalid bearer token, token lookup failed]"})
                }
                _ => json!({"authenticated": true, "user": user}),
            }
        }
        "selfsubjectrulesreviews" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        // Authorization is not evaluated: whoever gets in may do everything.
        _ => json!({"allowed": true}),
    };
    if let Some(schema) = call.resource.schema() {
        let mut ignored = FieldSet::default();
        ignored.insert(&[Step::Field("status".to_owned())]);
        managers::update(&json!({}), &mut object, &schema, call.manager(false), &ignored, &meta::now(0));
    }
    Ok(call.unstored(201, &object))
}

pub(super) fn answer(call: &Call<'_>, subresource: &str) -> Outcome<Reply> {
    match (call.resource.plural.as_str(), subresource) {
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

/// An eviction deletes; disruption budgets are not asked.
fn evict(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("CreateOptions", false)?;
    let eviction: Value = body::read(call.incoming, "Eviction")?;
    let mut store = call.store();
    call.find(&store)?;
    let wanted = eviction["deleteOptions"].clone();
    if !options.dry_run {
        super::delete::evicted(call, &mut store, &call.resource, &wanted);
    }
    Ok(success(201))
}
