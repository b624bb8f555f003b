//! The CustomResourceDefinitions behind the kinds, as string constants: one file a kind in `crds` beside the versions
//! of its group. The text is JSON in which every character is visible; their other facts are a table beside the kind.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Literal;
use serde_json::Value;

use super::file::{Header, Items, printable};
use super::scope::Scope;
use super::{Home, Settings};
use crate::FileSet;
use crate::ir::{Api, Manifest, Module};
use crate::names;
use crate::text::is_hidden;

/// How long a line of the manifest may be.
const WIDTH: usize = 100;

/// Emits the manifests of all groups.
pub(super) fn run(api: &Api, settings: &Settings<'_>, files: &mut FileSet) {
    let groups: BTreeSet<&str> =
        api.crds.iter().filter(|crd| !crd.versions.is_empty()).map(|crd| crd.group.as_str()).collect();
    for group in groups {
        let mut text = String::new();
        for (crd, file) in files_of(api, group) {
            text.push_str(&gate(api, crd, settings));
            text.push_str(&format!("mod {file};\n"));
            text.push_str(&gate(api, crd, settings));
            text.push_str(&format!("pub(crate) use self::{file}::{};\n", constant_of(&file)));
            let header = Header {
                by: settings.by,
                source: &crd.place.source,
                what: format!("The CustomResourceDefinition of {}.", printable(&crd.kind)),
            };
            let literal = raw(&json(&crd.value));
            let item = format!("pub(crate) const {}: &str = {literal};", constant_of(&file));
            let mut items = Items::default();
            items.push_text(item);
            let path = settings.home.file(&format!("{group}/crds/{file}.rs"));
            files.insert(path, items.finish(&header, ""));
        }
        let header = Header {
            by: settings.by,
            source: settings.source_of_group(api, group),
            what: "The CustomResourceDefinitions of the group, as JSON.".to_owned(),
        };
        let path = settings.home.file(&format!("{group}/crds/mod.rs"));
        files.insert(path, Items::default().finish(&header, &text));
    }
}

/// `custom_resource! { Widget { crd super::super::crds::WIDGET; … } }`, for a kind that a CRD defines.
pub(super) fn custom_resource(api: &Api, module: &Module, id: &str, scope: &mut Scope<'_>) -> Option<String> {
    let name = &api.types.get(id)?.name;
    let (crd, version, file) = files_of(api, &module.group).into_iter().find_map(|(crd, file)| {
        crd.versions.iter().find(|version| version.ty == id).map(|version| (crd, version, file))
    })?;
    scope.use_macro("custom_resource");
    let mut text = format!("custom_resource! {{\n    {name} {{\n");
    let mut row = |row: String| text.push_str(&format!("        {row};\n"));
    let literals =
        |texts: &[String]| texts.iter().map(|text| format!(" {}", literal(text))).collect::<String>();
    row(format!("crd {}::{}", scope.in_group("crds"), constant_of(&file)));
    row(format!("singular {}", literal(&crd.singular)));
    row(format!("list_kind {}", literal(&crd.list_kind)));
    row(format!("short_names{}", literals(&crd.short_names)));
    row(format!("categories{}", literals(&crd.categories)));
    row(format!("storage_version {}", literal(&crd.storage)));
    for column in &version.columns {
        let facts = [&column.name, &column.kind, &column.path].map(|fact| literal(fact)).join(" ");
        let mut line = format!("column {facts}");
        for (word, text) in [("format", &column.format), ("description", &column.description)] {
            if !text.is_empty() {
                line.push_str(&format!(" {word}({})", literal(text)));
            }
        }
        match i32::try_from(column.priority) {
            Ok(priority) if priority > 0 => line.push_str(&format!(" priority({priority})")),
            _ => {}
        }
        row(line);
    }
    text.push_str("    }\n}");
    Some(text)
}

fn literal(text: &str) -> String {
    Literal::string(text).to_string()
}

