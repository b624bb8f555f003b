//! Conversations with an API server, played and compared: the one suite for two servers.
//!
//! A file `conformance/AREA/behaviour.http` shows one behaviour as requests and, below each, the answer of a real kube-apiserver. Its
//! format is told in `docs/testing.md` and read by [`conversation`]; [`server`] has the table of what `# server:` can ask of the
//! embedded server; [`play`] sends the requests; [`plain`] replaces what differs from run to run; [`record`] writes the answers into
//! the files, and holds servers against them; [`again`] tells which of the real server's answers count. [`script`] reads files
//! `conformance/PROGRAM/behaviour.console`, in which other clients are told what to do, and [`programs`] runs them. Used by
//! `tests/server/tests/answers.rs` (embedded server against the recorded answers) and by `tests/it` (both servers, live).
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod again;
pub(crate) mod conversation;
pub(crate) mod diff;
pub(crate) mod kubeconfig;
pub(crate) mod plain;
pub(crate) mod play;
pub(crate) mod printed;
pub(crate) mod programs;
pub(crate) mod record;
pub(crate) mod scan;
pub(crate) mod script;
pub(crate) mod served;
pub(crate) mod server;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

use conversation::Conversation;

/// A file of the suite.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) file: PathBuf,
    /// `area/behaviour`.
    pub(crate) name: String,
    pub(crate) conversation: Conversation,
}

/// The conversations below a folder, by name; those alone whose name has one of the words of `CLIENTSET_ONLY` (separated by commas).
///
/// A file that cannot be read as a conversation is an error that names it.
pub(crate) fn cases(folder: &Path) -> Result<Vec<Case>, String> {
    let mut found = Vec::new();
    for (file, name) in files(folder, "http") {
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        let conversation = Conversation::parse(&text).map_err(|error| format!("{name}: {error}"))?;
        found.push(Case { file, name, conversation });
    }
    Ok(found)
}

/// The files of the suite with an extension, with their names `area/behaviour`, narrowed by `CLIENTSET_ONLY`.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<(PathBuf, String)> {
    let only = std::env::var("CLIENTSET_ONLY").unwrap_or_default();
    let wanted = |name: &str| only.is_empty() || only.split(',').any(|it| name.contains(it.trim()));
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for file in std::fs::read_dir(&at).into_iter().flatten().filter_map(|it| Some(it.ok()?.path())) {
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|it| it == extension) {
                let name = file.strip_prefix(folder).unwrap_or(&file).with_extension("");
                let name = name.to_string_lossy().replace('\\', "/");
                if wanted(&name) {
                    found.push((file, name));
                }
            }
        }
    }
    found.sort_by(|one, other| one.1.cmp(&other.1));
    found
}

/// The first folder of a name: `crd` of `crd/pruning`.
pub(crate) fn area(name: &str) -> &str {
    name.split_once('/').map_or("", |it| it.0)
}
