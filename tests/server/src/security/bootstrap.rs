//! The roles and bindings that a server with RBAC has from its start: `data/rbac.tsv`, a fact.
//!
//! Aggregated roles have no rules of their own here, as on a server without controllers; `rbac` adds them up when it asks.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::meta;
use crate::store::Store;

pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// One of them, read.
struct Row {
    resource: &'static str,
    namespace: &'static str,
    name: &'static str,
    gated: bool,
    object: Value,
    fields: Value,
}

/// All lines, read once in a process.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let lines = include_str!("../../data/rbac.tsv").lines().filter(|it| !it.starts_with('#'));
        let read = |line: &'static str| {
            let mut cells = line.split('\t');
            let mut cell = || cells.next();
            let (resource, namespace, name, stage) = (cell()?, cell()?, cell()?, cell()?);
            let object: Value = serde_json::from_str(cell()?).ok()?;
            let fields = fields(&object);
            Some(Row { resource, namespace, name, gated: stage == "gated", object, fields })
        };
        lines.filter_map(read).collect()
    })
}

/// Puts them into an empty store. What is gated replaces the line before it that is about the same object.
pub(crate) fn seed(store: &mut Store, all_apis: bool) {
    let now = meta::now(0);
    let mut rows = rows().iter().filter(|it| all_apis || !it.gated).peekable();
    while let Some(row) = rows.next() {
        let Row { resource, namespace, name, .. } = *row;
        let same = |it: &&Row| it.resource == resource && it.namespace == namespace && it.name == name;
        if rows.peek().is_some_and(same) {
            continue;
        }
        let entry = json!({
            "manager": "kube-apiserver",
            "operation": "Update",
            "apiVersion": format!("{GROUP}/v1"),
            "time": now,
            "fieldsType": "FieldsV1",
            "fieldsV1": row.fields,
        });
        let mut object = row.object.clone();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Limits;

    #[test]
    fn every_line_is_read_and_gated_ones_replace_others() {
        let lines = include_str!("../../data/rbac.tsv").lines().filter(|it| !it.starts_with('#'));
        assert_eq!(rows().len(), lines.count());
        let count = |all_apis| {
            let mut store = Store::starting_at(1, Limits { changes: 1000, bytes: 1 << 24 });
            seed(&mut store, all_apis);
            let roles = store.list(&(GROUP.to_owned(), "clusterroles".to_owned()), "");
            let node = roles.iter().find(|(key, _)| &**key == "system:node").expect("a role");
            (roles.len(), node.1.value["rules"].as_array().map_or(0, Vec::len))
        };
        let ((few, rules), (many, more)) = (count(false), count(true));
        assert!(few < many && rules < more, "{few} {many} {rules} {more}");
    }
}
