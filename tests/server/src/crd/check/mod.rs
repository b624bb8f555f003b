//! What a CustomResourceDefinition must be: group, scope, versions, names, columns, subresources, conversion.
//!
//! Schemas are judged in the modules beside this one. What all versions share stands at the top for the real server, and its causes
//! say so: `spec.validation` is `spec.versions[*].schema` when there is but one.

mod conversion;
pub(crate) mod defaults;
pub(crate) mod go_form;
mod openapi;
pub(crate) mod path;
mod structural;

use serde_json::Value;

use crate::failure::{Cause, shown};
use crate::kinds::formats::dns1035_label;
use crate::{meta, names};

pub(crate) use openapi::warnings;

const NO_VALUE: Value = Value::Null;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A member of every version that is the same in all of them belongs to the whole.
pub(crate) fn shared<'a>(versions: &'a [Value], member: &str) -> Option<&'a Value> {
    let first = versions.first()?.get(member).filter(|it| !it.is_null());
    let empty = |it: Option<&Value>| it.is_none_or(|it| it.as_array().is_some_and(Vec::is_empty));
    let same = |it: &Value| {
        let other = it.get(member).filter(|it| !it.is_null());
        other == first || (empty(other) && empty(first))
    };
    first.filter(|_| versions.iter().all(same))
}

fn all_same(versions: &[Value], member: &str) -> bool {
    shared(versions, member).is_some()
        || versions
            .iter()
            .all(|it| it.get(member).is_none_or(|it| it.is_null() || *it == Value::Array(Vec::new())))
}

/// What is wrong with a new definition.
pub(crate) fn create(crd: &Value) -> Vec<Cause> {
    let spec = &crd["spec"];
    let mut causes = Vec::new();
    if meta::name(crd) != format!("{}.{}", text(&spec["names"]["plural"]), text(&spec["group"])) {
        let say = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid("metadata.name", &meta::name(crd).into(), say));
    }
    causes.extend(definition(crd, None));
    causes.extend(approval(crd, None));
    if spec["preserveUnknownFields"] == true {
        causes.push(preserve());
    }
    causes
}

/// What is wrong with a changed definition.
pub(crate) fn update(crd: &Value, old: &Value) -> Vec<Cause> {
    let (spec, before) = (&crd["spec"], &old["spec"]);
    let mut causes = spec_rules(spec, Some(before));
    let mut fixed = |field: &str, now: &Value, was: &Value| {
        if now != was {
            causes.push(Cause::invalid(field, now, "field is immutable"));
        }
    };
    let conditions = list(&old["status"]["conditions"]);
    if conditions.iter().any(|it| it["type"] == "Established" && it["status"] == "True") {
        fixed("spec.scope", &spec["scope"], &before["scope"]);
        fixed("spec.names.kind", &spec["names"]["kind"], &before["names"]["kind"]);
    }
    fixed("spec.group", &spec["group"], &before["group"]);
    fixed("spec.names.plural", &spec["names"]["plural"], &before["names"]["plural"]);
    causes.extend(status_rules(crd));
    causes.extend(approval(crd, Some(old)));
    if spec["preserveUnknownFields"] == true && before["preserveUnknownFields"] != true {
        causes.push(preserve());
    }
    causes
}

fn preserve() -> Cause {
    let say = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
    Cause::invalid("spec.preserveUnknownFields", &true.into(), say)
}

fn definition(crd: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = spec_rules(&crd["spec"], old);
    causes.extend(status_rules(crd));
    causes
}

/// What is wrong with the status of a definition when that is written.
pub(crate) fn status_update(crd: &Value) -> Vec<Cause> {
    name_rules(&crd["status"]["acceptedNames"], "status.acceptedNames")
}

