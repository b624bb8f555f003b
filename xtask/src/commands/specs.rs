//! `cargo xtask specs`: fetching and pinning the generator's inputs. The parts are in `crate::specs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use clientset_codegen::{Aspect, Change, compare};

use crate::control_plane::Release;
use crate::failure::{Failure, Result};
use crate::generate::inputs;
use crate::specs::module::{self, Files};
use crate::specs::server;
use crate::specs::sources::{Source, Sources};
use crate::{files, workspace};

/// Fetch, pin and check the inputs of the generator.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask specs pull --all                  everything that specs/sources.toml names
  cargo xtask specs pull --server               the documents that our own kube-apiserver serves
  cargo xtask specs pull --kubernetes 1.36.3    a release's published files, compared with specs/
  cargo xtask specs verify                      that no pinned file was changed")]
pub(crate) struct Specs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Fetch.
    Pull(Pull),
    /// Compare the files of specs/ with the hashes in specs/sources.toml.
    Verify,
}

/// Fetch OpenAPI documents and .proto files.
#[derive(Args)]
struct Pull {
    /// Start the newest control plane with every API and feature gate on and keep what it serves in specs/kubernetes.
    #[arg(long)]
    server: bool,
    /// Fetch the published files of a release into target/specs/1.N.P, and say where its documents differ from
    /// specs/kubernetes. The newest release's .proto files go to specs/proto.
    #[arg(long, value_name = "1.N.P")]
    kubernetes: Option<Release>,
    /// All of it: the newest release both ways, and the group-versions that only older supported releases serve.
    #[arg(long, conflicts_with_all = ["server", "kubernetes"])]
    all: bool,
}

