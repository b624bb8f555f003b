//! `columns.tsv`: the columns of each kind's tables. The scales are not listed anywhere: one of each sort is made and looked at.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::ask::{RENEW, Real, TABLE, rows};

#[derive(Default)]
struct Columns {
    seen: BTreeSet<(String, String)>,
    descriptions: Vec<String>,
    lines: String,
}

impl Columns {
    fn add(&mut self, group: &str, kind: &str, table: &Value) {
        if !self.seen.insert((group.to_owned(), kind.to_owned())) {
            return;
        }
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        for it in table["columnDefinitions"].as_array().into_iter().flatten() {
            let description = text(&it["description"]);
            let at = self.descriptions.iter().position(|it| *it == description).unwrap_or_else(|| {
                self.descriptions.push(description);
                self.descriptions.len() - 1
            });
            let [name, of, format] = ["name", "type", "format"].map(|key| text(&it[key]));
            let _ =
                writeln!(self.lines, "{group}\t{kind}\t{name}\t{of}\t{format}\t{}\t={at}", it["priority"]);
        }
    }
}

pub(crate) async fn table(real: &Real, resources: &str) -> String {
    let mut columns = Columns::default();
    for row in rows(resources).iter().filter(|it| it.can_list()) {
        let table = real.json(&format!("{}?limit=1", row.path()), TABLE).await;
        columns.add(row.group, row.kind, &table);
    }
    columns.add("autoscaling", "Scale", &scale(real).await);
    columns.add("autoscaling", "Scale of a custom resource", &custom_scale(real).await);
    let mut out = format!(
        "# The columns of the tables of Kubernetes 1.37.1: first the descriptions by number, then a line for each column of each kind.\n{RENEW}"
    );
    for (at, description) in columns.descriptions.iter().enumerate() {
        let _ = writeln!(out, "={at}\t{}", Value::from(description.as_str()));
    }
    out + "# group\tkind\tname\ttype\tformat\tpriority\tdescription\n" + &columns.lines
}

async fn make(real: &Real, path: &str, body: &Value) {
    let answer = real.ask("POST", path, "application/json", &body.to_string()).await;
    assert!(matches!(answer.code, 201 | 409), "{path}: {}", answer.text());
}

async fn scale(real: &Real) -> Value {
    let all = "/apis/apps/v1/namespaces/default/deployments";
    let labels = json!({"clientset": "server-data"});
    let body = json!({"metadata": {"name": "server-data"}, "spec": {
        "replicas": 0,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
    }});
    make(real, all, &body).await;
    let table = real.json(&format!("{all}/server-data/scale"), TABLE).await;
    real.ask("DELETE", &format!("{all}/server-data"), "", "").await;
    table
}

async fn custom_scale(real: &Real) -> Value {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let name = "things.server-data.example.com";
    let body = json!({"metadata": {"name": name}, "spec": {
        "group": "server-data.example.com",
        "scope": "Cluster",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "subresources": {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
                "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
            }}},
        }],
    }});
    make(real, definitions, &body).await;
    let all = "/apis/server-data.example.com/v1/things";
    let thing = json!({"apiVersion": "server-data.example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"replicas": 1}});
    // The server serves a new definition a moment after it says so.
    for _ in 0..200 {
        if real.ask("POST", all, "application/json", &thing.to_string()).await.code == 201 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let table = real.json(&format!("{all}/a/scale"), TABLE).await;
    real.ask("DELETE", &format!("{definitions}/{name}"), "", "").await;
    table
}
