//! The generator on a hostile document: files or diagnostics, the same each time, and never a panic.

use clientset_codegen::{Inputs, Source, generate};

/// Tables with a row of each sort, and the least document that a CRD stands on.
const NAMES: &[u8] = include_bytes!("../../fixtures/codegen/names.toml");
const BASE: &[u8] = include_bytes!("../../fixtures/codegen/crd/base.json");

/// Input that begins as JSON is an OpenAPI document and a CRD, all other is a CRD.
pub(super) fn check(data: &[u8]) {
    if data.trim_ascii_start().starts_with(b"{") {
        run(vec![Source::new("fuzz.json", data)], Vec::new());
    }
    run(vec![Source::new("base.json", BASE)], vec![Source::new("fuzz.yaml", data)]);
}

fn run(documents: Vec<Source>, crds: Vec<Source>) {
    let inputs = Inputs {
        documents,
        crds,
        quirks: Source::new("quirks.toml", ""),
        names: Source::new("names.toml", NAMES),
        config: Source::new("clientset.toml", ""),
        lenient: true,
        ..Inputs::default()
    };
    match generate(&inputs) {
        Ok(output) => {
            for path in output.files.keys() {
                let odd = path.split('/').any(|part| part.is_empty() || part.starts_with('.'));
                assert!(
                    !odd && !path.starts_with('/') && !path.contains('\\'),
                    "a path that leads out: {path:?}"
                );
            }
            assert_eq!(generate(&inputs).ok().as_ref(), Some(&output), "the same each time");
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty(), "a failure says why");
            for diagnostic in diagnostics {
                assert!(!diagnostic.to_string().is_empty());
            }
        }
    }
}
