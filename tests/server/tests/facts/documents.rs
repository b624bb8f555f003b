//! `openapi.gz` and `schemas.tsv` from the documents of `/openapi/v3`: with and without their words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::ask::{RENEW, Real, rows};

const PREFIX: &str = "#/components/schemas/";

/// Both tables: the bare schemas, and the documents' types and query parameters.
pub(crate) async fn tables(real: &Real, resources: &str) -> (String, String) {
    let index = real.json("/openapi/v3", "application/json").await;
    let (mut types, mut parameters) = (BTreeMap::new(), BTreeMap::<String, Vec<Value>>::new());
    let groups: BTreeSet<&str> = rows(resources).iter().map(|it| it.group).collect();
    for (place, entry) in index["paths"].as_object().into_iter().flatten() {
        // Other people's custom resources are none of these facts.
        let is_built_in = place.split('/').nth(1).is_none_or(|it| it == "v1" || groups.contains(it));
        let Some(url) = entry["serverRelativeURL"].as_str().filter(|_| is_built_in || place.starts_with('.'))
        else {
            continue;
        };
        let document = real.json(url, "application/json").await;
        for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
            // Of the few that each document has in its own way, the first counts.
            types.entry(name.clone()).or_insert_with(|| schema.clone());
        }
        for item in document["paths"].as_object().into_iter().flatten().map(|it| it.1) {
            collect("", &item["parameters"], &mut parameters);
            for (method, operation) in item.as_object().into_iter().flatten() {
                collect(method, &operation["parameters"], &mut parameters);
            }
        }
    }
    let mut documents = String::new();
    for (name, variants) in &parameters {
        let count = |it: &&Value| variants.iter().filter(|other| other == it).count();
        if let Some(most) = variants.iter().rev().max_by_key(count) {
            let _ = writeln!(documents, "?{name}\t{most}");
        }
    }
    let mut schemas = format!(
        "# The schemas of the built-in kinds of Kubernetes 1.37.1 without their prose, one type a line. {}",
        RENEW.trim_start_matches("# ")
    );
    for (name, schema) in &types {
        let _ = writeln!(documents, "{name}\t{schema}");
        let mut schema = bare(schema);
        if let Some(all) = schema.as_object_mut().filter(|_| name.contains(".apimachinery.pkg.apis.meta.v1."))
        {
            // Kinds of every group.
            all.remove("x-kubernetes-group-version-kind");
        }
        let _ = writeln!(schemas, "{name}\t{schema}");
    }
    (schemas, documents)
}

/// `fieldManager` of a patch says more than that of others.
fn collect(method: &str, list: &Value, all: &mut BTreeMap<String, Vec<Value>>) {
    for it in list.as_array().into_iter().flatten().filter(|it| it["in"] == "query") {
        let name = it["name"].as_str().unwrap_or_default();
        let name = if (method, name) == ("patch", "fieldManager") { "patch.fieldManager" } else { name };
        all.entry(name.to_owned()).or_default().push(it.clone());
    }
}

/// A schema without descriptions, references by name, and an `allOf` of one reference as that reference.
fn bare(schema: &Value) -> Value {
    let Some(all) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (key, value) in all {
        let name = |it: &Value| it.as_str().map(|it| it.trim_start_matches(PREFIX).to_owned());
        match (key.as_str(), value) {
            ("description", _) => {}
            ("$ref", value) => {
                out.extend(name(value).map(|it| (key.clone(), it.into())));
            }
            ("allOf", Value::Array(parts)) if parts.len() == 1 && parts[0]["$ref"].is_string() => {
                out.extend(name(&parts[0]["$ref"]).map(|it| ("$ref".to_owned(), it.into())));
            }
            ("properties", Value::Object(members)) => {
                let members = members.iter().map(|(name, it)| (name.clone(), bare(it)));
                out.insert(key.clone(), Value::Object(members.collect()));
            }
            ("items" | "additionalProperties" | "not", value) => {
                out.insert(key.clone(), bare(value));
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                out.insert(key.clone(), parts.iter().map(bare).collect());
            }
            (_, value) => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(out)
}
