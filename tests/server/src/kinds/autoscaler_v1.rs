//! HorizontalPodAutoscalers in the form of v1: what that has no member for is JSON in annotations.

use serde_json::{Map, Value, json};

use super::words::{Members as _, drop_member, items, text};

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// Members of a metric or of its state: type, member, and what stands in its JSON, in order.
///
/// Left the name in v1 (with `!` an amount that is written as zero when it is absent), right the path in v2.
type Layout = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const WANTED: [Layout; 5] = [
    (
        "Object",
        "object",
        &[
            ("target", "describedObject"),
            ("metricName", "metric/name"),
            ("!targetValue", "target/value"),
            ("selector", "metric/selector"),
            ("averageValue", "target/averageValue"),
        ],
    ),
    (
        "Pods",
        "pods",
        &[
            ("metricName", "metric/name"),
            ("!targetAverageValue", "target/averageValue"),
            ("selector", "metric/selector"),
        ],
    ),
    (
        "Resource",
        "resource",
        &[
            ("name", "name"),
            ("targetAverageUtilization", "target/averageUtilization"),
            ("targetAverageValue", "target/averageValue"),
        ],
    ),
    (
        "ContainerResource",
        "containerResource",
        &[
            ("name", "name"),
            ("targetAverageUtilization", "target/averageUtilization"),
            ("targetAverageValue", "target/averageValue"),
            ("container", "container"),
        ],
    ),
    (
        "External",
        "external",
        &[
            ("metricName", "metric/name"),
            ("metricSelector", "metric/selector"),
            ("targetValue", "target/value"),
            ("targetAverageValue", "target/averageValue"),
        ],
    ),
];

const CURRENT: [Layout; 5] = [
    (
        "Object",
        "object",
        &[
            ("target", "describedObject"),
            ("metricName", "metric/name"),
            ("!currentValue", "current/value"),
            ("selector", "metric/selector"),
            ("averageValue", "current/averageValue"),
        ],
    ),
    (
        "Pods",
        "pods",
        &[
            ("metricName", "metric/name"),
            ("!currentAverageValue", "current/averageValue"),
            ("selector", "metric/selector"),
        ],
    ),
    (
        "Resource",
        "resource",
        &[
            ("name", "name"),
            ("currentAverageUtilization", "current/averageUtilization"),
            ("!currentAverageValue", "current/averageValue"),
        ],
    ),
    (
        "ContainerResource",
        "containerResource",
        &[
            ("name", "name"),
            ("currentAverageUtilization", "current/averageUtilization"),
            ("!currentAverageValue", "current/averageValue"),
            ("container", "container"),
        ],
    ),
    (
        "External",
        "external",
        &[
            ("metricName", "metric/name"),
            ("metricSelector", "metric/selector"),
            ("!currentValue", "current/value"),
            ("currentAverageValue", "current/averageValue"),
        ],
    ),
];

/// JSON with members in this order, without those that are null.
fn ordered<'a>(members: impl Iterator<Item = (&'a str, String)>) -> String {
    let all: Vec<String> =
        members.filter(|(_, it)| it != "null").map(|(key, it)| format!("\"{key}\":{it}")).collect();
    format!("{{{}}}", all.join(","))
}

fn reference(it: &Value) -> String {
    ordered(["kind", "name", "apiVersion"].into_iter().map(|key| (key, it[key].to_string())))
}

/// The list of metrics of v2 as v1 writes it.
fn written(metrics: &[&Value], layouts: &[Layout]) -> String {
    let one = |metric: &Value| {
        let kind = metric["type"].as_str().unwrap_or_default();
        let inner = layouts.iter().find(|it| it.0 == kind).map(|(_, member, parts)| {
            let source = &metric[*member];
            let part = |(name, path): &(&'static str, &str)| {
                let value = source.pointer(&format!("/{path}")).unwrap_or(&Value::Null);
                match (name.strip_prefix('!'), *name) {
                    (Some(name), _) if value.is_null() => (name, "\"0\"".to_owned()),
                    (Some(name), _) => (name, value.to_string()),
                    (None, "target") => ("target", reference(value)),
                    (None, name) => (name, value.to_string()),
                }
            };
            (*member, ordered(parts.iter().map(part)))
        });
        ordered([("type", metric["type"].to_string())].into_iter().chain(inner))
    };
    format!("[{}]", metrics.iter().map(|it| one(it)).collect::<Vec<_>>().join(","))
}

