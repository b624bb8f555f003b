//! Asking a server: what it costs the client, ours beside reqwest alone, kube and client-go; and what many watches and
//! many clients weigh.
//!
//! What a figure means is written in `tests/bench/README.md`. The server is a process of its own for the whole run.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use super::commands::{KUBE, OURS, REQWEST, build, build_go, scratch};
use super::pods;
use super::report::Row;
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process};

/// A request through all of ours may cost this much of what reqwest alone takes for the same bytes.
const REQWEST_BAR: f64 = 1.0 / 1.3;
/// Bytes that one of 1,000 watches may hold.
const WATCH_BAR: f64 = 50_000.0;
/// MiB that 10,000 clients which are gone may leave behind; the allocator keeps some.
const LEFT_BAR: f64 = 4.0;

/// The line that each program prints.
#[derive(Deserialize)]
struct Measured {
    #[serde(default)]
    cpu: f64,
    #[serde(default)]
    bytes: f64,
    items: usize,
    #[serde(default)]
    descriptors: usize,
}

/// A server with the pods; it ends when this is dropped, or when this program dies.
struct Server {
    child: Child,
    kubeconfig: PathBuf,
}

pub(super) fn measure(runs: u32) -> Result<Vec<Row>> {
    let ours = build(OURS, "requests")?;
    let peers = [
        ("reqwest", build(REQWEST, "requests")?),
        ("kube", build(KUBE, "requests")?),
        ("client-go", build_go("client-go-requests", "./requests")?),
    ];
    let server = Server::start(&build(OURS, "server")?)?;
    let mut rows = Vec::new();
    // Whoever reads a list decodes it, so reqwest alone is no measure there.
    for (what, name, peers) in [("get", "get-cpu", &peers[..]), ("list", "list-cpu", &peers[1..])] {
        let step = Step::begin(format!("{name}, {runs} runs"));
        let programs: Vec<&PathBuf> = [&ours].into_iter().chain(peers.iter().map(|(_, it)| it)).collect();
        let mut samples = vec![Vec::new(); programs.len()];
        for run in 1..=runs {
            for (program, samples) in programs.iter().zip(&mut samples) {
                step.detail(format!("run {run}, {}", program.display()));
                let measured = server.ask(program, what)?;
                if what == "list" && measured.items != pods::PODS {
                    let read = measured.items;
                    return Err(Failure::new(format!("{} read {read} pods", program.display())));
                }
                samples.push(measured.cpu);
            }
        }
        step.done("");
        rows.extend(std::iter::zip(peers, &samples[1..]).map(|((peer, _), theirs)| {
            let bar = if *peer == "reqwest" { REQWEST_BAR } else { 1.0 };
            Row::new(name, "CPU s", &samples[0], (peer, theirs), Some(bar))
        }));
    }
    let step = Step::begin("many watches, many clients");
    let watches = server.ask(&ours, "watches")?;
    let clients = server.ask(&ours, "clients")?;
    step.done(&format!("{} descriptors open with {} watches", watches.descriptors, watches.items));
    if clients.descriptors > 0 {
        return Err(Failure::new(format!("{} clients left descriptors open", clients.items)));
    }
    let each = watches.bytes / watches.items as f64;
    let left = (clients.bytes / f64::from(1 << 20)).max(0.01);
    rows.push(Row::new("watch-memory", "bytes", &[each], ("bar", &[WATCH_BAR]), Some(1.0)));
    rows.push(Row::new("clients-left", "MiB", &[left], ("bar", &[LEFT_BAR]), Some(1.0)));
    Ok(rows)
}

impl Server {
    fn start(program: &Path) -> Result<Server> {
        let pods = scratch("pods.json");
        files::write_if_changed(&pods, pods::list(pods::PODS).as_bytes())?;
        let kubeconfig = scratch("requests.yaml");
        let step = Step::begin("starting the server, with its pods");
        let mut command = Command::new(program);
        command.arg("serve").arg(&kubeconfig).arg(&pods).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context(|| format!("cannot run {}", program.display()))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .context(|| "cannot read from the server".to_owned())?;
        }
        let server = Server { child, kubeconfig };
        if line.trim() != "ready" {
            return Err(Failure::new("the server of the benchmark did not start; it says why above"));
        }
        step.done("");
        Ok(server)
    }

    fn ask(&self, program: &Path, what: &str) -> Result<Measured> {
        let mut command = Command::new(program);
        let printed = process::output(command.arg(what).arg(&self.kubeconfig))?;
        serde_json::from_slice(&printed)
            .context(|| format!("`{}` printed something else than a measurement", process::shown(&command)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
