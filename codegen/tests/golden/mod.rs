//! Cases in folders: what each comes to is held against a file in it. `UPDATE_FIXTURES=1` writes what came out; look at
//! it before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of cases `tests/fixtures/NAME`.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Holds every case below a folder against its expected file. `outcome` gives the name of that file and what it should
/// say; of the names in `all`, a case has only that one.
pub(crate) fn check(folder: &Path, all: &[&str], outcome: impl Fn(&Path) -> (&'static str, String)) {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    assert!(!cases.is_empty(), "{} holds no case", folder.display());
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let mut wrong = String::new();
    for case in &cases {
        let (name, text) = outcome(case);
        let path = case.join(name);
        if update {
            for name in all {
                let _ = fs::remove_file(case.join(name));
            }
            fs::write(&path, &text).unwrap();
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(expected) if expected == text => {}
            Ok(expected) => {
                let line = expected.lines().zip(text.lines()).position(|(a, b)| a != b);
                let line = line.unwrap_or(expected.lines().count().min(text.lines().count()));
                let at = |text: &str| text.lines().nth(line).unwrap_or("(its end)").to_owned();
                let (expected, found) = (at(&expected), at(&text));
                let line = line + 1;
                writeln!(wrong, "{}:{line}\n  expected: {expected}\n  found:    {found}", path.display())
                    .unwrap();
            }
            Err(_) => writeln!(wrong, "{} is missing; what came out:\n{text}", path.display()).unwrap(),
        }
    }
    assert!(wrong.is_empty(), "UPDATE_FIXTURES=1 takes over what came out\n{wrong}");
}
