//! Playing again, alone, what a real server answered otherwise than it is recorded: the verdict on the real server.
//!
//! Parts of a real server learn of a change a moment after it was made, and of what others do meanwhile: admission plugins, the authorizer,
//! the handler of custom resources, discovery, controllers. So another answer beside other files, on a machine that is slow, says nothing
//! yet; the same file alone does. The embedded server has no part in this: it answers as it is recorded the first time, or fails.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use super::diff;

/// How long what a real server learns late has time before each try. No request can tell that it was learned.
pub(crate) const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(9)];
/// How many files are played again at most: that more of them come out otherwise is no chance.
const MOST: usize = 90;

/// A file that came out otherwise on the real server.
#[derive(Debug)]
pub(crate) struct Doubt<F> {
    pub(crate) file: F,
    /// Readable, one part for each answer; the first line is the place.
    pub(crate) differences: Vec<String>,
}

/// What came of the tries.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Where the files that then came out as they are recorded differed at first, and in which try they did not.
    pub(crate) passed: Vec<String>,
    /// What differs in every try.
    pub(crate) differences: Vec<String>,
}

/// How an answer differs from what is recorded. Empty where none does; an error is a difference too.
pub(crate) fn differences(
    name: &str,
    recorded: &[(&str, &str)],
    played: Result<&[String], &String>,
) -> Vec<String> {
    let answers = match played {
        Ok(answers) => answers,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let both = recorded.iter().zip(answers).filter(|((_, recorded), answer)| recorded != answer);
    both.map(|((title, recorded), answer)| format!("{name}: {title}\n{}", diff::lines(recorded, answer)))
        .collect()
}

/// Plays files one after the other, and those that still differ again after each pause.
pub(crate) async fn again<F>(
    doubts: Vec<Doubt<F>>,
    pauses: &[Duration],
    play: impl AsyncFn(&F) -> Vec<String>,
) -> Verdict {
    let mut verdict = Verdict::default();
    let pauses = if doubts.len() > MOST { &[] } else { pauses };
    let place = |it: &Doubt<F>| {
        it.differences.first().and_then(|it| it.lines().next()).unwrap_or_default().to_owned()
    };
    let mut doubts: Vec<(String, Doubt<F>)> = doubts.into_iter().map(|it| (place(&it), it)).collect();
    for (at, pause) in pauses.iter().enumerate() {
        if doubts.is_empty() {
            break;
        }
        tokio::time::sleep(*pause).await;
        let mut left = Vec::new();
        for (place, mut doubt) in doubts {
            doubt.differences = play(&doubt.file).await;
            if doubt.differences.is_empty() {
                verdict.passed.push(format!("{place} (try {})", at + 1));
            } else {
                left.push((place, doubt));
            }
        }
        doubts = left;
    }
    let tries = match pauses.len() {
        0 => "in so many files that none was played again".to_owned(),
        count => format!("also when it is played alone, {count} times"),
    };
    for it in doubts.into_iter().flat_map(|it| it.1.differences) {
        let (place, lines) = it.split_once('\n').unwrap_or((&it, ""));
        verdict.differences.push(format!(
            "{place}\n  kube-apiserver now answers otherwise, {tries} (- recorded, + now)\n{lines}"
        ));
    }
    verdict
}

impl Verdict {
    /// Says which files were played again, past what catches the output of tests that pass.
    pub(crate) fn say(&self) {
        let mut out = String::new();
        for it in &self.passed {
            let _ = writeln!(out, "PLAYED AGAIN: kube-apiserver answers as recorded when it is alone: {it}");
        }
        let _ = std::io::stderr().write_all(out.as_bytes());
    }
}
