//! `/healthz`, `/livez` and `/readyz`, as a whole and check by check. Everything is always well.

use crate::request::Incoming;

/// The checks of an endpoint, in their order.
fn checks(endpoint: &str) -> impl Iterator<Item = &'static str> {
    let other = if endpoint == "readyz" { "live" } else { "ready" };
    let lines = include_str!("../data/health.tsv").lines().filter(|it| !it.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t')).filter(move |(_, when)| *when != other).map(|it| it.0)
}

/// What an endpoint says, and whether it is a report; `None` where there is no such check.
pub(crate) fn answer(incoming: &Incoming) -> Option<(String, bool)> {
    let path = incoming.path.strip_prefix('/')?;
    let (endpoint, check) = path.split_once('/').unwrap_or((path, ""));
    if !matches!(endpoint, "healthz" | "livez" | "readyz") {
        return None;
    }
    if path.contains('/') {
        return checks(endpoint).any(|it| it == check).then(|| ("ok".to_owned(), false));
    }
    if !incoming.query.has("verbose") {
        return Some(("ok".to_owned(), true));
    }
    let mut unknown: Vec<&str> = incoming.query.all("exclude").iter().map(String::as_str).collect();
    unknown.sort_unstable();
    unknown.dedup();
    let mut out = String::new();
    for check in checks(endpoint) {
        let excluded = unknown.contains(&check);
        unknown.retain(|it| *it != check);
        out.push_str(&format!("[+]{check} {}ok\n", if excluded { "excluded: " } else { "" }));
    }
    if !unknown.is_empty() {
        let unknown: Vec<String> = unknown.iter().map(|it| format!("\"{it}\"")).collect();
        out.push_str(&format!(
            "warn: some health checks cannot be excluded: no matches for {}\n",
            unknown.join(", ")
        ));
    }
    Some((format!("{out}{endpoint} check passed\n"), true))
}
