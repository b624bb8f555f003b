//! `resources.tsv` from the aggregated discovery, and `deprecations.tsv` from the warnings that lists come with.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use serde_json::Value;

use super::ask::{RENEW, Real, rows};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Which resources a server without flags serves cannot be asked of one that has them: known ones keep what the old table says, of new
/// ones those of stable versions are served.
pub(crate) async fn table(real: &Real, old: &str) -> String {
    let stages: HashMap<String, &str> = old
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            Some((cells.get(..3)?.join("\t"), *cells.get(7)?))
        })
        .collect();
    let definitions =
        real.json("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/json").await;
    let custom: BTreeSet<&str> = definitions["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["spec"]["group"].as_str())
        .collect();
    let mut out = format!(
        "# The built-in resources of Kubernetes 1.37.1, one line each, in the order of discovery: what a kube-apiserver serves with every API on.\n{RENEW}# group\tversion\tresource\tkind\tkind's group/version where it differs\tsingular\tN(amespaced) C(luster)\tdefault|gated\tverbs\tshort names\tcategories\n"
    );
    for root in ["/api", "/apis"] {
        let found = real.json(root, AGGREGATED).await;
        for group in found["items"].as_array().into_iter().flatten() {
            let name = text(&group["metadata"]["name"]);
            if custom.contains(name) {
                continue;
            }
            for version in group["versions"].as_array().into_iter().flatten() {
                let of = (name, text(&version["version"]));
                for resource in version["resources"].as_array().into_iter().flatten() {
                    lines(resource, of, &stages, &mut out);
                }
            }
        }
    }
    out
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn words(value: &Value) -> String {
    let all: Vec<&str> = value.as_array().into_iter().flatten().map(text).collect();
    all.join(",")
}

fn lines(resource: &Value, of: (&str, &str), stages: &HashMap<String, &str>, out: &mut String) {
    let (group, version) = of;
    let plural = text(&resource["resource"]);
    let scope = if resource["scope"] == "Namespaced" { "N" } else { "C" };
    let stable = !version.contains("alpha") && !version.contains("beta");
    let mut line = |name: &str, it: &Value, singular: &str| {
        let kind = &it["responseKind"];
        let home = (text(&kind["group"]), text(&kind["version"]));
        let foreign =
            if home.1.is_empty() || home == of { String::new() } else { format!("{}/{}", home.0, home.1) };
        let known = stages.get(&format!("{group}\t{version}\t{name}")).copied();
        let stage = known.unwrap_or(if stable { "default" } else { "gated" });
        let (kind, verbs) = (text(&kind["kind"]), words(&it["verbs"]));
        let (short, categories) = (words(&it["shortNames"]), words(&it["categories"]));
        let _ = writeln!(
            out,
            "{group}\t{version}\t{name}\t{kind}\t{foreign}\t{singular}\t{scope}\t{stage}\t{verbs}\t{short}\t{categories}"
        );
    };
    line(plural, resource, text(&resource["singularResource"]));
    for it in resource["subresources"].as_array().into_iter().flatten() {
        line(&format!("{plural}/{}", text(&it["subresource"])), it, "");
    }
}

pub(crate) async fn deprecations(real: &Real, resources: &str) -> String {
    let mut out = format!(
        "# What Kubernetes 1.37.1 says of deprecated versions, in a Warning header of every answer: group, version, resource, words.\n{RENEW}"
    );
    for row in rows(resources).iter().filter(|it| it.can_list()) {
        let answer = real.ask("GET", &format!("{}?limit=1", row.path()), "application/json", "").await;
        for (_, value) in answer.headers.iter().filter(|it| it.0.eq_ignore_ascii_case("warning")) {
            if let Some(words) = value.strip_prefix("299 - \"").and_then(|it| it.strip_suffix('"')) {
                let _ = writeln!(out, "{}\t{}\t{}\t{words}", row.group, row.version, row.resource);
            }
        }
    }
    out
}