/// The list of metrics as v1 has it in an annotation, read into the form of v2.
fn read(annotation: &str, layouts: &[Layout], target: &str) -> Option<Vec<Value>> {
    let Ok(Value::Array(all)) = serde_json::from_str::<Value>(annotation) else { return None };
    let one = |old: &Value| {
        let mut new = json!({"type": old["type"]});
        let kind = old["type"].as_str().unwrap_or_default();
        let Some((_, member, parts)) = layouts.iter().find(|it| it.0 == kind) else { return new };
        let source = &old[*member];
        let mut inner = Map::new();
        for (name, path) in parts.iter() {
            let value = source.member(name.trim_start_matches('!'));
            if value.is_null() {
                continue;
            }
            match path.split_once('/') {
                None => inner.insert((*path).to_owned(), value.clone()),
                Some((outer, path)) => {
                    let place = inner.entry(outer).or_insert_with(|| json!({}));
                    place.as_object_mut().and_then(|it| it.insert(path.to_owned(), value.clone()))
                }
            };
        }
        if target == "target" {
            let given = |key: &str| inner.get("target").is_some_and(|it| !it[key].is_null());
            let form = if given("averageUtilization") {
                "Utilization"
            } else if given("averageValue") {
                "AverageValue"
            } else {
                "Value"
            };
            let place = inner.entry("target").or_insert_with(|| json!({}));
            place["type"] = form.into();
        }
        new[*member] = Value::Object(inner);
        new
    };
    Some(all.iter().map(one).collect())
}

fn is_cpu(metric: &Value, side: &str) -> bool {
    text(metric, "type") == "Resource"
        && text(&metric["resource"], "name") == "cpu"
        && metric["resource"][side]["averageUtilization"].is_number()
}

/// Behavior as it is inside of the real server.
fn behavior(it: &Value) -> String {
    let rules = |rules: &Value| {
        if !rules.is_object() {
            return "null".to_owned();
        }
        let policy = |it: &Value| {
            format!(
                "{{\"Type\":{},\"Value\":{},\"PeriodSeconds\":{}}}",
                it["type"], it["value"], it["periodSeconds"]
            )
        };
        let policies: Vec<String> = items(rules, "policies").iter().map(policy).collect();
        format!(
            "{{\"StabilizationWindowSeconds\":{},\"SelectPolicy\":{},\"Policies\":[{}],\"Tolerance\":{}}}",
            rules["stabilizationWindowSeconds"],
            rules["selectPolicy"],
            policies.join(","),
            rules["tolerance"]
        )
    };
    format!("{{\"ScaleUp\":{},\"ScaleDown\":{}}}", rules(&it["scaleUp"]), rules(&it["scaleDown"]))
}

/// Members of Go's own types begin with an upper case letter; reading does not mind.
fn lower(value: &Value, depth: usize) -> Value {
    match value {
        Value::Object(all) if depth < 8 => {
            let name = |key: &str| {
                let mut letters = key.chars();
                letters
                    .next()
                    .map(|it| it.to_ascii_lowercase().to_string() + letters.as_str())
                    .unwrap_or_default()
            };
            let kept = all.iter().filter(|(_, it)| !it.is_null());
            Value::Object(kept.map(|(key, it)| (name(key), lower(it, depth + 1))).collect())
        }
        Value::Array(all) if depth < 8 => all.iter().map(|it| lower(it, depth + 1)).collect(),
        other => other.clone(),
    }
}

