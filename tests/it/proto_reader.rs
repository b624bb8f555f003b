//! A reader of the .proto files for tests: messages, their fields and numbers, line by line. It knows no more of the
//! language than those files use, and shares nothing with the generator's reader.

use std::collections::BTreeMap;

use crate::spec_reader::root;

/// One field of a message.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) number: u32,
    /// The type with its package, or a plain word: `string`, `map`.
    pub(crate) of: String,
}

/// Messages by package and name: `k8s.io.api.core.v1.Pod`.
pub(crate) fn messages() -> BTreeMap<String, Vec<Field>> {
    let mut messages = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("specs/proto")).expect("specs/proto is there") {
        let text = std::fs::read_to_string(entry.expect("it can be read").path()).expect("a file is text");
        read(&text, &mut messages);
    }
    messages
}

fn read(text: &str, messages: &mut BTreeMap<String, Vec<Field>>) {
    let (mut package, mut open) = (String::new(), None);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        let words: Vec<&str> = line.trim_end_matches(['{', '}', ';', ' ']).split_whitespace().collect();
        match words[..] {
            ["package", name] => package = name.to_owned(),
            ["message", name] => {
                let name = format!("{package}.{name}");
                messages.insert(name.clone(), Vec::new());
                open = (!line.ends_with('}')).then_some(name);
            }
            [] if line == "}" => open = None,
            [.., name, "=", number] if open.is_some() => {
                let of = match words[..] {
                    ["optional" | "repeated", of, ..] => of,
                    _ => "map",
                };
                let of = of.trim_start_matches('.');
                let local = of.starts_with(char::is_uppercase);
                messages.entry(open.clone().expect("looked at above")).or_default().push(Field {
                    name: name.to_owned(),
                    number: number.parse().expect("a number"),
                    of: if local { format!("{package}.{of}") } else { of.to_owned() },
                });
            }
            _ => {}
        }
    }
}
