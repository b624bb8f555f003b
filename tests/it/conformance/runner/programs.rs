//! Other clients as programs: kubectl, a program with client-go, one with kube-rs; run by a shell on one server or the other.
//!
//! The first folder of a file's name is the program it needs. Which programs there are is told by variables that `cargo xtask test`
//! sets; a file whose program is missing is left out, and that is said.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use super::again::{self, Doubt, PAUSES};
use super::plain::Plain;
use super::play::{Leftovers, Run};
use super::record::{Outcome, side_by_side};
use super::script::{Command, Script};
use super::server::Server;
use super::{area, files, printed};

/// How many are run at once: each of them is a process that works hard.
const AT_ONCE: usize = 4;
/// What a command may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Programs by name: the variable with their path, and the words that come before their own arguments.
const PROGRAMS: &[(&str, &str, &str)] = &[
    (
        "kubectl",
        "CLIENTSET_TEST_CONTROLPLANE",
        "kubectl --kubeconfig \"$KUBECONFIG\" --context \"$AS\" --namespace \"$ns\"",
    ),
    ("client-go", "CLIENTSET_TEST_CLIENT_GO", ""),
    ("kube-rs", "CLIENTSET_TEST_KUBE_RS", ""),
];

/// A file of commands.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    name: String,
    script: Script,
}

/// Where the programs work.
#[derive(Debug)]
struct Bench {
    folder: PathBuf,
    /// With a small program for each of [`PROGRAMS`] that there is.
    bin: PathBuf,
}

