//! What a build script does with the library: the same as the command, and no more than it must.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

const CRD: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}
";

/// A crate with a CRD.
fn project() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("crds")).unwrap();
    fs::write(place.path().join("crds/widget.yaml"), CRD).unwrap();
    fs::write(place.path().join("clientset.toml"), "").unwrap();
    let manifest = "[package]\nname = 'x'\n[dependencies]\nclientset = { version = '0.1', default-features = false, features = ['all'] }\n";
    fs::write(place.path().join("Cargo.toml"), manifest).unwrap();
    place
}

fn build(place: &Path) -> Vec<String> {
    cargo_clientset::try_build(place.join("clientset.toml")).unwrap()
}

/// Every file with the time of its last change.
fn times(folder: &Path, found: &mut BTreeMap<String, SystemTime>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            times(&path, found);
        } else {
            found.insert(path.display().to_string(), fs::metadata(&path).unwrap().modified().unwrap());
        }
    }
}

#[test]
fn it_generates_and_tells_cargo_when_to_come_again() {
    let place = project();
    let lines = build(place.path());
    assert!(place.path().join("src/crds/mod.rs").is_file());
    assert!(place.path().join("clientset.lock").is_file());
    let at = |name: &str| format!("cargo::rerun-if-changed={}", place.path().join(name).display());
    assert_eq!(lines, [at("clientset.toml"), at("crds")]);
}

#[test]
fn what_is_up_to_date_is_not_touched() {
    let place = project();
    build(place.path());
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    times(place.path(), &mut before);
    build(place.path());
    times(place.path(), &mut after);
    assert!(before.len() > 4);
    assert_eq!(before, after);
}

#[test]
fn a_crate_that_was_packaged_is_left_as_it_is() {
    let place = project();
    fs::write(place.path().join("Cargo.toml.orig"), "").unwrap();
    build(place.path());
    assert!(!place.path().join("src").exists());
}

#[test]
fn features_that_are_missing_are_a_warning_of_cargo() {
    let place = project();
    fs::write(place.path().join("Cargo.toml"), "[package]\nname = 'x'\n").unwrap();
    let lines = build(place.path());
    assert!(
        lines.iter().any(|line| line.starts_with("cargo::warning=Cargo.toml has no dependency")),
        "{lines:?}"
    );
}

#[test]
fn everything_that_is_wrong_is_said_with_its_place() {
    let place = project();
    let broken = CRD.replace("integer", "whole").replace("Namespaced", "Everywhere");
    fs::write(place.path().join("crds/widget.yaml"), broken).unwrap();
    let failure = cargo_clientset::try_build(place.path().join("clientset.toml")).unwrap_err();
    assert_eq!(failure.diagnostics().len(), 2, "{failure}");
    let text = failure.to_string();
    assert!(text.contains("2 mistakes") && text.contains("crds/widget.yaml:13:"), "{text}");
    assert!(!place.path().join("src").exists(), "nothing is written then");
}
