//! CRDs of a live cluster, found as kubectl finds it: `--kubeconfig`, `KUBECONFIG`, `~/.kube/config`. Nothing is changed there.

use std::path::Path;

use clientset_runtime::{Client, Config, DynamicApi, Environment, Overrides, ResourceInfo};

use super::documents::without_server;
use crate::failure::{Context, Failure, Result};

/// Fetches CRDs by name, as YAML.
pub(super) fn fetch(
    names: &[String],
    kubeconfig: Option<&Path>,
    context: Option<&str>,
) -> Result<Vec<(String, String)>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context(|| "cannot begin to speak to a cluster".to_owned())?;
    let overrides = context.map_or_else(Overrides::default, Overrides::context);
    let config = Config::infer_in(&Environment::system(), kubeconfig, &overrides).map_err(failure)?;
    let client = Client::new(config).map_err(failure)?;
    let definitions = client.dynamic(ResourceInfo::new(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        false,
    ));
    runtime.block_on(async {
        let mut found = Vec::new();
        for name in names {
            found.push((name.clone(), one(&definitions, name).await?));
        }
        Ok(found)
    })
}

async fn one(definitions: &DynamicApi, name: &str) -> Result<String> {
    match definitions.get(name).await {
        Ok(definition) => {
            let value =
                serde_json::from_str(&definition.to_json()).context(|| format!("cannot read {name}"))?;
            without_server(value).ok_or_else(|| Failure::new(format!("cannot write {name} as YAML")))
        }
        Err(error) if error.is_not_found() => {
            let failure = Failure::new(format!("the cluster has no CustomResourceDefinition {name}"));
            Err(failure.help(alike(definitions, name).await))
        }
        Err(error) => Err(failure(error)),
    }
}

/// Names that may have been meant: those that share a word with it, or all.
async fn alike(definitions: &DynamicApi, name: &str) -> String {
    let Ok(list) = definitions.list().await else { return "kubectl get crds lists what there is".to_owned() };
    use clientset_runtime::Entity;
    let all: Vec<String> =
        list.items.iter().filter_map(|item| item.metadata().name().map(str::to_owned)).collect();
    let word = name.split('.').next().unwrap_or(name).trim_end_matches('s').to_lowercase();
    let near: Vec<String> = all.iter().filter(|there| there.contains(&word)).cloned().collect();
    let shown = if near.is_empty() { all } else { near };
    match shown.len() {
        0 => "it has none at all".to_owned(),
        1..=20 => format!("it has: {}", shown.join(", ")),
        count => format!("it has {count} others; kubectl get crds lists them"),
    }
}

fn failure(error: clientset_runtime::Error) -> Failure {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Failure::new(text)
}
