//! `cargo clientset add`: CRDs into the inputs, the output from them, and features into Cargo.toml. Nothing is written before
//! the generator has found all of it good, and it is certain that the output can go where it belongs.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use clientset_codegen::PackageResource;

use super::cargo_toml::CargoToml;
use super::report::Report;
use super::{Outcome, Which, below, documents, generate};
use crate::dependency::Dependency;
use crate::failure::{Context, Failure, Result};
use crate::files::{self, count, shown};
use crate::project::{Generated, Project, is_input};

/// Add CRDs: copy them into the inputs, and generate.
///
/// Files are copied byte for byte under their own names, into the first folder of `inputs`. From standard input and from clusters each
/// definition becomes a file with its name; what else is there is passed over. A file that is there already is replaced if it has the
/// same definitions: so a newer version of a CRD is added in the same way.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo clientset add widgets.yaml gadgets.yaml
  cargo clientset add ../operator/config/crd/bases
  helm template operator | cargo clientset add -
  cargo clientset add --cluster widgets.example.com --context staging")]
pub(super) struct Add {
    #[command(flatten)]
    which: Which,
    /// Files and folders, and `-` for standard input.
    #[arg(value_name = "FILE|DIR|-", required_unless_present = "cluster")]
    from: Vec<PathBuf>,
    /// The CustomResourceDefinition of this name, from the cluster of the kubeconfig's current context.
    #[arg(long, value_name = "NAME")]
    cluster: Vec<String>,
    /// Another context of the kubeconfig.
    #[arg(long, value_name = "NAME", requires = "cluster")]
    context: Option<String>,
    /// Another kubeconfig than KUBECONFIG and ~/.kube/config.
    #[arg(long, value_name = "FILE", requires = "cluster")]
    kubeconfig: Option<PathBuf>,
}

/// What is to be copied.
#[derive(Default)]
struct Copies {
    /// Path in the input folder -> bytes and where they are from.
    files: BTreeMap<String, (Vec<u8>, String)>,
    /// Files that are inputs already.
    there: usize,
}

impl Add {
    pub(super) fn run(&self, report: &Report) -> Result<Outcome> {
        let project = self.which.project()?;
        let (name, folder) = project.input_folder()?;
        let copies = self.collect(&project, report)?;
        for (file, (bytes, from)) in &copies.files {
            may_replace(&folder.join(file), bytes, from)?;
        }
        let named = |file: &String| if name.is_empty() { file.clone() } else { format!("{name}/{file}") };
        let on_top = copies.files.iter().map(|(file, (bytes, _))| (named(file), bytes.clone())).collect();
        let froms = || copies.files.iter().map(|(file, (_, from))| (named(file), from.clone())).collect();
        let generated = project.generate(&on_top).map_err(|failure| failure.elsewhere(froms()))?;
        report.diagnostics(&generated.package.warnings, &generated.sources, &project.root);
        // Whatever can be known to fail has to fail before the first file is written.
        let features = missing_features(&project, &generated)?;
        project.recover()?;
        project.plan(&generated)?;
        for (file, (bytes, from)) in &copies.files {
            if files::write_if_changed(&folder.join(file), bytes)? {
                report.say(&format!("{}: from {from}", below(&project.root, &named(file))));
            } else {
                report.say(&format!("{}: as it was", below(&project.root, &named(file))));
            }
        }
        if let Some((manifest, features)) = features {
            manifest.write()?;
            report.say(&format!("Cargo.toml: features of clientset switched on: {features}"));
        }
        generate::write(&project, &generated, report)?;
        let added: Vec<&PackageResource> = generated
            .package
            .resources
            .iter()
            .filter(|resource| copies.there > 0 || on_top.contains_key(&resource.source))
            .collect();
        report.say(&how_to_use(&project, &added));
        Ok(Outcome::Fine)
    }

