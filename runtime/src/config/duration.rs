//! Durations as flags and kubeconfigs write them: what Go's `time.ParseDuration` takes, and bare seconds.

use std::time::Duration;

/// A duration as flags give it: bare seconds, or numbers with units (`h`, `m`, `s`, `ms`, `us`, `ns`).
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let fail = || format!("{text:?} is not a duration: write seconds (`30`) or units (`1m30s`)");
    if text.is_empty() {
        return Err(fail());
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map(Duration::from_secs).map_err(|_| fail());
    }
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text;
    let mut total = 0_f64;
    while !rest.is_empty() {
        let units = rest.trim_start_matches(is_number);
        let number = rest.strip_suffix(units).unwrap_or_default();
        let number: f64 = number.parse().map_err(|_| fail())?;
        rest = units.trim_start_matches(|c| !is_number(c));
        let seconds = match units.strip_suffix(rest).unwrap_or_default() {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(fail()),
        };
        total += number * seconds;
    }
    Duration::try_from_secs_f64(total).map_err(|_| fail())
}
