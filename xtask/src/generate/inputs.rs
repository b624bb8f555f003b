//! Reading what goes into the generator, each file under the name that a diagnostic can point to.

use std::path::Path;

use clientset_codegen::{Diagnostic, Inputs, Output, Source, Surface};

use crate::control_plane::Release;
use crate::failure::{Failure, Result};
use crate::{files, workspace};

/// Runs the generator; the failure lists every mistake that it found.
pub(crate) fn generate(inputs: &Inputs) -> Result<Output> {
    clientset_codegen::generate(inputs).map_err(|mistakes| wrong(&mistakes, "nothing written"))
}

/// Reads what users see of an API, for comparing.
pub(crate) fn surface(sources: &[Source]) -> Result<Surface> {
    Surface::read(sources).map_err(|mistakes| wrong(&mistakes, "nothing compared"))
}

fn wrong(mistakes: &[Diagnostic], outcome: &str) -> Failure {
    let list: Vec<String> = mistakes.iter().map(|mistake| mistake.to_string()).collect();
    Failure::new(format!("{} mistakes in the inputs, {outcome}:\n{}", list.len(), list.join("\n")))
}

/// A file, or the OpenAPI documents and CRDs of a folder.
pub(crate) fn of_path(path: &Path) -> Result<Vec<Source>> {
    if path.is_file() {
        return Ok(vec![source(path)?]);
    }
    let found = sources_in(path, &workspace::shown(path), &["json", "yaml", "yml"])?;
    if found.is_empty() {
        return Err(Failure::new(format!("{} holds no OpenAPI document and no CRD", workspace::shown(path)))
            .help("give a folder as specs/kubernetes or target/specs/1.N.P/kubernetes, or a file"));
    }
    Ok(found)
}

/// The inputs of this repository for the crate in `crate_folder`.
pub(crate) fn of_repository(crate_folder: &Path) -> Result<Inputs> {
    let mut inputs = tables(crate_folder)?;
    inputs.documents = sources("specs/kubernetes", &["json"])?;
    inputs.protos = sources("specs/proto", &["proto"])?;
    inputs.crds = sources("specs/crds", &["yaml", "yml", "json"])?;
    if inputs.documents.is_empty() {
        return Err(Failure::new("specs/kubernetes holds no OpenAPI documents")
            .help("`cargo xtask specs pull --all` fetches them"));
    }
    Ok(inputs)
}

/// The published documents of another release with the tables of this repository. Rows of the tables that apply to
/// nothing there are no mistake.
pub(crate) fn of_release(release: Release, crate_folder: &Path) -> Result<Inputs> {
    let mut inputs = tables(crate_folder)?;
    inputs.documents = sources(&format!("target/specs/{release}/kubernetes"), &["json"])?;
    inputs.protos = sources(&format!("target/specs/{release}/proto"), &["proto"])?;
    inputs.lenient = true;
    if inputs.documents.is_empty() {
        return Err(Failure::new(format!("the documents of Kubernetes {release} are not here"))
            .help(format!("`cargo xtask specs pull --kubernetes {release}` fetches them")));
    }
    Ok(inputs)
}

fn tables(crate_folder: &Path) -> Result<Inputs> {
    let own = |relative: &str| source(&crate_folder.join(relative));
    Ok(Inputs {
        quirks: source(&workspace::path("specs/quirks.toml"))?,
        names: source(&workspace::path("specs/names.toml"))?,
        config: source(&workspace::path("specs/clientset.toml"))?,
        manifest: Some(own("Cargo.toml")?),
        root: Some(own("src/lib.rs")?),
        ..Inputs::default()
    })
}

fn source(path: &Path) -> Result<Source> {
    Ok(Source::new(workspace::shown(path), files::read(path)?))
}

/// The files of a folder with one of these endings, by name. An absent folder has none.
fn sources(folder: &str, endings: &[&str]) -> Result<Vec<Source>> {
    sources_in(&workspace::path(folder), folder, endings)
}

fn sources_in(path: &Path, folder: &str, endings: &[&str]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for name in files::names(path)? {
        if Path::new(&name).extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
            found.push(Source::new(format!("{folder}/{name}"), files::read(&path.join(&name))?));
        }
    }
    Ok(found)
}
