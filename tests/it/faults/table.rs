//! `docs/faults.md` is true: each of the 80 cases has its row, and a row names the tests that bear its id, all of them and no others.
//!
//! It does not judge whether a test shows what its row says; whoever writes one reads the row. `UPDATE_FIXTURES=1` writes the names of
//! the tests into the rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::spec_reader::root;

/// The letters of the cases, and how many there are of each.
const CASES: &[(char, u32)] =
    &[('N', 19), ('H', 16), ('W', 19), ('E', 10), ('C', 5), ('P', 4), ('X', 3), ('G', 3), ('L', 1)];

/// Cases that no client can show: of informers, of leader election and of the generator.
const OTHER_PARTS: &[&str] = &["W10", "W14", "W15", "L1", "G1", "G2", "G3"];

fn cases() -> impl Iterator<Item = String> {
    CASES.iter().flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n}")))
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/faults.md")).expect("docs/faults.md")
}

/// A row: its id, and the tests that it names, as `path::function`.
struct Row {
    id: String,
    cells: Vec<String>,
    tests: Vec<(String, String)>,
}

fn rows(page: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<String> = line.trim_matches('|').split(" | ").map(|it| it.trim().to_owned()).collect();
        if cells[0] == "id" {
            continue;
        }
        let last = cells.last().expect("a last cell");
        let tests = last.split('`').skip(1).step_by(2);
        let tests = tests.filter_map(|it| it.split_once("::")).map(|(a, b)| (a.to_owned(), b.to_owned()));
        rows.push(Row { id: cells[0].clone(), tests: tests.collect(), cells });
    }
    rows
}

/// The test functions of a file: those with a test attribute on the lines before.
fn tests(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut attributed = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') {
            attributed |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            continue;
        }
        if let Some((before, name)) = line.split_once("fn ")
            && attributed
            && ["", "async ", "pub(crate) ", "pub(crate) async "].contains(&before)
        {
            found.extend(name.split_once('(').map(|(name, _)| name));
        }
        attributed = false;
    }
    found
}

fn text(file: &str) -> Option<String> {
    std::fs::read_to_string(root().join(file)).ok()
}

/// Everything that is wrong with the page.
fn problems(page: &str, text: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut missing: BTreeSet<String> = cases().collect();
    for Row { id, cells, tests: named } in rows(page) {
        if !missing.remove(&id) {
            problems.push(format!("{id} is no case, or has two rows"));
        }
        if cells.len() != 4 || cells.iter().any(String::is_empty) {
            problems.push(format!("{id} has no text in one of its four cells"));
        }
        let other = OTHER_PARTS.contains(&id.as_str());
        let last = cells.last().map_or("", String::as_str);
        if named.is_empty() && !(other && last == "not built yet") {
            problems.push(format!("{id} names no test"));
        }
        for (file, function) in named {
            if !other && !function.starts_with(&format!("{}_", id.to_lowercase())) {
                problems.push(format!("{id}: the name of {function} does not begin with it"));
            }
            match text(&file) {
                None => problems.push(format!("{id}: there is no file {file}")),
                Some(text) if !tests(&text).contains(function.as_str()) => {
                    problems.push(format!("{id}: there is no test {function} in {file}"));
                }
                Some(_) => {}
            }
        }
    }
    problems.extend(missing.into_iter().map(|id| format!("{id} has no row")));
    problems
}

/// The tests of the repository whose names begin with the id of a case, by id, as `path::function`.
fn in_the_tree() -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let cases: BTreeSet<String> = cases().map(|id| id.to_lowercase()).collect();
    for (file, text) in crate::house::sources("") {
        let mut named: Vec<&str> = tests(&text).into_iter().collect();
        // In the order of the file.
        named.sort_by_key(|name| text.find(&format!("fn {name}(")));
        for name in named {
            if let Some((id, _)) = name.split_once('_').filter(|(id, _)| cases.contains(*id)) {
                found.entry(id.to_uppercase()).or_default().push(format!("{file}::{name}"));
            }
        }
    }
    found
}

/// The page with the names of the tests that are there.
fn updated(page: &str, found: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::new();
    for line in page.lines() {
        let id = line.strip_prefix("| ").and_then(|line| line.split(' ').next()).unwrap_or_default();
        match (found.get(id), line.trim_end_matches(" |").rsplit_once(" | ")) {
            (Some(tests), Some((before, _))) if !OTHER_PARTS.contains(&id) => {
                out.push_str(&format!("{before} | `{}` |", tests.join("`, `")));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

#[test]
fn every_test_that_is_named_for_a_case_is_in_its_row() {
    let page = page();
    let updated = updated(&page, &in_the_tree());
    if page != updated && std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(root().join("docs/faults.md"), updated).expect("docs/faults.md can be written");
        return;
    }
    let differ: Vec<&str> = updated.lines().filter(|line| !page.lines().any(|it| it == *line)).collect();
    assert!(differ.is_empty(), "UPDATE_FIXTURES=1 writes docs/faults.md with:\n{}", differ.join("\n"));
}

#[test]
fn every_case_has_its_row_and_the_tests_that_it_names_are_there() {
    let problems = problems(&page(), text);
    assert!(problems.is_empty(), "docs/faults.md:\n  {}", problems.join("\n  "));
}

#[test]
fn rows_that_are_wrong_are_found() {
    let file = "#[test]\nfn n1_is_so() {}\n#[tokio::test]\nasync fn n2_is_so() {}\nfn n3_is_no_test() {}\n";
    let found = |page: &str| {
        let found = problems(page, |file_name| (file_name == "a.rs").then(|| file.to_owned()));
        found.into_iter().filter(|it| !it.ends_with("has no row")).collect::<Vec<_>>().join("\n")
    };
    let cases: BTreeMap<&str, &str> = [
        ("| N1 | a | b | `a.rs::n1_is_so` |", ""),
        ("| N2 | a | b | `a.rs::n2_is_so` |", ""),
        ("| G1 | a | b | `a.rs::n2_is_so` |", ""),
        ("| N3 | a | b | `a.rs::n3_is_no_test` |", "N3: there is no test n3_is_no_test in a.rs"),
        ("| N3 | a | b | `a.rs::n2_is_so` |", "N3: the name of n2_is_so does not begin with it"),
        ("| N3 | a | b | `b.rs::n3_is_so` |", "N3: there is no file b.rs"),
        ("| N3 | a | b | later |", "N3 names no test"),
        (
            "| N99 | a | b | `a.rs::n99_is_so` |",
            "N99 is no case, or has two rows\nN99: there is no test n99_is_so in a.rs",
        ),
    ]
    .into();
    for (page, expected) in cases {
        assert_eq!(found(page), expected, "{page}");
    }
}
