//! The result of a run: medians, the one table on standard output and `target/bench.json`.

use std::fmt::Write;

use serde::Serialize;

use crate::failure::{Context, Result};
use crate::{files, workspace};

/// One line of the table: ours beside one peer. Smaller is better.
#[derive(Serialize)]
pub(super) struct Row {
    name: &'static str,
    ours: f64,
    peer: f64,
    peer_name: &'static str,
    unit: &'static str,
    /// peer / ours.
    ratio: f64,
    samples: Samples,
    /// The ratio that the project asks of itself.
    #[serde(skip)]
    bar: Option<f64>,
}

#[derive(Serialize)]
struct Samples {
    ours: Vec<f64>,
    peer: Vec<f64>,
}

impl Row {
    /// Compares the medians of two series.
    pub(super) fn new(
        name: &'static str,
        unit: &'static str,
        ours: &[f64],
        (peer_name, peer): (&'static str, &[f64]),
        bar: Option<f64>,
    ) -> Self {
        let samples = Samples { ours: ours.to_vec(), peer: peer.to_vec() };
        let (ours, peer) = (median(ours), median(peer));
        Self { name, ours, peer, peer_name, unit, ratio: peer / ours, samples, bar }
    }
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => (sorted[even / 2 - 1] + sorted[even / 2]) / 2.0,
    }
}

/// Prints the table and writes the file.
pub(super) fn finish(rows: &[Row]) -> Result<()> {
    let path = workspace::path("target/bench.json");
    let text =
        serde_json::to_string_pretty(rows).context(|| "cannot write the results as JSON".to_owned())?;
    files::write_if_changed(&path, format!("{text}\n").as_bytes())?;
    print!("{}", table(rows));
    println!("every sample: {}", workspace::shown(&path));
    Ok(())
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![["what", "ours", "peer", "", "unit", "peer/ours", "bar", ""].map(str::to_owned)];
    for row in rows {
        let verdict = match row.bar {
            Some(bar) if row.ratio >= bar => "ok",
            Some(_) => "BELOW",
            None => "",
        };
        lines.push([
            row.name.to_owned(),
            figure(row.ours),
            figure(row.peer),
            row.peer_name.to_owned(),
            row.unit.to_owned(),
            format!("{:.2}", row.ratio),
            row.bar.map_or_else(String::new, |bar| format!("{bar:.2}")),
            verdict.to_owned(),
        ]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        let mut shown = String::new();
        for (column, cell) in line.iter().enumerate() {
            // Figures stand right, words stand left. Writing to a String cannot fail.
            let width = widths[column];
            let _ = match column {
                1 | 2 | 5 | 6 => write!(shown, "{cell:>width$}  "),
                _ => write!(shown, "{cell:<width$}  "),
            };
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

/// Three digits that matter, and no fraction where the figure is large.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_the_sorted_samples() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn a_row_below_its_bar_is_marked() {
        let row = |ours: f64| Row::new("decode", "s", &[ours], ("kube", &[0.4]), Some(3.0));
        assert!(table(&[row(0.1)]).trim_end().ends_with("ok"));
        assert!(table(&[row(0.2)]).trim_end().ends_with("BELOW"));
    }

    #[test]
    fn the_file_has_the_agreed_members() {
        let row = Row::new("decode", "s", &[0.1], ("kube", &[0.3]), Some(3.0));
        let value = serde_json::to_value(row).expect("a row is plain data");
        // Whether objects keep their order is a feature of serde_json that any crate in the build can switch on.
        let mut members: Vec<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["name", "ours", "peer", "peer_name", "ratio", "samples", "unit"]);
    }
}
