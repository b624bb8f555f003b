//! `cargo xtask bench`: ours beside the peers on the same data, in the same sitting, on this machine.
//!
//! It runs programs and reads clocks; what is measured is written in `tests/bench/`. It judges nothing: a figure below
//! its bar is marked in the table and is no failure, since a busy machine must not fail a build.

mod builds;
mod commands;
mod crds;
mod json;
mod managed;
mod models;
mod pods;
mod report;
mod requests;
mod server;
mod shared;
mod steps;

use clap::{Args, ValueEnum};

use crate::commands::corpus;
use crate::failure::Result;
use report::Row;

/// Measure ours beside kube and client-go, print one table, write target/bench.json
///
/// Needs Linux, Go and the registry: a missing peer is an error. Samples are taken in turn (ours, peer, ours, peer …),
/// one process each; the table shows medians, target/bench.json keeps every sample. Smaller is better everywhere;
/// ratio = peer / ours, so above 1 ours is better. A peer called "bar" is the figure that this repository set itself.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench                        everything: an hour or more on two cores, most of it cold builds
  cargo xtask bench --only decode,memory   a few minutes
  cargo xtask bench --only build --build-runs 1")]
pub(crate) struct Bench {
    /// Measure only these
    #[arg(long, value_delimiter = ',', value_enum)]
    only: Vec<Group>,
    /// Samples of each program
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Samples of each cold build, which takes minutes; CPU seconds differ little between them
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    build_runs: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Time to decode the list of pods
    Decode,
    /// Memory that the decoded list holds
    Memory,
    /// Time to encode the list of pods
    Encode,
    /// CPU seconds of a cold build, number of crates, size of the binary
    Build,
    /// `cargo check` of the clientset crate alone, every feature on
    Check,
    /// `cargo xtask generate` of the whole API
    Generate,
    /// `cargo check` of 60 CRDs of a corpus, ours beside kopium's output
    Crds,
    /// CPU time of the client for 10,000 gets and for a list of 5,000 pods; what 1,000 watches and 10,000 clients weigh
    Requests,
    /// The embedded API server: start, a long list, watches, what many of them leave behind
    Server,
}

impl Bench {
    pub(crate) fn run(self) -> Result<()> {
        let wanted = |group: Group| self.only.is_empty() || self.only.contains(&group);
        let mut rows: Vec<Row> = Vec::new();
        if [Group::Decode, Group::Memory, Group::Encode].into_iter().any(wanted) {
            let models = models::Models::prepare()?;
            if wanted(Group::Decode) {
                rows.extend(models.decode(self.runs)?);
            }
            if wanted(Group::Memory) {
                rows.extend(models.memory(self.runs)?);
            }
            if wanted(Group::Encode) {
                rows.extend(models.encode(self.runs)?);
            }
        }
        if wanted(Group::Requests) {
            rows.extend(requests::measure(self.runs)?);
        }
        if wanted(Group::Server) {
            rows.extend(server::measure(self.runs)?);
        }
        if wanted(Group::Generate) {
            rows.push(steps::generate(self.runs)?);
        }
        if wanted(Group::Check) {
            rows.push(steps::check(self.runs)?);
        }
        // Only where it is asked for, or where there are CRDs to measure with.
        if self.only.contains(&Group::Crds) || (wanted(Group::Crds) && corpus::real().is_dir()) {
            rows.extend(crds::measure(self.build_runs)?);
        }
        if wanted(Group::Build) {
            rows.extend(builds::measure(self.build_runs)?);
        }
        report::finish(&rows)
    }
}
