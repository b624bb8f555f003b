//! `health.tsv`: the checks of `/livez` and `/readyz`, in one order.

use std::fmt::Write as _;

use super::ask::{RENEW, Real};

async fn checks(real: &Real, endpoint: &str) -> Vec<String> {
    let report = real.text(&format!("/{endpoint}?verbose")).await;
    let check = |line: &str| Some(line.strip_prefix("[+]")?.strip_suffix(" ok")?.to_owned());
    report.lines().filter_map(check).collect()
}

pub(crate) async fn table(real: &Real) -> String {
    let (live, ready) = (checks(real, "livez").await, checks(real, "readyz").await);
    let mut out = format!(
        "# The health checks of Kubernetes 1.37.1 in their order, and whether /livez and /healthz, /readyz or both make them.\n{RENEW}"
    );
    let mut rest = ready.iter().peekable();
    for check in &live {
        if !ready.contains(check) {
            let _ = writeln!(out, "{check}\tlive");
            continue;
        }
        while let Some(other) = rest.next().filter(|it| *it != check) {
            let _ = writeln!(out, "{other}\tready");
        }
        let _ = writeln!(out, "{check}\tboth");
    }
    for other in rest {
        let _ = writeln!(out, "{other}\tready");
    }
    out
}