impl Specs {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.action {
            Action::Pull(pull) => pull.run()?,
            Action::Verify => {
                let count = Sources::read()?.verify(&workspace::path("specs"))?;
                println!("{count} files of specs/ are as pinned");
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Pull {
    fn run(self) -> Result<()> {
        if !self.server && !self.all && self.kubernetes.is_none() {
            return Err(Failure::new("nothing to pull").help("give --server, --kubernetes 1.N.P or --all"));
        }
        let newest = Release::newest()?;
        let mut sources = Sources::read()?;
        if self.server || self.all {
            pull_server(newest, &mut sources)?;
        }
        if let Some(release) = self.kubernetes.or(self.all.then_some(newest)) {
            pull_module(release, newest, &mut sources)?;
        }
        if self.all {
            pull_older(&mut sources)?;
        }
        sources.write(newest)
    }
}

/// The documents of the newest server take the place of all that an earlier server gave.
fn pull_server(newest: Release, sources: &mut Sources) -> Result<()> {
    let fetched = server::documents(newest)?;
    let specs = workspace::path("specs");
    for file in earlier(sources, &fetched) {
        if !fetched.files.contains_key(file.trim_start_matches("kubernetes/")) {
            let _ = std::fs::remove_file(specs.join(&file));
            println!("specs/{file}: no longer served by {newest}");
        }
        sources.forget(&file);
    }
    keep(&fetched, "kubernetes", &specs, Some(sources))
}

fn earlier(sources: &Sources, fetched: &Files) -> Vec<String> {
    let same = sources.source.iter().filter(|source| source.origin == fetched.source.origin);
    same.flat_map(|source| source.files.keys().cloned()).collect()
}

fn pull_module(release: Release, newest: Release, sources: &mut Sources) -> Result<()> {
    let documents = module::documents(release)?;
    let target = workspace::path(&format!("target/specs/{release}"));
    keep(&documents, "kubernetes", &target, None)?;
    for protos in module::protos(release)? {
        keep(&protos, "proto", &target, None)?;
        if release == newest {
            keep(&protos, "proto", &workspace::path("specs"), Some(sources))?;
        }
    }
    println!("{}: the published files of Kubernetes {release}", workspace::shown(&target));
    cross_check(&documents, release == newest)
}

/// Group-versions that the newest server does not serve, each from the newest release that publishes it.
fn pull_older(sources: &mut Sources) -> Result<()> {
    let specs = workspace::path("specs");
    let served = files_of(sources, "/openapi/v3 of");
    let mut taken: BTreeMap<String, Release> = BTreeMap::new();
    for release in sources.older()? {
        let mut documents = module::documents(release)?;
        documents
            .files
            .retain(|name, _| !served.contains(&format!("kubernetes/{name}")) && !taken.contains_key(name));
        if documents.files.is_empty() {
            continue;
        }
        documents.source.origin =
            format!("{}, for a group-version that no newer one serves", documents.source.origin);
        keep(&documents, "kubernetes", &specs, Some(sources))?;
        taken.extend(documents.files.keys().map(|name| (name.clone(), release)));
        for mut protos in module::protos(release)? {
            let origin = protos.source.clone();
            protos.files.retain(|name, _| {
                let wanted = documents.files.keys().any(|document| describes(name, document));
                wanted && pinned_elsewhere(sources, name, &origin).is_none()
            });
            keep(&protos, "proto", &specs, Some(sources))?;
        }
    }
    for (name, release) in taken {
        println!("specs/kubernetes/{name}: from {release}");
    }
    Ok(())
}

fn files_of(sources: &Sources, origin: &str) -> Vec<String> {
    let same = sources.source.iter().filter(|source| source.origin.starts_with(origin));
    same.flat_map(|source| source.files.keys().cloned()).collect()
}

/// The other module version that a .proto file is pinned from already: the newest release still publishes many.
fn pinned_elsewhere<'a>(sources: &'a Sources, name: &str, origin: &Source) -> Option<&'a Source> {
    let file = format!("proto/{name}");
    let other = |source: &&Source| source.version != origin.version && source.files.contains_key(&file);
    sources.source.iter().find(other)
}

/// Whether `k8s.io.api.scheduling.v1alpha2.proto` holds the types of `apis__scheduling.k8s.io__v1alpha2.json`.
fn describes(proto: &str, document: &str) -> bool {
    let mut parts = document.trim_end_matches(".json").split("__").skip(1);
    let group = parts.next().and_then(|group| group.split('.').next()).unwrap_or_default();
    let version = parts.next().unwrap_or_default();
    proto == format!("k8s.io.api.{group}.{version}.proto")
}

/// Writes files below `root/folder` and notes them.
fn keep(fetched: &Files, folder: &str, root: &Path, mut sources: Option<&mut Sources>) -> Result<()> {
    for (name, bytes) in &fetched.files {
        let file = format!("{folder}/{name}");
        if files::write_if_changed(&root.join(&file), bytes)? && sources.is_some() {
            println!("specs/{file}: written");
        }
        if let Some(sources) = &mut sources {
            sources.note(&fetched.source, &file, bytes);
        }
    }
    Ok(())
}

/// Says where published documents and those of specs/kubernetes differ, for the group-versions that both have. Enums
/// are left out: only a server with every gate on has them.
fn cross_check(published: &Files, newest: bool) -> Result<()> {
    let folder = workspace::path("specs/kubernetes");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (name, bytes) in &published.files {
        if folder.join(name).exists() {
            ours.push(clientset_codegen::Source::new(name.clone(), files::read(&folder.join(name))?));
            theirs.push(clientset_codegen::Source::new(name.clone(), bytes.clone()));
        } else {
            println!("  {name}: published, not in specs/kubernetes");
        }
    }
    let changes = compare(&inputs::surface(&theirs)?, &inputs::surface(&ours)?);
    // The published documents hold the defaults of Go's types, those of the server do not always.
    let is_told = |change: &Change| !matches!(change.aspect, Aspect::Enum | Aspect::Default);
    let differences: Vec<Change> = changes.into_iter().filter(is_told).collect();
    // An older release differs in very much, as it should; `diff` tells in what.
    if newest {
        for change in &differences {
            println!("  {}: {}", change.what, change.text);
        }
    }
    println!(
        "cross-check of {} {} against the same {} documents of specs/kubernetes: {} differences other than enums",
        published.source.module,
        published.source.version,
        theirs.len(),
        differences.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proto_file_is_matched_to_its_group_version() {
        assert!(describes("k8s.io.api.scheduling.v1alpha2.proto", "apis__scheduling.k8s.io__v1alpha2.json"));
        assert!(!describes("k8s.io.api.scheduling.v1alpha1.proto", "apis__scheduling.k8s.io__v1alpha2.json"));
        assert!(!describes("k8s.io.api.core.v1.proto", "apis__scheduling.k8s.io__v1alpha2.json"));
    }
}
