//! Subresources of pods that are written and not stored: bindings and evictions.
//!
//! A binding gives a pod its node. An eviction deletes it, if the budget that protects it allows that.

use serde_json::{Value, json};

use crate::apply::fields::{FieldSet, Step};
use crate::apply::managers::{self, Manager};
use crate::call::{Call, Reply};
use crate::deletion::{self, Options};
use crate::failure::{Failure, Outcome};
use crate::kinds::causes::{At, Causes};
use crate::kinds::selectors;
use crate::schema::builtin;
use crate::store::{Place, Store};
use crate::{body, catalog, meta, names};

fn pods() -> Place {
    (String::new(), "pods".to_owned())
}

fn success() -> Reply {
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Reply::value(201, &status)
}

/// Sets a condition of a pod, with the time when its status changes.
fn set_condition(pod: &mut Value, condition: Value) {
    let mut condition = condition;
    condition["lastProbeTime"] = Value::Null;
    let now = meta::now(0);
    let Some(all) = pod["status"].get_mut("conditions").and_then(Value::as_array_mut) else {
        condition["lastTransitionTime"] = now.into();
        pod["status"]["conditions"] = json!([condition]);
        return;
    };
    match all.iter_mut().find(|it| it["type"] == condition["type"]) {
        Some(old) => {
            let same = old["status"] == condition["status"];
            condition["lastTransitionTime"] =
                if same { old["lastTransitionTime"].clone() } else { now.into() };
            *old = condition;
        }
        None => {
            condition["lastTransitionTime"] = now.into();
            all.push(condition);
        }
    }
}

