//! What this process has used so far: CPU seconds, and memory at its highest. Linux tells; elsewhere nothing is known.

use std::fs;

/// The highest resident set so far, in MiB.
pub(crate) fn peak_mib() -> Option<u64> {
    parse_peak(&fs::read_to_string("/proc/self/status").ok()?)
}

/// User and system seconds of this process, without its children.
pub(crate) fn cpu_seconds() -> Option<f64> {
    parse_cpu(&fs::read_to_string("/proc/self/stat").ok()?)
}

fn parse_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

/// Sums `utime` and `stime`, the 14th and 15th fields, in ticks of 10 ms. The second field is a name in parentheses.
fn parse_cpu(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_tables_are_read() {
        assert_eq!(parse_peak("Name:\tx\nVmHWM:\t  524288 kB\n"), Some(512));
        assert_eq!(parse_cpu("42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 15 16"), Some(3.0));
        assert_eq!(parse_peak(""), None);
        assert_eq!(parse_cpu(""), None);
    }
}
