//! A package of a hostile CRD: files that parse and whose paths stay inside, or diagnostics that a terminal can show;
//! the same each time, and never a panic.

use clientset_codegen::{PackageInputs, Source, package};

pub(super) fn check(data: &[u8]) {
    let inputs = PackageInputs {
        crds: vec![Source::new("fuzz.yaml", data)],
        config: Source::new("clientset.toml", ""),
        ..PackageInputs::default()
    };
    match package(&inputs) {
        Ok(made) => {
            for (path, text) in &made.files {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
                let is_odd = path.split('/').any(|part| part.is_empty() || part.starts_with('.'));
                assert!(path.bytes().all(is_plain) && !is_odd, "a path that leads out: {path:?}");
                assert!(text.starts_with("// @generated"), "{path} says that it is generated");
                if let Err(error) = syn::parse_file(text) {
                    panic!("{path} does not parse: {error}");
                }
            }
            let again = package(&inputs).map(|again| (again.files, again.names));
            assert_eq!(again.ok(), Some((made.files, made.names)), "the same each time");
        }
        Err(diagnostics) => {
            assert!(diagnostics.iter().any(|diagnostic| diagnostic.is_error()), "a failure says why");
            for diagnostic in diagnostics {
                let text = diagnostic.to_string();
                let is_odd = text.contains(|letter: char| letter.is_control() && letter != '\n');
                assert!(!is_odd && text.len() < 5_000, "{text:?}");
                if let Some(span) = diagnostic.span {
                    assert!(
                        span.offset + span.len <= data.len() && span.line > 0 && span.column > 0,
                        "{span:?}"
                    );
                }
            }
        }
    }
}
