//! Runs the generator over `specs/` and writes into a folder: what xtask does, without its safety and comfort.

use std::fs;
use std::path::Path;

use clientset_codegen::{Inputs, Source, generate};

fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    paths.iter().map(|path| source(&path.to_string_lossy())).collect()
}

fn source(path: &str) -> Source {
    Source::new(path, fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn main() {
    let out = std::env::args().nth(1).unwrap_or_else(|| "generated".to_owned());
    let inputs = Inputs {
        documents: sources("specs/kubernetes", &[".json"]),
        protos: sources("specs/proto", &[".proto"]),
        crds: sources("specs/crds", &[".yaml", ".yml", ".json"]),
        quirks: source("specs/quirks.toml"),
        names: source("specs/names.toml"),
        config: source("specs/clientset.toml"),
        manifest: Some(source("generated/Cargo.toml")),
        root: Some(source("generated/src/lib.rs")),
        lenient: false,
    };
    let start = std::time::Instant::now();
    let output = match generate(&inputs) {
        Ok(output) => output,
        Err(diagnostics) => {
            for diagnostic in &diagnostics {
                eprintln!("{diagnostic}");
            }
            eprintln!("{} diagnostics", diagnostics.len());
            std::process::exit(1);
        }
    };
    let took = start.elapsed();
    for (path, text) in &output.files {
        let path = Path::new(&out).join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        if fs::read_to_string(&path).ok().as_ref() != Some(text) {
            fs::write(&path, text).expect("a file");
        }
    }
    fs::write("specs/names.toml", &output.names).expect("names.toml");
    let lines: usize = output.files.values().map(|text| text.lines().count()).sum();
    eprintln!("{} files, {lines} lines, {took:?}", output.files.len());
}
