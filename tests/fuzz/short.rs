//! Fuzz targets on fixed seeds: a short run of each that is the same every time, and all that was ever found.
//!
//! Shared by `#[path]` between `tests/it/fuzz.rs` and `tests/server/tests/fuzz.rs`, which know their targets. It needs no fuzzer and no
//! nightly compiler. The number of inputs bounds a run, not the clock, so that it is the same on every machine.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use super::mutate::Mutator;

/// What is done with the input of a target.
type Check = fn(&str, &[u8]);

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
fn run(check: Check, target: &str, origin: &str, input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(target, input))) {
        let path = std::env::temp_dir().join(format!("clientset-fuzz-{target}"));
        let kept = fs::write(&path, input).map(|()| path.display().to_string());
        eprintln!(
            "{target}: {origin} fails; the input is in {kept:?}: move it to tests/fixtures/fuzz/{target}/"
        );
        resume_unwind(panic);
    }
}

/// Runs the seeds of a target, and so many inputs made of them.
///
/// `CLIENTSET_FUZZ=SEED,INPUTS` makes others, and more of them, than every test run does.
pub(super) fn short_run(check: Check, target: &str, inputs: u32) {
    let seeds = files(&tests_folder().join("fuzz/seeds").join(target));
    assert!(!seeds.is_empty(), "{target} has seeds");
    for (path, seed) in &seeds {
        run(check, target, path, seed);
    }
    let asked = std::env::var("CLIENTSET_FUZZ").ok();
    let asked = asked.as_deref().and_then(|it| it.split_once(','));
    let asked = asked.and_then(|(seed, inputs)| Some((seed.parse().ok()?, inputs.parse().ok()?)));
    let (seed, inputs) = asked.unwrap_or((0x5eed, inputs));
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let mut mutator = Mutator::new(seed, target, &seeds);
    for number in 0..inputs {
        let input = mutator.next_input();
        run(check, target, &format!("input {number}"), &input);
    }
}

/// Runs what was ever found for these targets, and tells how much that is.
pub(super) fn run_what_was_found<'a>(check: Check, targets: impl IntoIterator<Item = &'a str>) -> usize {
    let mut found = 0;
    for target in targets {
        for (path, input) in files(&tests_folder().join("fixtures/fuzz").join(target)) {
            run(check, target, &path, &input);
            found += 1;
        }
    }
    found
}

/// Each target is in the manifest of those for libfuzzer, and its source calls its check.
pub(super) fn assert_is_there_for_libfuzzer<'a>(targets: impl IntoIterator<Item = &'a str>) {
    let manifest = fs::read_to_string(tests_folder().join("fuzz/Cargo.toml")).expect("the targets' manifest");
    for target in targets {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
            "{target} is in the manifest"
        );
        let source = fs::read_to_string(tests_folder().join(format!("fuzz/fuzz_targets/{target}.rs")));
        assert!(source.expect("the target").contains(&format!("\"{target}\"")), "{target} calls its check");
    }
}
