//! `docs/parity.md` is true: every row is well formed and counted, and the tests that it names exist.
//!
//! It does not judge whether a test shows what its row says; whoever names it has read it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the sources of a package are, below the root, and where those of its own test binaries.
const PACKAGES: &[(&str, &str, &str)] = &[
    ("clientset", "generated/src", "generated/tests"),
    ("clientset-runtime", "runtime/src", "runtime/tests"),
    ("clientset-codegen", "codegen/src", "codegen/tests"),
    ("clientset-testserver", "tests/server/src", "tests/server/tests"),
    ("clientset-it", "tests/it", ""),
    ("cargo-clientset", "codegen/cli/src", "codegen/cli/tests"),
    ("xtask", "xtask/src", ""),
];

/// The columns of the rows that are counted, and of those that are not.
const COUNTED: &str = "| row | what | shown by | missing |";
const OTHERWISE: &str = "| row | there | here | shown by |";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether the package has a test of this name: a function with a test attribute, in the module that the path says.
fn exists(test: &str) -> bool {
    let Some((package, path)) = test.split_once(' ') else { return false };
    let (package, binary) = package.split_once('/').unwrap_or((package, ""));
    let Some((_, sources, tests)) = PACKAGES.iter().find(|(name, ..)| *name == package) else { return false };
    let (mut folder, file) = match binary {
        "" => {
            let folder = root().join(sources);
            let main =
                ["lib.rs", "main.rs"].map(|name| folder.join(name)).into_iter().find(|path| path.exists());
            let Some(main) = main else { return false };
            (folder, main)
        }
        // Beside the binaries of a folder are the modules that they share, which name no tests.
        binary => (root().join(tests), root().join(tests).join(format!("{binary}.rs"))),
    };
    let Ok(mut text) = fs::read_to_string(file) else { return false };
    let mut modules: Vec<&str> = path.split("::").collect();
    let Some(function) = modules.pop() else { return false };
    for module in modules {
        let files = [folder.join(format!("{module}.rs")), folder.join(module).join("mod.rs")];
        folder.push(module);
        match files.iter().find_map(|file| fs::read_to_string(file).ok()) {
            Some(found) => text = found,
            None => match text.split_once(&format!("mod {module} {{")) {
                Some((_, rest)) => text = rest.to_owned(),
                None => return false,
            },
        }
    }
    // What stands in an inline module is not in the one around it.
    is_test(text.split("\nmod tests {").next().unwrap_or_default(), function)
}

/// Whether the text has this function, and one of the attributes on the lines before it makes it a test.
pub(crate) fn is_test(text: &str, function: &str) -> bool {
    let Some(at) = text.find(&format!("fn {function}(")) else { return false };
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut before = text[..line].lines().rev().map(str::trim).take_while(|line| line.starts_with('#'));
    before.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
}

/// Everything that is wrong with a page.
fn problems(page: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let (mut shown, mut partly, mut missing) = (0, 0, 0);
    let mut columns = "";
    for line in page.lines() {
        if [COUNTED, OTHERWISE].contains(&line) {
            columns = line;
        } else if !line.starts_with('|') {
            columns = "";
        }
        if columns.is_empty() || line == columns || line.starts_with("|---") {
            continue;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, what, third, fourth] = cells[..] else {
            problems.push(format!("not four columns: {line}"));
            continue;
        };
        if !is_id(id) {
            problems.push(format!("{id:?} is no row of the map"));
        }
        if !seen.insert(id.to_owned()) {
            problems.push(format!("{id} stands twice"));
        }
        if what.is_empty() {
            problems.push(format!("{id} does not say what it is"));
        }
        let (tests, lack) = if columns == COUNTED { (third, fourth) } else { (fourth, "") };
        let tests: Vec<&str> = tests.split("<br>").map(str::trim).filter(|test| !test.is_empty()).collect();
        for test in &tests {
            match test.strip_prefix('`').and_then(|test| test.strip_suffix('`')) {
                Some(name) if exists(name) => {}
                _ => problems.push(format!("{id}: there is no test {test}")),
            }
        }
        // What only the embedded server shows is not shown; but for what is about that server itself.
        if !tests.is_empty()
            && !id.starts_with("3.5.")
            && tests.iter().all(|test| test.contains("-testserver"))
        {
            problems.push(format!("{id} is shown by tests of the embedded server alone"));
        }
        let says_not_yet = ["not yet: ", "not yet (no test): "].iter().any(|start| lack.starts_with(start));
        match (columns == COUNTED, tests.is_empty()) {
            (true, false) if says_not_yet => problems.push(format!("{id} has a test and says `not yet`")),
            (true, false) if lack.is_empty() => shown += 1,
            (true, false) => partly += 1,
            (true, true) if says_not_yet => missing += 1,
            (_, true) => problems.push(format!("{id} has neither a test nor `not yet: …`")),
            (false, false) => {}
        }
    }
    let all = shown + partly + missing;
    for (name, count) in [("shown", shown), ("in part", partly), ("not yet", missing), ("all", all)] {
        let row = format!("| {name} | {count} |");
        if !page.lines().any(|line| line == row) {
            problems.push(format!("the summary has not {row:?}"));
        }
    }
    problems
}

