//! Lists every generated type for the tests, from a plain look at the text of generated/src: it reads what the compiler
//! reads, and not what the generator believes it wrote.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let source = root.join("../../generated/src");
    println!("cargo::rerun-if-changed={}", source.display());
    let mut files = Vec::new();
    collect(&source, &mut files);
    files.sort();

    let (mut types, mut kinds, mut resources) = (String::new(), String::new(), String::new());
    for file in &files {
        let below = file.strip_prefix(&source).expect("found below it");
        let parts: Vec<&str> = below.iter().filter_map(|part| part.to_str()).collect();
        let [group, version, _, ..] = parts[..] else { continue };
        let text = std::fs::read_to_string(file).expect("a generated file can be read");
        let mut inside = false;
        for line in text.lines() {
            if let Some(row) = line.strip_prefix("resource! { ") {
                let name = row.split(' ').next().expect("a name");
                writeln!(resources, "resource::<clientset::{group}::{version}::{name}>(),")
                    .expect("in memory");
            }
            if std::mem::replace(&mut inside, line == "object! {") {
                let words: Vec<&str> = line.split_whitespace().collect();
                let name = words[0];
                let path = format!("{group}::{version}::{name}");
                writeln!(types, "object_type::<clientset::{path}>({path:?}),").expect("in memory");
                if let [_, "=", api_version, kind, ..] = words[..] {
                    writeln!(kinds, "kind::<clientset::{path}>({path:?}, {api_version}, {kind}),")
                        .expect("in memory");
                }
            }
        }
    }
    let lists =
        [("TYPES", "ObjectType", types), ("KINDS", "Kind", kinds), ("RESOURCES", "ResourceType", resources)];
    let mut out = String::new();
    for (name, of, rows) in lists {
        writeln!(out, "pub(crate) static {name}: &[{of}] = &[\n{rows}];").expect("in memory");
    }
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo"));
    std::fs::write(folder.join("registry.rs"), out).expect("cargo's own folder can be written to");
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("generated/src is there") {
        let path = entry.expect("generated/src can be read").path();
        match path.is_dir() {
            true => collect(&path, into),
            false if path.extension().is_some_and(|ending| ending == "rs") => into.push(path),
            false => {}
        }
    }
}
