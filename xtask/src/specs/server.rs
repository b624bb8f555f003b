//! What a running control plane serves at `/openapi/v3`: the canonical documents, byte for byte. Only there are enums
//! and alpha fields; the module's files have neither.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::module::Files;
use super::sources::{LICENCE, Source};
use crate::control_plane::gomodule;
use crate::control_plane::server::{EVERYTHING, Options, Server};
use crate::control_plane::{Release, build};
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;

#[derive(Deserialize)]
struct Index {
    paths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "serverRelativeURL")]
    url: String,
}

/// Starts a control plane of its own, fetches every group-version's document, ends it.
pub(crate) fn documents(release: Release) -> Result<Files> {
    build::ensure(release)?;
    let folder = tempfile::tempdir().context(|| "cannot make a temporary folder".to_owned())?;
    let server =
        Server::start(&Options { release, controllers: None, kubelet: false }, &folder.path().join("run"))?;
    let step = Step::begin(format!("fetching {}/openapi/v3", server.url));
    let index: Index = serde_json::from_slice(&server.get("/openapi/v3")?)
        .context(|| "kube-apiserver answered /openapi/v3 with something else than the index".to_owned())?;
    let mut files = BTreeMap::new();
    for (path, entry) in index.paths.iter().filter(|(path, _)| super::is_group_version(path)) {
        step.detail(path.clone());
        let bytes = server.get(&entry.url)?;
        serde_json::from_slice::<&RawValue>(&bytes)
            .context(|| format!("kube-apiserver answered {} with something else than JSON", entry.url))?;
        files.insert(super::file_name(path), bytes);
    }
    if files.is_empty() {
        return Err(Failure::new("kube-apiserver lists no group-version in /openapi/v3"));
    }
    step.done(&format!("{} documents", files.len()));
    let module = gomodule::download("k8s.io/kubernetes", &release.module_version())?;
    let source = Source {
        origin: format!("/openapi/v3 of kube-apiserver with {}", EVERYTHING.join(" ")),
        module: module.path,
        version: module.version,
        sum: module.sum,
        licence: LICENCE.to_owned(),
        files: BTreeMap::new(),
    };
    Ok(Files { source, files })
}