fn status_rules(crd: &Value) -> Vec<Cause> {
    let mut causes = name_rules(&crd["status"]["acceptedNames"], "status.acceptedNames");
    let stored = &crd["status"]["storedVersions"];
    if list(stored).is_empty() {
        causes.push(Cause::invalid("status.storedVersions", stored, "must have at least one stored version"));
        return causes;
    }
    let versions = list(&crd["spec"]["versions"]);
    for version in versions.iter().filter(|it| it["storage"] == true) {
        if !list(stored).contains(&version["name"]) {
            let say = format!("must have the storage version {}", text(&version["name"]));
            causes.push(Cause::invalid("status.storedVersions", stored, &say));
        }
    }
    for (index, name) in list(stored).iter().enumerate() {
        if !versions.iter().any(|it| it["name"] == *name) {
            let it = text(name);
            let say = format!(
                "missing from spec.versions; {it} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {it} and removes {it} from status.storedVersions"
            );
            causes.push(Cause::invalid(format!("status.storedVersions[{index}]"), name, &say));
        }
    }
    causes
}

fn spec_rules(spec: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let group = text(&spec["group"]);
    let problems = names::subdomain_problems(group);
    if group.is_empty() {
        causes.push(Cause::required("spec.group", ""));
    } else if !problems.is_empty() {
        causes.push(Cause::invalid("spec.group", &group.into(), &problems.join(",")));
    } else if !group.contains('.') {
        causes.push(Cause::invalid("spec.group", &group.into(), "should be a domain with at least one dot"));
    }
    one_of(text(&spec["scope"]), "spec.scope", &["Cluster", "Namespaced"], &mut causes);

    let versions = list(&spec["versions"]);
    let top = shared(versions, "schema");
    let has_schema = |it: &Value| it["schema"]["openAPIV3Schema"].is_object();
    if !top.is_some_and(|it| it["openAPIV3Schema"].is_object())
        && old.is_none_or(|it| list(&it["versions"]).iter().all(has_schema))
    {
        for (index, _) in versions.iter().enumerate().filter(|it| !has_schema(it.1)) {
            let at = format!("spec.versions[{index}].schema.openAPIV3Schema");
            causes.push(Cause::required(at, ""));
        }
    }
    for (index, version) in versions.iter().enumerate() {
        let at = format!("spec.versions[{index}]");
        let name = text(&version["name"]);
        let problems = dns1035_label(name);
        if !problems.is_empty() {
            causes.push(Cause::invalid(format!("{at}.name"), &name.into(), &problems.join(",")));
        }
        causes.extend(deprecation(version, &at));
        let own = |member: &str| if all_same(versions, member) { &NO_VALUE } else { &version[member] };
        let has_status = version["subresources"]["status"].is_object();
        causes.extend(openapi::schema(own("schema"), &format!("{at}.schema"), has_status, old));
        causes.extend(subresources(own("subresources"), &format!("{at}.subresources")));
        causes.extend(columns(own("additionalPrinterColumns"), &format!("{at}.additionalPrinterColumns")));
        causes.extend(selectable(
            own("selectableFields"),
            &version["schema"]["openAPIV3Schema"],
            &format!("{at}.selectableFields"),
        ));
    }
    let said = |say: &str| Cause {
        reason: "FieldValueInvalid",
        field: "spec.versions".to_owned(),
        message: format!("Invalid value: {}: {say}", go_form::versions(&spec["versions"])),
    };
    let mut seen: Vec<&str> = Vec::new();
    let repeats = versions.iter().any(|it| {
        let name = text(&it["name"]);
        let again = seen.contains(&name);
        seen.push(name);
        again
    });
    if repeats {
        causes.push(said("must contain unique version names"));
    }
    if versions.iter().filter(|it| it["storage"] == true).count() != 1 {
        causes.push(said("must have exactly one version marked as storage version"));
    }
    if let Some(first) = versions.first() {
        let name = text(&first["name"]);
        let problems = dns1035_label(name);
        if !name.is_empty() && !problems.is_empty() {
            causes.push(Cause::invalid("spec.version", &name.into(), &problems.join(",")));
        }
    }
    for name in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"][name]).is_empty() {
            causes.push(Cause::required(format!("spec.names.{name}"), ""));
        }
    }
    causes.extend(name_rules(&spec["names"], "spec.names"));
    let status = versions.iter().any(|it| it["subresources"]["status"].is_object());
    causes.extend(openapi::schema(top.unwrap_or(&NO_VALUE), "spec.validation", status, old));
    let top = |member: &str| shared(versions, member).unwrap_or(&NO_VALUE);
    causes.extend(subresources(top("subresources"), "spec.subresources"));
    causes.extend(columns(top("additionalPrinterColumns"), "spec.additionalPrinterColumns"));
    let any_schema = versions.first().map_or(&NO_VALUE, |it| &it["schema"]["openAPIV3Schema"]);
    causes.extend(selectable(top("selectableFields"), any_schema, "spec.selectableFields"));
    causes.extend(conversion::check(&spec["conversion"]));
    causes
}

