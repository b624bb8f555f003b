//! The embedded API server against the bars that it has set itself.
//!
//! What a figure means is written in `tests/bench/README.md`.

use std::process::Command;

use serde::Deserialize;

use super::commands::{OURS, build};
use super::report::Row;
use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::progress::Step;

/// Seconds from nothing to the first answer.
const START_BAR: f64 = 0.02;
/// A list through HTTP takes at most this many times as long as encoding and decoding it.
const LIST_FACTOR: f64 = 2.0;
/// Seconds for 20,000 deliveries to 100 watches.
const WATCH_BAR: f64 = 1.0;
/// MiB that servers which are gone may leave behind; the allocator keeps some.
const LEFT_BAR: f64 = 16.0;

/// The line that the program prints.
#[derive(Deserialize)]
struct Measured {
    seconds: f64,
    alone: f64,
    #[serde(default)]
    bytes: f64,
    #[serde(default)]
    descriptors: u64,
}

pub(super) fn measure(runs: u32) -> Result<Vec<Row>> {
    let program = build(OURS, "server")?;
    let run = |what: &str| {
        let step = Step::begin(format!("server {what}, {runs} runs"));
        let all: Result<Vec<Measured>> = (0..runs)
            .map(|_| {
                let printed = process::output(Command::new(&program).arg(what))?;
                serde_json::from_slice(&printed).context(|| {
                    format!("`{} {what}` printed something else than a measurement", program.display())
                })
            })
            .collect();
        step.done("");
        all
    };
    let seconds = |all: &[Measured]| all.iter().map(|it| it.seconds).collect::<Vec<_>>();
    let (start, list, watch, many) = (run("start")?, run("list")?, run("watch")?, run("many")?);
    if many.iter().any(|it| it.descriptors > 0) {
        return Err(Failure::new("the embedded server leaves file descriptors open when it is dropped"));
    }
    let alone: Vec<f64> = list.iter().map(|it| it.alone).collect();
    // What is nothing has no ratio.
    let left: Vec<f64> = many.iter().map(|it| (it.bytes / f64::from(1 << 20)).max(0.01)).collect();
    Ok(vec![
        Row::new("server-start", "s", &seconds(&start), ("bar", &[START_BAR]), Some(1.0)),
        Row::new("server-list", "s", &seconds(&list), ("encode + decode", &alone), Some(1.0 / LIST_FACTOR)),
        Row::new("server-watch", "s", &seconds(&watch), ("bar", &[WATCH_BAR]), Some(1.0)),
        Row::new("server-left", "MiB", &left, ("bar", &[LEFT_BAR]), Some(1.0)),
    ])
}
