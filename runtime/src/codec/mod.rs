//! The wire codec: one JSON reader and one writer that walk a table of facts.
//!
//! Generated types list their members once ([`Table`]); everything that depends on them (decoding in place, encoding,
//! `Debug`, serde) is written here once and is not generic over the type. It deliberately knows no kind, and it keeps no
//! second description of a type.

mod decode;
mod defaults;
mod encode;
mod error;
mod items;
mod macros;
mod reader;
mod restore;
mod scalars;
mod serde_shell;
mod shape;
mod unknown;
mod writer;

pub use decode::{MAX_DEPTH, decode_object, from_slice, from_str};
pub(crate) use decode::{decode_map, decode_members};
pub use defaults::{FillDefaults, fill_defaults};
pub(crate) use encode::{DebugValue, encode_map};
pub use encode::{
    Encoded, debug_object, encode_object, encode_restoring, to_sparse_string, to_string, to_vec,
};
pub use error::DecodeError;
pub use reader::{Peek, Reader};
#[allow(unused_imports)] // for the wire types
pub(crate) use scalars::{integer, plain};
pub use serde_shell::{deserialize, serialize};
pub use shape::{Field, ListKind, Object, Table, TypeMeta, Value, VisitObjects, Wire};
pub use unknown::{UnknownField, UnknownFields};
pub use writer::Writer;

#[cfg(test)]
mod tests;
