//! What CRDs come to that no fixture of source text shows: what is worth a warning, and what large schemas cost.

use std::time::{Duration, Instant};

use clientset_codegen::{Code, PackageInputs, Severity, Source, package};

fn crd(versions: &str) -> PackageInputs {
    let text = format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.example.com}}
spec:
  group: example.com
  scope: Namespaced
  names: {{plural: widgets, kind: Widget}}
  versions:
{versions}"
    );
    PackageInputs { crds: vec![Source::new("crd.yaml", text)], ..PackageInputs::default() }
}

#[test]
fn a_crd_of_which_nothing_is_served_is_a_warning() {
    let package =
        package(&crd("  - {name: v1, served: false, storage: true}\n  - {name: v2, storage: false}\n"));
    let package = package.unwrap();
    assert!(package.resources.is_empty());
    let warnings: Vec<_> = package.warnings.iter().map(|warning| (warning.severity, warning.code)).collect();
    assert_eq!(warnings, [(Severity::Warning, Code::NotServed)]);
}

#[test]
fn keywords_that_only_newer_servers_know_are_warnings() {
    let schema = "{type: object, properties: {spec: {type: string, x-kubernetes-new-thing: 1, example: x}}}";
    let package = package(&crd(&format!(
        "  - {{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {schema}}}}}\n"
    )));
    let package = package.unwrap();
    assert_eq!(package.resources.len(), 1);
    let warnings: Vec<_> =
        package.warnings.iter().map(|warning| (warning.span.map(|span| span.line), warning.code)).collect();
    assert_eq!(warnings, [(Some(9), Code::UnknownKeyword)], "{:?}", package.warnings);
}

/// 20,000 nodes, more than the largest schema known to us.
#[test]
fn large_schemas_are_quick() {
    let mut schema = String::from("      openAPIV3Schema:\n        type: object\n        properties:\n");
    for part in 0..100 {
        schema
            .push_str(&format!("          part{part}:\n            type: object\n            properties:\n"));
        for member in 0..199 {
            schema.push_str(&format!(
                "              member{member}: {{type: string, maxLength: {member}, default: x, description: Member.}}\n"
            ));
        }
    }
    let inputs = crd(&format!("  - name: v1\n    served: true\n    storage: true\n    schema:\n{schema}"));
    let start = Instant::now();
    let package = package(&inputs).unwrap();
    assert!(package.files.values().map(String::len).sum::<usize>() > 1_000_000);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
