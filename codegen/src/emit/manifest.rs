//! The sections of hand-written files that the generator keeps: the features in Cargo.toml, the module tree in
//! lib.rs. Everything outside the marks stays as it is.

use std::collections::BTreeMap;

use super::Settings;
use crate::diag::{Code, Place, Report};
use crate::ir::{Api, Module};
use crate::{FileSet, Source};

/// Rewrites both sections.
pub(super) fn run(api: &Api, settings: &Settings<'_>, files: &mut FileSet, report: &mut Report) {
    if let Some(source) = settings.manifest
        && let Some(text) = replace(source, "#", &features(api, settings, report), report)
    {
        files.insert("Cargo.toml".to_owned(), text);
    }
    if let Some(source) = settings.root
        && let Some(text) = replace(source, "//", &modules(api), report)
    {
        files.insert("src/lib.rs".to_owned(), text);
    }
}

/// Replaces what stands between `@generated begin` and `@generated end`.
fn replace(source: &Source, comment: &str, section: &str, report: &mut Report) -> Option<String> {
    let text = String::from_utf8_lossy(&source.bytes);
    let (begin, end) = (format!("{comment} @generated begin"), format!("{comment} @generated end"));
    let start = text.find(&begin).and_then(|at| Some(at + text[at..].find('\n')? + 1));
    let stop = start.and_then(|start| Some(start + text[start..].find(&end)?));
    let (Some(start), Some(stop)) = (start, stop) else {
        let what = format!("the lines `{begin}` and `{end}` are missing");
        report.error(
            Code::NoMarks,
            &Place::new(&source.name, ""),
            what,
            "put them around the section that is generated",
        );
        return None;
    };
    Some(format!("{}{section}{}", &text[..start], &text[stop..]))
}

fn features(api: &Api, settings: &Settings<'_>, report: &mut Report) -> String {
    let gated: Vec<&Module> =
        api.versions.iter().filter(|(_, version)| version.gated).map(|(module, _)| module).collect();
    let mut features: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for module in &gated {
        let dependencies = &api.versions[*module].dependencies;
        features.insert(module.feature(), dependencies.iter().map(Module::feature).collect());
    }
    for feature in &settings.config.default {
        if !features.contains_key(feature) {
            let place = Place::new("clientset.toml", "default");
            report.error(Code::BadTable, &place, format!("there is no feature `{feature}`"), "");
        }
    }
    let mut text = String::new();
    let mut row = |name: &str, needs: &[String]| {
        let quoted: Vec<String> = needs.iter().map(|need| format!("\"{need}\"")).collect();
        let line = format!("{name} = [{}]\n", quoted.join(", "));
        if line.len() <= 111 {
            text.push_str(&line);
            return;
        }
        text.push_str(&format!("{name} = [\n"));
        for need in quoted {
            text.push_str(&format!("    {need},\n"));
        }
        text.push_str("]\n");
    };
    row("default", &settings.config.default);
    row("all", &gated.iter().map(|module| module.feature()).collect::<Vec<_>>());
    for (feature, needs) in &features {
        row(feature, needs);
    }
    text
}

fn modules(api: &Api) -> String {
    let mut groups: BTreeMap<&str, Vec<(&Module, bool)>> = BTreeMap::new();
    for (module, version) in &api.versions {
        groups.entry(&module.group).or_default().push((module, version.gated));
    }
    let mut text = String::from("#[rustfmt::skip]\nmod clientset;\n");
    for (group, versions) in groups {
        let features: Vec<String> =
            versions.iter().map(|(module, _)| format!("feature = \"{}\"", module.feature())).collect();
        if versions.iter().all(|(_, gated)| *gated) {
            text.push_str(&match features.as_slice() {
                [only] => format!("#[cfg({only})]\n"),
                _ => format!("#[cfg(any({}))]\n", features.join(", ")),
            });
        }
        text.push_str(&format!("#[rustfmt::skip]\npub mod {group};\n"));
    }
    text.push_str("\npub use self::clientset::Clientset;\n");
    text
}