    fn collect(&self, project: &Project, report: &Report) -> Result<Copies> {
        let mut copies = Copies::default();
        let inputs: Vec<PathBuf> =
            project.inputs()?.into_values().filter_map(|path| path.canonicalize().ok()).collect();
        for from in &self.from {
            if from.as_os_str() == "-" {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .context(|| "cannot read standard input".to_owned())?;
                copies.documents(&text, "standard input", report)?;
            } else if from.is_dir() {
                copies.folder(from, &inputs, report)?;
            } else {
                copies.file(from, &inputs)?;
            }
        }
        for (name, text) in self.of_cluster()? {
            copies.one(&name, text.into_bytes(), "the cluster")?;
        }
        Ok(copies)
    }

    #[cfg(feature = "cluster")]
    fn of_cluster(&self) -> Result<Vec<(String, String)>> {
        if self.cluster.is_empty() {
            return Ok(Vec::new());
        }
        super::cluster::fetch(&self.cluster, self.kubeconfig.as_deref(), self.context.as_deref())
    }

    #[cfg(not(feature = "cluster"))]
    fn of_cluster(&self) -> Result<Vec<(String, String)>> {
        let Some(name) = self.cluster.first() else { return Ok(Vec::new()) };
        Err(Failure::new("this build of cargo-clientset speaks to no cluster: it has no feature `cluster`")
            .help(format!("kubectl get crd {name} -o yaml | cargo clientset add -")))
    }
}

