//! Rows of what runs pods: controllers, jobs, autoscalers, budgets.

use serde_json::{Value, json};

use super::super::duration;
use super::view::{View, containers, labels, selector, selector_or_none};

fn with_template(mut cells: Vec<Value>, template: View<'_>, selector: Option<String>) -> Vec<Value> {
    cells.extend(containers(template.at("spec")));
    cells.extend(selector.map(Value::from));
    cells
}

pub(super) fn deployment(it: View<'_>) -> Vec<Value> {
    let cells = vec![
        it.name(),
        format!("{}/{}", it.int("status.readyReplicas"), it.int("spec.replicas")).into(),
        it.int("status.updatedReplicas").into(),
        it.int("status.availableReplicas").into(),
        it.age(),
    ];
    with_template(cells, it.at("spec.template"), Some(selector(it.at("spec.selector"))))
}

pub(super) fn replica_set(it: View<'_>) -> Vec<Value> {
    with_template(replicas(it), it.at("spec.template"), Some(selector_or_none(it.at("spec.selector"))))
}

pub(super) fn replication_controller(it: View<'_>) -> Vec<Value> {
    with_template(replicas(it), it.at("spec.template"), Some(labels(it.at("spec.selector"))))
}

fn replicas(it: View<'_>) -> Vec<Value> {
    vec![
        it.name(),
        it.int("spec.replicas").into(),
        it.int("status.replicas").into(),
        it.int("status.readyReplicas").into(),
        it.age(),
    ]
}

pub(super) fn stateful_set(it: View<'_>) -> Vec<Value> {
    let ready = format!("{}/{}", it.int("status.readyReplicas"), it.int("spec.replicas"));
    with_template(vec![it.name(), ready.into(), it.age()], it.at("spec.template"), None)
}

pub(super) fn daemon_set(it: View<'_>) -> Vec<Value> {
    let status = it.at("status");
    let cells = vec![
        it.name(),
        status.int("desiredNumberScheduled").into(),
        status.int("currentNumberScheduled").into(),
        status.int("numberReady").into(),
        status.int("updatedNumberScheduled").into(),
        status.int("numberAvailable").into(),
        labels(it.at("spec.template.spec.nodeSelector")).into(),
        it.age(),
    ];
    with_template(cells, it.at("spec.template"), Some(selector_or_none(it.at("spec.selector"))))
}

pub(super) fn job(it: View<'_>) -> Vec<Value> {
    let done = it.int("status.succeeded");
    let completions = match (it.at("spec.completions").0.as_i64(), it.int("spec.parallelism")) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{done}/1 of {parallel}"),
        (None, _) => format!("{done}/1"),
    };
    let (start, end) = (it.at("status.startTime"), it.at("status.completionTime"));
    let took = match (start.is_set(), end.is_set()) {
        (false, _) => String::new(),
        (true, false) => duration::since(start.0),
        (true, true) => duration::between(start.0, end.0).unwrap_or_default(),
    };
    let of_conditions = |all: &[&'static str]| all.iter().copied().find(|kind| it.is_true(kind));
    let status = of_conditions(&["Complete", "Failed"])
        .or_else(|| it.is_deleting().then_some("Terminating"))
        .or_else(|| of_conditions(&["Suspended", "FailureTarget", "SuccessCriteriaMet"]))
        .unwrap_or("Running");
    let cells = vec![it.name(), status.into(), completions.into(), took.into(), it.age()];
    with_template(cells, it.at("spec.template"), Some(selector_or_none(it.at("spec.selector"))))
}

pub(super) fn cron_job(it: View<'_>) -> Vec<Value> {
    let last = it.at("status.lastScheduleTime");
    let zone = it.at("spec.timeZone");
    let suspend = match it.at("spec.suspend").0.as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    let cells = vec![
        it.name(),
        it.text("spec.schedule").into(),
        zone.0.as_str().unwrap_or("<none>").into(),
        suspend.into(),
        it.count("status.active").into(),
        if last.is_set() { duration::since(last.0).into() } else { "<none>".into() },
        it.age(),
    ];
    let job = it.at("spec.jobTemplate.spec");
    with_template(cells, job.at("template"), Some(selector_or_none(job.at("selector"))))
}

