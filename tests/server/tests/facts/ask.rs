//! Asking the real server: JSON answers, as its admin.

use std::path::Path;

use serde_json::Value;

use crate::runner::server::Server;
use crate::runner::wire::{Answer, Ask, Credential, send};

/// What stands at the head of each table.
pub(crate) const RENEW: &str = "# How to renew this file: README.md of this crate.\n";

pub(crate) const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// The server that is asked.
pub(crate) struct Real {
    address: String,
    admin: Credential,
}

impl Real {
    pub(crate) fn new(kubeconfig: &Path) -> Result<Self, String> {
        let server = Server::real(kubeconfig)?;
        Ok(Real { admin: server.person("admin")?, address: server.address.clone() })
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, accept: &str, body: &str) -> Answer {
        let mut headers = vec![("Accept".to_owned(), accept.to_owned())];
        if !body.is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        send(&self.address, &self.admin, Ask { method, path, headers: &headers, body, first: None }).await
    }

    pub(crate) async fn json(&self, path: &str, accept: &str) -> Value {
        let answer = self.ask("GET", path, accept, "").await;
        assert_eq!(answer.code, 200, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        self.ask("GET", path, "", "").await.text()
    }
}

/// A line of `resources.tsv`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) kind: &'a str,
    verbs: &'a str,
}

impl Row<'_> {
    pub(crate) fn can_list(&self) -> bool {
        self.verbs.split(',').any(|it| it == "list")
    }

    pub(crate) fn path(&self) -> String {
        let root = if self.group.is_empty() { "/api" } else { "/apis" };
        let group = if self.group.is_empty() { String::new() } else { format!("/{}", self.group) };
        format!("{root}{group}/{}/{}", self.version, self.resource)
    }
}

/// The resources of the table, without subresources.
pub(crate) fn rows(table: &str) -> Vec<Row<'_>> {
    let lines = table.lines().filter(|it| !it.starts_with('#'));
    let read = |line| {
        let cells: Vec<&str> = str::split(line, '\t').collect();
        let &[group, version, resource, kind, _, _, _, _, verbs, ..] = cells.as_slice() else { return None };
        (!resource.contains('/')).then_some(Row { group, version, resource, kind, verbs })
    };
    lines.filter_map(read).collect()
}
