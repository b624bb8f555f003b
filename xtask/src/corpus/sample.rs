//! Choosing a few CRDs of many, for variety, by a rule that gives the same ones each time.
//!
//! Each construct that is hard for generators, each order of size and each scope is a class. The classes take turns, and
//! each takes the one CRD that it has, not yet chosen, of a project that was chosen least; among those one with objects;
//! among those the one with the lowest SHA-256 of `GROUP/KIND`. So adding a CRD to a corpus moves few others.

use std::collections::BTreeMap;
use std::path::Path;

use super::folder::{Crd, Object};
use crate::failure::Result;
use crate::files;

/// What a CRD says where it has the construct. Text is enough to tell: a description that says it too does no harm.
const CONSTRUCTS: [&str; 26] = [
    "x-kubernetes-preserve-unknown-fields: true",
    "x-kubernetes-int-or-string: true",
    "x-kubernetes-embedded-resource: true",
    "x-kubernetes-list-type: map",
    "x-kubernetes-validations:",
    "additionalProperties: true",
    "nullable: true",
    "default: {}",
    "default: [",
    "- \"\"",
    "enum:",
    "oneOf:",
    "anyOf:",
    "allOf:",
    "not:",
    "format: byte",
    "format: double",
    "format: date-time",
    "format: int64",
    "type: number",
    "topologySpreadConstraints:",
    "matchExpressions:",
    " ref:",
    " self:",
    "scale:",
    "scope: Cluster",
];

/// Upper ends of the orders of size, in bytes.
const SIZES: [u64; 5] = [4 << 10, 16 << 10, 64 << 10, 256 << 10, u64::MAX];

/// The indices of `count` CRDs, in their order.
pub(crate) fn choose(folder: &Path, crds: &[Crd], count: usize) -> Result<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = vec![Vec::new(); CONSTRUCTS.len() + SIZES.len() + 1];
    for (index, crd) in crds.iter().enumerate() {
        let text = files::read_text(&folder.join(&crd.file))?;
        for class in classes_of(crd, &text) {
            classes[class].push(index);
        }
    }
    let mut chosen = turns(crds, &classes, count);
    chosen.sort_unstable();
    Ok(chosen)
}

fn classes_of(crd: &Crd, text: &str) -> Vec<usize> {
    let constructs = CONSTRUCTS.iter().enumerate().filter(|(_, construct)| text.contains(**construct));
    let mut found: Vec<usize> = constructs.map(|(index, _)| index).collect();
    let size = SIZES.iter().position(|most| crd.bytes <= *most).unwrap_or_default();
    found.push(CONSTRUCTS.len() + size);
    if text.matches("openAPIV3Schema:").count() > 1 {
        found.push(CONSTRUCTS.len() + SIZES.len());
    }
    found
}

fn turns(crds: &[Crd], classes: &[Vec<usize>], count: usize) -> Vec<usize> {
    let hashes: Vec<String> = crds.iter().map(|crd| files::sha256(crd.title().as_bytes())).collect();
    let mut chosen: Vec<usize> = Vec::new();
    let mut projects: BTreeMap<&str, usize> = BTreeMap::new();
    loop {
        let before = chosen.len();
        for class in classes {
            if chosen.len() >= count {
                return chosen;
            }
            let free = class.iter().filter(|index| !chosen.contains(index));
            let best = free.min_by_key(|index| {
                let crd = &crds[**index];
                let used = projects.get(crd.project()).copied().unwrap_or_default();
                (used, !crd.objects.iter().any(Object::is_clean), &hashes[**index])
            });
            if let Some(&best) = best {
                *projects.entry(crds[best].project()).or_default() += 1;
                chosen.push(best);
            }
        }
        if chosen.len() == before {
            return chosen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crd(project: &str, kind: &str, bytes: u64) -> Crd {
        Crd {
            file: format!("crds/{project}/{kind}.yaml"),
            group: "acme.io".to_owned(),
            kind: kind.to_owned(),
            bytes,
            nonstructural: String::new(),
            objects: Vec::new(),
        }
    }

    #[test]
    fn a_sample_has_something_of_each_class_and_many_projects() {
        let mut crds: Vec<Crd> = (0..50).map(|n| crd("big", &format!("Kind{n}"), 100)).collect();
        crds.push(crd("small", "Nullable", 100));
        crds.push(crd("large", "Large", 100 << 10));
        let mut classes = vec![Vec::new(); CONSTRUCTS.len() + SIZES.len() + 1];
        for (index, crd) in crds.iter().enumerate() {
            let text = if crd.kind == "Nullable" { "nullable: true" } else { "type: object" };
            for class in classes_of(crd, text) {
                classes[class].push(index);
            }
        }
        let chosen = turns(&crds, &classes, 4);
        assert_eq!(chosen.len(), 4);
        assert!(chosen.contains(&50) && chosen.contains(&51), "{chosen:?}");
        assert_eq!(chosen, turns(&crds, &classes, 4), "the same each time");
    }

    #[test]
    fn a_sample_larger_than_the_corpus_is_all_of_it() {
        let crds = [crd("a", "A", 1), crd("b", "B", 1)];
        let classes: Vec<Vec<usize>> = vec![vec![0, 1]];
        assert_eq!(turns(&crds, &classes, 60).len(), 2);
    }
}
