//! Other clients as programs: kubectl, a program with client-go, one with kube-rs; run by a shell on one server or the other.
//!
//! The first folder of a file's name is the program it needs. Which programs there are is told by variables that `cargo xtask test`
//! sets; a file whose program is missing is left out, and that is said.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use super::plain::Plain;
use super::play::{Leftovers, Run};
use super::record::{Outcome, side_by_side};
use super::script::{Command, Script};
use super::server::Server;
use super::{area, diff, files, printed};

/// How many are run at once: each of them is a process that works hard.
const AT_ONCE: usize = 4;
/// What a command may take.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// On which servers the files are played.
#[derive(Debug, Clone)]
pub(crate) enum Mode {
    /// The embedded one, against what is recorded.
    Recorded,
    /// The real one, writing what comes out into the files.
    Record(PathBuf),
    /// Both against each other, and the real one against what is recorded.
    Live { kubeconfig: PathBuf, tidy: bool },
}

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

/// Plays the files of commands below a folder. `bench` is an empty folder that the caller removes.
pub(crate) async fn play_all(folder: &Path, bench: &Path, mode: Mode) -> Result<Outcome, String> {
    let bench = Arc::new(Bench::new(bench).map_err(|error| format!("{}: {error}", bench.display()))?);
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
    let real = match &mode {
        Mode::Recorded => None,
        Mode::Record(kubeconfig) | Mode::Live { kubeconfig, .. } => Some(Arc::new(Server::real(kubeconfig)?)),
    };
    let recording = matches!(mode, Mode::Record(_));
    // One for all that have no wishes: they share it as they share the real one.
    let shared = Arc::new(Server::embedded(&[]).await?);
    let played = side_by_side(all, AT_ONCE, |file| {
        let (bench, real, shared) = (bench.clone(), real.clone(), shared.clone());
        async move {
            let theirs = match &real {
                Some(real) => Some(bench.play(&file.script, real).await),
                None => None,
            };
            let ours = match file.script.settings.as_slice() {
                _ if recording => None,
                [] => Some(bench.play(&file.script, &shared).await),
                settings => Some(match Server::embedded(settings).await {
                    Ok(server) => bench.play(&file.script, &server).await,
                    Err(error) => Err(error),
                }),
            };
            (file, theirs, ours)
        }
    });
    let (mut outcome, mut leftovers) = (Outcome::default(), Vec::new());
    for (file, theirs, ours) in played.await {
        outcome.file(&file.name);
        let named = |error| format!("{}: {error}", file.name);
        let theirs = match theirs.transpose().map_err(named)? {
            Some((answers, left)) => {
                leftovers.push(left);
                Some(answers)
            }
            None => None,
        };
        let ours = ours.transpose().map_err(named)?.map(|it| it.0);
        if let (true, Some(answers)) = (recording, &theirs) {
            std::fs::write(&file.path, file.script.with_answers(answers))
                .map_err(|error| named(error.to_string()))?;
        }
        for (at, step) in file.script.steps.iter().enumerate() {
            let place = format!("{}: {}", file.name, step.title);
            let theirs = theirs.as_ref().and_then(|it| it.get(at));
            if let (Some(theirs), false) = (theirs, recording)
                && *theirs != step.answer
            {
                let lines = diff::lines(&step.answer, theirs);
                outcome.differences.push(format!("{place}\n  (- recorded, + kube-apiserver now)\n{lines}"));
            }
            if let Some(ours) = ours.as_ref().and_then(|it| it.get(at)) {
                outcome.compare(&place, theirs.unwrap_or(&step.answer), ours);
            }
        }
    }
    if let (Some(real), true) = (real, matches!(mode, Mode::Record(_) | Mode::Live { tidy: true, .. })) {
        for it in leftovers {
            it.remove(&real).await;
        }
    }
    Ok(outcome)
}

impl Bench {
    fn new(folder: &Path) -> std::io::Result<Bench> {
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
            let output = output.map_err(|_| format!("{}: no end in a minute", step.title))?;
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
