//! The fuzz targets on fixed seeds: a short, repeatable run of each in every test run, and all that was ever found.
//!
//! It needs no fuzzer and no nightly compiler; the targets for libfuzzer, which look far longer, are in `tests/fuzz`. The
//! number of inputs bounds a run, not the clock, so that it is the same on every machine.

#[path = "../fuzz/bodies.rs"]
mod bodies;
#[path = "../fuzz/mutate.rs"]
mod mutate;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use mutate::Mutator;

/// Inputs made of each target's seeds. Generating code is a thousand times dearer than reading a number.
const RUNS: [(&str, u32); 6] = [
    ("codegen", 120),
    ("json", 8000),
    ("kubeconfig", 2000),
    ("quantity", 15_000),
    ("time", 15_000),
    ("watch", 10_000),
];

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
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| bodies::check(target, input))) {
        let path = std::env::temp_dir().join(format!("clientset-fuzz-{target}"));
        let kept = fs::write(&path, input).map(|()| path.display().to_string());
        eprintln!(
            "{target}: {origin} fails; the input is in {kept:?}: move it to tests/fixtures/fuzz/{target}/"
        );
        std::panic::resume_unwind(panic);
    }
}

fn short_run(target: &'static str) {
    let seeds = files(&tests_folder().join("fuzz/seeds").join(target));
    assert!(!seeds.is_empty(), "{target} has seeds");
    for (path, seed) in &seeds {
        run(target, path, seed);
    }
    let (_, runs) = RUNS.iter().find(|(name, _)| *name == target).expect("how often it runs");
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let mut mutator = Mutator::new(0x5eed, target, &seeds);
    for number in 0..*runs {
        let input = mutator.next_input();
        run(target, &format!("input {number}"), &input);
    }
}

#[test]
fn codegen_never_panics_on_hostile_documents() {
    short_run("codegen");
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    short_run("json");
}

#[test]
fn kubeconfigs_of_any_bytes_give_an_answer() {
    short_run("kubeconfig");
}

#[test]
fn quantities_keep_their_laws() {
    short_run("quantity");
}

#[test]
fn times_come_back_as_they_were() {
    short_run("time");
}

#[test]
fn watch_frames_do_not_depend_on_where_the_network_cuts() {
    short_run("watch");
}

#[test]
fn what_was_found_stays_fixed() {
    let folder = tests_folder().join("fixtures/fuzz");
    let mut found = 0;
    for (target, _) in bodies::TARGETS {
        for (path, input) in files(&folder.join(target)) {
            run(target, &path, &input);
            found += 1;
        }
    }
    assert!(found > 0, "fixtures are in {}", folder.display());
}

#[test]
fn every_target_runs_here_and_for_libfuzzer() {
    let manifest = fs::read_to_string(tests_folder().join("fuzz/Cargo.toml")).expect("the targets' manifest");
    for (target, _) in bodies::TARGETS {
        assert!(RUNS.iter().any(|(name, _)| *name == target), "{target} has a number of runs");
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
            "{target} is in the manifest"
        );
        let source = fs::read_to_string(tests_folder().join(format!("fuzz/fuzz_targets/{target}.rs")));
        assert!(source.expect("the target").contains(&format!("\"{target}\"")), "{target} calls its body");
    }
}
