//! What the published Go modules of a release hold: OpenAPI v3 documents and .proto files. It reads the module cache,
//! after `go mod download`; it runs nothing of Kubernetes.

use std::collections::BTreeMap;
use std::path::Path;

use super::sources::{LICENCE, Source};
use crate::control_plane::Release;
use crate::control_plane::gomodule::{Download, download};
use crate::failure::{Context, Failure, Result};
use crate::{files, workspace};

/// The modules whose .proto files describe API types.
const PROTO_MODULES: [&str; 4] =
    ["k8s.io/api", "k8s.io/apiextensions-apiserver", "k8s.io/apimachinery", "k8s.io/kube-aggregator"];

/// Files by name, and where they are from.
pub(crate) struct Files {
    pub(crate) source: Source,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// The OpenAPI v3 documents of the group-versions, under the names that this repository gives them.
pub(crate) fn documents(release: Release) -> Result<Files> {
    let module = download("k8s.io/kubernetes", &release.module_version())?;
    let folder = module.dir.join("api/openapi-spec/v3");
    let mut found = BTreeMap::new();
    for name in files::names(&folder)? {
        if let Some(stem) = name.strip_suffix("_openapi.json")
            && super::is_group_version(stem)
        {
            found.insert(format!("{stem}.json"), files::read(&folder.join(&name))?);
        }
    }
    if found.is_empty() {
        return Err(Failure::new(format!("{} holds no OpenAPI documents", folder.display())));
    }
    Ok(Files { source: source("api/openapi-spec/v3 of the module", &module), files: found })
}

/// The .proto files, each named for its package.
pub(crate) fn protos(release: Release) -> Result<Vec<Files>> {
    PROTO_MODULES
        .iter()
        .map(|module| {
            let module = download(module, &release.staging_version())?;
            let mut found = BTreeMap::new();
            collect(&module.dir, &mut found)?;
            Ok(Files { source: source("generated.proto files of the module", &module), files: found })
        })
        .collect()
}

fn collect(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for name in files::names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            // Types of upstream's own tests are no API.
            if !matches!(name.as_str(), "testing" | "testdata" | "testapigroup") {
                collect(&path, found)?;
            }
        } else if name == "generated.proto" {
            let bytes = files::read(&path)?;
            found.insert(format!("{}.proto", package(&bytes, &path)?), bytes);
        }
    }
    Ok(())
}

fn package(proto: &[u8], path: &Path) -> Result<String> {
    let text = std::str::from_utf8(proto).context(|| format!("cannot read {}", workspace::shown(path)))?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("package ")?.strip_suffix(';'));
    match name {
        Some(name) if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_') => {
            Ok(name.to_owned())
        }
        _ => Err(Failure::new(format!("{} names no package", path.display()))),
    }
}

fn source(origin: &str, module: &Download) -> Source {
    Source {
        origin: origin.to_owned(),
        module: module.path.clone(),
        version: module.version.clone(),
        sum: module.sum.clone(),
        licence: LICENCE.to_owned(),
        files: BTreeMap::new(),
    }
}
