//! What a run has shown: a file with every failure, a short text, and the three lines that count. Nothing is decided here
//! but what counts as passed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::build::Results;
use super::folder::Corpus;
use super::generate::{Generated, Refusal};
use crate::failure::Result;
use crate::files;

/// Causes that the short text names.
const CAUSES: usize = 25;

/// The counts of one stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// All that is worth saying.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<String>,
    causes: BTreeMap<String, usize>,
    counts: Vec<(&'static str, Count)>,
    others: BTreeMap<String, Count>,
}

impl Report {
    /// The first stage: `chosen` are the CRDs that it was about.
    pub(crate) fn generated(&mut self, corpus: &Corpus, chosen: &[usize], generated: &Generated) {
        let failed = generated.refused.iter().filter(|refusal| refusal.server.is_none()).count();
        for Refusal { crd, said, server } in &generated.refused {
            let crd = &corpus.crds[*crd];
            match server {
                Some(server) => {
                    self.lines.push(format!("{}\trefused\t{said}\ta server says: {server}", crd.file))
                }
                None => self.fail("generate", &crd.file, said),
            }
        }
        let warnings =
            generated.warnings.iter().map(|warning| format!("-\twarning\t{}", warning.replace('\n', " ")));
        self.lines.extend(warnings);
        self.counts.push(("generate", Count { passed: chosen.len() - failed, failed }));
    }

    /// The second stage.
    pub(crate) fn compiled(&mut self, corpus: &Corpus, results: &Results) {
        for (crd, why) in &results.failed {
            self.fail("compile", &corpus.crds[*crd].file, why);
        }
        for (warning, times) in &results.warnings {
            self.lines.push(format!("-\tcompiler warning, {times} times\t{warning}"));
        }
        let passed = results.compiled.len();
        self.counts.push(("compile", Count { passed, failed: results.failed.len() }));
    }

    /// The last stage. Objects of CRDs that are refused for good reason do not count.
    pub(crate) fn round_tripped(
        &mut self,
        corpus: &Corpus,
        chosen: &[usize],
        generated: &Generated,
        results: &Results,
    ) {
        let mut count = Count::default();
        for index in chosen {
            let refused = generated.refused.iter().find(|refusal| refusal.crd == *index);
            if refused.is_some_and(|refusal| refusal.server.is_some()) {
                continue;
            }
            for object in &corpus.crds[*index].objects {
                let why = match results.compiled.contains(index) {
                    true => results.changed.get(&object.file).cloned(),
                    false => Some("there is no type for it".to_owned()),
                };
                let of = if object.is_clean() {
                    &mut count
                } else {
                    self.others.entry(object.status.clone()).or_default()
                };
                match &why {
                    Some(_) => of.failed += 1,
                    None => of.passed += 1,
                }
                match why {
                    Some(why) if object.is_clean() => self.fail("roundtrip", &object.file, &why),
                    Some(why) => self.lines.push(format!("{}\t{}\t{why}", object.file, object.status)),
                    None => {}
                }
            }
        }
        self.counts.push(("roundtrip", count));
    }

    fn fail(&mut self, stage: &str, file: &str, why: &str) {
        let why = why.replace('\n', " ");
        self.lines.push(format!("{file}\t{stage} failed\t{why}"));
        *self.causes.entry(format!("{stage}: {}", cause(&why))).or_default() += 1;
    }

    /// Whether everything that was tried has passed.
    pub(crate) fn is_good(&self) -> bool {
        self.counts.iter().all(|(_, count)| count.failed == 0)
    }

    /// Writes every line to a file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text.push_str(&self.last());
        files::write_if_changed(path, text.as_bytes()).map(drop)
    }

    /// What the command prints: the most frequent causes, objects that do not count, and the three lines.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(cause, times)| (std::cmp::Reverse(**times), *cause));
        // Writing to a String cannot fail.
        for (cause, times) in causes.iter().take(CAUSES) {
            let _ = writeln!(text, "{times:>5} x {cause}");
        }
        for (status, count) in &self.others {
            let all = count.passed + count.failed;
            let _ = writeln!(
                text,
                "objects that are {status}: {} of {all} come back (not counted)",
                count.passed
            );
        }
        text + &self.last()
    }

    fn last(&self) -> String {
        let line = |(stage, count): &(&str, Count)| {
            format!("{stage}: {} passed, {} failed\n", count.passed, count.failed)
        };
        self.counts.iter().map(line).collect()
    }
}

/// What failures of one cause have in common: the text without what is quoted, numbers and paths.
fn cause(why: &str) -> String {
    let mut words = Vec::new();
    for word in why.split_whitespace() {
        let special = word.contains(['/', '`', '"', '{', '[', '#']) || word.starts_with('.');
        let number = word.chars().any(|it| it.is_ascii_digit());
        let word = if special || number { "…" } else { word };
        if words.last() != Some(&"…") || word != "…" {
            words.push(word);
        }
        if words.len() > 16 {
            break;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::folder::{Crd, Object};
    use std::path::PathBuf;

    fn corpus() -> Corpus {
        let object = |status: &str| Object {
            file: format!("objects/a/x/v1-{status}.yaml"),
            version: "v1".to_owned(),
            status: status.to_owned(),
        };
        let crd = |file: &str| Crd {
            file: file.to_owned(),
            group: "a".to_owned(),
            kind: "A".to_owned(),
            bytes: 1,
            nonstructural: String::new(),
            objects: vec![object("clean"), object("unknown")],
        };
        Corpus { folder: PathBuf::new(), crds: vec![crd("crds/a/good.yaml"), crd("crds/a/refused.yaml")] }
    }

    #[test]
    fn the_last_lines_count_what_counts() {
        let (corpus, chosen) = (corpus(), [0, 1]);
        let mut generated = Generated::default();
        let refusal = Refusal { crd: 1, said: "no".to_owned(), server: Some("no either".to_owned()) };
        generated.refused.push(refusal);
        let mut results = Results::default();
        results.compiled.insert(0);
        let mut report = Report::default();
        report.generated(&corpus, &chosen, &generated);
        report.compiled(&corpus, &results);
        report.round_tripped(&corpus, &chosen, &generated, &results);
        assert!(report.is_good());
        let end =
            "generate: 2 passed, 0 failed\ncompile: 1 passed, 0 failed\nroundtrip: 1 passed, 0 failed\n";
        assert!(report.shown().ends_with(end), "{}", report.shown());
    }

    #[test]
    fn a_refusal_without_reason_fails_and_so_do_its_objects() {
        let (corpus, chosen) = (corpus(), [0, 1]);
        let mut generated = Generated::default();
        generated.refused.push(Refusal { crd: 1, said: "no".to_owned(), server: None });
        let mut results = Results::default();
        results.compiled.insert(0);
        let mut report = Report::default();
        report.generated(&corpus, &chosen, &generated);
        report.round_tripped(&corpus, &chosen, &generated, &results);
        assert!(!report.is_good());
        let end = "generate: 1 passed, 1 failed\nroundtrip: 1 passed, 1 failed\n";
        assert!(report.shown().ends_with(end), "{}", report.shown());
    }

    #[test]
    fn causes_are_told_without_names_and_places() {
        assert_eq!(cause("lossy: .spec.a[0]: 12 is lost"), "lossy: … is lost");
        assert_eq!(cause("g_a/b.rs:3: cannot find type `X`"), "… cannot find type …");
    }
}
