//! Holding files against the embedded server, writing the real server's answers into them, and holding both servers against them.
//! Files are played side by side, with a bound.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::again::{self, Doubt, PAUSES, Verdict};
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
    /// How many files the real server was asked again before it answered as it is recorded.
    pub(crate) again: usize,
}

impl Outcome {
    /// Notes that a file was played.
    pub(crate) fn file(&mut self, name: &str) {
        *self.areas.entry(area(name).to_owned()).or_default() += 1;
    }

    /// Notes what the embedded server answered to a file.
    pub(crate) fn embedded(
        &mut self,
        name: &str,
        recorded: &[(&str, &str)],
        played: &Result<Vec<String>, String>,
    ) {
        match played {
            Err(error) => self.differences.push(format!("{name}: {error}")),
            Ok(answers) => {
                for ((title, recorded), answer) in recorded.iter().zip(answers) {
                    self.compare(&format!("{name}: {title}"), recorded, answer);
                }
            }
        }
    }

    /// Notes what came of playing again on the real server.
    pub(crate) fn settle(&mut self, verdict: Verdict) {
        verdict.say();
        self.again += verdict.passed.len();
        self.differences.extend(verdict.differences);
    }

    /// Notes an answer that is not the one that was expected.
    fn compare(&mut self, place: &str, expected: &str, got: &str) {
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
        let (steps, areas, again) = (self.steps, areas.join(", "), self.again);
        format!("conformance: {files} files, {steps} answers compared ({areas}), {again} files played again")
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
        outcome.embedded(&case.name, &case.conversation.recorded(), &answers);
    }
    outcome
}

/// Both servers against what is recorded, and what has to be played again on the real one before it counts.
pub(crate) struct Live {
    real: Arc<Server>,
    outcome: Outcome,
    doubts: Vec<Doubt<Case>>,
}

/// Plays files on both servers.
pub(crate) async fn live(cases: Vec<Case>, kubeconfig: &Path) -> Result<Live, String> {
    let real = Arc::new(Server::real(kubeconfig)?);
    let played = apart_or_side_by_side(cases, |case| {
        let real = real.clone();
        async move {
            let ours = play::play_embedded(&case.conversation);
            let (theirs, ours) = tokio::join!(differences_on(&case, &real), ours);
            (case, theirs, ours)
        }
    });
    let (mut outcome, mut doubts) = (Outcome::default(), Vec::new());
    for (case, differences, ours) in played.await {
        outcome.file(&case.name);
        outcome.embedded(&case.name, &case.conversation.recorded(), &ours);
        if !differences.is_empty() {
            doubts.push(Doubt { file: case, differences });
        }
    }
    Ok(Live { real, outcome, doubts })
}

impl Live {
    /// Whether nothing has to be played again.
    pub(crate) fn is_settled(&self) -> bool {
        self.doubts.is_empty()
    }

    /// Plays again what has to be; nothing else may use the real server meanwhile.
    pub(crate) async fn settled(mut self) -> Outcome {
        let play = async |case: &Case| differences_on(case, &self.real).await;
        let verdict = again::again(self.doubts, &PAUSES, play).await;
        self.outcome.settle(verdict);
        self.outcome
    }
}

/// How the real server's answers to a file differ from those that are recorded.
async fn differences_on(case: &Case, real: &Server) -> Vec<String> {
    let played = play::play(&case.conversation, real).await.map(|it| it.answers);
    again::differences(&case.name, &case.conversation.recorded(), played.as_deref())
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
