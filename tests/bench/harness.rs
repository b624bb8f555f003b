//! The measuring half of every Rust model benchmark, the peer's and ours alike, so that both are measured by the same
//! code: what differs between them is only the [`Model`] they hand in.
//!
//! Deliberately not here: comparing, repeating over processes and printing tables, which is `cargo xtask bench`'s.
//! The allocator is the system's on both sides and nothing is returned to it by hand (no `malloc_trim`).

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How often one process decodes or encodes; it reports its best, since whatever else runs can only slow it down.
const ROUNDS: usize = 5;

/// How one library reads and writes a list of pods.
pub trait Model {
    /// What the library's own `list` call gives to its users.
    type List;
    fn decode(json: &[u8]) -> Self::List;
    fn encode(list: &Self::List) -> Vec<u8>;
    fn items(list: &Self::List) -> usize;
}

/// Runs `decode FILE`, `encode FILE` or `memory FILE` and prints one line of JSON.
pub fn main<M: Model>() {
    let empty = resident_bytes();
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(file)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: decode|encode|memory FILE");
        std::process::exit(2);
    };
    let json = std::fs::read(&file).unwrap_or_else(|error| {
        eprintln!("cannot read {file}: {error}; `cargo xtask bench --only decode` writes it");
        std::process::exit(1);
    });
    match what.as_str() {
        "decode" => {
            let mut items = 0;
            let best = best_of(|| {
                let start = Instant::now();
                let list = M::decode(black_box(&json));
                let took = start.elapsed();
                items = M::items(&list);
                took // the list is dropped outside the measured time
            });
            println!("{{\"seconds\":{},\"items\":{items}}}", best.as_secs_f64());
        }
        "encode" => {
            let list = M::decode(&json);
            let items = M::items(&list);
            let mut written = 0;
            let best = best_of(|| {
                let start = Instant::now();
                let text = M::encode(black_box(&list));
                let took = start.elapsed();
                written = text.len();
                took
            });
            println!("{{\"seconds\":{},\"items\":{items},\"written\":{written}}}", best.as_secs_f64());
        }
        "memory" => {
            let list = M::decode(&json);
            drop(json);
            let held = resident_bytes().saturating_sub(empty);
            println!("{{\"bytes\":{held},\"items\":{}}}", M::items(&list));
        }
        other => {
            eprintln!("unknown measurement {other:?}: decode, encode or memory");
            std::process::exit(2);
        }
    }
}

fn best_of(mut round: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| round()).min().expect("at least one round")
}

/// The resident set in bytes, from the second number of `/proc/self/statm`, which counts pages of 4 KiB here.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("memory is measured on Linux only");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("the second number of /proc/self/statm") * 4096
}