/// The manifests of a group and the names of their files.
pub(super) fn files_of<'a>(api: &'a Api, group: &str) -> Vec<(&'a Manifest, String)> {
    let mut taken = BTreeSet::from(["mod".to_owned()]);
    let mut files = Vec::new();
    for crd in api.crds.iter().filter(|crd| crd.group == group && !crd.versions.is_empty()) {
        let mut file = names::file_safe(names::snake(&crd.kind, &Default::default()));
        if !names::is_identifier(&file) {
            file = "kind".to_owned();
        }
        while !taken.insert(file.clone()) {
            file.push('_');
        }
        files.push((crd, file));
    }
    files
}

/// The constant in a file.
pub(super) fn constant_of(file: &str) -> String {
    file.to_ascii_uppercase()
}

/// In the crate `clientset` a manifest is there where one of its versions is.
fn gate(api: &Api, crd: &Manifest, settings: &Settings<'_>) -> String {
    let modules: BTreeMap<String, ()> = crd
        .versions
        .iter()
        .filter_map(|version| api.types.get(&version.ty))
        .map(|ty| (format!("feature = \"{}\"", ty.module.feature()), ()))
        .collect();
    let features: Vec<String> = modules.into_keys().collect();
    match (settings.home, features.as_slice()) {
        (Home::Package, _) | (_, []) => String::new(),
        (Home::Crate, [only]) => format!("#[cfg({only})]\n"),
        (Home::Crate, _) => format!("#[cfg(any({}))]\n", features.join(", ")),
    }
}

/// A raw string literal, with as many signs around it as its text needs.
fn raw(text: &str) -> String {
    let mut signs = 1;
    let mut run = 0;
    for letter in text.chars() {
        run = match letter {
            '"' => 1,
            '#' if run > 0 => run + 1,
            _ => 0,
        };
        signs = signs.max(run);
    }
    let signs = "#".repeat(signs);
    format!("r{signs}\"{text}\"{signs}")
}

/// JSON on few lines, in a form in which differences can be read: what fits on a line stands on one.
fn json(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, depth: usize, out: &mut String) {
    let start = out.len();
    if short(value, out, WIDTH.saturating_sub(depth)) {
        return;
    }
    out.truncate(start);
    let indent = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth));
    };
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                indent(depth + 1, out);
                write(item, depth + 1, out);
            }
            indent(depth, out);
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                indent(depth + 1, out);
                string(key, out);
                out.push_str(": ");
                write(item, depth + 1, out);
            }
            indent(depth, out);
            out.push('}');
        }
        scalar => {
            short(scalar, out, usize::MAX);
        }
    }
}

/// Writes a value on one line; says whether it fits.
fn short(value: &Value, out: &mut String, width: usize) -> bool {
    let limit = out.len().saturating_add(width);
    fn go(value: &Value, out: &mut String, limit: usize) -> bool {
        match value {
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    if !go(item, out, limit) {
                        return false;
                    }
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, (key, item)) in members.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    string(key, out);
                    out.push_str(": ");
                    if !go(item, out, limit) {
                        return false;
                    }
                }
                out.push('}');
            }
            Value::String(text) => string(text, out),
            scalar => out.push_str(&scalar.to_string()),
        }
        out.len() <= limit
    }
    go(value, out, limit)
}

/// A JSON string in which every letter that a reader of the source could not see is escaped.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if is_hidden(letter) => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_literals_hold_every_text() {
        for text in ["", "a", "\"", "\"#", "a\"##\"#b", "#####", "\"\"###"] {
            let literal: syn::LitStr = syn::parse_str(&raw(text)).unwrap();
            assert_eq!(literal.value(), text);
        }
    }

    #[test]
    fn manifests_are_json_that_can_be_read_line_by_line() {
        let value = serde_json::json!({
            "a": "x\u{202e}y\u{0}\u{e0041}\"\\\n", "b": [1, 2.5, null, true, {}, []], "c": {"d": "e".repeat(120)}
        });
        let text = json(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(
            text.contains("\n \"b\": [1, 2.5, null, true, {}, []],\n \"c\": {\n  \"d\": \"eee"),
            "{text}"
        );
        assert!(text.chars().all(|letter| letter == '\n' || !is_hidden(letter)), "{text}");
    }
}
