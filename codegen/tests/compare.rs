//! Each case of tests/fixtures/compare: two versions of an API and the changes that are told of them.

mod golden;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clientset_codegen::{Source, Surface, compare};

fn surface(case: &Path, name: &str) -> Surface {
    let path = ["yaml", "json"].map(|ending| case.join(format!("{name}.{ending}")));
    let path = path.iter().find(|path| path.exists()).expect("each case has old and new");
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    Surface::read(&[Source::new(file, fs::read(path).unwrap())]).unwrap()
}

#[test]
fn changes_are_told_and_breaking_ones_are_marked() {
    golden::check(&golden::folder("compare"), &["changes.txt"], |case| {
        let (old, new) = (surface(case, "old"), surface(case, "new"));
        assert_eq!(compare(&new, &new), [], "an API is as it is");
        let mut told = String::new();
        for change in compare(&old, &new) {
            let place = change.place.as_ref().map_or(String::new(), |place| format!("  at {place}"));
            writeln!(told, "{} {change}{place}", change.aspect.name()).unwrap();
        }
        ("changes.txt", told)
    });
}

#[test]
fn what_is_neither_a_document_nor_a_definition_is_named() {
    let errors = Surface::read(&[Source::new("a.json", *b"{"), Source::new("b.yaml", *b"kind: Pod")]);
    let named: Vec<String> = errors.unwrap_err().into_iter().map(|error| error.source).collect();
    assert!(named.contains(&"a.json".to_owned()) && named.contains(&"b.yaml".to_owned()), "{named:?}");
}
