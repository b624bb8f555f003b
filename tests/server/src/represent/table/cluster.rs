//! Rows of what a cluster is run with: nodes, events, access, certificates, admission, priorities.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::duration;
use super::view::{View, first_few, labels};

pub(super) fn node(it: View<'_>) -> Vec<Value> {
    let mut status = match it.list("status.conditions").rfind(|it| it.text("type") == "Ready") {
        Some(ready) if ready.text("status") == "True" => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if it.flag("spec.unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let mut roles = BTreeSet::new();
    for (key, value) in it.at("metadata.labels").0.as_object().into_iter().flatten() {
        match (key.strip_prefix("node-role.kubernetes.io/"), value.as_str()) {
            (Some(role), _) if !role.is_empty() => roles.insert(role),
            (None, Some(role)) if key == "kubernetes.io/role" && !role.is_empty() => roles.insert(role),
            _ => false,
        };
    }
    let roles: Vec<&str> = roles.into_iter().collect();
    let info = it.at("status.nodeInfo");
    let mut kernel = info.text_or("kernelVersion", "<unknown>").to_owned();
    if !info.text("architecture").is_empty() {
        kernel.push_str(&format!(" ({})", info.text("architecture")));
    }
    let address = |kind: &str| {
        let found = it.list("status.addresses").find(|it| it.text("type") == kind);
        Value::from(found.map_or("<none>", |it| it.text("address")))
    };
    vec![
        it.name(),
        status.into(),
        if roles.is_empty() { "<none>".into() } else { roles.join(",").into() },
        it.age(),
        info.text("kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        info.text_or("osImage", "<unknown>").into(),
        kernel.into(),
        info.text_or("containerRuntimeVersion", "<unknown>").into(),
    ]
}

/// An event, in the words of either of its two groups.
pub(super) fn event(it: View<'_>) -> Vec<Value> {
    let either = |one: &str, other: &str| if it.at(one).is_set() { it.at(one) } else { it.at(other) };
    let (first, last) = (
        either("firstTimestamp", "deprecatedFirstTimestamp"),
        either("lastTimestamp", "deprecatedLastTimestamp"),
    );
    let first = if first.is_set() { duration::since(first.0) } else { it.since("eventTime") };
    let series = it.at("series");
    let (last, count) = match (series.is_set(), last.is_set()) {
        (true, _) => (series.since("lastObservedTime"), series.int("count")),
        (false, true) => (duration::since(last.0), 0),
        (false, false) => (first.clone(), 0),
    };
    let count = match (series.is_set(), either("count", "deprecatedCount").0.as_i64().unwrap_or(0)) {
        (true, _) => count,
        // An event that happened once need not say so.
        (false, 0) => 1,
        (false, count) => count,
    };
    let about = either("involvedObject", "regarding");
    let kind = about.text("kind").to_lowercase();
    let target = match about.text("name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = either("source", "deprecatedSource");
    let component = match source.text("component") {
        "" => either("reportingComponent", "reportingController").0.as_str().unwrap_or_default(),
        component => component,
    };
    let source = match source.text_or("host", it.text("reportingInstance")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    vec![
        last.into(),
        it.text("type").into(),
        it.text("reason").into(),
        target.into(),
        about.text("fieldPath").into(),
        source.into(),
        either("message", "note").0.as_str().unwrap_or_default().trim().into(),
        first.into(),
        count.into(),
        it.name(),
    ]
}

pub(super) fn binding(it: View<'_>) -> Vec<Value> {
    let of_kind = |kind: &'static str| {
        let all: Vec<String> = it
            .list("subjects")
            .filter(|it| it.text("kind") == kind)
            .map(|it| match kind {
                "ServiceAccount" => format!("{}/{}", it.text("namespace"), it.text("name")),
                _ => it.text("name").to_owned(),
            })
            .collect();
        Value::from(all.join(", "))
    };
    let role = format!("{}/{}", it.text("roleRef.kind"), it.text("roleRef.name"));
    vec![it.name(), role.into(), it.age(), of_kind("User"), of_kind("Group"), of_kind("ServiceAccount")]
}

pub(super) fn signing_request(it: View<'_>) -> Vec<Value> {
    let has = |kind: &str| it.condition(kind).is_some();
    let mut status = if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    }
    .to_owned();
    if has("Failed") {
        status.push_str(",Failed");
    }
    if !it.text("status.certificate").is_empty() {
        status.push_str(",Issued");
    }
    let wanted = it.at("spec.expirationSeconds").0.as_i64();
    vec![
        it.name(),
        it.age(),
        it.text_or("spec.signerName", "<none>").into(),
        it.text("spec.username").into(),
        wanted.map_or_else(|| "<none>".to_owned(), duration::human).into(),
        status.into(),
    ]
}

pub(super) fn pod_certificate(it: View<'_>) -> Vec<Value> {
    let mut states = it.list("status.conditions").map(|it| it.text("type"));
    let state = states.rfind(|it| matches!(*it, "Issued" | "Denied" | "Failed")).unwrap_or("Pending");
    let spec = it.at("spec");
    vec![
        it.name(),
        spec.text("podName").into(),
        spec.text("serviceAccountName").into(),
        spec.text("nodeName").into(),
        spec.text("signerName").into(),
        state.into(),
        labels(spec.at("unverifiedUserAnnotations")).into(),
    ]
}

pub(super) fn quota(it: View<'_>) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let mut names: Vec<&String> =
        it.at("status.hard").0.as_object().into_iter().flatten().map(|it| it.0).collect();
    names.sort();
    for name in names {
        let quantity = |path: &str| View(it.at(path).named(name).0).shown_itself();
        let text = format!("{name}: {}/{}", quantity("status.used"), quantity("status.hard"));
        if name.starts_with("limits.") { limits.push(text) } else { requests.push(text) }
    }
    vec![it.name(), requests.join(", ").into(), limits.join(", ").into(), it.age()]
}

pub(super) fn policy_binding(it: View<'_>) -> Vec<Value> {
    let reference = it.at("spec.paramRef");
    let shown = match (reference.is_set(), reference.text("name"), reference.text("namespace")) {
        (false, ..) => "<unset>".to_owned(),
        (true, "", _) if reference.at("selector").is_set() => go_selector(reference.at("selector")),
        (true, "", _) => "<unset>".to_owned(),
        (true, name, "") => format!("*/{name}"),
        (true, name, namespace) => format!("{namespace}/{name}"),
    };
    vec![it.name(), it.text("spec.policyName").into(), shown.into(), it.age()]
}

/// A label selector as Go's generated code prints one.
fn go_selector(it: View<'_>) -> String {
    let mut labels: Vec<String> = it
        .at("matchLabels")
        .0
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}: {},", value.as_str().unwrap_or_default()))
        .collect();
    labels.sort();
    let expressions: Vec<String> = it
        .list("matchExpressions")
        .map(|it| {
            let values: Vec<&str> = it.list("values").filter_map(|it| it.0.as_str()).collect();
            let (key, operator) = (it.text("key"), it.text("operator"));
            format!(
                "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},",
                values.join(" ")
            )
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{}}},MatchExpressions:[]LabelSelectorRequirement{{{}}},}}",
        labels.concat(),
        expressions.concat()
    )
}

