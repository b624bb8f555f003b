//! names.toml as text: what people wrote above the mark stays, the pins below it are written anew.

use std::collections::BTreeMap;

use crate::Source;
use crate::pass::Pins;

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
    for (name, table) in [("types", &pins.types), ("enums", &pins.enums), ("clients", &pins.clients)] {
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
