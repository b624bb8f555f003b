//! `SECURITY.md` promises what tests show: each test that it names is there, and each fault that it names has its tests.

use crate::parity::is_test;
use crate::spec_reader::root;

fn read(file: &str) -> Option<String> {
    std::fs::read_to_string(root().join(file)).ok()
}

/// The words that are ids of faults: a capital letter of the groups, and a number.
fn ids(page: &str) -> impl Iterator<Item = &str> {
    page.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| {
        let mut chars = word.chars();
        chars.next().is_some_and(|first| "NHWECPX".contains(first))
            && (1..=2).contains(&chars.as_str().len())
            && chars.all(|c| c.is_ascii_digit())
    })
}

/// Everything on the page that is not so.
fn problems(page: &str, faults: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut problems = Vec::new();
    let named = page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::"));
    for (file, function) in named {
        let text = read(&format!("{file}.rs")).unwrap_or_default();
        if !is_test(&text, function) {
            problems.push(format!("{file}.rs has no test {function}"));
        }
    }
    let promises = page.split("## What clientset promises").nth(1).unwrap_or_default();
    for id in ids(promises.split_once("theirs.").map_or(promises, |(_, rest)| rest)) {
        let row = faults.lines().find(|line| line.starts_with(&format!("| {id} |")));
        if !row.is_some_and(|row| row.contains(".rs::")) {
            problems.push(format!("{id} has no test in docs/faults.md"));
        }
    }
    problems
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let page = read("SECURITY.md").expect("SECURITY.md");
    let faults = read("docs/faults.md").expect("docs/faults.md");
    assert_eq!(problems(&page, &faults, read), Vec::<String>::new());
    assert!(page.matches(".rs::").count() > 10 && ids(&page).count() > 10);
}

#[test]
fn a_promise_without_its_test_is_found_out() {
    let page =
        "## What clientset promises\nas N8, which name theirs.\n* `a.rs::there`, `a.rs::gone`, N1, N2.";
    let text = |file: &str| (file == "a.rs").then(|| "#[test]\nfn there() {}\nfn gone() {}".to_owned());
    let faults = "| N1 | x | y | `a.rs::n1_z` |\n| N2 | x | y | pending |";
    let found = problems(page, faults, text);
    assert_eq!(found, ["a.rs has no test gone", "N2 has no test in docs/faults.md"]);
}