/// Binds the pod of this name to the node that the body says.
pub(super) fn bind(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("CreateOptions", false)?;
    let binding = body::read(call.incoming, "Binding")?;
    let name = match &call.target.name {
        Some(name) if name != meta::name(&binding) => {
            return Err(Failure::bad_request("name in URL does not match name in Binding object"));
        }
        _ => meta::name(&binding).to_owned(),
    };
    check_binding(&binding)?;
    let node = binding["target"]["name"].as_str().unwrap_or_default();
    let key = call.key(&name);
    let mut store = call.store();
    let old = store.get(&pods(), &key).cloned().ok_or_else(|| Failure::not_found("", "pods", &name))?;
    let conflict = |why: String| Err(Failure::conflict("", "pods/binding", &name, &why));
    let bound = old.value["spec"]["nodeName"].as_str().unwrap_or_default();
    if meta::is_deleting(&old.value) {
        return conflict(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    if !bound.is_empty() {
        return conflict(format!("pod {name} is already assigned to node \"{bound}\""));
    }
    if old.value["spec"].get("schedulingGates").is_some() {
        return conflict(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let mut new = old.value.clone();
    new["spec"]["nodeName"] = node.into();
    for field in ["annotations", "labels"] {
        for (key, value) in binding["metadata"][field].as_object().into_iter().flatten() {
            new["metadata"][field][key.as_str()] = value.clone();
        }
    }
    if let Some(status) = new["status"].as_object_mut() {
        status.remove("nominatedNodeName");
    }
    set_condition(&mut new, json!({"type": "PodScheduled", "status": "True"}));
    if !options.dry_run {
        store.put(&pods(), &key, new);
    }
    Ok(success())
}

fn check_binding(binding: &Value) -> Outcome<()> {
    let (kind, name) = (binding["target"]["kind"].as_str(), binding["target"]["name"].as_str());
    let (kind, name) = (kind.unwrap_or_default(), name.unwrap_or_default());
    let (mut causes, at) = (Causes::default(), At::new("target"));
    if !matches!(kind, "" | "Node") {
        causes.unsupported(&at.field("kind"), kind, &["Node", "<empty>"]);
    }
    if name.is_empty() {
        causes.required(&at.field("name"), "");
    } else if matches!(kind, "" | "Node") {
        for problem in names::subdomain_problems(name) {
            causes.invalid(&at.field("name"), name, &problem);
        }
    }
    let all: Vec<String> = causes.0.iter().map(|it| format!("{}: {}", it.field, it.message)).collect();
    match all.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::plain(one.as_str())),
        many => Err(Failure::plain(format!("[{}]", many.join(", ")))),
    }
}

/// Deletes the pod of this name, if no budget holds it.
pub(super) fn evict(call: &Call<'_>) -> Outcome<Reply> {
    let options = call.write_options("CreateOptions", false)?;
    let eviction = body::read(call.incoming, "Eviction")?;
    if meta::name(&eviction) != call.name() {
        return Err(Failure::bad_request("name in URL does not match name in Eviction object"));
    }
    let sent = &eviction["deleteOptions"];
    let dry_run = options.dry_run || sent["dryRun"].as_array().is_some_and(|it| it.contains(&"All".into()));
    let mut store = call.store();
    let pod = call.find(&store)?;
    let phase = pod.value["status"]["phase"].as_str().unwrap_or_default();
    let unprotected = matches!(phase, "Succeeded" | "Failed" | "Pending") || meta::is_deleting(&pod.value);
    if !unprotected && let Some(budget) = budget(call, &store, &pod.value)? {
        take_from(call, &mut store, &budget, &pod.value, dry_run)?;
    }
    let text = |it: &Value| it.as_str().map(str::to_owned);
    let mut deletion = Options {
        dry_run,
        grace: sent["gracePeriodSeconds"].as_i64(),
        uid: text(&sent["preconditions"]["uid"]),
        version: text(&sent["preconditions"]["resourceVersion"]),
        ..Options::default()
    };
    let resource = catalog::builtins().iter().find(|it| it.is("", "pods") && it.version == "v1");
    let Some(resource) = resource else { return Err(call.not_found()) };
    if !dry_run {
        let mut marked = pod.value.clone();
        set_condition(
            &mut marked,
            json!({
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "EvictionByEvictionAPI",
                "message": "Eviction API: evicting",
            }),
        );
        deletion::check(resource, &deletion, &pod)?;
        let marked = store.put(&pods(), &call.key(call.name()), marked);
        deletion.version = deletion.version.map(|_| marked.revision.to_string());
    }
    deletion::delete(call.shared, &mut store, resource, &call.key(call.name()), &deletion)?;
    Ok(success())
}

/// The budget that a pod has; two are too many.
fn budget(call: &Call<'_>, store: &Store, pod: &Value) -> Outcome<Option<(String, Value)>> {
    let place = ("policy".to_owned(), "poddisruptionbudgets".to_owned());
    let labels = &pod["metadata"]["labels"];
    let all = store.list(&place, &call.prefix());
    let mut mine = all.iter().filter(|(_, it)| selectors::matches(&it.value["spec"]["selector"], labels));
    let first = mine.next();
    if mine.next().is_some() {
        let say = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
        return Err(Failure::plain(say));
    }
    let Some((key, budget)) = first else { return Ok(None) };
    let (status, spec) = (&budget.value["status"], &budget.value["spec"]);
    let number = |name: &str| status[name].as_i64().unwrap_or(0);
    let conditions = pod["status"]["conditions"].as_array();
    let is_ready = conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True");
    let healthy_enough = number("currentHealthy") >= number("desiredHealthy") && number("desiredHealthy") > 0;
    let free = !is_ready && (spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow" || healthy_enough);
    Ok((!free).then(|| (key.to_string(), budget.value.clone())))
}

/// Counts a disruption in the budget, or refuses it.
fn take_from(
    call: &Call<'_>,
    store: &mut Store,
    (key, budget): &(String, Value),
    pod: &Value,
    dry_run: bool,
) -> Outcome<()> {
    let name = meta::name(budget);
    let status = &budget["status"];
    let number = |name: &str| status[name].as_i64().unwrap_or(0);
    let refuse = |seconds: u64, why: &str| {
        let say = "Cannot evict pod as it would violate the pod's disruption budget.";
        Err(Failure::too_many_requests(say, seconds, "DisruptionBudget", why))
    };
    if number("observedGeneration") < budget["metadata"]["generation"].as_i64().unwrap_or(0) {
        return refuse(10, &format!("The disruption budget {name} is still being processed by the server."));
    }
    let allowed = number("disruptionsAllowed");
    if allowed <= 0 {
        let (desired, current) = (number("desiredHealthy"), number("currentHealthy"));
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let condition = conditions.into_iter().find(|it| {
            it["type"] == "DisruptionAllowed"
                && it["status"] == "False"
                && it["message"].as_str().unwrap_or_default() != ""
        });
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let why = match condition {
            Some(it) if it["reason"] == "SyncFailed" => format!(
                "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
                text(it, "message")
            ),
            _ if current <= desired => {
                format!(
                    "The disruption budget {name} needs {desired} healthy pods and has {current} currently"
                )
            }
            Some(it) => format!(
                "The disruption budget {name} does not allow evicting pods currently ({}): {}",
                text(it, "reason"),
                text(it, "message")
            ),
            None => format!("The disruption budget {name} does not allow evicting pods currently"),
        };
        return refuse(0, &why);
    }
    if dry_run {
        return Ok(());
    }
    let now = meta::now(0);
    let mut new = budget.clone();
    new["status"]["disruptionsAllowed"] = (allowed - 1).into();
    new["status"]["disruptedPods"][meta::name(pod)] = now.as_str().into();
    if allowed == 1 {
        let condition = json!({
            "type": "DisruptionAllowed",
            "status": "False",
            "observedGeneration": number("observedGeneration"),
            "lastTransitionTime": now,
            "reason": "InsufficientPods",
            "message": "",
        });
        let old: Vec<Value> = status["conditions"].as_array().cloned().unwrap_or_default();
        let mut all: Vec<Value> = old.into_iter().filter(|it| it["type"] != "DisruptionAllowed").collect();
        all.push(condition);
        new["status"]["conditions"] = all.into();
    }
    if let Some(schema) = builtin::of_kind("policy", "v1", "PodDisruptionBudget") {
        let manager = Manager {
            name: "kube-apiserver".to_owned(),
            applies: false,
            api_version: "policy/v1".to_owned(),
            subresource: "status".to_owned(),
        };
        let mut ignored = FieldSet::default();
        ignored.insert(&[Step::Field("spec".to_owned())]);
        managers::update(budget, &mut new, &schema, manager, &ignored, &now);
    }
    let _ = call;
    store.put(&("policy".to_owned(), "poddisruptionbudgets".to_owned()), key, new);
    Ok(())
}
