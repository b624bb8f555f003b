//! What Cargo.toml says about the dependency `clientset`. It is only read here; changing it is the command's task.

use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};

use crate::failure::{Context, Result};
use crate::files::{self, shown};

/// The crate that the output depends on.
pub(crate) const CRATE: &str = "clientset";
/// The features of it that are on unless they are switched off.
const DEFAULT: [&str; 2] = ["apps-v1", "core-v1"];

/// How the output finds `clientset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dependency {
    /// There is no Cargo.toml beside clientset.toml.
    NoManifest,
    /// It is no dependency yet.
    Absent,
    /// These features are on.
    Features(BTreeSet<String>),
}

impl Dependency {
    /// Reads Cargo.toml in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Dependency> {
        let path = folder.join("Cargo.toml");
        let Some(manifest) = table(&path)? else { return Ok(Dependency::NoManifest) };
        let Some(entry) = manifest.get("dependencies").and_then(|all| all.get(CRATE)) else {
            return Ok(Dependency::Absent);
        };
        let mut features = of(entry);
        if entry.get("workspace").and_then(Value::as_bool) == Some(true) {
            for above in folder.ancestors() {
                let Some(manifest) = table(&above.join("Cargo.toml"))? else { continue };
                let Some(workspace) = manifest.get("workspace") else { continue };
                features.extend(
                    workspace.get("dependencies").and_then(|all| all.get(CRATE)).map(of).unwrap_or_default(),
                );
                break;
            }
        }
        Ok(Dependency::Features(features))
    }

    /// The features that are wanted and not on.
    pub(crate) fn missing(&self, wanted: &BTreeSet<String>) -> BTreeSet<String> {
        match self {
            Dependency::Features(on) if on.contains("all") => BTreeSet::new(),
            Dependency::Features(on) => wanted.difference(on).cloned().collect(),
            Dependency::NoManifest | Dependency::Absent => wanted.clone(),
        }
    }

    /// What is to be said and done where something is missing.
    pub(crate) fn advice(&self, wanted: &BTreeSet<String>) -> Option<(String, String)> {
        let missing: Vec<String> = self.missing(wanted).into_iter().collect();
        let missing = missing.join(",");
        let features = if missing.is_empty() { String::new() } else { format!(" --features {missing}") };
        match self {
            Dependency::NoManifest => None,
            Dependency::Absent => Some((
                "Cargo.toml has no dependency `clientset`, which the output uses".to_owned(),
                format!("run: cargo add {CRATE} --no-default-features{features}"),
            )),
            Dependency::Features(_) if missing.is_empty() => None,
            Dependency::Features(_) => Some((
                format!(
                    "the dependency `clientset` in Cargo.toml lacks features that the output needs: {missing}"
                ),
                format!("run: cargo add {CRATE}{features}"),
            )),
        }
    }
}

fn table(path: &Path) -> Result<Option<Table>> {
    let Some(bytes) = files::read_if_there(path)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    text.parse().map(Some).context(|| format!("{} is not TOML", shown(path)))
}

/// The features of one entry.
fn of(entry: &Value) -> BTreeSet<String> {
    let mut on: BTreeSet<String> = BTreeSet::new();
    // What a workspace says about it is read there.
    let inherits = entry.get("workspace").is_some();
    let default = ["default-features", "default_features"].iter().find_map(|key| entry.get(key)?.as_bool());
    if default.unwrap_or(!inherits) {
        on.extend(DEFAULT.map(str::to_owned));
    }
    let listed = entry.get("features").and_then(Value::as_array).into_iter().flatten();
    on.extend(listed.filter_map(Value::as_str).map(str::to_owned));
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Dependency {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), text).unwrap();
        Dependency::read(folder.path()).unwrap()
    }

    #[test]
    fn features_are_found_in_every_form_of_a_dependency() {
        let wanted: BTreeSet<String> = ["core-v1".to_owned(), "policy-v1".to_owned()].into();
        for (text, missing) in [
            ("[dependencies]\nclientset = '0.1'", vec!["policy-v1"]),
            (
                "[dependencies]\nclientset = { version = '0.1', default-features = false }",
                vec!["core-v1", "policy-v1"],
            ),
            ("[dependencies.clientset]\npath = 'x'\nfeatures = ['policy-v1']", vec![]),
            ("[dependencies]\nclientset.version = '0.1'\nclientset.features = ['all']", vec![]),
            (
                "[workspace.dependencies]\nclientset = '0.1'\n[dependencies]\nclientset.workspace = true",
                vec!["policy-v1"],
            ),
            (
                "[workspace.dependencies]\nclientset = { version = '0.1', default-features = false }\n\
                 [dependencies]\nclientset = { workspace = true, features = ['policy-v1'] }",
                vec!["core-v1"],
            ),
            ("[package]\nname = 'x'", vec!["core-v1", "policy-v1"]),
        ] {
            let found: Vec<String> = read(text).missing(&wanted).into_iter().collect();
            assert_eq!(found, missing, "{text}");
        }
    }

    #[test]
    fn the_default_features_are_those_of_the_crate() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../generated/Cargo.toml");
        let manifest = table(&manifest).unwrap().unwrap();
        let default = manifest["features"]["default"].as_array().unwrap();
        assert_eq!(default.iter().filter_map(Value::as_str).collect::<Vec<_>>(), DEFAULT);
    }
}
