//! Descriptions to documentation comments: clean Markdown that rustdoc takes without a warning and in which nothing
//! is a doctest, the first sentence on its own, wrapped. Knows nothing of what is described.

use crate::ir::{Api, Shape};
use crate::text;

/// Where documentation is wrapped, with the `///` and the indent of a field counted in.
const WIDTH: usize = 102;

pub(super) fn run(api: &mut Api) {
    for ty in api.types.values_mut().filter(|ty| !ty.external) {
        ty.docs = text::markdown(&ty.description, WIDTH);
        match &mut ty.shape {
            Shape::Object(fields) => {
                for field in fields {
                    field.docs = text::markdown(&field.description, WIDTH);
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