/// `1.4.10`: section, part and row.
fn is_id(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let number =
        |part: &&str| part.parse::<u8>().is_ok_and(|number| number > 0 && number.to_string() == **part);
    parts.len() == 3 && parts.iter().all(number)
}

#[test]
fn every_row_is_counted_and_the_tests_that_it_names_exist() {
    let page = fs::read_to_string(root().join("docs/parity.md")).expect("docs/parity.md");
    let problems = problems(&page, exists);
    assert!(problems.is_empty(), "docs/parity.md:\n{}", problems.join("\n"));
    assert!(page.lines().filter(|line| line.starts_with('|')).count() > 150, "the rows are there");
}

#[test]
fn a_page_that_is_not_true_is_found_out() {
    let page = |rows: &str| {
        format!(
            "| shown | 1 |\n| in part | 1 |\n| not yet | 1 |\n| all | 3 |\n\n{COUNTED}\n|---|---|---|---|\n{rows}\n"
        )
    };
    let good =
        ["| 1.1.1 | a | `p x` | |", "| 1.1.2 | b | `p x`<br>`p y` | c |", "| 1.1.3 | d | | not yet: e |"];
    let known = |test: &str| ["p x", "p y", "clientset-testserver z"].contains(&test);
    assert_eq!(problems(&page(&good.join("\n")), known), Vec::<String>::new());
    for (at, row, said) in [
        (0, "| 1.1.1 | a | `p gone` | |", "no test `p gone`"),
        (0, "| 1.1.1 | a | p x | |", "no test p x"),
        (0, "| 1.1.1 | a | `p x` |", "four columns"),
        (0, "| 1.1.2 | a | `p x` | |", "1.1.2 stands twice"),
        (0, "| 1.1.01 | a | `p x` | |", "no row of the map"),
        (0, "| 1.1 | a | `p x` | |", "no row of the map"),
        (0, "| 1.1.1 | | `p x` | |", "does not say what"),
        (0, "| 1.1.1 | a | `clientset-testserver z` | |", "embedded server alone"),
        (0, "| 1.1.1 | a | `p x` | not yet: b |", "says `not yet`"),
        (0, "| 1.1.1 | a | `p x` | b |", "\"| shown | 0 |\""),
        (2, "| 1.1.3 | d | | e |", "neither a test nor"),
        (2, "| 1.1.3 | d | | |", "neither a test nor"),
        (2, "", "\"| all | 2 |\""),
    ] {
        let mut rows = good;
        rows[at] = row;
        let found = problems(&page(&rows.join("\n")), known);
        assert!(found.iter().any(|problem| problem.contains(said)), "{row}: {found:?}");
    }
}

#[test]
fn a_test_is_found_where_its_path_says_and_nowhere_else() {
    for (test, found) in [
        ("clientset-it parity::a_test_is_found_where_its_path_says_and_nowhere_else", true),
        ("clientset-it parity::is_id", false),
        ("clientset-it harness::a_test_is_found_where_its_path_says_and_nowhere_else", false),
        ("clientset-it a_test_is_found_where_its_path_says_and_nowhere_else", false),
        ("clientset-codegen/fixtures every_case_comes_to_what_is_expected", true),
        ("clientset-codegen every_case_comes_to_what_is_expected", false),
        ("clientset-runtime watch::frames::tests::any_chunk_boundaries_give_the_same_frames", true),
        ("clientset-runtime watch::frames::any_chunk_boundaries_give_the_same_frames", false),
        ("nobody a::b", false),
        ("clientset-it", false),
        ("", false),
    ] {
        assert_eq!(exists(test), found, "{test:?}");
    }
}
