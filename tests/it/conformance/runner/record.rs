//! Holding files against the embedded server, writing the real server's answers into them, and both servers against each other.
//! Files are played side by side, with a bound.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::play::{self, Leftovers};
use super::server::Server;
use super::{Case, area, diff};

/// How many files are played at once.
const AT_ONCE: usize = 16;

/// What came of a suite.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Files by area.
    pub(crate) areas: BTreeMap<String, usize>,
    pub(crate) steps: usize,
    /// Readable, one part for each step that differs.
    pub(crate) differences: Vec<String>,
}

impl Outcome {
    /// Notes that a file was played.
    pub(crate) fn file(&mut self, name: &str) {
        *self.areas.entry(area(name).to_owned()).or_default() += 1;
    }

    /// Notes an answer that is not the one that was expected.
    pub(crate) fn compare(&mut self, place: &str, expected: &str, got: &str) {
        self.steps += 1;
        if expected.is_empty() {
            self.differences.push(format!("{place}\n    nothing is recorded; docs/testing.md says how to"));
        } else if expected != got {
            self.differences.push(format!("{place}\n{}", diff::lines(expected, got)));
        }
    }

    /// What was compared, in a line.
    pub(crate) fn summary(&self) -> String {
        let files: usize = self.areas.values().sum();
        let areas: Vec<String> = self.areas.iter().map(|(area, files)| format!("{area} {files}")).collect();
        format!("conformance: {files} files, {} answers compared ({})", self.steps, areas.join(", "))
    }

    /// Fails with all differences.
    pub(crate) fn assert_same(&self) {
        let mut out = String::new();
        for it in &self.differences {
            let _ = writeln!(out, "{it}");
        }
        let (count, steps) = (self.differences.len(), self.steps);
        assert!(
            out.is_empty(),
            "{count} of {steps} answers differ (- kube-apiserver, + embedded server):\n\n{out}"
        );
    }
}

/// Runs work for each item, some at once, and gives what came of it in the order of the items.
pub(crate) async fn side_by_side<I, O, W>(items: Vec<I>, at_once: usize, work: impl Fn(I) -> W) -> Vec<O>
where
    O: Send + 'static,
    W: Future<Output = O> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(at_once));
    let mut running = JoinSet::new();
    for (at, item) in items.into_iter().enumerate() {
        let (slots, work) = (slots.clone(), work(item));
        running.spawn(async move {
            let _slot = slots.acquire_owned().await;
            (at, work.await)
        });
    }
    let mut all = BTreeMap::new();
    while let Some(done) = running.join_next().await {
        // A panic of the runner is a panic of the test.
        let (at, done) = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        all.insert(at, done);
    }
    all.into_values().collect()
}

/// For a server that all files share: those that want to be alone come at the end, since a server remembers (which form of
/// impersonation a user succeeded with, for one).
async fn apart_or_side_by_side<O, W>(cases: Vec<Case>, work: impl Fn(Case) -> W) -> Vec<O>
where
    O: Send + 'static,
    W: Future<Output = O> + Send + 'static,
{
    let (alone, others): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|it| it.conversation.alone);
    let mut all = side_by_side(others, AT_ONCE, &work).await;
    all.extend(side_by_side(alone, 1, &work).await);
    all
}

/// The embedded server against what is recorded.
pub(crate) async fn against_recorded(cases: Vec<Case>) -> Outcome {
    let mut outcome = Outcome::default();
    let played = side_by_side(cases, AT_ONCE, |case| async move {
        let answers = play::play_embedded(&case.conversation).await;
        (case, answers)
    });
    for (case, answers) in played.await {
        outcome.file(&case.name);
        match answers {
            Err(error) => outcome.differences.push(format!("{}: {error}", case.name)),
            Ok(answers) => {
                for (step, answer) in case.conversation.steps.iter().zip(&answers) {
                    outcome.compare(&format!("{}: {}", case.name, step.title), &step.answer, answer);
                }
            }
        }
    }
    outcome
}

/// Both servers against each other, and the real one against what is recorded.
///
/// A server that outlives the tests is tidied up.
pub(crate) async fn live(cases: Vec<Case>, kubeconfig: &Path, tidy: bool) -> Result<Outcome, String> {
    let real = Arc::new(Server::real(kubeconfig)?);
    let mut outcome = Outcome::default();
    let played = side_by_side(cases, AT_ONCE, |case| {
        let real = real.clone();
        async move {
            let both =
                tokio::join!(play::play(&case.conversation, &real), play::play_embedded(&case.conversation));
            (case, both)
        }
    });
    let mut leftovers = Vec::new();
    for (case, both) in played.await {
        outcome.file(&case.name);
        match both {
            (Ok(theirs), Ok(ours)) => {
                leftovers.push(theirs.leftovers);
                let answers = theirs.answers.iter().zip(&ours);
                for (step, (theirs, ours)) in case.conversation.steps.iter().zip(answers) {
                    let place = format!("{}: {}", case.name, step.title);
                    if step.answer != *theirs {
                        let lines = diff::lines(&step.answer, theirs);
                        outcome
                            .differences
                            .push(format!("{place}\n  (- recorded, + kube-apiserver now)\n{lines}"));
                    }
                    outcome.compare(&place, theirs, ours);
                }
            }
            (theirs, ours) => {
                for error in [theirs.err(), ours.err()].into_iter().flatten() {
                    outcome.differences.push(format!("{}: {error}", case.name));
                }
            }
        }
    }
    if tidy {
        remove(leftovers, &real).await;
    }
    Ok(outcome)
}

/// Plays on the real server of a kubeconfig and writes its answers into the files. Gives the names of the files that changed.
pub(crate) async fn record(cases: Vec<Case>, kubeconfig: &Path) -> Result<Vec<String>, String> {
    let server = Arc::new(Server::real(kubeconfig)?);
    let played = apart_or_side_by_side(cases, |case| {
        let server = server.clone();
        async move {
            let played = play::play(&case.conversation, &server).await;
            (case, played)
        }
    });
    let (mut changed, mut leftovers, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (case, played) in played.await {
        match played {
            Err(error) => errors.push(format!("{}: {error}", case.name)),
            Ok(played) => {
                leftovers.push(played.leftovers);
                match write(&case, &played.answers) {
                    Ok(true) => changed.push(case.name),
                    Ok(false) => {}
                    Err(error) => errors.push(format!("{}: {error}", case.name)),
                }
            }
        }
    }
    remove(leftovers, &server).await;
    if errors.is_empty() { Ok(changed) } else { Err(errors.join("\n")) }
}

/// Puts answers into a file; says whether they are others than before.
fn write(case: &Case, answers: &[String]) -> Result<bool, String> {
    let steps = case.conversation.steps.iter().zip(answers);
    if let Some((step, error)) = steps.clone().find(|it| it.1.starts_with("0\n")) {
        return Err(format!("{}: {error}", step.title));
    }
    let text = case.conversation.with_answers(answers);
    let before = std::fs::read_to_string(&case.file).map_err(|error| error.to_string())?;
    if text == before {
        return Ok(false);
    }
    std::fs::write(&case.file, text).map_err(|error| error.to_string())?;
    Ok(true)
}

async fn remove(all: Vec<Leftovers>, server: &Arc<Server>) {
    let removed = side_by_side(all, AT_ONCE, |it| {
        let server = server.clone();
        async move { it.remove(&server).await }
    });
    removed.await;
}
