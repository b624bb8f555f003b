//! The names that a type inside of a CRD could have, the shortest first. Knows nothing of which are free.

use std::collections::BTreeSet;

use super::names::is_type_name;
use super::reuse;
use super::tree::Tree;

/// Words that say too little to be a name by themselves, or to stand first in one.
const WEAK: &[&str] = &[
    "Args",
    "Attributes",
    "Base",
    "Common",
    "Config",
    "Configuration",
    "Content",
    "Data",
    "Default",
    "Defaults",
    "Details",
    "Element",
    "Elements",
    "Entry",
    "Field",
    "Format",
    "From",
    "General",
    "Global",
    "Info",
    "Input",
    "Item",
    "Key",
    "Kind",
    "Level",
    "List",
    "Metadata",
    "Method",
    "Mode",
    "Name",
    "Node",
    "Object",
    "Operation",
    "Operator",
    "Option",
    "Options",
    "Output",
    "Override",
    "Param",
    "Parameter",
    "Parameters",
    "Params",
    "Phase",
    "Policy",
    "Properties",
    "Property",
    "Protocol",
    "Reason",
    "Ref",
    "Reference",
    "Request",
    "Resource",
    "Response",
    "Result",
    "Role",
    "Rule",
    "Scope",
    "Selector",
    "Setting",
    "Settings",
    "Source",
    "Spec",
    "State",
    "Status",
    "Strategy",
    "Target",
    "Template",
    "To",
    "Type",
    "Unit",
    "Value",
    "Version",
];

/// Names of the runtime and of its user's prelude, which a type inside of a CRD leaves alone while it can.
const COMMON: &[&str] = &[
    "Bytes",
    "Client",
    "Clientset",
    "Config",
    "Error",
    "Event",
    "Future",
    "IntOrString",
    "Iterator",
    "List",
    "Map",
    "MicroTime",
    "Patch",
    "Quantity",
    "RawJson",
    "Resource",
    "Result",
    "Send",
    "Status",
    "Stream",
    "Sync",
    "Time",
    "UnknownFields",
    "Watch",
];

/// What is no name by itself.
pub(super) struct Weak(BTreeSet<String>);

impl Weak {
    /// Those above, and the names of the core types that stand for shapes of CRDs: people import both.
    pub(super) fn new() -> Weak {
        let words = WEAK.iter().chain(COMMON).map(|word| (*word).to_owned());
        Weak(words.chain(reuse::names()).collect())
    }

    fn is(&self, word: &str) -> bool {
        word.len() < 2 || self.0.contains(word)
    }
}

/// How many levels of candidates there are for what stands there.
pub(super) fn count(tree: &Tree, at: usize) -> usize {
    let depth = tree.nodes.get(at).map_or(0, |node| node.depth);
    2 * depth.max(2) + 1
}

/// The candidate of a level, if there is one: the word, parent and word, kind and word, kind, parent and word, and so
/// on up to the whole way. All types are at the same level at a time.
pub(super) fn candidate(tree: &Tree, at: usize, weak: &Weak, level: usize) -> Option<String> {
    let node = tree.nodes.get(at)?;
    let kind = node.kind.as_str();
    // From the kind downwards, without it.
    let mut way: Vec<&str> =
        tree.upwards(at).filter(|node| node.depth > 0).map(|node| node.word.as_str()).collect();
    way.reverse();
    if level + 1 == count(tree, at) {
        return with_kind(kind, &way);
    }
    let is_half_above = way.len() > 1 && matches!(way.first(), Some(&("Spec" | "Status")));
    let short = way.get(usize::from(is_half_above)..)?;
    let (length, has_kind) = match level {
        1 => (2, false),
        2 => (1, true),
        _ => (level / 2 + 1, level % 2 == 1),
    };
    let words = short.get(short.len().checked_sub(length)?..)?;
    if has_kind {
        return with_kind(kind, words);
    }
    let is_weak = words.first().is_none_or(|first| weak.is(first));
    Some(join(words)).filter(|name| !is_weak && is_type_name(name))
}

fn with_kind(kind: &str, words: &[&str]) -> Option<String> {
    let mut all = vec![kind];
    all.extend(words);
    Some(join(&all)).filter(|name| is_type_name(name))
}

/// The words as one; a word that repeats the one before it stands for both: `Volume`, `VolumeMount` is `VolumeMount`.
fn join(words: &[&str]) -> String {
    let mut joined = String::new();
    let mut last = "";
    for word in words {
        let repeats = !last.is_empty()
            && word
                .strip_prefix(last)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_lowercase()));
        if repeats {
            joined.truncate(joined.len() - last.len());
        }
        joined.push_str(word);
        last = word;
    }
    joined
}