pub(super) fn pod_template(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.at("template.spec"));
    vec![it.name(), names, images, labels(it.at("template.metadata.labels")).into()]
}

pub(super) fn disruption_budget(it: View<'_>) -> Vec<Value> {
    let number = |path: &str| match it.at(path).is_set() {
        true => Value::from(it.shown(path)),
        false => "N/A".into(),
    };
    vec![
        it.name(),
        number("spec.minAvailable"),
        number("spec.maxUnavailable"),
        it.int("status.disruptionsAllowed").into(),
        it.age(),
    ]
}

pub(super) fn controller_revision(it: View<'_>) -> Vec<Value> {
    let owner = it.list("metadata.ownerReferences").find(|it| it.flag("controller"));
    let controller = owner.map_or_else(
        || "<none>".to_owned(),
        |owner| {
            let kind = match owner.text("apiVersion").rsplit_once('/') {
                Some((group, _)) => format!("{}.{group}", owner.text("kind")),
                None => owner.text("kind").to_owned(),
            };
            format!("{}/{}", kind.to_lowercase(), owner.text("name"))
        },
    );
    vec![it.name(), controller.into(), it.int("revision").into(), it.age()]
}

pub(super) fn autoscaler(it: View<'_>) -> Vec<Value> {
    let target = it.at("spec.scaleTargetRef");
    let least =
        it.at("spec.minReplicas").0.as_i64().map_or_else(|| "<unset>".to_owned(), |it| it.to_string());
    vec![
        it.name(),
        format!("{}/{}", target.text("kind"), target.text("name")).into(),
        metrics(it).into(),
        least.into(),
        it.int("spec.maxReplicas").into(),
        it.int("status.currentReplicas").into(),
        it.age(),
    ]
}

/// `cpu: 10%/80%, …`; v1 knows the share of the processor only.
fn metrics(it: View<'_>) -> String {
    const MOST: usize = 2;
    let wanted = it.at("spec.targetCPUUtilizationPercentage");
    let (first, now);
    let (specs, statuses): (Vec<View<'_>>, Vec<View<'_>>) = if wanted.is_set() {
        first = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": wanted.0}}});
        now = json!({"resource": {"current": {
            "averageUtilization": it.at("status.currentCPUUtilizationPercentage").0,
        }}});
        (vec![View(&first)], vec![View(&now)])
    } else {
        (it.list("spec.metrics").collect(), it.list("status.currentMetrics").collect())
    };
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let all: Vec<String> =
        specs.iter().enumerate().map(|(index, spec)| metric(*spec, statuses.get(index).copied())).collect();
    let text = all.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len() {
        count if count > MOST => format!("{text} + {} more...", count - MOST),
        _ => text,
    }
}

fn metric(spec: View<'_>, status: Option<View<'_>>) -> String {
    const UNKNOWN: &str = "<unknown>";
    let kind = spec.text("type");
    let member = match kind {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let (target, now) = (spec.at(member).at("target"), status.map(|it| it.at(member).at("current")));
    let current = |path: &str| {
        now.filter(|it| it.at(path).is_set()).map_or_else(|| UNKNOWN.to_owned(), |it| it.shown(path))
    };
    let averages = target.at("averageValue").is_set();
    match kind {
        "Pods" => format!("{}/{}", current("averageValue"), target.shown("averageValue")),
        "External" | "Object" if averages => {
            format!("{}/{} (avg)", current("averageValue"), target.shown("averageValue"))
        }
        "External" | "Object" => format!("{}/{}", current("value"), target.shown("value")),
        _ => {
            let name = spec.at(member).text("name");
            if averages {
                return format!("{name}: {}/{}", current("averageValue"), target.shown("averageValue"));
            }
            let percent = |it: View<'_>| it.at("averageUtilization").0.as_i64().map(|it| format!("{it}%"));
            let current = now.and_then(percent).unwrap_or_else(|| UNKNOWN.to_owned());
            format!("{name}: {current}/{}", percent(target).unwrap_or_else(|| "<auto>".to_owned()))
        }
    }
}