fn one_of(value: &str, field: &str, known: &[&str], causes: &mut Vec<Cause>) {
    if value.is_empty() {
        causes.push(Cause::required(field, ""));
    } else if !known.contains(&value) {
        causes.push(Cause::unsupported(field, &shown(&value.into()), known));
    }
}

fn deprecation(version: &Value, at: &str) -> Vec<Cause> {
    let Some(warning) = version["deprecationWarning"].as_str() else { return Vec::new() };
    let mut problems = Vec::new();
    if version["deprecated"] != true {
        problems.push("can only be set for deprecated versions".to_owned());
    } else {
        if warning.len() > 256 {
            problems.push("must be <= 256 characters long".to_owned());
        }
        if warning.is_empty() {
            problems.push("must not be an empty string".to_owned());
        }
        if let Some((index, _)) = warning.char_indices().find(|it| it.1.is_control()) {
            let what = "must only contain printable UTF-8 characters; non-printable character found at index";
            problems.push(format!("{what} {index}"));
        }
    }
    let field = format!("{at}.deprecationWarning");
    problems.iter().map(|it| Cause::invalid(field.clone(), &warning.into(), it)).collect()
}

fn name_rules(given: &Value, at: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut label = |field: String, value: &str, text: &str, before: &str| {
        let problems = dns1035_label(text);
        if !problems.is_empty() {
            let say = format!("{before}{}", problems.join(","));
            causes.push(Cause::invalid(field, &value.into(), &say));
        }
    };
    for name in ["plural", "singular"] {
        let value = text(&given[name]);
        if !value.is_empty() {
            label(format!("{at}.{name}"), value, value, "");
        }
    }
    for name in ["kind", "listKind"] {
        let value = text(&given[name]);
        if !value.is_empty() {
            let mixed = "may have mixed case, but should otherwise match: ";
            label(format!("{at}.{name}"), value, &value.to_lowercase(), mixed);
        }
    }
    for (index, value) in list(&given["shortNames"]).iter().map(text).enumerate() {
        label(format!("{at}.shortNames[{index}]"), value, value, "");
    }
    for (index, value) in list(&given["categories"]).iter().map(text).enumerate() {
        label(format!("{at}.categories[{index}]"), value, value, "");
    }
    if !text(&given["kind"]).is_empty() && given["kind"] == given["listKind"] {
        let say = "kind and listKind may not be the same";
        causes.push(Cause::invalid(format!("{at}.listKind"), &given["listKind"], say));
    }
    causes
}

fn simple_path(path: &str, field: &str, below: &[&str], say: &str, causes: &mut Vec<Cause>) {
    if !path.starts_with('.') {
        let say = "must be a simple json path starting with .";
        causes.push(Cause::invalid(field, &path.into(), say));
    } else if !below.is_empty() && !below.iter().any(|it| path.starts_with(it)) {
        causes.push(Cause::invalid(field, &path.into(), say));
    }
}

fn subresources(given: &Value, at: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let scale = &given["scale"];
    if !scale.is_object() {
        return causes;
    }
    for (name, below) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
        let field = format!("{at}.scale.{name}");
        let path = text(&scale[name]);
        if path.is_empty() {
            causes.push(Cause::required(field, ""));
        } else {
            let say = format!("should be a json path under {}", below.trim_end_matches('.'));
            simple_path(path, &field, &[below], &say, &mut causes);
        }
    }
    let selector = text(&scale["labelSelectorPath"]);
    if !selector.is_empty() {
        let say = "should be a json path under either .spec or .status";
        let field = format!("{at}.scale.labelSelectorPath");
        simple_path(selector, &field, &[".spec.", ".status."], say, &mut causes);
    }
    causes
}

