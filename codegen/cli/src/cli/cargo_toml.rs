//! Changing Cargo.toml: dependencies and their features. Everything else in it stays as it is written, comments and spaces too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::dependency::CRATE;
use crate::failure::{Context, Failure, Result};
use crate::files::{self, shown};

/// Where the crates come from.
pub(super) enum Origin {
    /// The registry, but for these, which the workspace says for its members.
    Registry(BTreeSet<String>),
    /// A checkout of the repository.
    Path(String),
    Git(String),
}

/// A Cargo.toml.
pub(super) struct CargoToml {
    path: PathBuf,
    document: DocumentMut,
}

impl CargoToml {
    /// Reads the manifest of a crate.
    pub(super) fn read(path: &Path) -> Result<CargoToml> {
        if !path.is_file() {
            return Err(Failure::new(format!("there is no {} here", shown(path)))
                .help("run this in the folder of a crate; `cargo new NAME` makes one"));
        }
        let text = files::read_text(path)?;
        let document: DocumentMut = text.parse().context(|| format!("{} is not TOML", shown(path)))?;
        if !document.contains_key("package") {
            return Err(Failure::new(format!("{} has no [package]: it is a workspace's own", shown(path)))
                .help("run this in the folder of the crate that is to have the clients"));
        }
        Ok(CargoToml { path: path.to_path_buf(), document })
    }

    /// Writes it, if anything changed.
    pub(super) fn write(&self) -> Result<bool> {
        files::write_if_changed(&self.path, self.document.to_string().as_bytes())
    }

    /// Adds the dependency on `clientset`, without features, unless it is there. Says which were added.
    pub(super) fn add_clientset(&mut self, origin: &Origin) -> Result<Vec<String>> {
        if self.has("dependencies", CRATE) {
            return Ok(Vec::new());
        }
        let mut entry = origin.entry(CRATE, "generated");
        // A member cannot switch off what its workspace has on.
        if !origin.is_inherited(CRATE) {
            entry.insert("default-features", false.into());
        }
        self.add("dependencies", CRATE, entry)
    }

    /// Adds the dev-dependencies of a test on the embedded server, unless they are there. Says which were added.
    pub(super) fn add_for_tests(&mut self, origin: &Origin) -> Result<Vec<String>> {
        let mut added = Vec::new();
        let section = "dev-dependencies";
        if !self.has(section, "clientset-testserver") {
            let mut entry = origin.entry("clientset-testserver", "tests/server");
            entry.insert("features", list(&["client"]));
            added.extend(self.add(section, "clientset-testserver", entry)?);
        }
        if !self.has(section, "tokio") && !self.has("dependencies", "tokio") {
            let mut entry = InlineTable::new();
            if origin.is_inherited("tokio") {
                entry.insert("workspace", true.into());
            } else {
                entry.insert("version", "1".into());
            }
            entry.insert("features", list(&["macros", "rt"]));
            added.extend(self.add(section, "tokio", entry)?);
        }
        Ok(added)
    }

    /// Switches features of the dependency on `clientset` on.
    pub(super) fn add_features(&mut self, features: &BTreeSet<String>) -> Result<()> {
        let strange = || {
            Failure::new(format!("cannot change the dependency `{CRATE}` in {}", shown(&self.path))).help(
                format!(
                    "add these features to it by hand: {}",
                    features.iter().cloned().collect::<Vec<_>>().join(", ")
                ),
            )
        };
        let entry = self.document.get_mut("dependencies").and_then(|all| all.get_mut(CRATE));
        let Some(entry) = entry else { return Err(strange()) };
        if let Some(version) = entry.as_str().map(str::to_owned) {
            let mut table = InlineTable::new();
            table.insert("version", version.into());
            *entry = Item::Value(Value::InlineTable(table));
        }
        if let Some(table) = entry.as_inline_table_mut()
            && !table.contains_key("features")
        {
            // The space before the closing brace belongs to the last value, which is another one now.
            let last = table.iter_mut().last().map(|(_, value)| value.decor_mut());
            let space = last.and_then(|decor| {
                let space = decor.suffix().cloned();
                decor.set_suffix("");
                space
            });
            let mut array = Value::Array(Array::new());
            array.decor_mut().set_prefix(" ");
            array.decor_mut().set_suffix(space.unwrap_or_else(|| " ".into()));
            table.insert("features", array);
        }
        let Some(table) = entry.as_table_like_mut() else { return Err(strange()) };
        if table.get("features").is_none() {
            table.insert("features", Item::Value(Value::Array(Array::new())));
        }
        let Some(array) = table.get_mut("features").and_then(Item::as_array_mut) else {
            return Err(strange());
        };
        for feature in features {
            if !array.iter().any(|there| there.as_str() == Some(feature)) {
                array.push(feature);
            }
        }
        Ok(())
    }

    fn has(&self, section: &str, name: &str) -> bool {
        self.document.get(section).and_then(Item::as_table_like).is_some_and(|table| table.contains_key(name))
    }