impl Copies {
    /// One file, as it is.
    fn file(&mut self, path: &Path, inputs: &[PathBuf]) -> Result<()> {
        let bytes = files::read(path)?;
        if path.canonicalize().is_ok_and(|path| inputs.contains(&path)) {
            self.there += 1;
            return Ok(());
        }
        if !is_input(path) {
            return Err(Failure::new(format!("{} is neither .yaml nor .yml nor .json", shown(path)))
                .help("give it such a name, or pass it on standard input: cargo clientset add - < FILE"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.put(name, bytes, shown(path))
    }

    /// The files of a folder that mention a CRD, as they are and in the folders they are in.
    fn folder(&mut self, folder: &Path, inputs: &[PathBuf], report: &Report) -> Result<()> {
        let (mut passed, before) = (0, self.files.len() + self.there);
        for (name, path) in crate::project::inputs_below(folder)? {
            let bytes = files::read(&path)?;
            if !String::from_utf8_lossy(&bytes).contains("CustomResourceDefinition") {
                passed += 1;
            } else if path.canonicalize().is_ok_and(|path| inputs.contains(&path)) {
                self.there += 1;
            } else {
                self.put(name, bytes, shown(&path))?;
            }
        }
        if self.files.len() + self.there == before {
            return Err(Failure::new(format!(
                "{} has no file with a CustomResourceDefinition",
                shown(folder)
            ))
            .help("files that are looked at end in .yaml, .yml or .json"));
        }
        if passed > 0 {
            report.say(&format!(
                "{}: {} without a CustomResourceDefinition passed over",
                shown(folder),
                count(passed, "file")
            ));
        }
        Ok(())
    }

    /// Each CRD of a text as a file.
    fn documents(&mut self, text: &str, from: &str, report: &Report) -> Result<()> {
        let (found, others) = documents::crds(text);
        if found.is_empty() {
            return Err(Failure::new(format!("{from} has no CustomResourceDefinition"))
                .help("pipe YAML or JSON into it: kubectl get crd NAME -o yaml | cargo clientset add -"));
        }
        for crd in found {
            self.one(&crd.name, crd.text.into_bytes(), from)?;
        }
        if others > 0 {
            report.say(&format!("{from}: {} passed over", count(others, "other document")));
        }
        Ok(())
    }

    /// One CRD as a file with its name.
    fn one(&mut self, name: &str, bytes: Vec<u8>, from: &str) -> Result<()> {
        if !documents::is_file_name(name) {
            return Err(Failure::new(format!(
                "{from} has a CustomResourceDefinition `{name}`, which is no name of one"
            ))
            .help("its name is plural.group, in lower case"));
        }
        self.put(format!("{name}.yaml"), bytes, from.to_owned())
    }

    fn put(&mut self, name: String, bytes: Vec<u8>, from: String) -> Result<()> {
        match self.files.get(&name) {
            Some((there, other)) if *there != bytes => {
                Err(Failure::new(format!("{other} and {from} would both become {name}"))
                    .help("add them one after the other, with different names"))
            }
            _ => {
                self.files.insert(name, (bytes, from));
                Ok(())
            }
        }
    }
}

/// A file that is there is replaced by newer versions of its definitions, and by nothing else.
fn may_replace(path: &Path, bytes: &[u8], from: &str) -> Result<()> {
    let Some(old) = files::read_if_there(path)? else { return Ok(()) };
    let names = |bytes: &[u8]| documents::names(&String::from_utf8_lossy(bytes));
    let (old_names, new_names) = (names(&old), names(bytes));
    if old == bytes || (!old_names.is_empty() && old_names.is_subset(&new_names)) {
        return Ok(());
    }
    let lost: Vec<&str> = old_names.difference(&new_names).map(String::as_str).collect();
    let why = if lost.is_empty() {
        "whose definitions cannot be read".to_owned()
    } else {
        format!("with {}", lost.join(", "))
    };
    Err(Failure::new(format!("{} is there already, {why}, and {from} is something else", shown(path)))
        .help("rename one of the two, or remove the old one"))
}

/// Cargo.toml with the features that the output needs, and which are new; where the dependency is there. Writes nothing.
fn missing_features(project: &Project, generated: &Generated) -> Result<Option<(CargoToml, String)>> {
    let dependency = project.dependency()?;
    let missing = dependency.missing(&generated.package.features);
    if missing.is_empty() || !matches!(dependency, Dependency::Features(_)) {
        return Ok(None);
    }
    let mut manifest = CargoToml::read(&project.root.join("Cargo.toml"))?;
    manifest.add_features(&missing)?;
    let list: Vec<String> = missing.into_iter().collect();
    Ok(Some((manifest, list.join(", "))))
}

/// What there is now, and the lines that use it.
fn how_to_use(project: &Project, added: &[&PackageResource]) -> String {
    let name = project.settings.output.file_name().unwrap_or_default().to_string_lossy();
    let mut out = String::new();
    for resource in added {
        let scope = if resource.namespaced { "in namespaces" } else { "cluster-wide" };
        out.push_str(&format!(
            "\n{} of {}/{}, {scope}: {name}::{}, client.{}().{}",
            resource.kind,
            resource.group,
            resource.version,
            resource.module,
            resource.accessor,
            method(resource),
        ));
    }
    let Some(first) = added.first() else { return out };
    let parent = project.settings.output.parent().unwrap_or(Path::new(""));
    let attribute = if parent == Path::new("src") {
        String::new()
    } else {
        format!(
            "#[path = \"../{}/mod.rs\"]\n    ",
            project.settings.output.to_string_lossy().replace('\\', "/")
        )
    };
    out.push_str(&format!(
        "\n\nuse it, in src/main.rs or src/lib.rs:\n\n    \
         {attribute}mod {name};\n    \
         use {name}::{{ClientsetExt, {}::{}}};\n\n    \
         let client = clientset::Clientset::new(clientset::Config::infer().await?)?;\n    \
         let all: clientset::List<{}> = client.{}().{}.list().await?;",
        first.module,
        first.rust_type,
        first.rust_type,
        first.accessor,
        method(first),
    ));
    out
}

/// The call that gives the client.
fn method(resource: &PackageResource) -> String {
    let namespace = if resource.namespaced { "\"default\"" } else { "" };
    format!("{}({namespace})", resource.method)
}