/// From what is stored to v1.
pub(super) fn from_v2(object: &mut Value) {
    let mut annotations = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let spec = object["spec"].clone();
    let metrics = items(&spec, "metrics");
    let others: Vec<&Value> = metrics.iter().filter(|it| !is_cpu(it, "target")).collect();
    if !others.is_empty() {
        annotations.insert(METRICS.to_owned(), written(&others, &WANTED).into());
    }
    if spec["behavior"].is_object() {
        annotations.insert(BEHAVIOR.to_owned(), behavior(&spec["behavior"]).into());
    }
    let status = object["status"].clone();
    let current: Vec<&Value> = items(&status, "currentMetrics").iter().collect();
    if !current.is_empty() {
        annotations.insert(CURRENT_METRICS.to_owned(), written(&current, &CURRENT).into());
    }
    let conditions = items(&status, "conditions");
    if !conditions.is_empty() {
        let keys = ["type", "status", "lastTransitionTime", "reason", "message", "observedGeneration"];
        let one = |it: &Value| ordered(keys.into_iter().map(|key| (key, it[key].to_string())));
        let all: Vec<String> = conditions.iter().map(one).collect();
        annotations.insert(CONDITIONS.to_owned(), format!("[{}]", all.join(",")).into());
    }
    if !annotations.is_empty() {
        object["metadata"]["annotations"] = Value::Object(annotations);
    }
    if let Some(cpu) = metrics.iter().find(|it| is_cpu(it, "target")) {
        object["spec"]["targetCPUUtilizationPercentage"] =
            cpu["resource"]["target"]["averageUtilization"].clone();
    }
    drop_member(&mut object["spec"], "metrics");
    drop_member(&mut object["spec"], "behavior");
    if let Some(cpu) = current.iter().rev().find(|it| is_cpu(it, "current")) {
        object["status"]["currentCPUUtilizationPercentage"] =
            cpu["resource"]["current"]["averageUtilization"].clone();
    }
    if object["status"].is_object() {
        drop_member(&mut object["status"], "currentMetrics");
        drop_member(&mut object["status"], "conditions");
    }
}

/// From v1 to what is stored.
pub(super) fn to_v2(object: &mut Value) {
    let annotations = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let said = |key: &str| annotations.get(key).and_then(Value::as_str);
    let utilization = |value: &Value, side: &str| {
        let mut metric = json!({"type": "Resource", "resource": {"name": "cpu"}});
        metric["resource"][side] = json!({"averageUtilization": value});
        if side == "target" {
            metric["resource"][side]["type"] = "Utilization".into();
        }
        metric
    };
    let mut metrics = said(METRICS).and_then(|it| read(it, &WANTED, "target")).unwrap_or_default();
    let wanted = object["spec"].member("targetCPUUtilizationPercentage").clone();
    if !wanted.is_null() {
        metrics.push(utilization(&wanted, "target"));
    }
    if object["spec"].is_object() {
        drop_member(&mut object["spec"], "targetCPUUtilizationPercentage");
        if !metrics.is_empty() {
            object["spec"]["metrics"] = metrics.into();
        }
        let read =
            said(BEHAVIOR).and_then(|it| serde_json::from_str::<Value>(it).ok()).map(|it| lower(&it, 0));
        if let Some(read) = read.filter(|it| it.as_object().is_some_and(|it| !it.is_empty())) {
            object["spec"]["behavior"] = read;
        }
    }
    if object["status"].is_object() {
        let cpu = object["status"].member("currentCPUUtilizationPercentage").clone();
        drop_member(&mut object["status"], "currentCPUUtilizationPercentage");
        let current = said(CURRENT_METRICS).and_then(|it| read(it, &CURRENT, "current"));
        if let Some(all) = current {
            object["status"]["currentMetrics"] = all.into();
        } else if !cpu.is_null() {
            object["status"]["currentMetrics"] = json!([utilization(&cpu, "current")]);
        }
        if let Some(Value::Array(all)) = said(CONDITIONS).and_then(|it| serde_json::from_str(it).ok()) {
            object["status"]["conditions"] = all.into();
        }
    }
    if let Some(all) = object["metadata"].get_mut("annotations").and_then(Value::as_object_mut) {
        for key in [METRICS, BEHAVIOR, CURRENT_METRICS, CONDITIONS] {
            all.remove(key);
        }
    }
    crate::meta::tidy(object);
}
