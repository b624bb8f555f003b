//! The whole API, as the documents of this repository describe it: generated twice it is the same, all of it parses,
//! and every name is pinned.

use std::fs;
use std::path::Path;

use clientset_codegen::{Inputs, Source, generate};

fn sources(folder: &str, ending: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.to_string_lossy().ends_with(ending));
    paths
        .map(|path| Source::new(path.file_name().unwrap().to_string_lossy(), fs::read(&path).unwrap()))
        .collect()
}

fn table(name: &str) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs").join(name);
    Source::new(name, fs::read(path).unwrap())
}

#[test]
fn the_whole_api_is_generated_the_same_twice_and_parses() {
    let inputs = Inputs {
        documents: sources("kubernetes", ".json"),
        protos: sources("proto", ".proto"),
        crds: sources("crds", ".yaml"),
        quirks: table("quirks.toml"),
        names: table("names.toml"),
        config: table("clientset.toml"),
        ..Inputs::default()
    };
    let first = generate(&inputs).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    assert!(generate(&inputs).unwrap() == first);
    assert_eq!(
        first.names.as_bytes(),
        inputs.names.bytes,
        "names.toml is not up to date: cargo xtask generate"
    );
    for (path, text) in first.files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    assert!(first.files.contains_key("src/core/v1/pod.rs"));
}
