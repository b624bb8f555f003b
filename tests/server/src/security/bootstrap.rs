//! The roles and bindings that a server with RBAC has from its start: `data/rbac.tsv`, a fact.
//!
//! Aggregated roles have no rules of their own here, as on a server without controllers; `rbac` adds them up when it asks.

use serde_json::{Map, Value, json};

use crate::meta;
use crate::store::Store;

pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// Puts them into an empty store.
pub(crate) fn seed(store: &mut Store, all_apis: bool) {
    let lines = include_str!("../../data/rbac.tsv").lines().filter(|it| !it.starts_with('#'));
    let mut rows: Vec<[&str; 5]> = Vec::new();
    for line in lines {
        let Ok(row) = <[&str; 5]>::try_from(line.split('\t').collect::<Vec<_>>()) else { continue };
        let is_gated = row[3] == "gated";
        if is_gated && !all_apis {
            continue;
        }
        if is_gated && rows.last().is_some_and(|it| it[..3] == row[..3]) {
            rows.pop();
        }
        rows.push(row);
    }
    let now = meta::now(0);
    for [resource, namespace, name, _, text] in rows {
        let Ok(mut object) = serde_json::from_str::<Value>(text) else { continue };
        let entry = json!({
            "manager": "kube-apiserver",
            "operation": "Update",
            "apiVersion": format!("{GROUP}/v1"),
            "time": now,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields(&object),
        });
        let metadata = &mut object["metadata"];
        metadata["name"] = name.into();
        metadata["uid"] = meta::uid().into();
        metadata["creationTimestamp"] = now.as_str().into();
        metadata["managedFields"] = json!([entry]);
        let key = if namespace.is_empty() {
            name.to_owned()
        } else {
            metadata["namespace"] = namespace.into();
            format!("{namespace}/{name}")
        };
        store.put(&(GROUP.to_owned(), resource.to_owned()), &key, object);
    }
}

/// The fields that the server itself owns: single labels and annotations, everything else as a whole.
fn fields(object: &Value) -> Value {
    let mut all = Map::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        let owned = match (name.as_str(), value) {
            (_, Value::Null) => continue,
            ("metadata", value) => {
                let parts = value.as_object().into_iter().flatten();
                Value::Object(parts.map(|(key, it)| (format!("f:{key}"), members(it))).collect())
            }
            ("aggregationRule", value) => members(value),
            _ => json!({}),
        };
        all.insert(format!("f:{name}"), owned);
    }
    Value::Object(all)
}

fn members(value: &Value) -> Value {
    let mut all = Map::from_iter([(".".to_owned(), json!({}))]);
    all.extend(value.as_object().into_iter().flatten().map(|(key, _)| (format!("f:{key}"), json!({}))));
    Value::Object(all)
}
