//! names.toml as text: what people wrote above the mark stays, the pins below it are written anew.

use std::collections::BTreeMap;

use crate::Source;
use crate::ir::id;
use crate::pass::Pins;
use crate::spec::tables::Names;

/// The names of types of CRDs that the table pins, by id. Their module is that of their version.
pub(crate) fn nested(names: &Names) -> BTreeMap<String, String> {
    let pinned = names.types.iter().chain(&names.enums).filter(|(id, _)| id::is_custom(id));
    pinned.map(|(id, path)| (id.clone(), path.rsplit("::").next().unwrap_or(path).to_owned())).collect()
}

const MARK: &str =
    "# @generated from here on: every name that was ever given. A row that is changed by hand holds.";

/// The table with all names.
pub(crate) fn write(source: &Source, pins: &Pins) -> String {
    let text = String::from_utf8_lossy(&source.bytes);
    let by_hand = text.find("# @generated").map_or(text.as_ref(), |at| &text[..at]).trim_end();
    let mut out = String::new();
    if !by_hand.is_empty() {
        out.push_str(by_hand);
        out.push_str("\n\n");
    }
    out.push_str(MARK);
    out.push('\n');
    let mut types = pins.types.clone();
    types.extend(pins.nested.iter().map(|(id, (module, name))| (id.clone(), format!("{module}::{name}"))));
    for (name, table) in [("types", &types), ("enums", &pins.enums), ("clients", &pins.clients)] {
        section(&mut out, name, table);
    }
    out
}

fn section(out: &mut String, name: &str, table: &BTreeMap<String, String>) {
    if table.is_empty() {
        return;
    }
    out.push_str(&format!("\n[{name}]\n"));
    for (key, value) in table {
        out.push_str(&format!("{} = {}\n", quote(key), quote(value)));
    }
}

fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
