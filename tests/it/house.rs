//! The invariants of ARCHITECTURE.md, as far as a look at the files can hold them.
//!
//! Rows that are an exception say why; a rule that needs understanding of code is not here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::registry::KINDS;
use crate::spec_reader::root;

/// Files of ours that are longer than 500 lines, with the reason.
const LONG: &[(&str, &str)] =
    &[("runtime/src/discovery/tests.rs", "one table of recorded answers, which the cases share")];

/// What stands at the top of the repository, and nothing else.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "DESIGN.md",
    "LICENSE",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "codegen",
    "deny.toml",
    "docs",
    "generated",
    "runtime",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "specs",
    "tests",
    "xtask",
];

/// The files that git knows.
fn committed() -> Vec<String> {
    let output = std::process::Command::new("git")
        .args(["-C", root().to_str().expect("a path in UTF-8"), "ls-files", "-z"])
        .output()
        .expect("git runs");
    let files = String::from_utf8(output.stdout).expect("paths in UTF-8");
    let files: Vec<String> = files.split_terminator('\0').map(str::to_owned).collect();
    assert!(files.len() > 100 || !root().join(".git").exists(), "git lists {} files", files.len());
    files.into_iter().filter(|file| root().join(file).is_file()).collect()
}

fn text(file: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(file)).expect("a committed file can be read")).ok()
}

fn generated(file: &str) -> bool {
    text(file).is_some_and(|text| text.starts_with("// @generated"))
}

/// Output that fixtures hold the generator against, and what a new user writes in the journey, whose lines are counted.
fn expected(file: &str) -> bool {
    file.starts_with("tests/fixtures/") || file.starts_with("tests/journey/")
}

/// Rust files below a folder, written by hand, with their text.
pub(crate) fn sources(below: &str) -> Vec<(String, String)> {
    committed()
        .into_iter()
        .filter(|file| {
            file.starts_with(below) && file.ends_with(".rs") && !generated(file) && !expected(file)
        })
        .map(|file| (file.clone(), text(&file).expect("Rust is UTF-8")))
        .collect()
}

/// The code of a file: without comments and without the unit tests at its end.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().expect("a first part");
    let lines = code.lines().map(|line| line.split_once("//").map_or(line, |(before, _)| before));
    lines.collect::<Vec<_>>().join("\n")
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.ends_with("testing.rs")
}

/// Fails with one line for each file that breaks the rule.
fn none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn only_the_transport_names_an_http_stack_and_only_yaml_names_its_reader() {
    let mut found = Vec::new();
    for (file, text) in sources("runtime/src/").into_iter().chain(sources("codegen/src/")) {
        let code = code(&text);
        let words = words(&code);
        for stack in ["reqwest", "hyper", "hyper_util", "h2", "tokio_rustls"] {
            if words.contains(stack) && !file.starts_with("runtime/src/transport") {
                found.push(format!("{file} names {stack}"));
            }
        }
        let is_reader =
            ["runtime/src/yaml", "codegen/src/spec/yaml"].iter().any(|module| file.starts_with(module));
        if ["serde_saphyr", "granit_parser"].iter().any(|name| words.contains(name)) && !is_reader {
            found.push(format!("{file} names a YAML reader"));
        }
    }
    none("the HTTP stack stays in the transport, the YAML reader in yaml.rs", found);
}

#[test]
fn codegen_does_no_io_and_knows_no_clock_no_environment_and_no_hash_order() {
    let mut found = Vec::new();
    for (file, text) in sources("codegen/src/") {
        if is_test(&file) {
            continue;
        }
        // Its own version is a constant of the crate and no environment.
        let code = code(&text).replace("env!(\"CARGO_PKG_VERSION\")", "");
        let paths = ["std::fs", "std::env", "std::net", "std::process", "std::io", "env!("];
        let words = words(&code);
        let names = ["SystemTime", "Instant", "HashMap", "HashSet", "println", "eprintln"];
        found.extend(
            paths.into_iter().filter(|path| code.contains(path)).map(|path| format!("{file}: {path}")),
        );
        found.extend(
            names.into_iter().filter(|name| words.contains(name)).map(|name| format!("{file}: {name}")),
        );
    }
    none("codegen is a function of bytes", found);
}

/// Kinds whose names are words of any program, or of the protocol itself.
const PLAIN: &[&str] = &[
    "Binding",
    "Event",
    "Eviction",
    "Job",
    "Lease",
    "Namespace",
    "Node",
    "Scale",
    "Secret",
    "Service",
    "Workload",
];

/// Where a kind is named to people, and nothing depends on it.
const SAID: &[(&str, &str, &str)] = &[
    ("codegen/src/emit/crds.rs", "CustomResourceDefinition", "documentation of the constant that holds one"),
    ("codegen/src/emit/root.rs", "CustomResourceDefinition", "documentation of the list of them"),
    ("runtime/src/discovery/aggregated.rs", "APIService", "what an error tells to look at"),
    ("runtime/src/error/response.rs", "Role", "what has to allow a forbidden request"),
    ("runtime/src/error/response.rs", "ClusterRole", "what has to allow a forbidden request"),
];

