//! Rows of custom resources: name, and the printer columns of their definition.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::jsonpath::Path;
use crate::catalog::Resource;
use crate::represent::duration;
use crate::server::Shared;

/// A column that a definition asks for.
#[derive(Debug, Clone)]
pub(super) struct Column {
    header: Value,
    kind: String,
    path: Option<Path>,
}

/// The columns of the version of a resource; `Age` where its definition names none.
pub(super) fn columns(shared: &Shared, resource: &Resource) -> Vec<Column> {
    let place = ("apiextensions.k8s.io".to_owned(), "customresourcedefinitions".to_owned());
    let name = format!("{}.{}", resource.plural, resource.group);
    let definition = {
        let store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.get(&place, &name).cloned()
    };
    let versions = definition.as_ref().map(|it| &it.value["spec"]["versions"]).and_then(Value::as_array);
    let version = versions.into_iter().flatten().find(|it| it["name"] == resource.version.as_str());
    let asked = version.map(|it| &it["additionalPrinterColumns"]).and_then(Value::as_array);
    match asked.filter(|it| !it.is_empty()) {
        Some(asked) => asked.iter().map(column).collect(),
        None => vec![column(&json!({
            "name": "Age",
            "type": "date",
            "description": described("Namespace", "Age"),
            "jsonPath": ".metadata.creationTimestamp",
        }))],
    }
}

/// What the server says about a column that many kinds have.
fn described(kind: &str, name: &str) -> Value {
    let columns = super::built_in_columns("", kind).as_array();
    let found = columns.into_iter().flatten().find(|it| it["name"] == name);
    found.map(|it| it["description"].clone()).unwrap_or_default()
}

fn column(asked: &Value) -> Column {
    let text = |key: &str| asked[key].as_str().unwrap_or_default();
    let path = text("jsonPath");
    let description = match text("description") {
        "" => format!("Custom resource definition column (in JSONPath format): {path}"),
        description => description.to_owned(),
    };
    Column {
        header: json!({
            "name": text("name"),
            "type": text("type"),
            "format": text("format"),
            "description": description,
            "priority": asked["priority"].as_i64().unwrap_or(0),
        }),
        kind: text("type").to_owned(),
        path: Path::parse(path),
    }
}

pub(super) fn headers(columns: &[Column]) -> Value {
    let name = json!({
        "name": "Name",
        "type": "string",
        "format": "name",
        "description": described("Namespace", "Name"),
        "priority": 0,
    });
    [name].into_iter().chain(columns.iter().map(|it| it.header.clone())).collect()
}

pub(super) fn cells(columns: &[Column], item: &Value) -> Vec<Value> {
    let name = item["metadata"]["name"].as_str().unwrap_or_default().into();
    [name].into_iter().chain(columns.iter().map(|column| column.cell(item))).collect()
}

impl Column {
    fn cell(&self, item: &Value) -> Value {
        // Only the first of what a path leads to is shown.
        let Some(value) = self.path.as_ref().and_then(|path| path.first(item)) else { return Value::Null };
        match (self.kind.as_str(), value) {
            ("string", value) => shown(value).into(),
            ("integer", Value::Number(number)) => {
                let whole = number.as_i64().or_else(|| number.as_f64().map(|it| it as i64));
                whole.map_or(Value::Null, Value::from)
            }
            ("number", Value::Number(number)) => number.as_f64().map_or(Value::Null, |it| {
                // A whole number is written without a point.
                if it.fract() == 0.0 && it.abs() < 1e15 { (it as i64).into() } else { it.into() }
            }),
            ("boolean", Value::Bool(it)) => (*it).into(),
            ("date", Value::String(text)) => {
                duration::since_text(text).unwrap_or_else(|| "<invalid>".to_owned()).into()
            }
            _ => Value::Null,
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => crate::apply::compare::sorted(other).to_string(),
    }
}
