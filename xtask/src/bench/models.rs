//! Decoding, encoding and holding the list of pods: builds the programs, runs them in turn and compares.

use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;

use super::commands::{KUBE, OURS, build, build_go, scratch};
use super::pods;
use super::report::Row;
use crate::failure::{Context, Failure, Result};
use crate::progress::Step;
use crate::{files, process};

/// The programs, built, and the data, written.
pub(super) struct Models {
    ours: Program,
    kube: Program,
    go_json: Program,
    go_protobuf: Program,
}

/// A program that takes `decode|encode|memory`, perhaps a word more, and the file.
struct Program {
    name: &'static str,
    path: PathBuf,
    format: Option<&'static str>,
    data: PathBuf,
}

/// The line that each program prints.
#[derive(Deserialize)]
struct Measured {
    seconds: Option<f64>,
    bytes: Option<f64>,
    items: usize,
}

impl Models {
    pub(super) fn prepare() -> Result<Self> {
        let json = scratch("pods.json");
        let protobuf = scratch("pods.pb");
        files::write_if_changed(&json, pods::list(pods::PODS).as_bytes())?;
        let ours = build(OURS, "model")?;
        let kube = build(KUBE, "model")?;
        let client_go = build_go("client-go", ".")?;
        let step = Step::begin("writing the pods as protobuf");
        process::output(Command::new(&client_go).arg("convert").arg(&json).arg(&protobuf))?;
        step.done("");
        Ok(Self {
            ours: Program { name: "ours", path: ours, format: None, data: json.clone() },
            kube: Program { name: "kube", path: kube, format: None, data: json.clone() },
            go_json: Program {
                name: "client-go JSON",
                path: client_go.clone(),
                format: Some("json"),
                data: json,
            },
            go_protobuf: Program {
                name: "client-go protobuf",
                path: client_go,
                format: Some("protobuf"),
                data: protobuf,
            },
        })
    }

    pub(super) fn decode(&self, runs: u32) -> Result<Vec<Row>> {
        let peers = [(&self.kube, Some(3.0)), (&self.go_protobuf, Some(1.0)), (&self.go_json, None)];
        self.compare("decode", "s", runs, &peers, |measured| measured.seconds)
    }

    pub(super) fn memory(&self, runs: u32) -> Result<Vec<Row>> {
        let peers = [(&self.kube, Some(4.0)), (&self.go_protobuf, Some(1.0)), (&self.go_json, Some(1.0))];
        self.compare("memory", "MiB", runs, &peers, |measured| Some(measured.bytes? / f64::from(1 << 20)))
    }

    pub(super) fn encode(&self, runs: u32) -> Result<Vec<Row>> {
        self.compare("encode", "s", runs, &[(&self.kube, Some(1.0))], |measured| measured.seconds)
    }

    /// Runs ours and every peer once, and all of that again, `runs` times: what disturbs one disturbs all.
    fn compare(
        &self,
        what: &'static str,
        unit: &'static str,
        runs: u32,
        peers: &[(&Program, Option<f64>)],
        figure: impl Fn(&Measured) -> Option<f64>,
    ) -> Result<Vec<Row>> {
        let step = Step::begin(format!("{what}, {runs} runs"));
        let programs: Vec<&Program> =
            [&self.ours].into_iter().chain(peers.iter().map(|(peer, _)| *peer)).collect();
        let mut samples = vec![Vec::new(); programs.len()];
        for run in 1..=runs {
            for (program, samples) in programs.iter().zip(&mut samples) {
                step.detail(format!("run {run}, {}", program.name));
                let measured = program.run(what)?;
                samples.push(figure(&measured).ok_or_else(|| program.strange(what))?);
            }
        }
        step.done("");
        Ok(std::iter::zip(peers, &samples[1..])
            .map(|((peer, bar), theirs)| Row::new(what, unit, &samples[0], (peer.name, theirs), *bar))
            .collect())
    }
}

impl Program {
    fn run(&self, what: &str) -> Result<Measured> {
        let mut command = Command::new(&self.path);
        command.arg(what).args(self.format).arg(&self.data);
        let printed = process::output(&mut command)?;
        let measured: Measured = serde_json::from_slice(&printed).context(|| {
            format!("`{}` printed something else than a measurement", process::shown(&command))
        })?;
        // A reader that stops early would be the fastest of all.
        if measured.items == pods::PODS { Ok(measured) } else { Err(self.strange(what)) }
    }

    fn strange(&self, what: &str) -> Failure {
        Failure::new(format!("{} did not measure {what} of {} pods", self.name, pods::PODS))
    }
}
