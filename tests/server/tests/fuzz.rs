//! The fuzz targets of this server on fixed seeds: a short run of each that is the same every time, and all that was ever found.
//!
//! The targets for libfuzzer, which look far longer, are in `tests/fuzz` of the repository.

#[path = "../../fuzz/mutate.rs"]
mod mutate;
#[path = "../../fuzz/server.rs"]
mod server;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use mutate::Mutator;

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder in order; none where there is no folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a file that was listed")))
        .collect();
    files.sort();
    files
}

/// Runs one input; a failure shows the input, so that it can become a fixture.
fn run(target: &str, origin: &str, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| server::check(target, input))) {
        let path = std::env::temp_dir().join(format!("clientset-fuzz-{target}"));
        let kept = fs::write(&path, input).map(|()| path.display().to_string());
        eprintln!(
            "{target}: {origin} fails; the input is in {kept:?}: move it to tests/fixtures/fuzz/{target}/"
        );
        resume_unwind(panic);
    }
}

fn short_run(target: &'static str, inputs: u32) {
    let seeds = files(&tests_folder().join("fuzz/seeds").join(target));
    assert!(!seeds.is_empty(), "{target} has seeds");
    for (path, seed) in &seeds {
        run(target, path, seed);
    }
    // More of other inputs than in every test run: CLIENTSET_FUZZ=SEED,INPUTS.
    let asked = std::env::var("CLIENTSET_FUZZ").ok();
    let asked = asked.as_deref().and_then(|it| it.split_once(','));
    let asked = asked.and_then(|(seed, inputs)| Some((seed.parse().ok()?, inputs.parse().ok()?)));
    let (seed, inputs) = asked.unwrap_or((0x5eed, inputs));
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let mut mutator = Mutator::new(seed, target, &seeds);
    for number in 0..inputs {
        let input = mutator.next_input();
        run(target, &format!("input {number}"), &input);
    }
}

#[test]
fn bodies_of_any_bytes_are_answered() {
    short_run("server-body", 100);
}

#[test]
fn patches_of_any_bytes_are_answered() {
    short_run("server-patch", 200);
}

#[test]
fn lines_of_any_bytes_are_answered() {
    short_run("server-query", 2000);
}

#[test]
fn what_was_found_stays_fixed() {
    for target in server::TARGETS {
        for (path, input) in files(&tests_folder().join("fixtures/fuzz").join(target)) {
            run(target, &path, &input);
        }
    }
}

#[test]
fn every_target_is_there_for_libfuzzer() {
    let manifest = fs::read_to_string(tests_folder().join("fuzz/Cargo.toml")).expect("the targets' manifest");
    for target in server::TARGETS {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
            "{target} is in the manifest"
        );
        let source = fs::read_to_string(tests_folder().join(format!("fuzz/fuzz_targets/{target}.rs")));
        assert!(source.expect("the target").contains(&format!("\"{target}\"")), "{target} calls its check");
    }
}