    fn add(&mut self, section: &str, name: &str, entry: InlineTable) -> Result<Vec<String>> {
        let table = self.document.entry(section).or_insert_with(|| Item::Table(Table::new()));
        let table: Option<&mut dyn TableLike> = table.as_table_like_mut();
        let table =
            table.ok_or_else(|| Failure::new(format!("[{section}] in {} is no table", shown(&self.path))))?;
        // The form that people write it in: `clientset.workspace = true`.
        if entry.len() == 1 && entry.contains_key("workspace") {
            let mut dotted = entry.into_table();
            dotted.set_dotted(true);
            table.insert(name, Item::Table(dotted));
        } else {
            table.insert(name, Item::Value(Value::InlineTable(entry)));
        }
        Ok(vec![name.to_owned()])
    }
}

impl Origin {
    /// Whether the workspace says it.
    fn is_inherited(&self, name: &str) -> bool {
        matches!(self, Origin::Registry(inherited) if inherited.contains(name))
    }

    /// The entry of a crate that lies in a folder of the repository.
    fn entry(&self, name: &str, folder: &str) -> InlineTable {
        let mut entry = InlineTable::new();
        match self {
            Origin::Registry(inherited) if inherited.contains(name) => entry.insert("workspace", true.into()),
            Origin::Registry(_) => entry.insert("version", env!("CARGO_PKG_VERSION").into()),
            Origin::Path(path) => entry.insert("path", format!("{path}/{folder}").into()),
            Origin::Git(url) => entry.insert("git", url.as_str().into()),
        };
        entry
    }
}

/// The dependencies that the workspace of the crate in a folder says for its members.
pub(super) fn workspace_dependencies(folder: &Path, manifest: &CargoToml) -> Result<BTreeSet<String>> {
    let named = manifest.document.get("package").and_then(|package| package.get("workspace"));
    let roots: Vec<PathBuf> = match named.and_then(Item::as_str) {
        Some(root) => vec![folder.join(root)],
        None => folder.ancestors().map(Path::to_path_buf).collect(),
    };
    for root in roots {
        let path = root.join("Cargo.toml");
        let Some(bytes) = files::read_if_there(&path)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let document: DocumentMut = text.parse().context(|| format!("{} is not TOML", shown(&path)))?;
        let Some(workspace) = document.get("workspace") else { continue };
        let excluded = workspace.get("exclude").and_then(Item::as_array).into_iter().flatten();
        if excluded.filter_map(|path| path.as_str()).any(|path| folder.starts_with(root.join(path))) {
            break;
        }
        let all = workspace.get("dependencies").and_then(Item::as_table_like);
        return Ok(all.into_iter().flat_map(|all| all.iter()).map(|(name, _)| name.to_owned()).collect());
    }
    Ok(BTreeSet::new())
}

fn list(words: &[&str]) -> Value {
    Value::Array(words.iter().copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> CargoToml {
        CargoToml { path: "Cargo.toml".into(), document: text.parse().unwrap() }
    }

    #[test]
    fn features_go_into_every_form_of_a_dependency_and_nothing_else_changes() {
        for (before, after) in [
            ("clientset = '1'  # why", "clientset = { version = \"1\", features = [\"core-v1\"] }"),
            (
                "a = 1 # b\nclientset = { path = 'x' } # why\n",
                "a = 1 # b\nclientset = { path = 'x', features = [\"core-v1\"] } # why\n",
            ),
            (
                "clientset.workspace = true\nb = '1'\n",
                "clientset.workspace = true\nclientset.features = [\"core-v1\"]\nb = '1'\n",
            ),
            (
                "clientset = { path = 'x', features = [\n    \"apps-v1\",\n] }\n",
                "clientset = { path = 'x', features = [\n    \"apps-v1\", \"core-v1\",\n] }\n",
            ),
            (
                "clientset = { path = 'x', features = ['core-v1'] }",
                "clientset = { path = 'x', features = ['core-v1'] }",
            ),
        ] {
            let mut manifest = manifest(&format!("[dependencies]\n{before}"));
            manifest.add_features(&["core-v1".to_owned()].into()).unwrap();
            assert_eq!(
                manifest.document.to_string().trim_end(),
                format!("[dependencies]\n{after}").trim_end()
            );
        }
    }

    #[test]
    fn dependencies_are_added_once() {
        let mut manifest = manifest("[package]\nname = 'x' # mine\n\n[dependencies]\n");
        let origin = Origin::Path("../clientset".to_owned());
        assert_eq!(manifest.add_clientset(&origin).unwrap(), ["clientset"]);
        assert_eq!(manifest.add_for_tests(&origin).unwrap(), ["clientset-testserver", "tokio"]);
        assert!(manifest.add_clientset(&origin).unwrap().is_empty());
        assert!(manifest.add_for_tests(&origin).unwrap().is_empty());
        assert_eq!(
            manifest.document.to_string(),
            "[package]\nname = 'x' # mine\n\n[dependencies]\n\
             clientset = { path = \"../clientset/generated\", default-features = false }\n\n\
             [dev-dependencies]\n\
             clientset-testserver = { path = \"../clientset/tests/server\", features = [\"client\"] }\n\
             tokio = { version = \"1\", features = [\"macros\", \"rt\"] }\n"
        );
    }
}
