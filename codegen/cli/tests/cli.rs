//! The command as people meet it: each folder of tests/fixtures/cli is a place with files, and a `case.console` with what is typed
//! there and what comes back. `UPDATE_FIXTURES=1` writes what came back into it.
//!
//! `cargo` is a shell function that does what cargo does with `cargo clientset`: calls `cargo-clientset clientset`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CARGO: &str = r#"cargo() { "$CARGO_CLIENTSET" "$@"; }; "#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Copies everything but the case itself.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() {
            copy(&path, &to);
        } else if path.file_name().unwrap() != "case.console" {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// What is typed: a line that begins with `$ `, and everything up to the answer.
struct Step {
    title: String,
    typed: String,
}

/// The text before the first step, and the steps without their answers.
fn read(case: &str) -> (String, Vec<Step>) {
    let mut parts = format!("\n{case}").split("\n### ").map(str::to_owned).collect::<Vec<_>>().into_iter();
    let head = parts.next().unwrap_or_default().trim_start().to_owned();
    let steps = parts.map(|part| {
        let asked = part.split("\n<<<").next().unwrap_or_default();
        let (title, typed) = asked.split_once("\n$ ").unwrap_or_else(|| panic!("no `$ ` in: {asked}"));
        Step { title: title.trim().to_owned(), typed: typed.trim_end().to_owned() }
    });
    (head, steps.collect())
}

/// Types it, and returns what comes back.
fn answer(typed: &str, place: &Path) -> String {
    let output = Command::new("sh")
        .args(["-c", &format!("{CARGO}{typed}")])
        .current_dir(place)
        .env("CARGO_CLIENTSET", env!("CARGO_BIN_EXE_cargo-clientset"))
        .env("ROOT", root())
        .env_remove("NO_COLOR")
        .env_remove("KUBECONFIG")
        .env_remove("GITHUB_WORKSPACE")
        .output()
        .expect("a shell");
    let mut text = format!("<<< {}\n", output.status.code().unwrap_or(-1));
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let _ = writeln!(text, "! {line}");
    }
    text.replace(&place.display().to_string(), "<here>")
        .replace(&root().display().to_string(), "<root>")
        .replace(env!("CARGO_PKG_VERSION"), "<version>")
        .lines()
        .map(|line| format!("{}\n", without_counts(line.trim_end())))
        .collect()
}

/// How many files a definition becomes is not what these cases are about: what is more than a few is many.
fn without_counts(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    for at in 1..words.len() {
        let counted = ["file", "files", "files:", "written,", "removed"].contains(&words[at]);
        if counted && words[at - 1].parse::<u32>().is_ok_and(|number| number > 3) {
            words[at - 1] = "<many>";
        }
    }
    words.join(" ")
}

#[test]
fn the_command_does_and_says_what_the_cases_say() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let mut wrong = String::new();
    let mut cases: Vec<PathBuf> =
        fs::read_dir(root().join("tests/fixtures/cli")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 9, "{cases:?}");
    for folder in cases {
        let file = folder.join("case.console");
        let expected =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        copy(&folder, &place);
        let (head, steps) = read(&expected);
        let mut found = format!("{}\n", head.trim_end());
        for step in steps {
            let _ = write!(found, "\n### {}\n$ {}\n{}", step.title, step.typed, answer(&step.typed, &place));
        }
        if update {
            fs::write(&file, &found).unwrap();
        } else if found != expected {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let diff = similar::TextDiff::from_lines(&expected, &found);
            let _ = write!(wrong, "{}", diff.unified_diff().header(&name, "what came back"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
