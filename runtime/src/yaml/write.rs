//! YAML as Kubernetes' tools write it: mappings and lists in blocks, texts plain where nobody can read them as anything
//! else and in quotes everywhere else. Deliberately without comments, anchors and styles: a tree does not know them.

use std::fmt::Write;

use granit_parser::ScalarStyle;

use super::{Node, Value, scalar};

/// The text of a document; reading it gives the same tree.
pub(crate) fn write(node: &Node) -> String {
    let mut text = String::new();
    match &node.value {
        Value::Map(members) if !members.is_empty() => mapping(&mut text, members, 0, false),
        Value::List(items) if !items.is_empty() => list(&mut text, items, 0),
        value => {
            leaf(&mut text, value);
            text.push('\n');
        }
    }
    text
}

/// `depth` levels of two blanks; the first line is indented already where it stands behind the dash of an item.
fn mapping(text: &mut String, members: &[(String, Node)], depth: usize, mut begun: bool) {
    for (key, node) in members {
        if !std::mem::take(&mut begun) {
            indent(text, depth);
        }
        string(text, key);
        text.push(':');
        match &node.value {
            Value::Map(members) if !members.is_empty() => {
                text.push('\n');
                mapping(text, members, depth + 1, false);
            }
            // As kubectl writes them: the dashes of a list stand below the key.
            Value::List(items) if !items.is_empty() => {
                text.push('\n');
                list(text, items, depth);
            }
            value => {
                text.push(' ');
                leaf(text, value);
                text.push('\n');
            }
        }
    }
}

fn list(text: &mut String, items: &[Node], depth: usize) {
    for node in items {
        indent(text, depth);
        text.push('-');
        match &node.value {
            Value::Map(members) if !members.is_empty() => {
                text.push(' ');
                mapping(text, members, depth + 1, true);
            }
            Value::List(items) if !items.is_empty() => {
                text.push('\n');
                list(text, items, depth + 1);
            }
            value => {
                text.push(' ');
                leaf(text, value);
                text.push('\n');
            }
        }
    }
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn leaf(text: &mut String, value: &Value) {
    let _ = match value {
        Value::Null => write!(text, "null"),
        Value::Bool(value) => write!(text, "{value}"),
        Value::Number(number) => write!(text, "{number}"),
        Value::String(value) => {
            string(text, value);
            Ok(())
        }
        Value::List(_) => write!(text, "[]"),
        Value::Map(_) => write!(text, "{{}}"),
    };
}

fn string(text: &mut String, value: &str) {
    if is_plain(value) {
        text.push_str(value);
        return;
    }
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            ' '..='~' => text.push(c),
            c if c.is_alphanumeric() => text.push(c),
            // Line separators, marks and whatever else YAML does not let stand, or an editor does not show.
            c => {
                let code = u32::from(c);
                let _ =
                    if code > 0xffff { write!(text, "\\U{code:08X}") } else { write!(text, "\\u{code:04X}") };
            }
        }
    }
    text.push('"');
}

/// Whether every reader takes this for text without quotes. Whatever begins like a number or a date is not asked.
fn is_plain(value: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '_';
    let other = |c: char| c.is_ascii_alphanumeric() || "/_-.:@+=~,".contains(c);
    value.starts_with(first)
        && value.chars().all(other)
        && !value.ends_with(':')
        && matches!(scalar(value.into(), ScalarStyle::Plain, None), Value::String(_))
}
