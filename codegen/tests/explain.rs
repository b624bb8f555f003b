//! Each case of tests/fixtures/explain: a CRD, what is asked of it, and the answers. `UPDATE_FIXTURES=1` writes them down.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clientset_codegen::{PackageInputs, Source, explain};

#[test]
fn what_is_asked_for_is_found_with_its_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/explain");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        let crd = Source::new("crd.yaml", fs::read(case.join("crd.yaml")).unwrap());
        let inputs = PackageInputs { crds: vec![crd], ..PackageInputs::default() };
        let mut told = String::new();
        for query in fs::read_to_string(case.join("queries.txt")).unwrap().lines() {
            writeln!(told, "> {query}").unwrap();
            match explain(&inputs, query, None) {
                Ok(found) => {
                    assert!(!found.is_empty(), "{query}");
                    for found in found {
                        writeln!(told, "{found}  at {}\n", found.place).unwrap();
                    }
                }
                Err(diagnostics) => {
                    for diagnostic in diagnostics {
                        writeln!(told, "error: {diagnostic}\n").unwrap();
                    }
                }
            }
        }
        let expected = case.join("answers.txt");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        assert_eq!(told, fs::read_to_string(&expected).unwrap_or_default(), "{}", case.display());
    }
}

#[test]
fn a_version_can_be_asked_for() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/explain/widgets/crd.yaml");
    let crd = Source::new("crd.yaml", fs::read(case).unwrap());
    let inputs = PackageInputs { crds: vec![crd], ..PackageInputs::default() };
    let found = explain(&inputs, "widgets.spec", Some("example.com/v1beta1")).unwrap();
    assert_eq!(found[0].what, "example.com/v1beta1 Widget.spec");
    assert!(explain(&inputs, "widgets.spec.size", Some("example.com/v1beta1")).is_err());
}
