//! Each case of tests/fixtures/explain: a CRD, what is asked of it, and the answers.

mod golden;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clientset_codegen::{PackageInputs, Source, explain};

fn inputs(case: &Path) -> PackageInputs {
    let crd = Source::new("crd.yaml", fs::read(case.join("crd.yaml")).unwrap());
    PackageInputs { crds: vec![crd], ..PackageInputs::default() }
}

#[test]
fn what_is_asked_for_is_found_with_its_place() {
    golden::check(&golden::folder("explain"), &["answers.txt"], |case| {
        let inputs = inputs(case);
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
        ("answers.txt", told)
    });
}

#[test]
fn a_version_can_be_asked_for() {
    let inputs = inputs(&golden::folder("explain").join("widgets"));
    let found = explain(&inputs, "widgets.spec", Some("example.com/v1beta1")).unwrap();
    assert_eq!(found[0].what, "example.com/v1beta1 Widget.spec");
    assert!(explain(&inputs, "widgets.spec.size", Some("example.com/v1beta1")).is_err());
}