fn columns(given: &Value, at: &str) -> Vec<Cause> {
    const TYPES: &[&str] = &["boolean", "date", "integer", "number", "string"];
    const FORMATS: &[&str] = &["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    let mut causes = Vec::new();
    for (index, column) in list(given).iter().enumerate() {
        let field = |name: &str| format!("{at}[{index}].{name}");
        if text(&column["name"]).is_empty() {
            causes.push(Cause::required(field("name"), ""));
        }
        let kind = text(&column["type"]);
        let say = format!("must be one of {}", TYPES.join(","));
        if kind.is_empty() {
            causes.push(Cause::required(field("type"), &say));
        } else if !TYPES.contains(&kind) {
            causes.push(Cause::invalid(field("type"), &kind.into(), &say));
        }
        let format = text(&column["format"]);
        if !format.is_empty() && !FORMATS.contains(&format) {
            let say = format!("must be one of {}", FORMATS.join(","));
            causes.push(Cause::invalid(field("format"), &format.into(), &say));
        }
        match text(&column["jsonPath"]) {
            "" => causes.push(Cause::required(field("JSONPath"), "")),
            path => simple_path(path, &field("JSONPath"), &[], "", &mut causes),
        }
    }
    causes
}

fn selectable(given: &Value, schema: &Value, at: &str) -> Vec<Cause> {
    const MOST: usize = 8;
    let mut causes = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (index, field) in list(given).iter().enumerate() {
        let at = format!("{at}[{index}].jsonPath");
        let path = text(&field["jsonPath"]);
        if path.is_empty() {
            causes.push(Cause::required(at, ""));
            continue;
        }
        let found = match path::resolve(path, schema, false) {
            Ok(found) => found,
            Err(why) => {
                let say = format!("is an invalid path: {why}");
                causes.push(Cause::invalid(at, &path.into(), &say));
                continue;
            }
        };
        if found.root == "metadata" {
            let say = "must not point to fields in metadata";
            causes.push(Cause::invalid(at.clone(), &path.into(), say));
        }
        if !matches!(text(&found.schema["type"]), "string" | "boolean" | "integer") {
            let say = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            causes.push(Cause::invalid(at.clone(), &path.into(), say));
        }
        if seen.contains(&found.path) {
            causes.push(Cause::duplicate(at, &path.into()));
        } else {
            seen.push(found.path);
        }
    }
    if seen.len() > MOST {
        causes.push(Cause {
            reason: "FieldValueTooMany",
            field: at.to_owned(),
            message: format!("Too many: {}: must have at most {MOST} items", seen.len()),
        });
    }
    causes
}

/// Groups of the Kubernetes community say that they were approved.
fn approval(crd: &Value, old: Option<&Value>) -> Option<Cause> {
    const KEY: &str = "api-approved.kubernetes.io";
    let group = text(&crd["spec"]["group"]);
    let of_community = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|it| group == *it || group.strip_suffix(it).is_some_and(|it| it.ends_with('.')));
    if !of_community {
        return None;
    }
    let state = |crd: &Value| {
        let given = text(&crd["metadata"]["annotations"][KEY]).to_owned();
        let is_url = crate::cel::url::Url::parse(&given)
            .is_some_and(|it| !it.host.is_empty() && !it.scheme.is_empty());
        match given.as_str() {
            "" => (0, given),
            it if it.starts_with("unapproved") => (1, given),
            _ if is_url => (2, given),
            _ => (3, given),
        }
    };
    let (now, given) = state(crd);
    if old.is_some_and(|it| state(it).0 == now) {
        return None;
    }
    let field = format!("metadata.annotations[{KEY}]");
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    match now {
        0 => Some(Cause::required(
            field,
            &format!("protected groups must have approval annotation \"{KEY}\", {see}"),
        )),
        3 => {
            let say = format!(
                "protected groups must have approval annotation \"{KEY}\" with either a URL or a reason starting with \"unapproved\", {see}"
            );
            Some(Cause::invalid(field, &given.into(), &say))
        }
        _ => None,
    }
}
