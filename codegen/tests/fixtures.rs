//! One folder of `tests/fixtures/codegen`, one case: documents, tables, CRDs and .proto files in, `expected.rs` or
//! `expected.err` out. `UPDATE_FIXTURES=1` writes what came out; look at it before it is committed.
//!
//! Of the files generated, a case shows those that its file `show` names, or all source files of types and clients;
//! `paths` shows the paths only. A table that a case does not have is the one beside the folders, or empty.

mod golden;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clientset_codegen::{Inputs, Source, generate};

fn folder() -> PathBuf {
    golden::folder("codegen")
}

fn sources(case: &Path, endings: &[&str]) -> Vec<Source> {
    let mut paths: Vec<PathBuf> = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    paths.sort();
    paths.iter().map(|path| source(path)).collect()
}

fn source(path: &Path) -> Source {
    Source::new(path.file_name().unwrap().to_string_lossy(), fs::read(path).unwrap())
}

fn table(case: &Path, name: &str) -> Source {
    let paths = [case.join(name), folder().join(name)];
    match paths.iter().find(|path| path.exists()) {
        Some(path) => source(path),
        None => Source::new(name, ""),
    }
}

fn inputs(case: &Path) -> Inputs {
    let optional = |name: &str| Some(case.join(name)).filter(|path| path.exists()).map(|path| source(&path));
    Inputs {
        documents: sources(case, &[".json"]),
        protos: sources(case, &[".proto"]),
        crds: sources(case, &[".yaml"]),
        quirks: table(case, "quirks.toml"),
        names: table(case, "names.toml"),
        config: table(case, "clientset.toml"),
        manifest: optional("Cargo.toml"),
        root: optional("lib.rs"),
        // The table beside the folders is for all cases, so most have no use for all of its rows.
        lenient: !case.join("strict").exists(),
    }
}

/// What a case comes to: the name of the file that says what is expected, and its text.
fn outcome(case: &Path) -> (&'static str, String) {
    let mut text = String::new();
    let output = match generate(&inputs(case)) {
        Ok(output) => output,
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                writeln!(text, "{diagnostic}").unwrap();
            }
            return ("expected.err", text);
        }
    };
    let show = fs::read_to_string(case.join("show")).unwrap_or_default();
    let shown: Vec<&str> = show.split_whitespace().collect();
    for (path, content) in &output.files {
        if path.ends_with(".rs") {
            syn::parse_file(content).unwrap_or_else(|error| panic!("{path} of {}: {error}", case.display()));
        }
        let is_glue = ["mod.rs", "client.rs", "clientset.rs"].iter().any(|name| path.ends_with(name));
        let is_meta = path.starts_with("src/meta/");
        match shown.as_slice() {
            ["paths"] => writeln!(text, "{path}").unwrap(),
            [] if is_glue || is_meta => {}
            [] => write!(text, "// ==== {path}\n{content}\n").unwrap(),
            shown if shown.contains(&path.as_str()) => write!(text, "// ==== {path}\n{content}\n").unwrap(),
            _ => {}
        }
    }
    ("expected.rs", text)
}

#[test]
fn every_case_comes_to_what_is_expected() {
    let cases = fs::read_dir(folder()).unwrap().count();
    assert!(cases > 20, "{cases} cases");
    golden::check(&folder(), &["expected.rs", "expected.err"], outcome);
}

#[test]
fn the_same_bytes_come_out_twice_and_in_whatever_order_they_go_in() {
    for case in ["resources", "enums", "crd", "features"] {
        let mut inputs = inputs(&folder().join(case));
        let first = generate(&inputs).unwrap();
        inputs.documents.reverse();
        inputs.protos.reverse();
        inputs.crds.reverse();
        assert!(generate(&inputs).unwrap() == first, "{case}");
    }
}

#[test]
fn names_that_are_pinned_stay_as_they_are() {
    let mut inputs = inputs(&folder().join("enums"));
    let first = generate(&inputs).unwrap();
    inputs.names.bytes = first.names.clone().into_bytes();
    let second = generate(&inputs).unwrap();
    assert_eq!(first.names, second.names);
    assert_eq!(first.files, second.files);
}
