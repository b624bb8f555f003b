//! Environment variables: one source for each value, and fields and resources that there are.

use serde_json::Value;

use crate::kinds::causes::{At, Causes};
use crate::kinds::look::{has, list, text};
use crate::names;

const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields that a file of the downward API may show.
const FILE_FIELDS: &[&str] =
    &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Fields that the conversion of field paths knows besides those of variables.
const KNOWN: &[&str] =
    &["metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase"];

const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// `EnvVar`.
pub(in crate::kinds) fn variable(value: &Value, at: &At, causes: &mut Causes) {
    let from = &value["valueFrom"];
    if from.is_null() {
        return;
    }
    let at = at.field("valueFrom");
    let sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
    let count = sources.into_iter().filter(|it| has(from, it)).count();
    if has(from, "fieldRef") {
        field(&from["fieldRef"], FIELDS, &at.field("fieldRef"), causes);
    }
    if has(from, "resourceFieldRef") {
        resource(&from["resourceFieldRef"], false, &at.field("resourceFieldRef"), causes);
    }
    if count == 0 {
        let say = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
        causes.invalid(&at, "", say);
    } else if !text(value, "value").is_empty() {
        causes.invalid(&at, "", "may not be specified when `value` is not empty");
    } else if count > 1 {
        causes.invalid(&at, "", "may not have more than one field specified at a time");
    }
}

/// The sources of many variables, whose complaints stand at the list.
pub(in crate::kinds) fn sources(container: &Value, at: &At, causes: &mut Causes) {
    let at = at.field("envFrom");
    for source in list(container, "envFrom") {
        match (has(source, "configMapRef"), has(source, "secretRef")) {
            (false, false) => causes.invalid(&at, "", "must specify one of: `configMapRef` or `secretRef`"),
            (true, true) => causes.invalid(&at, "", "may not have more than one field specified at a time"),
            _ => {}
        }
    }
}

/// A file of the downward API, whose complaints stand at the list that it is in.
pub(super) fn file(value: &Value, at: &At, causes: &mut Causes) {
    if text(value, "path").is_empty() {
        causes.required(&at.field("path"), "");
    }
    for problem in crate::kinds::formats::problems("path-below-visible", text(value, "path")) {
        causes.invalid(&at.field("path"), text(value, "path"), &problem);
    }
    match (has(value, "fieldRef"), has(value, "resourceFieldRef")) {
        (true, both) => {
            field(&value["fieldRef"], FILE_FIELDS, &at.field("fieldRef"), causes);
            if both {
                let say = "fieldRef and resourceFieldRef can not be specified simultaneously";
                causes.invalid(at, "resource", say);
            }
        }
        (false, true) => resource(&value["resourceFieldRef"], true, &at.field("resourceFieldRef"), causes),
        (false, false) => causes.required(at, "one of fieldRef and resourceFieldRef is required"),
    }
    if let Some(mode) = value["mode"].as_i64().filter(|it| !(0..=0o777).contains(it)) {
        let say = "must be a number between 0 and 0777 (octal), both inclusive";
        causes.invalid(&at.field("mode"), mode, say);
    }
}

fn field(value: &Value, allowed: &[&str], at: &At, causes: &mut Causes) {
    let (version, path) = (text(value, "apiVersion"), text(value, "fieldPath"));
    if path.is_empty() {
        return causes.required(&at.field("fieldPath"), "");
    }
    if version != "v1" {
        let say = format!("error converting fieldPath: unsupported pod version: {version}");
        return causes.invalid(&at.field("fieldPath"), path, &say);
    }
    if let Some((path, key)) = subscript(path) {
        let key = match path {
            "metadata.annotations" => key.to_lowercase(),
            "metadata.labels" => key.to_owned(),
            _ => {
                let say =
                    format!("error converting fieldPath: field label does not support subscript: {path}");
                return causes.invalid(&at.field("fieldPath"), text(value, "fieldPath"), &say);
            }
        };
        for problem in names::qualified_problems(&key) {
            causes.invalid(at, key.as_str(), &problem);
        }
        return;
    }
    if allowed.contains(&path) {
        return;
    }
    if FIELDS.contains(&path) || KNOWN.contains(&path) {
        causes.unsupported(&at.field("fieldPath"), path, allowed);
    } else {
        let say = format!("error converting fieldPath: field label not supported: {path}");
        causes.invalid(&at.field("fieldPath"), path, &say);
    }
}

/// `metadata.labels['key']` in its two parts.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['")
}

fn resource(value: &Value, of_file: bool, at: &At, causes: &mut Causes) {
    let name = text(value, "resource");
    if of_file && text(value, "containerName").is_empty() {
        causes.required(&at.field("containerName"), "");
    } else if name.is_empty() {
        causes.required(&at.field("resource"), "");
    } else if !RESOURCES.contains(&name)
        && !name.starts_with("limits.hugepages-")
        && !name.starts_with("requests.hugepages-")
    {
        causes.unsupported(&at.field("resource"), name, RESOURCES);
    }
    let divisor = text(value, "divisor");
    if matches!(divisor, "" | "0") {
        return;
    }
    let (known, words): (&[&str], &str) = match name.split_once('.').map_or("", |it| it.1) {
        "cpu" => (&["1m", "1"], "1m and 1 are supported with the cpu resource"),
        "memory" => (
            SIZES,
            "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource",
        ),
        "ephemeral-storage" => (
            SIZES,
            "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the local ephemeral storage resource",
        ),
        it if it.starts_with("hugepages-") => (
            SIZES,
            "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the hugepages resource",
        ),
        _ => return,
    };
    if !known.contains(&divisor) {
        causes.invalid(&at.field("divisor"), name, &format!("only divisor's values {words}"));
    }
}

const SIZES: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
