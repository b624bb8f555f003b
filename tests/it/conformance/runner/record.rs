//! Holding files against the embedded server, and writing the real server's answers into them. Side by side, bounded.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::server::Server;
use super::{Case, diff, play};

/// How many files are played at once.
const AT_ONCE: usize = 12;

/// What came of a suite.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) files: usize,
    pub(crate) steps: usize,
    /// Readable, one part for each step that differs.
    pub(crate) differences: Vec<String>,
}

impl Outcome {
    /// Notes an answer that is not the one that was expected.
    pub(crate) fn compare(&mut self, place: &str, expected: &str, got: &str) {
        self.steps += 1;
        if expected.is_empty() {
            self.differences.push(format!("{place}\n    nothing is recorded; docs/testing.md says how to"));
        } else if expected != got {
            self.differences.push(format!("{place}\n{}", diff::lines(expected, got)));
        }
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

/// Plays each case on a server made for it, or on one that all share, and gives the answers with their cases.
pub(crate) async fn play_all(
    cases: Vec<Case>,
    shared: Option<Arc<Server>>,
) -> Vec<(Case, Result<Vec<String>, String>)> {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut playing = JoinSet::new();
    for case in cases {
        let (slots, shared) = (slots.clone(), shared.clone());
        playing.spawn(async move {
            let _slot = slots.acquire().await;
            let answers = match shared {
                Some(server) => play::play(&case.conversation, &server).await,
                None => match Server::embedded(&case.conversation).await {
                    Ok(server) => play::play(&case.conversation, &server).await,
                    Err(error) => Err(error),
                },
            };
            (case, answers)
        });
    }
    let mut all = Vec::new();
    while let Some(played) = playing.join_next().await {
        // A panic of the runner is a panic of the test.
        all.push(played.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
    }
    all.sort_by(|one, other| one.0.name.cmp(&other.0.name));
    all
}

/// The embedded server against what is recorded.
pub(crate) async fn against_recorded(cases: Vec<Case>) -> Outcome {
    let mut outcome = Outcome::default();
    for (case, answers) in play_all(cases, None).await {
        outcome.files += 1;
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

/// Plays on the real server of a kubeconfig and writes its answers into the files. Gives the names of the files that changed.
pub(crate) async fn record(cases: Vec<Case>, kubeconfig: &Path) -> Result<Vec<String>, String> {
    let server = Arc::new(Server::real(kubeconfig)?);
    let mut changed = Vec::new();
    for (case, answers) in play_all(cases, Some(server)).await {
        let answers = answers.map_err(|error| format!("{}: {error}", case.name))?;
        let broken = case.conversation.steps.iter().zip(&answers).find(|it| it.1.starts_with("0\n"));
        if let Some((step, error)) = broken {
            return Err(format!("{}: {}: {error}", case.name, step.title));
        }
        let text = case.conversation.with_answers(&answers);
        let before = std::fs::read_to_string(&case.file).unwrap_or_default();
        if text != before {
            std::fs::write(&case.file, text).map_err(|error| format!("{}: {error}", case.name))?;
            changed.push(case.name);
        }
    }
    Ok(changed)
}