/// The files of commands below a folder whose programs there are.
fn scripts(folder: &Path) -> Result<Vec<File>, String> {
    let mut all = Vec::new();
    for (path, name) in files(folder, "console") {
        let program =
            PROGRAMS.iter().find(|it| it.0 == area(&name)).ok_or_else(|| format!("{name}: no program"))?;
        if std::env::var_os(program.1).is_none() {
            eprintln!("SKIPPED: {name}: {} is not set", program.1);
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
        let script = Script::parse(&text).map_err(|error| format!("{name}: {error}"))?;
        all.push(File { path, name, script });
    }
    Ok(all)
}

/// The embedded server against what is recorded. `bench` is an empty folder that the caller removes.
pub(crate) async fn against_recorded(folder: &Path, bench: &Path) -> Result<Outcome, String> {
    let bench = Arc::new(Bench::new(bench)?);
    let shared = Arc::new(Server::embedded(&[]).await?);
    let played = side_by_side(scripts(folder)?, AT_ONCE, |file| {
        let (bench, shared) = (bench.clone(), shared.clone());
        async move {
            let ours = bench.play_embedded(&file.script, &shared).await;
            (file, ours)
        }
    });
    let mut outcome = Outcome::default();
    for (file, ours) in played.await {
        outcome.file(&file.name);
        outcome.embedded(&file.name, &file.script.recorded(), &ours);
    }
    Ok(outcome)
}

/// Plays on the real server of a kubeconfig and writes what comes out into the files. Gives the names of those that changed.
pub(crate) async fn record(folder: &Path, bench: &Path, kubeconfig: &Path) -> Result<Vec<String>, String> {
    let (bench, real) = (Arc::new(Bench::new(bench)?), Arc::new(Server::real(kubeconfig)?));
    let played = side_by_side(scripts(folder)?, AT_ONCE, |file| {
        let (bench, real) = (bench.clone(), real.clone());
        async move {
            let theirs = bench.play(&file.script, &real).await;
            (file, theirs)
        }
    });
    let mut changed = Vec::new();
    for (file, theirs) in played.await {
        let named = |error: String| format!("{}: {error}", file.name);
        let (answers, leftovers) = theirs.map_err(named)?;
        leftovers.remove(&real).await;
        let text = file.script.with_answers(&answers);
        let before = std::fs::read_to_string(&file.path).map_err(|error| named(error.to_string()))?;
        if text != before {
            std::fs::write(&file.path, text).map_err(|error| named(error.to_string()))?;
            changed.push(file.name);
        }
    }
    Ok(changed)
}

/// Both servers against what is recorded, and what has to be played again on the real one before it counts.
#[derive(Debug)]
pub(crate) struct Live {
    bench: Arc<Bench>,
    real: Arc<Server>,
    outcome: Outcome,
    doubts: Vec<Doubt<File>>,
}

/// Plays the files on both servers. `bench` is an empty folder that the caller removes.
pub(crate) async fn live(folder: &Path, bench: &Path, kubeconfig: &Path) -> Result<Live, String> {
    let (bench, real) = (Arc::new(Bench::new(bench)?), Arc::new(Server::real(kubeconfig)?));
    // One for all that have no wishes: they share it as they share the real one.
    let shared = Arc::new(Server::embedded(&[]).await?);
    let played = side_by_side(scripts(folder)?, AT_ONCE, |file| {
        let (bench, real, shared) = (bench.clone(), real.clone(), shared.clone());
        async move {
            let differences = bench.differences_on(&file, &real).await;
            let ours = bench.play_embedded(&file.script, &shared).await;
            (file, differences, ours)
        }
    });
    let (mut outcome, mut doubts) = (Outcome::default(), Vec::new());
    for (file, differences, ours) in played.await {
        outcome.file(&file.name);
        outcome.embedded(&file.name, &file.script.recorded(), &ours);
        if !differences.is_empty() {
            doubts.push(Doubt { file, differences });
        }
    }
    Ok(Live { bench, real, outcome, doubts })
}

impl Live {
    /// Whether nothing has to be played again.
    pub(crate) fn is_settled(&self) -> bool {
        self.doubts.is_empty()
    }

    /// Plays again what has to be; nothing else may use the real server meanwhile.
    pub(crate) async fn settled(mut self) -> Outcome {
        let play = async |file: &File| self.bench.differences_on(file, &self.real).await;
        let verdict = again::again(self.doubts, &PAUSES, play).await;
        self.outcome.settle(verdict);
        self.outcome
    }
}

impl Bench {
    fn new(folder: &Path) -> Result<Bench, String> {
        let made = || {
            let bin = folder.join("bin");
            std::fs::create_dir_all(&bin)?;
            for (name, variable, words) in PROGRAMS {
                let path = bin.join(name);
                std::fs::write(&path, format!("#!/bin/sh\nexec \"${variable}\" {words} \"$@\"\n"))?;
                #[cfg(unix)]
                {
                    use std::os::unix::fs::PermissionsExt as _;
                    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
                }
            }
            Ok(Bench { folder: folder.to_owned(), bin })
        };
        made().map_err(|error: std::io::Error| format!("{}: {error}", folder.display()))
    }

    /// On the embedded server that files share, or on one as the file wants it.
    async fn play_embedded(&self, script: &Script, shared: &Server) -> Result<Vec<String>, String> {
        let own = match script.settings.as_slice() {
            [] => None,
            settings => Some(Server::embedded(settings).await?),
        };
        Ok(self.play(script, own.as_ref().unwrap_or(shared)).await?.0)
    }

    /// How what the programs print with the real server differs from what is recorded.
    async fn differences_on(&self, file: &File, real: &Server) -> Vec<String> {
        let played = self.play(&file.script, real).await.map(|it| it.0);
        again::differences(&file.name, &file.script.recorded(), played.as_deref())
    }

    async fn play(&self, script: &Script, server: &Server) -> Result<(Vec<String>, Leftovers), String> {
        let run = Run::begin(server, true).await?;
        let ns = run.known.fill("${ns}")?;
        let folder = self.folder.join(&ns);
        let broken = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(broken)?;
        let kubeconfig = match &server.kubeconfig {
            Some(path) => path.clone(),
            None => {
                let path = folder.join("kubeconfig");
                std::fs::write(&path, server.written_kubeconfig()).map_err(broken)?;
                path
            }
        };
        let mut names = vec![(folder.to_string_lossy().into_owned(), "<folder>".to_owned())];
        names.extend(run.names());
        let mut plain = Plain::of_text(script.written(), names);
        let mut answers = Vec::new();
        for step in &script.steps {
            let mut command = tokio::process::Command::new("sh");
            command.arg("-c").arg(&step.text).current_dir(&folder).env_clear().kill_on_drop(true);
            self.surroundings(&mut command, step, &folder);
            command.env("KUBECONFIG", &kubeconfig).env("ns", &ns).env("id", run.known.fill("${id}")?);
            command.env("KUBECACHEDIR", self.folder.join(server.address.replace(':', "-")));
            command.stdin(Stdio::null());
            let output = tokio::time::timeout(PATIENCE, command.output()).await;
            let output = output.map_err(|_| format!("{}: no end in three minutes", step.title))?;
            let output = output.map_err(|error| format!("{}: {error}", step.title))?;
            let mut text = format!("{}\n", output.status.code().unwrap_or(-1));
            text.push_str(&printed::plain(&mut plain, &String::from_utf8_lossy(&output.stdout)));
            for line in printed::plain(&mut plain, &String::from_utf8_lossy(&output.stderr)).lines() {
                text.push_str(&format!("! {line}\n"));
            }
            answers.push(text.trim_end().to_owned());
        }
        Ok((answers, run.end()))
    }

    /// Nothing of the caller's surroundings but where programs are.
    fn surroundings(&self, command: &mut tokio::process::Command, step: &Command, folder: &Path) {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.bin.display()));
        for (_, variable, _) in PROGRAMS {
            if let Some(program) = std::env::var_os(variable) {
                command.env(variable, program);
            }
        }
        command.env("AS", &step.identity).env("HOME", folder).env("TMPDIR", folder);
        command.env("TZ", "UTC").env("LC_ALL", "C");
    }
}
