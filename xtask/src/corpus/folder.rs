//! Where the files of a corpus lie, and what its tables say of them. Nothing is judged here.
//!
//! `crds/PROJECT/PLURAL.GROUP.yaml` and `objects/PROJECT/PLURAL.GROUP/VERSION-NAME.yaml`. The tables `crds.tsv` and
//! `objects.tsv` may be missing: then the files speak for themselves, and every object is `clean`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::files;

/// The status of objects that have to come back unchanged.
pub(crate) const CLEAN: &str = "clean";

/// A corpus: its CRDs, by file name.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) folder: PathBuf,
    pub(crate) crds: Vec<Crd>,
}

/// One CustomResourceDefinition and the objects of it.
#[derive(Clone, Debug)]
pub(crate) struct Crd {
    /// Below the folder of the corpus.
    pub(crate) file: String,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) bytes: u64,
    /// What an API server would not accept in its schema, as the table says.
    pub(crate) nonstructural: String,
    pub(crate) objects: Vec<Object>,
}

/// One custom resource.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// Below the folder of the corpus.
    pub(crate) file: String,
    pub(crate) version: String,
    /// `clean`, or what is known about it.
    pub(crate) status: String,
}

impl Crd {
    /// `GROUP/KIND`, as people ask for it.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}", self.group, self.kind)
    }

    /// The project that it is from: its folder.
    pub(crate) fn project(&self) -> &str {
        self.file.split('/').nth(1).unwrap_or_default()
    }
}

impl Object {
    /// Whether it has to come back unchanged.
    pub(crate) fn is_clean(&self) -> bool {
        self.status == CLEAN
    }
}

impl Corpus {
    /// Reads the tables, or the folders where there are none.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        if !folder.join("crds").is_dir() {
            return Err(Failure::new(format!("{} has no folder `crds`", folder.display())).help(
                "a corpus has crds/PROJECT/*.yaml and objects/PROJECT/PLURAL.GROUP/VERSION-NAME.yaml",
            ));
        }
        let folder = folder.canonicalize().context(|| format!("cannot find {}", folder.display()))?;
        let mut objects = objects(&folder)?;
        let mut crds = crds(&folder)?;
        for crd in &mut crds {
            crd.objects = objects.remove(&crd.file).unwrap_or_default();
        }
        if let Some((crd, _)) = objects.into_iter().next() {
            return Err(Failure::new(format!("there are objects of {crd}, but no such CRD")));
        }
        crds.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(Self { folder, crds })
    }
}

fn crds(folder: &Path) -> Result<Vec<Crd>> {
    let mut found = Vec::new();
    if let Some(rows) = table(&folder.join("crds.tsv"))? {
        for row in rows {
            let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
            let file = cell("file");
            let bytes = size(&folder.join(&file))?;
            let (group, kind, nonstructural) = (cell("group"), cell("kind"), cell("nonstructural"));
            found.push(Crd { file, group, kind, bytes, nonstructural, objects: Vec::new() });
        }
        return Ok(found);
    }
    for project in files::names(&folder.join("crds"))? {
        for name in files::names(&folder.join("crds").join(&project))? {
            let file = format!("crds/{project}/{name}");
            let crd = yaml(&folder.join(&file))?;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            found.push(Crd {
                bytes: size(&folder.join(&file))?,
                group: text(&crd["spec"]["group"]),
                kind: text(&crd["spec"]["names"]["kind"]),
                nonstructural: String::new(),
                objects: Vec::new(),
                file,
            });
        }
    }
    Ok(found)
}

/// The objects by the file of their CRD.
fn objects(folder: &Path) -> Result<BTreeMap<String, Vec<Object>>> {
    let mut found: BTreeMap<String, Vec<Object>> = BTreeMap::new();
    if let Some(rows) = table(&folder.join("objects.tsv"))? {
        for row in rows {
            let cell = |name: &str| row.get(name).cloned().unwrap_or_default();
            let object = Object { file: cell("file"), version: cell("version"), status: cell("status") };
            found.entry(cell("crd")).or_default().push(object);
        }
        return Ok(found);
    }
    let all = folder.join("objects");
    for project in files::names(&all)? {
        for resource in files::names(&all.join(&project))? {
            for name in files::names(&all.join(&project).join(&resource))? {
                let version = name.split('-').next().unwrap_or_default().to_owned();
                let file = format!("objects/{project}/{resource}/{name}");
                let crd = format!("crds/{project}/{resource}.yaml");
                found.entry(crd).or_default().push(Object { file, version, status: CLEAN.to_owned() });
            }
        }
    }
    Ok(found)
}

/// The rows of a table by the names in its first line.
fn table(path: &Path) -> Result<Option<Vec<BTreeMap<String, String>>>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = files::read_text(path)?;
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let row = |line: &str| {
        let cells = line.split('\t').map(str::to_owned);
        head.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    };
    Ok(Some(lines.filter(|line| !line.is_empty()).map(row).collect()))
}

fn size(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|it| it.len()).context(|| format!("cannot read {}", path.display()))
}

/// A YAML file as JSON.
pub(crate) fn yaml(path: &Path) -> Result<Value> {
    let text = files::read_text(path)?;
    // Real schemas nest deeper than configuration does.
    let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_depth: 400 } };
    serde_saphyr::from_str_with_options(&text, options).context(|| format!("{} is not YAML", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, file: &str, text: &str) {
        files::write_if_changed(&folder.join(file), text.as_bytes()).unwrap();
    }

    const WIDGETS: &str = "crds/acme/widgets.acme.io.yaml";
    const CRD: &str = "spec: {group: acme.io, names: {kind: Widget}}";

    #[test]
    fn without_tables_the_files_speak_for_themselves() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), WIDGETS, CRD);
        write(folder.path(), "objects/acme/widgets.acme.io/v1-small.yaml", "a: 1");
        let corpus = Corpus::open(folder.path()).unwrap();
        let crd = &corpus.crds[0];
        assert_eq!((crd.title().as_str(), crd.project()), ("acme.io/Widget", "acme"));
        assert_eq!(crd.objects[0].version, "v1");
        assert!(crd.objects[0].is_clean());
    }

    #[test]
    fn tables_say_what_is_known_about_each_file() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), WIDGETS, CRD);
        write(
            folder.path(),
            "crds.tsv",
            &format!("file\tgroup\tkind\tnonstructural\n{WIDGETS}\tacme.io\tWidget\tno-type=1\n"),
        );
        let row = format!("objects/acme/widgets.acme.io/v1-x.yaml\t{WIDGETS}\tv1\tunknown\n");
        write(folder.path(), "objects.tsv", &format!("file\tcrd\tversion\tstatus\n{row}"));
        let corpus = Corpus::open(folder.path()).unwrap();
        assert_eq!(corpus.crds[0].nonstructural, "no-type=1");
        assert!(!corpus.crds[0].objects[0].is_clean());
    }

    #[test]
    fn objects_without_their_crd_are_a_mistake_of_the_corpus() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), WIDGETS, CRD);
        write(folder.path(), "objects/acme/gadgets.acme.io/v1-x.yaml", "a: 1");
        let error = Corpus::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("crds/acme/gadgets.acme.io.yaml"), "{error}");
    }
}
