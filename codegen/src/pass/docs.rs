//! Descriptions to documentation comments: clean Markdown that rustdoc takes without a warning and in which nothing
//! is a doctest, the first sentence on its own, wrapped; what a server checks stands below. Knows nothing of what is
//! described.

use crate::ir::{Api, Shape};
use crate::text;

/// Where documentation is wrapped, with the `///` and the indent of a field counted in.
const WIDTH: usize = 102;
/// How many sentences about what is checked, and how many bytes of them, still read well as one paragraph.
const SENTENCES: usize = 5;
const BYTES: usize = 300;

pub(super) fn run(api: &mut Api) {
    for ty in api.types.values_mut().filter(|ty| !ty.external) {
        ty.docs = lines(&ty.description, &ty.notes);
        match &mut ty.shape {
            Shape::Object(fields) => {
                for field in fields {
                    field.docs = lines(&field.description, &field.notes);
                }
            }
            Shape::Enum(variants) | Shape::IntEnum(variants) => {
                for variant in variants {
                    variant.docs = text::markdown(&variant.docs.join("\n"), WIDTH);
                }
            }
            Shape::List(_) | Shape::Alias(_) => {}
        }
    }
}

/// A description, and below it the sentences: as a paragraph if they are few and short, else as a list.
fn lines(description: &str, notes: &[String]) -> Vec<String> {
    let mut lines = text::markdown(description, WIDTH);
    if notes.is_empty() {
        return lines;
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    if notes.len() <= SENTENCES && notes.iter().map(String::len).sum::<usize>() <= BYTES {
        lines.extend(text::paragraph(&notes.join(" "), WIDTH));
        return lines;
    }
    for note in notes {
        for (index, line) in text::paragraph(note, WIDTH - 2).into_iter().enumerate() {
            lines.push(format!("{}{line}", if index == 0 { "- " } else { "  " }));
        }
    }
    lines
}