#[test]
fn emit_names_no_kind_and_no_group_and_the_runtime_names_no_kind() {
    let kinds: BTreeSet<&str> =
        KINDS.iter().map(|kind| kind.kind).filter(|kind| !PLAIN.contains(kind)).collect();
    let groups: BTreeSet<&str> =
        KINDS.iter().filter_map(|kind| kind.api_version.split_once('/')).map(|(group, _)| group).collect();
    let mut found = Vec::new();
    for folder in ["codegen/src/emit/", "runtime/src/"] {
        for (file, text) in sources(folder) {
            if is_test(&file) {
                continue;
            }
            let code = code(&text);
            let words = words(&code);
            let named = words.intersection(&kinds);
            let named =
                named.filter(|kind| !SAID.iter().any(|(said, what, _)| said == &file && what == *kind));
            found.extend(named.map(|kind| format!("{file} names {kind}")));
            let named = groups.iter().filter(|group| code.contains(&format!("\"{group}")));
            // The runtime speaks authentication's own protocol with exec plugins, which is no API of a server.
            let named = named.filter(|group| group.contains('.') || folder.contains("emit"));
            found.extend(named.map(|group| format!("{file} names the group {group}")));
        }
    }
    none("kinds and groups are facts, and facts are generated", found);
}

#[test]
fn every_file_opens_with_what_it_is_and_has_at_most_500_lines() {
    let mut found = Vec::new();
    let long: BTreeSet<&str> = LONG.iter().map(|(file, _)| *file).collect();
    for (file, text) in sources("") {
        let opening = text.lines().next().unwrap_or_default();
        // A crate's documentation may be its README.
        if !opening.starts_with("//! ") && !opening.starts_with("#![doc = include_str!") {
            found.push(format!("{file} does not open with `//!`"));
        }
        let lines = text.lines().count();
        if (lines > 500) != long.contains(file.as_str()) {
            found.push(format!("{file} has {lines} lines"));
        }
    }
    none("one file, one responsibility", found);
}

#[test]
fn generated_files_say_so_and_are_only_in_the_generated_crate() {
    let mut found = Vec::new();
    let by_hand = ["generated/src/lib.rs", "generated/src/ext", "generated/examples/", "generated/tests/"];
    for file in committed().into_iter().filter(|file| file.ends_with(".rs")) {
        let wanted = file.starts_with("generated/") && !by_hand.iter().any(|start| file.starts_with(start));
        if generated(&file) != wanted
            && !file.starts_with("tests/fixtures/")
            && !file.starts_with("codegen/tests/")
            && !file.starts_with("tests/outside/package/")
        {
            found.push(format!("{file}: generated is {}", generated(&file)));
        }
    }
    none("the first line of generated files says `@generated`", found);
}

#[test]
fn no_crate_may_use_unsafe_and_arrows_point_one_way() {
    let workspace: toml::Table = text("Cargo.toml").expect("UTF-8").parse().expect("TOML");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let members = workspace["workspace"]["members"].as_array().expect("members");
    for member in members.iter().filter_map(toml::Value::as_str) {
        let manifest: toml::Table =
            text(&format!("{member}/Cargo.toml")).expect("UTF-8").parse().expect("TOML");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{member} has lints of its own");
        let depends = |on: &str| {
            ["dependencies", "build-dependencies", "dev-dependencies"]
                .iter()
                .any(|list| manifest.get(*list).is_some_and(|list| list.get(on).is_some()))
        };
        let ours = ["clientset", "clientset-runtime", "clientset-codegen", "clientset-testserver"];
        let found: Vec<&str> = ours.into_iter().filter(|name| depends(name)).collect();
        let allowed: &[&str] = match member {
            "codegen" | "runtime" => &[],
            "generated" => &["clientset-runtime"],
            "xtask" => &["clientset-codegen", "clientset-testserver"],
            "tests/server" => &["clientset-runtime", "clientset-testserver"],
            _ => &ours,
        };
        assert!(found.iter().all(|name| allowed.contains(name)), "{member} depends on {found:?}");
    }
}

#[test]
fn no_path_of_a_machine_is_committed() {
    let marks = [["/ro", "ot/"].concat(), ["/wo", "rk/"].concat(), ["/home/", "user"].concat()];
    let mut found = Vec::new();
    for file in committed() {
        let Some(text) = text(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) && !file.starts_with("specs/") {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    none("paths are of the repository", found);
}

#[test]
fn the_top_of_the_repository_holds_what_it_should() {
    let committed = committed();
    let found: BTreeSet<&str> =
        committed.iter().map(|file| file.split('/').next().expect("a first part")).collect();
    let more: Vec<String> = found.into_iter().filter(|name| !TOP.contains(name)).map(str::to_owned).collect();
    none("the top of the repository", more);
}

#[test]
fn every_folder_of_a_crate_that_architecture_names_is_there() {
    let map = text("ARCHITECTURE.md").expect("UTF-8");
    assert!(map.lines().count() <= 150, "ARCHITECTURE.md has {} lines", map.lines().count());
    let named = map.split('`').skip(1).step_by(2).filter(|word| word.ends_with('/'));
    let folder = |name: &str| -> PathBuf {
        let below = |crate_name: &str| Path::new(crate_name).join(name);
        let places =
            [below(""), below("runtime/src"), below("specs"), below("codegen"), below("generated/src")];
        places.into_iter().map(|place| root().join(place)).find(|place| place.is_dir()).unwrap_or_default()
    };
    let missing: Vec<String> = named.filter(|name| !folder(name).is_dir()).map(str::to_owned).collect();
    none("ARCHITECTURE.md names folders that are not there", missing);
}