pub(super) fn policy(it: View<'_>, rules: &str) -> Vec<Value> {
    let kind = it.at("spec.paramKind");
    let shown = match kind.is_set() {
        true => format!("{}/{}", kind.text("apiVersion"), kind.text("kind")),
        false => "<unset>".to_owned(),
    };
    vec![it.name(), it.count(rules).into(), shown.into(), it.age()]
}

pub(super) fn flow_schema(it: View<'_>) -> Vec<Value> {
    let dangling = it.condition("Dangling").map_or("?", |it| it.text("status"));
    vec![
        it.name(),
        it.text("spec.priorityLevelConfiguration.name").into(),
        it.int("spec.matchingPrecedence").into(),
        it.text_or("spec.distinguisherMethod.type", "<none>").into(),
        it.age(),
        dangling.into(),
    ]
}

pub(super) fn priority_level(it: View<'_>) -> Vec<Value> {
    let number = |at: View<'_>, path: &str| match at.is_set() {
        true => Value::from(at.int(path)),
        false => "<none>".into(),
    };
    let limited = it.at("spec.limited");
    let queuing = limited.at("limitResponse.queuing");
    vec![
        it.name(),
        it.text("spec.type").into(),
        number(limited, "nominalConcurrencyShares"),
        number(queuing, "queues"),
        number(queuing, "handSize"),
        number(queuing, "queueLengthLimit"),
        it.age(),
    ]
}

