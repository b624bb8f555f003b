//! Waiting for what a real server does a moment after it has said that it did it: serving a new or changed custom resource.

use std::time::Duration;

use serde_json::Value;

use super::wire::{Answer, Ask, Credential, send};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// How many looks there are at most.
const LOOKS: usize = 400;
/// How many good answers in a row are believed: two handlers learn of a definition independently.
const ENOUGH: usize = 3;
/// How long a changed definition takes to be looked at; no request can tell that it was.
const CHANGE: Duration = Duration::from_millis(700);

/// After an answer about a CustomResourceDefinition: waits until its served versions can be listed and are in the discovery.
pub(crate) async fn wait(address: &str, admin: &Credential, method: &str, path: &str, answer: &Answer) {
    if !path.contains("/customresourcedefinitions") || method == "GET" || !matches!(answer.code, 200 | 201) {
        return;
    }
    let Ok(crd) = serde_json::from_slice::<Value>(&answer.body) else { return };
    let text = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (group, plural) = (text("/spec/group"), text("/spec/names/plural"));
    if group.is_empty() || path.contains("dryRun") || !text("/metadata/deletionTimestamp").is_empty() {
        return;
    }
    if answer.code == 200 && method != "DELETE" {
        tokio::time::sleep(CHANGE).await;
    }
    for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
        let Some(name) = version["name"].as_str().filter(|_| version["served"] == true) else { continue };
        let discovery = format!("/apis/{group}/{name}");
        let collection = format!("{discovery}/{plural}?limit=1");
        let is_served = async |path: &str, has: &str| {
            let answer = send(address, admin, Ask { method: "GET", path, ..Ask::default() }).await;
            answer.code == 200 && answer.text().contains(has)
        };
        let listed = format!("\"name\":\"{plural}\"");
        let mut good = 0;
        for _ in 0..LOOKS {
            let served = is_served(&collection, "").await && is_served(&discovery, &listed).await;
            good = if served { good + 1 } else { 0 };
            if good == ENOUGH {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
