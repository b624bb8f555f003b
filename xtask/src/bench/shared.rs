//! Which crates of two dependency graphs are the HTTP and TLS stack that both stand on: the part of a cold build that
//! says nothing about either library.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::commands::cargo;
use crate::failure::{Context, Result};
use crate::process;

/// Where the stack begins. What these depend on belongs to it too, as far as both sides build it; procedural macros and
/// what only they need (syn) do not, since both libraries use those for themselves.
const STACK: [&str; 16] = [
    "h2",
    "http",
    "http-body",
    "http-body-util",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "ring",
    "rustls",
    "rustls-pki-types",
    "rustls-platform-verifier",
    "tokio",
    "tokio-rustls",
    "tokio-util",
    "tower",
    "tower-http",
];

/// The crates of the stack, and all below them, that the graph of this workspace holds.
pub(super) fn stack(folder: &Path) -> Result<BTreeSet<String>> {
    let host = host()?;
    let arguments = ["metadata", "--format-version", "1", "--offline", "--filter-platform", &host];
    let text = process::output(&mut cargo(folder, &arguments))?;
    let graph: Metadata = serde_json::from_slice(&text)
        .context(|| format!("cannot read what `cargo metadata` says in {}", folder.display()))?;
    Ok(below(&graph, &STACK))
}

fn host() -> Result<String> {
    let text = process::output(std::process::Command::new("rustc").arg("-vV"))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned())
}

fn below(graph: &Metadata, roots: &[&str]) -> BTreeSet<String> {
    let packages: BTreeMap<&str, &Package> = graph.packages.iter().map(|it| (it.id.as_str(), it)).collect();
    let edges: BTreeMap<&str, &Node> = graph.resolve.nodes.iter().map(|it| (it.id.as_str(), it)).collect();
    let mut todo: Vec<&Package> =
        graph.packages.iter().filter(|it| roots.contains(&it.name.as_str())).collect();
    let mut found = BTreeSet::new();
    while let Some(package) = todo.pop() {
        if package.is_macro() || !found.insert(package.name.clone()) {
            continue;
        }
        let dependencies = edges.get(package.id.as_str()).map_or(&[][..], |node| &node.deps);
        todo.extend(dependencies.iter().filter_map(|it| packages.get(it.pkg.as_str()).copied()));
    }
    found
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    targets: Vec<Target>,
}

impl Package {
    fn is_macro(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "proc-macro"))
    }
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_is_what_its_roots_need_and_no_macro() {
        let package = |name: &str, kind: &str| serde_json::json!({"id": name, "name": name, "targets": [{"kind": [kind]}]});
        let node = |name: &str, deps: &[&str]| {
            let deps: Vec<_> = deps.iter().map(|dep| serde_json::json!({"pkg": dep})).collect();
            serde_json::json!({"id": name, "deps": deps})
        };
        let graph = serde_json::from_value(serde_json::json!({
            "packages": [
                package("hello", "bin"), package("hyper", "lib"), package("bytes", "lib"),
                package("macros", "proc-macro"), package("syn", "lib"), package("itoa", "lib"),
            ],
            "resolve": {"nodes": [
                node("hello", &["hyper", "itoa"]), node("hyper", &["bytes", "macros"]), node("macros", &["syn"]),
            ]},
        }))
        .expect("a graph");
        let found: Vec<String> = below(&graph, &["hyper"]).into_iter().collect();
        assert_eq!(found, ["bytes", "hyper"]);
    }
}