pub(super) fn storage_version(it: View<'_>) -> Vec<Value> {
    let all: Vec<String> = it
        .list("status.storageVersions")
        .map(|it| format!("{}={}", it.text("apiServerID"), it.text("encodingVersion")))
        .collect();
    let common = it.text_or("status.commonEncodingVersion", "<unset>");
    vec![it.name(), common.into(), first_few(&all, 3).into(), it.age()]
}

pub(super) fn api_service(it: View<'_>) -> Vec<Value> {
    let service = it.at("spec.service");
    let service = match service.is_set() {
        true => format!("{}/{}", service.text("namespace"), service.text("name")),
        false => "Local".to_owned(),
    };
    let available = it.condition("Available").map_or_else(
        || "Unknown".to_owned(),
        |it| match (it.text("status"), it.text("reason")) {
            ("True", _) => "True".to_owned(),
            (status, "") => status.to_owned(),
            (status, reason) => format!("{status} ({reason})"),
        },
    );
    vec![it.name(), service.into(), available.into(), it.age()]
}

pub(super) fn definition(it: View<'_>) -> Vec<Value> {
    let mut versions: Vec<String> = it
        .list("spec.versions")
        .filter(|it| it.flag("served"))
        .map(|it| format!("{}{}", it.text("name"), if it.flag("storage") { "(storage)" } else { "" }))
        .collect();
    versions.sort();
    let short: Vec<&str> = it.list("spec.names.shortNames").filter_map(|it| it.0.as_str()).collect();
    vec![
        it.name(),
        it.text("spec.scope").into(),
        versions.join(",").into(),
        it.text("metadata.creationTimestamp").into(),
        it.text("spec.group").into(),
        it.text("spec.names.kind").into(),
        short.join(",").into(),
        it.is_true("Established").into(),
    ]
}

pub(super) fn component_status(it: View<'_>) -> Vec<Value> {
    let Some(health) = it.list("conditions").find(|it| it.text("type") == "Healthy") else {
        return vec![it.name(), "Unknown".into(), "".into(), "".into()];
    };
    let status = if health.text("status") == "True" { "Healthy" } else { "Unhealthy" };
    vec![it.name(), status.into(), health.text("message").into(), health.text("error").into()]
}

pub(super) fn migration(it: View<'_>) -> Vec<Value> {
    let resource = match it.text("spec.resource.group") {
        "" => it.text("spec.resource.resource").to_owned(),
        group => format!("{}.{group}", it.text("spec.resource.resource")),
    };
    let status = it
        .list("status.conditions")
        .filter(|it| it.text("status") == "True")
        .map(|it| it.text("type"))
        .rfind(|it| matches!(*it, "Running" | "Failed" | "Succeeded"))
        .unwrap_or("Unknown");
    vec![it.name(), resource.into(), status.into()]
}

pub(super) fn resource_claim(it: View<'_>) -> Vec<Value> {
    let mut states = Vec::new();
    if it.is_deleting() {
        states.push("deleted");
    }
    if it.at("status.allocation").is_set() {
        states.push("allocated");
        if it.count("status.reservedFor") > 0 {
            states.push("reserved");
        }
    } else if !it.is_deleting() {
        states.push("pending");
    }
    vec![it.name(), states.join(",").into(), it.age()]
}

pub(super) fn device_taint(it: View<'_>) -> Vec<Value> {
    let taint = it.at("spec.taint");
    let added = taint.at("timeAdded");
    vec![
        it.name(),
        taint.text("key").into(),
        taint.text("value").into(),
        taint.text("effect").into(),
        if added.is_set() { duration::since(added.0).into() } else { "".into() },
        it.age(),
    ]
}

pub(super) fn pod_group(it: View<'_>, with_status: bool) -> Vec<Value> {
    let policy = if it.at("spec.schedulingPolicy.gang").is_set() { "Gang" } else { "Basic" };
    let workload = it.at("spec.workloadRef");
    let workload = if workload.is_set() { workload.text("workloadName") } else { "<none>" };
    let mut cells = vec![it.name(), policy.into(), workload.into()];
    if with_status {
        let scheduled = it.condition("PodGroupInitiallyScheduled").map(|it| match it.text("status") {
            "True" => "Scheduled",
            _ => "Unschedulable",
        });
        let disrupted = it.condition("DisruptionTarget").map(|it| it.text("reason"));
        cells.push(disrupted.or(scheduled).unwrap_or("Pending").into());
    }
    cells.push(it.age());
    cells
}
