//! Finding in generated files what the tour has to name: the kind, its module, its clients. It reads the output as a
//! person would, and knows nothing of how it was made.

use clientset_codegen::FileSet;
use serde_json::Value;

use crate::failure::{Context, Failure, Result};

/// A kind that was generated from a CRD.
#[derive(Debug)]
pub(crate) struct Found {
    /// `Widget`
    pub(crate) kind: String,
    /// `widgets`
    pub(crate) plural: String,
    /// `example.com`
    pub(crate) group: String,
    /// `example`
    pub(crate) module: String,
    /// `v1`
    pub(crate) version: String,
    /// `Widgets`
    pub(crate) clients: String,
    /// `client.example_v1().widgets("default")`
    pub(crate) accessor: String,
    /// `example-v1`
    pub(crate) feature: String,
    /// The CRD.
    pub(crate) crd: Value,
}

/// The first kind, by path, that came from a CRD; the stored version of it if it has several.
pub(crate) fn first(files: &FileSet) -> Result<Found> {
    let mut first = None;
    for (path, source) in files {
        // crd crate::example::crds::WIDGET;
        let constant =
            source.lines().find_map(|line| line.trim().strip_prefix("crd crate::")?.strip_suffix(';'));
        let Some(constant) = constant else { continue };
        let found = read(files, path, source, constant)?;
        let stored = versions(&found.crd)
            .any(|version| version["name"] == found.version.as_str() && version["storage"] == true);
        if stored {
            return Ok(found);
        }
        first.get_or_insert(found);
    }
    first.ok_or_else(|| Failure::new("nothing was generated: the file holds no CustomResourceDefinition"))
}

pub(crate) fn versions(crd: &Value) -> impl Iterator<Item = &Value> {
    crd["spec"]["versions"].as_array().into_iter().flatten()
}

fn read(files: &FileSet, path: &str, source: &str, constant: &str) -> Result<Found> {
    let unexpected = |what: &str| Failure::new(format!("cannot find {what} of the kind of {path}"));
    let manifest = format!("src/{}.rs", constant.replace("::", "/").to_ascii_lowercase());
    let text = files.get(&manifest).ok_or_else(|| unexpected("the manifest"))?;
    let text = text.split_once("r#").and_then(|(_, text)| text.trim_end().strip_suffix("#;"));
    let text = text.map(|text| text.trim_matches('#').trim_matches('"'));
    let crd: Value = serde_json::from_str(text.ok_or_else(|| unexpected("the text"))?)
        .context(|| format!("{manifest} is not JSON"))?;
    let member = |pointer: &str| crd.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (plural, group) = (member("/spec/names/plural"), member("/spec/group"));
    let ["src", module, version, _] = path.split('/').collect::<Vec<_>>()[..] else {
        return Err(unexpected("the module"));
    };
    // resource! { Widget = "example.com" "v1" "Widget" "widgets" Namespaced }
    let fact = source.lines().find_map(|line| line.strip_prefix("resource! { ")?.split_once(" = "));
    let (kind, facts) = fact.ok_or_else(|| unexpected("the facts"))?;
    let clients = source
        .lines()
        .find_map(|line| line.strip_prefix("pub struct ")?.strip_suffix(&format!("(Api<{kind}>);")))
        .ok_or_else(|| unexpected("the clients"))?;
    let client =
        files.get(&format!("src/{module}/{version}/client.rs")).ok_or_else(|| unexpected("the client"))?;
    let method = client
        .split("pub fn ")
        .find(|method| method.contains(&format!(") -> {clients} {{")))
        .and_then(|method| method.split_once('('))
        .map(|(name, _)| name)
        .ok_or_else(|| unexpected("the method"))?;
    let namespace = if facts.contains("Namespaced") { "\"default\"" } else { "" };
    Ok(Found {
        accessor: format!("client.{module}_{version}().{method}({namespace})"),
        feature: format!("{}-{version}", module.trim_end_matches('_').replace('_', "-")),
        kind: kind.to_owned(),
        clients: clients.to_owned(),
        module: module.to_owned(),
        version: version.to_owned(),
        plural,
        group,
        crd,
    })
}
